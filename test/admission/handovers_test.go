// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// What the policy on Handovers says.
const (
	signedKept     = "a Handover that has been signed is evidence and kept as long as its namespace: leave it, and create another one for what is handed over next"
	signedContent  = "this Handover has been signed: leave projectRef, applicationRefs, operationsUnitRef, supportUnitRef and checks as they are, and create another one for what is handed over next"
	signedCriteria = "this Handover has been signed: leave spec.criteria and what fulfilled them as they are; only a criterion that is still open may be given its fulfilledOn and evidence"
	signedSupport  = "this Handover has been signed: spec.earlyLifeSupport may only be prolonged; leave its minimumAvailability as it is, and its duration at least as long"
)

// handover is a Handover of an office with a criterion that is fulfilled and one
// that is not.
func handover(namespace string) *v1alpha1.Handover {
	optional := false
	return &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "handover"},
		Spec: v1alpha1.HandoverSpec{
			ProjectRef:        v1alpha1.ProjectReference{Name: "project"},
			ApplicationRefs:   []v1alpha1.ApplicationReference{{Name: "termine"}},
			OperationsUnitRef: v1alpha1.UnitReference{Name: unitWeb},
			Criteria: []v1alpha1.HandoverCriterion{
				{Name: "manual", Description: "Manual", FulfilledOn: "2026-03-01", Evidence: "https://wiki.example.org"},
				{Name: "training", Description: "Training", Required: &optional},
			},
			EarlyLifeSupport: &v1alpha1.EarlyLifeSupport{Duration: "720h", MinimumAvailability: "99.0"},
		},
	}
}

// staged stores a Handover in a stage, as the operator would tell it.
func staged(t *testing.T, namespace string, stage v1alpha1.HandoverStage) *v1alpha1.Handover {
	t.Helper()
	h := kept(t, handover(namespace))
	h.Status.Stage = stage
	if err := admin(t).Status().Update(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	return h
}

// handoverChanges are the changes of what was signed, and what refuses them.
func handoverChanges() map[string]struct {
	edit    func(*v1alpha1.Handover)
	message string
} {
	type change = struct {
		edit    func(*v1alpha1.Handover)
		message string
	}
	return map[string]change{
		"project":         {func(h *v1alpha1.Handover) { h.Spec.ProjectRef.Name = "other" }, signedContent},
		"applications":    {func(h *v1alpha1.Handover) { h.Spec.ApplicationRefs[0].Name = "other" }, signedContent},
		"operating unit":  {func(h *v1alpha1.Handover) { h.Spec.OperationsUnitRef.Name = "kdz-16-03-02" }, signedContent},
		"supporting unit": {func(h *v1alpha1.Handover) { h.Spec.SupportUnitRef = unitRef("kdz-16-02-01") }, signedContent},
		"checks":          {func(h *v1alpha1.Handover) { h.Spec.Checks = h.Spec.Checks[1:] }, signedContent},
		"criterion removed": {func(h *v1alpha1.Handover) {
			h.Spec.Criteria = h.Spec.Criteria[:1]
		}, signedCriteria},
		"criteria removed": {func(h *v1alpha1.Handover) { h.Spec.Criteria = nil }, signedCriteria},
		"criterion added": {func(h *v1alpha1.Handover) {
			h.Spec.Criteria = append(h.Spec.Criteria, v1alpha1.HandoverCriterion{Name: "more", Description: "More"})
		}, signedCriteria},
		"criterion exchanged": {func(h *v1alpha1.Handover) { h.Spec.Criteria[1].Name = "other" }, signedCriteria},
		"criterion reworded":  {func(h *v1alpha1.Handover) { h.Spec.Criteria[1].Description = "Other" }, signedCriteria},
		"criterion required":  {func(h *v1alpha1.Handover) { h.Spec.Criteria[1].Required = nil }, signedCriteria},
		"fulfilment taken back": {func(h *v1alpha1.Handover) {
			h.Spec.Criteria[0].FulfilledOn, h.Spec.Criteria[0].Evidence = "", ""
		}, signedCriteria},
		"evidence changed":     {func(h *v1alpha1.Handover) { h.Spec.Criteria[0].Evidence = "" }, signedCriteria},
		"support shortened":    {func(h *v1alpha1.Handover) { h.Spec.EarlyLifeSupport.Duration = "719h" }, signedSupport},
		"support dropped":      {func(h *v1alpha1.Handover) { h.Spec.EarlyLifeSupport = nil }, signedSupport},
		"availability lowered": {func(h *v1alpha1.Handover) { h.Spec.EarlyLifeSupport.MinimumAvailability = "1" }, signedSupport},
	}
}

func TestHandoversThatAreSigned(t *testing.T) {
	t.Parallel()
	for _, stage := range []v1alpha1.HandoverStage{v1alpha1.HandoverEarlyLifeSupport, v1alpha1.HandoverCompleted} {
		t.Run(string(stage), func(t *testing.T) {
			before := staged(t, unitOffice, stage)
			cases := []evidenceCase{
				{"nothing changed", editor(t), update, before, ""},
				{"deleted", editor(t), remove, before, signedKept},
				{"deleted by whom RBAC lets do everything", writer(t), remove, before, signedKept},
				{"another day", editor(t), update, with(before, func(h *v1alpha1.Handover) { h.Spec.DueOn = "2027-01-01" }), ""},
				{"open criterion fulfilled", editor(t), update, with(before, func(h *v1alpha1.Handover) {
					h.Spec.Criteria[1].FulfilledOn, h.Spec.Criteria[1].Evidence = "2026-04-01", "https://wiki.example.org/training"
				}), ""},
				{"criteria in another order", editor(t), update, with(before, func(h *v1alpha1.Handover) { slices.Reverse(h.Spec.Criteria) }), ""},
				{"support prolonged", editor(t), update, with(before, func(h *v1alpha1.Handover) {
					h.Spec.EarlyLifeSupport.Duration = "1440h"
				}), ""},
			}
			for name, change := range handoverChanges() {
				cases = append(cases, evidenceCase{name, writer(t), update, with(before, change.edit), change.message})
			}
			runEvidence(t, "handovers", cases)
		})
	}
}

func TestHandoversThatAreNotSigned(t *testing.T) {
	t.Parallel()
	cases := []evidenceCase{{"created", editor(t), create, handover(unitOffice), ""}}
	for _, stage := range []v1alpha1.HandoverStage{
		"", v1alpha1.HandoverPreparing, v1alpha1.HandoverVerifying, v1alpha1.HandoverAwaitingSignOff, v1alpha1.HandoverRejected,
	} {
		before := kept(t, handover(unitOffice))
		if stage != "" {
			before = staged(t, unitOffice, stage)
		}
		cases = append(cases, evidenceCase{string(stage) + " deleted", editor(t), remove, before, ""})
		for name, change := range handoverChanges() {
			cases = append(cases, evidenceCase{string(stage) + " " + name, editor(t), update, with(before, change.edit), ""})
		}
	}
	runEvidence(t, "handovers", cases)
}
