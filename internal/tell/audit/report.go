// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"time"

	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Source of all results, by which readers tell ours from those of others.
const Source = "kdz-operator"

const (
	// labelManagedBy with Source as its value is on every report of ours.
	labelManagedBy = "app.kubernetes.io/managed-by"
	// annotationDigest is what a report says, its times left out.
	annotationDigest = "kdz.mainz.de/digest"
)

// GroupVersion of the reports.
var GroupVersion = schema.GroupVersion{Group: openreports.GroupName, Version: "v1alpha1"}

// AddToScheme registers reports with a scheme.
func AddToScheme(s *runtime.Scheme) error { return openreports.Install(s) }

// report is a Report, or a ClusterReport: both hold the same.
type report struct {
	client.Object
	source  *string
	scope   **corev1.ObjectReference
	summary *openreports.ReportSummary
	results *[]openreports.ReportResult
}

// newReport is an empty report; one without a namespace is of the cluster.
func newReport(namespace, name string) report {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	if namespace == "" {
		r := &openreports.ClusterReport{ObjectMeta: meta}
		return report{r, &r.Source, &r.Scope, &r.Summary, &r.Results}
	}
	r := &openreports.Report{ObjectMeta: meta}
	return report{r, &r.Source, &r.Scope, &r.Summary, &r.Results}
}

// fill makes a report say what a shard holds. A result that was there before
// keeps its time.
func (r report) fill(s *shard, times map[identity]metav1.Timestamp, now time.Time) {
	*r.source = Source
	if namespace := r.GetNamespace(); namespace != "" {
		*r.scope = &corev1.ObjectReference{APIVersion: "v1", Kind: "Namespace", Name: namespace}
	}
	results := make([]openreports.ReportResult, len(s.findings))
	for i, f := range s.findings {
		results[i] = f.result()
		found, known := times[identityOf(&results[i])]
		if !known || found.Seconds > now.Unix() {
			found = metav1.Timestamp{Seconds: now.Unix()}
		}
		results[i].Timestamp = found
	}
	*r.summary, *r.results = summarise(results), results
	r.SetLabels(with(r.GetLabels(), labelManagedBy, Source))
	r.SetAnnotations(with(r.GetAnnotations(), annotationDigest, s.digest))
}

// remember notes the times of what a report says.
func (r report) remember(times map[identity]metav1.Timestamp) {
	for i := range *r.results {
		result := &(*r.results)[i]
		times[identityOf(result)] = result.Timestamp
	}
}

// with sets an entry of a map that may be nil.
func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
