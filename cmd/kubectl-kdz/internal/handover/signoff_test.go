// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
)

const hash = v1alpha1.ContentHash("v1:5b1f0e0a3c6d4b7f8a9e2d1c0b3a4958677685948392a1b0c9d8e7f605142332")

func TestName(t *testing.T) {
	for _, test := range []struct {
		handover string
		role     v1alpha1.SignOffRole
		n        int
		want     string
	}{
		{"termine", v1alpha1.RoleOperations, 1, "termine-operations-5b1f0e0a-1"},
		{"termine", v1alpha1.RoleApplicationManagement, 12, "termine-applicationmanagement-5b1f0e0a-12"},
		{strings.Repeat("lang.", 12), v1alpha1.RoleApplicationManagement, 1, "lang.lang.lang.lang.lang.lang-applicationmanagement-5b1f0e0a-1"},
	} {
		if got := handover.Name(test.handover, test.role, hash, test.n); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := handover.Name(rapid.StringMatching(`([a-z0-9]{1,5}[.-]){0,10}[a-z0-9]{1,3}`).Draw(t, "handover"),
			v1alpha1.SignOffRole(rapid.SampledFrom(handover.Roles()).Draw(t, "role")), hash, rapid.IntRange(1, 99999).Draw(t, "n"))
		if len(name) > 63 || len(validation.IsDNS1123Subdomain(name)) > 0 {
			t.Errorf("%s with %d characters is no name", name, len(name))
		}
	})
}

func TestSignOff(t *testing.T) {
	c := handover.Build(load(t, "support"))
	c.ContentHash = hash
	d := &handover.Draft{
		Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffRejected, Comment: "no",
		SignedBy: "operations@example.org", SignedAt: time.Date(2027, 3, 30, 10, 0, 0, 5, time.FixedZone("", 7200)),
	}
	got := d.SignOff(c, func(name string) bool { return strings.HasSuffix(name, "-1") })
	want := &v1alpha1.SignOff{Spec: v1alpha1.SignOffSpec{
		HandoverRef: v1alpha1.LocalHandoverReference{Name: "termine"}, Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffRejected,
		ContentHash: hash, SignedBy: "operations@example.org", SignedAt: "2027-03-30T08:00:00Z", Comment: "no",
	}}
	want.APIVersion, want.Kind, want.Namespace, want.Name = "kdz.mainz.de/v1alpha1", "SignOff", "amt-33", "termine-operations-5b1f0e0a-2"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	golden(t, "draft.txt", d.Text(c))
}

// What the Handover would not count is told before.
func TestFutile(t *testing.T) {
	for name, test := range map[string]struct {
		file   string
		role   v1alpha1.SignOffRole
		person v1alpha1.UserName
		want   string
	}{
		"the lead for operations":       {"verifying", v1alpha1.RoleOperations, "lead@example.org", "lead@example.org leads the project and cannot sign for Operations"},
		"the lead as lead":              {"verifying", v1alpha1.RoleProjectLead, "lead@example.org", ""},
		"nobody":                        {"verifying", v1alpha1.RoleOperations, "", ""},
		"twice":                         {"rejected", v1alpha1.RoleApplicationManagement, "operations@example.org", "signed this content for Operations already (termine-operations-2)"},
		"twice, not judged yet":         {"rejected", v1alpha1.RoleOperations, "provider-manager@example.org", "signed this content for ProviderManagement already"},
		"again for the same role":       {"rejected", v1alpha1.RoleOperations, "operations@example.org", ""},
		"who signed the content before": {"changed", v1alpha1.RoleApplicationManagement, "lead@example.org", ""},
		"who signed the content now":    {"changed", v1alpha1.RoleApplicationManagement, "operations@example.org", "signed this content for Operations already"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &handover.Draft{Role: test.role, SignedBy: test.person}
			got := strings.Join(d.Futile(handover.Build(load(t, test.file)), "lead@example.org"), "\n")
			if !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestRemarks(t *testing.T) {
	for name, test := range map[string]struct {
		file    string
		role    v1alpha1.SignOffRole
		outcome v1alpha1.SignOffOutcome
		want    []string
	}{
		"missing":       {"verifying", v1alpha1.RoleOperations, v1alpha1.SignOffAccepted, []string{"not all is there yet (3 missing)"}},
		"rejecting":     {"verifying", v1alpha1.RoleOperations, v1alpha1.SignOffRejected, nil},
		"not asked":     {"verifying", v1alpha1.RoleProviderManagement, v1alpha1.SignOffRejected, []string{"the policy does not ask ProviderManagement to sign"}},
		"again":         {"rejected", v1alpha1.RoleOperations, v1alpha1.SignOffRejected, []string{"Operations has signed this content already, and the new signature replaces that: Rejected by operations@example.org"}},
		"changed":       {"changed", v1alpha1.RoleOperations, v1alpha1.SignOffAccepted, []string{"the content was changed"}},
		"signed by all": {"support", v1alpha1.RoleProviderManagement, v1alpha1.SignOffAccepted, []string{"all required roles have signed already", "does not ask ProviderManagement"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&handover.Draft{Role: test.role, Outcome: test.outcome}).Remarks(handover.Build(load(t, test.file)))
			if len(got) != len(test.want) {
				t.Fatalf("%q, want %q", got, test.want)
			}
			for i := range got {
				if !strings.Contains(got[i], test.want[i]) {
					t.Errorf("%q lacks %q", got[i], test.want[i])
				}
			}
		})
	}
}

// The plugin refuses in the server's words.
func TestMessagesAreTheServers(t *testing.T) {
	content, err := os.ReadFile("../../../../config/admission/signoffs.yaml")
	if err != nil {
		t.Fatal(err)
	}
	role, user := "' + object.spec.role + '", "' + variables.user + '"
	for _, message := range []string{
		handover.MessageNotVacant, handover.MessageNoStandIn,
		strings.Replace(strings.Replace(handover.MessageNoRole("ROLE"), "ROLE", role, 1), "handovers/role", "handovers/' + object.spec.role.lowerAscii() + '", 1),
		strings.Replace(handover.MessageOtherName("USER"), "USER", user, 1),
	} {
		if !strings.Contains(string(content), message) {
			t.Errorf("the server does not say: %s", message)
		}
	}
}

func TestNotVacant(t *testing.T) {
	policy := &v1alpha1.HandoverPolicy{VacantRoles: []v1alpha1.SignOffRole{v1alpha1.RoleApplicationManagement}}
	for _, test := range []struct {
		draft  handover.Draft
		policy *v1alpha1.HandoverPolicy
		want   string
	}{
		{handover.Draft{Role: v1alpha1.RoleOperations}, policy, ""},
		{handover.Draft{Role: v1alpha1.RoleOperations, OnBehalfOfVacantRole: true}, policy, handover.MessageNotVacant},
		{handover.Draft{Role: v1alpha1.RoleApplicationManagement, OnBehalfOfVacantRole: true}, policy, ""},
		{handover.Draft{Role: v1alpha1.RoleApplicationManagement, OnBehalfOfVacantRole: true}, nil, handover.MessageNotVacant},
	} {
		if got := test.draft.NotVacant(test.policy); got != test.want {
			t.Errorf("%v: %q, want %q", test.draft, got, test.want)
		}
	}
	for vacant, want := range map[v1alpha1.SignOffRole]int{v1alpha1.RoleOperations: 2, v1alpha1.RoleProjectLead: 3, v1alpha1.RoleProviderManagement: 3} {
		if got := handover.StandIns(vacant); len(got) != want {
			t.Errorf("for %s: %v", vacant, got)
		}
	}
}
