// SPDX-License-Identifier: Apache-2.0

package project

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// forgetType has the API server forget, until the test ends, that what was spent
// is a number.
func (w world) forgetType() {
	w.Helper()
	scheme := runtime.NewScheme()
	w.Must(apiextensionsv1.AddToScheme(scheme))
	c, err := client.New(controlplanetest.Config(w), client.Options{Scheme: scheme})
	w.Must(err)
	update := func(ctx context.Context, change func(*apiextensionsv1.JSONSchemaProps)) {
		w.Must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
			crd := &apiextensionsv1.CustomResourceDefinition{}
			if err := c.Get(ctx, client.ObjectKey{Name: "projects.kdz.mainz.de"}, crd); err != nil {
				return err
			}
			spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
			spent := spec.Properties["spentEUR"]
			change(&spent)
			spec.Properties["spentEUR"] = spent
			crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"] = spec
			return c.Update(ctx, crd)
		}))
	}
	var rule apiextensionsv1.JSONSchemaProps
	update(w.Context(), func(s *apiextensionsv1.JSONSchemaProps) {
		rule = *s.DeepCopy()
		s.Type, s.Format, s.XIntOrString, s.Minimum, s.Maximum = "", "", true, nil, nil
	})
	w.Cleanup(func() {
		update(context.Background(), func(s *apiextensionsv1.JSONSchemaProps) { *s = rule })
	})
}

// spend writes what was spent, whatever that is; false says that the API server
// does not take it.
func (w world) spend(name string, value any) bool {
	w.Helper()
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"spentEUR": value}})
	w.Must(err)
	err = w.Client.Patch(w.Context(), w.project(name), client.RawPatch(types.MergePatchType, patch))
	if apierrors.IsInvalid(err) {
		return false
	}
	w.Must(err)
	return true
}

// TestUndecodable: of a project that cannot be read the status goes on as it
// was, with a word of where; its programme and those that wait for it lose
// nothing; and it heals.
func TestUndecodable(t *testing.T) {
	w := newWorld(t)
	p := w.example("p")
	partOf("programme")(p)
	w.Create(p, w.application("termine"), w.project("programme"))
	o := w.start()
	whole := func(p *v1alpha1.Project) string {
		return cmp.Diff(&v1alpha1.SubprojectSummary{Total: 1, Overdue: 1}, p.Status.Subprojects)
	}
	before := w.await("p", is(v1alpha1.StageInImplementation), ready)
	w.await("programme", whole)
	w.forgetType()
	controllertest.AwaitThat(t, "the API server takes a text", func() bool { return w.spend("p", "much") })
	after := w.await("p", says(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUndecodable, "spentEUR"))
	readiness := cmpopts.IgnoreSliceElements(func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionReady || c.Type == v1alpha1.ConditionStalled
	})
	if diff := cmp.Diff(before.Status, after.Status, readiness, cmpopts.IgnoreFields(v1alpha1.ProjectStatus{}, "ObservedGeneration")); diff != "" {
		t.Errorf("status (-as it was +is):\n%s", diff)
	}
	controllertest.AwaitThat(t, "nobody is looked at any more", w.still())
	w.await("programme", whole)
	if n, _ := o.Metric("kdz_projects", "stage", string(v1alpha1.StageInImplementation)); n != 1 {
		t.Errorf("the metric counts %v projects in their stage", n)
	}
	w.spend("p", 7)
	w.await("p", is(v1alpha1.StageInImplementation), ready,
		says(v1alpha1.ConditionWithinBudget, metav1.ConditionTrue, v1alpha1.ReasonWithinBudget))
}

// TestRefusedStatus: where the API server does not take a status, since
// something of the spec does not fit into it, that is said instead, once.
func TestRefusedStatus(t *testing.T) {
	w := newWorld(t)
	w.Create(w.example("p"), w.application("termine"))
	var refused atomic.Int32
	w.Operate(func(mgr ctrl.Manager, o *controllertest.Operator) (err error) {
		o.Clock = w.clock
		o.Client, err = controllertest.Intercept(mgr, interceptor.Funcs{
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
				if data, err := p.Data(obj); err == nil && mentions(data, "pilot") {
					refused.Add(1)
					return apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind("Project").GroupKind(), obj.GetName(), nil)
				}
				return c.SubResource(sub).Patch(ctx, obj, p, opts...)
			},
		})
		if err != nil {
			return err
		}
		return (&Reconciler{Common: o.Common}).SetupWithManager(mgr, nil, controller.Options{MaxConcurrentReconciles: 1})
	})
	p := w.await("p", is(""), says(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "older than a rule", "is invalid"))
	controllertest.AwaitThat(t, "nobody is looked at any more", w.still())
	version := controllertest.Get(w.World, p).ResourceVersion
	if version != p.ResourceVersion {
		t.Errorf("it was written again: version %s after %s", version, p.ResourceVersion)
	}
	controllertest.Alter(w.World, p, func(p *v1alpha1.Project) { p.Spec.Milestones[1].Name = "trial run" })
	w.await("p", is(v1alpha1.StageInImplementation), ready)
	if refused.Load() == 0 {
		t.Error("nothing was refused")
	}
}

// mentions says whether a patch of a status names a milestone as the next.
func mentions(patch []byte, milestone string) bool {
	var p struct{ Status v1alpha1.ProjectStatus }
	return json.Unmarshal(patch, &p) == nil && p.Status.Milestones != nil && p.Status.Milestones.Next == milestone
}
