// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

// Behaviours of backups.
const (
	// Current: the backup job succeeds in time.
	Current Behaviour = "current"
	// Overdue: it has not succeeded for longer than it may, and does not.
	Overdue Behaviour = "overdue"
)

// Heartbeat is a backup whose job renews a Lease when it has succeeded.
type Heartbeat struct {
	// Namespace and Application that declare it, and its Source there.
	Namespace, Application, Source string
	// Lease that the job renews.
	Lease string
	// RestoreTestLease that the test of a restore renews; empty if there is none.
	RestoreTestLease string
	// MaxAge and RestoreTestMaxAge are how old each may be; zero if nothing was
	// agreed.
	MaxAge, RestoreTestMaxAge time.Duration
	// Behaviour is Current or Overdue.
	Behaviour Behaviour
}

// String names the heartbeat: <namespace>/<application>/<source>.
func (h Heartbeat) String() string { return h.Namespace + "/" + h.Application + "/" + h.Source }

// Success is a run that succeeded.
type Success struct{ Began, Ended time.Time }

const (
	// agedUsually is how old a success is where no age was agreed.
	agedUsually = 24 * time.Hour
	// restoreTook is how long the test of a restore takes: less than any outage
	// may.
	restoreTook = 5 * time.Minute
)

// First is the newest success when the lab begins: an eighth of its time old,
// or that much too old.
func (h Heartbeat) First(now time.Time) Success {
	age := cmp.Or(h.MaxAge, agedUsually)
	ended := now.Add(-age / 8)
	if h.Behaviour == Overdue {
		ended = ended.Add(-age)
	}
	return h.run(ended)
}

// Next is the success that follows another one; ok is false as long as there is
// none. It comes when half of the time is over.
func (h Heartbeat) Next(last Success, now time.Time) (next Success, ok bool) {
	if h.Behaviour == Overdue || now.Sub(last.Began) < cmp.Or(h.MaxAge, agedUsually)/2 {
		return last, false
	}
	return h.run(now), true
}

// run is a backup that ended then, after a twentieth of its time.
func (h Heartbeat) run(ended time.Time) Success {
	return Success{ended.Add(-cmp.Or(h.MaxAge, agedUsually) / 20), ended}
}

// RestoreTest is the newest test of a restore.
func (h Heartbeat) RestoreTest(now time.Time) Success {
	began := now.Add(-cmp.Or(h.RestoreTestMaxAge, 30*agedUsually) / 4)
	return Success{began, began.Add(restoreTook)}
}

// PlanHeartbeats joins the heartbeats that Applications declare with how each is
// to behave.
//
// levels are the agreements by name, and numbers is as for Plan. rows must name
// every source that is a heartbeat, and nothing else; nil rows mean that all are
// Current. The error has all that does not fit.
func PlanHeartbeats(
	applications []v1alpha1.Application, levels map[string]*v1alpha1.ServiceLevel, numbers map[string]string, rows []Row,
) ([]Heartbeat, error) {
	known, errs := byPlace(rows)
	var planned []Heartbeat
	for i := range applications {
		app := &applications[i]
		var level *v1alpha1.ServiceLevel
		if ref := app.Spec.ServiceLevelRef; ref != nil {
			level = levels[string(ref.Name)]
		}
		backup := agreed.Effective(app, level).Spec.Backup
		if backup == nil {
			continue
		}
		for _, s := range backup.Sources {
			if s.Heartbeat == nil {
				continue
			}
			h := Heartbeat{
				Namespace: app.Namespace, Application: app.Name, Source: string(s.Name),
				Lease: s.Heartbeat.LeaseName, RestoreTestLease: s.Heartbeat.RestoreTestLeaseName, Behaviour: Current,
			}
			p := place{unit: numbers[app.Namespace], application: app.Name, source: h.Source}
			row, ok := known.take(p)
			switch {
			case rows == nil:
			case !ok:
				errs = append(errs, fmt.Errorf("%s: no row says how it behaves", h))
			case row.Behaviour != Current && row.Behaviour != Overdue:
				errs = append(errs, fmt.Errorf("%s: behaviour %q is none of %s, %s", row.at(), row.Behaviour, Current, Overdue))
			default:
				h.Behaviour = row.Behaviour
			}
			errs = append(errs, h.age(&h.MaxAge, backup.MaxAge), h.age(&h.RestoreTestMaxAge, backup.RestoreTestMaxAge))
			planned = append(planned, h)
		}
	}
	return planned, misfits(append(errs, known.unused()...))
}

// age reads an age that was agreed.
func (h Heartbeat) age(into *time.Duration, d v1alpha1.Duration) (err error) {
	if d == "" {
		return nil
	}
	if *into, err = time.ParseDuration(string(d)); err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	return nil
}

// misfits is the error of a table and a catalogue that do not fit together.
func misfits(errs []error) error {
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the lab's table and the catalogue do not fit together:\n%w", err)
	}
	return nil
}
