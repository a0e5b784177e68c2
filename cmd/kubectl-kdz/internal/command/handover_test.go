// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// termine is the example of a handover.
const termine = "../../../../test/examples/08-handover.yaml"

// newHandover creates a Handover, with a name that begins so, that the operator
// has judged.
func newHandover(t *testing.T, name string, change func(*v1alpha1.Handover)) *v1alpha1.Handover {
	t.Helper()
	h := &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: unique(name)},
		Spec: v1alpha1.HandoverSpec{
			ProjectRef:        v1alpha1.ProjectReference{Name: "online-terminvergabe"},
			ApplicationRefs:   []v1alpha1.ApplicationReference{{Name: "termine"}},
			OperationsUnitRef: v1alpha1.UnitReference{Name: "kdz-16-03-04"},
			Criteria:          []v1alpha1.HandoverCriterion{{Name: "training", Description: "Service desk and users trained"}},
		},
	}
	c := admin(t)
	if err := c.Create(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	h.Status = v1alpha1.HandoverStatus{ObservedGeneration: h.Generation, Stage: v1alpha1.HandoverAwaitingSignOff, ContentHash: acceptance.Hash(&h.Spec)}
	if change != nil {
		change(h)
	}
	if err := c.Status().Update(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	return h
}

// Of a file and of the cluster the hash is the same, defaults or not.
func TestHashOfAFileIsThatOfTheCluster(t *testing.T) {
	useCluster(t)
	h := newHandover(t, "hash", nil)
	want := string(h.Status.ContentHash) + "  amt-33/" + h.Name + "\n"
	out, errOut, err := run(t, "", "handover", "hash", h.Name, "-n", "amt-33")
	if err != nil || errOut != "" || out != want {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	file := "apiVersion: kdz.mainz.de/v1alpha1\nkind: Handover\nmetadata: {name: " + h.Name + ", namespace: amt-33}\n" +
		"spec: {projectRef: {name: online-terminvergabe}, applicationRefs: [{name: termine}], operationsUnitRef: {name: kdz-16-03-04}, criteria: [{name: training, description: Service desk and users trained}]}\n"
	t.Setenv("KUBECONFIG", "/nonexistent")
	if out, errOut, err := run(t, file, "handover", "hash", "-"); err != nil || errOut != "" || out != want {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	name := filepath.Join(t.TempDir(), "handover")
	if err := os.WriteFile(name, []byte(file+"---\n"+strings.Replace(file, "name: "+h.Name, "name: other", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, err := run(t, "", "handover", "hash", name); err != nil || out != want+strings.Replace(want, "amt-33/"+h.Name, "amt-33/other", 1) {
		t.Errorf("%v\n%s", err, out)
	}
}

// Where the cluster says another hash, a warning says why.
func TestHashThatDiffers(t *testing.T) {
	useCluster(t)
	const other = v1alpha1.ContentHash("v1:0000000000000000000000000000000000000000000000000000000000000000")
	for words, change := range map[string]func(*v1alpha1.Handover){
		`warning: status.contentHash is "` + string(other) + `": the operator computes the content hash as`: func(h *v1alpha1.Handover) { h.Status.ContentHash = other },
		`warning: status.contentHash is "": the operator has not judged it yet`:                             func(h *v1alpha1.Handover) { h.Status = v1alpha1.HandoverStatus{} },
		"the content was changed, and the operator has not judged it since":                                 func(h *v1alpha1.Handover) { h.Status.ContentHash, h.Status.ObservedGeneration = other, 0 },
	} {
		h := newHandover(t, "hash-differs", change)
		out, errOut, err := run(t, "", "handover", "hash", h.Name, "-n", "amt-33")
		if err != nil || !strings.HasSuffix(out, "  amt-33/"+h.Name+"\n") || !strings.Contains(errOut, words) {
			t.Errorf("%v\n%s%s", err, out, errOut)
		}
	}
}

func TestStatusForPrograms(t *testing.T) {
	useCluster(t)
	out, errOut, err := run(t, "", "handover", "status", "termine", "-n", "amt-33", "-o", "json")
	var c handover.Checklist
	if err == nil {
		err = json.Unmarshal([]byte(out), &c)
	}
	if err != nil || errOut != "" || c.Stage != v1alpha1.HandoverVerifying || c.Outdated || len(c.Checks) != 2 || len(c.Roles) != 3 || c.Roles[0].Signature.SignedAt == "" {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
	if out, _, err := run(t, "", "handover", "status", "termine", "-n", "amt-33", "-o", "yaml"); err != nil || !strings.Contains(out, "\nstage: Verifying\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Who may read little is shown it, and told what is left out and why.
func TestStatusOfWhatMayBeRead(t *testing.T) {
	useUser(t, "lead@example.org")
	out, _, err := run(t, "", "handover", "status", "termine", "-n", "amt-33")
	if err != nil || !strings.Contains(out, "\nStage          Verifying since") ||
		!strings.Contains(out, `since the GovernancePolicy cannot be read: governancepolicies.kdz.mainz.de "default" is forbidden: User "lead@example.org"`) {
		t.Errorf("%v\n%s", err, out)
	}
	useUser(t, "stranger@example.org")
	if _, _, err := run(t, "", "handover", "status", "termine", "-n", "amt-33"); err == nil || !strings.Contains(err.Error(), "read the Handover: handovers.kdz.mainz.de \"termine\" is forbidden") {
		t.Errorf("%v", err)
	}
}

// What objects say never reaches a terminal as something to obey.
func TestStatusOfHostileText(t *testing.T) {
	useCluster(t)
	h := newHandover(t, "hostile", func(h *v1alpha1.Handover) {
		h.Status.Missing = []v1alpha1.MissingItem{{Reason: "R", Message: "\x1b[2J\x1b]0;owned\a\u202egone"}}
	})
	out, _, err := run(t, "", "handover", "status", h.Name, "-n", "amt-33")
	if err != nil || strings.ContainsAny(out, "\x1b\a\u202e") || !strings.Contains(out, "-   [2J]0;ownedgone\n") {
		t.Errorf("%v\n%q", err, out)
	}
}

func TestBadInputOfHandovers(t *testing.T) {
	useCluster(t)
	for _, test := range []struct{ args, input, words string }{
		{"hash", "", "accepts 1 arg(s), received 0"},
		{"hash termin -n amt-33", "", `there is no Handover "termin" in namespace amt-33; did you mean termine?`},
		{"hash termine -n leer", "", "there is one in amt-33 (-n amt-33)"},
		{"hash ./nonexistent", "", "./nonexistent"},
		{"hash " + strings.Replace(termine, "08-handover", "07-project", 1), "", "07-project.yaml: there is no Handover in the input"},
		{"hash -", "kind: Handover\napiVersion: kdz.mainz.de/v1alpha1\nspec:\n  dueon: a\n", "the standard input: document 1, line 4: Handover: unknown field \"spec.dueon\""},
		{"hash -", "kind: Handover\napiVersion: kdz.mainz.de/v1alpha1\nmetadata: {name: a}\nspec: {projectRef: {}}\n", `the standard input: the Handover "a" lacks spec.applicationRefs, spec.operationsUnitRef.name, spec.projectRef.name`},
		{"status", "", "accepts 1 arg(s), received 0"},
		{"status termine -o wide", "", `--output is "wide", but must be text, json or yaml`},
		{"status termin -n amt-33", "", "did you mean termine?"},
		{"sign termine", "", "which role do you sign for? --role is one of ProjectLead, Operations, ApplicationManagement, ProviderManagement"},
		{"sign termine --role Admin", "", `--role is "Admin", but must be one of ProjectLead,`},
		{"sign --role Operations", "", "which Handover? Name it"},
		{"sign termine --role Operations --reject", "", "a rejection needs a comment that says why: --comment"},
		{"sign termine --role Operations --hash v1:abc", "", `--hash is "v1:abc", but a content hash is v1: and 64 hexadecimal digits`},
		{"sign termine --role Operations -o json", "", `--output is "json", but must be yaml or left out`},
		{"sign termine --role Operations -f a.yaml", "", "--filename needs --output yaml"},
		{"sign termine --role Operations -f a.yaml -o yaml", "", "say it with --signed-by"},
		{"sign termine --role Operations -f a.yaml -o yaml --dry-run --signed-by a", "", "--dry-run asks the API server, and --filename does without it"},
		{"sign other --role Operations -f " + termine + " -o yaml --signed-by a", "", `there is no Handover "other" in `},
		{"sign -n amt-10 --role Operations -f " + termine + " -o yaml --signed-by a", "", "Handover termine is of namespace amt-33 in " + termine + ", and --namespace is amt-10"},
		{"sign --role Operations -f /nonexistent -o yaml --signed-by a", "", "/nonexistent"},
		{"sign termin --role Operations -n amt-33 --yes", "", "did you mean termine?"},
		{"sign termine --role Operations -n amt-33", "", "nobody can be asked, since the standard input is no terminal"},
	} {
		t.Run(test.args, func(t *testing.T) {
			out, errOut, err := run(t, test.input, append([]string{"handover"}, strings.Fields(test.args)...)...)
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v lacks %q\n%s%s", err, test.words, out, errOut)
			}
			if out != "" {
				t.Errorf("it printed\n%s", out)
			}
		})
	}
}
