// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// Reader returns what the Facts of an instance mean to a declaration of it, for
// Check.Read. The Facts of what it returns are a hosting.System.
func Reader(h *v1alpha1.SAPHosting, i *v1alpha1.SAPInstance) func(observe.Result) observe.Result {
	wanted := expectation{
		name: instanceName(h.SystemID, i.Number, i.Host), systemID: h.SystemID,
		own:      declared{host: i.Host, number: i.Number},
		features: slices.Clone(i.Features),
	}
	for _, other := range h.Instances {
		wanted.instances = append(wanted.instances, declared{host: other.Host, number: other.Number})
	}
	return wanted.read
}

// expectation is what was declared of a system, and of an instance in it.
type expectation struct {
	name, systemID string
	own            declared
	features       []string
	instances      []declared
}

func (e *expectation) read(r observe.Result) observe.Result {
	facts, ok := r.Facts.(*Facts)
	if r.Outcome != observe.OutcomeSuccess || !ok {
		return r
	}
	found := &reading{facts: facts, expectation: e}
	found.examine()
	return found.result(r)
}

// rank says how bad a finding is.
type rank uint8

// The ranks, worst first.
const (
	rankDown rank = iota
	rankStopped
	rankUnclear
	rankDegraded
	rankMissing
	rankUndeclared
	rankAvailability
	// rankRemark changes nothing.
	rankRemark
)

// finding is something that is not as it should be.
type finding struct {
	rank   rank
	reason string
	// component that is not Up; none if its name is empty.
	component hosting.Component
	// phrase for the message; empty if it has no place there.
	phrase string
}

// reading of the facts.
type reading struct {
	*expectation

	facts    *Facts
	total    int
	findings []finding
}

func (r *reading) add(f finding) { r.findings = append(r.findings, f) }

func (r *reading) examine() {
	if id := r.facts.SystemID; id != "" && !strings.EqualFold(id, r.systemID) {
		r.add(finding{rank: rankUnclear, reason: ReasonOtherSystem, phrase: "what answers is an instance of the system " + id})
		return
	}
	listed := r.assign()
	if r.facts.Processes != nil {
		r.examineProcesses()
	} else {
		r.examineOwn(listed)
	}
	if r.facts.Instances != nil {
		r.examineFeatures(listed)
		r.examineInstances(listed)
	}
	r.examineChecks()
	for _, refused := range r.facts.Refused {
		r.total++
		r.add(finding{rank: rankRemark, component: hosting.Component{
			Name: string(refused.Method), State: v1alpha1.ComponentUnknown, Message: refused.Message,
		}})
	}
}

// examineProcesses judges the instance by its processes.
func (r *reading) examineProcesses() {
	processes := r.facts.Processes
	if len(processes) == 0 {
		r.add(finding{rank: rankUnclear, reason: v1alpha1.ReasonFactMissing, phrase: "SAPControl lists no process"})
		return
	}
	stopped := !slices.ContainsFunc(processes, func(p Process) bool { return p.Status != Gray })
	if stopped {
		phrase := "all processes are GRAY"
		if said := steady(processes[0].Text); said != "" {
			phrase += ": " + said
		}
		r.add(finding{rank: rankStopped, reason: v1alpha1.ReasonInstanceStopped, phrase: phrase})
	}
	for _, p := range processes {
		r.total++
		if p.Status == Green {
			continue
		}
		shown := string(p.Status)
		if said := steady(p.Text); said != "" {
			shown += ": " + said
		}
		what := "process " + cmp.Or(p.Name, "without a name")
		if p.Description != "" {
			what += " (" + p.Description + ")"
		}
		f := finding{
			component: hosting.Component{Name: cmp.Or(p.Name, "process"), Message: shown},
			phrase:    what + " is " + shown,
		}
		f.rank, f.reason, f.component.State = weigh(p.Status)
		switch {
		case stopped:
			f.rank, f.phrase = rankStopped, ""
		case p.Status == Gray:
			// Part of an instance that runs is stopped.
			f.rank, f.reason = rankDegraded, v1alpha1.ReasonProcessDegraded
		}
		r.add(f)
	}
}

// weigh returns what a colour other than green means.
func weigh(s Status) (rank, string, v1alpha1.ComponentState) {
	switch s {
	case Red:
		return rankDown, v1alpha1.ReasonProcessDown, v1alpha1.ComponentDown
	case Gray:
		return rankStopped, v1alpha1.ReasonInstanceStopped, v1alpha1.ComponentStopped
	case Yellow:
		return rankDegraded, v1alpha1.ReasonProcessDegraded, v1alpha1.ComponentDegraded
	default:
		return rankUnclear, ReasonStatusUnknown, v1alpha1.ComponentUnknown
	}
}

// examineOwn judges the instance by its entry in the list of instances, where
// its processes are not told.
func (r *reading) examineOwn(listed []assigned) {
	at := slices.IndexFunc(listed, func(a assigned) bool { return a.own })
	if at < 0 {
		r.add(finding{
			rank: rankUnclear, reason: v1alpha1.ReasonFactMissing,
			phrase: "its processes are not told (" + r.why() + "), and the system does not list it",
		})
		return
	}
	r.total++
	own := listed[at]
	if own.Status == Green {
		return
	}
	f := finding{
		component: hosting.Component{Name: "instance", Message: string(own.Status)},
		phrase:    fmt.Sprintf("the instance is %s; its processes are not told (%s)", own.Status, r.why()),
	}
	f.rank, f.reason, f.component.State = weigh(own.Status)
	r.add(f)
}

// why the processes are not told.
func (r *reading) why() string {
	for _, refused := range r.facts.Refused {
		if refused.Method == GetProcessList {
			return refused.Message
		}
	}
	return "nobody knows why"
}

// examineFeatures looks for the declared features of the instance.
func (r *reading) examineFeatures(listed []assigned) {
	at := slices.IndexFunc(listed, func(a assigned) bool { return a.own })
	if at < 0 || len(r.features) == 0 {
		return // that it is missing is said elsewhere
	}
	r.total++
	var lacking []string
	for _, feature := range r.features {
		if !slices.ContainsFunc(listed[at].Features, func(has string) bool { return strings.EqualFold(has, feature) }) {
			lacking = append(lacking, feature)
		}
	}
	if len(lacking) > 0 {
		names := strings.Join(lacking, ", ")
		r.add(finding{
			rank: rankMissing, reason: v1alpha1.ReasonInstanceMissing,
			component: hosting.Component{Name: "features", State: v1alpha1.ComponentDegraded, Message: "not listed: " + names},
			phrase:    "the system lists it without " + names,
		})
	}
}

// examineInstances looks for declared instances that are not listed, and for
// others that are listed and not declared.
func (r *reading) examineInstances(listed []assigned) {
	for _, d := range r.instances {
		if slices.ContainsFunc(listed, func(a assigned) bool { return a.declared && a.as == d }) {
			continue
		}
		r.total++
		missing := instanceName(r.systemID, d.number, d.host)
		r.add(finding{
			rank: rankMissing, reason: v1alpha1.ReasonInstanceMissing,
			component: hosting.Component{Name: missing, State: v1alpha1.ComponentUnknown, Message: "declared, and not listed by the system"},
			phrase:    "the system does not list " + missing,
		})
	}
	for _, a := range listed {
		if a.declared {
			continue
		}
		r.total++
		f := finding{component: hosting.Component{
			Name: instanceName(r.systemID, a.Number, a.Host), Message: string(a.Status) + ", not declared",
		}}
		_, _, f.component.State = weigh(a.Status)
		switch a.Status {
		case Green:
			continue
		case Red, Gray:
			f.rank, f.reason = rankUndeclared, ReasonInstanceUndeclared
			f.phrase = f.component.Name + ", which is not declared, is " + string(a.Status)
		default:
			f.rank = rankRemark
		}
		r.add(f)
	}
}

// examineChecks judges high availability.
func (r *reading) examineChecks() {
	for _, c := range r.facts.Checks {
		r.total++
		if c.Outcome == Success {
			continue
		}
		said := cmp.Or(c.Description, c.Category, "check")
		f := finding{rank: rankRemark, component: hosting.Component{Name: "HA: " + said, Message: string(c.Outcome)}}
		if c.Comment != "" {
			f.component.Message += ": " + c.Comment
		}
		switch c.Outcome {
		case Error:
			f.component.State = v1alpha1.ComponentDegraded
			f.rank, f.reason = rankAvailability, v1alpha1.ReasonHighAvailability
			f.phrase = "high availability: " + said + " is " + f.component.Message
		case Warning:
			f.component.State = v1alpha1.ComponentDegraded
		default:
			f.component.State = v1alpha1.ComponentUnknown
		}
		r.add(f)
	}
}

// result returns the Result that the findings make of one.
func (r *reading) result(seen observe.Result) observe.Result {
	slices.SortStableFunc(r.findings, func(a, b finding) int { return cmp.Compare(a.rank, b.rank) })
	seen.Facts = hosting.System{Total: r.total, Components: components(r.findings)}
	if len(r.findings) == 0 || r.findings[0].rank == rankRemark {
		return seen
	}
	worst := r.findings[0]
	seen.Reason, seen.Message = worst.reason, r.message()
	switch worst.rank {
	case rankDown, rankStopped:
		seen.Outcome, seen.Class, seen.Step = observe.OutcomeFailure, observe.ClassTarget, observe.StepExpectation
	case rankUnclear:
		seen.Outcome, seen.Class, seen.Step = observe.OutcomeInconclusive, observe.ClassTarget, observe.StepExpectation
	default:
		seen.Degraded = true
	}
	return seen
}

// message tells the findings, worst first, as far as there is room.
func (r *reading) message() string {
	var phrases []string
	for _, f := range r.findings {
		if f.phrase != "" {
			phrases = append(phrases, f.phrase)
		}
	}
	told := r.name + ": " + phrases[0]
	for i, phrase := range phrases[1:] {
		rest := len(phrases) - 1 - i
		if longer := told + "; " + phrase; len(longer)+len(more(rest-1)) <= observe.MaxMessageLength {
			told = longer
			continue
		}
		return endpoint.Printable(told, observe.MaxMessageLength-len(more(rest))) + more(rest)
	}
	return endpoint.Printable(told, observe.MaxMessageLength)
}

// more says how many findings are left out.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; and %d more", n)
}

// components returns the first of those that are not Up, each under a name of
// its own.
func components(findings []finding) []hosting.Component {
	var shown []hosting.Component
	for _, f := range findings {
		if f.component.Name == "" || len(shown) == hosting.MaxComponents {
			continue
		}
		c := f.component
		base := endpoint.Printable(c.Name, maxText-len(" (8)"))
		c.Name, c.Message = base, endpoint.Printable(c.Message, maxText)
		for n := 2; slices.ContainsFunc(shown, func(o hosting.Component) bool { return o.Name == c.Name }); n++ {
			c.Name = fmt.Sprintf("%s (%d)", base, n)
		}
		shown = append(shown, c)
	}
	return shown
}

// steady returns what a text says apart from figures that change with each call,
// as in "Running, Dialog Queue time: 0.02 sec".
func steady(text string) string {
	var kept []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part != "" && !slices.ContainsFunc(strings.Fields(part), isFigure) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ", ")
}

// isFigure reports whether a word begins with a digit, a sign or a bracket
// before one; "J2EE" does not.
func isFigure(word string) bool {
	word = strings.TrimLeft(word, "+-([<>=~")
	return word != "" && word[0] >= '0' && word[0] <= '9'
}
