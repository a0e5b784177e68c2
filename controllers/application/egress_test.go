// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// An address that checks may not connect to is never asked, and the author is
// told which and why, until they name another.
func TestRefusedAddressIsStalledAndNeverAsked(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("web")
	good := app.Spec.Endpoints[0].URL
	app.Spec.Endpoints[0].URL = "http://169.254.169.254/latest/meta-data/"
	w.Create(app)

	c := w.hasCondition("web", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonEgressRefused)
	for _, words := range []string{"spec.endpoints[0].url", "169.254.169.254", "metadata", "-egress-allow"} {
		if !strings.Contains(c.Message, words) {
			t.Errorf("the message lacks %q: %s", words, c.Message)
		}
	}
	w.inState("web", v1alpha1.StateUnknown)
	if check, ok := w.observer.check(w.key("web"), "web"); !ok || check.Probe != nil {
		t.Errorf("the address is asked: %+v", check)
	}

	w.change("web", func(a *v1alpha1.Application) { a.Spec.Endpoints[0].URL = good })
	w.observer.see(w.key("web"), up("web", w.clock.Now()))
	w.inState("web", v1alpha1.StateOperational)
	w.lacksCondition("web", v1alpha1.ConditionStalled)
}

// Where a name leads only the check sees.
func TestRefusedNameIsStalledAndHeals(t *testing.T) {
	w := newWorld(t)
	w.Create(w.newWeb("web"))
	w.observer.see(w.key("web"), observe.Observation{
		Name: "web", State: observe.StateUnknown, Since: w.clock.Now(), Step: observe.StepConnect,
		Reason: endpoint.ReasonEgressRefused, Message: "127.0.0.1 is a loopback address, where checks may not connect.",
	})
	c := w.hasCondition("web", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonEgressRefused)
	if !strings.Contains(c.Message, "spec.endpoints[0].url: 127.0.0.1 is a loopback address") {
		t.Errorf("message: %s", c.Message)
	}
	w.observer.see(w.key("web"), up("web", w.clock.Now()))
	w.inState("web", v1alpha1.StateOperational)
	w.lacksCondition("web", v1alpha1.ConditionStalled)
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
}
