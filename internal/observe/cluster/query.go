// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Kind is a kind of object, and what is kept of each.
type Kind struct {
	schema.GroupVersionKind
	// Extract returns the facts that are kept of an object: small, and nothing
	// of the object itself, so that it can be let go. What it returns is compared
	// by reflect.DeepEqual with what was kept before: only a difference wakes
	// anybody.
	Extract func(*unstructured.Unstructured) any
}

// Query asks for objects of a kind in a namespace: the one of that name, those
// that the selector matches, or all of them.
type Query struct {
	Kind      *Kind
	Namespace string
	// Name of the object; empty means that Selector says which.
	Name string
	// Selector by labels; nil means all.
	Selector labels.Selector
}

// Object is what is kept of an object.
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
	// what is kept may be too old.
	Reason string
	// Message in one sentence says what would be right: which right is missing,
	// which kind is not installed.
	Message string
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }
