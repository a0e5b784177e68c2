// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Given is what a checklist is made of.
type Given struct {
	// Handover that is shown.
	Handover *v1alpha1.Handover
	// Policy on handovers; nil means its defaults.
	Policy *v1alpha1.HandoverPolicy
	// SignOffs of the Handover, as far as they are known; others are passed over.
	SignOffs []v1alpha1.SignOff
	// Notes are what else a reader has to know, such as what could not be read.
	Notes []string
	// Now is the present moment.
	Now time.Time
}

// Checklist is how far a handover has come, and what is missing.
type Checklist struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Stage that the operator computed; empty as long as it has not.
	Stage      v1alpha1.HandoverStage `json:"stage,omitempty"`
	StageSince *metav1.Time           `json:"stageSince,omitempty"`
	// ContentHash of the Handover as it is now.
	ContentHash v1alpha1.ContentHash `json:"contentHash"`
	// Outdated says that the status is not of this content, so that checks and
	// signatures are those of an older one; Why says so in words.
	Outdated bool   `json:"outdated"`
	Why      string `json:"why,omitempty"`
	// Problems that keep the operator from judging.
	Problems []string `json:"problems,omitempty"`

	Project            string        `json:"project"`
	Applications       []string      `json:"applications"`
	Operations         string        `json:"operations"`
	Support            string        `json:"support,omitempty"`
	ApplicationManager string        `json:"applicationManager,omitempty"`
	DueOn              v1alpha1.Date `json:"dueOn,omitempty"`
	Overdue            bool          `json:"overdue"`

	// StableFor is how long each check must have held.
	StableFor v1alpha1.Duration `json:"stableFor,omitempty"`
	Checks    []Check           `json:"checks"`
	Criteria  []Criterion       `json:"criteria"`
	// CriteriaOfPolicy says that the Handover has none of its own.
	CriteriaOfPolicy bool   `json:"criteriaOfPolicy"`
	Roles            []Role `json:"roles"`

	Missing          []v1alpha1.MissingItem `json:"missing"`
	EarlyLifeSupport *Support               `json:"earlyLifeSupport,omitempty"`
	Notes            []string               `json:"notes,omitempty"`
}

// State is how a line of the checklist stands.
type State string

// States of a line.
const (
	// Holds: it is as it must be.
	Holds State = "Holds"
	// Fails: it is not.
	Fails State = "Fails"
	// Settling: a check holds, but not for long enough yet.
	Settling State = "Settling"
	// Unknown: the operator has not looked yet.
	Unknown State = "Unknown"
	// Optional: it is not, and need not be.
	Optional State = "Optional"
)

// Check is a check of an Application.
type Check struct {
	Application string                 `json:"application"`
	Check       v1alpha1.HandoverCheck `json:"check"`
	State       State                  `json:"state"`
	Since       *metav1.Time           `json:"since,omitempty"`
	Message     string                 `json:"message,omitempty"`
}

// Criterion is a criterion that people check.
type Criterion struct {
	Name        v1alpha1.ItemName `json:"name"`
	Description string            `json:"description"`
	Required    bool              `json:"required"`
	State       State             `json:"state"`
	FulfilledOn v1alpha1.Date     `json:"fulfilledOn,omitempty"`
	Evidence    string            `json:"evidence,omitempty"`
}

// Role is a role, and how it signed.
type Role struct {
	Role     v1alpha1.SignOffRole `json:"role"`
	Required bool                 `json:"required"`
	// Vacant says that a stand-in may sign for it.
	Vacant bool  `json:"vacant"`
	State  State `json:"state"`
	// Signature that counts; nil if there is none.
	Signature *Signature `json:"signature,omitempty"`
	// Unjudged are signatures for this content of which the operator has not
	// said yet whether they count.
	Unjudged []Signature `json:"unjudged,omitempty"`
	// Void are those that do not count, each with its reason.
	Void []Signature `json:"void,omitempty"`
}

// Signature is a SignOff.
type Signature struct {
	Name                 string                  `json:"name"`
	Outcome              v1alpha1.SignOffOutcome `json:"outcome"`
	SignedBy             v1alpha1.UserName       `json:"signedBy"`
	SignedAt             v1alpha1.Moment         `json:"signedAt,omitempty"`
	OnBehalfOfVacantRole bool                    `json:"onBehalfOfVacantRole,omitempty"`
	Comment              string                  `json:"comment,omitempty"`
	// Why it is void.
	Why string `json:"why,omitempty"`
}

// Support is early-life support: what was agreed for it, and how it goes.
type Support struct {
	Duration            v1alpha1.Duration   `json:"duration,omitempty"`
	MinimumAvailability v1alpha1.Percentage `json:"minimumAvailability,omitempty"`
	// StartedAt and what follows are absent before it begins.
	StartedAt    *metav1.Time        `json:"startedAt,omitempty"`
	EndsAt       *metav1.Time        `json:"endsAt,omitempty"`
	Availability v1alpha1.Percentage `json:"availability,omitempty"`
	Worst        string              `json:"worst,omitempty"`
}
