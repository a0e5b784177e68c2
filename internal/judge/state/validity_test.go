// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

func TestJudgeCertificates(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		given  []state.Certificate
		valid  bool
		reason string
		words  string
		next   time.Time
	}{
		{"none", nil, true, v1alpha1.ReasonAllValid, "", time.Time{}},
		{
			"far away",
			[]state.Certificate{{"web", now.Add(60 * day), 21 * day}},
			true, v1alpha1.ReasonAllValid, "web", now.Add(39 * day),
		},
		{
			"due today",
			[]state.Certificate{{"web", now.Add(21 * day), 21 * day}},
			false, v1alpha1.ReasonCertificateExpiring, "2026-11-23", now.Add(21 * day),
		},
		{
			"expired",
			[]state.Certificate{{"web", now, 21 * day}, {"api", now.Add(90 * day), 21 * day}},
			false, v1alpha1.ReasonCertificateExpired, "web expired", now.Add(69 * day),
		},
		{
			"the one that is due is named, not the one that expires first",
			[]state.Certificate{{"short", now.Add(10 * day), day}, {"long", now.Add(20 * day), 21 * day}},
			false, v1alpha1.ReasonCertificateExpiring, "long", now.Add(9 * day),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := state.JudgeCertificates(test.given, now)
			if v.Valid != test.valid || v.Reason != test.reason || !strings.Contains(v.Message, test.words) || !v.Next.Equal(test.next) {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestJudgeContracts(t *testing.T) {
	// Midnight in Mainz, on a Monday in winter.
	midnight := func(date string) time.Time {
		v, err := time.Parse(time.RFC3339, date+"T00:00:00+01:00")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	contract := func(endsOn v1alpha1.Date, notice *int32) v1alpha1.Contract {
		return v1alpha1.Contract{Number: "L-1", Name: "licence", EndsOn: endsOn, NoticePeriodDays: notice}
	}
	tests := []struct {
		name   string
		given  v1alpha1.Contract
		now    time.Time
		valid  bool
		reason string
		words  string
		next   time.Time
	}{
		{"no end", contract("", nil), now, true, v1alpha1.ReasonAllValid, "", time.Time{}},
		{"holds to the end of its last day", contract("2026-11-30", nil), midnight("2026-12-01").Add(-time.Second), true, v1alpha1.ReasonContractEnding, "ends on 2026-11-30", midnight("2026-12-01")},
		{"has ended", contract("2026-11-30", nil), midnight("2026-12-01"), false, v1alpha1.ReasonContractEnded, "L-1 ended", time.Time{}},
		{"notice can still be given", contract("2027-06-30", ptr.To[int32](180)), midnight("2026-12-20"), true, v1alpha1.ReasonContractEnding, "must be cancelled by 2027-01-01", time.Date(2027, 1, 2, 0, 0, 0, 0, time.FixedZone("CET", 3600))},
		{"notice can no longer be given, and its end is far", contract("2027-12-31", ptr.To[int32](365)), midnight("2027-01-15"), true, v1alpha1.ReasonAllValid, "", time.Date(2027, 10, 3, 0, 0, 0, 0, time.FixedZone("CEST", 7200))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, errs := state.JudgeContracts([]v1alpha1.Contract{test.given}, test.now)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if v.Valid != test.valid || v.Reason != test.reason || !strings.Contains(v.Message, test.words) {
				t.Errorf("got %+v", v)
			}
			if !v.Next.Equal(test.next) {
				t.Errorf("next %s, want %s", v.Next, test.next)
			}
		})
	}
	_, errs := state.JudgeContracts([]v1alpha1.Contract{contract("2026-02-30", nil)}, now)
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "contracts[0].endsOn") || !strings.Contains(errs[0].Error(), "2026-02-30") {
		t.Errorf("an impossible day: %v", errs)
	}
}
