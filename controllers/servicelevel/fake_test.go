// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// revised adds a revision as the accounts want it.
func revised(l *v1alpha1.ServiceLevel, now time.Time) ([]v1alpha1.ServiceLevelRevision, bool) {
	terms := v1alpha1.ServiceLevelTerms{
		Availability: l.Spec.Availability, ServiceHours: l.Spec.ServiceHours, Maintenance: l.Spec.Maintenance,
		Latency: l.Spec.Latency, Recovery: l.Spec.Recovery,
	}
	revisions := l.Status.Revisions
	if n := len(revisions); n > 0 && equality.Semantic.DeepEqual(revisions[n-1].Spec, terms) {
		return revisions, false
	}
	return append(revisions, v1alpha1.ServiceLevelRevision{From: metav1.NewTime(now.Truncate(time.Second)), Generation: l.Generation, Spec: terms}), true
}
