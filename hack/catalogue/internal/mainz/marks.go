// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
)

// Labels and annotations that only the catalogue uses.
const (
	// AnnotationInferred marks what follows from a paper without being said
	// there: a comma-separated list of field paths.
	AnnotationInferred = "kdz.mainz.de/inferred"
	// AnnotationSource names the paper that the object was made of.
	AnnotationSource = "kdz.mainz.de/source"
	// AnnotationNote holds what else the table says of the object.
	AnnotationNote = "kdz.mainz.de/note"
	// AnnotationProgramme names the programme of a measure.
	AnnotationProgramme = "kdz.mainz.de/programme"
	// AnnotationSince says since when an application operates, as exactly as
	// the paper does.
	AnnotationSince = "kdz.mainz.de/operating-since"
	// AnnotationStart says when a project began, as exactly as the paper does.
	AnnotationStart = "kdz.mainz.de/started"
	// AnnotationReplacedBy names, as namespace/name, the successor of an
	// application where spec.replacedByRef cannot: in another namespace, or
	// while the application still operates.
	AnnotationReplacedBy = "kdz.mainz.de/replaced-by"
	// LabelPriority2015 is the priority of 2015, 0 to 6. It has been replaced
	// since, so it is a label and orders nothing.
	LabelPriority2015 = "kdz.mainz.de/priority-2015"
)

// marks are the field paths of an object that no paper states.
type marks struct {
	// examples are invented so that the demonstration has something to show.
	examples []string
	// inferred are likely, given what the papers say.
	inferred []string
}

// example marks fields as examples.
func (m *marks) example(paths ...string) { m.examples = append(m.examples, paths...) }

// infer marks fields as inferred.
func (m *marks) infer(paths ...string) { m.inferred = append(m.inferred, paths...) }

// annotate writes the marks to an object's annotations.
func (m *marks) annotate(o metav1.Object) {
	setAnnotation(o, v1alpha1.AnnotationExample, joinPaths(m.examples))
	setAnnotation(o, AnnotationInferred, joinPaths(m.inferred))
}

// joinPaths sorts field paths and parts them by commas.
func joinPaths(paths []string) string {
	paths = slices.Clone(paths)
	slices.Sort(paths)
	return strings.Join(slices.Compact(paths), ",")
}

// setAnnotation sets an annotation unless its value is empty.
func setAnnotation(o metav1.Object, key, value string) {
	if value == "" {
		return
	}
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	o.SetAnnotations(annotations)
}
