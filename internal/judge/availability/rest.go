// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// AtRest returns an account as it stands at a moment if nothing has happened
// since it was written, for those who know no more than what is recorded. Gaps
// are those that may lie after that, in order. Time in a gap counts as unobserved,
// unless the state that is stored began in it; the operator may know better when
// it saw the Application again.
//
// An account is returned as it is that counts nothing, cannot be read, was
// written no earlier than the moment or more than five years before it, or has a
// segment whose agreement is not among the given ones.
func AtRest(record *v1alpha1.AvailabilityRecord, agreements map[v1alpha1.ObjectName]*Agreement, at time.Time, gaps ...Gap) *v1alpha1.AvailabilityRecord {
	cur, now := record.Current, at.Unix()
	if record.DecodingError != "" || cur == nil || cur.State == v1alpha1.IndicatorNotInService {
		return record.DeepCopy()
	}
	if asOf := cur.Accumulators.AsOf.Unix(); now <= asOf || now-asOf > oldest {
		return record.DeepCopy()
	}
	for i := range cur.Segments {
		if level := cur.Segments[i].ServiceLevel; level != "" && agreements[level] == nil {
			return record.DeepCopy()
		}
	}
	s := &Scope{Record: record, Agreements: agreements, Gaps: gaps, Now: at}
	last := piece{from: now, state: cur.State, class: cur.State}
	if open := cur.OpenOutage; open != nil {
		last.check = open.Check
		if !ptr.Deref(open.Charged, true) {
			// The account does not say by which dependency it is excused.
			s.Excuses = []Excuse{{From: cur.Accumulators.AsOf.Time}}
		}
	}
	a := load(s, now)
	s.Level = a.level
	pieces := newTimeline(s, a.cur, false, now).pieces()
	pieces[len(pieces)-1] = last
	a.run(pieces)
	a.finish(now, now)
	return a.rec
}
