// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// shelf is a cache that holds at most one policy.
type shelf struct {
	client.Reader
	policy *v1alpha1.GovernancePolicy
}

func (s *shelf) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if s.policy == nil {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	*into.(*v1alpha1.GovernancePolicy) = *s.policy
	return nil
}

// TestRulebookKeepsAnEdition: the rules are put together once for each version
// of the policy, and never after it has gone or changed.
func TestRulebookKeepsAnEdition(t *testing.T) {
	cache, book := &shelf{}, &Rulebook{}
	read := func() any {
		t.Helper()
		rules, err := book.Rules(t.Context(), cache)
		if err != nil {
			t.Fatal(err)
		}
		if rules == nil {
			return nil
		}
		return rules
	}
	if rules := read(); rules != nil {
		t.Errorf("rules without a policy: %v", rules)
	}
	policy := func(version string) *v1alpha1.GovernancePolicy {
		return &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{UID: "uid", ResourceVersion: version}}
	}
	cache.policy = policy("1")
	if rules := read(); rules != nil {
		t.Errorf("rules of a policy that was never compiled: %v", rules)
	}
	cache.policy = policy("2")
	cache.policy.Status.CompiledAt = new(metav1.Now())
	first := read()
	if first == nil || read() != first {
		t.Error("the rules of one version were put together twice, or not at all")
	}
	again := cache.policy.DeepCopy()
	again.ResourceVersion = "3"
	cache.policy = again
	if read() == first {
		t.Error("the rules of an old version were handed out")
	}
	cache.policy = nil
	if rules := read(); rules != nil {
		t.Errorf("rules of a policy that is gone: %v", rules)
	}
}
