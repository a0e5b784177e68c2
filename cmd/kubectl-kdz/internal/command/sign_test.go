// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
)

// meanwhile is somebody who does something and then answers.
type meanwhile struct {
	do     func()
	answer io.Reader
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	return m.answer.Read(p)
}

// sign is the command that signs a Handover of the office.
func sign(name, role string, more ...string) []string {
	return append([]string{"handover", "sign", name, "-n", "amt-33", "--role", role}, more...)
}

// signatures under a Handover.
func signatures(t *testing.T, name string) []v1alpha1.SignOff {
	t.Helper()
	list := &v1alpha1.SignOffList{}
	if err := admin(t).List(t.Context(), list, client.InNamespace("amt-33")); err != nil {
		t.Fatal(err)
	}
	var found []v1alpha1.SignOff
	for _, o := range list.Items {
		if string(o.Spec.HandoverRef.Name) == name {
			found = append(found, o)
		}
	}
	return found
}

func TestSign(t *testing.T) {
	h := newHandover(t, "sign", nil)
	useUser(t, "operations@example.org")
	out, errOut, err := talk(t, strings.NewReader("yes\n"), sign(h.Name, "Operations", "--comment", "Well done")...)
	name := handover.Name(h.Name, v1alpha1.RoleOperations, h.Status.ContentHash, 1)
	if err != nil || out != "signoff.kdz.mainz.de/"+name+" created\n" {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	for _, words := range []string{"Handover       amt-33/" + h.Name + "\n", "✗   training", "✗   Operations ", "To be signed\n", "By        operations@example.org\n", "Content   " + string(h.Status.ContentHash), "Do you sign for Operations? Type yes: "} {
		if !strings.Contains(errOut, words) {
			t.Errorf("%s\nlacks %q", errOut, words)
		}
	}
	given := signatures(t, h.Name)
	if len(given) != 1 {
		t.Fatalf("%d signatures", len(given))
	}
	want := v1alpha1.SignOffSpec{
		HandoverRef: v1alpha1.LocalHandoverReference{Name: v1alpha1.ObjectName(h.Name)}, Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffAccepted,
		ContentHash: h.Status.ContentHash, SignedBy: "operations@example.org", SignedAt: given[0].Spec.SignedAt, Comment: "Well done",
	}
	if given[0].Spec != want {
		t.Errorf("%+v, want %+v", given[0].Spec, want)
	}
	// The moment is the API server's, whatever this machine takes it to be.
	at, err := time.Parse(time.RFC3339, string(given[0].Spec.SignedAt))
	if apart := given[0].CreationTimestamp.Sub(at); err != nil || apart.Abs() > 5*time.Minute {
		t.Errorf("%v: signed %s before it was created", err, apart)
	}
	// To sign anew is another object, and shown is what was signed.
	out, errOut, err = run(t, "", sign(h.Name, "Operations", "--yes", "--reject", "--comment", "The manual lacks the restart")...)
	if err != nil || !strings.Contains(out, handover.Name(h.Name, v1alpha1.RoleOperations, h.Status.ContentHash, 2)) || !strings.Contains(errOut, "not judged yet: Accepted by operations@example.org") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	if given = signatures(t, h.Name); len(given) != 2 || given[1].Spec.Outcome != v1alpha1.SignOffRejected {
		t.Errorf("%v", given)
	}
}

// Only yes is yes.
func TestNotSigned(t *testing.T) {
	h := newHandover(t, "unsigned", nil)
	useUser(t, "operations@example.org")
	for _, answer := range []string{"", "\n", "y\n", "YES\n", "yes please\n", "no\nyes\n", strings.Repeat(" ", 4096) + "yes\n"} {
		out, _, err := talk(t, strings.NewReader(answer), sign(h.Name, "Operations")...)
		if err == nil || err.Error() != "nothing was signed" || out != "" {
			t.Errorf("%q: %v\n%s", answer, err, out)
		}
	}
	out, errOut, err := run(t, "", sign(h.Name, "Operations", "--dry-run")...)
	if err != nil || !strings.HasSuffix(out, " created (server dry run)\n") || !strings.Contains(errOut, "To be signed") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	out, _, err = run(t, "", sign(h.Name, "Operations", "--dry-run", "-o", "yaml")...)
	if err != nil || !strings.Contains(out, "\n  uid: ") || strings.Contains(out, "managedFields") {
		t.Errorf("%v\n%s", err, out)
	}
	if given := signatures(t, h.Name); len(given) > 0 {
		t.Errorf("signed: %v", given)
	}
}

// Who works through Git is printed what the server takes.
func TestSignatureForGit(t *testing.T) {
	h := newHandover(t, "git", nil)
	useUser(t, "operations@example.org")
	out, errOut, err := run(t, "", sign(h.Name, "Operations", "-o", "yaml", "--hash", string(h.Status.ContentHash))...)
	if err != nil || errOut != "" || len(signatures(t, h.Name)) > 0 {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	o := &v1alpha1.SignOff{}
	if err := yaml.UnmarshalStrict([]byte(out), o); err != nil || o.Spec.SignedBy != "operations@example.org" {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := admin(t).Create(t.Context(), o, client.DryRunAll); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// What the Handover would not count is printed all the same, with a warning.
	out, errOut, err = run(t, "", sign(h.Name, "Operations", "-o", "yaml", "--signed-by", "lead@example.org")...)
	if err != nil || !strings.Contains(out, "signedBy: lead@example.org") || !strings.Contains(errOut, "warning: the signature would be void: lead@example.org leads the project") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	// Of a file no cluster is needed.
	t.Setenv("KUBECONFIG", "/nonexistent")
	content, err := os.ReadFile(termine)
	if err != nil {
		t.Fatal(err)
	}
	hashes, _, err := run(t, "", "handover", "hash", termine)
	if err != nil {
		t.Fatal(err)
	}
	hash, _, _ := strings.Cut(hashes, " ")
	out, errOut, err = run(t, string(content), "handover", "sign", "-f", "-", "--role", "Operations", "--signed-by", "operations@example.org", "-o", "yaml", "--hash", hash)
	if err != nil || errOut != "" || !strings.Contains(out, "contentHash: "+hash+"\n") || !strings.Contains(out, `signedAt: "2026-06-18T09:30:00Z"`) || !strings.Contains(out, "namespace: amt-33\n") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	if _, _, err := run(t, "", "handover", "sign", "-f", termine, "--role", "Operations", "--signed-by", "a", "-o", "yaml", "--hash", string(h.Status.ContentHash)); err == nil || !strings.Contains(err.Error(), "the Handover is not what you examined") {
		t.Errorf("%v", err)
	}
	incomplete := filepath.Join(t.TempDir(), "h.yaml")
	if err := os.WriteFile(incomplete, []byte("apiVersion: kdz.mainz.de/v1alpha1\nkind: Handover\nmetadata: {name: a}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, "", "handover", "sign", "-f", incomplete, "--role", "Operations", "--signed-by", "a", "-o", "yaml"); err == nil || !strings.Contains(err.Error(), `the Handover "a" lacks`) {
		t.Errorf("%v", err)
	}
}

// What happens between the question and the answer.
func TestMeanwhile(t *testing.T) {
	useUser(t, "operations@example.org")
	for name, test := range map[string]struct {
		do    func(t *testing.T, h *v1alpha1.Handover)
		words string // of the error; none means that it is signed
	}{
		"content": {func(t *testing.T, h *v1alpha1.Handover) {
			h.Spec.Criteria[0].Description = "Nobody was trained"
			if err := admin(t).Update(t.Context(), h); err != nil {
				t.Error(err)
			}
		}, "nothing was signed: the Handover was changed while you read: its content was v1:"},
		"gone": {func(t *testing.T, h *v1alpha1.Handover) {
			if err := admin(t).Delete(t.Context(), h); err != nil {
				t.Error(err)
			}
		}, `nothing was signed: there is no Handover "meanwhile-gone-`},
		"fulfilled": {func(t *testing.T, h *v1alpha1.Handover) {
			h.Spec.Criteria[0].FulfilledOn = "2026-06-18"
			if err := admin(t).Update(t.Context(), h); err != nil {
				t.Error(err)
			}
		}, ""},
		"name": {func(t *testing.T, h *v1alpha1.Handover) {
			if _, _, err := run(t, "", sign(h.Name, "Operations", "--yes")...); err != nil {
				t.Error(err)
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandover(t, "meanwhile-"+name, nil)
			out, errOut, err := talk(t, &meanwhile{func() { test.do(t, h) }, strings.NewReader("yes\n")}, sign(h.Name, "Operations")...)
			switch {
			case test.words == "" && (err != nil || !strings.HasSuffix(out, " created\n")):
				t.Errorf("%v\n%s%s", err, out, errOut)
			case test.words != "" && (err == nil || !strings.Contains(err.Error(), test.words) || out != "" || len(signatures(t, h.Name)) > 0):
				t.Errorf("error %v lacks %q\n%s", err, test.words, out)
			}
		})
	}
}

// Each refusal says what is wrong and what would be right, and writes nothing.
func TestRefusedSignatures(t *testing.T) {
	h := newHandover(t, "refused", nil)
	version := newHandover(t, "refused-version", func(h *v1alpha1.Handover) {
		h.Status.ContentHash = "v1:0000000000000000000000000000000000000000000000000000000000000000"
	})
	twice := newHandover(t, "refused-twice", nil)
	twice.Status.SignOffs = []v1alpha1.SignOffSummary{{Name: "a", Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffAccepted, SignedBy: "operations@example.org"}}
	if err := admin(t).Status().Update(t.Context(), twice); err != nil {
		t.Fatal(err)
	}
	standIn := "--on-behalf-of-vacant-role"
	for name, test := range map[string]struct {
		user, role  string
		handover    *v1alpha1.Handover
		more, words []string
	}{
		"no role": {"viewer@example.org", "Operations", h, nil, []string{
			"nothing was signed: you may not create SignOffs",
			handover.MessageNoRole(v1alpha1.RoleOperations) + " (you are viewer@example.org, in namespace amt-33)",
		}},
		"another role":     {"operations@example.org", "ProviderManagement", h, nil, []string{handover.MessageNoRole(v1alpha1.RoleProviderManagement)}},
		"another's name":   {"operations@example.org", "Operations", h, []string{"--signed-by", "boss@example.org"}, []string{handover.MessageOtherName("operations@example.org")}},
		"the project lead": {"lead@example.org", "Operations", h, nil, []string{handover.MessageNoRole(v1alpha1.RoleOperations), "the signature would be void: lead@example.org leads the project"}},
		"not vacant":       {"operations@example.org", "ProviderManagement", h, []string{standIn}, []string{handover.MessageNotVacant}},
		"no stand-in":      {"viewer@example.org", "ApplicationManagement", h, []string{standIn}, []string{handover.MessageNoStandIn}},
		"twice":            {"operations@example.org", "ApplicationManagement", twice, []string{standIn}, []string{"operations@example.org signed this content for Operations already (a)"}},
		"another version":  {"operations@example.org", "Operations", version, nil, []string{"the signature would be void: the operator computes the content hash as v1:0000"}},
		"not examined":     {"operations@example.org", "Operations", h, []string{"--hash", "v1:" + strings.Repeat("0", 64)}, []string{"the Handover is not what you examined: its content is " + string(h.Status.ContentHash)}},
		// The lead may not read the policy: what it says only the server knows,
		// and it is told in its words.
		"the server": {"lead@example.org", "ProviderManagement", h, []string{standIn}, []string{
			"nothing was signed: signoffs.kdz.mainz.de \"" + h.Name + "-providermanagement-", "ValidatingAdmissionPolicy 'signoffs.kdz.mainz.de' with binding", handover.MessageNotVacant,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			useUser(t, test.user)
			out, errOut, err := run(t, "", sign(test.handover.Name, test.role, append(test.more, "--yes")...)...)
			if err == nil || out != "" {
				t.Fatalf("%v\n%s%s", err, out, errOut)
			}
			for _, words := range test.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("error %v lacks %q", err, words)
				}
			}
			if given := signatures(t, test.handover.Name); len(given) > 0 {
				t.Errorf("signed: %v", given)
			}
		})
	}
}

// Who stands in for a vacant role, and who signs for others.
func TestStandIns(t *testing.T) {
	h := newHandover(t, "stand-in", nil)
	useUser(t, "operations@example.org")
	if out, errOut, err := run(t, "", sign(h.Name, "ApplicationManagement", "--on-behalf-of-vacant-role", "--yes")...); err != nil || !strings.Contains(errOut, "For       ApplicationManagement, on behalf of the vacant role\n") {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	useUser(t, "pipeline@example.org")
	if out, errOut, err := run(t, "", sign(h.Name, "Operations", "--signed-by", "another@example.org", "--yes")...); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	given := signatures(t, h.Name)
	if len(given) != 2 || !given[0].Spec.OnBehalfOfVacantRole || given[1].Spec.SignedBy != "another@example.org" {
		t.Errorf("%v", given)
	}
}

// Impersonation signs in the name of who is impersonated.
func TestSignAs(t *testing.T) {
	h := newHandover(t, "as", nil)
	useCluster(t)
	if out, errOut, err := run(t, "", sign(h.Name, "Operations", "--as", "operations@example.org", "--yes")...); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	if given := signatures(t, h.Name); len(given) != 1 || given[0].Spec.SignedBy != "operations@example.org" {
		t.Errorf("%v", given)
	}
}

// What the shell is offered.
func TestCompletionOfHandovers(t *testing.T) {
	useCluster(t)
	h := newHandover(t, "zz-complete", nil)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"handover", "status", "-n", "amt-33", h.Name}, h.Name + "\n:4\n"},
		{[]string{"handover", "hash", "-n", "amt-33", h.Name}, h.Name + "\n:0\n"},
		{[]string{"handover", "hash", "-n", "amt-33", h.Name, ""}, ":4\n"},
		{[]string{"handover", "sign", "--role", ""}, "ProjectLead\nOperations\nApplicationManagement\nProviderManagement\n:4\n"},
		{[]string{"project", "decide", "--body", ""}, "SteeringRound\nConference\n:4\n"},
		{[]string{"project", "decide", "--outcome", ""}, "Approved\nRejected\nDeferred\n:4\n"},
		{[]string{"project", "decide", "-n", "amt-33", "online"}, "online-terminvergabe\n:4\n"},
	} {
		out, _, err := run(t, "", append([]string{"__complete"}, test.args...)...)
		if err != nil || out != test.want {
			t.Errorf("%s: %v\n%s", test.args, err, out)
		}
	}
}
