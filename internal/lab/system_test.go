// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/systems"
)

// hosted are Applications on all platforms that the lab serves, and rows by
// which one host is full and one instance of SAP ails. Two share a host.
func hosted(metrics, control int) ([]v1alpha1.Application, []Row) {
	limits := func(h *v1alpha1.LinuxHosting) *v1alpha1.Hosting {
		h.FilesystemMaxUsedPercent, h.MaxClockOffset = new(int32(90)), "1s"
		return &v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux, Linux: h}
	}
	host := func(name string) v1alpha1.MetricsHost {
		return v1alpha1.MetricsHost{Name: name, MetricsURL: v1alpha1.HTTPURL(fmt.Sprintf("http://127.0.0.1:%d/%s/metrics", metrics, name))}
	}
	instance := func(number string) v1alpha1.SAPInstance {
		return v1alpha1.SAPInstance{Host: "sap" + number, Number: number, URL: v1alpha1.HTTPURL(fmt.Sprintf("http://127.0.0.1:%d/P01/%s", control, number))}
	}
	apps := []v1alpha1.Application{application("web"), application("db"), application("mail"), application("sap"), application("elsewhere")}
	apps[0].Spec.Hosting = limits(&v1alpha1.LinuxHosting{
		Hosts: []v1alpha1.MetricsHost{host("web01"), host("web02")}, RequiredUnits: []v1alpha1.SystemdUnit{{Name: "nginx.service"}, {Name: "backup.service", State: "inactive"}},
	})
	apps[1].Spec.Hosting = limits(&v1alpha1.LinuxHosting{
		Hosts: []v1alpha1.MetricsHost{host("web01")}, RequiredUnits: []v1alpha1.SystemdUnit{{Name: "postgresql.service"}},
	})
	apps[2].Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformWindows, Windows: &v1alpha1.WindowsHosting{
		Hosts: []v1alpha1.MetricsHost{host("mail01"), host("mail02")}, RequiredServices: []v1alpha1.WindowsService{{Name: "MSExchangeIS"}},
		FilesystemMaxUsedPercent: new(int32(90)), MaxClockOffset: "1s",
	}}
	apps[3].Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformSAP, SAP: &v1alpha1.SAPHosting{
		SystemID: "P01", Instances: []v1alpha1.SAPInstance{instance("00"), instance("01")},
	}}
	apps[4].Spec.Hosting = limits(&v1alpha1.LinuxHosting{Hosts: []v1alpha1.MetricsHost{{Name: "far", MetricsURL: "http://far.example:9100/metrics"}}})
	var rows []Row
	for _, app := range apps[:4] {
		for _, e := range systemsOf(&app) {
			r := Row{Unit: "16", Application: app.Name, System: e.System.Name, URL: e.URL, Behaviour: Up}
			switch e.System.Name {
			case "web02", "mail02":
				r.Behaviour, r.Fault = Degraded, FilesystemFull
			case "P01/01 on sap01":
				r.Behaviour, r.Fault = Degraded, ProcessYellow
			}
			rows = append(rows, r)
		}
	}
	return apps, rows
}

// askSystems asks all systems of an Application as the operator does, and tells
// for each its name, its state and the reason for it.
func askSystems(t *testing.T, app *v1alpha1.Application) []string {
	t.Helper()
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	f := systems.NewFactory(systems.Options{Endpoints: endpoint.NewFactory(endpoint.Options{Egress: egress})})
	var told []string
	for _, c := range f.Checks(app.Namespace, app.Spec.Hosting, 5*time.Second, nil) {
		if c.Err != nil {
			t.Fatalf("%s: %v", c.Name, c.Err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		r := c.Read(c.Probe.Run(ctx))
		cancel()
		state := "up"
		switch {
		case r.Outcome == observe.OutcomeInconclusive:
			state = "unknown"
		case r.Outcome != observe.OutcomeSuccess:
			state = "down"
		case r.Degraded:
			state = "degraded"
		}
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Name, state, r.Reason)))
		if r.Message != "" {
			t.Log(r.Message)
		}
	}
	return told
}

// What the lab tells of systems is what the operator understands.
func TestSystems(t *testing.T) {
	apps, rows := hosted(freePort(t), freePort(t))
	for _, c := range []struct {
		name string
		rows []Row
		want [][]string
	}{
		{"without a table", nil, [][]string{{"web01 up", "web02 up"}, {"web01 up"}, {"mail01 up", "mail02 up"}, {"P01/00 on sap00 up", "P01/01 on sap01 up"}}},
		{"with faults", rows, [][]string{
			{"web01 up", "web02 degraded FilesystemFull"},
			{"web01 up"},
			{"mail01 up", "mail02 degraded FilesystemFull"},
			{"P01/00 on sap00 up", "P01/01 on sap01 degraded ProcessDegraded"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			planned, err := Plan(apps, numbers, c.rows)
			if err != nil {
				t.Fatal(err)
			}
			serve(t, Options{Endpoints: planned})
			for i, want := range c.want {
				if got := askSystems(t, &apps[i]); strings.Join(got, "; ") != strings.Join(want, "; ") {
					t.Errorf("%s: %q, want %q", apps[i].Name, got, want)
				}
			}
		})
	}
}

// A system is stopped and started by its own name only: others run on it too.
func TestSystemsStopAndStart(t *testing.T) {
	apps, rows := hosted(freePort(t), freePort(t))
	planned, err := Plan(apps, numbers, rows)
	if err != nil {
		t.Fatal(err)
	}
	l := serve(t, Options{Endpoints: planned})
	if _, err := l.Stop("kdz-16/web"); err == nil || !strings.Contains(err.Error(), "kdz-16/web/web01") {
		t.Errorf("stop of an Application without endpoints: %v", err)
	}
	change := func(do func(string) ([]Status, error), name string, app int, want string) {
		t.Helper()
		if _, err := do(name); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(askSystems(t, &apps[app]), "; "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	change(l.Stop, "kdz-16/web/web01", 1, "web01 unknown UnexpectedStatus")
	change(l.Start, "kdz-16/web/web01", 1, "web01 up")
	change(l.Start, "kdz-16/web/web02", 0, "web01 up; web02 up")
	change(l.Start, "kdz-16/sap/p01-01", 3, "P01/00 on sap00 up; P01/01 on sap01 up")
}

func TestSystemsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(apps []v1alpha1.Application, rows []Row) []Row
	}{
		{"no row", "kdz-16/db/web01 at", func(_ []v1alpha1.Application, rows []Row) []Row { return append(rows[:2:2], rows[3:]...) }},
		{"row of nothing", "web03 of web of unit 16: no Application", func(_ []v1alpha1.Application, rows []Row) []Row {
			return append(rows, Row{Unit: "16", Application: "web", System: "web03"})
		}},
		{"a host that flaps", `is to be "flaps"`, func(_ []v1alpha1.Application, rows []Row) []Row {
			rows[0].Behaviour = Flaps
			return rows
		}},
		{"the fault of another platform", `the fault "process-yellow"`, func(_ []v1alpha1.Application, rows []Row) []Row {
			rows[0].Behaviour, rows[0].Fault = Degraded, ProcessYellow
			return rows
		}},
		{"over TLS", "serves systems over http, not https", func(apps []v1alpha1.Application, rows []Row) []Row {
			host := &apps[1].Spec.Hosting.Linux.Hosts[0]
			host.MetricsURL = "https" + host.MetricsURL[len("http"):]
			rows[2].URL = string(host.MetricsURL)
			return rows
		}},
	} {
		apps, rows := hosted(20001, 20002)
		if _, err := Plan(apps, numbers, c.change(apps, rows)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	apps, rows := hosted(20001, 20002)
	rows[0].Behaviour, rows[0].Fault = Degraded, FilesystemFull // of web01, which db runs on too
	planned, err := Plan(apps, numbers, rows)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Serve(Options{Endpoints: planned}); err == nil || !strings.Contains(err.Error(), "behaves otherwise") {
		t.Errorf("one host that behaves in two ways: %v", err)
	}
}
