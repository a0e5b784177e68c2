// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// maxRevisions of an agreement that are kept.
const maxRevisions = 16

// AddRevision returns the revisions of an agreement with its present spec, and
// whether that is another than the last one. At most 16 are kept: of the oldest
// ones that are dropped, the next holds for their time as well.
//
// The reasons of maintenance windows are not part of a revision, and a revision
// never begins before the last one, whatever the clock says. Where a generation
// is not new although the spec is (the object was restored), the next number is
// taken, since generations are unique in the list.
func AddRevision(level *v1alpha1.ServiceLevel, now time.Time) ([]v1alpha1.ServiceLevelRevision, bool) {
	revisions := slices.Clone(level.Status.Revisions)
	present := termsOf(&level.Spec)
	next := v1alpha1.ServiceLevelRevision{From: stamp(now.Unix()), Generation: max(level.Generation, 1), Spec: present}
	if n := len(revisions); n > 0 {
		last := &revisions[n-1]
		if equality.Semantic.DeepEqual(withoutReasons(last.Spec), present) {
			return revisions, false
		}
		next.From = stamp(max(now.Unix(), last.From.Unix()))
	}
	for _, r := range revisions {
		if r.Generation >= next.Generation {
			next.Generation = r.Generation + 1
		}
	}
	revisions = append(revisions, next)
	if surplus := len(revisions) - maxRevisions; surplus > 0 {
		oldest := revisions[0].From
		revisions = revisions[surplus:]
		revisions[0].From = oldest
	}
	return revisions, true
}

// termsOf returns what accounting needs of an agreement.
func termsOf(spec *v1alpha1.ServiceLevelSpec) v1alpha1.ServiceLevelTerms {
	return withoutReasons(v1alpha1.ServiceLevelTerms{
		Availability: spec.Availability,
		ServiceHours: spec.ServiceHours,
		Maintenance:  spec.Maintenance,
		Latency:      spec.Latency,
		Recovery:     spec.Recovery,
	})
}

func withoutReasons(t v1alpha1.ServiceLevelTerms) v1alpha1.ServiceLevelTerms {
	own := t.DeepCopy()
	for i := range own.Maintenance {
		own.Maintenance[i].Reason = ""
	}
	return *own
}

// stamp is a moment as it is stored.
func stamp(at int64) metav1.Time { return metav1.NewTime(time.Unix(at, 0).UTC()) }
