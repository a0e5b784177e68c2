// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/observe"
)

func TestStateFollowsTheWorld(t *testing.T) {
	w := newWorld(t)
	w.Create(w.newWeb("web"))

	w.inState("web", v1alpha1.StateUnknown)
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonAwaitingFirstResult)
	w.hasCondition("web", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonAwaitingFirstResult)

	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	began := w.clock.Now().Add(-10 * time.Second)
	w.observer.see(w.key("web"), up("web", began))
	app := w.inState("web", v1alpha1.StateOperational)
	if app.Status.Cause != nil || !app.Status.Since.Time.Equal(began) || !slices.ContainsFunc(app.Status.Endpoints, func(e v1alpha1.EndpointStatus) bool {
		return e.Name == "web" && e.State == v1alpha1.ComponentUp && e.Since.Time.Equal(began)
	}) {
		t.Errorf("status: %+v", app.Status)
	}
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	w.hasCondition("web", v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonOperational)
	w.lacksCondition("web", v1alpha1.ConditionReconciling)

	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	failed := w.clock.Now().Add(-10 * time.Second)
	w.observer.see(w.key("web"), down("web", failed))
	app = w.inState("web", v1alpha1.StateOutage)
	if !app.Status.Since.Time.Equal(failed) {
		t.Errorf("out since %s, want the first failed check at %s", app.Status.Since, failed)
	}
	c := app.Status.Cause
	if c == nil || c.Kind != v1alpha1.CauseEndpoint || c.Name != "web" || c.Reason != "ConnectionRefused" || !strings.Contains(c.Message, "connect: the connection was refused") {
		t.Errorf("cause: %+v", c)
	}
	// An outage is a fact to report, not a reason for a pipeline to hang.
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	w.hasCondition("web", v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonOutage)
	w.hasCondition("web", v1alpha1.ConditionEndpointsAvailable, metav1.ConditionFalse, v1alpha1.ReasonEndpointDown)
	w.AwaitEvent(corev1.EventTypeWarning, string(v1alpha1.StateOutage), "web")

	w.observer.see(w.key("web"), up("web", w.clock.Now()))
	w.inState("web", v1alpha1.StateOperational)
	w.AwaitEvent(corev1.EventTypeNormal, string(v1alpha1.StateOperational), "web")
}

func TestRestartKeepsSinceAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.Create(w.newWeb("web"))
	w.Create(w.newWeb("well"))
	failed := w.clock.Now().Add(-time.Hour)
	w.observer.see(w.key("web"), down("web", failed))
	w.observer.see(w.key("well"), up("web", failed))
	w.inState("web", v1alpha1.StateOutage)
	w.inState("well", v1alpha1.StateOperational)
	w.kill()
	before := []string{w.get("web").ResourceVersion, w.get("well").ResourceVersion}

	w.start()
	controllertest.AwaitThat(t, "the new operator took up the checks", func() bool {
		a, ok := w.observer.check(w.key("web"), "web")
		b, also := w.observer.check(w.key("well"), "web")
		if ok && (a.Seed == nil || a.Seed.State != observe.StateDown || !a.Seed.Since.Equal(failed)) {
			t.Errorf("seed of web: %+v", a.Seed)
		}
		return ok && also && b.Seed != nil
	})
	// Something else that has to be written shows that the queue was worked off.
	w.Create(w.newApp("marker"))
	w.inState("marker", v1alpha1.StateUnknown)
	if after := []string{w.get("web").ResourceVersion, w.get("well").ResourceVersion}; !slices.Equal(before, after) {
		t.Errorf("a restart wrote: resource versions %v became %v", before, after)
	}
}

func TestReferencesHeal(t *testing.T) {
	w := newWorld(t)
	late := w.Namespace + "-late"
	app := w.newApp("web")
	app.Spec.Operation.UnitRef.Name = v1alpha1.ObjectName(late)
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(late)}
	w.Create(app)

	c := w.hasCondition("web", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound)
	for _, words := range []string{"spec.operation.unitRef", "OrganisationalUnit", "spec.serviceLevelRef", "ServiceLevel", late} {
		if !strings.Contains(c.Message, words) {
			t.Errorf("message %q lacks %q", c.Message, words)
		}
	}
	w.Create(w.newUnit(late))
	w.Create(&v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: late},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName: v1alpha1.LocalisedText{EN: late},
			Availability: v1alpha1.AvailabilityObjective{
				Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
			},
		},
	})
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	w.lacksCondition("web", v1alpha1.ConditionReconciling)

	if err := w.Client.Delete(t.Context(), w.newUnit(late)); err != nil {
		t.Fatal(err)
	}
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
}

func TestSecretsAreUsedOnlyWithTheLabel(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("web")
	app.Spec.Endpoints = append(app.Spec.Endpoints, v1alpha1.Endpoint{
		Name: "private", URL: "http://127.0.0.1:1/private",
		HTTP: &v1alpha1.HTTPCheck{BasicAuthSecretRef: &v1alpha1.SecretReference{Name: "login"}},
	})
	w.Create(app)
	w.observer.see(w.key("web"), up("web", w.clock.Now()))

	c := w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
	if !strings.Contains(c.Message, "private") || !strings.Contains(c.Message, "login") {
		t.Errorf("message %q names neither endpoint nor Secret", c.Message)
	}
	w.endpointIs("web", "private", v1alpha1.ComponentUnknown, v1alpha1.ReasonReferenceNotFound)
	w.endpointIs("web", "web", v1alpha1.ComponentUp, "")

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "login"},
		StringData: map[string]string{"username": "probe", "password": "not-a-real-password"},
	}
	w.Create(secret)
	w.change("web", func(a *v1alpha1.Application) { a.Spec.Description = "judge anew" })
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotLabelled)
	if check, _ := w.observer.check(w.key("web"), "private"); check.Probe != nil {
		t.Error("a Secret without the label is used")
	}

	secret.Labels = map[string]string{v1alpha1.LabelProbe: "true"}
	if err := w.Client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonAwaitingFirstResult)
	first, _ := w.observer.check(w.key("web"), "private")
	if first.Probe == nil {
		t.Fatal("the endpoint is not asked although its Secret is there")
	}
	w.observer.see(w.key("web"), up("private", w.clock.Now()))
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)

	secret.StringData = map[string]string{"password": "another"}
	if err := w.Client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	controllertest.AwaitThat(t, "a changed Secret is another question", func() bool {
		c, _ := w.observer.check(w.key("web"), "private")
		return c.Probe != nil && c.Probe.Key() != first.Probe.Key()
	})
}

// endpointIs awaits the state and reason of an endpoint.
func (w *world) endpointIs(name string, endpoint v1alpha1.ItemName, state v1alpha1.ComponentState, reason string) {
	w.Helper()
	w.await(name, func(a *v1alpha1.Application) string {
		for _, e := range a.Status.Endpoints {
			if e.Name == endpoint && e.State == state && e.Reason == reason {
				return ""
			}
		}
		return "endpoint " + string(endpoint) + " is not " + string(state) + " " + reason
	})
}

func TestLifecycleDecidesWhatIsObserved(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("web")
	app.Spec.Lifecycle = v1alpha1.LifecyclePlanned
	w.Create(app)
	w.inState("web", v1alpha1.StatePlanned)
	if !w.observer.forgotten(w.key("web")) {
		t.Error("a planned Application is observed")
	}
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)

	w.change("web", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePhasingOut })
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonAwaitingFirstResult)
	w.observer.see(w.key("web"), up("web", w.clock.Now()))
	w.inState("web", v1alpha1.StateOperational)

	w.change("web", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired })
	app = w.inState("web", v1alpha1.StateRetired)
	if len(app.Status.Endpoints) > 0 || !w.observer.forgotten(w.key("web")) {
		t.Errorf("a retired Application is observed: %+v", app.Status.Endpoints)
	}

	w.change("web", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleOperating })
	w.inState("web", v1alpha1.StateUnknown)
	if err := w.Client.Delete(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	controllertest.AwaitThat(t, "a deleted Application is no longer observed", func() bool {
		return w.observer.forgotten(w.key("web"))
	})
}

func TestMaintenanceOpensAndCloses(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("web")
	app.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{
		Name: "move", Duration: "1h", Reason: "Move to the new data centre",
		StartAt: v1alpha1.Moment(w.clock.Now().Add(-10 * time.Minute).Format(time.RFC3339)),
	}}
	w.Create(app)
	w.observer.see(w.key("web"), down("web", w.clock.Now().Add(-5*time.Minute)))
	app = w.inState("web", v1alpha1.StateMaintenance)
	if want := w.clock.Now().Add(-5 * time.Minute); !app.Status.Since.Time.Equal(want) {
		t.Errorf("in maintenance since %s, want %s", app.Status.Since, want)
	}
	c := w.hasCondition("web", v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonMaintenance)
	if !strings.Contains(c.Message, "Move to the new data centre") {
		t.Errorf("message %q does not name the window", c.Message)
	}
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	w.observer.wake(w.key("web"))
	w.inState("web", v1alpha1.StateOutage)
}

func TestAgreementBringsMaintenance(t *testing.T) {
	w := newWorld(t)
	level := &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: w.Namespace},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName: v1alpha1.LocalisedText{EN: "level"},
			Availability: v1alpha1.AvailabilityObjective{
				Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
			},
		},
	}
	w.Create(level)
	app := w.newWeb("web")
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(w.Namespace)}
	w.Create(app)
	w.observer.see(w.key("web"), down("web", w.clock.Now()))
	w.inState("web", v1alpha1.StateOutage)

	// Monday, 2 November 2026, 10:00 in Mainz.
	level.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "patch-day", Schedule: "30 9 * * 1", Duration: "2h"}}
	if err := w.Client.Update(t.Context(), level); err != nil {
		t.Fatal(err)
	}
	w.inState("web", v1alpha1.StateMaintenance)
}

func TestWhatEndsByItself(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("web")
	app.Spec.Contracts = []v1alpha1.Contract{{Number: "L-1", Name: "licence", Type: v1alpha1.ContractLicence, EndsOn: "2026-11-02"}}
	w.Create(app)
	o := up("web", w.clock.Now())
	o.CertificateNotAfter = w.clock.Now().Add(600 * time.Hour)
	w.observer.see(w.key("web"), o)
	w.hasCondition("web", v1alpha1.ConditionCertificatesValid, metav1.ConditionTrue, v1alpha1.ReasonAllValid)
	// A contract holds to the end of its last day.
	w.hasCondition("web", v1alpha1.ConditionContractsValid, metav1.ConditionTrue, v1alpha1.ReasonContractEnding)

	w.clock.SetTime(w.clock.Now().Add(100 * time.Hour))
	w.observer.wake(w.key("web"))
	w.hasCondition("web", v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, v1alpha1.ReasonCertificateExpiring)
	w.hasCondition("web", v1alpha1.ConditionContractsValid, metav1.ConditionFalse, v1alpha1.ReasonContractEnded)
	w.AwaitEvent(corev1.EventTypeWarning, v1alpha1.ReasonCertificateExpiring, "web")
	w.hasCondition("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)

	w.clock.SetTime(w.clock.Now().Add(500 * time.Hour))
	w.observer.wake(w.key("web"))
	w.hasCondition("web", v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, v1alpha1.ReasonCertificateExpired)
}

func TestWhatIsNotObservedYetSaysSo(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("sap")
	app.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformSaaS, SaaS: &v1alpha1.SaaSHosting{Supplier: "Example GmbH"}}
	w.Create(app)
	app = w.inState("sap", v1alpha1.StateUnknown)
	if app.Status.Cause == nil || app.Status.Cause.Kind != v1alpha1.CauseHosting {
		t.Errorf("cause: %+v", app.Status.Cause)
	}
	w.hasCondition("sap", v1alpha1.ConditionHostingHealthy, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved)
	w.hasCondition("sap", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
}
