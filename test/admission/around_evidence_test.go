// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// asApplied is an object as somebody applies it: without what the server adds.
func asApplied(t *testing.T, kind string, o client.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetAPIVersion(v1alpha1.GroupVersion.String())
	u.SetKind(kind)
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "status")
	return u
}

// Ways to change evidence other than to update it.
func TestNoWayAroundEvidence(t *testing.T) {
	t.Parallel()
	flux := everyone(t, pipeline)
	before := kept(t, project(released(requirements), decided(steering, approved, "SR-1", inSteeringRound)))
	patch := func(kind types.PatchType, text string) error {
		return flux.client.Patch(flux.ctx, before.DeepCopy(), client.RawPatch(kind, []byte(text)), client.DryRunAll)
	}
	t.Run("a JSON patch of all decisions", func(t *testing.T) {
		mustRefuse(t, patch(types.JSONPatchType, `[{"op":"remove","path":"/spec/decisions"}]`), "projects", noOtherDecision)
	})
	t.Run("a JSON patch of one field of a decision", func(t *testing.T) {
		mustRefuse(t, patch(types.JSONPatchType, `[{"op":"replace","path":"/spec/decisions/0/decidedOn","value":"2026-01-01"}]`), "projects", noOtherDecision)
	})
	t.Run("a merge patch of all decisions", func(t *testing.T) {
		mustRefuse(t, patch(types.MergePatchType, `{"spec":{"decisions":null}}`), "projects", noOtherDecision)
	})
	t.Run("a merge patch of the request", func(t *testing.T) {
		mustRefuse(t, patch(types.MergePatchType, `{"spec":{"request":null}}`), "projects", noOtherRelease)
	})
	t.Run("a deletion of all at once", func(t *testing.T) {
		err := flux.client.DeleteAllOf(flux.ctx, &v1alpha1.Project{}, client.InNamespace(unitOffice), client.DryRunAll)
		mustRefuse(t, err, "projects", noDeletion)
	})
	t.Run("an owner that is deleted", func(t *testing.T) {
		mustRefuse(t, as(t, "system:serviceaccount:kube-system:generic-garbage-collector", []string{roleWriter}).try(remove, before), "projects", noDeletion)
	})
	t.Run("a name of the operator's", func(t *testing.T) {
		mustRefuse(t, as(t, "system:serviceaccount:kdz-system:kdz-operator", []string{roleWriter}).try(remove, before), "projects", noDeletion)
	})
	t.Run("the status", func(t *testing.T) {
		err := writer(t).client.Status().Patch(context.WithoutCancel(t.Context()), before.DeepCopy(),
			client.RawPatch(types.MergePatchType, []byte(`{"spec":{"decisions":null}}`)))
		mustRefuse(t, err, "status", messageStatus)
	})
}

// Who applied evidence cannot take it back by applying without it.
func TestEvidenceIsNotAppliedAway(t *testing.T) {
	t.Parallel()
	flux := everyone(t, pipeline)
	p := project(released(requirements), decided(steering, approved, "SR-1", inSteeringRound), func(p *v1alpha1.Project) { p.Name = "applied" })
	full := asApplied(t, "Project", p)
	mustAccept(t, flux.do(apply, full))
	mustAccept(t, flux.try(apply, full))
	without := full.DeepCopy()
	unstructured.RemoveNestedField(without.Object, "spec", "decisions")
	mustRefuse(t, flux.try(apply, without), "projects", noOtherDecision)
	unreleased := full.DeepCopy()
	unstructured.RemoveNestedField(unreleased.Object, "spec", "request")
	mustRefuse(t, flux.try(apply, unreleased), "projects", noOtherRelease)
	other := user{name: "other-manager", client: writer(t).client, ctx: flux.ctx}
	bare := full.DeepCopy()
	unstructured.RemoveNestedField(bare.Object, "spec", "decisions")
	unstructured.RemoveNestedField(bare.Object, "spec", "request")
	mustAccept(t, other.try(apply, bare)) // takes nothing away: it never owned it
}
