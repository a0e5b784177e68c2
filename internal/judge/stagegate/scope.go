// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Scope is all that a project is judged by. Judging changes nothing in it.
type Scope struct {
	// Project of which the spec is judged; of the status nothing is read.
	Project *v1alpha1.Project
	// Policy on projects; nil means that none is agreed: nothing may take the
	// fast lane, and nobody is named who leads.
	Policy *v1alpha1.ProjectPolicy
	// LeadUnits are the units that lead projects: the policy's and all below it.
	LeadUnits map[v1alpha1.ObjectName]bool
	// Predecessors are the projects of spec.dependsOn, in its order.
	Predecessors []Predecessor
	// Parts are the projects that name this one as their parent, by key.
	Parts []Part
	// Deliverables are the Applications of spec.deliverables, in its order.
	Deliverables []Deliverable
	// Offered are the online services that Applications offer, with the highest
	// maturity that one of them has.
	Offered map[Service]int32
	// Cycle is the way from the project back to itself through its parents or
	// its predecessors, as names; empty if there is none.
	Cycle []string
	// Now is the present moment.
	Now time.Time
}

// Predecessor is a project that must come first.
type Predecessor struct {
	// Key of the project.
	Key types.NamespacedName
	// Exists is whether there is such a project.
	Exists bool
	// Stage of it; empty as long as it was not judged.
	Stage v1alpha1.ProjectStage
}

// Part is a sub-project.
type Part struct {
	// Key of the project.
	Key types.NamespacedName
	// Stage of it; empty as long as it was not judged.
	Stage v1alpha1.ProjectStage
	// Overdue is whether its condition OnSchedule is False.
	Overdue bool
}

// Deliverable is an Application that the project delivers, with the handover of
// this project that names it and has come furthest.
type Deliverable struct {
	// Key of the Application.
	Key types.NamespacedName
	// Exists is whether there is such an Application.
	Exists bool
	// Handover is the key of the handover; empty if none names it.
	Handover types.NamespacedName
	// Stage of the handover; empty as long as it was not judged.
	Stage v1alpha1.HandoverStage
}

// Service is an online service: its name in the OZG catalogue, and that of the
// single service.
type Service struct{ OZGService, Name string }

// Finding is what a condition says.
type Finding struct {
	// Status of the condition.
	Status metav1.ConditionStatus
	// Reason of it, and a Message for people.
	Reason, Message string
}

// Verdict is how far a project has come, and what is to be done next.
type Verdict struct {
	// Stage as the evidence says.
	Stage v1alpha1.ProjectStage
	// Asserted is whether the stage is only what a paper says of it.
	Asserted bool
	// Missing is what a person must do next, the most pressing first; at most 32.
	Missing []v1alpha1.MissingItem
	// Contradictions between pieces of evidence, each naming both fields. With
	// any of them the stage is the last one that is free of doubt.
	Contradictions []string
	// Milestones counts them; nil if there is none.
	Milestones *v1alpha1.MilestoneSummary
	// Subprojects counts them; nil if there is none.
	Subprojects *v1alpha1.SubprojectSummary
	// Deliverables counts them; nil if there is none.
	Deliverables *v1alpha1.DeliverableSummary
	// OnlineServices counts them; nil if there is none to deliver.
	OnlineServices *v1alpha1.OnlineServiceSummary
	// Rank that the decision which counts gave; nil if it gave none.
	Rank *int32
	// Approved, OnSchedule, HandedOver and LedByMainOffice are conditions that
	// each project has.
	Approved, OnSchedule, HandedOver, LedByMainOffice Finding
	// WithinBudget is the condition of a project with a budget; nil without.
	WithinBudget *Finding
	// DecisionLeadTime is the whole days from the submission of the request to
	// the first decision that binds; nil if one of both is missing.
	DecisionLeadTime *int32
	// Next is the first moment at which the verdict can change by time alone;
	// zero if there is none.
	Next time.Time
}
