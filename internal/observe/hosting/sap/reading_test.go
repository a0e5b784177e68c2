// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// of returns processes with these colours.
func of(colours ...Status) []Process {
	var processes []Process
	for n, c := range colours {
		p := Process{Name: "p" + string(rune('0'+n)), Status: c, Text: map[Status]string{Green: "Running", Yellow: "Starting", Red: "Stopped", Gray: "Stopped"}[c]}
		processes = append(processes, p)
	}
	return processes
}

var listRefused = Refusal{Method: GetProcessList, Reason: v1alpha1.ReasonForbidden, Message: "permission denied for GetProcessList"}

// TestReading: what facts mean to the declaration of 00 on sapapp1 and 01 on
// sapapp2.
func TestReading(t *testing.T) {
	up := []Instance{
		{Host: "sapapp1", Number: "00", Status: Green, Features: []string{"ABAP", "GATEWAY"}},
		{Host: "sapapp2", Number: "01", Status: Green},
	}
	other := func(number string, s Status) []Instance {
		return append(slices.Clone(up), Instance{Host: "sapapp3", Number: number, Status: s})
	}
	own := func(s Status) []Instance { return []Instance{{Host: "sapapp1", Number: "00", Status: s}, up[1]} }
	for name, c := range map[string]struct {
		facts    Facts
		features []string
		outcome  observe.Outcome
		reason   string
		// message after the name of the instance.
		message string
		// components by name and state.
		components string
	}{
		"green": {facts: Facts{Processes: of(Green, Green), Instances: up}, outcome: success},
		"red": {
			facts:   Facts{Processes: []Process{{Name: "disp+work", Description: "Dispatcher", Status: Red, Text: "Stopped"}}, Instances: up},
			outcome: failure, reason: v1alpha1.ReasonProcessDown,
			message: "process disp+work (Dispatcher) is RED: Stopped", components: "disp+work=Down",
		},
		"worst first": {
			facts: Facts{Processes: of(Green, Yellow, Red), Instances: up}, outcome: failure, reason: v1alpha1.ReasonProcessDown,
			message: "process p2 is RED: Stopped; process p1 is YELLOW: Starting", components: "p2=Down p1=Degraded",
		},
		"all gray": {
			facts: Facts{Processes: of(Gray, Gray), Instances: up}, outcome: failure, reason: v1alpha1.ReasonInstanceStopped,
			message: "all processes are GRAY: Stopped", components: "p0=Stopped p1=Stopped",
		},
		"some gray": {
			facts: Facts{Processes: of(Green, Gray), Instances: up}, outcome: success, reason: v1alpha1.ReasonProcessDegraded,
			message: "process p1 is GRAY: Stopped", components: "p1=Stopped",
		},
		"yellow": {
			facts: Facts{Processes: of(Yellow, Green), Instances: up}, outcome: success, reason: v1alpha1.ReasonProcessDegraded,
			message: "process p0 is YELLOW: Starting", components: "p0=Degraded",
		},
		"changing figures": {
			facts: Facts{Processes: []Process{{
				Name: "disp+work", Status: Yellow, Text: "Running, Message Server connection ok, Dialog Queue time: 12.31 sec, J2EE: Some processes running",
			}}},
			outcome: success, reason: v1alpha1.ReasonProcessDegraded,
			message:    "process disp+work is YELLOW: Running, Message Server connection ok, J2EE: Some processes running",
			components: "disp+work=Degraded",
		},
		"unknown word": {
			facts: Facts{Processes: of(Green, "«BLUE»", Yellow), Instances: up}, outcome: inconclusive, reason: ReasonStatusUnknown,
			message: "process p1 is «BLUE»; process p2 is YELLOW: Starting", components: "p1=Unknown p2=Degraded",
		},
		"unknown word beside red": {
			facts: Facts{Processes: of("«BLUE»", Red), Instances: up}, outcome: failure, reason: v1alpha1.ReasonProcessDown,
			message: "process p1 is RED: Stopped; process p0 is «BLUE»", components: "p1=Down p0=Unknown",
		},
		"no process": {
			facts: Facts{Processes: []Process{}, Instances: up}, outcome: inconclusive, reason: v1alpha1.ReasonFactMissing,
			message: "SAPControl lists no process",
		},
		"features": {
			facts: Facts{Processes: of(Green), Instances: up}, features: []string{"abap", "GATEWAY", "HDB"}, outcome: success, reason: v1alpha1.ReasonInstanceMissing,
			message: "the system lists it without HDB", components: "features=Degraded",
		},
		"has the features": {facts: Facts{Processes: of(Green), Instances: up}, features: []string{"GATEWAY", "ABAP"}, outcome: success},
		"declared instance missing": {
			facts: Facts{Processes: of(Green), Instances: up[:1]}, outcome: success, reason: v1alpha1.ReasonInstanceMissing,
			message: "the system does not list P01/01 on sapapp2", components: "P01/01 on sapapp2=Unknown",
		},
		"own entry missing": {
			facts: Facts{Processes: of(Green), Instances: up[1:]}, features: []string{"ABAP"}, outcome: success, reason: v1alpha1.ReasonInstanceMissing,
			message: "the system does not list P01/00 on sapapp1", components: "P01/00 on sapapp1=Unknown",
		},
		"undeclared green":  {facts: Facts{Processes: of(Green), Instances: other("02", Green)}, outcome: success},
		"undeclared yellow": {facts: Facts{Processes: of(Green), Instances: other("02", Yellow)}, outcome: success, components: "P01/02 on sapapp3=Degraded"},
		"undeclared red": {
			facts: Facts{Processes: of(Green), Instances: other("02", Red)}, outcome: success, reason: ReasonInstanceUndeclared,
			message: "P01/02 on sapapp3, which is not declared, is RED", components: "P01/02 on sapapp3=Down",
		},
		"undeclared of a declared number": {
			facts: Facts{Processes: of(Green), Instances: other("01", Gray)}, outcome: success, reason: ReasonInstanceUndeclared,
			message: "P01/01 on sapapp3, which is not declared, is GRAY", components: "P01/01 on sapapp3=Stopped",
		},
		"declared and red is another check's matter": {
			facts: Facts{Processes: of(Green), Instances: []Instance{up[0], {Host: "sapapp2", Number: "01", Status: Red}}}, outcome: success,
		},
		"availability": {
			facts: Facts{Processes: of(Green), Instances: up, Checks: []Check{
				{Outcome: Success, Description: "fine"}, {Outcome: Warning, Description: "odd"}, {Outcome: Error, Description: "Failover", Comment: "no node left"},
			}},
			outcome: success, reason: v1alpha1.ReasonHighAvailability,
			message: "high availability: Failover is ERROR: no node left", components: "HA: Failover=Degraded HA: odd=Degraded",
		},
		"availability warns": {
			facts:   Facts{Processes: of(Green), Instances: up, Checks: []Check{{Outcome: Warning, Category: "SAP"}, {Outcome: "MAYBE"}}},
			outcome: success, components: "HA: SAP=Degraded HA: check=Unknown",
		},
		"by the list, green": {
			facts: Facts{Instances: up, Refused: []Refusal{listRefused}}, outcome: success, components: "GetProcessList=Unknown",
		},
		"by the list, yellow": {
			facts: Facts{Instances: own(Yellow), Refused: []Refusal{listRefused}}, outcome: success, reason: v1alpha1.ReasonProcessDegraded,
			message:    "the instance is YELLOW; its processes are not told (permission denied for GetProcessList)",
			components: "instance=Degraded GetProcessList=Unknown",
		},
		"by the list, red": {
			facts: Facts{Instances: own(Red), Refused: []Refusal{listRefused}}, outcome: failure, reason: v1alpha1.ReasonProcessDown,
			message:    "the instance is RED; its processes are not told (permission denied for GetProcessList)",
			components: "instance=Down GetProcessList=Unknown",
		},
		"by the list, gray": {
			facts: Facts{Instances: own(Gray), Refused: []Refusal{listRefused}}, outcome: failure, reason: v1alpha1.ReasonInstanceStopped,
			message:    "the instance is GRAY; its processes are not told (permission denied for GetProcessList)",
			components: "instance=Stopped GetProcessList=Unknown",
		},
		"by the list, unknown word": {
			facts: Facts{Instances: own("«»"), Refused: []Refusal{listRefused}}, outcome: inconclusive, reason: ReasonStatusUnknown,
			message:    "the instance is «»; its processes are not told (permission denied for GetProcessList)",
			components: "instance=Unknown GetProcessList=Unknown",
		},
		"by the list, not in it": {
			facts: Facts{Instances: up[1:], Refused: []Refusal{listRefused}}, outcome: inconclusive, reason: v1alpha1.ReasonFactMissing,
			message: "its processes are not told (permission denied for GetProcessList), and the system does not list it; " +
				"the system does not list P01/00 on sapapp1",
			components: "P01/00 on sapapp1=Unknown GetProcessList=Unknown",
		},
		"list refused": {
			facts: Facts{Processes: of(Green), Refused: []Refusal{{Method: GetSystemInstanceList, Message: "no"}}}, outcome: success,
			components: "GetSystemInstanceList=Unknown",
		},
		"another system": {
			facts: Facts{SystemID: "Q01", Processes: of(Red), Instances: up}, outcome: inconclusive, reason: ReasonOtherSystem,
			message: "what answers is an instance of the system Q01",
		},
		"two of one name": {
			facts:   Facts{Processes: []Process{{Name: "a", Status: Yellow}, {Name: "a", Status: Yellow}, {Status: Yellow}}, Instances: up},
			outcome: success, reason: v1alpha1.ReasonProcessDegraded,
			message:    "process a is YELLOW; process a is YELLOW; process without a name is YELLOW",
			components: "a=Degraded a (2)=Degraded process=Degraded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{
				{Host: "sapapp1", Number: "00", Features: c.features}, {Host: "sapapp2", Number: "01"},
			}}
			r := Reader(h, &h.Instances[0])(observe.Result{Outcome: success, Facts: &c.facts})
			want(t, r, c.outcome, c.reason)
			sound(t, r)
			message := c.message
			if message != "" {
				message = "P01/00 on sapapp1: " + message
			}
			if r.Message != message {
				t.Errorf("message %q, want %q", r.Message, message)
			}
			system := r.Facts.(hosting.System) //nolint:forcetypeassert // it panics in a test
			var told []string
			for _, component := range system.Components {
				told = append(told, component.Name+"="+string(component.State))
			}
			if got := strings.Join(told, " "); got != c.components {
				t.Errorf("components %q, want %q", got, c.components)
			}
			if system.Total < len(system.Components) {
				t.Errorf("%d components of %d", len(system.Components), system.Total)
			}
		})
	}
}

// TestAssign: which entry of the list a declaration is.
func TestAssign(t *testing.T) {
	for name, c := range map[string]struct {
		declared, listed []declared
		host             string
		// want says for each listed one, by host and number, which declared one
		// it is; -1 for none.
		want []int
	}{
		"by name":            {[]declared{{"a", "00"}, {"b", "00"}}, []declared{{"A", "00"}, {"b", "00"}}, "", []int{0, 1}},
		"without the domain": {[]declared{{"a.example.org", "00"}, {"b", "00"}}, []declared{{"a", "00"}, {"b.example.org", "00"}}, "", []int{0, 1}},
		"other domains":      {[]declared{{"a.x", "00"}}, []declared{{"a.y", "01"}}, "", []int{-1}},
		"by address":         {[]declared{{"192.0.2.1", "00"}, {"192.0.2.1", "01"}}, []declared{{"a", "00"}, {"a", "01"}}, "", []int{0, 1}},
		"addresses":          {[]declared{{"192.0.2.1", "00"}, {"192.0.2.2", "00"}}, []declared{{"192.0.2.1", "00"}, {"192.0.2.2", "00"}}, "", []int{0, 1}},
		"virtual name":       {[]declared{{"vip", "00"}, {"b", "00"}}, []declared{{"b", "00"}, {"x", "00"}}, "", []int{1, 0}},
		"as it says itself":  {[]declared{{"192.0.2.1", "00"}, {"192.0.2.2", "00"}}, []declared{{"x", "00"}, {"y", "00"}}, "y", []int{1, 0}},
		"two of one":         {[]declared{{"a", "00"}}, []declared{{"a", "00"}, {"b", "00"}}, "", []int{0, -1}},
		"another number":     {[]declared{{"a", "00"}}, []declared{{"a", "01"}}, "", []int{-1}},
	} {
		r := &reading{facts: &Facts{Host: c.host}, expectation: &expectation{own: c.declared[0], instances: c.declared}}
		for _, l := range c.listed {
			r.facts.Instances = append(r.facts.Instances, Instance{Host: l.host, Number: l.number})
		}
		slices.Reverse(r.facts.Instances)
		var got []int
		for _, a := range r.assign() {
			at := -1
			if a.declared {
				at = slices.Index(c.declared, a.as)
			}
			if a.own != (at == 0) {
				t.Errorf("%s: %+v", name, a)
			}
			got = append(got, at)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestReadingProperties: whatever an instance tells, what is read of it is sound,
// the same each time, however the list of instances is ordered, and leaves the
// facts alone.
func TestReadingProperties(t *testing.T) {
	status := rapid.SampledFrom([]Status{Green, Yellow, Red, Gray, "«X»"})
	word := rapid.StringMatching(`[A-Za-zäß0-9 ,.:]{0,80}`)
	number := rapid.StringMatching(`0[0-4]`)
	rapid.Check(t, func(rt *rapid.T) {
		facts := &Facts{
			Processes: rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Process {
				return Process{Name: name(word.Draw(rt, "name")), Status: status.Draw(rt, "status"), Text: word.Draw(rt, "text")}
			}), 0, 12).Draw(rt, "processes"),
			Instances: rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Instance {
				return Instance{Host: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "host"), Number: number.Draw(rt, "number"), Status: status.Draw(rt, "status")}
			}), 0, 8).Draw(rt, "instances"),
			Checks: rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Check {
				return Check{Outcome: rapid.SampledFrom([]Outcome{Success, Warning, Error, "?"}).Draw(rt, "outcome"), Description: word.Draw(rt, "description")}
			}), 0, 4).Draw(rt, "checks"),
		}
		h := &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{
			{Host: strings.Repeat("a", 253), Number: "00", Features: []string{"ABAP"}}, {Host: "b", Number: "01"},
		}}
		read := Reader(h, &h.Instances[0])
		before := append([]Instance(nil), facts.Instances...)
		r := read(observe.Result{Outcome: success, Facts: facts})
		sound(t, r)
		if !slices.EqualFunc(before, facts.Instances, func(a, b Instance) bool { return reflect.DeepEqual(a, b) }) {
			rt.Fatal("the facts were changed")
		}
		reds := slices.ContainsFunc(facts.Processes, func(p Process) bool { return p.Status == Red })
		if (r.Reason == v1alpha1.ReasonProcessDown) != (facts.Processes != nil && reds) {
			rt.Fatalf("%+v", r)
		}
		system := r.Facts.(hosting.System) //nolint:forcetypeassert // it panics in a test
		names := map[string]bool{}
		for _, c := range system.Components {
			if names[c.Name] || c.Name == "" || len(c.Name) > 128 || len(c.Message) > 128 || c.State == v1alpha1.ComponentUp || c.State == "" {
				rt.Fatalf("component %+v", c)
			}
			names[c.Name] = true
		}
		if len(system.Components) > hosting.MaxComponents || len(system.Components) > system.Total {
			rt.Fatalf("%+v", system)
		}
		if again := read(observe.Result{Outcome: success, Facts: facts}); !reflect.DeepEqual(again, r) {
			rt.Fatalf("%+v, then %+v", r, again)
		}
	})
}
