// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// Ledger is what the accounts of all Applications share. It is safe for
// concurrent use.
type Ledger interface {
	// Gaps are the times that nobody observed, in order.
	Gaps() []availability.Gap
	// Floor is the moment from which on what this process saw of a check counts
	// rather than what was recorded before.
	Floor(key types.NamespacedName, check string) time.Time
	// Now is the moment at which accounts are judged.
	Now() time.Time
}

// bookingSpread is the time after the end of a period over which the bookings of
// a fleet are spread; what the status says of the new period follows as long
// after.
const bookingSpread = 6 * time.Hour

// account is what is gathered and judged of the account of an Application.
type account struct {
	// stored is the account in the cache, without its list of outages; nil if
	// there is none.
	stored *v1alpha1.AvailabilityRecord
	// scope that it is judged by.
	scope availability.Scope
	// waiting: the agreement was not recorded yet, which happens at once.
	waiting bool
	// judged is how it stands; nil where none is kept.
	judged *availability.Judgement
}

// gatherStored reads the account of an Application.
func (r *Reconciler) gatherStored(ctx context.Context, s *scope) (err error) {
	s.account.stored, err = r.storedAccount(ctx, s.key())
	return err
}

// gatherAccount gathers what the account of an Application is judged by.
func (r *Reconciler) gatherAccount(ctx context.Context, s *scope) (err error) {
	stored, in := s.account.stored, &s.account.scope
	in.Record = stored
	in.UID = string(s.app.UID)
	in.Origin, in.Lifecycle = s.app.Spec.Origin, s.app.Spec.Lifecycle
	in.Accounted = s.before.Status.ServiceLevel != nil
	in.Maintenance = s.app.Spec.Maintenance
	if ref := s.app.Spec.ServiceLevelRef; ref != nil && s.level != nil {
		in.Level = ref.Name
	}
	if s.app.DecodingError != "" && stored != nil {
		// Nothing is known of what it declares; the account goes on as it was,
		// and nobody observes.
		in.Lifecycle, in.Level = v1alpha1.LifecycleOperating, governing(stored)
		in.Maintenance = declared(stored)
	}
	in.Gaps = r.Ledger.Gaps()
	in.Spread = spread(s.app.UID)
	in.Now = r.Ledger.Now()
	in.Agreements, err = r.agreements.of(ctx, r.Client, in.Level, stored)
	if err != nil {
		return err
	}
	_, recorded := in.Agreements[in.Level]
	s.account.waiting = s.level != nil && !recorded
	return r.gatherExcuses(ctx, s)
}

// storedAccount reads an account from the cache; nil if there is none.
func (r *Reconciler) storedAccount(ctx context.Context, key types.NamespacedName) (*v1alpha1.AvailabilityRecord, error) {
	stored := &v1alpha1.AvailabilityRecord{}
	// It is looked at, and never changed.
	err := r.Client.Get(ctx, key, stored, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return stored, err
}

// governing is the agreement that governs the account now; empty for none.
func governing(stored *v1alpha1.AvailabilityRecord) v1alpha1.ObjectName {
	if stored.Current == nil || len(stored.Current.Segments) == 0 {
		return ""
	}
	return stored.Current.Segments[len(stored.Current.Segments)-1].ServiceLevel
}

// declared are the windows that the account knows of.
func declared(stored *v1alpha1.AvailabilityRecord) []v1alpha1.MaintenanceWindow {
	windows := make([]v1alpha1.MaintenanceWindow, len(stored.Maintenance))
	for i := range stored.Maintenance {
		windows[i] = stored.Maintenance[i].Window
	}
	return windows
}

// spread places an Application in the time after the end of a period.
func spread(uid types.UID) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(uid)) // never fails
	return time.Duration(h.Sum32()%uint32(bookingSpread/time.Second)) * time.Second
}

// judgeAccount has the account judged.
func (s *scope) judgeAccount() {
	a := &s.account
	switch {
	case a.waiting:
		return
	case a.stored == nil && (!s.observed() || s.app.DecodingError != ""):
		return
	case a.stored != nil && a.stored.DecodingError != "":
		return // what is recorded must not be lost
	}
	a.scope.Parts = s.indicator()
	if a.stored == nil && !slices.ContainsFunc(a.scope.Parts, func(p availability.Part) bool { return !p.Pending }) && len(a.scope.Parts) > 0 {
		return // the first result begins the account
	}
	a.scope.Outside = s.outside()
	judged := availability.Judge(a.scope)
	a.judged = &judged
	s.at(judged.Next)
}

// outside is the outage that has just ended without the indicator having shown
// it.
func (s *scope) outside() []v1alpha1.Outage {
	before := &s.before.Status
	if s.account.stored == nil || s.account.stored.Current == nil || before.Since == nil || before.Cause == nil {
		return nil
	}
	if before.OperationalState != v1alpha1.StateOutage || s.verdict.State == v1alpha1.StateOutage {
		return nil
	}
	current := s.account.stored.Current
	if current.OpenOutage != nil || current.Since.After(before.Since.Time) {
		return nil // the indicator shows it, or has
	}
	if current.State != v1alpha1.IndicatorUp && current.State != v1alpha1.IndicatorSlow {
		return nil
	}
	no := false
	end := s.verdict.Since
	return []v1alpha1.Outage{{
		Check: outsideCheck(before.Cause), StartAt: *before.Since, EndAt: moment(end), Charged: &no,
		RawSeconds: max(end.Unix()-before.Since.Unix(), 0), Cause: before.Cause.DeepCopy(),
	}}
}

// outsideCheck names what an outage was told by.
func outsideCheck(c *v1alpha1.Cause) string {
	if c.Name == "" {
		return string(c.Kind)
	}
	return c.Name
}
