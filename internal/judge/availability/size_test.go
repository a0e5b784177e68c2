// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

func size(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

// longestOutage has the longest texts that the schema lets pass.
func longestOutage(start time.Time) v1alpha1.Outage {
	text := func(n int) string { return strings.Repeat("x", n) }
	o := v1alpha1.Outage{
		Check: text(253), StartAt: metav1.NewTime(start), EndAt: new(metav1.NewTime(start.Add(time.Hour))),
		RawSeconds: 1 << 31, UnobservedSeconds: 1 << 31, ChargedSeconds: 1 << 31, Charged: new(false), RecoveryBreached: true, EndReason: text(64),
		Cause: &v1alpha1.Cause{Kind: v1alpha1.CauseDependency, Name: text(253), Namespace: v1alpha1.NamespaceName(text(63)), Reason: text(64), Message: text(512)},
	}
	for i := range 17 {
		o.Exclusions = append(o.Exclusions, v1alpha1.Exclusion{Kind: "ServiceHours", Name: fmt.Sprintf("%03d", i) + text(124), Seconds: 1 << 31})
	}
	return o
}

// fullRecord has as much of everything as there can be, apart from outages that
// ended.
func fullRecord() *v1alpha1.AvailabilityRecord {
	now, n := metav1.NewTime(at("2026-11-20 12:00")), int64(1)<<31
	name := v1alpha1.ObjectName(strings.Repeat("x", 63))
	open := longestOutage(at("2026-11-20"))
	r := &v1alpha1.AvailabilityRecord{
		ObjectMeta:     metav1.ObjectMeta{Name: string(name), Namespace: string(name), UID: "00000000-0000-0000-0000-000000000000", ResourceVersion: "1234567890"},
		ApplicationUID: "00000000-0000-0000-0000-000000000000", HistoryLostAt: &now, Totals: v1alpha1.AccountTotals{Agreed: n, Charged: n, Unobserved: n},
		Current: &v1alpha1.CurrentAccount{
			Period: "20261101T000000/20261116T103000", StartAt: now, State: unobserved, Since: now, OpenOutage: &open,
			Accumulators: v1alpha1.Accumulators{AsOf: now, Agreed: n, Charged: n, Unobserved: n, Excluded: n, Raw: n, Maintenance: n, Slow: n, Longest: n, RecoveryBreaches: 1 << 30, Outages: 1 << 30},
			Objective:    "99.99999", Availability: "99.99999", Budget: n, BudgetLeft: -n, Result: v1alpha1.ResultInsufficientData,
		},
	}
	for i := range 32 {
		r.Current.Segments = append(r.Current.Segments, v1alpha1.AccountSegment{From: now, ServiceLevel: name, Generation: int64(i) + 1, Agreed: n, Budget: n})
	}
	for range 16 {
		r.Maintenance = append(r.Maintenance, v1alpha1.SeenWindow{SeenAt: now, Window: v1alpha1.MaintenanceWindow{
			Name: v1alpha1.ItemName(name), Schedule: "0 18 * * 2", TimeZone: "Europe/Berlin", Duration: "2h",
		}})
	}
	for i := range 92 {
		r.Days = append(r.Days, v1alpha1.AccountDay{On: v1alpha1.Date(at("2026-09-01").AddDate(0, 0, i).Format(time.DateOnly)), Charged: 86400, Unobserved: 86400, Slow: 86400})
	}
	for i := range 13 {
		r.Periods = append(r.Periods, v1alpha1.AccountPeriod{
			Period: fmt.Sprintf("2026%02d01T000000/20261116T103000", i), StartAt: &now, EndAt: &now, ServiceLevel: name, Objective: "99.99999", Availability: "99.99999",
			Agreed: n, Charged: n, Unobserved: n, Excluded: n, Budget: n, Result: v1alpha1.ResultInsufficientData, Outages: 1 << 30,
			MTTR: &n, MTBF: &n, Longest: n, Raw: n, Maintenance: n, Slow: n, RecoveryBreaches: 1 << 30,
		})
	}
	return r
}

// TestRecordIsBounded: whatever is written into it, a record holds at most
// 32 KiB, and the newest outages.
func TestRecordIsBounded(t *testing.T) {
	record := fullRecord()
	var ended []v1alpha1.Outage
	for i := range 70 {
		o := longestOutage(at("2026-11-01").Add(time.Duration(i) * time.Hour))
		ended = append(ended, o)
	}
	availability.Append(record, ended)
	availability.Append(record, ended[69:])
	if n := size(t, record); n > 32<<10 {
		t.Errorf("the record takes up %d bytes", n)
	}
	if n := int64(len(record.Outages)) + record.Dropped; n != 70 {
		t.Errorf("%d outages of 70 are listed or counted", n)
	}
	short := &v1alpha1.AvailabilityRecord{}
	for i := range ended {
		ended[i] = v1alpha1.Outage{Check: "web", StartAt: ended[i].StartAt, EndAt: ended[i].EndAt}
	}
	availability.Append(short, ended)
	if len(short.Outages) != 32 || short.Dropped != 38 || short.Outages[0].StartAt != ended[69].StartAt {
		t.Errorf("%d are listed, %d dropped", len(short.Outages), short.Dropped)
	}
	if !slices.IsSortedFunc(short.Outages, func(a, b v1alpha1.Outage) int { return b.StartAt.Compare(a.StartAt.Time) }) {
		t.Error("the newest are not first")
	}
}
