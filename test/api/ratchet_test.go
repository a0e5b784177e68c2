// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

// withoutRules strips a schema of all that refuses a value for its form, as if
// it came from a time before the rules.
func withoutRules(s apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	s.Pattern, s.Format, s.XValidations, s.MinLength, s.MaxLength = "", "", nil, nil, nil
	for name, property := range s.Properties {
		s.Properties[name] = withoutRules(property)
	}
	if s.Items != nil {
		stripped := withoutRules(*s.Items.Schema)
		s.Items.Schema = &stripped
	}
	if s.AdditionalProperties != nil {
		stripped := withoutRules(*s.AdditionalProperties.Schema)
		s.AdditionalProperties.Schema = &stripped
	}
	return s
}

// old are Applications that were stored before there were rules. The poisoned
// one breaks rules that can be evaluated whatever the value is. The locked one
// breaks two that cannot: the server compares a moment, and asks for a zone,
// only after it has parsed them.
func old() (healthy, poisoned, locked *v1alpha1.Application) {
	healthy = &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Name: "healthy", Namespace: rulesNamespace},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "a"},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: "amt-10"}},
			Operation:   v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: "kdz-16"}},
			Endpoints: []v1alpha1.Endpoint{
				{Name: "web", URL: "http://127.0.0.1/", Interval: "30s"},
				{Name: "api", URL: "http://127.0.0.1/api", Interval: "30s"},
			},
			Maintenance: []v1alpha1.MaintenanceWindow{{Name: "a", Schedule: "0 18 * * 2", Duration: "2h", TimeZone: "Europe/Berlin"}},
		},
	}
	locked = healthy.DeepCopy()
	locked.Name = "locked"
	locked.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "a", StartAt: "soon", Duration: "2h", TimeZone: "Europe/Mainz"}}

	poisoned = healthy.DeepCopy()
	poisoned.Name = "poisoned"
	poisoned.Spec.Endpoints[0].Interval = "30d"
	poisoned.Spec.Endpoints[0].Timeout = "1d"
	poisoned.Spec.Endpoints[0].URL = "gopher:"
	poisoned.Spec.Endpoints[0].HTTP = &v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"2xx-299"}}
	poisoned.Spec.Endpoints[0].TLS = &v1alpha1.TLSCheck{RenewBefore: "3w"}
	poisoned.Spec.Release = &v1alpha1.Release{Version: "1", InstalledOn: "2026-02-30"}
	poisoned.Spec.Maintenance[0].Duration = "1d"
	poisoned.Spec.Indicator = &v1alpha1.Indicator{Prometheus: &v1alpha1.PrometheusIndicator{Server: "a", Query: "up", Interval: "1d"}}
	poisoned.Spec.Backup = &v1alpha1.Backup{MaxAge: "1d", Sources: []v1alpha1.BackupSource{
		{Name: "a", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "a"}},
	}}
	return healthy, poisoned, locked
}

// oldServer is an API server that stored the old objects of a kind and was given
// the rules afterwards. The first one breaks a rule.
func oldServer(t *testing.T, definition string, objects ...client.Object) client.Client {
	t.Helper()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := newClient(cp)
	if err != nil {
		t.Fatal(err)
	}
	if err := controlplane.InstallCRDs(t.Context(), cp.Config, crdFolder); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: rulesNamespace}}); err != nil {
		t.Fatal(err)
	}
	rules := &apiextensionsv1.CustomResourceDefinition{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: definition}, rules); err != nil {
		t.Fatal(err)
	}
	noRules := rules.DeepCopy()
	stripped := withoutRules(*noRules.Spec.Versions[0].Schema.OpenAPIV3Schema)
	noRules.Spec.Versions[0].Schema.OpenAPIV3Schema = &stripped
	again := func() client.Object {
		o := objects[0].DeepCopyObject().(client.Object)
		o.SetName("again")
		return o
	}
	define(t, c, noRules, func(ctx context.Context) bool { return c.Create(ctx, again(), client.DryRunAll) == nil })
	for _, o := range objects {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	define(t, c, rules, func(ctx context.Context) bool { return apierrors.IsInvalid(c.Create(ctx, again(), client.DryRunAll)) })
	return c
}

// define replaces a definition and waits until the server goes by it.
func define(t *testing.T, c client.Client, crd *apiextensionsv1.CustomResourceDefinition, inForce func(context.Context) bool) {
	t.Helper()
	present := &apiextensionsv1.CustomResourceDefinition{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(crd), present); err != nil {
		t.Fatal(err)
	}
	present.Spec = crd.Spec
	if err := c.Update(t.Context(), present); err != nil {
		t.Fatal(err)
	}
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true,
		func(ctx context.Context) (bool, error) { return inForce(ctx), nil })
	if err != nil {
		t.Fatalf("the server does not go by the new definition: %v", err)
	}
}

// TestStoredBeforeTheRules shows what becomes of an object that was stored
// before the rules that it breaks:
//
//   - It is still listed and decoded, with all others of its kind, since every
//     value of a spec that has a form is a string in Go.
//   - Its status can be written, by patch and by update: the server does not
//     judge again what a request leaves as it is. For the same reason its
//     labels and all other fields can be changed.
//   - A broken value cannot be replaced by another broken one.
//   - It is mended field by field.
//
// There is an exception. A rule that cannot be evaluated refuses every write,
// that of the status as well, until the value is mended; then everything is as
// it was. Only moments, days and time zones can come to that, where a rule
// reads them: for them CEL knows no question that has an answer for any text.
func TestStoredBeforeTheRules(t *testing.T) {
	healthy, poisoned, locked := old()
	c := oldServer(t, "applications.kdz.mainz.de", poisoned, healthy, locked)
	all := &v1alpha1.ApplicationList{}
	if err := c.List(t.Context(), all); err != nil {
		t.Fatalf("one object hides the others: %v", err)
	}
	var names []string
	for _, a := range all.Items {
		names = append(names, a.Name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"healthy", "locked", "poisoned"}) {
		t.Fatalf("listed %v", names)
	}
	if got := stored(t, c, "poisoned").Spec.Endpoints[0].Interval; got != "30d" {
		t.Fatalf("interval: want 30d as it was stored, got %s", got)
	}
	t.Run("status", func(t *testing.T) { writeStatus(t, c) })
	t.Run("spec", func(t *testing.T) { mend(t, c) })
	t.Run("locked", func(t *testing.T) { unlock(t, c) })
}

// stored is an Application as it is on the server.
func stored(t *testing.T, c client.Client, name string) *v1alpha1.Application {
	t.Helper()
	a := &v1alpha1.Application{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: rulesNamespace, Name: name}, a); err != nil {
		t.Fatal(err)
	}
	return a
}

// patchStatus writes into a status what a controller would say.
func patchStatus(t *testing.T, c client.Client, a *v1alpha1.Application) error {
	t.Helper()
	before := a.DeepCopy()
	a.Status.OperationalState = v1alpha1.StateUnknown
	a.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonInvalidSpec,
		Message: "spec.endpoints[0].interval", LastTransitionTime: metav1.Now(),
	}}
	return c.Status().Patch(t.Context(), a, client.MergeFrom(before))
}

func writeStatus(t *testing.T, c client.Client) {
	t.Helper()
	a := stored(t, c, "poisoned")
	if err := patchStatus(t, c, a); err != nil {
		t.Errorf("patch: %v", err)
	}
	a.Status.OperationalState = v1alpha1.StateOutage
	if err := c.Status().Update(t.Context(), a); err != nil {
		t.Errorf("update: %v", err)
	}
	if got := stored(t, c, "poisoned").Status; got.OperationalState != v1alpha1.StateOutage || len(got.Conditions) != 1 {
		t.Errorf("the status was not kept: %+v", got)
	}
}

// mend changes the poisoned object step by step.
func mend(t *testing.T, c client.Client) {
	t.Helper()
	for _, step := range []struct {
		name    string
		do      func(a *v1alpha1.Application)
		refused string
	}{
		{name: "label it", do: func(a *v1alpha1.Application) { a.Labels = map[string]string{"a": "b"} }},
		{name: "change another field", do: func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired }},
		{name: "change another endpoint", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[1].Interval = "1m" }},
		{name: "break another endpoint", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[1].Interval = "1d" }, refused: "endpoints[1].interval"},
		{name: "break it otherwise", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].Interval = "31d" }, refused: "endpoints[0].interval"},
		{name: "mend the URL", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].URL = "https://127.0.0.1/" }},
		{name: "mend the interval", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].Interval = "1m" }},
		{name: "mend the timeout", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].Timeout = "1s" }},
		{name: "mend the statuses", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].HTTP = nil }},
		{name: "mend the certificate's time", do: func(a *v1alpha1.Application) { a.Spec.Endpoints[0].TLS = nil }},
		{name: "mend the indicator", do: func(a *v1alpha1.Application) { a.Spec.Indicator.Prometheus.Interval = "1m" }},
		{name: "mend the release", do: func(a *v1alpha1.Application) { a.Spec.Release = nil }},
		{name: "mend the backup", do: func(a *v1alpha1.Application) { a.Spec.Backup.MaxAge = "24h" }},
		{name: "mend the maintenance", do: func(a *v1alpha1.Application) { a.Spec.Maintenance[0].Duration = "24h" }},
	} {
		a := stored(t, c, "poisoned")
		step.do(a)
		switch err := c.Update(t.Context(), a); {
		case step.refused == "" && err != nil:
			t.Errorf("%s: %v", step.name, err)
		case step.refused != "" && (err == nil || !strings.Contains(err.Error(), step.refused)):
			t.Errorf("%s: want a refusal with %q, got %v", step.name, step.refused, err)
		}
	}
	mended := stored(t, c, "poisoned")
	mended.ResourceVersion, mended.UID, mended.Name = "", "", "mended"
	if err := c.Create(t.Context(), mended, client.DryRunAll); err != nil {
		t.Errorf("mended, but not acceptable as a new object: %v", err)
	}
}

// unlock shows that the locked object is refused whatever a write is about,
// and that mending frees it.
func unlock(t *testing.T, c client.Client) {
	t.Helper()
	if err := patchStatus(t, c, stored(t, c, "locked")); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.maintenance[0]") {
		t.Errorf("want a refusal that names spec.maintenance[0], got %v", err)
	}
	a := stored(t, c, "locked")
	a.Spec.Maintenance = nil
	if err := c.Update(t.Context(), a); err != nil {
		t.Fatalf("mend: %v", err)
	}
	if err := patchStatus(t, c, stored(t, c, "locked")); err != nil {
		t.Errorf("patch the status of the mended object: %v", err)
	}
}
