// SPDX-License-Identifier: Apache-2.0

package governance_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// standing awaits that an Exemption is in a state, and Ready.
func (w *world) standing(name string, state v1alpha1.ExemptionState) *v1alpha1.Exemption {
	w.Helper()
	return controllertest.AwaitObject(w.World, w.exemption(name), func(e *v1alpha1.Exemption) string {
		if e.Status.State != state {
			return fmt.Sprintf("state is %s, want %s", e.Status.State, state)
		}
		return ready(e, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	})
}

// judged awaits the verdict on an Application.
func (w *world) judged(name string, v v1alpha1.Verdict) {
	w.Helper()
	controllertest.AwaitObject(w.World, w.app(name), func(a *v1alpha1.Application) string { return cmp.Diff(v, a.Status.Centralisation) })
}

// TestLifeOfAnExemption: each state comes by itself, and so does the verdict on
// the Application; nobody writes anything but the operator.
func TestLifeOfAnExemption(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy(func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.ExpiryNotice = "24h" })
	w.createApp("e", v1alpha1.ProviderDecentral)
	w.Create(w.newExemption("e", "2027-06-01", "2027-06-30"))
	from := time.Date(2027, 5, 31, 22, 0, 0, 0, time.UTC)
	until := time.Date(2027, 6, 30, 22, 0, 0, 0, time.UTC)
	tests := []struct {
		at            time.Time
		before, after v1alpha1.ExemptionState
		was, is       v1alpha1.Verdict
		kind          string
	}{
		{from, v1alpha1.ExemptionPending, v1alpha1.ExemptionActive, v1alpha1.VerdictViolating, v1alpha1.VerdictExempt, corev1.EventTypeNormal},
		{until.Add(-24 * time.Hour), v1alpha1.ExemptionActive, v1alpha1.ExemptionExpiring, v1alpha1.VerdictExempt, v1alpha1.VerdictExempt, corev1.EventTypeWarning},
		{until, v1alpha1.ExemptionExpiring, v1alpha1.ExemptionExpired, v1alpha1.VerdictExempt, v1alpha1.VerdictViolating, corev1.EventTypeWarning},
	}
	for _, tc := range tests {
		w.clock.Hold(tc.at.Add(-time.Second))
		w.start()
		w.standing("e", tc.before)
		w.judged("e", tc.was)
		w.looked([]string{"e"}, []string{"e"})
		w.clock.Set(tc.at)
		e := w.standing("e", tc.after)
		w.judged("e", tc.is)
		w.AwaitEvent(tc.kind, string(tc.after), "e")
		if since := e.Status.Since.Time; !since.Equal(tc.at) {
			t.Errorf("%s since %s, want %s", tc.after, since, tc.at)
		}
		expiry, told := w.metric("kdz_centralisation_exemption_expiry_timestamp_seconds", "namespace", w.Namespace, "exemption", "e")
		if over := tc.after == v1alpha1.ExemptionExpired; told == over || !over && expiry != float64(until.Unix()) {
			t.Errorf("%s: the metric of its end is %v, %t", tc.after, expiry, told)
		}
		w.kill()
	}
	w.AwaitEvent(corev1.EventTypeNormal, string(v1alpha1.VerdictExempt), "e")
	w.AwaitEvent(corev1.EventTypeWarning, string(v1alpha1.VerdictViolating), "e")
	app := controllertest.Get(w.World, w.app("e"))
	e := controllertest.Get(w.World, w.exemption("e"))
	if diff := cmp.Diff(&v1alpha1.ExemptedApplication{UID: string(app.UID), DisplayName: "e"}, e.Status.Application); diff != "" {
		t.Errorf("the system that it was used for (-want +got):\n%s", diff)
	}
}

func TestExemptionThatNobodyNeeds(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(noon)
	w.start()
	w.createUnit("kdz", v1alpha1.UnitKDZ, "")
	w.createPolicy()
	// It comes before the Application, which is what it is for.
	w.Create(w.newExemption("e", "2027-06-01", "2027-12-31"))
	w.standing("e", v1alpha1.ExemptionActive)
	w.createApp("e", v1alpha1.ProviderDecentral)
	w.judged("e", v1alpha1.VerdictExempt)

	controllertest.Alter(w.World, w.app("e"), func(a *v1alpha1.Application) {
		a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: "kdz"}}
	})
	w.standing("e", v1alpha1.ExemptionUnneeded)
	w.AwaitEvent(corev1.EventTypeNormal, string(v1alpha1.ExemptionUnneeded), "e")
	w.judged("e", v1alpha1.VerdictCompliant)
	controllertest.Alter(w.World, w.app("e"), func(a *v1alpha1.Application) {
		a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
	})
	w.standing("e", v1alpha1.ExemptionActive)
	w.remove(w.app("e"))
	w.standing("e", v1alpha1.ExemptionUnneeded)

	// Another system under the name is found out, and it is told once more who
	// was meant.
	w.createApp("e", v1alpha1.ProviderDecentral)
	w.standing("e", v1alpha1.ExemptionActive)
	w.AwaitEvent(corev1.EventTypeWarning, v1alpha1.ReasonExemptionReused, "e")
	w.judged("e", v1alpha1.VerdictExempt)
}
