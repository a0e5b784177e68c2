// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// operator is what the operator's ServiceAccount has.
const operator right = "governancepolicies/operator"

// TestStatusIsTheOperators shows that whatever RBAC lets, only the operator
// writes a status, by update and by patch, of what is in a namespace and of what
// is not.
func TestStatusIsTheOperators(t *testing.T) {
	t.Parallel()
	for _, o := range []client.Object{
		stored(t, application(unitOffice, "with-status")),
		stored(t, exemption("with-status", decidedByAdmin)),
		stored(t, unit("with-status")),
		stored(t, level(func(l *v1alpha1.ServiceLevel) { l.Name = "with-status" })),
	} {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"status":{"observedGeneration":1}}`))
		dry := &client.SubResourcePatchOptions{PatchOptions: client.PatchOptions{DryRun: []string{metav1.DryRunAll}}}
		copied := func() client.Object { return o.DeepCopyObject().(client.Object) }
		for _, rights := range [][]right{nil, {"governancepolicies/operator@amt-33"}, {mayInventory, mayTransition, mayGrant}} {
			mustRefuse(t, writer(t, rights...).try(updateStatus, o), "status", messageStatus)
			mustRefuse(t, writer(t, rights...).client.Status().Patch(t.Context(), copied(), patch, dry), "status", messageStatus)
		}
		mustAccept(t, writer(t, operator).try(updateStatus, o))
		mustAccept(t, writer(t, operator).client.Status().Patch(t.Context(), copied(), patch, dry))
	}
}

// TestPolicyStatusIsTheOperators shows that nobody else writes what admission
// reads.
func TestPolicyStatusIsTheOperators(t *testing.T) {
	t.Parallel()
	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"status":{"exemptionIndex":{"amt-33/mine":"2999-01-01T00:00:00Z"}}}`))
	err := writer(t).client.Status().Patch(t.Context(), policy, patch)
	mustRefuse(t, err, "status", messageStatus)
	// By the resource itself, the status is left as it is.
	mustAccept(t, writer(t).client.Patch(t.Context(), policy, patch))
	mustRefuse(t, editor(t).try(create, application(unitOffice, "mine", decentral)), "applications", messageDecentral)
}

// TestAvailabilityRecordsAreTheOperators shows that nobody else touches the
// account, and that it goes with its namespace.
func TestAvailabilityRecordsAreTheOperators(t *testing.T) {
	t.Parallel()
	ns := stored(t, namespaceOf("ends-with-record", unitOffice))
	record := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "a"}}
	mustRefuse(t, writer(t).try(create, record), "status", messageStatus)
	mustAccept(t, writer(t, operator).do(create, record))
	if err := admin(t).Get(t.Context(), client.ObjectKeyFromObject(record), record); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, writer(t).try(update, record), "status", messageStatus)
	mustAccept(t, writer(t, operator).try(update, record))
	mustRefuse(t, writer(t).try(remove, record), "status", messageStatus)
	mustRefuse(t, writer(t).tryRemoveAll(&v1alpha1.AvailabilityRecord{}, ns.Name), "status", messageStatus)
	mustAccept(t, writer(t, operator).try(remove, record))
	if err := admin(t).Delete(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	mustBeGone(t, record)
	mustBeGone(t, ns)
}

// TestPolicyIsKept shows that nobody deletes the policy default, whoever they
// are.
func TestPolicyIsKept(t *testing.T) {
	t.Parallel()
	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	administrator := user{client: admin(t), ctx: t.Context()}
	for _, u := range []user{writer(t), writer(t, operator), administrator} {
		mustRefuse(t, u.try(remove, policy), "governancepolicies", messagePolicyKept)
		mustRefuse(t, u.tryRemoveAll(&v1alpha1.GovernancePolicy{}, ""), "governancepolicies", messagePolicyKept)
	}
	other := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: "other"}}
	other.Spec.Centralisation.ProviderUnitRef.Name = "kdz-16"
	stored(t, other)
	mustAccept(t, writer(t).try(remove, other))
}
