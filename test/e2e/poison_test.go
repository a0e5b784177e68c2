// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

// poison is an Application that was stored before the rules that it breaks.
type poison struct {
	// values are put into the object at dotted paths ("spec.endpoints.0.url").
	values map[string]any
	// reason of Stalled, and field that it must name.
	reason, field string
}

// lenient strips a schema of all that refuses a value, its type included, as
// if it came from a time before the rules.
func lenient(s *apiextensionsv1.JSONSchemaProps) {
	s.Pattern, s.Format, s.XValidations, s.MinLength, s.MaxLength, s.Enum = "", "", nil, nil, nil, nil
	if s.Type == "integer" {
		s.Type, s.XIntOrString, s.Minimum, s.Maximum = "", true, nil, nil
	}
	for name, property := range s.Properties {
		lenient(&property)
		s.Properties[name] = property
	}
	if s.Items != nil {
		lenient(s.Items.Schema)
	}
}

// forget has the API server forget the rules of the kind of an object, which
// breaks one, while do runs.
func (p *plane) forget(trial client.Object, do func()) {
	p.t.Helper()
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		p.t.Fatal(err)
	}
	c, err := client.New(p.Config, client.Options{Scheme: scheme})
	if err != nil {
		p.t.Fatal(err)
	}
	gvk, err := p.admin.GroupVersionKindFor(trial)
	if err != nil {
		p.t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := c.Get(p.t.Context(), client.ObjectKey{Name: strings.ToLower(gvk.Kind) + "s." + gvk.Group}, crd); err != nil {
		p.t.Fatal(err)
	}
	define := func(inForce func(error) bool) {
		if err := c.Update(p.t.Context(), crd); err != nil {
			p.t.Fatal(err)
		}
		err := wait.PollUntilContextTimeout(p.t.Context(), tick, startWithin, true, func(ctx context.Context) (bool, error) {
			copied, _ := trial.DeepCopyObject().(client.Object)
			return inForce(p.admin.Create(ctx, copied, client.DryRunAll)), nil
		})
		if err != nil {
			p.t.Fatal("the API server does not go by the new definition:", err)
		}
	}
	rules := crd.DeepCopy()
	lenient(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	define(func(err error) bool { return err == nil })
	do()
	crd.Spec = rules.Spec
	define(apierrors.IsInvalid)
}

// store creates an Application with values that break rules, its status
// included.
func (p *plane) store(app *v1alpha1.Application, values map[string]any) {
	p.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(app)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(values)) {
		content, _ = put(content, strings.Split(path, "."), values[path]).(map[string]any)
	}
	o := &unstructured.Unstructured{Object: content}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Application"))
	status, told := content["status"]
	if err := p.admin.Create(p.t.Context(), o); err != nil {
		p.t.Fatalf("store %s: %v", app.Name, err)
	}
	if !told {
		return
	}
	o.Object["status"] = status
	if err := p.admin.Status().Update(p.t.Context(), o); err != nil {
		p.t.Fatalf("store the status of %s: %v", app.Name, err)
	}
}

// put sets a value below a node at a path of names and numbers, and returns
// the node.
func put(node any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	var index int
	if _, err := fmt.Sscan(path[0], &index); err == nil {
		list, _ := node.([]any)
		for len(list) <= index {
			list = append(list, map[string]any{})
		}
		list[index] = put(list[index], path[1:], value)
		return list
	}
	object, _ := node.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	object[path[0]] = put(object[path[0]], path[1:], value)
	return object
}

// Objects that are older than a rule harm nobody else: the others are looked
// at and told as ever, and of the old ones it is said what is wrong.
func TestStoredBeforeTheRules(t *testing.T) {
	const namespace = "old"
	p := startOpenPlane(t, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})
	p.create(newUnit("kdz-16", ""))
	p.newNamespace(namespace, "kdz-16")
	site := startHTTP(t, freeAddress(t), answers("ok"))
	web := v1alpha1.Endpoint{Name: "web", URL: "http://" + site.address, Interval: "5s", FailureThreshold: 2}
	const invalid = v1alpha1.ReasonInvalidSpec
	old := map[string]poison{
		"interval":    {map[string]any{"spec.endpoints.0.interval": "30d"}, invalid, "spec.endpoints[0].interval"},
		"timeout":     {map[string]any{"spec.endpoints.0.timeout": "soon"}, invalid, "spec.endpoints[0].timeout"},
		"certificate": {map[string]any{"spec.endpoints.0.tls.renewBefore": "three weeks"}, invalid, "spec.endpoints[0].tls.renewBefore"},
		"url":         {map[string]any{"spec.endpoints.0.url": "gopher:"}, invalid, "spec.endpoints[0].url"},
		"window": {map[string]any{
			"spec.maintenance.0.name": "a", "spec.maintenance.0.schedule": "0 18 * * 2", "spec.maintenance.0.duration": "1d",
		}, invalid, "spec.maintenance[0]"},
		// These fit no type, so nothing of the spec can be read.
		"threshold": {map[string]any{"spec.endpoints.0.failureThreshold": "three"}, v1alpha1.ReasonUndecodable, "failureThreshold"},
		"successes": {map[string]any{"spec.endpoints.0.successThreshold": "one"}, v1alpha1.ReasonUndecodable, "successThreshold"},
	}
	daily := v1alpha1.MaintenanceWindow{Name: "daily", Schedule: "0 18 * * 2", TimeZone: "Europe/Berlin", Duration: "1d"}
	gold := newServiceLevel("gold", v1alpha1.CalendarMonth)
	gold.Spec.Maintenance = []v1alpha1.MaintenanceWindow{daily}
	p.forget(gold, func() { p.create(gold.DeepCopy()) })
	trial := newApplication("default", "trial", "kdz-16", v1alpha1.Endpoint{Name: "web", URL: "http://127.0.0.1/", Interval: "30d"})
	p.forget(trial, func() {
		for name, o := range old {
			p.store(newApplication(namespace, name, "kdz-16", web), o.values)
		}
		// A status that cannot be read is told anew.
		p.store(newApplication(namespace, "told", "kdz-16", web), map[string]any{
			"status.since":             "gestern",
			"status.conditions.0.type": "Ready", "status.conditions.0.status": "True", "status.conditions.0.reason": "Succeeded",
			"status.conditions.0.message": "", "status.conditions.0.lastTransitionTime": "2026-11-01t08:00:00z",
		})
	})
	p.closeDoor()
	apps, units := p.lookAtApplications(namespace), p.lookAtUnits()
	levels := look[*v1alpha1.ServiceLevel](p, &v1alpha1.ServiceLevelList{})
	accounts := look[*v1alpha1.AvailabilityRecord](p, &v1alpha1.AvailabilityRecordList{}, client.InNamespace(namespace))
	o := p.startOperator()
	p.create(newApplication(namespace, "healthy", "kdz-16", web))
	apps.await(0, settleWithin, "healthy", "operational", is(v1alpha1.StateOperational))
	for name, o := range old {
		s := apps.await(0, settleWithin, name, "Stalled, with the field named", func(a *v1alpha1.Application) string {
			c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionStalled)
			if c == nil || c.Reason != o.reason || !strings.Contains(c.Message, o.field) {
				return fmt.Sprintf("Stalled is %+v, want %s with %s in it", c, o.reason, o.field)
			}
			return ""
		})
		c := meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionStalled)
		t.Logf("%-12s %s", name, c.Message)
	}
	levels.await(0, settleWithin, "gold", "Stalled, with the field named", func(l *v1alpha1.ServiceLevel) string {
		c := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionStalled)
		if c == nil || c.Reason != invalid || !strings.Contains(c.Message, "spec.maintenance[0].duration") || len(l.Status.Revisions) > 0 {
			return fmt.Sprintf("Stalled is %+v with %d revisions, want %s with the field in it and none", c, len(l.Status.Revisions), invalid)
		}
		return ""
	})
	accounts.await(0, settleWithin, "window", "accounted, without its window", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Maintenance) > 0 {
			return fmt.Sprintf("kept are %+v", r.Maintenance)
		}
		return ""
	})
	apps.await(0, settleWithin, "told", "operational", is(v1alpha1.StateOperational))
	apps.await(0, settleWithin, "told", "ready", isReady)
	mark, unitMark := apps.mark(), units.mark()
	stopped := time.Now()
	site.stop()
	out := apps.await(mark, outageWithin, "healthy", "in an outage", is(v1alpha1.StateOutage))
	unit := units.await(unitMark, unitWithin, "kdz-16", "in an outage", unitIs(v1alpha1.StateOutage))
	t.Logf("beside them: Outage seen after %.2f s (bound %s), at kdz-16 after %.2f s",
		out.at.Sub(stopped).Seconds(), outageWithin-patience, unit.at.Sub(stopped).Seconds())
	mark = apps.mark()
	site.start()
	apps.await(mark, recoveryWithin, "healthy", "operational", is(v1alpha1.StateOperational))

	// A person mends them, and they heal.
	mended := fmt.Sprintf(`{"spec":{"endpoints":[{"name":"web","url":"http://%s","interval":"5s"}]}}`, site.address)
	for _, name := range []string{"interval", "threshold"} {
		mark = apps.mark()
		p.kubectl("patch", "-n", namespace, "itapp", name, "--type=merge", "-p", mended)
		apps.await(mark, settleWithin, name, "healed", heals[*v1alpha1.Application])
	}
	o.end()
}
