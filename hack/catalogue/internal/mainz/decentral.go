// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"slices"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// The examination of decentral IT that the steering model of June 2025 asks
// for. It names no day on which it is due: that is an example.
const (
	reviewSinceOn = "2025-06-30"
	reviewDueOn   = "2027-12-31"
)

// decentral makes an Application of decentral IT that the steering model
// names, and of the hosting that it leaves alone.
func (b *builder) decentral(row table.Row) {
	a := b.newApplication(row.Cell("unit"), row.Cell("id"), row.Cell("name"))
	if a == nil {
		return
	}
	a.object.Spec.DisplayName = b.text(row.Cell("name_de"), row.Cell("name"))
	a.setLifecycle(v1alpha1.LifecycleOperating)
	o := &a.object.Spec.Operation
	provider := row.Cell("provider")
	if b.oneOf(provider, "Decentral", "KDZ") {
		o.Provider = v1alpha1.Provider(provider.Value)
	}
	b.operators(a, row.Cell("operated_by"), row.Cell("supported_by"), false)
	if provider.Value == "KDZ" {
		o.Serves = []v1alpha1.Clientele{v1alpha1.ClienteleThirdParty}
	}
	b.oneOf(row.Cell("treatment"), "UnderReview", "Exempt", "OutOfScope")
	if row.Get("treatment") == "UnderReview" {
		o.Review = b.review()
		a.marks.infer("spec.operation.review.sinceOn")
		a.marks.example("spec.operation.review.dueOn")
	}
	if row.Get("certainty") != "stated" {
		a.marks.infer("spec.responsible.unitRef")
	}
	setAnnotation(a.object, AnnotationSource, "steering model for IT and digitalisation, June 2025")
	setAnnotation(a.object, AnnotationNote, row.Get("basis"))
}

// review is the examination by the KDZ and the main office.
func (b *builder) review() *v1alpha1.Review {
	r := &v1alpha1.Review{SinceOn: reviewSinceOn, DueOn: reviewDueOn}
	for _, number := range []string{numberMainOffice, numberKDZ} {
		if u := b.units[number]; u != nil {
			r.Reviewers = append(r.Reviewers, v1alpha1.ObjectName(u.name))
		}
	}
	return r
}

// replacement joins a measure to the application that replaces it: by a
// reference if that is in the same namespace and the measure no longer simply
// operates, else by an annotation.
func (b *builder) replacement(row table.Row) {
	title := row.Cell("replaced_by")
	a := b.at(row.Cell("name"))
	if title.Empty() || a == nil {
		return
	}
	successors := b.titled(title.Value)
	if len(successors) == 0 {
		b.fail(title, "no application has the title %q; write the German title of its successor", title.Value)
		return
	}
	for _, s := range successors {
		local := s.namespace == a.object.Namespace
		leaving := a.object.Spec.Lifecycle == v1alpha1.LifecyclePhasingOut || a.object.Spec.Lifecycle == v1alpha1.LifecycleRetired
		if local && leaving {
			a.object.Spec.ReplacedByRef = &v1alpha1.LocalApplicationReference{Name: v1alpha1.ObjectName(s.name)}
			return
		}
	}
	if len(successors) > 1 {
		b.fail(title, "%d applications have the title %q; write one that is unique", len(successors), title.Value)
		return
	}
	setAnnotation(a.object, AnnotationReplacedBy, successors[0].namespace+"/"+successors[0].name)
}

// at returns the Application that was made of the row of a cell.
func (b *builder) at(c table.Cell) *application {
	for _, a := range b.apps {
		if a.at == c {
			return a
		}
	}
	return nil
}

// titled returns the Applications with a German title.
func (b *builder) titled(title string) []objectKey {
	var keys []objectKey
	for key, a := range b.apps {
		if a.object.Spec.DisplayName.DE == title {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}
