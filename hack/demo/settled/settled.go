// SPDX-License-Identifier: Apache-2.0

// Package settled judges whether what an operator tells of a catalogue is
// complete, adds up, and is what the lab makes of the endpoints.
//
// It is pure, and counts anew by itself what the operator has counted: it
// shares no code with the operator but the types of the API.
package settled

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab"
)

// World is what is there to be judged.
type World struct {
	// Units and Applications as the API server tells of them.
	Units        []v1alpha1.OrganisationalUnit
	Applications []v1alpha1.Application
	// Expected is how many of each there are to be; what is still missing has
	// not been seen yet.
	ExpectedUnits, ExpectedApplications int
	// Lab is how the endpoints and systems that it serves behave by themselves,
	// and Heartbeats how the backups do whose Leases it renews.
	Lab        []lab.Endpoint
	Heartbeats []lab.Heartbeat
}

// Verdict is what is missing until everything is settled.
type Verdict struct {
	// Missing may come by itself.
	Missing []string
	// Stalled does not: a person must mend it.
	Stalled []string
}

// Settled is whether nothing is missing.
func (v Verdict) Settled() bool { return len(v.Missing) == 0 && len(v.Stalled) == 0 }

// String tells what is missing, a line each.
func (v Verdict) String() string {
	return strings.Join(append(slices.Clone(v.Stalled), v.Missing...), "\n")
}

func (v *Verdict) miss(format string, args ...any) {
	v.Missing = append(v.Missing, fmt.Sprintf(format, args...))
}

// Judge judges the world: every object is judged in its present generation and
// Ready, every Application has a verdict under the rule, every unit's counts and
// state are what follows from its Applications, and every endpoint, system and
// backup of the lab that does not flap reads as it behaves.
func Judge(w World) Verdict {
	var v Verdict
	if n := len(w.Applications); n != w.ExpectedApplications {
		v.miss("%d of %d Applications are there", n, w.ExpectedApplications)
	}
	if n := len(w.Units); n != w.ExpectedUnits {
		v.miss("%d of %d OrganisationalUnits are there", n, w.ExpectedUnits)
	}
	for i := range w.Applications {
		a := &w.Applications[i]
		name := fmt.Sprintf("Application %s/%s", a.Namespace, a.Name)
		v.ready(name, a.Generation, a.Status.ObservedGeneration, a.Status.Conditions)
		if a.Status.Centralisation == "" {
			v.miss("%s: has no verdict under the rule", name)
		}
	}
	for i := range w.Units {
		u := &w.Units[i]
		v.ready("OrganisationalUnit "+u.Name, u.Generation, u.Status.ObservedGeneration, u.Status.Conditions)
	}
	v.units(w)
	v.lab(w)
	return v
}

// ready notes what keeps an object from being judged and Ready.
func (v *Verdict) ready(name string, generation, observed int64, conditions []metav1.Condition) {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case observed != generation:
		v.miss("%s: generation %d is not judged yet", name, generation)
	case ready == nil:
		v.miss("%s: has no condition Ready", name)
	case ready.ObservedGeneration != generation:
		v.miss("%s: Ready is of generation %d, not %d", name, ready.ObservedGeneration, generation)
	case ready.Status == metav1.ConditionTrue:
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		v.Stalled = append(v.Stalled, fmt.Sprintf("%s: is Stalled, %s: %s", name, ready.Reason, ready.Message))
	default:
		v.miss("%s: Ready is %s, %s: %s", name, ready.Status, ready.Reason, ready.Message)
	}
}

// units notes which units do not tell what follows from their Applications.
func (v *Verdict) units(w World) {
	counted := count(w)
	for i := range w.Units {
		u := &w.Units[i]
		t := counted[u.Name]
		if u.Status.Applications != t.counts {
			v.miss("OrganisationalUnit %s: counts %s, but its Applications are %s", u.Name, counts(u.Status.Applications), counts(t.counts))
		}
		if want := t.state(); u.Status.OperationalState != want {
			v.miss("OrganisationalUnit %s: is %s, but by its Applications %s", u.Name, orNothing(u.Status.OperationalState), want)
		}
	}
}

func orNothing(s v1alpha1.OperationalState) string {
	if s == "" {
		return "without a state"
	}
	return string(s)
}

// lab notes which endpoints do not read as they behave.
func (v *Verdict) lab(w World) {
	applications := map[string]*v1alpha1.Application{}
	for i := range w.Applications {
		a := &w.Applications[i]
		applications[a.Namespace+"/"+a.Name] = a
	}
	for _, h := range w.Heartbeats {
		if a := applications[h.Namespace+"/"+h.Application]; a != nil && observed(a) {
			v.backup(h, a.Status.Backup)
		}
	}
	for _, e := range w.Lab {
		a := applications[e.Namespace+"/"+e.Application]
		if e.Behaviour == lab.Flaps || a == nil || !observed(a) {
			continue
		}
		if e.System != nil {
			v.system(e, a.Status.Hosting)
			v.consequence(e, a)
			continue
		}
		i := slices.IndexFunc(a.Status.Endpoints, func(s v1alpha1.EndpointStatus) bool { return string(s.Name) == e.Name })
		if i < 0 {
			v.miss("endpoint %s: the Application's status does not have it", e)
			continue
		}
		v.endpoint(e, &a.Status.Endpoints[i])
		v.consequence(e, a)
	}
}

// observed is whether anybody looks at an Application's endpoints.
func observed(a *v1alpha1.Application) bool {
	return a.Spec.Lifecycle != v1alpha1.LifecyclePlanned && a.Spec.Lifecycle != v1alpha1.LifecycleRetired
}

// endpoint compares how an endpoint reads with how it behaves.
func (v *Verdict) endpoint(e lab.Endpoint, s *v1alpha1.EndpointStatus) {
	want, reason := v1alpha1.ComponentUp, ""
	switch e.Behaviour {
	case lab.Slow:
		want = v1alpha1.ComponentDegraded
	case lab.Down:
		want, reason = v1alpha1.ComponentDown, reasons[e.Fault]
	}
	switch {
	case s.State == v1alpha1.ComponentUnknown && s.Reason == echoNotPermitted:
		// This machine lets nobody look; that is not the operator's fault.
	case s.State != want:
		v.miss("endpoint %s: is %s in the lab, so it should be %s, but is %s (%s: %s)", e, behaviour(e), want, s.State, s.Reason, s.Message)
	case reason != "" && s.Reason != reason:
		v.miss("endpoint %s: is %s in the lab, so the reason should be %s, but is %s", e, behaviour(e), reason, s.Reason)
	}
}

// system compares how a system reads with how it behaves.
func (v *Verdict) system(e lab.Endpoint, told *v1alpha1.HostingStatus) {
	name := e.System.Name
	if told == nil {
		v.miss("system %s of %s/%s: the Application's status tells nothing of its hosting", name, e.Namespace, e.Application)
		return
	}
	want, reason := v1alpha1.ComponentUp, ""
	if e.Behaviour == lab.Degraded {
		want, reason = v1alpha1.ComponentDegraded, reasons[e.Fault]
	}
	i := slices.IndexFunc(told.Systems, func(s v1alpha1.SystemStatus) bool { return s.Name == name })
	switch {
	case i < 0:
		v.miss("system %s of %s/%s: the Application's status does not have it", name, e.Namespace, e.Application)
	case told.Systems[i].State != want || told.Systems[i].Reason != reason:
		s := &told.Systems[i]
		v.miss("system %s of %s/%s: is %s in the lab, so it should be %s, but is %s (%s: %s)",
			name, e.Namespace, e.Application, behaviour(e), want, s.State, s.Reason, s.Message)
	}
}

// backup compares how a backup reads with how it behaves.
func (v *Verdict) backup(h lab.Heartbeat, told *v1alpha1.BackupStatus) {
	want := v1alpha1.BackupCurrent
	if h.Behaviour == lab.Overdue {
		want = v1alpha1.BackupOverdue
	}
	if told == nil {
		v.miss("backup %s: the Application's status tells nothing of it", h)
		return
	}
	i := slices.IndexFunc(told.Sources, func(s v1alpha1.BackupSourceStatus) bool { return string(s.Name) == h.Source })
	switch {
	case i < 0:
		v.miss("backup %s: the Application's status does not have it", h)
	case told.Sources[i].State != want:
		s := &told.Sources[i]
		v.miss("backup %s: is %s in the lab, so it should be %s, but is %s (%s: %s)", h, h.Behaviour, want, s.State, s.Reason, s.Message)
	}
}

// reasons that the status of an endpoint or a system has for each fault.
var reasons = map[lab.Fault]string{
	lab.Refused:            "ConnectionRefused",
	lab.Status500:          "UnexpectedStatus",
	lab.NotServing:         "NotServing",
	lab.ExpiredCertificate: "CertificateExpired",
	lab.FilesystemFull:     v1alpha1.ReasonFilesystemFull,
	lab.ProcessYellow:      v1alpha1.ReasonProcessDegraded,
}

// echoNotPermitted is the reason of an icmp endpoint where the system lets the
// operator send no echo requests.
const echoNotPermitted = "EchoNotPermitted"

func behaviour(e lab.Endpoint) string {
	if e.Fault != "" {
		return fmt.Sprintf("%s (%s)", e.Behaviour, e.Fault)
	}
	return string(e.Behaviour)
}

// consequence compares the state of an Application with what an endpoint that
// is down or slow, or a system that is degraded, makes of it: an Essential
// endpoint that is down an Outage, or
// Maintenance within a window; anything else Degraded, unless the Application
// is out for another reason.
func (v *Verdict) consequence(e lab.Endpoint, a *v1alpha1.Application) {
	if e.Behaviour != lab.Down && e.Behaviour != lab.Slow && e.Behaviour != lab.Degraded {
		return
	}
	kind, name := v1alpha1.CauseEndpoint, e.Name
	if e.System != nil {
		kind, name = v1alpha1.CauseHosting, e.System.Name
	}
	want := []v1alpha1.OperationalState{v1alpha1.StateOutage, v1alpha1.StateMaintenance}
	if e.Behaviour != lab.Down || !essential(a, e.Name) {
		want = []v1alpha1.OperationalState{v1alpha1.StateDegraded}
		if c := a.Status.Cause; c != nil && (c.Kind != kind || c.Name != name) {
			want = append(want, v1alpha1.StateOutage, v1alpha1.StateMaintenance)
		}
	}
	if !slices.Contains(want, a.Status.OperationalState) {
		v.miss("Application %s/%s: its %s %s is %s in the lab, so it should be %s, but is %s",
			a.Namespace, a.Name, strings.ToLower(string(kind)), name, behaviour(e), want[0], orNothing(a.Status.OperationalState))
	}
}

// essential is whether an Application is out when an endpoint of it is down.
func essential(a *v1alpha1.Application, name string) bool {
	i := slices.IndexFunc(a.Spec.Endpoints, func(e v1alpha1.Endpoint) bool { return string(e.Name) == name })
	return i >= 0 && a.Spec.Endpoints[i].Importance != v1alpha1.ImportanceSupporting
}
