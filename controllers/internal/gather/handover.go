// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// IndexHandover is the index of the cache of Handovers by "namespace/name" of
// each Application that they hand over.
const IndexHandover = "handover.application"

func addHandoverIndex(ctx context.Context, indexer client.FieldIndexer) error {
	return indexer.IndexField(ctx, &v1alpha1.Handover{}, IndexHandover, func(o client.Object) []string {
		keys := HandedOver(o.(*v1alpha1.Handover))
		names := make([]string, len(keys))
		for i, key := range keys {
			names[i] = key.String()
		}
		return names
	})
}

// HandedOver are the Applications that a Handover hands over, in the order of
// its spec. Of a spec that cannot be decoded it is those that the status tells
// of, so that what was handed over stays so.
func HandedOver(h *v1alpha1.Handover) []types.NamespacedName {
	if h.DecodingError != "" {
		return toldOf(h)
	}
	keys := make([]types.NamespacedName, len(h.Spec.ApplicationRefs))
	for i := range h.Spec.ApplicationRefs {
		keys[i] = ApplicationKey(h.Namespace, &h.Spec.ApplicationRefs[i])
	}
	return keys
}

// ApplicationKey is the Application that a reference of an object in a namespace
// names.
func ApplicationKey(namespace string, ref *v1alpha1.ApplicationReference) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = string(ref.Namespace)
	}
	return types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}
}

// toldOf are the Applications that the status of a Handover tells of.
func toldOf(h *v1alpha1.Handover) []types.NamespacedName {
	var keys []types.NamespacedName
	seen := map[types.NamespacedName]bool{}
	add := func(told string) {
		key := types.NamespacedName{Namespace: h.Namespace, Name: told}
		if namespace, name, qualified := strings.Cut(told, "/"); qualified {
			key = types.NamespacedName{Namespace: namespace, Name: name}
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	for i := range h.Status.Results {
		add(h.Status.Results[i].Application)
	}
	if support := h.Status.EarlyLifeSupport; support != nil {
		for i := range support.Accounts {
			add(support.Accounts[i].Application)
		}
	}
	return keys
}

// Handovers lists the Handovers of all namespaces that hand over an Application.
// They are those of the cache and must not be changed.
func Handovers(ctx context.Context, c client.Reader, application types.NamespacedName) ([]*v1alpha1.Handover, error) {
	var list v1alpha1.HandoverList
	if err := c.List(ctx, &list, client.MatchingFields{IndexHandover: application.String()}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("handovers of %s: %w", application, err)
	}
	return Pointers(list.Items), nil
}
