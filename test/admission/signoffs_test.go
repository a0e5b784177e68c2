// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// rightNameInSignOff lets sign in another person's name.
const rightNameInSignOff right = "signoffs/onbehalf"

// What the policy on SignOffs says.
const (
	signOffKept    = "a SignOff is evidence and kept as long as its namespace: leave it, and sign anew by another SignOff"
	signOffChanged = "a SignOff is never changed: leave it, and sign anew by another SignOff"
	signOffBare    = "a SignOff is kept as long as its namespace: leave out metadata.ownerReferences and metadata.finalizers"
	notVacant      = "the GovernancePolicy does not list this spec.role as vacant (spec.handovers.vacantRoles): leave out spec.onBehalfOfVacantRole, and have somebody sign who holds the role"
	notStandingIn  = "you may not stand in for a vacant role: have somebody sign who holds another role of the handover (a right on handovers, such as handovers/providermanagement; that of the project lead does not do for Operations)"
	notMySignOff   = "spec.signedBy must be your own user name operations@example.org: set it, or have the other person sign (right signoffs/onbehalf lets a pipeline name others)"
	signedLater    = "spec.signedAt lies in the future: set it to the moment at which you sign"
	signedLongAgo  = "spec.signedAt is more than a day ago: set it to the moment at which you sign (right signoffs/onbehalf lets a pipeline record earlier ones)"
)

func notRole(role v1alpha1.SignOffRole) string {
	return "you may not sign for " + string(role) + ": have somebody sign who holds that role (right " + string(roleRight(role)) + "), or set spec.role to one that you hold"
}

// roleRight is the right to sign for a role.
func roleRight(role v1alpha1.SignOffRole) right {
	return right("handovers/" + strings.ToLower(string(role)))
}

// signer is who signs in these tests.
const signer = "operations@example.org"

// ago is a moment before now.
func ago(d time.Duration) v1alpha1.Moment {
	return v1alpha1.Moment(time.Now().Add(-d).UTC().Format(time.RFC3339Nano))
}

// signOff is a signature of the signer for a role, just now.
func signOff(role v1alpha1.SignOffRole, edits ...func(*v1alpha1.SignOff)) *v1alpha1.SignOff {
	return with(&v1alpha1.SignOff{
		ObjectMeta: metav1.ObjectMeta{Namespace: unitOffice, Name: "signoff"},
		Spec: v1alpha1.SignOffSpec{
			HandoverRef: v1alpha1.LocalHandoverReference{Name: "handover"},
			Role:        role,
			Outcome:     v1alpha1.SignOffAccepted,
			ContentHash: v1alpha1.ContentHash("v1:" + strings.Repeat("a", 64)),
			SignedBy:    signer,
			SignedAt:    ago(0),
		},
	}, edits...)
}

// standIn has the signer stand in for a vacant role.
func standIn(s *v1alpha1.SignOff) { s.Spec.OnBehalfOfVacantRole = true }

// signedAt changes the moment of the signature.
func signedAt(at v1alpha1.Moment) func(*v1alpha1.SignOff) {
	return func(s *v1alpha1.SignOff) { s.Spec.SignedAt = at }
}

// signedBy changes who signs.
func signedBy(name string) func(*v1alpha1.SignOff) {
	return func(s *v1alpha1.SignOff) { s.Spec.SignedBy = v1alpha1.UserName(name) }
}

var signOffRoles = []v1alpha1.SignOffRole{
	v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement, v1alpha1.RoleProviderManagement,
}

func TestSignOffsNeedTheRightOfTheirRole(t *testing.T) {
	t.Parallel()
	var cases []evidenceCase
	for _, role := range signOffRoles {
		var others []right
		for _, other := range signOffRoles {
			if other != role {
				others = append(others, roleRight(other))
			}
		}
		name := string(role)
		cases = append(
			cases,
			evidenceCase{name, person(t, signer, roleRight(role)), create, signOff(role), ""},
			evidenceCase{name + " here only", person(t, signer, roleRight(role)+"@amt-33"), create, signOff(role), ""},
			evidenceCase{name + " elsewhere only", person(t, signer, roleRight(role)+"@amt-10"), create, signOff(role), notRole(role)},
			evidenceCase{name + " by an editor", as(t, signer, []string{roleEditor}), create, signOff(role), notRole(role)},
			evidenceCase{name + " by all other roles", person(t, signer, others...), create, signOff(role), notRole(role)},
		)
	}
	runEvidence(t, "signoffs", cases)
}

func TestSignOffsForVacantRoles(t *testing.T) {
	t.Parallel()
	// The catalogue's policy lists this role as vacant, and no other.
	const vacant = v1alpha1.RoleApplicationManagement
	runEvidence(t, "signoffs", []evidenceCase{
		{"by the project lead", person(t, signer, "handovers/projectlead"), create, signOff(vacant, standIn), ""},
		{"by operations", person(t, signer, "handovers/operations"), create, signOff(vacant, standIn), ""},
		{"by provider management", person(t, signer, "handovers/providermanagement"), create, signOff(vacant, standIn), ""},
		{"by an editor", as(t, signer, []string{roleEditor}), create, signOff(vacant, standIn), notStandingIn},
		{"by who holds the role", person(t, signer, roleRight(vacant)), create, signOff(vacant, standIn), notStandingIn},
		{"by another role without saying so", person(t, signer, "handovers/operations"), create, signOff(vacant), notRole(vacant)},
		{"for a role that is not vacant", person(t, signer, "handovers/projectlead"), create, signOff(v1alpha1.RoleOperations, standIn), notVacant},
		{"for their own role, which is not vacant", person(t, signer, "handovers/operations"), create, signOff(v1alpha1.RoleOperations, standIn), notVacant},
	})
}

// All roles vacant: who may stand in for whom.
func TestWhoStandsInForWhom(t *testing.T) {
	withPolicy(t, func(p *v1alpha1.GovernancePolicy) { p.Spec.Handovers.VacantRoles = signOffRoles }, func() error {
		return person(t, signer, "handovers/projectlead").try(create, signOff(v1alpha1.RoleProviderManagement, standIn))
	})
	var cases []evidenceCase
	for _, role := range signOffRoles {
		for _, holder := range signOffRoles {
			message := ""
			if holder == role || holder == v1alpha1.RoleProjectLead && role == v1alpha1.RoleOperations {
				message = notStandingIn
			}
			cases = append(cases, evidenceCase{
				string(holder) + " for " + string(role), person(t, signer, roleRight(holder)), create, signOff(role, standIn), message,
			})
		}
	}
	runEvidence(t, "signoffs", cases)
}

func TestSignOffsAreInOnesOwnNameAndOfTheDay(t *testing.T) {
	t.Parallel()
	const role = v1alpha1.RoleOperations
	by := person(t, signer, "handovers/operations")
	flux := person(t, pipeline, "handovers/operations", rightNameInSignOff)
	stamped := func(at string) func(*v1alpha1.SignOff) {
		return func(s *v1alpha1.SignOff) {
			moment, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			s.ManagedFields = []metav1.ManagedFieldsEntry{{
				Manager: "forger", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "kdz.mainz.de/v1alpha1",
				Time: &metav1.Time{Time: moment}, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:comment":{}}}`),
			}}
		}
	}
	unstamped := func(s *v1alpha1.SignOff) { s.ManagedFields = []metav1.ManagedFieldsEntry{{}} }
	born := func(s *v1alpha1.SignOff) { s.CreationTimestamp = metav1.Time{Time: time.Now().Add(240 * time.Hour)} }
	ahead := signedAt(ago(-240 * time.Hour))
	runEvidence(t, "signoffs", []evidenceCase{
		{"in another's name", by, create, signOff(role, signedBy("somebody@example.org")), notMySignOff},
		{"in another's name by a pipeline", flux, create, signOff(role), ""},
		{"in the pipeline's name", flux, create, signOff(role, signedBy(pipeline)), ""},
		{"by a pipeline without the role", person(t, pipeline, rightNameInSignOff), create, signOff(role), notRole(role)},
		{"by a clock that is a little ahead", by, create, signOff(role, signedAt(ago(-2*time.Minute))), ""},
		{"ahead", by, create, signOff(role, signedAt(ago(-10*time.Minute))), signedLater},
		{"ahead by a pipeline", flux, create, signOff(role, signedAt(ago(-10*time.Minute))), signedLater},
		{"ahead, with a stamp of then", by, create, signOff(role, ahead, stamped("2099-01-01T00:00:00Z")), signedLater},
		{"ahead, without stamps", by, create, signOff(role, ahead, unstamped), signedLater},
		{"ahead, created then", by, create, signOff(role, ahead, born), signedLater},
		{"hours ago", by, create, signOff(role, signedAt(ago(23*time.Hour))), ""},
		{"days ago", by, create, signOff(role, signedAt(ago(25*time.Hour))), signedLongAgo},
		{"days ago, in another zone", by, create, signOff(role, signedAt("2026-01-01T00:00:00+02:00")), signedLongAgo},
		{"days ago, with a stamp of then", by, create, signOff(role, signedAt("2026-01-01T00:00:00Z"), stamped("2026-01-01T00:00:00Z")), signedLongAgo},
		{"days ago, without stamps", by, create, signOff(role, signedAt(ago(25*time.Hour)), unstamped), signedLongAgo},
		{"days ago by a pipeline", flux, create, signOff(role, signedAt("2026-01-01T00:00:00Z")), ""},
	})
}

func TestSignOffsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	const role = v1alpha1.RoleOperations
	all := person(t, signer, "handovers/operations", rightNameInSignOff)
	labelled := func(s *v1alpha1.SignOff) { s.Labels = map[string]string{"a": "b"} }
	noted := func(s *v1alpha1.SignOff) { s.Annotations = map[string]string{"a": "b"} }
	held := func(s *v1alpha1.SignOff) { s.Finalizers = []string{"example.org/hold"} }
	owned := func(s *v1alpha1.SignOff) {
		s.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "a", UID: "b"}}
	}
	before := kept(t, signOff(role, func(s *v1alpha1.SignOff) { s.Labels = map[string]string{"of": "origin"} }))
	runEvidence(t, "signoffs", []evidenceCase{
		{"with labels and annotations", all, create, signOff(role, labelled, noted), ""},
		{"with a finalizer", all, create, signOff(role, held), signOffBare},
		{"with an owner", all, create, signOff(role, owned), signOffBare},
		{"nothing changed", all, update, before, ""},
		{"another label", all, update, with(before, labelled), signOffChanged},
		{"another annotation", all, update, with(before, noted), signOffChanged},
		{"an owner", all, update, with(before, owned), signOffChanged},
		{"a finalizer", all, update, with(before, held), signOffChanged},
		{"deleted", all, remove, before, signOffKept},
		{"deleted by whom RBAC lets do everything", writer(t), remove, before, signOffKept},
	})
}
