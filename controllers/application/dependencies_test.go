// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// needs makes an Application depend on others.
func needs(app *v1alpha1.Application, strength v1alpha1.DependencyStrength, names ...string) *v1alpha1.Application {
	for _, name := range names {
		d := v1alpha1.Dependency{Name: v1alpha1.ObjectName(name), Strength: strength}
		if namespace, rest, found := strings.Cut(name, "/"); found {
			d.Namespace, d.Name = v1alpha1.NamespaceName(namespace), v1alpha1.ObjectName(rest)
		}
		app.Spec.Dependencies = append(app.Spec.Dependencies, d)
	}
	return app
}

func TestRootCauseIsNamedFirst(t *testing.T) {
	w := newWorld(t)
	for _, app := range []*v1alpha1.Application{
		w.newWeb("network"),
		needs(w.newWeb("database"), v1alpha1.DependencyHard, "network"),
		needs(w.newWeb("portal"), v1alpha1.DependencyHard, "database"),
		needs(w.newWeb("statistics"), v1alpha1.DependencySoft, "portal"),
	} {
		w.Create(app)
		w.observer.see(w.key(app.Name), up("web", w.clock.Now().Add(-time.Hour)))
	}
	for _, name := range []string{"network", "database", "portal", "statistics"} {
		w.inState(name, v1alpha1.StateOperational)
	}
	w.await("network", func(a *v1alpha1.Application) string {
		if d := a.Status.Dependents; d == nil || d.Count != 1 || len(d.Names) != 1 || d.Names[0] != "database" {
			return fmt.Sprintf("dependents: %+v", a.Status.Dependents)
		}
		return ""
	})

	failed := w.clock.Now().Add(-time.Minute)
	w.observer.see(w.key("network"), down("web", failed))
	// The portal's own endpoint fails for it, and yet the network is named.
	w.observer.see(w.key("portal"), down("web", failed.Add(10*time.Second)))
	w.inState("database", v1alpha1.StateOutage)
	app := w.await("portal", func(a *v1alpha1.Application) string {
		c := a.Status.Cause
		if a.Status.OperationalState != v1alpha1.StateOutage || c == nil || c.Kind != v1alpha1.CauseDependency || c.Name != "network" {
			return fmt.Sprintf("%s, cause %+v", a.Status.OperationalState, c)
		}
		return ""
	})
	if m := app.Status.Cause.Message; !strings.Contains(m, "network") || !strings.Contains(m, "database needs it") || !strings.Contains(m, "1 more") {
		t.Errorf("message %q does not tell the way and that there is more", m)
	}
	w.await("statistics", func(a *v1alpha1.Application) string {
		if c := a.Status.Cause; a.Status.OperationalState != v1alpha1.StateDegraded || c == nil || c.Name != "network" {
			return fmt.Sprintf("%s, cause %+v", a.Status.OperationalState, c)
		}
		return ""
	})
	w.hasCondition("database", v1alpha1.ConditionDependenciesAvailable, metav1.ConditionFalse, v1alpha1.ReasonDependencyOut)

	w.observer.see(w.key("network"), up("web", w.clock.Now()))
	w.inState("database", v1alpha1.StateOperational)
	if app = w.await("portal", func(a *v1alpha1.Application) string {
		if a.Status.Cause == nil || a.Status.Cause.Kind != v1alpha1.CauseEndpoint {
			return fmt.Sprintf("cause %+v", a.Status.Cause)
		}
		return ""
	}); app.Status.Since.Time.After(failed.Add(10 * time.Second)) {
		t.Errorf("the outage went on, but its begin moved to %s", app.Status.Since)
	}
	w.observer.see(w.key("portal"), up("web", w.clock.Now()))
	w.inState("portal", v1alpha1.StateOperational)
	w.inState("statistics", v1alpha1.StateOperational)
}

func TestOfAnotherNamespaceOnlyNameAndStateAreTold(t *testing.T) {
	w := newWorld(t)
	other := w.Namespace + "-b"
	w.Create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: other}})
	database := w.newWeb("database")
	database.Namespace = other
	w.Create(needs(w.newApp("portal"), v1alpha1.DependencyHard, other+"/database"))
	c := w.hasCondition("portal", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
	if !strings.Contains(c.Message, other+"/database") || !strings.Contains(c.Message, "spec.dependencies[0]") {
		t.Errorf("message %q does not name what is missing", c.Message)
	}

	w.Create(database)
	key := w.key("database")
	key.Namespace = other
	o := down("web", w.clock.Now())
	o.Message = "secret-host-name refused the connection"
	w.observer.see(key, o)
	app := w.inState("portal", v1alpha1.StateOutage)
	if c := app.Status.Cause; c.Name != "database" || string(c.Namespace) != other || strings.Contains(c.Message, "secret-host-name") {
		t.Errorf("cause: %+v", c)
	}
}

func TestCyclesAreStalledAndHeal(t *testing.T) {
	w := newWorld(t)
	w.Create(needs(w.newWeb("a"), v1alpha1.DependencyHard, "b"))
	w.Create(needs(w.newWeb("b"), v1alpha1.DependencyHard, "c"))
	w.Create(needs(w.newWeb("c"), v1alpha1.DependencyHard, "a"))
	w.Create(needs(w.newWeb("beside"), v1alpha1.DependencyHard, "a"))
	for _, name := range []string{"a", "b", "c", "beside"} {
		w.observer.see(w.key(name), up("web", w.clock.Now().Add(-time.Hour)))
	}
	c := w.hasCondition("a", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDependencyCycle)
	if !strings.Contains(c.Message, "a → b → c → a") {
		t.Errorf("message %q does not show the way round", c.Message)
	}
	w.hasCondition("b", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDependencyCycle)
	w.hasCondition("c", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDependencyCycle)
	w.hasCondition("beside", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)

	// In a cycle an outage must not keep itself alive.
	w.observer.see(w.key("b"), down("web", w.clock.Now()))
	w.inState("b", v1alpha1.StateOutage)
	w.observer.see(w.key("b"), up("web", w.clock.Now()))
	for _, name := range []string{"a", "b", "c", "beside"} {
		w.inState(name, v1alpha1.StateOperational)
	}

	w.change("c", func(a *v1alpha1.Application) { a.Spec.Dependencies = nil })
	for _, name := range []string{"a", "b", "c"} {
		w.hasCondition(name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
		w.lacksCondition(name, v1alpha1.ConditionStalled)
	}
}

func TestADependencyInMaintenanceIsNoOutage(t *testing.T) {
	w := newWorld(t)
	database := w.newWeb("database")
	database.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{
		Name: "patch", Duration: "1h", StartAt: v1alpha1.Moment(w.clock.Now().Add(-time.Minute).Format(time.RFC3339)),
	}}
	w.Create(database)
	w.Create(needs(w.newWeb("portal"), v1alpha1.DependencyHard, "database"))
	w.observer.see(w.key("portal"), up("web", w.clock.Now()))
	w.observer.see(w.key("database"), down("web", w.clock.Now()))
	w.inState("database", v1alpha1.StateMaintenance)
	w.inState("portal", v1alpha1.StateMaintenance)
}
