// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// maxRevisions bounds how many revisions of an agreement are kept.
const maxRevisions = 16

// Agreement is a ServiceLevel with all its revisions, ready for accounting. It
// is immutable and safe for concurrent use.
type Agreement struct {
	name      v1alpha1.ObjectName
	revisions []revision
}

// revision of an agreement.
type revision struct {
	from        int64
	generation  int64
	objective   v1alpha1.Percentage
	share       share // that the objective asks for
	coverage    share // that has to be observed at least
	window      v1alpha1.AvailabilityWindow
	days        int // of a rolling window
	hours       *calendar.Hours
	maintenance *calendar.Maintenance
	maxOutage   int64 // seconds; 0 if nothing was agreed
}

// NewAgreement compiles an agreement by the revisions in its status; the last
// of them holds, whatever the spec says, since nothing acts before it was
// recorded. Without any it returns nil. A revision of which something cannot be
// used is judged by what can, and named in the errors.
func NewAgreement(level *v1alpha1.ServiceLevel) (*Agreement, []error) {
	if len(level.Status.Revisions) == 0 {
		return nil, nil
	}
	a := &Agreement{name: v1alpha1.ObjectName(level.Name)}
	var errs []error
	for i := range level.Status.Revisions {
		r, err := newRevision(&level.Status.Revisions[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("status.revisions[%d]: %w", i, err))
		}
		a.revisions = append(a.revisions, r)
	}
	return a, errs
}

func newRevision(in *v1alpha1.ServiceLevelRevision) (revision, error) {
	terms := &in.Spec
	r := revision{
		from: in.From.Unix(), generation: in.Generation,
		objective: terms.Availability.Objective, window: terms.Availability.Window,
	}
	var errs []error
	var err error
	if r.share, err = shareOf(terms.Availability.Objective); err != nil {
		errs = append(errs, fmt.Errorf("spec.availability.objective: %w", err))
		r.share, r.objective = 0, ""
	}
	if c := terms.Availability.MinimumCoverage; c != "" {
		if r.coverage, err = shareOf(c); err != nil {
			errs = append(errs, fmt.Errorf("spec.availability.minimumCoverage: %w", err))
		}
	}
	if r.days, err = rollingDays(r.window.Rolling); err != nil {
		errs = append(errs, fmt.Errorf("spec.availability.window.rolling: %w", err))
		r.window = v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}
	}
	var wrong *calendar.HoursError
	if r.hours, wrong = calendar.NewHours(terms.ServiceHours); wrong != nil {
		errs = append(errs, fmt.Errorf("spec.%w", wrong))
		r.hours = nil
	}
	var windows []*calendar.WindowError
	r.maintenance, windows = calendar.NewMaintenance(terms.Maintenance)
	for _, w := range windows {
		errs = append(errs, fmt.Errorf("spec.%w", w))
	}
	if terms.Recovery != nil {
		d, err := time.ParseDuration(string(terms.Recovery.MaxOutage))
		if err != nil || d < time.Second {
			errs = append(errs, fmt.Errorf("spec.recovery.maxOutage: %q is no duration of a second or more, such as 4h", terms.Recovery.MaxOutage))
		} else {
			r.maxOutage = int64(d / time.Second)
		}
	}
	return r, errors.Join(errs...)
}

// maxRollingDays bounds a rolling window.
const maxRollingDays = 90

// rollingDays is how many local days a rolling window holds, today included; 0
// if it does not roll.
func rollingDays(rolling v1alpha1.Duration) (int, error) {
	if rolling == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(string(rolling))
	if err != nil || d < 24*time.Hour || d > maxRollingDays*24*time.Hour {
		return 0, fmt.Errorf("%q is no duration from 24h to 2160h", rolling)
	}
	return int((d + 24*time.Hour - 1) / (24 * time.Hour)), nil
}

// at is the revision that holds at a moment; nil if none does yet.
func (a *Agreement) at(moment int64) *revision {
	if a == nil {
		return nil
	}
	for i := len(a.revisions) - 1; i >= 0; i-- {
		if a.revisions[i].from <= moment {
			return &a.revisions[i]
		}
	}
	return nil
}

// after is when the next revision begins after a moment; false if there is
// none.
func (a *Agreement) after(moment int64) (int64, bool) {
	if a == nil {
		return 0, false
	}
	for i := range a.revisions {
		if a.revisions[i].from > moment {
			return a.revisions[i].from, true
		}
	}
	return 0, false
}

// zone in which a revision reads the clock.
func (r *revision) zone() *time.Location {
	if r == nil {
		return calendar.Location()
	}
	return r.hours.Location()
}

// sameWindow says whether two revisions count over the same periods.
func sameWindow(a, b *revision) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.window == b.window && a.zone().String() == b.zone().String()
}

// AddRevision returns the revisions of an agreement with its present spec, and
// whether that is another than the last one. At most 16 are kept. A revision
// never begins before the one that it follows.
func AddRevision(level *v1alpha1.ServiceLevel, now time.Time) ([]v1alpha1.ServiceLevelRevision, bool) {
	known := level.Status.Revisions
	terms := v1alpha1.ServiceLevelTerms{
		Availability: level.Spec.Availability,
		ServiceHours: level.Spec.ServiceHours,
		Maintenance:  level.Spec.Maintenance,
		Latency:      level.Spec.Latency,
		Recovery:     level.Spec.Recovery,
	}
	from := metav1.NewTime(now.Truncate(time.Second))
	if n := len(known); n > 0 {
		last := &known[n-1]
		if equality.Semantic.DeepEqual(last.Spec, terms) {
			return known, false
		}
		if from.Before(&last.From) {
			from = last.From
		}
	}
	all := append([]v1alpha1.ServiceLevelRevision{}, known...)
	generation := level.Generation
	if n := len(all); n > 0 && all[n-1].Generation >= generation {
		// The agreement was restored or created anew: its generation began
		// again, and each must be there once.
		generation = all[n-1].Generation + 1
	}
	all = append(all, v1alpha1.ServiceLevelRevision{From: from, Generation: generation, Spec: *terms.DeepCopy()})
	if len(all) > maxRevisions {
		all = all[len(all)-maxRevisions:]
	}
	return all, true
}
