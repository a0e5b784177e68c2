// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// TestSignOffs: which signatures count, and why others do not.
func TestSignOffs(t *testing.T) {
	type Scope = acceptance.Scope
	type SignOff = v1alpha1.SignOff
	vacant := func(roles ...v1alpha1.SignOffRole) func(*Scope) {
		return func(s *Scope) { s.Policy = &v1alpha1.HandoverPolicy{VacantRoles: roles} }
	}
	at := func(moment v1alpha1.Moment) func(*SignOff) {
		return func(g *SignOff) { g.Spec.SignedAt = moment }
	}
	change := func(s *Scope) { s.Handover.Spec.Criteria[0].Description = "changed" }
	for _, c := range []struct {
		name    string
		changes []func(*Scope)
		want    []string // of each: its name, or name and reason
	}{
		{"none", nil, nil},
		{"all count, by role", []func(*Scope){sign("c", "ApplicationManagement", 3), sign("b", "Operations", 1), sign("a", "ProjectLead", 2)}, []string{"a", "b", "c"}},
		{"one that need not be", []func(*Scope){sign("d", "ProviderManagement", 0)}, []string{"d"}},
		{"other content", []func(*Scope){sign("a", "ProjectLead", time.Hour), change, sign("b", "ProjectLead", 0)}, []string{"b", "a: OtherContent: it is for v1:"}},
		{"superseded", []func(*Scope){sign("a", "Operations", time.Hour), sign("b", "Operations", time.Minute)}, []string{"b", "a: Superseded: Operations signed the same content later, by SignOff b"}},
		{"superseded by the moment, not by how it is written", []func(*Scope){
			sign("a", "Operations", 0, at("2027-03-15T12:30:00+02:00")), sign("b", "Operations", 0, at("2027-03-15T10:31:00Z")),
		}, []string{"b", "a: Superseded"}},
		{"superseded by who was created later", []func(*Scope){
			sign("a", "Operations", 0, at("2027-03-15T12:00:00+01:00")),
			sign("b", "Operations", time.Hour, at("2027-03-15T11:00:00Z")),
		}, []string{"a", "b: Superseded"}},
		{"superseded by name", []func(*Scope){sign("b", "Operations", 0), sign("a", "Operations", 0)}, []string{"b", "a: Superseded"}},
		{"a rejection supersedes", []func(*Scope){sign("a", "Operations", time.Hour), sign("no", "Operations", 0, rejects("no"))}, []string{"no", "a: Superseded"}},
		{"four eyes", []func(*Scope){
			sign("a", "Operations", time.Hour, by("one")), sign("b", "ApplicationManagement", 0, by("one")),
		}, []string{"a", "b: SameSigner: one signed the same content for Operations before, by SignOff a"}},
		{"four eyes, also where the first was superseded", []func(*Scope){
			sign("a", "Operations", time.Hour, by("one")), sign("b", "Operations", time.Minute), sign("c", "ApplicationManagement", 0, by("one")),
		}, []string{"b", "c: SameSigner", "a: Superseded"}},
		{"four eyes look at other content alone", []func(*Scope){
			sign("a", "Operations", time.Hour, by("one")), change, sign("b", "ApplicationManagement", 0, by("one")),
		}, []string{"b", "a: OtherContent"}},
		{"four eyes, twice for one role", []func(*Scope){
			sign("a", "Operations", time.Hour, by("one")), sign("b", "Operations", 0, by("one")),
		}, []string{"b", "a: Superseded"}},
		{"what is void binds nobody", []func(*Scope){
			sign("a", "Operations", time.Hour, by("lead@example.org")), sign("b", "ProjectLead", 0),
		}, []string{"b", "a: ProjectLead: lead@example.org leads the project and cannot sign for Operations"}},
		{"the lead for another role", []func(*Scope){sign("a", "ApplicationManagement", 0, by("lead@example.org"))}, []string{"a"}},
		{"nobody leads", []func(*Scope){func(s *Scope) { s.ProjectLead = "" }, sign("a", "Operations", 0)}, []string{"a"}},
		{"on behalf of a vacant role", []func(*Scope){vacant("ApplicationManagement"), sign("a", "ApplicationManagement", 0, standingIn)}, []string{"a"}},
		{"on behalf of another role", []func(*Scope){vacant("ApplicationManagement"), sign("a", "ProviderManagement", 0, standingIn)}, []string{"a: NotVacant: ProviderManagement is not vacant"}},
		{"on behalf, and no policy", []func(*Scope){sign("a", "ApplicationManagement", 0, standingIn)}, []string{"a: NotVacant"}},
		{"the lead on behalf of Operations", []func(*Scope){vacant("Operations"), sign("a", "Operations", 0, by("lead@example.org"), standingIn)}, []string{"a: ProjectLead"}},
		{"a moment that is none", []func(*Scope){sign("a", "Operations", 0, at("2027-02-30T10:00:00Z"))}, []string{`a: Undecodable: signedAt "2027-02-30T10:00:00Z" is no moment`}},
		{"a moment without a zone", []func(*Scope){sign("a", "Operations", 0, at("2027-02-20T10:00:00"))}, []string{"a: Undecodable: signedAt"}},
		{"what cannot be read", []func(*Scope){sign("a", "Operations", 0, func(g *SignOff) { g.DecodingError = "spec.comment: wrong" })}, []string{"a: Undecodable: what is stored cannot be read: spec.comment: wrong"}},
		{"the void ones, the newest first", []func(*Scope){
			sign("a", "Operations", 3*time.Hour, standingIn), sign("b", "Operations", time.Hour, standingIn), sign("c", "Operations", 2*time.Hour, at("?")),
		}, []string{"b: NotVacant", "c: Undecodable", "a: NotVacant"}},
		{"nothing at all", []func(*Scope){func(s *Scope) { s.SignOffs = append(s.SignOffs, nil) }, sign("a", "Operations", 0)}, []string{"a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := acceptance.Judge(scope(c.changes...))
			if len(v.SignOffs) != len(c.want) {
				t.Fatalf("want %v, got:\n%s", c.want, signOffs(v))
			}
			for i, line := range strings.Split(signOffs(v), "\n") {
				if len(c.want) > 0 && (!strings.HasPrefix(line, c.want[i]) || strings.Contains(line, ": ") != strings.Contains(c.want[i], ": ")) {
					t.Errorf("%q, want %q", line, c.want[i])
				}
			}
		})
	}
}

// TestUnreadableSignOffs: one of which a list could not tell, since it lacks
// what the list requires, is told beside it.
func TestUnreadableSignOffs(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.SignOff){
		`role "" is none`:             func(g *v1alpha1.SignOff) { g.Spec.Role = "" },
		`outcome "Perhaps" is none`:   func(g *v1alpha1.SignOff) { g.Spec.Outcome = "Perhaps" },
		"nobody is named in signedBy": func(g *v1alpha1.SignOff) { g.Spec.SignedBy = "" },
	} {
		t.Run(name, func(t *testing.T) {
			v := acceptance.Judge(scope(sign("a", "Operations", 0, change)))
			if len(v.SignOffs) != 0 || !strings.Contains(messages(v), "Undecodable[] SignOff a counts for nothing: Undecodable: "+name) || strings.Count(reasons(v), "SignOffMissing") != 3 {
				t.Errorf("%s\n%s", signOffs(v), messages(v))
			}
		})
	}
}

// TestToSign: who signs is told the role, the right and the command, and of a
// vacant role who may stand in.
func TestToSign(t *testing.T) {
	s := scope(sign("a", "ProjectLead", 0), func(s *acceptance.Scope) {
		s.Policy = &v1alpha1.HandoverPolicy{VacantRoles: []v1alpha1.SignOffRole{"Operations", "ApplicationManagement", "ProjectLead"}}
	})
	want := "SignOffMissing[] Operations signs the present content (right handovers/operations): kubectl kdz handover sign termine -n amt-33 --role Operations;" +
		" the role is vacant, so that who holds another one and has not signed may stand in, with --on-behalf-of-vacant-role (right handovers/applicationmanagement or handovers/providermanagement)\n" +
		"SignOffMissing[] ApplicationManagement signs the present content (right handovers/applicationmanagement): kubectl kdz handover sign termine -n amt-33 --role ApplicationManagement;" +
		" the role is vacant, so that who holds another one and has not signed may stand in, with --on-behalf-of-vacant-role (right handovers/projectlead or handovers/operations or handovers/providermanagement)"
	if got := messages(acceptance.Judge(s)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestRejection: what a role rejects for is quoted, on one line and not for too
// long.
func TestRejection(t *testing.T) {
	if v := acceptance.Judge(scope(sign("no", "Operations", 0, rejects(" ")))); !strings.Contains(messages(v), "rejected it: without saying why; the project lead") {
		t.Error(messages(v))
	}
	v := acceptance.Judge(scope(sign("no", "Operations", 0, rejects("no\nmanual\x1b[31m "+strings.Repeat("ü", 500)))))
	want := "Operations (operations@example.org) rejected it: “no manual[31m üü"
	if m := v.Missing[0].Message; !strings.HasPrefix(m, want) || !strings.HasSuffix(m, "…”; the project lead mends that and changes the content, or Operations signs Accepted") || len(m) > 512 {
		t.Errorf("%q", m)
	}
}

// TestSignaturesStay: those that counted when all roles had signed count for
// ever, and no other does, whatever the policy says later.
func TestSignaturesStay(t *testing.T) {
	s := scope(func(s *acceptance.Scope) {
		s.Policy = &v1alpha1.HandoverPolicy{VacantRoles: []v1alpha1.SignOffRole{"ApplicationManagement"}}
	}, sign("a", "ProjectLead", 5*time.Minute), sign("b", "Operations", 4*time.Minute),
		sign("c", "ApplicationManagement", 3*time.Minute, standingIn), sign("old", "Operations", time.Hour))
	first := acceptance.Judge(s)
	if first.Stage != v1alpha1.HandoverCompleted {
		t.Fatalf("stage %s:\n%s", first.Stage, messages(first))
	}
	s = told(t, s, first)
	s.Policy, s.ProjectLead = nil, "manager@example.org"
	sign("no", "Operations", 0, rejects("too late"))(s)
	sign("other", "ProjectLead", 0, func(g *v1alpha1.SignOff) { g.Spec.ContentHash = "v1:0" })(s)
	v := acceptance.Judge(s)
	want := "a\nb\nc\nother: OtherContent: it is for v1:0, and the present content is " + string(v.ContentHash[:15]) + "…\n" +
		"no: Superseded: all roles had signed the handover, which rests on their signatures\n" +
		"old: Superseded: Operations signed the same content later, by SignOff b"
	if got := signOffs(v); got != want || v.Stage != v1alpha1.HandoverCompleted {
		t.Errorf("stage %s, got:\n%s\nwant:\n%s", v.Stage, got, want)
	}
}

// TestContentStays: what was signed is shown as it was signed.
func TestContentStays(t *testing.T) {
	s := scope(support("720h", "", day))
	signed := s.Handover.Status.ContentHash
	s.Handover.Spec.Criteria = nil
	if v := acceptance.Judge(s); v.ContentHash != signed || len(v.Results) != 7 || v.Results[0].Message != "as it was told" {
		t.Errorf("%+v", v)
	}
	s.Handover.Status.ContentHash = ""
	if v := acceptance.Judge(s); v.ContentHash != acceptance.Hash(&s.Handover.Spec) {
		t.Errorf("%+v", v)
	}
	s.Handover.Status.StageSince, s.Handover.Status.EarlyLifeSupport = new(metav1.NewTime(now.Add(-time.Hour))), nil
	if v := acceptance.Judge(s); !v.EarlyLifeSupport.StartedAt.Equal(s.Handover.Status.StageSince) {
		t.Errorf("%+v", v.EarlyLifeSupport)
	}
}
