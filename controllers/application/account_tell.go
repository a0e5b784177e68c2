// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// tellServiceLevel tells how the agreement stands.
func (s *scope) tellServiceLevel() {
	a := &s.account
	if a.waiting {
		return
	}
	if a.stored != nil && a.stored.DecodingError != "" {
		s.set(v1alpha1.ConditionServiceLevelMet, metav1.ConditionUnknown, v1alpha1.ReasonUndecodable,
			"the account cannot be read, so it is left as it is: "+a.stored.DecodingError)
		return
	}
	if a.judged == nil {
		s.app.Status.ServiceLevel = nil
		status.Remove(s.app, v1alpha1.ConditionServiceLevelMet)
		return
	}
	s.app.Status.ServiceLevel = a.judged.Summary
	if a.scope.Level == "" {
		status.Remove(s.app, v1alpha1.ConditionServiceLevelMet)
		return
	}
	value := metav1.ConditionUnknown
	switch a.judged.Reason {
	case v1alpha1.ReasonMet:
		value = metav1.ConditionTrue
	case v1alpha1.ReasonBreached:
		value = metav1.ConditionFalse
	}
	s.set(v1alpha1.ConditionServiceLevelMet, value, a.judged.Reason, a.judged.Message)
}

// writeAccount stores the account, if something happened to it.
func (r *Reconciler) writeAccount(ctx context.Context, s *scope) error {
	j := s.account.judged
	if j == nil || !j.Write || j.Record == nil {
		return nil
	}
	before, after := s.account.stored, j.Record.DeepCopy()
	after.Namespace, after.Name = s.app.Namespace, s.app.Name
	if before == nil {
		availability.Append(after, j.Ended)
		if err := r.Client.Create(ctx, after); err != nil {
			return err
		}
		r.ownRecords.wrote(after, s.now)
		s.account.stored = after
		return nil
	}
	if len(j.Ended) > 0 {
		whole, err := r.wholeAccount(ctx, before)
		if err != nil {
			return err
		}
		after.Outages, after.Dropped = whole.DeepCopy().Outages, whole.Dropped
		availability.Append(after, j.Ended)
		before = whole
	}
	written, err := status.Write(ctx, r.Client, before, after)
	if written {
		r.ownRecords.wrote(after, s.now)
		s.account.stored = after
	}
	return err
}

// tellAccount tells of the account in numbers.
func (r *Reconciler) tellAccount(s *scope) {
	j := s.account.judged
	if j == nil || j.Record == nil || s.account.stored == nil {
		r.Accounts.Forget(s.key())
		return
	}
	agreement := s.account.scope.Agreements[s.account.scope.Level]
	stored := s.account.stored.DeepCopy()
	stored.Outages = nil
	r.Accounts.Set(s.key(), metrics.Account{
		Stored: stored, Judged: j.Record, Level: s.level,
		Totals: func(record *v1alpha1.AvailabilityRecord, at time.Time) v1alpha1.AccountTotals {
			return availability.Totals(record, agreement, at, r.Ledger.Gaps()...)
		},
	})
}

// wholeAccount reads the account with its list of outages, which the cache does
// not hold. It is a conflict if the cache is behind.
func (r *Reconciler) wholeAccount(ctx context.Context, cached *v1alpha1.AvailabilityRecord) (*v1alpha1.AvailabilityRecord, error) {
	whole := &v1alpha1.AvailabilityRecord{}
	if err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(cached), whole); err != nil {
		return nil, err
	}
	if whole.ResourceVersion != cached.ResourceVersion {
		return nil, apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "availabilityrecords"}, cached.Name, nil)
	}
	return whole, nil
}

// closeAccount notes in the account of an Application that is gone that nobody
// observes it any more.
func (r *Reconciler) closeAccount(ctx context.Context, key types.NamespacedName) error {
	stored, err := r.storedAccount(ctx, key)
	if err != nil || stored == nil || stored.DecodingError != "" || stored.Current == nil ||
		stored.Current.State == v1alpha1.IndicatorUnobserved {
		return err
	}
	if stored, err = r.wholeAccount(ctx, stored); err != nil {
		return client.IgnoreNotFound(err)
	}
	in := availability.Scope{
		Record: stored, UID: stored.ApplicationUID, Lifecycle: v1alpha1.LifecycleOperating,
		Maintenance: declared(stored), Level: governing(stored), Gaps: r.Ledger.Gaps(), Now: r.Ledger.Now(),
	}
	if o := stored.Current.OpenOutage; o != nil {
		// Nobody knows whether it ends.
		in.Parts = []availability.Part{{Check: o.Check, Pending: true}}
	}
	if in.Agreements, err = r.agreements.of(ctx, r.Client, in.Level, stored); err != nil {
		return err
	}
	after := availability.Removed(in)
	if after == nil {
		return nil
	}
	written, err := status.Write(ctx, r.Client, stored, after)
	if written {
		r.ownRecords.wrote(after, r.Clock.Now())
	}
	// Where the namespace ends the account goes with it.
	return client.IgnoreNotFound(err)
}

// onlyNewPeriod says whether all that is new in the status is that another
// period runs, and until when that can wait: the bookings of a fleet are spread
// over the first hours of a period, and what the status says of them over as
// many hours after that.
func (s *scope) onlyNewPeriod() (time.Time, bool) {
	was, is := s.before.Status.ServiceLevel, s.app.Status.ServiceLevel
	j := s.account.judged
	if was == nil || is == nil || was.Period == is.Period || j == nil || j.Record == nil || j.Record.Current == nil {
		return time.Time{}, false
	}
	until := j.Record.Current.StartAt.Add(bookingSpread + s.account.scope.Spread)
	if !s.now.Before(until) {
		return time.Time{}, false
	}
	held := s.app.DeepCopy()
	held.Status.ServiceLevel = was
	if c := meta.FindStatusCondition(s.before.Status.Conditions, v1alpha1.ConditionServiceLevelMet); c != nil {
		if now := meta.FindStatusCondition(held.Status.Conditions, v1alpha1.ConditionServiceLevelMet); now != nil {
			*now = *c
		}
	}
	return until, equality.Semantic.DeepEqual(s.before, held)
}

// announceAccount tells of what was agreed and is broken, or about to be.
func (r *Reconciler) announceAccount(s *scope) {
	j := s.account.judged
	if j == nil || !j.Write || j.Record == nil || j.Record.Current == nil {
		return
	}
	tell := func(reason, note string) {
		r.Recorder.Eventf(s.app, nil, corev1.EventTypeWarning, reason, actionJudge, "%s", status.Shorten(note, maxNote))
	}
	if j.Record.HistoryLostAt != nil && s.account.stored == nil {
		tell(v1alpha1.ReasonHistoryLost, "the account was lost: what was before is not known")
	}
	var was v1alpha1.ServiceLevelResult
	low, recovery := false, false
	if stored := s.account.stored; stored != nil && stored.Current != nil {
		was = stored.Current.Result
		low = was == v1alpha1.ResultBreached || stored.Current.BudgetLeft*10 < stored.Current.Budget
		recovery = stored.Current.OpenOutage != nil && stored.Current.OpenOutage.RecoveryBreached
	}
	switch {
	case j.Result == v1alpha1.ResultBreached && was != j.Result:
		tell(v1alpha1.ReasonBreached, j.Message)
	case j.BudgetLow && !low:
		tell(v1alpha1.ReasonBudgetLow, j.Message)
	}
	if j.RecoveryBreached && !recovery {
		tell(v1alpha1.ReasonRecoveryBreached, "the outage lasts longer than one may by the agreement")
	}
}
