// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

func k8upQueries(s *source) ([]cluster.Query, *cluster.Problem) {
	return []cluster.Query{s.own(k8upSchedules, s.K8up.ScheduleName), s.all(k8upBackups), s.all(k8upSnapshots), s.all(k8upRestores)}, nil
}

func readK8up(r *reading, answers []answer) {
	r.readK8upRestores(answers[3])
	o := r.one(answers[0])
	if o == nil {
		return
	}
	schedule, _ := o.Facts.(k8upScheduleFacts)
	if !schedule.backsUp {
		r.doubt(v1alpha1.ReasonSourceNotCovering, r.Subject+" backs up nothing: it has no spec.backup")
		return
	}
	// Without both nobody knows what a success is worth.
	if !r.known(answers[1]) || !r.known(answers[2]) {
		return
	}
	proven := r.newestSnapshot(answers[2]).Add(Skew)
	var hollow *cluster.Object
	all := candidates(answers[1], func(b *k8upJobFacts) (run, bool) { return b.run, b.schedule == o.Name })
	for i := range all {
		c := &all[i]
		if c.run.outcome == succeeded && r.believable(c.run.at) && c.run.at.After(proven) {
			c.run.outcome = pending
			if hollow == nil || c.object.Created.After(hollow.Created) {
				hollow = c.object
			}
		}
	}
	newest := r.weigh(all)
	if newest != nil {
		r.NextRunAt = nextRun(schedule.cron, newest.run.at)
	}
	if hollow != nil {
		r.Unproven = fmt.Sprintf("%s is said to have succeeded, but no Snapshot is as new", shorten(hollow.Name))
	}
}

// newestSnapshot returns when the newest Snapshot was taken; zero if there is
// none.
func (r *reading) newestSnapshot(a answer) time.Time {
	var newest time.Time
	for _, o := range a.objects {
		if s, _ := o.Facts.(run); r.believable(s.at) && s.at.After(newest) {
			newest = s.at
		}
	}
	return newest
}

// readK8upRestores notes the newest Restore of the namespace, unless it is
// another schedule's.
func (r *reading) readK8upRestores(a answer) {
	if !r.knownRestoreTest(a) {
		return
	}
	for _, o := range a.objects {
		restore, _ := o.Facts.(k8upJobFacts)
		if restore.outcome == succeeded && (restore.schedule == "" || restore.schedule == r.source.K8up.ScheduleName) {
			r.testedAt(restore.at, restore.ended)
		}
	}
}
