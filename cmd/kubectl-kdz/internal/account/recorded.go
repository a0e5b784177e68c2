// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// Recorded is what the operator has recorded of all accounts together. An
// account is written when something happens; until when nothing has, is what
// this says. Read it before the accounts, and Gaps after Beat: then nothing that
// happened by then is missing.
type Recorded struct {
	// Beat says up to when everything that was seen is recorded.
	Beat heartbeat.Beat
	// Gaps are the times that nobody observed.
	Gaps heartbeat.Gaps
	// Err says why neither is known; nil if both are.
	Err error
}

// silence is how long ago the heartbeat of an operator that observes may be.
const silence = time.Minute

// Silence says that the operator has recorded nothing for long; empty if it has.
func (r *Recorded) Silence(now time.Time) string {
	since := now.Sub(r.Beat.Recorded)
	if r.Err != nil || since <= silence {
		return ""
	}
	return fmt.Sprintf("The operator has recorded nothing for %s: it is blind, or does not run.", Seconds(int64(since/time.Second)))
}

// until returns up to when the account of an Application is known: the
// heartbeat, or the first of failures that are not an outage yet.
func (r *Recorded) until(namespace, name string) time.Time {
	at := r.Beat.Recorded
	for i := range r.Beat.Pending {
		p := &r.Beat.Pending[i]
		if p.Namespace == namespace && p.Name == name && p.FirstFailure.Before(at) {
			at = p.FirstFailure
		}
	}
	return at
}

// advance returns an account as it stands by all that is recorded, and up to
// when that is; nil where nothing is counted, or where it says why the account
// is returned as it was written although more may be recorded.
func (r *Recorded) advance(record *v1alpha1.AvailabilityRecord, agreements map[v1alpha1.ObjectName]*availability.Agreement) (advanced *v1alpha1.AvailabilityRecord, recorded *metav1.Time, why string) {
	cur := record.Current
	if cur == nil || cur.State == v1alpha1.IndicatorNotInService {
		return record, nil, ""
	}
	if r.Err != nil {
		return record, nil, "the operator's heartbeat cannot be read: " + r.Err.Error()
	}
	for i := range cur.Segments {
		if level := cur.Segments[i].ServiceLevel; level != "" && agreements[level] == nil {
			return record, nil, fmt.Sprintf("nothing is known of what ServiceLevel %s says", level)
		}
	}
	gaps := make([]availability.Gap, len(r.Gaps.Gaps))
	for i, g := range r.Gaps.Gaps {
		gaps[i] = availability.Gap{From: g.From, To: g.To, Whole: g.Whole}
	}
	at := metav1.NewTime(r.Beat.Recorded)
	return availability.AtRest(record, agreements, r.until(record.Namespace, record.Name), gaps...), &at, ""
}

// agreementsOf compiles the levels of which a revision is recorded. What cannot
// be used of one is told in its own status.
func agreementsOf(levels map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel) map[v1alpha1.ObjectName]*availability.Agreement {
	agreements := make(map[v1alpha1.ObjectName]*availability.Agreement, len(levels))
	for name, level := range levels {
		if agreement, _ := availability.NewAgreement(level); agreement != nil {
			agreements[name] = agreement
		}
	}
	return agreements
}
