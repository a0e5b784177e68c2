// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// every makes an endpoint of each kind that the lab serves, each with a port
// of its own; with STARTTLS it is called by its scheme and a +.
func every(t *testing.T) map[string]Endpoint {
	t.Helper()
	all := map[string]Endpoint{}
	for _, scheme := range schemeNames() {
		e := at(scheme, scheme+"://127.0.0.1:%d", freePort(t))
		s := schemes[scheme]
		switch {
		case scheme == schemeICMP:
			continue // has a test of its own
		case scheme == schemeDNS:
			e.DNS = DNS{Server: strings.TrimPrefix(e.URL, "dns://"), Type: "A", Values: []string{"192.0.2.1", "192.0.2.2"}}
			e.URL = "dns://www.lab.example"
		case scheme == schemeGRPC:
			e.Service = "lab.v1.Service"
		case s.tls == atOnce:
			e = e.named(scheme + ".example")
		case s.tls == onDemand:
			secured := at(scheme+"+", scheme+"://127.0.0.1:%d", freePort(t)).named(scheme + ".example")
			secured.StartTLS = true
			all[scheme+"+"] = secured
		}
		all[scheme] = e
	}
	return all
}

func TestEveryProtocolStopsAndStarts(t *testing.T) {
	all := every(t)
	if len(all) != len(schemes)-1+3 {
		t.Fatalf("kinds: %v", slices.Sorted(maps.Keys(all)))
	}
	l := serve(t, Options{Endpoints: slices.Collect(maps.Values(all))})
	for name, e := range all {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if got := ask(t, l, e); got != "ok" {
					t.Fatalf("up: %q", got)
				}
				change(t, l.Stop, "ns/"+name, false)
				if got := ask(t, l, e); got != "refused" {
					t.Fatalf("stopped: %q", got)
				}
				change(t, l.Start, "ns/"+name, true)
			}
			if got := ask(t, l, e); got != "ok" {
				t.Fatalf("started: %q", got)
			}
		})
	}
}

func TestEveryProtocolCanRefuse(t *testing.T) {
	var all []Endpoint
	for _, e := range every(t) {
		all = append(all, e.as(Down, Refused))
	}
	l := serve(t, Options{Endpoints: all})
	for _, e := range all {
		if got := ask(t, l, e); got != "refused" {
			t.Errorf("%s: %q", e, got)
		}
	}
}

func TestEveryCertificateCanExpire(t *testing.T) {
	var all []Endpoint
	for _, e := range every(t) {
		if e.ServerName != "" {
			all = append(all, e.as(Down, ExpiredCertificate))
		}
	}
	if len(all) != 9 {
		t.Fatalf("of %d kinds there is a certificate: %v", len(all), all)
	}
	l := serve(t, Options{Endpoints: all})
	for _, e := range all {
		if got := ask(t, l, e); got != "expired" {
			t.Errorf("%s: %q", e, got)
		}
		change(t, l.Start, e.String(), true)
		if got := ask(t, l, e); got != "ok" {
			t.Errorf("%s, started: %q", e, got)
		}
	}
}

func TestClosingEndsEveryProtocol(t *testing.T) {
	all := slices.Collect(maps.Values(every(t)))
	l := serve(t, Options{Endpoints: all})
	for _, e := range all {
		if got := ask(t, l, e); got != "ok" {
			t.Errorf("%s: %q", e, got)
		}
	}
	l.Close()
	for _, e := range all {
		if got := ask(t, l, e); got != "refused" {
			t.Errorf("%s, closed: %q", e, got)
		}
	}
}

func TestStoppedBesideOthersByServerName(t *testing.T) {
	for _, scheme := range []string{schemeTLS, schemeSMTPS, schemeIMAPS, schemeLDAPS} {
		t.Run(scheme, func(t *testing.T) {
			port := freePort(t)
			one := at("one", scheme+"://127.0.0.1:%d", port).named("one.example")
			two := at("two", scheme+"://127.0.0.1:%d", port).named("two.example")
			l := serve(t, Options{Endpoints: []Endpoint{one, two}})
			change(t, l.Stop, "ns/one", false)
			if got := ask(t, l, one); got != "closed" {
				t.Errorf("stopped: %q", got)
			}
			if got := ask(t, l, two); got != "ok" {
				t.Errorf("the other: %q", got)
			}
		})
	}
}

func TestOneServerForAPort(t *testing.T) {
	for _, scheme := range []string{schemeSMTP, schemeIMAP, schemeLDAP, schemeSSH} {
		port := freePort(t)
		one, two := at("one", scheme+"://127.0.0.1:%d", port), at("two", scheme+"://127.0.0.1:%d", port)
		if schemes[scheme].tls == onDemand {
			two = two.named("two.example")
			two.StartTLS = true
		}
		l := serve(t, Options{Endpoints: []Endpoint{one, two}})
		for _, e := range []Endpoint{one, two} {
			if got := ask(t, l, e); got != "ok" {
				t.Errorf("%s: %q", e, got)
			}
		}
		statuses, err := l.Stop("ns/one")
		if err != nil {
			t.Fatal(err)
		}
		if len(statuses) != 2 || statuses[0].Works || statuses[1].Works {
			t.Errorf("%s: stopped %+v, want both", scheme, statuses)
		}
	}
}

func TestStatusesTellWhatStoppedLooksLike(t *testing.T) {
	for scheme, want := range map[string]string{
		schemeGRPC:  "down: answers with status UNAVAILABLE",
		schemeGRPCS: "down: answers with status UNAVAILABLE",
		schemeDNS:   "down: answers with SERVFAIL",
		schemeIMAPS: "down: closes the connection during the handshake",
		schemeHTTPS: "down: answers with status 503",
	} {
		port := freePort(t)
		var both []Endpoint
		for _, name := range []string{"one", "two"} {
			e := at(name, scheme+"://127.0.0.1:%d", port)
			switch scheme {
			case schemeDNS:
				e.URL, e.DNS.Server = "dns://"+name+".example", fmt.Sprintf("127.0.0.1:%d", port)
			case schemeGRPC:
				e.Service = name
			default:
				e = e.named(name + ".example")
			}
			both = append(both, e)
		}
		l := serve(t, Options{Endpoints: both})
		statuses, err := l.Stop("ns/one")
		if err != nil || len(statuses) != 1 || statuses[0].Message != want {
			t.Errorf("%s: %+v, %v, want %q", scheme, statuses, err, want)
		}
	}
}
