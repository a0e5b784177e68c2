// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestJSONIsTheReport(t *testing.T) {
	useCluster(t)
	out, _, err := run(t, "", "availability", "civento", "-n", "amt-10", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r account.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Name != "civento" || r.Period.Name != "2026-06" || len(r.Outages) != 1 || r.Period.Agreed != 115*3600+11*3600+4*3600+30*60-3 || r.Current.NotInFigures != 3 {
		t.Errorf("%s", out)
	}
}

// Bad input says what is wrong and what would be right.
func TestBadInput(t *testing.T) {
	useCluster(t)
	for _, test := range []struct{ args, words string }{
		{"availability civnto -n amt-10", `there is no Application "civnto" in namespace amt-10; did you mean civento?`},
		{"availability meso -n amt-10", `there is no Application "meso" in namespace amt-10; there is one in amt-33 (-n amt-33)`},
		{"availability meso -n leer", "there is one in amt-33 (-n amt-33)"},
		{"availability xyz -n leer", `there is no Application "xyz" in namespace leer, nor any other`},
		{"availability ../x -n leer", "../x"},
		{"availability altregister -n amt-33", "amt-33/altregister has no account yet: it is Retired, and only what operates is counted"},
		{"availability civento -n amt-10 --period 2026-08", `no period "2026-08"; it has 2026-06 (running), 2026-05`},
		{"availability civento -A", "a name and --all-namespaces exclude each other"},
		{"availability --period 2026-10", "--period needs the name of an Application"},
		{"availability civento -o xml", `--output is "xml", but must be text, json or yaml`},
		{"availability a b", "accepts at most 1 arg(s), received 2"},
		{"availability --context nowhere", "nowhere"},
		{"availability --kubeconfig /nonexistent", "/nonexistent"},
		{"availability civento --server http://127.0.0.1:1 -n amt-10", "127.0.0.1:1"},
		{"availability civento -n amt-10 --as nobody", "read the Application: applications.kdz.mainz.de \"civento\" is forbidden"},
		{"availability -A --as nobody", "list Applications: applications.kdz.mainz.de is forbidden"},
		{"export openslo ofice-hours", `there is no ServiceLevel "ofice-hours"; did you mean office-hours?`},
		{"export openslo gold silver", "there is no ServiceLevel \"gold\"\nthere is no ServiceLevel \"silver\""},
		{"export openslo always", "ServiceLevel always: spec.availability.objective: 100 is not below 100"},
		{"export prometheus", `unknown command "prometheus" for "kubectl kdz export"`},
		{"import openslo", "which file? --filename names it, and - is the standard input"},
		{"import openslo -f /nonexistent.yaml", "/nonexistent.yaml"},
		{"import openslo -f -", "there is no SLO in the input"},
		{"availab", "Did you mean this?\n\tavailability"},
	} {
		t.Run(test.args, func(t *testing.T) {
			out, errOut, err := run(t, "", strings.Fields(test.args)...)
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v lacks %q\n%s%s", err, test.words, out, errOut)
			}
			if out != "" {
				t.Errorf("it printed\n%s", out)
			}
		})
	}
}

// Without a heartbeat the figures are as of the last write, and one line says
// why.
func TestWithoutAHeartbeat(t *testing.T) {
	useCluster(t)
	const asOf = "As of           2026-06-16 20:00:00 CEST, when the account was written last\n    "
	for _, test := range []struct{ args, words string }{
		{"--as clerk@example.org", `the operator's heartbeat cannot be read: configmaps "kdz-operator-heartbeat" is forbidden: User "clerk@example.org" cannot get`},
		{"--operator-namespace leer", "the operator's heartbeat cannot be read: there is no ConfigMap leer/kdz-operator-heartbeat; is the operator in another namespace (--operator-namespace)?\n"},
		{"--operator-namespace broken", "the operator's heartbeat cannot be read: ConfigMap broken/kdz-operator-heartbeat: heartbeat.json: recorded is missing\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			out, errOut, err := run(t, "", strings.Fields("availability civento -n amt-10 "+test.args)...)
			if err != nil || errOut != "" || !strings.Contains(out, asOf+test.words) || !strings.Contains(out, "Agreed          115h 0m 0s so far") {
				t.Errorf("%v\n%s%s", err, out, errOut)
			}
			out, errOut, err = run(t, "", strings.Fields("availability -A "+test.args)...)
			if err != nil || !strings.HasPrefix(errOut, "warning: each line is as of when its account was written last: "+test.words) || !strings.Contains(out, "   2026-06-16 20:00:00 CEST\n") {
				t.Errorf("%v\n%s%s", err, out, errOut)
			}
		})
	}
}

func TestNoApplication(t *testing.T) {
	useCluster(t)
	out, errOut, err := run(t, "", "availability", "-n", "leer")
	if err != nil || out != "" || errOut != "warning: there is no Application in namespace leer\n" {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}
}

// One ServiceLevel that OpenSLO cannot say keeps no other from being exported.
func TestExportOfAll(t *testing.T) {
	useCluster(t)
	out, errOut, err := run(t, "", "export", "openslo")
	if err == nil || !strings.Contains(err.Error(), "ServiceLevel always") || !strings.Contains(out, "amt-10--civento") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, words := range []string{"spec.serviceHours", "spec.decision is left out", "around the clock"} {
		if !strings.Contains(errOut, words) {
			t.Errorf("%s\nlacks %q", errOut, words)
		}
	}
}

// What was exported is imported as it was, and the API server takes it.
func TestThereAndBack(t *testing.T) {
	useCluster(t)
	exported, _, err := run(t, "", "export", "openslo", "office-hours")
	if err != nil {
		t.Fatal(err)
	}
	out, errOut, err := run(t, exported, "import", "openslo", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errOut, "ServiceLevel office-hours has no spec.decision") || !strings.Contains(errOut, "note: ") {
		t.Errorf("%s", errOut)
	}
	imported := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(out), &imported.Object); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(controlplanetest.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stored := imported.DeepCopy()
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil {
		t.Fatal(err)
	}
	imported.SetName("imported")
	if err := c.Create(t.Context(), imported, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	want := stored.Object["spec"].(map[string]any)
	delete(want, "decision")
	if diff := cmp.Diff(want, imported.Object["spec"]); diff != "" {
		t.Errorf("(-stored +imported):\n%s", diff)
	}
	// From a file it is the same.
	file := filepath.Join(t.TempDir(), "slo.yaml")
	if err := os.WriteFile(file, []byte(exported), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, _, err := run(t, "", "import", "openslo", "-f", file); err != nil || again != out {
		t.Errorf("%v\n%s", err, again)
	}
}

// The shell is offered names.
func TestCompletion(t *testing.T) {
	useCluster(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"__complete", "availability", "-n", "amt-33", "a"}, "altregister\n:4\n"},
		{[]string{"__complete", "availability", "-n", "amt-33", "meso", ""}, ":4\n"},
		{[]string{"__complete", "export", "openslo", "always", ""}, "office-hours\n:4\n"},
		{[]string{"__complete", "availability", "--context", "nowhere", ""}, ":4\n"},
	} {
		out, _, err := run(t, "", test.args...)
		if err != nil || out != test.want {
			t.Errorf("%s: %v\n%s", test.args, err, out)
		}
	}
}
