// SPDX-License-Identifier: Apache-2.0

package settled

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab"
)

// ready is the condition of an object that is well.
func ready() []metav1.Condition {
	return []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Succeeded", ObservedGeneration: 1}}
}

func unit(name, parent string, state v1alpha1.OperationalState, counts v1alpha1.ApplicationCounts) v1alpha1.OrganisationalUnit {
	u := v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
	if parent != "" {
		u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	u.Status = v1alpha1.OrganisationalUnitStatus{ObservedGeneration: 1, OperationalState: state, Applications: counts, Conditions: ready()}
	return u
}

// application that the office answers for and the group operates; its endpoint
// is called web.
func application(name string, state v1alpha1.OperationalState, endpoint v1alpha1.EndpointStatus) v1alpha1.Application {
	a := v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Generation: 1}}
	a.Spec.Responsible.UnitRef.Name = "office"
	a.Spec.Operation.UnitRef = &v1alpha1.UnitReference{Name: "group"}
	a.Spec.Endpoints = []v1alpha1.Endpoint{{Name: "web", Importance: v1alpha1.ImportanceEssential}}
	endpoint.Name = "web"
	a.Status = v1alpha1.ApplicationStatus{
		ObservedGeneration: 1, OperationalState: state, Centralisation: v1alpha1.VerdictCompliant, Conditions: ready(),
		Endpoints: []v1alpha1.EndpointStatus{endpoint},
	}
	if state != v1alpha1.StateOperational {
		a.Status.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Name: "web"}
	}
	return a
}

func endpoint(application string, b lab.Behaviour, f lab.Fault) lab.Endpoint {
	return lab.Endpoint{Namespace: "ns", Application: application, Name: "web", Behaviour: b, Fault: f}
}

// well is a world in which everything is settled: of four Applications of the
// KDZ's group one is out, one slow and one flapping.
func well() World {
	counts := v1alpha1.ApplicationCounts{Total: 4, Operational: 2, Degraded: 1, Outage: 1}
	return World{
		Units: []v1alpha1.OrganisationalUnit{
			unit("kdz", "", v1alpha1.StateDegraded, counts),
			unit("group", "kdz", v1alpha1.StateDegraded, counts),
			unit("office", "", v1alpha1.StateDegraded, counts),
			unit("idle", "", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{}),
		},
		Applications: []v1alpha1.Application{
			application("up", v1alpha1.StateOperational, v1alpha1.EndpointStatus{State: v1alpha1.ComponentUp}),
			application("down", v1alpha1.StateOutage, v1alpha1.EndpointStatus{State: v1alpha1.ComponentDown, Reason: "ConnectionRefused"}),
			application("slow", v1alpha1.StateDegraded, v1alpha1.EndpointStatus{State: v1alpha1.ComponentDegraded, Reason: "Slow"}),
			application("flaps", v1alpha1.StateOperational, v1alpha1.EndpointStatus{State: v1alpha1.ComponentUp}),
		},
		ExpectedUnits: 4, ExpectedApplications: 4,
		Lab: []lab.Endpoint{
			endpoint("up", lab.Up, ""),
			endpoint("down", lab.Down, lab.Refused),
			endpoint("slow", lab.Slow, ""),
			endpoint("flaps", lab.Flaps, ""),
		},
	}
}

// state changes the state of an Application and, with it, what all its units
// tell.
func (w *World) state(i int, state, units v1alpha1.OperationalState) {
	w.Applications[i].Status.OperationalState = state
	counted := count(*w)
	for j := range w.Units[:3] {
		w.Units[j].Status.Applications = counted["kdz"].counts
		w.Units[j].Status.OperationalState = units
	}
}

// ails is how a host reads whose filesystem is full.
var ails = v1alpha1.SystemStatus{Name: "web01", State: v1alpha1.ComponentDegraded, Reason: "FilesystemFull"}

// hosted has an Application run on web01, which ails in the lab, and tell this
// of it.
func (w *World) hosted(i int, told v1alpha1.SystemStatus) {
	a := &w.Applications[i]
	w.Lab = append(w.Lab, lab.Endpoint{
		Namespace: "ns", Application: a.Name, Name: "web01", System: &lab.System{Name: "web01"}, Behaviour: lab.Degraded, Fault: lab.FilesystemFull,
	})
	a.Status.Hosting = &v1alpha1.HostingStatus{Systems: []v1alpha1.SystemStatus{told}}
}

// saved has an Application have a backup that behaves so in the lab, and tell
// this of it.
func (w *World) saved(i int, b lab.Behaviour, told v1alpha1.BackupState) {
	a := &w.Applications[i]
	w.Heartbeats = append(w.Heartbeats, lab.Heartbeat{Namespace: "ns", Application: a.Name, Source: "database", Behaviour: b})
	a.Status.Backup = &v1alpha1.BackupStatus{Sources: []v1alpha1.BackupSourceStatus{{Name: "database", State: told, Reason: "R", Message: "m"}}}
}

func TestJudge(t *testing.T) {
	const up, down, slow, flaps = 0, 1, 2, 3
	for _, c := range []struct {
		name   string
		change func(*World)
		want   string
	}{
		{"settled", func(*World) {}, ""},
		{"an Application is not there", func(w *World) { w.ExpectedApplications = 5 }, "4 of 5 Applications are there"},
		{"a unit is not there", func(w *World) { w.ExpectedUnits = 5 }, "4 of 5 OrganisationalUnits are there"},
		{"an Application of another generation", func(w *World) { w.Applications[up].Generation = 2 }, "Application ns/up: generation 2 is not judged yet"},
		{
			"a condition of another generation",
			func(w *World) { w.Applications[up].Status.Conditions[0].ObservedGeneration = 0 },
			"Application ns/up: Ready is of generation 0, not 1",
		},
		{"no verdict", func(w *World) { w.Applications[up].Status.Centralisation = "" }, "Application ns/up: has no verdict under the rule"},
		{"no condition", func(w *World) { w.Applications[up].Status.Conditions = nil }, "Application ns/up: has no condition Ready"},
		{
			"pending",
			func(w *World) {
				w.Applications[up].Status.Conditions[0] = metav1.Condition{
					Type: v1alpha1.ConditionReady, Status: metav1.ConditionUnknown,
					Reason: "AwaitingFirstResult", Message: "not judged yet: web", ObservedGeneration: 1,
				}
			},
			"Application ns/up: Ready is Unknown, AwaitingFirstResult: not judged yet: web",
		},
		{
			"a reference that is not there",
			func(w *World) {
				w.Applications[up].Status.Conditions[0] = metav1.Condition{
					Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse,
					Reason: "ReferenceNotFound", Message: "no unit", ObservedGeneration: 1,
				}
			},
			"Application ns/up: Ready is False, ReferenceNotFound: no unit",
		},
		{"a unit is not judged", func(w *World) { w.Units[3].Status.ObservedGeneration = 0 }, "OrganisationalUnit idle: generation 1 is not judged yet"},
		{
			"counts lag",
			func(w *World) { w.Units[0].Status.Applications.Operational++ },
			"OrganisationalUnit kdz: counts 4 (3 Operational, 1 Degraded, 1 Outage), but its Applications are 4 (2 Operational, 1 Degraded, 1 Outage)",
		},
		{
			"a unit counts what is not its own",
			func(w *World) {
				w.Units[3].Status.Applications = v1alpha1.ApplicationCounts{Total: 1, Planned: 1}
			},
			"OrganisationalUnit idle: counts 1 (1 Planned), but its Applications are 0",
		},
		{
			"a unit without a state",
			func(w *World) { w.Units[3].Status.OperationalState = "" },
			"OrganisationalUnit idle: is without a state, but by its Applications Operational",
		},
		{
			"a unit that should be out",
			func(w *World) {
				w.Applications[down].Spec.Protection = &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh}
				w.Units[1].Status.OperationalState = v1alpha1.StateOutage
				w.Units[2].Status.OperationalState = v1alpha1.StateOutage
			},
			"OrganisationalUnit kdz: is Degraded, but by its Applications Outage",
		},
		{
			"down, but not seen",
			func(w *World) { w.Applications[down].Status.Endpoints[0].State = v1alpha1.ComponentUp },
			"endpoint ns/down/web: is down (refused) in the lab, so it should be Down, but is Up (ConnectionRefused: )",
		},
		{
			"down for another reason",
			func(w *World) { w.Applications[down].Status.Endpoints[0].Reason = "ConnectionTimeout" },
			"endpoint ns/down/web: is down (refused) in the lab, so the reason should be ConnectionRefused, but is ConnectionTimeout",
		},
		{
			"up, but seen down",
			func(w *World) {
				w.Applications[up].Status.Endpoints[0] = v1alpha1.EndpointStatus{Name: "web", State: v1alpha1.ComponentDown, Reason: "R", Message: "m"}
			},
			"endpoint ns/up/web: is up in the lab, so it should be Up, but is Down (R: m)",
		},
		{
			"up, but nobody looked",
			func(w *World) {
				w.Applications[up].Status.Endpoints[0] = v1alpha1.EndpointStatus{Name: "web", State: v1alpha1.ComponentUnknown, Reason: "R", Message: "m"}
			},
			"endpoint ns/up/web: is up in the lab, so it should be Up, but is Unknown (R: m)",
		},
		{"up, but nobody may look", func(w *World) {
			w.Applications[up].Status.Endpoints[0] = v1alpha1.EndpointStatus{Name: "web", State: v1alpha1.ComponentUnknown, Reason: "EchoNotPermitted"}
		}, ""},
		{
			"not serving, but silent",
			func(w *World) {
				w.Lab[down].Fault = lab.NotServing
			},
			"endpoint ns/down/web: is down (not-serving) in the lab, so the reason should be NotServing, but is ConnectionRefused",
		},
		{
			"slow, but seen up",
			func(w *World) {
				w.Applications[slow].Status.Endpoints[0] = v1alpha1.EndpointStatus{Name: "web", State: v1alpha1.ComponentUp}
			},
			"endpoint ns/slow/web: is slow in the lab, so it should be Degraded, but is Up (: )",
		},
		{
			"an endpoint that the status lacks",
			func(w *World) { w.Applications[up].Status.Endpoints = nil },
			"endpoint ns/up/web: the Application's status does not have it",
		},
		{"flapping, and down", func(w *World) {
			w.Applications[flaps].Status.Endpoints[0].State = v1alpha1.ComponentDown
			w.state(flaps, v1alpha1.StateOutage, v1alpha1.StateDegraded)
		}, ""},
		{
			"down without consequence",
			func(w *World) { w.state(down, v1alpha1.StateDegraded, v1alpha1.StateDegraded) },
			"Application ns/down: its endpoint web is down (refused) in the lab, so it should be Outage, but is Degraded",
		},
		{"down within a window", func(w *World) { w.state(down, v1alpha1.StateMaintenance, v1alpha1.StateDegraded) }, ""},
		{"supporting and down", func(w *World) {
			w.Applications[down].Spec.Endpoints[0].Importance = v1alpha1.ImportanceSupporting
			w.state(down, v1alpha1.StateDegraded, v1alpha1.StateDegraded)
		}, ""},
		{
			"supporting and down, but out",
			func(w *World) {
				w.Applications[down].Spec.Endpoints[0].Importance = v1alpha1.ImportanceSupporting
			},
			"Application ns/down: its endpoint web is down (refused) in the lab, so it should be Degraded, but is Outage",
		},
		{"slow, and out for a dependency", func(w *World) {
			w.Applications[slow].Status.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseDependency, Name: "down"}
			w.state(slow, v1alpha1.StateOutage, v1alpha1.StateDegraded)
		}, ""},
		{"a system that ails, and is seen to", func(w *World) { w.hosted(slow, ails) }, ""},
		{
			"a system that ails, but nobody looked",
			func(w *World) {
				w.hosted(slow, v1alpha1.SystemStatus{Name: "web01", State: v1alpha1.ComponentUnknown, Reason: "R", Message: "m"})
			},
			"system web01 of ns/slow: is degraded (filesystem-full) in the lab, so it should be Degraded, but is Unknown (R: m)",
		},
		{
			"a system that ails for another reason",
			func(w *World) {
				w.hosted(slow, v1alpha1.SystemStatus{Name: "web01", State: v1alpha1.ComponentDegraded, Reason: "ClockOff"})
			},
			"system web01 of ns/slow: is degraded (filesystem-full) in the lab, so it should be Degraded, but is Degraded (ClockOff: )",
		},
		{
			"a system that ails without consequence",
			func(w *World) { w.hosted(up, ails) },
			"Application ns/up: its hosting web01 is degraded (filesystem-full) in the lab, so it should be Degraded, but is Operational",
		},
		{"a system that ails of what is out for another reason", func(w *World) { w.hosted(down, ails) }, ""},
		{
			"a system that the status lacks",
			func(w *World) { w.hosted(slow, v1alpha1.SystemStatus{Name: "web02"}) },
			"system web01 of ns/slow: the Application's status does not have it",
		},
		{
			"hosting that the status lacks",
			func(w *World) { w.hosted(slow, ails); w.Applications[slow].Status.Hosting = nil },
			"system web01 of ns/slow: the Application's status tells nothing of its hosting",
		},
		{"backups as they are", func(w *World) { w.saved(up, lab.Current, "Current"); w.saved(down, lab.Overdue, "Overdue") }, ""},
		{
			"a backup that is not seen",
			func(w *World) { w.saved(up, lab.Current, "Unknown") },
			"backup ns/up/database: is current in the lab, so it should be Current, but is Unknown (R: m)",
		},
		{
			"a backup that the status lacks",
			func(w *World) {
				w.saved(up, lab.Overdue, "Overdue")
				w.Applications[up].Status.Backup.Sources[0].Name = "files"
			},
			"backup ns/up/database: the Application's status does not have it",
		},
		{
			"a backup that is not told",
			func(w *World) { w.saved(up, lab.Current, "Current"); w.Applications[up].Status.Backup = nil },
			"backup ns/up/database: the Application's status tells nothing of it",
		},
		{"planned, so nobody looks", func(w *World) {
			w.Applications[down].Spec.Lifecycle = v1alpha1.LifecyclePlanned
			w.Applications[down].Status.Endpoints = nil
			w.state(down, v1alpha1.StatePlanned, v1alpha1.StateDegraded)
		}, ""},
		{"nothing can be looked at", func(w *World) {
			w.Lab = nil
			for i := range w.Applications {
				w.state(i, v1alpha1.StateUnknown, v1alpha1.StateUnknown)
			}
		}, ""},
		{"one retired, all others unknown", func(w *World) {
			w.Lab = nil
			w.state(0, v1alpha1.StateRetired, v1alpha1.StateDegraded)
			for i := range w.Applications[1:] {
				w.state(i+1, v1alpha1.StateUnknown, v1alpha1.StateUnknown)
			}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := well()
			c.change(&w)
			v := Judge(w)
			if got := v.String(); got != c.want {
				t.Errorf("missing:\n%s\nwant:\n%s", got, c.want)
			}
			if v.Settled() != (c.want == "") {
				t.Errorf("settled: %v", v.Settled())
			}
		})
	}
}

func TestStalledIsToldApart(t *testing.T) {
	w := well()
	w.Applications[0].Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: "InvalidSpec", Message: "why", ObservedGeneration: 1},
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "InvalidSpec", Message: "why", ObservedGeneration: 1},
	}
	w.ExpectedUnits = 5
	v := Judge(w)
	want := "Application ns/up: is Stalled, InvalidSpec: why"
	if len(v.Stalled) != 1 || v.Stalled[0] != want || len(v.Missing) != 1 {
		t.Errorf("stalled %q, missing %q", v.Stalled, v.Missing)
	}
	if v.Settled() || !strings.HasPrefix(v.String(), want+"\n") {
		t.Errorf("settled %v: %s", v.Settled(), v)
	}
}

func TestUnitOfAUnitThatIsNotThereIsNotCounted(t *testing.T) {
	w := well()
	w.Applications[0].Spec.Operation.SupportUnitRef = &v1alpha1.UnitReference{Name: "gone"}
	if v := Judge(w); !v.Settled() {
		t.Error(v)
	}
}

func ExampleVerdict_String() {
	fmt.Println(Judge(World{ExpectedUnits: 1}))
	// Output: 0 of 1 OrganisationalUnits are there
}
