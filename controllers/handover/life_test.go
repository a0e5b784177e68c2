// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// reapply has Git apply a Handover as it stands there, ten times, each from
// another commit.
func (w *world) reapply(git *v1alpha1.Handover) {
	w.Helper()
	for i := range 10 {
		controllertest.Alter(w.World, git, func(h *v1alpha1.Handover) {
			h.Spec = *git.Spec.DeepCopy()
			h.Annotations = map[string]string{"example.org/commit": fmt.Sprint(i)}
		})
	}
}

// unchanged has something done that must change nothing of a status.
func (w *world) unchanged(o *controllertest.Operator, h *v1alpha1.Handover, do func()) {
	w.Helper()
	before, writes := controllertest.Get(w.World, h), o.Written(h.Name)
	do()
	w.settled()
	if diff := cmp.Diff(before.Status, controllertest.Get(w.World, h).Status); diff != "" {
		w.Errorf("the status changed (-before +after):\n%s", diff)
	}
	if n := o.Written(h.Name) - writes; n != 0 {
		w.Errorf("%d writes", n)
	}
}

// TestLife leads example 08 through its whole life.
func TestLife(t *testing.T) {
	w := newWorld(t)
	git, app := w.example()
	git.Spec.StableFor = "1s"
	w.Create(git.DeepCopy(), app)
	o := w.start()

	h := w.await(git, in(v1alpha1.HandoverVerifying), is(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete),
		is(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule), is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
	if len(h.Status.Results) != 7 {
		t.Errorf("%d results, want one of each check", len(h.Status.Results))
	}
	since := h.Status.StageSince

	// The checks hold from now on; that they held for long enough nobody tells.
	w.passing(app, w.clock.Now())
	h = w.await(git, in(v1alpha1.HandoverAwaitingSignOff), lacks(v1alpha1.MissingCriterion, "training"))
	for _, r := range h.Status.Results {
		if !*r.Passed || r.Message == "" || r.Since == nil {
			t.Errorf("result without evidence: %+v", r)
		}
	}
	if !since.Before(h.Status.StageSince) {
		t.Errorf("the stage changed, and is still since %s", since)
	}

	// Two sign; Git applies in between what it applied before.
	w.sign(git, "lead", v1alpha1.RoleProjectLead, lead)
	w.sign(git, "operations", v1alpha1.RoleOperations, "operations@example.org")
	h = w.await(git, tells("lead", ""), tells("operations", ""), lacks(v1alpha1.MissingSignOff, "ApplicationManagement"))
	if n := len(h.Status.SignOffs); n != 2 {
		t.Errorf("%d sign-offs are told of, want 2", n)
	}
	w.unchanged(o, git, func() { w.reapply(git) })
	w.announced(o, "Normal AwaitingSignOff from Verifying to AwaitingSignOff")

	// Another criterion is other content; Git fights nobody over that.
	hash := h.Status.ContentHash
	git.Spec.Criteria[1].Description = "Service desk, users and deputies trained"
	w.reapply(git)
	h = w.await(git, tells("lead", v1alpha1.VoidOtherContent), tells("operations", v1alpha1.VoidOtherContent), in(v1alpha1.HandoverAwaitingSignOff))
	if h.Status.ContentHash == hash {
		t.Error("other content has the same hash")
	}
	w.unchanged(o, git, func() { w.reapply(git) })
	w.announced(o, "Warning SignOffVoid SignOff lead of "+lead+" for ProjectLead does not count: OtherContent",
		"Warning SignOffVoid SignOff operations of operations@example.org for Operations does not count: OtherContent")

	// What fulfils a criterion is not signed, so that the signatures stand.
	w.signAll(git)
	w.await(git, tells("all-operations", ""), tells("all-projectlead", ""), tells("all-applicationmanagement", ""), in(v1alpha1.HandoverAwaitingSignOff))
	git.Spec.Criteria[1].FulfilledOn, git.Spec.Criteria[2].FulfilledOn = "2027-03-01", "2027-03-01"
	w.reapply(git)
	h = w.await(git, in(v1alpha1.HandoverEarlyLifeSupport), is(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport))
	if support := h.Status.EarlyLifeSupport; support.EndsAt.Sub(support.StartedAt.Time) != 720*time.Hour || len(support.Accounts) != 1 {
		t.Errorf("early-life support: %+v", support)
	}
	if n, _ := o.Metric("kdz_handovers", "stage", "EarlyLifeSupport"); n != 1 {
		t.Errorf("%v Handovers are in early-life support", n)
	}

	// It ends by itself.
	w.account(app.Name, v1alpha1.AccountTotals{Agreed: 788400, Charged: 3942, Unobserved: 400})
	o = w.restart(o, 720*time.Hour)
	h = w.await(git, in(v1alpha1.HandoverCompleted), is(v1alpha1.ConditionHandedOver, metav1.ConditionTrue, v1alpha1.ReasonHandedOver),
		is(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonEnded))
	if support := h.Status.EarlyLifeSupport; support.Availability != "99.49974" || support.Worst != app.Name || len(h.Status.Missing) != 0 {
		t.Errorf("at the end: %+v, missing %+v", support, h.Status.Missing)
	}
	w.announced(o, "Normal Completed from EarlyLifeSupport to Completed")
	w.unchanged(o, git, func() { w.reapply(git) })
}
