// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/decision"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// gitOps is as whom Flux applies.
const gitOps = "kustomize-controller"

// inGit is a Project as it is in Git, with decisions if any.
func inGit(name string, decisions ...any) *unstructured.Unstructured {
	spec := map[string]any{
		"displayName": map[string]any{"en": name},
		"officeRef":   map[string]any{"name": "amt-33"},
		"request":     map[string]any{"submittedOn": "2026-02-20", "releasedOn": "2026-02-27", "releasedByUser": "requirements@example.org"},
	}
	if decisions != nil {
		spec["decisions"] = decisions
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "Project", "metadata": map[string]any{"name": name, "namespace": "amt-33"}, "spec": spec,
	}}
}

var deferred = map[string]any{"body": "SteeringRound", "outcome": "Deferred", "decidedOn": "2026-03-12", "reference": "SR-2026-03", "decidedBy": "steering-round@example.org"}

// apply applies a Project as Flux does.
func apply(t *testing.T, p *unstructured.Unstructured) error {
	t.Helper()
	return admin(t).Apply(t.Context(), client.ApplyConfigurationFromUnstructured(p.DeepCopy()), client.FieldOwner(gitOps), client.ForceOwnership)
}

func mustApply(t *testing.T, p *unstructured.Unstructured) {
	t.Helper()
	if err := apply(t, p); err != nil {
		t.Fatal(err)
	}
}

// decide is the command that records a decision on a Project of the office.
func decide(name string, more ...string) []string {
	return append([]string{"project", "decide", name, "-n", "amt-33", "--body", "SteeringRound", "--outcome", "Approved", "--reference", "SR-2026-06"}, more...)
}

func stored(t *testing.T, name string) *v1alpha1.Project {
	t.Helper()
	p := &v1alpha1.Project{}
	if err := admin(t).Get(t.Context(), client.ObjectKey{Namespace: "amt-33", Name: name}, p); err != nil {
		t.Fatal(err)
	}
	return p
}

func references(p *v1alpha1.Project) string {
	var all []string
	for i := range p.Spec.Decisions {
		all = append(all, p.Spec.Decisions[i].Reference)
	}
	return strings.Join(all, " ")
}

func TestDecide(t *testing.T) {
	name := unique("decide")
	mustApply(t, inGit(name, deferred))
	useUser(t, "steering-round@example.org")
	out, errOut, err := talk(t, strings.NewReader("yes\n"), decide(name, "--decided-on", "2026-06-17", "--rank", "3", "--strategy", "Digital services", "--note", "With the budget")...)
	if err != nil || out != "project.kdz.mainz.de/"+name+" decided: Approved by SteeringRound under SR-2026-06\n" {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	for _, words := range []string{"Project   amt-33/" + name + " (" + name + ")\n", "released on 2026-02-27 by requirements@example.org\n", "Decisions so far\n", "SR-2026-03", "To be recorded\n", "Recorded by   steering-round@example.org\n", "Do you record for SteeringRound that the project is Approved? Type yes: "} {
		if !strings.Contains(errOut, words) {
			t.Errorf("%s\nlacks %q", errOut, words)
		}
	}
	got := stored(t, name).Spec.Decisions
	if len(got) != 2 {
		t.Fatalf("%v", got)
	}
	want := v1alpha1.Decision{
		Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-06-17", Reference: "SR-2026-06", DecidedBy: "steering-round@example.org",
		Rank: ptr.To[int32](3), Grounds: &v1alpha1.DecisionGrounds{Strategy: "Digital services"}, Note: "With the budget",
	}
	if a, b := mustYAML(t, got[1]), mustYAML(t, want); a != b {
		t.Errorf("%s, want\n%s", a, b)
	}
}

func mustYAML(t *testing.T, o any) string {
	t.Helper()
	content, err := yaml.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// What Flux applies again and again neither fights with a decision that is not
// in Git nor loses it, also when it comes to Git later, and goes again.
func TestDecisionsBesideGit(t *testing.T) {
	beside, none := unique("beside"), unique("beside-none")
	mustApply(t, inGit(beside, deferred))
	mustApply(t, inGit(none))
	useUser(t, "steering-round@example.org")
	for _, name := range []string{beside, none} {
		for _, reference := range []string{"SR-2026-06", "SR-2026-07"} {
			if _, errOut, err := run(t, "", decide(name, "--yes", "--reference", reference, "--decided-on", "2026-06-17")...); err != nil {
				t.Fatalf("%v\n%s", err, errOut)
			}
		}
	}
	p := stored(t, beside)
	var own []string
	for _, f := range p.ManagedFields {
		// Flux takes over the fields of managers that begin with kubectl.
		if strings.HasPrefix(f.Manager, "kubectl") {
			t.Errorf("%s is a name that Flux takes over", f.Manager)
		}
		if f.Manager == "kdz-plugin" && f.Operation == metav1.ManagedFieldsOperationUpdate {
			own = append(own, f.FieldsV1.GetRawString())
		}
	}
	if got := strings.Join(own, "\n"); strings.Contains(got, "SR-2026-03") || strings.Contains(got, "f:request") || !strings.Contains(got, `"k:{\"body\":\"SteeringRound\",\"reference\":\"SR-2026-07\"}"`) {
		t.Errorf("the plugin owns %s", got)
	}
	for range 10 {
		mustApply(t, inGit(beside, deferred))
		mustApply(t, inGit(none))
	}
	if a, b := references(stored(t, beside)), references(stored(t, none)); a != "SR-2026-03 SR-2026-06 SR-2026-07" || b != "SR-2026-06 SR-2026-07" {
		t.Errorf("%s and %s", a, b)
	}
	if now := stored(t, beside); now.ResourceVersion != p.ResourceVersion {
		t.Errorf("it was written at rest: %s after %s", now.ResourceVersion, p.ResourceVersion)
	}
	approved := map[string]any{"body": "SteeringRound", "outcome": "Approved", "decidedOn": "2026-06-17", "reference": "SR-2026-06", "decidedBy": "steering-round@example.org"}
	mustApply(t, inGit(beside, deferred, approved))
	mustApply(t, inGit(beside, deferred))
	if got := references(stored(t, beside)); got != "SR-2026-03 SR-2026-06 SR-2026-07" {
		t.Errorf("%s", got)
	}
}

// kubectl apply without --server-side replaces a list that the file has, and so
// is refused to lose a decision; a file without decisions loses none.
func TestDecisionsBesideKubectlApply(t *testing.T) {
	applied, none := unique("applied"), unique("applied-none")
	cp := controlplanetest.Shared(t)
	kubectlApply := func(p *unstructured.Unstructured) (string, error) {
		cmd := cp.Kubectl(t.Context(), "apply", "-f", "-")
		cmd.Stdin = strings.NewReader(mustYAML(t, p.Object))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, p := range []*unstructured.Unstructured{inGit(applied, deferred), inGit(none)} {
		if out, err := kubectlApply(p); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		useUser(t, "steering-round@example.org")
		if _, errOut, err := run(t, "", decide(p.GetName(), "--yes")...); err != nil {
			t.Fatalf("%v\n%s", err, errOut)
		}
	}
	if out, err := kubectlApply(inGit(applied, deferred)); err == nil || !strings.Contains(out, decision.MessageKept) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := kubectlApply(inGit(none)); err != nil || references(stored(t, none)) != "SR-2026-06" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestNotDecided(t *testing.T) {
	name := unique("undecided")
	mustApply(t, inGit(name, deferred))
	useUser(t, "steering-round@example.org")
	for _, answer := range []string{"", "y\n"} {
		if out, _, err := talk(t, strings.NewReader(answer), decide(name)...); err == nil || err.Error() != "nothing was recorded" || out != "" {
			t.Errorf("%q: %v\n%s", answer, err, out)
		}
	}
	if _, _, err := run(t, "", decide(name)...); err == nil || !strings.Contains(err.Error(), "nobody can be asked, since the standard input is no terminal") {
		t.Errorf("%v", err)
	}
	if out, _, err := run(t, "", decide(name, "--dry-run")...); err != nil || !strings.HasSuffix(out, " decided: Approved by SteeringRound under SR-2026-06 (server dry run)\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, _, err := run(t, "", decide(name, "--dry-run", "-o", "yaml")...); err != nil || !strings.Contains(out, "reference: SR-2026-06") || strings.Contains(out, "managedFields") {
		t.Errorf("%v\n%s", err, out)
	}
	out, errOut, err := run(t, "", decide(name, "-o", "yaml", "--decided-on", "2026-06-17", "--decided-by", "requirements@example.org")...)
	if err != nil || !strings.Contains(out, "decidedBy: requirements@example.org\n") || strings.Contains(out, "SR-2026-03") || !strings.Contains(errOut, "warning: requirements@example.org released the request on 2026-02-27: "+decision.MessageFourEyes) {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	if got := references(stored(t, name)); got != "SR-2026-03" {
		t.Errorf("recorded: %s", got)
	}
}

// Of a file no cluster is needed.
func TestDecisionForGit(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nonexistent")
	content, err := os.ReadFile("../../../../test/examples/07-project.yaml")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"project", "decide", "-f", "-", "--body", "Conference", "--outcome", "Rejected", "--reference", "K-1", "-o", "yaml", "--decided-by"}
	out, errOut, err := run(t, string(content), append(args, "conference@example.org")...)
	const want = `# Add the entry to spec.decisions of this Project in Git; do not apply it by itself.
apiVersion: kdz.mainz.de/v1alpha1
kind: Project
metadata:
  name: online-terminvergabe
  namespace: amt-33
spec:
  decisions:
  - body: Conference
    decidedBy: conference@example.org
    decidedOn: "2026-06-18"
    outcome: Rejected
    reference: K-1
`
	if err != nil || errOut != "" || out != want {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	if _, errOut, err := run(t, string(content), append(args, "requirements@example.org")...); err != nil || !strings.Contains(errOut, decision.MessageFourEyes) {
		t.Errorf("%v\n%s", err, errOut)
	}
}

// What happens between the question and the answer.
func TestMeanwhileDecided(t *testing.T) {
	useUser(t, "steering-round@example.org")
	for name, test := range map[string]struct {
		do    func(t *testing.T, p *v1alpha1.Project)
		words string // of the error; none means that it is recorded
	}{
		"status": {func(t *testing.T, p *v1alpha1.Project) {
			p.Status.Stage = v1alpha1.StageDeferred
			if err := admin(t).Status().Update(t.Context(), p); err != nil {
				t.Error(err)
			}
		}, ""},
		"request": {func(t *testing.T, p *v1alpha1.Project) {
			p.Spec.Request.CostEUR = ptr.To[int64](5)
			if err := admin(t).Update(t.Context(), p); err != nil {
				t.Error(err)
			}
		}, "nothing was recorded: the Project was changed while you read: look at it again"},
		"decision": {func(t *testing.T, p *v1alpha1.Project) {
			if _, _, err := run(t, "", decide(p.Name, "--yes", "--reference", "SR-2026-05", "--outcome", "Rejected")...); err != nil {
				t.Error(err)
			}
		}, "the Project was changed while you read"},
	} {
		t.Run(name, func(t *testing.T) {
			project := unique("meanwhile-" + name)
			mustApply(t, inGit(project, deferred))
			p := stored(t, project)
			out, errOut, err := talk(t, &meanwhile{func() { test.do(t, p) }, strings.NewReader("yes\n")}, decide(p.Name)...)
			if test.words == "" && (err != nil || out == "") || test.words != "" && (err == nil || !strings.Contains(err.Error(), test.words) || out != "") {
				t.Errorf("error %v lacks %q\n%s%s", err, test.words, out, errOut)
			}
			if recorded := strings.Contains(references(stored(t, p.Name)), "SR-2026-06"); recorded != (test.words == "") {
				t.Errorf("recorded: %t", recorded)
			}
		})
	}
}

// Each refusal says what is wrong and what would be right, and writes nothing.
func TestRefusedDecisions(t *testing.T) {
	name := unique("refused")
	mustApply(t, inGit(name, deferred))
	for title, test := range map[string]struct {
		user  string
		more  []string
		words []string
	}{
		"no right": {"viewer@example.org", nil, []string{
			"nothing was recorded: you may not change Projects", decision.MessageNoRight(v1alpha1.BodySteeringRound) + " (you are viewer@example.org, in namespace amt-33)",
		}},
		"another body":     {"steering-round@example.org", []string{"--body", "Conference"}, []string{decision.MessageNoRight(v1alpha1.BodyConference)}},
		"another's name":   {"steering-round@example.org", []string{"--decided-by", "boss@example.org"}, []string{decision.MessageOtherName("steering-round@example.org")}},
		"four eyes":        {"requirements@example.org", nil, []string{"requirements@example.org released the request on 2026-02-27: " + decision.MessageFourEyes}},
		"in the name of":   {"pipeline@example.org", []string{"--decided-by", "requirements@example.org"}, []string{decision.MessageFourEyes}},
		"again":            {"steering-round@example.org", []string{"--reference", "SR-2026-03"}, []string{"SteeringRound has decided under SR-2026-03 already (Deferred on 2026-03-12): " + decision.MessageKept}},
		"the server":       {"steering-round@example.org", []string{"--rank", "100001"}, []string{`nothing was recorded: Project.kdz.mainz.de "` + name + `" is invalid: `, "should be less than or equal to 100000"}},
		"a long reference": {"steering-round@example.org", []string{"--reference", strings.Repeat("x", 129)}, []string{`Project.kdz.mainz.de "` + name + `" is invalid: `, "Too long"}},
	} {
		t.Run(title, func(t *testing.T) {
			useUser(t, test.user)
			out, errOut, err := run(t, "", decide(name, append(test.more, "--yes")...)...)
			if err == nil || out != "" {
				t.Fatalf("%v\n%s%s", err, out, errOut)
			}
			for _, words := range test.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("error %v lacks %q", err, words)
				}
			}
		})
	}
	if got := references(stored(t, name)); got != "SR-2026-03" {
		t.Errorf("recorded: %s", got)
	}
}

// The conference decides by its own right, and a pipeline in another's name.
func TestWhoDecides(t *testing.T) {
	name := unique("who")
	mustApply(t, inGit(name, deferred))
	useUser(t, "conference@example.org")
	if out, errOut, err := run(t, "", decide(name, "--body", "Conference", "--yes")...); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	useUser(t, "pipeline@example.org")
	if out, errOut, err := run(t, "", decide(name, "--decided-by", "chair@example.org", "--yes")...); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errOut)
	}
	got := stored(t, name).Spec.Decisions
	if len(got) != 3 || got[1].DecidedBy != "conference@example.org" || got[2].DecidedBy != "chair@example.org" || got[1].DecidedOn == "2026-06-18" {
		t.Errorf("%v", got)
	}
}

func TestBadInputOfDecisions(t *testing.T) {
	useCluster(t)
	for _, test := range []struct{ args, words string }{
		{"a --outcome Approved --reference r", `--body is "", but must be one of SteeringRound, Conference`},
		{"a --body KDZ --outcome Approved --reference r", `--body is "KDZ", but must be one of`},
		{"a --body Conference --outcome ok --reference r", `--outcome is "ok", but must be one of Approved, Rejected, Deferred`},
		{"a --body Conference --outcome Approved", "--reference is missing: under which reference do the minutes"},
		{"a --body Conference --outcome Approved --reference r --decided-on 18.6.2026", `--decided-on is "18.6.2026", but must be a day, such as 2026-06-18`},
		{"a --body Conference --outcome Approved --reference r --rank -1", "--rank is -1, but the first place is 1"},
		{"a --body Conference --outcome Approved --reference r --rank first", "invalid argument \"first\" for \"--rank\""},
		{"--body Conference --outcome Approved --reference r", "which Project? Name it"},
		{"a --body Conference --outcome Approved --reference r -f b.yaml", "--filename needs --output yaml"},
		{"-f b.yaml -o yaml --body Conference --outcome Approved --reference r", "say it with --decided-by"},
		{"-f /nonexistent -o yaml --decided-by a --body Conference --outcome Approved --reference r", "/nonexistent"},
		{"online-terminvergab -n amt-33 --yes --body Conference --outcome Approved --reference r", "did you mean online-terminvergabe?"},
	} {
		t.Run(test.args, func(t *testing.T) {
			out, errOut, err := run(t, "", append([]string{"project", "decide"}, strings.Fields(test.args)...)...)
			if err == nil || !strings.Contains(err.Error(), test.words) || out != "" {
				t.Errorf("error %v lacks %q\n%s%s", err, test.words, out, errOut)
			}
		})
	}
}
