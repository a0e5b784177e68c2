// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Evidence goes with its namespace, and only then: it must not keep a namespace
// from going.
func TestEvidenceGoesWithItsNamespace(t *testing.T) {
	t.Parallel()
	const namespace = "evidence-ends"
	c := admin(t)
	if err := c.Create(t.Context(), namespaceOf(namespace, unitOffice)); err != nil {
		t.Fatal(err)
	}
	there := func(meta *metav1.ObjectMeta) { meta.Namespace = namespace }
	objects := map[string]client.Object{
		noDeletion: kept(t, project(
			decided(steering, approved, "SR-1", inSteeringRound),
			func(p *v1alpha1.Project) { there(&p.ObjectMeta) },
		)),
		signedKept:  staged(t, namespace, v1alpha1.HandoverCompleted),
		signOffKept: kept(t, signOff(v1alpha1.RoleOperations, func(s *v1alpha1.SignOff) { there(&s.ObjectMeta) })),
	}
	policies := map[string]string{noDeletion: "projects", signedKept: "handovers", signOffKept: "signoffs"}
	for message, o := range objects {
		mustRefuse(t, writer(t).try(remove, o), policies[message], message)
	}
	if err := c.Delete(t.Context(), namespaceOf(namespace, "")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the namespace goes", func() error {
		err := c.Get(t.Context(), client.ObjectKey{Name: namespace}, &corev1.Namespace{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("still there"), err)
	})
}
