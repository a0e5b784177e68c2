// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// candidate is a run that an object is.
type candidate struct {
	object *cluster.Object
	run    run
}

// candidates returns the runs of objects whose facts are of type T and count.
func candidates[T any](a answer, runOf func(*T) (run, bool)) []candidate {
	all := make([]candidate, 0, len(a.objects))
	for _, o := range a.objects {
		facts, ok := o.Facts.(T)
		if !ok {
			continue
		}
		if one, counts := runOf(&facts); counts {
			all = append(all, candidate{o, one})
		}
	}
	return all
}

// weigh notes the newest success, and what failed after it. It returns the
// newest success; nil if there is none.
func (r *reading) weigh(all []candidate) *candidate {
	newest := r.newestSuccess(all)
	if newest != nil {
		r.succeededAt(newest.run.at, newest.run.ended, newest.object.Name)
	}
	for i := range all {
		c := &all[i]
		if c.run.outcome != failed {
			continue
		}
		at := c.began(r)
		if !at.After(r.SuccessAt) {
			continue
		}
		if r.FailingSince.IsZero() || at.Before(r.FailingSince) {
			r.FailingSince = at
		}
		if at.After(r.FailureAt) || at.Equal(r.FailureAt) && c.object.Name > r.FailureName {
			r.FailureAt, r.FailureName, r.FailurePhase = at, c.object.Name, c.run.phase
		}
	}
	return newest
}

// began is when a run that failed began. One that never began, and one whose
// time cannot be, counts from its creation.
func (c *candidate) began(r *reading) time.Time {
	if c.run.at.IsZero() || !r.believable(c.run.at) {
		return c.object.Created
	}
	return c.run.at
}

// newestSuccess returns the success that began last. What is yet to come is
// noted, and what does not say when it began.
func (r *reading) newestSuccess(all []candidate) *candidate {
	var newest, dateless *candidate
	for i := range all {
		c := &all[i]
		switch {
		case c.run.outcome != succeeded:
		case c.run.at.IsZero():
			if dateless == nil || c.object.Created.After(dateless.object.Created) {
				dateless = c
			}
		case !r.believable(c.run.at):
			if r.AheadAt.IsZero() || c.run.at.Before(r.AheadAt) {
				r.AheadAt = c.run.at
			}
		case newest == nil || c.run.at.After(newest.run.at) || c.run.at.Equal(newest.run.at) && c.object.Name > newest.object.Name:
			newest = c
		}
	}
	if dateless != nil && (newest == nil || dateless.object.Created.After(newest.run.at)) {
		name := shorten(dateless.object.Name)
		if dateless.run.flaw == "" {
			r.Unproven = fmt.Sprintf("%s succeeded, but does not say when it began", name)
		} else {
			r.Unproven = fmt.Sprintf("%s succeeded, but %s", name, dateless.run.flaw)
			if newest == nil {
				r.doubt(v1alpha1.ReasonSourceUnreadable, r.Unproven)
			}
		}
	}
	return newest
}
