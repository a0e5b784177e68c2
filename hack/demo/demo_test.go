// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab"
)

func TestFlags(t *testing.T) {
	got, err := parseFlags([]string{"--once", "-port", "20000", "-timeout=5m"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := options{once: true, timeout: 5 * time.Minute, port: 20000, control: "127.0.0.1:18400"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, c := range []struct{ args, want string }{
		{"once", `unexpected argument "once": everything is set by flags`},
		{"-twice", "flag provided but not defined: -twice; -help lists the flags"},
		{"-timeout 0s", "-timeout is 0s, but must be longer than 0s"},
		{"-port 80", "-port is 80, but must be from 1024 to 32767"},
		{"-port 40000", "-port is 40000, but must be from 1024 to 32767"},
		{"-control=", "-control is empty"},
	} {
		_, err := parseFlags(strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
	var help strings.Builder
	if _, err := parseFlags([]string{"-help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-once") {
		t.Errorf("-help: %v: %s", err, help.String())
	}
}

func application(name string, needs ...string) v1alpha1.Application {
	a := v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	for _, n := range needs {
		namespace, name, _ := strings.Cut(n, "/")
		a.Spec.Dependencies = append(a.Spec.Dependencies, v1alpha1.Dependency{
			Namespace: v1alpha1.NamespaceName(namespace), Name: v1alpha1.ObjectName(name),
		})
	}
	return a
}

// The catalogue has something for every protocol that the lab serves, and the
// lab can serve all that is declared, with the table and without.
func TestCatalogueFitsTheLab(t *testing.T) {
	for _, table := range []string{"", noLab} {
		d := &demo{options: options{lab: table}}
		if err := d.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		behaviours := map[string]int{}
		for _, h := range d.heartbeats {
			behaviours[string(h.Behaviour)]++
		}
		schemes := map[string]int{}
		for _, e := range d.endpoints {
			scheme, _, _ := strings.Cut(e.URL, "://")
			if e.System != nil {
				scheme = string(e.System.Platform)
				behaviours[string(e.Behaviour)]++
			}
			schemes[scheme]++
			if e.StartTLS {
				schemes[scheme+"+STARTTLS"]++
			}
		}
		for want := range strings.FieldsSeq("http https tcp tls dns icmp grpc grpcs smtp smtps imap imaps ldap ldaps ssh " +
			"smtp+STARTTLS imap+STARTTLS ldap+STARTTLS Linux Windows SAP") {
			if schemes[want] == 0 {
				t.Errorf("lab %q: nothing with %s among %v", table, want, schemes)
			}
		}
		for _, fault := range []string{"degraded", "overdue"} {
			if all := behaviours["up"] > 0 && behaviours["current"] > 0; !all || (behaviours[fault] > 0) != (table == "") {
				t.Errorf("lab %q: systems and backups are %v", table, behaviours)
			}
		}
	}
}

func endpoint(application string, b lab.Behaviour) lab.Endpoint {
	return lab.Endpoint{Namespace: "ns", Application: application, Name: "web", Behaviour: b}
}

func TestMostNeeded(t *testing.T) {
	applications := []v1alpha1.Application{
		application("a"),
		application("b", "/a", "/down", "other/a"),
		application("c", "/b", "/down"),
		application("d", "ns/b", "/down"),
	}
	for _, c := range []struct {
		name      string
		endpoints []lab.Endpoint
		want      string
	}{
		{"nothing", nil, ""},
		{"nothing that is up", []lab.Endpoint{endpoint("down", lab.Down), endpoint("a", lab.Flaps)}, ""},
		{"the one of two", []lab.Endpoint{endpoint("a", lab.Up), endpoint("b", lab.Up), endpoint("down", lab.Down)}, "ns/b"},
		{"one of which only the host is up", []lab.Endpoint{{Namespace: "ns", Application: "b", System: &lab.System{}, Behaviour: lab.Up}, endpoint("a", lab.Up)}, "ns/a"},
		{"one that nobody needs", []lab.Endpoint{endpoint("d", lab.Up)}, "ns/d"},
	} {
		if got := mostNeeded(applications, c.endpoints); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTrusting(t *testing.T) {
	with := func(name, secret string) v1alpha1.Application {
		a := application(name)
		a.Spec.Endpoints = []v1alpha1.Endpoint{{Name: "web", TLS: &v1alpha1.TLSCheck{}}}
		if secret != "" {
			a.Spec.Endpoints[0].TLS.CASecretRef = &v1alpha1.SecretReference{Name: secret}
		}
		return a
	}
	got := trusting(
		[]v1alpha1.Application{with("b", "lab-ca"), with("a", "lab-ca"), with("c", "own"), with("elsewhere", "other"), with("public", ""), application("none")},
		[]lab.Endpoint{endpoint("a", lab.Up), endpoint("b", lab.Up), endpoint("c", lab.Up), endpoint("public", lab.Up), endpoint("none", lab.Up)},
	)
	want := []types.NamespacedName{{Namespace: "ns", Name: "lab-ca"}, {Namespace: "ns", Name: "own"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTogether(t *testing.T) {
	wait := func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	}
	failure := errors.New("why")
	for _, c := range []struct {
		name  string
		first func(context.Context) error
		want  error
	}{
		{"one ends well", func(context.Context) error { return nil }, nil},
		{"one fails", func(context.Context) error { return failure }, failure},
	} {
		if err := together(t.Context(), wait, c.first, wait); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := together(ctx, wait, wait); err != nil {
		t.Error(err)
	}
}

func TestFree(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if free(t.Context(), l.Addr().(*net.TCPAddr).Port) {
		t.Error("a port that is listened on is free")
	}
}

func TestNotices(t *testing.T) {
	var first, second strings.Builder
	n := newNotices(clocktesting.NewFakeClock(time.Date(2026, 11, 21, 18, 40, 5, 0, time.UTC)), &first)
	n.add("one")
	if before := n.divert(&second); before != io.Writer(&first) {
		t.Error("lines went elsewhere before")
	}
	for i := range maxNotices {
		n.add(strconv.Itoa(i))
	}
	if got := first.String(); got != "18:40:05 one\n" {
		t.Errorf("first %q", got)
	}
	if got := strings.Count(second.String(), "\n"); got != maxNotices {
		t.Errorf("%d lines after they were diverted", got)
	}
	if all := n.all(); len(all) != maxNotices || all[0] != "18:40:05 0" {
		t.Errorf("remembered %q", all)
	}
}

func TestSignals(t *testing.T) {
	exited := make(chan int, 1)
	ctx, stop := notifyContext(t.Context(), io.Discard, func(code int) { exited <- code })
	defer stop()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done() // at the first; the second finds it ended
	}
	if err := context.Cause(ctx); !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
	if code := <-exited; code != 130 {
		t.Errorf("exits with %d", code)
	}
}

func TestUncompiled(t *testing.T) {
	unit := func(name, parent string) v1alpha1.OrganisationalUnit {
		u := v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if parent != "" {
			u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
		}
		return u
	}
	units := []v1alpha1.OrganisationalUnit{
		unit("kdz-16", ""), unit("kdz-16-03-01", "kdz-16-03"), unit("kdz-16-03", "kdz-16"), unit("amt-10", ""), unit("a", "b"), unit("b", "a"),
	}
	for _, c := range []struct {
		name   string
		change func(*v1alpha1.GovernancePolicy)
		want   string
	}{
		{"compiled", func(*v1alpha1.GovernancePolicy) {}, ""},
		{"never", func(p *v1alpha1.GovernancePolicy) { p.Status.CompiledAt = nil }, "it was never compiled"},
		{"the spec has changed", func(p *v1alpha1.GovernancePolicy) { p.Generation = 3 }, "generation 2 was compiled, not 3"},
		{
			"a unit is new", func(p *v1alpha1.GovernancePolicy) {
				p.Status.ProviderUnits = []v1alpha1.ObjectName{"kdz-16", "kdz-16-03"}
			},
			"unit kdz-16-03-01, which provides IT, is not in it",
		},
	} {
		p := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
		p.Spec.Centralisation.ProviderUnitRef.Name = "kdz-16"
		p.Status.ObservedGeneration, p.Status.CompiledAt = 2, &metav1.Time{}
		p.Status.ProviderUnits = []v1alpha1.ObjectName{"kdz-16", "kdz-16-03", "kdz-16-03-01"}
		c.change(p)
		if got := uncompiled(p, units); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
