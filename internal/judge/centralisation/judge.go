// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Source says where a finding comes from.
type Source string

// Sources of findings.
const (
	// Paper: a published paper of the city says so.
	Paper Source = "paper"
	// Interpretation: the papers leave it open, and this is how we read them.
	Interpretation Source = "interpretation"
)

// Finding is one thing that the rule says of an Application.
type Finding struct {
	// Reason is one of those of condition Centralised.
	Reason string
	// Sentence of the rule, 1 to 9, that it comes from.
	Sentence int
	// Source of that sentence, or of the part of it that matters here.
	Source Source
	// Message says what was found, and what to do about it.
	Message string
}

// Judgement is how an Application stands under the rule.
type Judgement struct {
	Verdict v1alpha1.Verdict
	// Findings are all there are, the one that decides first.
	Findings []Finding
	// Exemption that holds, by name; empty if none does. Of several it is the
	// one that ends last.
	Exemption string
	// Next is the next moment at which the judgement can change by the mere
	// passing of time; zero is never.
	Next time.Time
}

// Reason is that of the finding which decides.
func (j Judgement) Reason() string {
	if len(j.Findings) == 0 {
		return ""
	}
	return j.Findings[0].Reason
}

// Message is that of the finding which decides, and then all others with their
// reasons: what a condition says.
func (j Judgement) Message() string {
	var b strings.Builder
	for i, f := range j.Findings {
		if i > 0 {
			b.WriteString("; " + f.Reason + ": ")
		}
		b.WriteString(f.Message)
	}
	return b.String()
}

// Scope is all that an Application is judged by.
type Scope struct {
	Application *v1alpha1.Application
	// Unit that the Application's namespace belongs to; empty if it has no
	// label.
	Unit string
	// Rules of the policy; nil if it was not compiled.
	Rules *Rules
	// Exemptions that name the Application, in any order and state.
	Exemptions []*v1alpha1.Exemption
	Now        time.Time
}

// Decentral says whether an Application is decentral: not provided by the KDZ
// or the state, or bought by a unit on its own, and still operated or planned.
// An Application like this needs an Exemption, or another basis. What nobody
// has declared counts as decentral here: it may turn out to be.
func Decentral(app *v1alpha1.Application) bool {
	op := &app.Spec.Operation
	if app.Spec.Lifecycle == v1alpha1.LifecycleRetired {
		return false
	}
	provided := op.Provider == v1alpha1.ProviderKDZ || op.Provider == v1alpha1.ProviderState
	return !provided || op.ProcuredThrough == v1alpha1.ProcuredThroughUnit
}

// maxFindings is more than Judge can find.
const maxFindings = 16

// Judge says how an Application stands.
func Judge(s Scope) Judgement {
	f := gather(s)
	var buffer [maxFindings]Finding
	verdict, findings := decide(f, buffer[:0])
	for _, c := range beside {
		findings = appendFound(findings, c, f)
	}
	j := Judgement{Verdict: verdict, Findings: slices.Clone(findings), Next: f.next}
	if f.holding != nil {
		j.Exemption = f.holding.Name
	}
	return j
}

// decide goes through the checks in the order of the verdicts. What settles the
// matter comes first; of what is left, something may allow it; and what breaks
// the rule is told in either case, and decides only if nothing allows it.
func decide(f facts, findings []Finding) (v1alpha1.Verdict, []Finding) {
	for _, s := range settling {
		if finding, found := s.check(f); found {
			findings = append(findings, finding)
			for _, c := range s.also {
				findings = appendFound(findings, c, f)
			}
			return s.verdict, findings
		}
	}
	verdict := v1alpha1.VerdictViolating
	for _, a := range allowing {
		finding, found := a.check(f)
		if !found {
			continue
		}
		if !f.allowed {
			verdict, f.allowed = a.verdict, true
		}
		findings = append(findings, finding)
	}
	for _, c := range breaking {
		findings = appendFound(findings, c, f)
	}
	return verdict, findings
}

func appendFound(findings []Finding, c check, f facts) []Finding {
	if finding, found := c(f); found {
		return append(findings, finding)
	}
	return findings
}
