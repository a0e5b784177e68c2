// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// TestEarlyLifeSupport: when it ends, and what keeps it from ending.
func TestEarlyLifeSupport(t *testing.T) {
	type Scope = acceptance.Scope
	optional := func(s *Scope) {
		s.Handover.Spec.Criteria[1].Required, s.Handover.Spec.Criteria[1].FulfilledOn = new(false), ""
	}
	second := func(observed, out int64) func(*Scope) {
		return func(s *Scope) {
			s.Applications = append(s.Applications, acceptance.Application{
				Name: "amt-10/other", Object: application(), Availability: &acceptance.Availability{Observed: observed, Out: out},
			})
		}
	}
	const ends = 720 * time.Hour
	for _, c := range []struct {
		name         string
		changes      []func(*Scope)
		stage        v1alpha1.HandoverStage
		availability v1alpha1.Percentage
		worst        string
		next         time.Time
		missing      string
	}{
		{"under way", []func(*Scope){support("720h", "", day)}, "EarlyLifeSupport", "", "", now.Add(ends - day), ""},
		{"over", []func(*Scope){support("720h", "", ends)}, "Completed", "", "", time.Time{}, ""},
		{"a moment before", []func(*Scope){support("720h", "", ends-time.Second)}, "EarlyLifeSupport", "", "", now.Add(time.Second), ""},
		{"prolonged", []func(*Scope){support("1440h", "", ends)}, "EarlyLifeSupport", "", "", now.Add(ends), ""},
		{"over, available", []func(*Scope){support("720h", "99.0", ends), observed(1000, 10)}, "Completed", "99", "termine", time.Time{}, ""},
		{
			"over, a second too little",
			[]func(*Scope){support("720h", "99.0", ends), observed(100000, 1001)},
			"EarlyLifeSupport", "98.999", "termine", now.Add(100 * time.Second),
			"AvailabilityTooLow[] termine was available for 98.999 % of the time that was observed, and 99.0 % are agreed",
		},
		{"over, the lowest decides", []func(*Scope){support("720h", "99.0", ends), observed(1000, 0), second(1000, 11)}, "EarlyLifeSupport", "98.9", "amt-10/other", now.Add(100 * time.Second), "amt-10/other was available for 98.9 %"},
		{"of two alike the first", []func(*Scope){support("720h", "", day), observed(1000, 1), second(2000, 2)}, "EarlyLifeSupport", "99.9", "termine", now.Add(ends - day), ""},
		{"rounded down", []func(*Scope){support("720h", "100", ends), observed(3_000_000_000, 1)}, "EarlyLifeSupport", "99.99999", "termine", time.Time{}, "99.99999 %"},
		{"over, nothing observed", []func(*Scope){support("720h", "99", ends)}, "EarlyLifeSupport", "", "", time.Time{}, "nothing was observed of termine"},
		{"over, nothing observed of one", []func(*Scope){support("720h", "99", ends), observed(10, 0), second(0, 0)}, "EarlyLifeSupport", "100", "termine", time.Time{}, "nothing was observed of amt-10/other"},
		{"under way, nothing observed", []func(*Scope){support("720h", "99", day)}, "EarlyLifeSupport", "", "", now.Add(ends - day), ""},
		{"under way, too low", []func(*Scope){support("720h", "99", day), observed(86400, 8640)}, "EarlyLifeSupport", "90", "termine", now.Add(9 * day), "AvailabilityTooLow"},
		{"under way, far too low", []func(*Scope){support("720h", "99", day), observed(86400, 86400)}, "EarlyLifeSupport", "0", "termine", now.Add(ends - day), "AvailabilityTooLow"},
		{"under way, hardly too low", []func(*Scope){support("720h", "50", day), observed(3, 2)}, "EarlyLifeSupport", "33.33333", "termine", now.Add(time.Minute), "AvailabilityTooLow"},
		{"nothing agreed, not available", []func(*Scope){support("720h", "", ends), observed(10, 10)}, "Completed", "0", "termine", time.Time{}, ""},
		{"no Application", []func(*Scope){support("720h", "99", ends), func(s *Scope) { s.Applications = nil }}, "EarlyLifeSupport", "", "", time.Time{}, "no Application"},
		{"an open criterion", []func(*Scope){support("720h", "", ends), optional}, "EarlyLifeSupport", "", "", time.Time{}, "CriterionOpen[spec.criteria[1].fulfilledOn]"},
		{"an open criterion, told before", []func(*Scope){support("720h", "", day), optional}, "EarlyLifeSupport", "", "", now.Add(ends - day), "CriterionOpen"},
		{
			"a criterion of tomorrow",
			[]func(*Scope){support("720h", "", ends), optional, func(s *Scope) { s.Handover.Spec.Criteria[1].FulfilledOn = "2027-03-16" }},
			"EarlyLifeSupport", "", "", endOf("2027-03-15"), "CriterionOpen",
		},
		{
			"a required criterion, opened past the door",
			[]func(*Scope){support("720h", "", ends), func(s *Scope) { s.Handover.Spec.Criteria[0].FulfilledOn = "?" }},
			"EarlyLifeSupport", "", "",
			time.Time{},
			"CriterionNotFulfilled[spec.criteria[0].fulfilledOn]",
		},
		{"a criterion of the policy", []func(*Scope){support("720h", "", ends), func(s *Scope) {
			s.Handover.Spec.Criteria, s.Policy = nil, &v1alpha1.HandoverPolicy{DefaultCriteria: []v1alpha1.HandoverCriterion{{Name: "a"}}}
		}}, "Completed", "", "", time.Time{}, ""},
		{"dropped past the door", []func(*Scope){support("720h", "", ends), func(s *Scope) { s.Handover.Spec.EarlyLifeSupport = nil }}, "Completed", "", "", time.Time{}, ""},
		{"no duration", []func(*Scope){support("a month", "", ends)}, "EarlyLifeSupport", "", "", time.Time{}, "InvalidSpec[spec.earlyLifeSupport.duration]"},
		{"no percentage", []func(*Scope){support("720h", "high", ends), observed(10, 0)}, "EarlyLifeSupport", "100", "termine", time.Time{}, "InvalidSpec[spec.earlyLifeSupport.minimumAvailability]"},
		{"more out than observed", []func(*Scope){support("720h", "", day), observed(10, 20)}, "EarlyLifeSupport", "0", "termine", now.Add(ends - day), ""},
		{"less than nothing out", []func(*Scope){support("720h", "", day), observed(10, -20)}, "EarlyLifeSupport", "100", "termine", now.Add(ends - day), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope(c.changes...)
			began := s.Handover.Status.EarlyLifeSupport.StartedAt
			v := acceptance.Judge(s)
			e := v.EarlyLifeSupport
			if v.Stage != c.stage || e.Availability != c.availability || e.Worst != c.worst || !v.Next.Equal(c.next) || !e.StartedAt.Equal(&began) {
				t.Errorf("stage %s, next %v, %+v", v.Stage, v.Next, e)
			}
			if !strings.Contains(messages(v), c.missing) || (len(v.Missing) == 0) != (c.missing == "") {
				t.Errorf("missing:\n%s", messages(v))
			}
			if v.Overdue {
				t.Error("overdue")
			}
		})
	}
}

// TestSupportBegins: it begins when all roles have signed, and ends by itself.
func TestSupportBegins(t *testing.T) {
	s := scope(func(s *acceptance.Scope) {
		s.Handover.Spec.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{Duration: "720h", MinimumAvailability: "99.0"}
		s.Now = now.Add(300 * time.Millisecond)
		// A check that would fail before that is of no matter any more.
		s.Handover.Spec.Checks = []v1alpha1.HandoverCheck{"RestoreTested"}
		s.Handover.Status.Results[0].Check = "RestoreTested"
		s.Applications[0].Object.Spec.Backup.RestoreTestMaxAge = "721h"
	}, signAll)
	v := acceptance.Judge(s)
	if e := v.EarlyLifeSupport; v.Stage != v1alpha1.HandoverEarlyLifeSupport || !e.StartedAt.Time.Equal(now) || !v.Next.Equal(now.Add(720*time.Hour)) || !e.EndsAt.Time.Equal(v.Next) {
		t.Fatalf("%+v", v)
	}
	s = told(t, s, v)
	s.Now = v.Next
	observed(720*3600, 3600)(s)
	v = acceptance.Judge(s)
	if e := v.EarlyLifeSupport; v.Stage != v1alpha1.HandoverCompleted || e.Availability != "99.86111" || !v.Next.IsZero() {
		t.Fatalf("%+v", v)
	}
	s = told(t, s, v)
	s.Now = s.Now.Add(day)
	observed(721*3600, 721*3600)(s)
	if e := acceptance.Judge(s).EarlyLifeSupport; e.Availability != "99.86111" {
		t.Errorf("it went on when it was over: %+v", e)
	}
}

// TestAvailability: what is shown never looks better than it is, and decides as
// the exact share does.
func TestAvailability(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := rapid.Int64Range(1, 200_000_000).Draw(t, "observed")
		out := rapid.Int64Range(0, seen).Draw(t, "out")
		minimum := rapid.SampledFrom([]v1alpha1.Percentage{"0", "50", "99", "99.0", "99.9", "99.99999", "100"}).Draw(t, "minimum")
		units := map[v1alpha1.Percentage]int64{"0": 0, "50": 5000000, "99": 9900000, "99.0": 9900000, "99.9": 9990000, "99.99999": 9999999, "100": 10000000}[minimum]
		meets := (seen-out)*10000000 >= units*seen
		s := scope(support("1h", minimum, time.Hour), observed(seen, out))
		v := acceptance.Judge(s)
		if (v.Stage == v1alpha1.HandoverCompleted) != meets {
			t.Fatalf("%d of %d seconds out, %s %% agreed: %s, %+v", out, seen, minimum, v.Stage, v.EarlyLifeSupport)
		}
		if v.Next.IsZero() {
			return
		}
		// Nothing is out any more until then, and then it is enough.
		s.Applications[0].Availability.Observed += int64(v.Next.Sub(now) / time.Second)
		if v := acceptance.Judge(s); v.Stage != v1alpha1.HandoverCompleted {
			t.Fatalf("after %v without outage: %s\n%s", v.Next.Sub(now), v.Stage, messages(v))
		}
	})
}
