// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TestAgreementBringsLatency: the threshold that was agreed is asked of the
// endpoints that declare none, and of those alone.
func TestAgreementBringsLatency(t *testing.T) {
	w := newWorld(t)
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	level.Spec = v1alpha1.ServiceLevelSpec{
		DisplayName: v1alpha1.LocalisedText{EN: "level"},
		Availability: v1alpha1.AvailabilityObjective{
			Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
		},
	}
	w.Create(level)
	app := w.newWeb("web")
	own := app.Spec.Endpoints[0]
	own.Name, own.MaxLatency = "own", "3s"
	app.Spec.Endpoints = append(app.Spec.Endpoints, own)
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(w.Namespace)}
	w.Create(app)
	w.await("web", func(*v1alpha1.Application) string { return w.lacksCheck("web", "web") })
	before := w.question("web", "web")
	declared := w.question("web", "own")

	level.Spec.Latency = &v1alpha1.LatencyObjective{Threshold: "800ms", Objective: "95"}
	if err := w.Client.Update(t.Context(), level); err != nil {
		t.Fatal(err)
	}
	w.await("web", func(*v1alpha1.Application) string {
		if w.question("web", "web") == before {
			return "nothing else is asked since a latency was agreed"
		}
		return ""
	})
	if w.question("web", "own") != declared {
		t.Error("an endpoint that declares its own latency is asked something else")
	}
	if got := w.get("web").Spec.Endpoints[0].MaxLatency; got != "" {
		t.Errorf("the spec was changed: maxLatency is %s", got)
	}
}

// lacksCheck says that a check is not asked for yet.
func (w *world) lacksCheck(app, endpoint string) string {
	if w.question(app, endpoint) == "" {
		return "endpoint " + endpoint + " is not asked"
	}
	return ""
}

// question is what is asked of an endpoint; empty if nothing is yet.
func (w *world) question(app, endpoint string) string {
	c, ok := w.observer.check(w.key(app), endpoint)
	if !ok || c.Probe == nil {
		return ""
	}
	return c.Probe.Key()
}
