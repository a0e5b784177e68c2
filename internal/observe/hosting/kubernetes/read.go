// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// finding is what a workload shows.
type finding struct {
	name    string // "Deployment/web"
	state   v1alpha1.ComponentState
	reason  string
	message string // a clause that follows the name
	idle    bool   // nothing is wanted of it
}

// Read says what the answer of a Probe of this package means. It is the Read of
// an observe.Check; the Facts of what it returns are a hosting.System.
func Read(r observe.Result) observe.Result {
	s, ok := r.Facts.(*seen)
	if !ok {
		return r
	}
	r.Facts = nil
	switch {
	case s.name == "":
		return combine(r, s)
	case len(s.workloads) == 0:
		r.Facts = hosting.System{}
		return conclude(r, finding{
			name: s.kind + "/" + s.name, state: v1alpha1.ComponentDown,
			reason: v1alpha1.ReasonWorkloadMissing, message: "does not exist in namespace " + s.namespace,
		})
	}
	r.Facts = hosting.System{Total: 1}
	return conclude(r, understand(&s.workloads[0]))
}

// combine says what the workloads of a selector amount to.
func combine(r observe.Result, s *seen) observe.Result {
	if len(s.workloads) == 0 {
		return doubt(v1alpha1.ReasonFactMissing, fmt.Sprintf("No Deployment, StatefulSet or DaemonSet in namespace %s has the labels that the selector asks for.", s.namespace))
	}
	findings := make([]finding, len(s.workloads))
	for i := range s.workloads {
		findings[i] = understand(&s.workloads[i])
	}
	leaveOutStopped(findings)
	slices.SortStableFunc(findings, func(a, b finding) int { return cmp.Compare(rank(b.state), rank(a.state)) })
	worst := findings[0]
	if s.problem != nil && rank(worst.state) <= rank(v1alpha1.ComponentUnknown) {
		return doubt(s.problem.Reason, s.problem.Message)
	}
	faults := 0
	for i := range findings {
		if rank(findings[i].state) >= rank(v1alpha1.ComponentUnknown) {
			faults++
		}
	}
	if faults > 1 {
		worst.name = fmt.Sprintf("%d of %d workloads are not as they should be: %s", faults, len(findings), worst.name)
	}
	r.Facts = hosting.System{Total: len(findings), Components: components(findings)}
	return conclude(r, worst)
}

// leaveOutStopped has workloads that are scaled to 0 count for nothing, unless
// all of them are.
func leaveOutStopped(findings []finding) {
	if !slices.ContainsFunc(findings, func(f finding) bool { return !f.idle }) {
		return
	}
	for i := range findings {
		if findings[i].idle {
			findings[i].state = v1alpha1.ComponentStopped
		}
	}
}

// rank orders states, the worst highest. What is known to be at fault comes
// before what is not known, and that before what is no fault.
func rank(s v1alpha1.ComponentState) int {
	switch s {
	case v1alpha1.ComponentDown:
		return 4
	case v1alpha1.ComponentDegraded:
		return 3
	case v1alpha1.ComponentUnknown:
		return 2
	case v1alpha1.ComponentStopped:
		return 1
	case v1alpha1.ComponentUp:
	}
	return 0
}

// components are the workloads that are not Up, the worst first, each name once.
func components(sorted []finding) []hosting.Component {
	var all []hosting.Component
	for _, f := range sorted {
		name := endpoint.Printable(f.name, maxText)
		known := slices.ContainsFunc(all, func(c hosting.Component) bool { return c.Name == name })
		if f.state == v1alpha1.ComponentUp || known {
			continue
		}
		all = append(all, hosting.Component{Name: name, State: f.state, Message: endpoint.Printable(f.message, maxText)})
		if len(all) == hosting.MaxComponents {
			break
		}
	}
	return all
}

// conclude makes a finding the outcome.
func conclude(r observe.Result, f finding) observe.Result {
	switch f.state {
	case v1alpha1.ComponentUp, v1alpha1.ComponentStopped:
		return r
	case v1alpha1.ComponentDegraded:
		r.Degraded = true
	case v1alpha1.ComponentUnknown:
		r.Outcome, r.Step = observe.OutcomeInconclusive, observe.StepExpectation
	case v1alpha1.ComponentDown:
		r.Outcome, r.Class, r.Step = observe.OutcomeFailure, observe.ClassTarget, observe.StepExpectation
	}
	r.Reason, r.Message = f.reason, endpoint.Printable(f.name+" "+f.message+".", observe.MaxMessageLength)
	return r
}

// understand says how a workload stands, by the table of the package's
// documentation.
func understand(w *workload) finding {
	f, ok := w.Facts.(facts)
	if !ok {
		f = unclear("nothing is known of it")
	}
	found := finding{name: w.String(), state: v1alpha1.ComponentUp}
	is := func(state v1alpha1.ComponentState, reason, message string) finding {
		found.state, found.reason, found.message = state, reason, message
		return found
	}
	have := ""
	if f.counted {
		have = fmt.Sprintf(" (%d of %d replicas are available)", f.available, f.wanted)
	}
	switch {
	case f.status == status.UnknownStatus:
		return is(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "has a status that cannot be understood: "+f.message)
	case f.status == status.TerminatingStatus:
		return is(v1alpha1.ComponentDegraded, v1alpha1.ReasonWorkloadProgressing, "is being deleted")
	case f.counted && f.wanted <= 0 && w.kind == "DaemonSet":
		return is(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, "is wanted on no node")
	case f.counted && f.wanted <= 0:
		found.idle = true
		return is(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, "is scaled to 0")
	case f.counted && f.available <= 0:
		return is(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, fmt.Sprintf("has none of %d replicas available%s", f.wanted, because(f.message)))
	case f.status == status.FailedStatus && f.counted:
		return is(v1alpha1.ComponentDegraded, v1alpha1.ReasonWorkloadFailed, "failed"+because(f.message)+have)
	case f.status == status.FailedStatus:
		return is(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, "failed"+because(f.message))
	case f.counted && f.available >= f.wanted:
		return found
	case f.counted || f.status != status.CurrentStatus:
		return is(v1alpha1.ComponentDegraded, v1alpha1.ReasonWorkloadProgressing, "is not yet as it should be"+because(f.message)+have)
	}
	return found
}

// because says why, if that is known.
func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}
