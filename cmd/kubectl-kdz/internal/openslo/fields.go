// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Annotations of an SLO that was made of a ServiceLevel.
const (
	// AnnotationLevel names the ServiceLevel.
	AnnotationLevel = "kdz.mainz.de/service-level"
	// AnnotationApplication names the Application, as namespace/name.
	AnnotationApplication = "kdz.mainz.de/application"
	// annotationField and the path of a field of the ServiceLevel: its value as
	// JSON, for which OpenSLO has no field.
	annotationField = "kdz.mainz.de/spec."
)

// kept are the fields that OpenSLO has none for and that annotations hold, with
// a pointer to where they are in a spec. The decision is none of them: it is a
// body's, and no translation may make it again.
func kept(s *v1alpha1.ServiceLevelSpec) []keptField {
	return []keptField{
		{"displayName", &s.DisplayName},
		{"availability.minimumCoverage", &s.Availability.MinimumCoverage},
		{"serviceHours", &s.ServiceHours},
		{"maintenance", &s.Maintenance},
		{"latency", &s.Latency},
		{"backup", &s.Backup},
		{"recovery", &s.Recovery},
		{"support", &s.Support},
		{"requires", &s.Requires},
		{"alerting", &s.Alerting},
		{"escalation", &s.Escalation},
	}
}

type keptField struct {
	path string
	at   any // pointer into the spec
}

// keep returns what annotations hold of a spec, and the paths of the fields, in
// order.
func keep(s *v1alpha1.ServiceLevelSpec) (annotations map[string]string, paths []string, err error) {
	annotations = map[string]string{}
	for _, f := range kept(s) {
		if reflect.ValueOf(f.at).Elem().IsZero() {
			continue
		}
		var value bytes.Buffer
		encoder := json.NewEncoder(&value)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(f.at); err != nil {
			return nil, nil, fmt.Errorf("spec.%s: %w", f.path, err)
		}
		annotations[annotationField+f.path] = strings.TrimSpace(value.String())
		paths = append(paths, f.path)
	}
	return annotations, paths, nil
}

// restore reads back what annotations hold of a spec.
func restore(annotations map[string]string, s *v1alpha1.ServiceLevelSpec) []*fieldError {
	var problems []*fieldError
	fields := kept(s)
	for name, value := range annotations {
		path, ok := strings.CutPrefix(name, annotationField)
		if !ok {
			continue
		}
		where := "metadata.annotations[" + name + "]"
		i := slices.IndexFunc(fields, func(f keptField) bool { return f.path == path })
		if i < 0 {
			problems = append(problems, at(where, "no field of a ServiceLevel that an annotation may hold"))
			continue
		}
		unfit, err := kjson.UnmarshalStrict([]byte(value), fields[i].at)
		switch {
		case err != nil:
			problems = append(problems, at(where, "not spec.%s of a ServiceLevel as JSON: %v", path, err))
		case len(unfit) > 0:
			problems = append(problems, at(where, "not spec.%s of a ServiceLevel: %v", path, unfit[0]))
		}
	}
	slices.SortFunc(problems, func(a, b *fieldError) int { return strings.Compare(a.path, b.path) })
	return problems
}

// fieldError says which field of a document is wrong, and what would be right.
type fieldError struct{ path, detail string }

// Error implements error.
func (e *fieldError) Error() string {
	if e.path == "" {
		return e.detail
	}
	return e.path + ": " + e.detail
}

func at(path, format string, args ...any) *fieldError {
	return &fieldError{path, fmt.Sprintf(format, args...)}
}
