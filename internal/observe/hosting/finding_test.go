// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// TestConclude: the worst finding decides, and all are told, the worst first.
func TestConclude(t *testing.T) {
	full := Full("/", 97, 95)
	down := Finding{v1alpha1.ComponentDown, v1alpha1.ReasonUnitState, "unit a is failed", "a", "failed"}
	stale := Finding{v1alpha1.ComponentUnknown, v1alpha1.ReasonFactStale, "updates are stale", "", ""}
	stopped := Finding{v1alpha1.ComponentStopped, v1alpha1.ReasonInstanceStopped, "instance 00 is stopped", "00", "GRAY"}
	tests := map[string]struct {
		findings   []Finding
		outcome    observe.Outcome
		class      observe.FailureClass
		degraded   bool
		reason     string
		message    string
		components []string
	}{
		"nothing":  {nil, observe.OutcomeSuccess, observe.ClassNone, false, "", "", nil},
		"degraded": {[]Finding{full}, observe.OutcomeSuccess, observe.ClassNone, true, v1alpha1.ReasonFilesystemFull, "web01: / is 97 % full (limit 95 %)", []string{"/"}},
		"unknown":  {[]Finding{stale}, observe.OutcomeInconclusive, observe.ClassNone, false, v1alpha1.ReasonFactStale, "web01: updates are stale", nil},
		"stopped":  {[]Finding{stopped}, observe.OutcomeSuccess, observe.ClassNone, true, v1alpha1.ReasonInstanceStopped, "web01: instance 00 is stopped", []string{"00"}},
		"what is known before what is not": {
			[]Finding{stale, full},
			observe.OutcomeSuccess, observe.ClassNone, true, v1alpha1.ReasonFilesystemFull,
			"web01: / is 97 % full (limit 95 %); updates are stale",
			[]string{"/"},
		},
		"the worst": {
			[]Finding{stale, full, stopped, down},
			observe.OutcomeFailure, observe.ClassTarget, false, v1alpha1.ReasonUnitState,
			"web01: unit a is failed; / is 97 % full (limit 95 %); instance 00 is stopped; updates are stale",
			[]string{"a", "/", "00"},
		},
		"one of two of a name": {
			[]Finding{full, full},
			observe.OutcomeSuccess, observe.ClassNone, true, v1alpha1.ReasonFilesystemFull,
			"web01: / is 97 % full (limit 95 %); / is 97 % full (limit 95 %)",
			[]string{"/"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			seen := observe.Result{Outcome: observe.OutcomeSuccess, Latency: 7, Address: "192.0.2.7:9100", Facts: "raw"}
			r := Conclude(seen, "web01", 9, tc.findings)
			if r.Outcome != tc.outcome || r.Class != tc.class || r.Degraded != tc.degraded || r.Reason != tc.reason || r.Message != tc.message {
				t.Errorf("got %+v, want %+v", r, tc)
			}
			if (r.Step == observe.StepNone) != (r.Outcome == observe.OutcomeSuccess) || r.Latency != 7 || r.Address == "" {
				t.Errorf("%+v", r)
			}
			system := r.Facts.(System)
			var names []string
			for _, c := range system.Components {
				names = append(names, c.Name)
			}
			if system.Total != 9 || !slices.Equal(names, tc.components) {
				t.Errorf("%+v, want components %v", system, tc.components)
			}
		})
	}
}

// TestConcludeBounds: however much is found, what is told keeps to its bounds,
// begins with the worst, and says how much is left out.
func TestConcludeBounds(t *testing.T) {
	states := []v1alpha1.ComponentState{v1alpha1.ComponentDown, v1alpha1.ComponentDegraded, v1alpha1.ComponentStopped, v1alpha1.ComponentUnknown}
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Finding {
			return Finding{
				rapid.SampledFrom(states).Draw(t, "state"), "Reason", "x" + rapid.StringN(0, 300, -1).Draw(t, "text"),
				rapid.StringN(0, 300, -1).Draw(t, "component"), rapid.StringN(0, 300, -1).Draw(t, "detail"),
			}
		}), 1, 40).Draw(t, "findings")
		r := Conclude(observe.Result{}, rapid.StringN(0, 300, -1).Draw(t, "name"), 40, findings)
		if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) || r.Reason != "Reason" {
			t.Fatalf("%d bytes: %q", len(r.Message), r.Message)
		}
		var left int
		if i := strings.LastIndex(r.Message, "; "); i >= 0 {
			if _, err := fmt.Sscanf(r.Message[i:], "; %d more", &left); err != nil {
				left = 0
			}
		}
		if left >= len(findings) {
			t.Fatalf("%d of %d findings left out: %q", left, len(findings), r.Message)
		}
		components := r.Facts.(System).Components
		if len(components) > MaxComponents || !slices.IsSortedFunc(components, func(a, b Component) int { return rank(b.State) - rank(a.State) }) {
			t.Fatalf("%+v", components)
		}
		for i, c := range components {
			if c.Name == "" || len(c.Name) > MaxComponentText || len(c.Message) > MaxComponentText ||
				slices.ContainsFunc(components[:i], func(o Component) bool { return o.Name == c.Name }) {
				t.Fatalf("%+v", c)
			}
		}
	})
}

// TestLongList: what does not fit is counted.
func TestLongList(t *testing.T) {
	var findings []Finding
	for i := range 32 {
		findings = append(findings, Full(fmt.Sprintf("/srv/data%d", i), 99, 95))
	}
	r := Conclude(observe.Result{}, "web01", 32, findings)
	if !strings.HasPrefix(r.Message, "web01: /srv/data0 is 99 % full (limit 95 %); /srv/data1 is") || !strings.HasSuffix(r.Message, "; 28 more") {
		t.Errorf("%q", r.Message)
	}
	if got := len(r.Facts.(System).Components); got != MaxComponents {
		t.Errorf("%d components", got)
	}
}
