// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

const (
	// accountMonths and accountOutages are how much there is to be accounted.
	accountMonths  = 13
	accountOutages = 500
	// accountEvery lies between the beginnings of two outages.
	accountEvery = accountMonths * 30 * 24 * time.Hour / accountOutages
)

var accountRow = row{
	name: "account",
	about: fmt.Sprintf(`An account that rested for %d months is advanced in one go: %d outages under office hours with the public
holidays of Rhineland-Palatinate, closures and a weekly window of maintenance. Months are booked, every second of an outage is
charged or excluded by its reason. One thread, the calendar compiled before, as in the operator.`, accountMonths, accountOutages),
	measure: measureAccount,
}

func measureAccount(_ context.Context, b *bench) ([]line, error) {
	s, err := restedAccount()
	if err != nil {
		return nil, err
	}
	n := 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for n == 0 || time.Since(began) < b.turn {
		if j := availability.Judge(s); len(j.Ended) != accountOutages || len(j.Booked) != accountMonths {
			return nil, fmt.Errorf("account: %d outages ended and %d months were booked, want %d and %d",
				len(j.Ended), len(j.Booked), accountOutages, accountMonths)
		}
		n++
	}
	each := time.Since(began) / time.Duration(n)
	runtime.ReadMemStats(&after)
	allocations := float64(after.Mallocs-before.Mallocs) / float64(n)
	return []line{absolute("account: 13 months with 500 outages", each.Seconds(), seconds,
		fmt.Sprintf("%s allocations, %s for each outage, over %s minutes", number(allocations),
			number(allocations/accountOutages), number(accountMonths*30*24*60)), atMost(0.001))}, nil
}

// restedAccount is an account in October 2026 and all that happened until
// November of the next year.
func restedAccount() (availability.Scope, error) {
	const name = "office-hours"
	begin := time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC) // midnight in Mainz
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
	level.Spec.Availability = v1alpha1.AvailabilityObjective{
		Objective: "99.5", MinimumCoverage: "95", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
	}
	level.Spec.ServiceHours = &v1alpha1.ServiceHours{
		TimeZone: "Europe/Berlin", Holidays: v1alpha1.HolidaysRhinelandPalatinate,
		Weekly: []v1alpha1.WeeklyHours{
			{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday"}, From: "07:00", To: "18:00"},
			{Days: []v1alpha1.Weekday{"Friday"}, From: "07:00", To: "15:00"},
		},
		ClosuresOn: []v1alpha1.Date{"2026-12-24", "2026-12-31"},
	}
	level.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "patch-day", Schedule: "0 16 * * 2", TimeZone: "Europe/Berlin", Duration: "4h"}}
	level.Status.Revisions, _ = availability.AddRevision(level, begin.AddDate(0, -1, 0))
	agreement, errs := availability.NewAgreement(level)
	if len(errs) > 0 {
		return availability.Scope{}, errors.Join(errs...)
	}
	part := availability.Part{Check: "web", Kind: v1alpha1.CauseEndpoint, Changes: []availability.Change{{At: begin, State: v1alpha1.IndicatorUp}}}
	s := availability.Scope{
		UID: "1", Origin: v1alpha1.OriginExisting, Lifecycle: v1alpha1.LifecycleOperating, Level: name,
		Agreements: map[v1alpha1.ObjectName]*availability.Agreement{name: agreement},
		Parts:      []availability.Part{part}, Now: begin,
	}
	s.Record = availability.Judge(s).Record
	for i := range accountOutages {
		start := begin.Add(8*time.Hour + time.Duration(i)*accountEvery)
		s.Parts[0].Changes = append(s.Parts[0].Changes,
			availability.Change{At: start, State: v1alpha1.IndicatorDown},
			availability.Change{At: start.Add(37 * time.Minute), State: v1alpha1.IndicatorUp})
	}
	s.Now = begin.AddDate(0, accountMonths, 2)
	return s, nil
}
