// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/internal/judge/agreed"
	"kdz.mainz.de/operator/internal/observe"
)

// looking is how something of an Application is looked at.
type looking struct {
	// checks that the observer is to make.
	checks []observe.Check
	// see notes what is known of them.
	see func(known func(check string) observe.Observation)
}

// gatherObserved hands all checks of an Application to the observer and reads
// back what it knows. What cannot be asked keeps its place there, so that an
// outage that began before is not forgotten.
func (r *Reconciler) gatherObserved(ctx context.Context, s *scope) error {
	s.effective = agreed.Effective(s.app, s.level)
	if !s.observed() {
		r.stopLooking(s.key())
		return nil
	}
	s.floor = func(check string) time.Time { return r.Ledger.Floor(s.key(), check) }
	var checks []observe.Check
	var sights []func(func(string) observe.Observation)
	for _, look := range []func(context.Context, *scope) (looking, error){
		r.endpointChecks, r.indicatorChecks, r.hostingChecks, r.backupChecks,
	} {
		l, err := look(ctx, s)
		if err != nil {
			return err
		}
		checks = append(checks, l.checks...)
		if l.see != nil {
			sights = append(sights, l.see)
		}
	}
	r.Cluster.Ensure(s.key(), s.queries)
	r.Observer.Ensure(observe.Subscriber{Key: s.key(), UID: s.app.UID}, checks)
	s.seen = r.Observer.Observations(s.key())
	for _, see := range sights {
		see(s.known)
	}
	return nil
}

// stopLooking ends all that is looked at on behalf of an Application.
func (r *Reconciler) stopLooking(key types.NamespacedName) {
	r.Observer.Forget(key)
	r.Cluster.Forget(key)
}

// known returns what the observer knows of a check; Pending if nothing.
func (s *scope) known(check string) observe.Observation {
	for i := range s.seen {
		if s.seen[i].Name == check {
			return s.seen[i]
		}
	}
	return observe.Observation{Name: check, State: observe.StatePending}
}
