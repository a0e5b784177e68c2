// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/status"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func TestSetMovesTheTransitionOnlyWithTheStatus(t *testing.T) {
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
	status.Set(app, v1alpha1.ConditionAvailable, metav1.ConditionTrue, "Operational", "", now)
	status.Set(app, v1alpha1.ConditionAvailable, metav1.ConditionTrue, "Degraded", "slow", now.Add(time.Hour))
	c := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionAvailable)
	if c.Reason != "Degraded" || c.Message != "slow" || c.ObservedGeneration != 7 || !c.LastTransitionTime.Time.Equal(now) {
		t.Errorf("after a change of reason: %+v", c)
	}
	status.Set(app, v1alpha1.ConditionAvailable, metav1.ConditionFalse, "Outage", strings.Repeat("x", 5000), now.Add(time.Hour))
	c = meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionAvailable)
	if !c.LastTransitionTime.Time.Equal(now.Add(time.Hour)) || len(c.Message) > 1024 {
		t.Errorf("after a change of status: since %s, message of %d bytes", c.LastTransitionTime, len(c.Message))
	}
	status.Remove(app, v1alpha1.ConditionAvailable)
	status.Remove(app, v1alpha1.ConditionAvailable)
	if len(app.Status.Conditions) > 0 {
		t.Errorf("left: %+v", app.Status.Conditions)
	}
}

func TestSetReadinessNeverContradictsItself(t *testing.T) {
	tests := []struct {
		name                        string
		given                       status.Readiness
		ready, reconciling, stalled string
	}{
		{"ready", status.Readiness{Reason: "Succeeded"}, "True", "", ""},
		{"reconciling", status.Readiness{Reason: "ReferenceNotFound", Reconciling: true}, "False", "True", ""},
		{"unjudged", status.Readiness{Reason: "AwaitingFirstResult", Reconciling: true, Unjudged: true}, "Unknown", "True", ""},
		{"stalled", status.Readiness{Reason: "InvalidSpec", Stalled: true}, "False", "", "True"},
		{"stalled and reconciling", status.Readiness{Reason: "InvalidSpec", Stalled: true, Reconciling: true}, "False", "", "True"},
	}
	unit := &v1alpha1.OrganisationalUnit{}
	// In order and back, so that each state is reached from another one.
	for i := range 2 * len(tests) {
		test := tests[min(i, 2*len(tests)-1-i)]
		status.SetReadiness(unit, test.given, now)
		for conditionType, want := range map[string]string{
			v1alpha1.ConditionReady: test.ready, v1alpha1.ConditionReconciling: test.reconciling, v1alpha1.ConditionStalled: test.stalled,
		} {
			got := ""
			if c := meta.FindStatusCondition(unit.Status.Conditions, conditionType); c != nil {
				got = string(c.Status)
				if c.Reason != test.given.Reason {
					t.Errorf("%s: %s has reason %s", test.name, conditionType, c.Reason)
				}
			}
			if got != want {
				t.Errorf("%s: %s is %q, want %q", test.name, conditionType, got, want)
			}
		}
	}
}

// recorder is a client that counts what is written to status.
type recorder struct {
	client.Client
	patches []string
}

func (r *recorder) GroupVersionKindFor(runtime.Object) (schema.GroupVersionKind, error) {
	return v1alpha1.GroupVersion.WithKind("Application"), nil
}

func (r *recorder) Status() client.SubResourceWriter { return &statusRecorder{recorder: r} }

type statusRecorder struct {
	client.SubResourceWriter
	recorder *recorder
}

func (r *statusRecorder) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
	data, err := p.Data(o)
	r.recorder.patches = append(r.recorder.patches, string(data))
	o.SetResourceVersion("43")
	return err
}

func TestPatchWritesOnlyWhatDiffers(t *testing.T) {
	r := &recorder{}
	at := metav1.NewTime(now)
	before := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "42"}}
	before.Status.Since = &at

	after := before.DeepCopy()
	local := metav1.NewTime(now.In(time.FixedZone("CET", 3600)))
	after.Status.Since = &local // the same moment
	if wrote, err := status.Patch(t.Context(), r, before, after); wrote || err != nil || len(r.patches) > 0 {
		t.Fatalf("nothing differs, yet wrote %t, %v: %v", wrote, err, r.patches)
	}
	after.Status.OperationalState = v1alpha1.StateOutage
	if wrote, err := status.Patch(t.Context(), r, before, after); !wrote || err != nil || after.ResourceVersion != "43" {
		t.Fatalf("wrote %t version %s, %v", wrote, after.ResourceVersion, err)
	}
	for _, words := range []string{`"operationalState":"Outage"`, `"resourceVersion":"42"`} {
		if !strings.Contains(r.patches[0], words) {
			t.Errorf("patch %s lacks %s", r.patches[0], words)
		}
	}
	if strings.Contains(r.patches[0], "spec") {
		t.Errorf("patch %s touches the spec", r.patches[0])
	}
}

func TestShorten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		limit := rapid.IntRange(0, 64).Draw(t, "limit")
		short := status.Shorten(s, limit)
		switch {
		case len(s) <= limit && short != s:
			t.Fatalf("%q fits, yet became %q", s, short)
		case len(short) > limit:
			t.Fatalf("%q has %d bytes, more than %d", short, len(short), limit)
		case utf8.ValidString(s) && !utf8.ValidString(short):
			t.Fatalf("%q was cut within a rune: %q", s, short)
		case len(s) > limit && !strings.HasPrefix(s, strings.TrimSuffix(short, "…")):
			t.Fatalf("%q is not the beginning of %q", short, s)
		}
	})
}
