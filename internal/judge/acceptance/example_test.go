// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// example is what a user writes, as it was just created.
func example(t *testing.T) *acceptance.Scope {
	t.Helper()
	data, err := os.ReadFile("../../../test/examples/08-handover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(data, []byte("\n---\n"))
	h, app := &v1alpha1.Handover{}, &v1alpha1.Application{}
	for i, into := range []any{h, app} {
		if err := yaml.Unmarshal(documents[i], into); err != nil {
			t.Fatal(err)
		}
	}
	app.Generation, h.Generation = 1, 1
	return &acceptance.Scope{
		Handover: h, Policy: &v1alpha1.HandoverPolicy{VacantRoles: []v1alpha1.SignOffRole{v1alpha1.RoleApplicationManagement}},
		Applications: []acceptance.Application{{Name: "termine", Object: app}}, ProjectLead: "lead@example.org", Now: now,
	}
}

// well lets an Application be judged, and everything of it be well.
func well(s *acceptance.Scope) {
	app := s.Applications[0].Object
	app.Status.ObservedGeneration = app.Generation
	for _, kind := range []string{"EndpointsAvailable", "BackedUp", "ServiceLevelMet", "Centralised"} {
		app.Status.Conditions = append(app.Status.Conditions, metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: "Well", ObservedGeneration: app.Generation, LastTransitionTime: metav1.NewTime(s.Now),
		})
	}
}

// TestExample: the example lives as its comments say.
func TestExample(t *testing.T) {
	s := example(t)
	const hash = "v1:e546393497074b3ba82424c1170b4a2686121bff0f5b3174fbbe58d0e3f507af"
	then := func(name string, after time.Duration, change func(), stage v1alpha1.HandoverStage, missing string) *acceptance.Verdict {
		t.Helper()
		s.Now = s.Now.Add(after)
		if change != nil {
			change()
		}
		v := acceptance.Judge(s)
		if v.Stage != stage || reasons(v) != missing {
			t.Fatalf("%s: stage %s, missing:\n%s", name, v.Stage, messages(v))
		}
		s = told(t, s, v)
		return v
	}
	v := then("created", 0, nil, "Verifying", "NotStableYet CriterionNotFulfilled CriterionNotFulfilled CheckFailed")
	if v.ContentHash != hash {
		t.Errorf("hash %s, want %s", v.ContentHash, hash)
	}
	then("judged", 20*time.Second, func() { well(s) }, "Verifying", "NotStableYet CriterionNotFulfilled CriterionNotFulfilled")
	then("a moment before", 29*time.Second, nil, "Verifying", "NotStableYet CriterionNotFulfilled CriterionNotFulfilled")
	then("stable", time.Second, nil, "AwaitingSignOff", "CriterionNotFulfilled CriterionNotFulfilled SignOffMissing SignOffMissing SignOffMissing")
	then("two sign", time.Minute, func() {
		sign("lead", "ProjectLead", 0)(s)
		sign("operations", "Operations", 0)(s)
	}, "AwaitingSignOff", "CriterionNotFulfilled CriterionNotFulfilled SignOffMissing")
	then("a criterion is fulfilled", time.Minute, func() { s.Handover.Spec.Criteria[1].FulfilledOn = "2027-03-10" },
		"AwaitingSignOff", "CriterionNotFulfilled SignOffMissing")
	then("a criterion is changed", time.Minute, func() { s.Handover.Spec.Criteria[2].Description = "Assessment released and published" },
		"AwaitingSignOff", "CriterionNotFulfilled SignOffMissing SignOffMissing SignOffMissing")
	then("it is changed back, and rejected", time.Minute, func() {
		s.Handover.Spec.Criteria[2].Description = "Data protection assessment released"
		sign("no", "ApplicationManagement", 0, rejects("where is the assessment?"), standingIn)(s)
	}, "Rejected", "SignOffRejected CriterionNotFulfilled")
	then("the assessment is there", time.Minute, func() { s.Handover.Spec.Criteria[2].FulfilledOn = "2027-03-12" }, "Rejected", "SignOffRejected")
	v = then("and signed", time.Minute, func() { sign("yes", "ApplicationManagement", -time.Second, standingIn)(s) }, "EarlyLifeSupport", "")
	if !v.Next.Equal(s.Now.Add(720 * time.Hour)) {
		t.Errorf("next %v", v.Next)
	}
	then("its time is over", 720*time.Hour, func() { observed(720*3600, 3600)(s) }, "Completed", "")
}
