// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// Finding is something about a system that is not as it should be.
type Finding struct {
	// State that it puts the system, and the component if it is about one, in:
	// Down, Degraded, Stopped or Unknown.
	State v1alpha1.ComponentState
	// Reason is a stable CamelCase word, such as v1alpha1.ReasonUnitState.
	Reason string
	// Text says it in a clause that follows "web01: " and may be followed by
	// others: "unit nginx.service is failed, should be active".
	Text string
	// Component that it is about; empty means the system as a whole.
	Component string
	// Detail is the component's message: "failed, should be active".
	Detail string
}

// maxName bounds the name of a system within a message, in bytes, so that there
// is room for what was found.
const maxName = 80

// Conclude returns what an answer means to somebody for whom these were found in
// a system of that name, with so many components that were judged. The result is
// seen but for its outcome and what goes with it; its Facts are a System.
func Conclude(seen observe.Result, name string, total int, findings []Finding) observe.Result {
	system := System{Total: total}
	seen.Outcome, seen.Class, seen.Step = observe.OutcomeSuccess, observe.ClassNone, observe.StepNone
	seen.Reason, seen.Message, seen.Degraded = "", "", false
	if len(findings) == 0 {
		seen.Facts = system
		return seen
	}
	sorted := slices.SortedStableFunc(slices.Values(findings), func(a, b Finding) int {
		return cmp.Compare(rank(b.State), rank(a.State))
	})
	system.Components = components(sorted)
	seen.Facts, seen.Reason, seen.Message = system, sorted[0].Reason, message(name, sorted)
	switch sorted[0].State {
	case v1alpha1.ComponentDown:
		seen.Outcome, seen.Class, seen.Step = observe.OutcomeFailure, observe.ClassTarget, observe.StepExpectation
	case v1alpha1.ComponentUnknown:
		seen.Outcome, seen.Step = observe.OutcomeInconclusive, observe.StepExpectation
	default:
		seen.Degraded = true
	}
	return seen
}

// rank orders states, the worst highest. What is known to be at fault comes
// before what is not known.
func rank(s v1alpha1.ComponentState) int {
	switch s {
	case v1alpha1.ComponentDown:
		return 4
	case v1alpha1.ComponentDegraded:
		return 3
	case v1alpha1.ComponentStopped:
		return 2
	case v1alpha1.ComponentUnknown:
		return 1
	case v1alpha1.ComponentUp:
	}
	return 0
}

func components(sorted []Finding) []Component {
	var out []Component
	for _, f := range sorted {
		name := endpoint.Printable(f.Component, MaxComponentText)
		if name == "" || slices.ContainsFunc(out, func(c Component) bool { return c.Name == name }) {
			continue
		}
		if out = append(out, Component{Name: name, State: f.State, Message: endpoint.Printable(f.Detail, MaxComponentText)}); len(out) == MaxComponents {
			break
		}
	}
	return out
}

// message joins what was found, as far as there is room: "web01: a; b; 3 more".
func message(name string, sorted []Finding) string {
	var b strings.Builder
	b.WriteString(endpoint.Printable(name, maxName))
	separator := ": "
	for i, f := range sorted {
		more := ""
		if left := len(sorted) - i - 1; left > 0 {
			more = fmt.Sprintf("; %d more", left)
		}
		room := observe.MaxMessageLength - b.Len() - len(separator) - len(more)
		text := endpoint.Printable(f.Text, max(room, 0))
		if i > 0 && text != endpoint.Printable(f.Text, observe.MaxMessageLength) {
			return b.String() + fmt.Sprintf("; %d more", len(sorted)-i)
		}
		b.WriteString(separator + text)
		separator = "; "
	}
	return b.String()
}

// Full is the finding that a filesystem or a volume is fuller than it may be, in
// whole per cents.
func Full(name string, used, limit int) Finding {
	return Finding{
		State: v1alpha1.ComponentDegraded, Reason: v1alpha1.ReasonFilesystemFull,
		Text:      fmt.Sprintf("%s is %d %% full (limit %d %%)", name, used, limit),
		Component: name,
		Detail:    fmt.Sprintf("%d %% used", used),
	}
}
