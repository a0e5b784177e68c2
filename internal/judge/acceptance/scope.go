// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Scope is all that a handover is judged by. Judging changes nothing in it.
type Scope struct {
	// Handover of which the spec is judged, and the status goes on from: since
	// when checks hold, and when early-life support began, is known only there.
	Handover *v1alpha1.Handover
	// Policy on handovers; nil means its defaults.
	Policy *v1alpha1.HandoverPolicy
	// ProjectLead is the user who leads the project; empty if nobody is named.
	ProjectLead v1alpha1.UserName
	// Applications that are handed over, in the order of spec.applicationRefs.
	Applications []Application
	// SignOffs that name the handover, in any order.
	SignOffs []*v1alpha1.SignOff
	// Now is the present moment.
	Now time.Time
}

// Application is an Application that is handed over.
type Application struct {
	// Name of it as results show it: its name, or namespace/name where it is
	// another namespace's.
	Name string
	// Object is the Application; nil if there is none.
	Object *v1alpha1.Application
	// Availability is how available it was in early-life support so far; nil if
	// that has not begun, or nothing was observed.
	Availability *Availability
}

// Availability of an Application within a span of time.
type Availability struct {
	// Observed time in seconds, and how much of it the Application was out.
	Observed, Out int64
}

// Verdict is how far a handover has come, and what is to be done next.
type Verdict struct {
	// Stage as the evidence says.
	Stage v1alpha1.HandoverStage
	// ContentHash that a SignOff must carry to count.
	ContentHash v1alpha1.ContentHash
	// Results of the checks, by application and check; at most 256.
	Results []v1alpha1.CheckResult
	// SignOffs that were given: those that count, then the void ones, the newest
	// first; at most 32.
	SignOffs []v1alpha1.SignOffSummary
	// EarlyLifeSupport is how it goes; nil before.
	EarlyLifeSupport *v1alpha1.EarlyLifeSupportStatus
	// Missing is what a person must do next, the most pressing first; at most 64.
	Missing []v1alpha1.MissingItem
	// Overdue is whether the day of spec.dueOn is over and not all roles have
	// signed.
	Overdue bool
	// Next is the first moment at which the verdict can change by time alone;
	// zero if there is none.
	Next time.Time
}
