// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
)

// System is a host or an instance of SAP that an Application runs on.
type System struct {
	// Name of it in the status of Applications: that of a host, or
	// "P01/00 on sap-p01" of an instance.
	Name string
	// Platform is Linux, Windows or SAP: node_exporter, windows_exporter or
	// SAPControl answers.
	Platform v1alpha1.Platform
	// Runs are the units of systemd or the services of Windows that run there.
	Runs []string
	// SystemID, Host and Number of an instance of SAP.
	SystemID, Host, Number string
}

// Faults of systems.
const (
	// FilesystemFull: a filesystem of a host is 97 % full.
	FilesystemFull Fault = "filesystem-full"
	// ProcessYellow: SAPControl shows a process of an instance YELLOW.
	ProcessYellow Fault = "process-yellow"
)

// yellowProcess is the process of an instance that is YELLOW.
const yellowProcess = "icman"

// fault that the system can have.
func (s *System) fault() Fault {
	if s.Platform == v1alpha1.PlatformSAP {
		return ProcessYellow
	}
	return FilesystemFull
}

// same reports whether two endpoints may be one server: neither is a system, or
// both are the same.
func (s *System) same(o *System) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Name == o.Name && s.Platform == o.Platform
}

// check returns why a system cannot behave as it is to at its address.
func (s *System) check(a address, e Endpoint) error {
	switch {
	case a.scheme != schemeHTTP:
		return fmt.Errorf("the lab serves systems over http, not %s", a.scheme)
	case e.Behaviour == Up && e.Fault == "":
		return nil
	case e.Behaviour == Degraded && e.Fault == s.fault():
		return nil
	default:
		return fmt.Errorf("is to be %q with the fault %q, but a system on %s is %s, or %s with the fault %q",
			e.Behaviour, e.Fault, s.Platform, Up, Degraded, s.fault())
	}
}

// systemsOf are the systems on 127.0.0.1 that an Application runs on.
func systemsOf(app *v1alpha1.Application) []Endpoint {
	h := app.Spec.Hosting
	if h == nil {
		return nil
	}
	var all []Endpoint
	add := func(name, url string, s System) {
		if onLoopback(&v1alpha1.Endpoint{URL: url}) {
			s.Platform = h.Platform
			all = append(all, Endpoint{Namespace: app.Namespace, Application: app.Name, Name: name, URL: url, System: &s})
		}
	}
	switch {
	case h.SAP != nil:
		for _, i := range h.SAP.Instances {
			add(strings.ToLower(h.SAP.SystemID)+"-"+i.Number, cmp.Or(string(i.URL), "http://"+i.Host+":5"+i.Number+"13"), System{
				Name:     fmt.Sprintf("%s/%s on %s", h.SAP.SystemID, i.Number, i.Host),
				SystemID: h.SAP.SystemID, Host: i.Host, Number: i.Number,
			})
		}
	case h.Linux != nil:
		var units []string
		for _, u := range h.Linux.RequiredUnits {
			if u.State != "inactive" {
				units = append(units, u.Name)
			}
		}
		for _, host := range h.Linux.Hosts {
			add(host.Name, string(host.MetricsURL), System{Name: host.Name, Runs: units})
		}
	case h.Windows != nil:
		var services []string
		for _, s := range h.Windows.RequiredServices {
			if s.State != "stopped" {
				services = append(services, s.Name)
			}
		}
		for _, host := range h.Windows.Hosts {
			add(host.Name, string(host.MetricsURL), System{Name: host.Name, Runs: services})
		}
	}
	return all
}

// assemble makes SAP systems of the targets that are instances: each tells of
// all instances of its system.
func (l *Lab) assemble() error {
	members := map[string][]*target{}
	for _, t := range l.targets {
		if s := t.first().System; s != nil && s.Platform == v1alpha1.PlatformSAP {
			members[s.SystemID] = append(members[s.SystemID], t)
		}
	}
	var errs []error
	for id, targets := range members {
		o := sapcontrol.Options{SystemID: id, Clock: l.options.Clock}
		for _, t := range targets {
			s := t.first().System
			o.Instances = append(o.Instances, sapcontrol.InstanceOptions{Host: s.Host, Number: s.Number})
		}
		system := sapcontrol.New(o)
		for i, t := range targets {
			t.instance = system.Instance(i)
			errs = append(errs, t.colour())
		}
	}
	return errors.Join(errs...)
}

// colour shows a process of an instance as the target's condition has it. The
// caller holds the lock, or nobody else knows the target yet.
func (t *target) colour() error {
	if t.instance == nil {
		return nil
	}
	status := sapcontrol.Green
	if t.condition == ailing {
		status = sapcontrol.Yellow
	}
	return t.instance.SetProcess(yellowProcess, status, "")
}

// answerAsSystem answers a request as a host or an instance does.
func (t *target) answerAsSystem(w http.ResponseWriter, r *http.Request, full bool) {
	if t.instance != nil {
		t.instance.ServeHTTP(w, r)
		return
	}
	now := t.port.lab.options.Clock.Now()
	text := linuxMetrics
	if t.first().System.Platform == v1alpha1.PlatformWindows {
		text = windowsMetrics
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(text(t.runs(), full, now))) // a client that is gone needs no answer
}

// runs are the units or services of all who run on a host, sorted.
func (t *target) runs() []string {
	var all []string
	for _, e := range t.endpoints {
		all = append(all, e.System.Runs...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
