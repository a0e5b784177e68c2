// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// availability returns how available an Application was since early-life support
// began; nil if nothing was observed since, or if it is not known where its
// account stood.
func (r *Reconciler) availability(ctx context.Context, s *scope, key types.NamespacedName) (*acceptance.Availability, error) {
	support := s.before.Status.EarlyLifeSupport
	began := begun(support, s.name(key))
	if began == nil {
		return nil, nil
	}
	record, totals, err := r.totals(ctx, s, key)
	if err != nil || record == nil || record.DecodingError != "" {
		return nil, err
	}
	was := since(began, record, support, totals)
	agreed, unobserved := totals.Agreed-was.Agreed, totals.Unobserved-was.Unobserved
	if agreed <= unobserved {
		return nil, nil
	}
	return &acceptance.Availability{Observed: agreed - unobserved, Out: totals.Charged - was.Charged}, nil
}

// begun is where the account of an Application stood, as it is told; nil if it
// is not.
func begun(support *v1alpha1.EarlyLifeSupportStatus, application string) *v1alpha1.SupportAccount {
	for i := range support.Accounts {
		if support.Accounts[i].Application == application {
			return &support.Accounts[i]
		}
	}
	return nil
}

// since returns from which totals on is counted. An account that was lost and
// begun anew holds nothing of the time before.
func since(began *v1alpha1.SupportAccount, record *v1alpha1.AvailabilityRecord, support *v1alpha1.EarlyLifeSupportStatus, is v1alpha1.AccountTotals) v1alpha1.AccountTotals {
	was := began.Totals
	lost := record.HistoryLostAt != nil && !record.HistoryLostAt.Before(&support.StartedAt)
	if was == nil || lost || is.Agreed < was.Agreed || is.Charged < was.Charged || is.Unobserved < was.Unobserved {
		return v1alpha1.AccountTotals{}
	}
	return *was
}

// totals returns the account of an Application and its totals now; nil if there
// is none. Of one that cannot be read nothing is known.
func (r *Reconciler) totals(ctx context.Context, s *scope, key types.NamespacedName) (*v1alpha1.AvailabilityRecord, v1alpha1.AccountTotals, error) {
	record := &v1alpha1.AvailabilityRecord{}
	found, err := r.find(ctx, key, record)
	if err != nil || !found {
		return nil, v1alpha1.AccountTotals{}, err
	}
	if record.DecodingError != "" {
		return record, v1alpha1.AccountTotals{}, nil
	}
	agreement, err := r.agreement(ctx, record)
	if err != nil {
		return nil, v1alpha1.AccountTotals{}, err
	}
	var gaps []availability.Gap
	if r.Gaps != nil {
		gaps = r.Gaps()
	}
	return record, availability.SeenTotals(record, agreement, s.now, gaps...), nil
}

// agreement returns the one that governs an account now; nil if none does.
func (r *Reconciler) agreement(ctx context.Context, record *v1alpha1.AvailabilityRecord) (*availability.Agreement, error) {
	if record.Current == nil || len(record.Current.Segments) == 0 {
		return nil, nil
	}
	name := record.Current.Segments[len(record.Current.Segments)-1].ServiceLevel
	if name == "" {
		return nil, nil
	}
	level := &v1alpha1.ServiceLevel{}
	if found, err := r.find(ctx, types.NamespacedName{Name: string(name)}, level); err != nil || !found {
		return nil, err
	}
	// What is wrong with an agreement is told in its own status.
	agreement, _ := availability.NewAgreement(level)
	return agreement, nil
}

// gatherAccounts notes where the accounts stood when early-life support began:
// what is told of that, and else where they stand now.
func (r *Reconciler) gatherAccounts(ctx context.Context, s *scope) error {
	is, was := s.verdict.EarlyLifeSupport, s.before.Status.EarlyLifeSupport
	if is == nil {
		return nil
	}
	var told *v1alpha1.EarlyLifeSupportStatus
	if was != nil && was.StartedAt.Equal(&is.StartedAt) {
		told = was
	}
	if s.verdict.Stage != v1alpha1.HandoverEarlyLifeSupport {
		if told != nil {
			s.accounts = told.Accounts
		}
		return nil
	}
	for _, key := range gather.HandedOver(s.before) {
		account, err := r.gatherAccount(ctx, s, key, told)
		if err != nil {
			return err
		}
		if account != nil {
			s.accounts = append(s.accounts, *account)
		}
	}
	return nil
}

// gatherAccount returns where the account of an Application stood: what is told
// of it, unless that account was lost, and else where it stands now. It is nil
// if the account cannot be read.
func (r *Reconciler) gatherAccount(ctx context.Context, s *scope, key types.NamespacedName, told *v1alpha1.EarlyLifeSupportStatus) (*v1alpha1.SupportAccount, error) {
	record, totals, err := r.totals(ctx, s, key)
	if err != nil {
		return nil, err
	}
	name := s.name(key)
	var began *v1alpha1.SupportAccount
	if told != nil {
		began = begun(told, name)
	}
	switch {
	case record != nil && record.DecodingError != "", record == nil && began != nil:
		return began, nil
	case began != nil:
		totals = since(began, record, told, totals)
	}
	account := &v1alpha1.SupportAccount{Application: name}
	if totals != (v1alpha1.AccountTotals{}) {
		account.Totals = &totals
	}
	return account, nil
}
