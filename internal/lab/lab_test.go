// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestEachBehaviourIsWhatItIsCalled(t *testing.T) {
	web, secure, stream := freePort(t), freePort(t), freePort(t)
	for _, c := range []struct {
		name     string
		endpoint Endpoint
		want     string
	}{
		{"tcp", at("a", "tcp://127.0.0.1:%d", freePort(t)), "ok"},
		{"tcp, refused", at("b", "tcp://127.0.0.1:%d", freePort(t)).as(Down, Refused), "refused"},
		{"http", at("c", "http://127.0.0.1:%d/ns/c/health", web), "ok"},
		{"http, status 500, beside one that works", at("d", "http://127.0.0.1:%d/ns/d/health", web).as(Down, Status500), "500 Internal Server Error"},
		{"http, refused", at("e", "http://127.0.0.1:%d/", freePort(t)).as(Down, Refused), "refused"},
		{"https", at("f", "https://127.0.0.1:%d/ns/f/health", secure).named("f.example"), "ok"},
		{"https, status 500", at("g", "https://127.0.0.1:%d/ns/g/health", secure).named("g.example").as(Down, Status500), "500 Internal Server Error"},
		{"https, expired, beside one that is not", at("h", "https://127.0.0.1:%d/ns/h/health", secure).named("h.example").as(Down, ExpiredCertificate), "expired"},
		{"https by address", at("i", "https://127.0.0.1:%d", freePort(t)), "ok"},
		{"tls", at("j", "tls://127.0.0.1:%d", stream).named("j.example"), "ok"},
		{"tls, expired, beside one that is not", at("k", "tls://127.0.0.1:%d", stream).named("k.example").as(Down, ExpiredCertificate), "expired"},
		{"flaps, not told to", at("l", "tcp://127.0.0.1:%d", freePort(t)).as(Flaps, ""), "ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			others := []Endpoint{
				at("beside-web", "http://127.0.0.1:%d/other", web),
				at("beside-secure", "https://127.0.0.1:%d/other", secure).named("other.example"),
				at("beside-stream", "tls://127.0.0.1:%d", stream).named("other.example"),
			}
			l := serve(t, Options{Endpoints: append(others, c.endpoint)})
			if got := ask(t, l, c.endpoint); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, e := range others {
				if got := ask(t, l, e); got != "ok" {
					t.Errorf("%s beside it: %q", e, got)
				}
			}
		})
	}
}

func TestSlowIsLate(t *testing.T) {
	e := at("a", "http://127.0.0.1:%d/", freePort(t)).as(Slow, "")
	e.Delay = 150 * time.Millisecond
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	began := time.Now()
	if got := ask(t, l, e); got != "ok" {
		t.Fatal(got)
	}
	if took := time.Since(began); took < e.Delay {
		t.Errorf("answered after %s, want at least %s", took, e.Delay)
	}
}

func TestSlowEndsWithTheLab(t *testing.T) {
	e := at("a", "http://127.0.0.1:%d/", freePort(t)).as(Slow, "")
	e.Delay = time.Hour
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	answered := make(chan string)
	go func() { answered <- ask(t, l, e) }()
	open := func() bool {
		l.mu.RLock()
		defer l.mu.RUnlock()
		return l.ports[0].isOpen()
	}
	if !open() {
		t.Fatal("the port is closed")
	}
	l.Close()
	if got := <-answered; got == "ok" {
		t.Error("answered before its time")
	}
}

func TestStoppedAlone(t *testing.T) {
	for _, e := range []Endpoint{
		at("tcp", "tcp://127.0.0.1:%d", freePort(t)),
		at("http", "http://127.0.0.1:%d/x", freePort(t)),
		at("https", "https://127.0.0.1:%d/x", freePort(t)).named("x.example"),
		at("tls", "tls://127.0.0.1:%d", freePort(t)).named("x.example"),
	} {
		t.Run(e.Application, func(t *testing.T) {
			l := serve(t, Options{Endpoints: []Endpoint{e}})
			for range 3 {
				change(t, l.Stop, "ns/"+e.Application, false)
				if got := ask(t, l, e); got != "refused" {
					t.Fatalf("stopped: %q", got)
				}
				change(t, l.Start, "ns/"+e.Application+"/web", true)
				if got := ask(t, l, e); got != "ok" {
					t.Fatalf("started: %q", got)
				}
			}
		})
	}
}

func TestStoppedBesideOthers(t *testing.T) {
	for _, c := range []struct {
		format string
		want   string
	}{
		{"http://127.0.0.1:%d/", "503 Service Unavailable"},
		{"https://127.0.0.1:%d/", "503 Service Unavailable"},
		{"tls://127.0.0.1:%d", "closed"},
	} {
		t.Run(c.format[:5], func(t *testing.T) {
			port := freePort(t)
			one, two := at("one", c.format, port), at("two", c.format, port)
			if strings.HasPrefix(c.format, "http") {
				one.URL, two.URL = one.URL+"one", two.URL+"two"
			}
			if !strings.HasPrefix(c.format, "http:") {
				one, two = one.named("one.example"), two.named("two.example")
			}
			l := serve(t, Options{Endpoints: []Endpoint{one, two}})
			change(t, l.Stop, "ns/one", false)
			if got := ask(t, l, one); got != c.want {
				t.Errorf("stopped: %q, want %q", got, c.want)
			}
			if got := ask(t, l, two); got != "ok" {
				t.Errorf("the other: %q", got)
			}
			change(t, l.Stop, "ns/two", false)
			for _, e := range []Endpoint{one, two} {
				if got := ask(t, l, e); got != "refused" {
					t.Errorf("both stopped, %s: %q", e, got)
				}
			}
			change(t, l.Start, "ns/one", true)
			if got := ask(t, l, two); got != c.want {
				t.Errorf("the other one started: %q, want %q", got, c.want)
			}
		})
	}
}

func TestStoppingEndsConnections(t *testing.T) {
	e := at("a", "tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	change(t, l.Stop, "ns/a", false)
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("reading from the stopped server: %v", err)
	}
}

func TestSharedServerStopsForAll(t *testing.T) {
	port := freePort(t)
	one, two := at("one", "tcp://127.0.0.1:%d", port), at("two", "tcp://127.0.0.1:%d", port)
	l := serve(t, Options{Endpoints: []Endpoint{one, two}})
	statuses, err := l.Stop("ns/one")
	if err != nil {
		t.Fatal(err)
	}
	if len(statuses) != 2 || statuses[0].Works || statuses[1].Works {
		t.Errorf("stopped %+v, want both", statuses)
	}
}

func TestStartMendsWhatFailsOnPurpose(t *testing.T) {
	port := freePort(t)
	for _, e := range []Endpoint{
		at("a", "tcp://127.0.0.1:%d", freePort(t)).as(Down, Refused),
		at("b", "http://127.0.0.1:%d/b", port).as(Down, Status500),
		at("c", "https://127.0.0.1:%d/c", freePort(t)).named("c.example").as(Down, ExpiredCertificate),
	} {
		l := serve(t, Options{Endpoints: []Endpoint{e}})
		change(t, l.Start, e.String(), true)
		if got := ask(t, l, e); got != "ok" {
			t.Errorf("%s: %q", e, got)
		}
	}
}

func TestFlapsOnce(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	told := make(chan string, 10)
	e := at("a", "tcp://127.0.0.1:%d", freePort(t)).as(Flaps, "")
	byHand := at("b", "tcp://127.0.0.1:%d", freePort(t)).as(Flaps, "")
	steady := at("c", "tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Endpoints: []Endpoint{e, byHand, steady}, Clock: clock, Notify: func(s string) { told <- s }})
	change(t, l.Start, "ns/b", true)
	if got, want := <-told, "lab: ns/b was started"; got != want {
		t.Fatalf("told %q, want %q", got, want)
	}
	l.Flap()
	l.Flap()
	for _, c := range []struct {
		after time.Duration
		told  string
		want  string
	}{
		{FlapAfter, "lab: ns/a/web goes down for 1m0s", "refused"},
		{FlapFor, "lab: ns/a/web comes back", "ok"},
	} {
		awaitTimer(t, clock)
		clock.Step(c.after)
		if got := <-told; got != c.told {
			t.Errorf("told %q, want %q", got, c.told)
		}
		if got := ask(t, l, e); got != c.want {
			t.Errorf("after %s: %q, want %q", c.after, got, c.want)
		}
		for _, other := range []Endpoint{byHand, steady} {
			if got := ask(t, l, other); got != "ok" {
				t.Errorf("%s: %q", other, got)
			}
		}
	}
}

func TestCloseWhileFlapping(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	e := at("a", "tcp://127.0.0.1:%d", freePort(t)).as(Flaps, "")
	l := serve(t, Options{Endpoints: []Endpoint{e}, Clock: clock})
	l.Flap()
	l.Close()
	if _, err := l.Start("ns/a"); err == nil && ask(t, l, e) == "ok" {
		t.Error("a closed lab opens a port")
	}
}

func TestNames(t *testing.T) {
	port := freePort(t)
	l := serve(t, Options{Endpoints: []Endpoint{
		at("a", "http://127.0.0.1:%d/a", port), at("b", "http://127.0.0.1:%d/b", port),
	}})
	for _, c := range []struct{ name, want string }{
		{"a", "is not <namespace>/<application>"},
		{"", "is not <namespace>/<application>"},
		{"ns/", "is not <namespace>/<application>"},
		{"ns/a/web/more", "is not <namespace>/<application>"},
		{"ns/c", `the lab has no endpoint "ns/c"`},
		{"other/a", `the lab has no endpoint "other/a"; perhaps ns/a/web`},
		{"ns/a/other", `the lab has no endpoint "ns/a/other"; perhaps ns/a/web`},
	} {
		_, err := l.Stop(c.name)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.name, err, c.want)
		}
	}
	names := []string{}
	for _, s := range l.Statuses() {
		names = append(names, s.Endpoint.String())
	}
	if want := []string{"ns/a/web", "ns/b/web"}; !slices.Equal(names, want) {
		t.Errorf("statuses of %v, want %v", names, want)
	}
}

func TestPortInUse(t *testing.T) {
	for _, behaviour := range []Endpoint{{Behaviour: Up}, {Behaviour: Down, Fault: Refused}} {
		taken, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := taken.Addr().(*net.TCPAddr).Port
		free := freePort(t)
		e := at("a", "tcp://127.0.0.1:%d", port).as(behaviour.Behaviour, behaviour.Fault)
		_, err = Serve(Options{Endpoints: []Endpoint{at("b", "tcp://127.0.0.1:%d", free), e}})
		want := fmt.Sprintf("port %d of 127.0.0.1 is in use, and ns/a/web needs it: is another demo running?", port)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", free))
		if err != nil {
			t.Errorf("a port stayed open: %v", err)
		} else {
			_ = l.Close()
		}
		_ = taken.Close()
	}
}

func TestManyPortsInUseAreToldAtOnce(t *testing.T) {
	var endpoints []Endpoint
	for range 10 {
		endpoints = append(endpoints, at("a", "tcp://127.0.0.1:%d", freePort(t)))
	}
	other := serve(t, Options{Endpoints: endpoints[:9], Control: "127.0.0.1:0"})
	_, err := Serve(Options{Endpoints: endpoints, Control: strings.TrimPrefix(other.Control(), "http://")})
	var ports []string
	for _, e := range endpoints[:8] {
		ports = append(ports, strings.TrimPrefix(e.URL, "tcp://127.0.0.1:"))
	}
	want := "ports " + strings.Join(ports, ", ") + " and 2 more of 127.0.0.1 are in use, and the lab needs them: is another demo running?"
	if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestPortTakenWhileStopped(t *testing.T) {
	e := at("a", "tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	change(t, l.Stop, "ns/a", false)
	taken, err := net.Listen("tcp4", strings.TrimPrefix(e.URL, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Start("ns/a"); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("start: %v", err)
	}
	if l.Statuses()[0].Works {
		t.Error("says that it works")
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, l.Start, "ns/a", true)
}
