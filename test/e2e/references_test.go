// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// conditioned is an object with conditions, of either kind.
type conditioned interface {
	client.Object
	GetConditions() []metav1.Condition
}

// waits says what is missing until an object waits for something, for a reason
// and with words that name it.
func waits[T conditioned](reason string, words ...string) func(T) string {
	return func(o T) string {
		c := meta.FindStatusCondition(o.GetConditions(), v1alpha1.ConditionReconciling)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != reason {
			return fmt.Sprintf("Reconciling is %+v, want reason %s", c, reason)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Sprintf("Reconciling says %q, want %q in it", c.Message, word)
			}
		}
		if meta.FindStatusCondition(o.GetConditions(), v1alpha1.ConditionStalled) != nil {
			return "it is Stalled, though it heals by itself"
		}
		return ""
	}
}

// heals says what is missing until an object is accepted.
func heals[T conditioned](o T) string {
	for _, c := range o.GetConditions() {
		switch {
		case c.Type == v1alpha1.ConditionReconciling, c.Type == v1alpha1.ConditionStalled:
			return fmt.Sprintf("%s is still there: %s", c.Type, c.Message)
		case c.Type == v1alpha1.ConditionReady && c.Status == metav1.ConditionTrue:
			return ""
		}
	}
	return "it is not Ready"
}

// endpointIs says what is missing until an endpoint is in a state for a reason.
func endpointIs(name string, state v1alpha1.ComponentState, reasons ...string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		for _, e := range a.Status.Endpoints {
			if string(e.Name) == name && e.State == state && slices.Contains(reasons, e.Reason) {
				return ""
			}
		}
		return fmt.Sprintf("endpoints are %+v, want %s %s for %v", a.Status.Endpoints, name, state, reasons)
	}
}

// What a spec refers to and what does not exist yet is named, and the object
// heals when it appears.
func testReferences(t *testing.T, p *plane) {
	const namespace = "references"
	p.newNamespace(namespace, "kdz-16")
	apps, units := p.lookAtApplications(namespace), p.lookAtUnits()
	site := startHTTP(t, freeAddress(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sesame" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	web := v1alpha1.Endpoint{Name: "web", URL: "http://" + site.address, Interval: "5s"}
	token := func(labelled bool) *corev1.Secret {
		s := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "token"},
			StringData: map[string]string{"token": "sesame"},
		}
		if labelled {
			s.Labels = map[string]string{v1alpha1.LabelProbe: "true"}
		}
		return s
	}

	locked := web
	locked.HTTP = &v1alpha1.HTTPCheck{BearerTokenSecretRef: &v1alpha1.SecretReference{Name: "token"}}
	secret := newApplication(namespace, "wants-secret", "kdz-16", locked)
	open := web
	open.HTTP = &v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"401"}}
	unit := newApplication(namespace, "wants-unit", "kdz-16", open)
	unit.Spec.Operation.SupportUnitRef = &v1alpha1.UnitReference{Name: "kdz-16-new"}
	level := newApplication(namespace, "wants-level", "kdz-16", open)
	level.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "gold"}
	p.create(secret, unit, level, newUnit("kdz-16-child", "kdz-16-parent"))

	const missing = v1alpha1.ReasonReferenceNotFound
	apps.await(0, settleWithin, "wants-secret", "waiting for the Secret", waits[*v1alpha1.Application](missing, `"token"`, "web"))
	apps.await(0, settleWithin, "wants-secret", "Unknown there", endpointIs("web", v1alpha1.ComponentUnknown, missing))
	apps.await(0, settleWithin, "wants-unit", "waiting for the unit", waits[*v1alpha1.Application](missing, `"kdz-16-new"`, "spec.operation.supportUnitRef"))
	apps.await(0, settleWithin, "wants-level", "waiting for the agreement", waits[*v1alpha1.Application](missing, `"gold"`, "spec.serviceLevelRef"))
	units.await(0, settleWithin, "kdz-16-child", "waiting for its parent", waits[*v1alpha1.OrganisationalUnit](missing, `"kdz-16-parent"`, "spec.parentRef"))
	// What is there is looked at nevertheless.
	apps.await(0, settleWithin, "wants-unit", "operational", is(v1alpha1.StateOperational))

	mark := apps.mark()
	p.create(token(false))
	apps.await(mark, settleWithin, "wants-secret", "waiting for the label", waits[*v1alpha1.Application](v1alpha1.ReasonSecretNotLabelled, `"token"`))
	mark = apps.mark()
	labelled := token(true)
	if err := p.admin.Update(t.Context(), labelled); err != nil {
		t.Fatal(err)
	}
	apps.await(mark, settleWithin, "wants-secret", "healed", heals[*v1alpha1.Application])
	apps.await(mark, settleWithin, "wants-secret", "operational", is(v1alpha1.StateOperational))

	mark = apps.mark()
	p.create(newUnit("kdz-16-new", "kdz-16"))
	apps.await(mark, settleWithin, "wants-unit", "healed", heals[*v1alpha1.Application])
	p.create(newServiceLevel("gold", v1alpha1.CalendarMonth))
	apps.await(mark, settleWithin, "wants-level", "healed", heals[*v1alpha1.Application])
	mark = units.mark()
	p.create(newUnit("kdz-16-parent", "kdz-16"))
	units.await(mark, settleWithin, "kdz-16-child", "healed", heals[*v1alpha1.OrganisationalUnit])

	// And what goes is missed again.
	mark = apps.mark()
	if err := p.admin.Delete(t.Context(), labelled); err != nil {
		t.Fatal(err)
	}
	apps.await(mark, settleWithin, "wants-secret", "waiting for the Secret again", waits[*v1alpha1.Application](missing, `"token"`))
}
