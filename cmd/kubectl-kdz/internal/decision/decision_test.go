// SPDX-License-Identifier: Apache-2.0

package decision_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/decision"
)

var update = flag.Bool("update", false, "write what is printed into testdata")

func load(t *testing.T, name string) *v1alpha1.Project {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := &v1alpha1.Project{}
	if content, err = yaml.YAMLToJSONStrict(content); err == nil {
		err = v1alpha1.UnmarshalStrict(content, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func approval() *v1alpha1.Decision {
	return &v1alpha1.Decision{
		Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-06-18", Reference: "SR-2026-06", DecidedBy: "steering-round@example.org",
		Rank: ptr.To[int32](3), Grounds: &v1alpha1.DecisionGrounds{Strategy: "Digital services", Synergies: "Shared with traffic office"}, Note: "With \x1b[31mthe budget",
	}
}

func TestWhatAPersonReads(t *testing.T) {
	for _, name := range []string{"awaiting", "new"} {
		got := decision.Text(load(t, name), approval())
		file := "testdata/" + name + ".txt"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.Decision)
		asks   v1alpha1.UserName
		want   string
	}{
		"well":              {nil, "steering-round@example.org", ""},
		"who released":      {nil, "requirements@example.org", "requirements@example.org released the request on 2026-02-27: " + decision.MessageFourEyes},
		"in the name of":    {func(d *v1alpha1.Decision) { d.DecidedBy = "requirements@example.org" }, "pipeline", decision.MessageFourEyes},
		"again":             {func(d *v1alpha1.Decision) { d.Reference = "SR-2026-03" }, "", "SteeringRound has decided under SR-2026-03 already (Deferred on 2026-03-12): " + decision.MessageKept},
		"of the other body": {func(d *v1alpha1.Decision) { d.Reference, d.Body = "SR-2026-03", v1alpha1.BodyConference }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := approval()
			if test.change != nil {
				test.change(d)
			}
			got := strings.Join(decision.Refused(load(t, "awaiting"), d, test.asks), "\n")
			if !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if got := decision.Refused(load(t, "new"), approval(), ""); len(got) > 0 {
		t.Errorf("without a request: %q", got)
	}
}

func TestRemarks(t *testing.T) {
	for name, test := range map[string]struct {
		project string
		change  func(*v1alpha1.Project, *v1alpha1.Decision)
		want    string
	}{
		"well":               {"awaiting", nil, ""},
		"no request":         {"new", nil, "there is no request for the project (spec.request)"},
		"not released":       {"awaiting", func(p *v1alpha1.Project, _ *v1alpha1.Decision) { p.Spec.Request.ReleasedOn = "" }, "requirements management has not released the request (spec.request.releasedOn)"},
		"fast lane":          {"new", func(p *v1alpha1.Project, _ *v1alpha1.Decision) { p.Spec.Track = v1alpha1.TrackFastLane }, "the project takes the fast lane, in which no body needs to decide"},
		"before the release": {"awaiting", func(_ *v1alpha1.Project, d *v1alpha1.Decision) { d.DecidedOn = "2026-02-01" }, "the decision of 2026-02-01 is older than the release of the request on 2026-02-27"},
		"tomorrow":           {"awaiting", func(_ *v1alpha1.Project, d *v1alpha1.Decision) { d.DecidedOn = "2026-06-19" }, "2026-06-19 lies in the future: it is 2026-06-18 in Europe/Berlin, and a decision is recorded when it has been taken"},
		"after a decision": {"awaiting", func(p *v1alpha1.Project, d *v1alpha1.Decision) {
			p.Spec.Decisions[0].Outcome = v1alpha1.OutcomeRejected
		}, ""},
		"not after a decision": {"awaiting", func(p *v1alpha1.Project, d *v1alpha1.Decision) {
			p.Spec.Decisions[0].Outcome, d.DecidedOn = v1alpha1.OutcomeRejected, "2026-03-12"
		}, "SteeringRound decided on 2026-03-12 (Rejected, SR-2026-03), not before this decision"},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := load(t, test.project), approval()
			if test.change != nil {
				test.change(p, d)
			}
			if got := strings.Join(decision.Remarks(p, d, "2026-06-18"), "\n"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestPatch(t *testing.T) {
	const test = `[{"op":"test","path":"/metadata/uid","value":"0a1b"},{"op":"test","path":"/metadata/resourceVersion","value":"42"},`
	d := &v1alpha1.Decision{Body: "B", Outcome: "O", DecidedOn: "D", Reference: "R", DecidedBy: "P"}
	const value = `{"body":"B","outcome":"O","decidedOn":"D","reference":"R","decidedBy":"P"}`
	p := load(t, "awaiting")
	for want, decisions := range map[string][]v1alpha1.Decision{
		test + `{"op":"add","path":"/spec/decisions/-","value":` + value + `}]`: p.Spec.Decisions,
		test + `{"op":"add","path":"/spec/decisions","value":[` + value + `]}]`: nil,
	} {
		p.Spec.Decisions = decisions
		got, err := decision.Patch(p, d)
		if err != nil || string(got) != want {
			t.Errorf("%v\n%s, want\n%s", err, got, want)
		}
	}
}

func TestFragment(t *testing.T) {
	got, err := yaml.Marshal(decision.Fragment(load(t, "awaiting"), &v1alpha1.Decision{Body: "B", Outcome: "O", DecidedOn: "2026-06-18", Reference: "R", DecidedBy: "P"}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `apiVersion: kdz.mainz.de/v1alpha1
kind: Project
metadata:
  name: online-terminvergabe
  namespace: amt-33
spec:
  decisions:
  - body: B
    decidedBy: P
    decidedOn: "2026-06-18"
    outcome: O
    reference: R
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The plugin refuses in the server's words.
func TestMessagesAreTheServers(t *testing.T) {
	content, err := os.ReadFile("../../../../config/admission/projects.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{
		decision.MessageFourEyes, decision.MessageKept,
		decision.MessageNoRight(v1alpha1.BodySteeringRound), decision.MessageNoRight(v1alpha1.BodyConference),
		strings.Replace(decision.MessageOtherName("USER"), "USER", "' + variables.user + '", 1),
	} {
		if !strings.Contains(string(content), message) {
			t.Errorf("the server does not say: %s", message)
		}
	}
}
