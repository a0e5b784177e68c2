// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// field is a field of a valid object and what it may hold.
type field struct {
	path     string
	required bool
	shape    shape
}

// need is a field without which the object is refused.
func need(path string, s shape) field { return field{path: path, required: true, shape: s} }

// may is a field that may be left out.
func may(path string, s shape) field { return field{path: path, shape: s} }

// rule is a case for what holds between fields: a change of a valid object
// that the server accepts (no want) or refuses.
type rule struct {
	name string
	do   []edit
	want *refusal
}

// accept is a change of the valid object after which it is still one.
func accept(name string, do ...edit) rule { return rule{name: name, do: do} }

// refuse is a change of the valid object after which the server must refuse
// it, at the field and with the words.
func refuse(name, field, words string, do ...edit) rule {
	return rule{name: name, do: do, want: &refusal{field: field, words: words}}
}

// suite is what is to be shown with one valid object.
type suite struct {
	// base is the valid object: "Application", "Application.sap".
	base string
	// fields, one by one.
	fields []field
	// status fields, one by one.
	status []field
	// rules between fields.
	rules []rule
	// statusRules are rules between fields of the status.
	statusRules []rule
	// transitions are rules between an object and its successor.
	transitions []rule
}

// TestRules shows for each field and for each rule of each kind what passes
// and what is refused; at its end nothing in the definitions may be left that
// did not refuse something.
func TestRules(t *testing.T) {
	t.Parallel()
	c := admin(t)
	seen := &exercised{}
	t.Run("kinds", func(t *testing.T) {
		for _, s := range suites {
			t.Run(s.base, func(t *testing.T) {
				t.Parallel()
				suiteRun{suite: s, client: c, seen: seen}.run(t)
			})
		}
	})
	if t.Failed() {
		return
	}
	t.Run("all", func(t *testing.T) { seen.mustHoldAll(t) })
}

// suiteRun is a suite on its way.
type suiteRun struct {
	suite
	client client.Client
	seen   *exercised
}

func (s suiteRun) run(t *testing.T) {
	t.Helper()
	_, _, isVariant := strings.Cut(s.base, ".")
	t.Run("valid", func(t *testing.T) { s.try(t, nil, nil, s.create) })
	for _, f := range s.fields {
		t.Run(f.path, func(t *testing.T) { s.tryField(t, f, s.create) })
	}
	for _, r := range s.rules {
		t.Run(r.name, func(t *testing.T) { s.try(t, r.do, r.want, s.create) })
	}
	if isVariant {
		return
	}
	stored := s.store(t)
	for _, f := range s.status {
		t.Run(f.path, func(t *testing.T) { s.tryField(t, f, s.tell(stored)) })
	}
	for _, r := range s.statusRules {
		t.Run(r.name, func(t *testing.T) { s.try(t, r.do, r.want, s.tell(stored)) })
	}
	for _, r := range s.transitions {
		t.Run(r.name, func(t *testing.T) { s.try(t, r.do, r.want, s.replace(stored)) })
	}
}

// store keeps the valid object, with its status, on the server until the test
// ends.
func (s suiteRun) store(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	stored := valid(t, s.base)
	status, hasStatus := stored.Object["status"]
	if err := s.client.Create(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.client.Delete(context.WithoutCancel(t.Context()), stored); err != nil {
			t.Error(err)
		}
	})
	if hasStatus {
		stored.Object["status"] = status
		if err := s.client.Status().Update(t.Context(), stored); err != nil {
			t.Fatal(err)
		}
	}
	return stored
}

// attempt offers an object to the server without having it stored.
type attempt func(ctx context.Context, o *unstructured.Unstructured) error

// create offers the object as a new one.
func (s suiteRun) create(ctx context.Context, o *unstructured.Unstructured) error {
	return s.client.Create(ctx, o, client.DryRunAll)
}

// tell offers the object's status as that of the stored one.
func (s suiteRun) tell(stored *unstructured.Unstructured) attempt {
	return func(ctx context.Context, o *unstructured.Unstructured) error {
		o.SetResourceVersion(stored.GetResourceVersion())
		return s.client.Status().Update(ctx, o, &client.SubResourceUpdateOptions{
			UpdateOptions: client.UpdateOptions{DryRun: []string{metav1.DryRunAll}},
		})
	}
}

// replace offers the object in place of the stored one.
func (s suiteRun) replace(stored *unstructured.Unstructured) attempt {
	return func(ctx context.Context, o *unstructured.Unstructured) error {
		o.SetResourceVersion(stored.GetResourceVersion())
		return s.client.Update(ctx, o, client.DryRunAll)
	}
}

func (s suiteRun) tryField(t *testing.T, f field, offer attempt) {
	t.Helper()
	if f.required {
		s.try(t, []edit{unset(f.path)}, &refusal{f.path, "Required value"}, offer)
	}
	for _, good := range f.shape.good {
		s.try(t, []edit{set(f.path, good)}, nil, offer)
	}
	for _, bad := range f.shape.bad {
		do := change(f.path, func(old any, _ bool) any { return bad.value(old) })
		s.try(t, []edit{do}, &refusal{f.path + bad.at, bad.words}, offer)
	}
}

func (s suiteRun) try(t *testing.T, do []edit, want *refusal, offer attempt) {
	t.Helper()
	o := valid(t, s.base)
	for _, d := range do {
		d(t, o.Object)
	}
	err := offer(t.Context(), o)
	if want == nil {
		if err != nil {
			t.Errorf("refused: %v", shorten(err))
		}
		return
	}
	kind, _, _ := strings.Cut(s.base, ".")
	s.seen.add(kind, mustBeRefused(t, err, *want))
}

// shorten leaves of an error what a person can read.
func shorten(err error) error {
	const enough = 2000
	var status apierrors.APIStatus
	if text := err.Error(); errors.As(err, &status) && len(text) > enough {
		return fmt.Errorf("%s …", text[:enough])
	}
	return err
}
