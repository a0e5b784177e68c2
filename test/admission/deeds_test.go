// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// roleHolder is the name of who holds a role by holder.
const roleHolder = "holder@example.org"

// deed is something that one role is there for, and no other role may do.
type deed struct {
	name string
	// by is the role that may.
	by string
	// verbs of RBAC, on a resource, without which admission is not asked.
	verbs    []string
	resource string
	// policy that refuses others, and its message.
	policy, message string
	do              func(user) error
}

// appliedPart is a part of a Project as somebody applies it who leaves the rest
// to others.
func appliedPart(p *v1alpha1.Project, field string, value any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: object{
		"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "Project",
		"metadata": object{"namespace": p.Namespace, "name": p.Name}, "spec": object{field: value},
	}}
}

// decisionDeeds are the ways in which a body records a decision.
func decisionDeeds(t *testing.T, by string, body v1alpha1.DecisionBody, message string) []deed {
	t.Helper()
	before := kept(t, project(released(requirements)))
	entry := object{"body": string(body), "outcome": "Approved", "decidedOn": "2026-03-12", "reference": "R-1", "decidedBy": roleHolder}
	decides := func(way, verb string, do func(user) error) deed {
		return deed{name: string(body) + " decides, " + way, by: by, verbs: []string{verb}, resource: "projects", policy: "projects", message: message, do: do}
	}
	return []deed{
		decides("updated", "update", func(u user) error { return u.try(update, with(before, decided(body, approved, "R-1", roleHolder))) }),
		decides("patched", "patch", func(u user) error {
			return u.patch(before, object{"spec": object{"decisions": []object{entry}}})
		}),
		decides("applied", "patch", func(u user) error { return u.try(apply, appliedPart(before, "decisions", []any{entry})) }),
	}
}

// signatureDeeds are the ways in which a role signs.
func signatureDeeds(t *testing.T, by string, role v1alpha1.SignOffRole) []deed {
	t.Helper()
	s := signOff(role, signedBy(roleHolder), func(s *v1alpha1.SignOff) { s.Name = "by-" + by })
	applied := asApplied(t, "SignOff", s)
	signs := func(way string, verbs []string, do func(user) error) deed {
		return deed{
			name: string(role) + " signs, " + way, by: by, verbs: verbs, resource: "signoffs",
			policy: "signoffs", message: notRole(role), do: do,
		}
	}
	return []deed{
		signs("created", []string{"create"}, func(u user) error { return u.try(create, s) }),
		signs("applied", []string{"patch", "create"}, func(u user) error { return u.try(apply, applied) }),
	}
}

// TestEachRoleDoesWhatItIsThereFor: each role decides, releases and signs as it
// is installed, in each way in which people write, and no role does what another
// one is there for.
func TestEachRoleDoesWhatItIsThereFor(t *testing.T) {
	t.Parallel()
	open := kept(t, project())
	deeds := []deed{
		{
			"the request is released, updated", "requirements",
			[]string{"update"},
			"projects", "projects", notReleasing,
			func(u user) error { return u.try(update, with(open, released(roleHolder))) },
		},
		{
			"the request is released, applied", "requirements",
			[]string{"patch"},
			"projects", "projects", notReleasing,
			func(u user) error {
				return u.try(apply, appliedPart(open, "request", object{
					"submittedOn": "2026-02-20", "releasedOn": "2026-02-27", "releasedByUser": roleHolder,
				}))
			},
		},
	}
	deeds = append(deeds, decisionDeeds(t, "steering-round", steering, notSteering)...)
	deeds = append(deeds, decisionDeeds(t, "conference", confer, notConference)...)
	deeds = append(deeds, signatureDeeds(t, "project-lead", v1alpha1.RoleProjectLead)...)
	deeds = append(deeds, signatureDeeds(t, "operations", v1alpha1.RoleOperations)...)
	deeds = append(deeds, signatureDeeds(t, "application-manager", v1alpha1.RoleApplicationManagement)...)
	deeds = append(deeds, signatureDeeds(t, "provider-manager", v1alpha1.RoleProviderManagement)...)
	for name, role := range installedRoles(t) {
		u := holder(t, install(t, role), "")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u.awaitRole(t, name)
			for _, d := range deeds {
				t.Run(d.name, func(t *testing.T) { d.try(t, name, u) })
			}
		})
	}
}

// awaitRole returns when the API server knows that the user holds a role.
func (u user) awaitRole(t *testing.T, role string) {
	t.Helper()
	if role != "on-behalf" { // which reads nothing
		u.await(t, "list", "applications", "")
	}
	for _, r := range rightsOfRoles[role] {
		u.await(t, "create", string(r), "")
	}
}

// try has a holder of a role try the deed.
func (d *deed) try(t *testing.T, role string, u user) {
	t.Helper()
	err := d.do(u)
	if role == d.by {
		mustAccept(t, err)
		return
	}
	for _, verb := range d.verbs {
		may, problem := u.may(verb, d.resource, unitOffice)
		if problem != nil {
			t.Fatal(problem)
		}
		if !may {
			mustLackRole(t, err)
			return
		}
	}
	mustRefuse(t, err, d.policy, d.message)
}

// mustLackRole checks that RBAC refused, before any policy was asked.
func mustLackRole(t *testing.T, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) || strings.Contains(err.Error(), "ValidatingAdmissionPolicy") {
		t.Errorf("not refused by RBAC: %v", err)
	}
}

// holding is somebody who holds several roles, as they are installed.
func holding(t *testing.T, name string, roles ...string) user {
	t.Helper()
	installed := installedRoles(t)
	var groups []string
	for _, role := range roles {
		u := holder(t, install(t, installed[role]), "")
		u.awaitRole(t, role)
		groups = append(groups, "holds:"+rolePrefix+role+"@")
	}
	return as(t, name, groups)
}

// The KDZ and the smart-city officer advise the steering round. Whatever else
// they are, they record no decision: neither in their own name, nor in that of
// who decides.
func TestWhoAdvisesDoesNotDecide(t *testing.T) {
	t.Parallel()
	before := kept(t, project(released(requirements)))
	for name, u := range map[string]user{
		"the KDZ":                holding(t, "kdz@example.org", "editor", "operations", "inventory", "provider-manager"),
		"the smart-city officer": holding(t, "smart-city@example.org", "viewer", "editor", "project-lead"),
		"the smart-city officer, who runs a pipeline": holding(t, "smart-city@example.org", "editor", "on-behalf"),
		"the head of requirements management":         holding(t, requirements, "requirements", "on-behalf"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, who := range []string{u.name, inSteeringRound, inConference} {
				mustRefuse(t, u.try(update, with(before, decided(steering, approved, "SR-1", who))), "projects", notSteering)
				mustRefuse(t, u.try(update, with(before, decided(confer, approved, "C-1", who))), "projects", notConference)
			}
			fresh := project(decided(steering, rejected, "SR-1", u.name))
			mustRefuse(t, u.try(create, fresh), "projects", notSteering)
		})
	}
}

// A pipeline records what was reviewed in Git, for whom it acts, with the role of
// the body or the signer beside the right to name others, and with both only.
func TestPipelinesActOnBehalf(t *testing.T) {
	t.Parallel()
	body := holding(t, pipeline, "steering-round", "on-behalf")
	head := holding(t, pipeline, "requirements", "on-behalf")
	operations := holding(t, pipeline, "operations", "on-behalf")
	nobody := holding(t, pipeline, "editor", "on-behalf")
	open := kept(t, project())
	past := signOff(v1alpha1.RoleOperations, signedAt("2026-03-01T09:00:00+01:00"))
	runEvidence(t, "projects", []evidenceCase{
		{"a decision", body, update, with(open, decided(steering, approved, "SR-1", inSteeringRound)), ""},
		{"a decision of the other body", body, update, with(open, decided(confer, approved, "C-1", inConference)), notConference},
		{"a decision without the body's role", head, update, with(open, decided(steering, approved, "SR-1", inSteeringRound)), notSteering},
		{"a release", head, update, with(open, released(requirements)), ""},
		{"a release without the role", body, update, with(open, released(requirements)), notReleasing},
		{"a release by an editor", nobody, update, with(open, released(requirements)), notReleasing},
		{"a decision where it may name nobody", person(t, inSteeringRound, rightSteeringRound, rightNameInProject+"@amt-10"), update, with(open, decided(steering, approved, "SR-1", inConference)), notMyDecision},
		{"a release where it may name nobody", person(t, requirements, rightRelease, rightNameInProject+"@amt-10"), update, with(open, released("somebody@example.org")), notMyRelease},
	})
	runEvidence(t, "signoffs", []evidenceCase{
		{"a signature", operations, create, past, ""},
		{"a signature for another role", operations, create, signOff(v1alpha1.RoleProjectLead), notRole(v1alpha1.RoleProjectLead)},
		{"a signature by an editor", nobody, create, past, notRole(v1alpha1.RoleOperations)},
		{"a signature where it may name nobody", person(t, signer, "handovers/operations", rightNameInSignOff+"@amt-10"), create, signOff(v1alpha1.RoleOperations, signedBy("somebody@example.org")), notMySignOff},
	})
}

// A signature that is kept in Git is applied again and again: that changes
// nothing and nobody minds. Another content under its name is refused.
func TestSignOffsAreAppliedFromGit(t *testing.T) {
	t.Parallel()
	flux := holding(t, pipeline, "operations", "on-behalf")
	s := signOff(v1alpha1.RoleOperations, func(s *v1alpha1.SignOff) {
		s.Name, s.Spec.SignedAt = "applied-from-git", "2026-03-01T09:00:00+01:00"
		s.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "catalogue"}
	})
	applied := asApplied(t, "SignOff", s)
	for range 3 {
		mustAccept(t, flux.do(apply, applied))
	}
	stored := &v1alpha1.SignOff{}
	if err := admin(t).Get(t.Context(), client.ObjectKeyFromObject(s), stored); err != nil {
		t.Fatal(err)
	}
	if stored.Generation != 1 || stored.Spec.SignedBy != signer {
		t.Errorf("stored is generation %d, signed by %s", stored.Generation, stored.Spec.SignedBy)
	}
	relabelled := applied.DeepCopy()
	relabelled.SetLabels(map[string]string{"kustomize.toolkit.fluxcd.io/name": "other"})
	mustRefuse(t, flux.try(apply, relabelled), "signoffs", signOffChanged)
	for field, value := range map[string]string{"comment": "Later", "outcome": "Rejected", "signedBy": "somebody@example.org", "signedAt": "2026-03-02T09:00:00+01:00"} {
		other := applied.DeepCopy()
		if err := unstructured.SetNestedField(other.Object, value, "spec", field); err != nil {
			t.Fatal(err)
		}
		all := person(t, signer, "handovers/operations", rightNameInSignOff)
		for way, err := range map[string]error{
			"applied by the pipeline":                 flux.try(apply, other),
			"patched by whom RBAC lets do everything": all.patch(stored, object{"spec": object{field: value}}),
		} {
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "a sign-off is never changed: create a new one") {
				t.Errorf("another %s, %s: %v", field, way, err)
			}
		}
	}
}

// Whoever takes part in a handover records what is fulfilled, while it is being
// prepared and what was left open afterwards: that is not what is signed.
func TestWhoTakesPartFulfilsCriteria(t *testing.T) {
	t.Parallel()
	for _, stage := range []v1alpha1.HandoverStage{v1alpha1.HandoverVerifying, v1alpha1.HandoverEarlyLifeSupport} {
		before := staged(t, unitOffice, stage)
		fulfilled := with(before, func(h *v1alpha1.Handover) {
			h.Spec.Criteria[1].FulfilledOn, h.Spec.Criteria[1].Evidence = "2026-04-01", "https://wiki.example.org/training"
		})
		for _, role := range []string{"editor", "project-lead", "operations", "application-manager"} {
			t.Run(string(stage)+" "+role, func(t *testing.T) {
				mustAccept(t, holding(t, roleHolder, role).try(update, fulfilled))
			})
		}
		for _, role := range []string{"viewer", "auditor", "steering-round", "conference", "requirements", "inventory", "provider-manager"} {
			t.Run(string(stage)+" "+role, func(t *testing.T) {
				mustLackRole(t, holding(t, roleHolder, role).try(update, fulfilled))
			})
		}
	}
}

// Nobody deletes evidence with all else at once.
func TestEvidenceIsNotDeletedWithAllElse(t *testing.T) {
	t.Parallel()
	const namespace = "evidence-stays"
	stored(t, namespaceOf(namespace, unitOffice))
	staged(t, namespace, v1alpha1.HandoverEarlyLifeSupport)
	kept(t, signOff(v1alpha1.RoleOperations, func(s *v1alpha1.SignOff) { s.Namespace = namespace }))
	mustRefuse(t, writer(t).tryRemoveAll(&v1alpha1.Handover{}, namespace), "handovers", signedKept)
	mustRefuse(t, writer(t).tryRemoveAll(&v1alpha1.SignOff{}, namespace), "signoffs", signOffKept)
}
