// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// TestVoid: a signature that does not count is told of with the reason, and never
// brings the handover on.
func TestVoid(t *testing.T) {
	w := newWorld(t)
	h := w.handover()
	o := w.start()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))

	old := func(s *v1alpha1.SignOff) { s.Spec.ContentHash = "v1:" + v1alpha1.ContentHash(strings.Repeat("0", 64)) }
	standsIn := func(s *v1alpha1.SignOff) { s.Spec.OnBehalfOfVacantRole = true }
	w.sign(h, "old", v1alpha1.RoleApplicationManagement, "management@example.org", old)
	w.sign(h, "lead-operates", v1alpha1.RoleOperations, lead)
	w.sign(h, "not-vacant", v1alpha1.RoleApplicationManagement, "management@example.org", standsIn)
	w.sign(h, "first", v1alpha1.RoleOperations, "operations@example.org")
	w.await(h, tells("first", ""))
	w.sign(h, "second", v1alpha1.RoleOperations, "deputy@example.org", func(s *v1alpha1.SignOff) { s.Spec.SignedAt = "2027-03-01T12:00:00Z" })
	w.sign(h, "two-roles", v1alpha1.RoleProjectLead, "deputy@example.org", func(s *v1alpha1.SignOff) { s.Spec.SignedAt = "2027-03-01T13:00:00Z" })
	elsewhere := w.sign(h, "elsewhere", v1alpha1.RoleProjectLead, lead, func(s *v1alpha1.SignOff) { s.Spec.HandoverRef.Name = "another" })

	got := w.await(h, tells("old", v1alpha1.VoidOtherContent), tells("lead-operates", v1alpha1.VoidProjectLead),
		tells("not-vacant", v1alpha1.VoidNotVacant), tells("first", v1alpha1.VoidSuperseded), tells("second", ""), tells("two-roles", v1alpha1.VoidSameSigner),
		in(v1alpha1.HandoverAwaitingSignOff), lacks(v1alpha1.MissingSignOff, "ProjectLead"), lacks(v1alpha1.MissingSignOff, "ApplicationManagement"))
	if tells(elsewhere.Name, "")(got) == "" {
		t.Error("a signature under another Handover counts")
	}

	// Each is announced once, also to the next operator.
	w.settled()
	o = w.restart(o, 0)
	w.settled()
	if again := drain(o); len(again) != 0 {
		t.Errorf("Events after a restart: %q", again)
	}
}

// TestVoidIsAnnouncedOnce: when it is first told, and never again.
func TestVoidIsAnnouncedOnce(t *testing.T) {
	w := newWorld(t)
	h := w.handover()
	o := w.start()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.sign(h, "lead-operates", v1alpha1.RoleOperations, lead)
	w.await(h, tells("lead-operates", v1alpha1.VoidProjectLead))
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead, func(s *v1alpha1.SignOff) { s.Spec.ContentHash = "v1:" + v1alpha1.ContentHash(strings.Repeat("0", 64)) })
	w.await(h, tells("lead", v1alpha1.VoidOtherContent))
	w.announced(o, "Warning SignOffVoid SignOff lead of lead@example.org for ProjectLead does not count: OtherContent",
		"Warning SignOffVoid SignOff lead-operates of lead@example.org for Operations does not count: ProjectLead")
}

// TestProjectLeadChanges: who came to lead the project cannot have signed for
// Operations.
func TestProjectLeadChanges(t *testing.T) {
	w := newWorld(t)
	w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.sign(h, "operations", v1alpha1.RoleOperations, "operations@example.org")
	w.await(h, tells("operations", ""))
	controllertest.Alter(w.World, w.project("online-terminvergabe"), func(p *v1alpha1.Project) { p.Spec.Lead.User = "operations@example.org" })
	w.await(h, tells("operations", v1alpha1.VoidProjectLead))
}

// TestVacantRole: somebody else signs for a role that the policy lists as vacant,
// from the moment on at which it does.
func TestVacantRole(t *testing.T) {
	w := newWorld(t)
	w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead)
	w.sign(h, "operations", v1alpha1.RoleOperations, "operations@example.org")
	w.sign(h, "stand-in", v1alpha1.RoleApplicationManagement, "provider@example.org", func(s *v1alpha1.SignOff) { s.Spec.OnBehalfOfVacantRole = true })
	w.await(h, tells("stand-in", v1alpha1.VoidNotVacant), in(v1alpha1.HandoverAwaitingSignOff))

	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	policy.Spec.Centralisation.ProviderUnitRef = v1alpha1.UnitReference{Name: "kdz-16"}
	policy.Spec.Handovers = &v1alpha1.HandoverPolicy{
		RequiredSignOffs: []v1alpha1.SignOffRole{v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement, v1alpha1.RoleProviderManagement},
		VacantRoles:      []v1alpha1.SignOffRole{v1alpha1.RoleApplicationManagement},
	}
	w.Create(policy)
	w.await(h, tells("stand-in", ""), in(v1alpha1.HandoverAwaitingSignOff), lacks(v1alpha1.MissingSignOff, "ProviderManagement"))
	controllertest.Alter(w.World, policy, func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Handovers.RequiredSignOffs = p.Spec.Handovers.RequiredSignOffs[:3]
	})
	w.await(h, in(v1alpha1.HandoverEarlyLifeSupport))
}

// TestRejection: a role says why not; what it says is mended, or it thinks again.
func TestRejection(t *testing.T) {
	w := newWorld(t)
	h := w.handover(func(h *v1alpha1.Handover) { h.Spec.EarlyLifeSupport = nil })
	o := w.start()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	rejects := func(s *v1alpha1.SignOff) {
		s.Spec.Outcome, s.Spec.Comment = v1alpha1.SignOffRejected, "the operations manual lacks the restart"
	}
	w.sign(h, "no", v1alpha1.RoleOperations, "operations@example.org", rejects)
	w.await(h, in(v1alpha1.HandoverRejected), lacks(v1alpha1.MissingResubmission, "lacks the restart"),
		is(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverRejected))
	w.announced(o, "Warning Rejected from AwaitingSignOff to Rejected: a role rejected the handover as it is; next: Operations (operations@example.org) rejected it: “the operations manual lacks the restart”")

	// Another content is another question.
	controllertest.Alter(w.World, h, func(h *v1alpha1.Handover) {
		h.Spec.Criteria[0].Description = "Operations manual handed over, with the restart"
	})
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff), tells("no", v1alpha1.VoidOtherContent))
	w.announced(o, "Normal AwaitingSignOff from Rejected to AwaitingSignOff", "Warning SignOffVoid SignOff no of")

	// The same content is accepted by whoever rejected it, later.
	w.sign(h, "not-yet", v1alpha1.RoleOperations, "operations@example.org", rejects)
	w.await(h, in(v1alpha1.HandoverRejected))
	w.sign(h, "yes", v1alpha1.RoleOperations, "operations@example.org", func(s *v1alpha1.SignOff) { s.Spec.SignedAt = "2027-03-01T12:00:00Z" })
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff), tells("not-yet", v1alpha1.VoidSuperseded), tells("yes", ""))
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead)
	w.sign(h, "management", v1alpha1.RoleApplicationManagement, "management@example.org")
	w.await(h, in(v1alpha1.HandoverCompleted), is(v1alpha1.ConditionHandedOver, metav1.ConditionTrue, v1alpha1.ReasonHandedOver))
}
