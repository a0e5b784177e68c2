// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
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
	// Exemption that holds, by name; empty if none does.
	Exemption string
	// Next is the next moment at which the judgement can change by the mere
	// passing of time; zero is never.
	Next time.Time
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
// An Application like this needs an Exemption, or another basis.
func Decentral(app *v1alpha1.Application) bool {
	return false
}

// Judge says how an Application stands.
func Judge(s Scope) Judgement {
	return Judgement{Verdict: v1alpha1.VerdictUnknown}
}
