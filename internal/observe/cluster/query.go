// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Kind is a kind of object, and what is kept of each. A Kind is known by its
// address: who asks again asks with the same, made once.
type Kind struct {
	schema.GroupVersionKind
	// Labels are the keys of the labels that are kept; empty means all, but not
	// more than MaxLabels. A Selector sees no others.
	Labels []string
	// Extract returns the facts that are kept of an object: small, and nothing
	// of the object itself, so that it can be let go. What it returns is compared
	// by reflect.DeepEqual with what was kept before: only a difference wakes
	// anybody. An object at which it panics is left out.
	Extract func(*unstructured.Unstructured) any
}

// MaxLabels is how many labels of an object are kept at most, the first in the
// order of their keys.
const MaxLabels = 64

// String names the kind as "Backup (velero.io/v1)".
func (k *Kind) String() string { return fmt.Sprintf("%s (%s)", k.Kind, k.GroupVersion()) }

// Query asks for objects of a kind in a namespace: the one of that name, those
// that the selector matches, or all of them.
type Query struct {
	Kind *Kind
	// Namespace of the objects; empty means the whole cluster, for which the
	// operator needs a ClusterRole.
	Namespace string
	// Name of the object; empty means that Selector says which.
	Name string
	// Selector by labels; nil means all.
	Selector labels.Selector
}

// matches says whether the object is one of those that are asked for.
func (q *Query) matches(o *Object) bool {
	switch {
	case o == nil:
		return false
	case q.Name != "":
		return o.Name == q.Name
	}
	return q.Selector == nil || q.Selector.Matches(labels.Set(o.Labels))
}

// Object is what is kept of an object. It is shared by all who ask, so nobody
// changes it.
type Object struct {
	Namespace, Name string
	UID             types.UID
	// Labels that a selector or a reader of the kind may ask for.
	Labels map[string]string
	// Created is when it was created.
	Created time.Time
	// Facts that the Kind extracted.
	Facts any
}

// Problem says why nothing is known of what was asked for.
type Problem struct {
	// Reason is v1alpha1.ReasonForbidden, ReasonNotInstalled, or
	// ReasonAwaitingFirstResult while the first list is under way, or
	// observe.ReasonNoRecentResult if the watch has been broken for so long that
	// what is kept may be too old, or v1alpha1.ReasonInvalidSpec if objects of a
	// kind that has no namespaces are looked for in one.
	Reason string
	// Message in one sentence says what would be right: which right is missing,
	// which kind is not installed.
	Message string
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }
