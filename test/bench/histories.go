// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

const (
	// fullOutages and fullPeriods are what an account holds at most.
	fullOutages = 32
	fullPeriods = 13
)

// fillHistories gives each Application of the fleet an account at its full
// length.
func (f *fleet) fillHistories(ctx context.Context) error {
	var list v1alpha1.AvailabilityRecordList
	if err := f.admin.List(ctx, &list); err != nil {
		return err
	}
	if len(list.Items) < f.size {
		return fmt.Errorf("of %d Applications %d have an account", f.size, len(list.Items))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i := range list.Items {
		record := &list.Items[i]
		before := record.DeepCopy()
		fillHistory(record)
		group.Go(func() error { return f.admin.Patch(ctx, record, client.MergeFrom(before)) })
	}
	return group.Wait()
}

// fillHistory fills an account with outages and periods that are over.
func fillHistory(record *v1alpha1.AvailabilityRecord) {
	end := record.Current.StartAt.Time
	// Months are taken from the first of them: one before the 31st may be itself.
	first := time.Date(end.Year(), end.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i := range fullPeriods {
		from, to := metav1.NewTime(first.AddDate(0, -i-1, 0)), metav1.NewTime(first.AddDate(0, -i, 0))
		record.Periods = append(record.Periods, v1alpha1.AccountPeriod{
			Period: from.Format("2006-01"), StartAt: &from, EndAt: &to, ServiceLevel: "office-hours", Objective: "99.5",
			Availability: "99.86817", Agreed: 788400, Charged: 1040, Budget: 3942, Result: v1alpha1.ResultMet,
			Outages: 3, MTTR: ptr.To[int64](346), MTBF: ptr.To[int64](262453), Longest: 700, Raw: 1240, Excluded: 200,
		})
	}
	var ended []v1alpha1.Outage
	for i := range fullOutages {
		start := metav1.NewTime(end.Add(-time.Duration(fullOutages-i) * 24 * time.Hour))
		over := metav1.NewTime(start.Add(20 * time.Minute))
		ended = append(ended, v1alpha1.Outage{
			Check: "web", StartAt: start, EndAt: &over, RawSeconds: 1200, ChargedSeconds: 800, Charged: new(true),
			Cause:      &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Name: "web", Reason: "ConnectionRefused", Message: "endpoint web: connect: " + strings.Repeat("refused ", 10)},
			Exclusions: []v1alpha1.Exclusion{{Kind: "Maintenance", Name: "patch-day", Seconds: 300}, {Kind: "ServiceHours", Name: "office-hours", Seconds: 100}},
		})
	}
	availability.Append(record, ended)
}
