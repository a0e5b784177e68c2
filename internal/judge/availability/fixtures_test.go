// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

const (
	up         = v1alpha1.IndicatorUp
	slow       = v1alpha1.IndicatorSlow
	down       = v1alpha1.IndicatorDown
	unobserved = v1alpha1.IndicatorUnobserved
	notCounted = v1alpha1.IndicatorNotInService
)

// at is a moment in Mainz.
func at(text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, calendar.Location()); err == nil {
			return t
		}
	}
	panic("no moment: " + text)
}

// aroundTheClock and officeHours are the agreements of the examples.
func aroundTheClock() v1alpha1.ServiceLevelSpec {
	return v1alpha1.ServiceLevelSpec{
		Availability: v1alpha1.AvailabilityObjective{Objective: "99.9", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}},
		Recovery:     &v1alpha1.RecoveryObjective{MaxOutage: "1h"},
	}
}

func officeHours() v1alpha1.ServiceLevelSpec {
	return v1alpha1.ServiceLevelSpec{
		Availability: v1alpha1.AvailabilityObjective{Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}, MinimumCoverage: "95"},
		ServiceHours: &v1alpha1.ServiceHours{
			TimeZone: "Europe/Berlin", Holidays: v1alpha1.HolidaysRhinelandPalatinate,
			Weekly: []v1alpha1.WeeklyHours{
				{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday"}, From: "07:00", To: "18:00"},
				{Days: []v1alpha1.Weekday{"Friday"}, From: "07:00", To: "15:00"},
			},
		},
		Maintenance: []v1alpha1.MaintenanceWindow{{Name: "patch-day", Schedule: "0 18 * * 2", TimeZone: "Europe/Berlin", Duration: "2h", Reason: "Patch day"}},
		Latency:     &v1alpha1.LatencyObjective{Threshold: "800ms", Objective: "95"},
		Recovery:    &v1alpha1.RecoveryObjective{MaxOutage: "4h"},
	}
}

// revised is a version of an agreement and when it was first seen.
type revised struct {
	from time.Time
	spec v1alpha1.ServiceLevelSpec
}

// levelOf is a ServiceLevel whose specs were seen one after the other.
func levelOf(t testing.TB, name string, versions ...revised) *v1alpha1.ServiceLevel {
	t.Helper()
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, v := range versions {
		level.Generation++
		level.Spec = v.spec
		revisions, changed := availability.AddRevision(level, v.from)
		if !changed {
			t.Fatalf("generation %d of %s is no revision", level.Generation, name)
		}
		level.Status.Revisions = revisions
	}
	return level
}

func agreementOf(t testing.TB, name string, versions ...revised) *availability.Agreement {
	t.Helper()
	agreement, errs := availability.NewAgreement(levelOf(t, name, versions...))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return agreement
}

// long ago, before anything.
func longAgo() time.Time { return at("2020-01-01") }

// scopeOf is a scope of an existing Application under an agreement.
func scopeOf(t testing.TB, name string, spec v1alpha1.ServiceLevelSpec) availability.Scope {
	t.Helper()
	return availability.Scope{
		UID: "uid", Origin: v1alpha1.OriginExisting, Lifecycle: v1alpha1.LifecycleOperating, Level: v1alpha1.ObjectName(name),
		Agreements: map[v1alpha1.ObjectName]*availability.Agreement{
			v1alpha1.ObjectName(name): agreementOf(t, name, revised{longAgo(), spec}),
		},
	}
}

// web is an endpoint that changes.
func web(changes ...availability.Change) availability.Part {
	return availability.Part{Check: "web", Kind: v1alpha1.CauseEndpoint, Changes: changes}
}

func change(moment time.Time, state v1alpha1.IndicatorState) availability.Change {
	c := availability.Change{At: moment, State: state}
	if state == down {
		c.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Name: "web", Reason: "ConnectionRefused", Message: "web refuses connections"}
	}
	return c
}

// store writes a judgement and reads it again, as an API server does.
func store(t testing.TB, j availability.Judgement) *v1alpha1.AvailabilityRecord {
	t.Helper()
	record := j.Record.DeepCopy()
	availability.Append(record, j.Ended)
	return reread(t, record)
}

func reread(t testing.TB, record *v1alpha1.AvailabilityRecord) *v1alpha1.AvailabilityRecord {
	t.Helper()
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	read := &v1alpha1.AvailabilityRecord{}
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	return read
}

// judge advances an account to a moment and stores it if it is to be written.
func judge(t testing.TB, s *availability.Scope, now time.Time) availability.Judgement {
	t.Helper()
	s.Now = now
	j := availability.Judge(*s)
	if j.Write {
		s.Record = store(t, j)
	}
	return j
}

// running is the scope of an account that has been up since a moment.
func running(t testing.TB, s availability.Scope, since time.Time) *availability.Scope {
	t.Helper()
	s.Parts = []availability.Part{web(change(since, up))}
	if j := judge(t, &s, since); !j.Write || j.Record.Current.State != up {
		t.Fatalf("the account does not begin as it should: %+v", j.Record.Current)
	}
	return &s
}

func accumulators(j availability.Judgement) v1alpha1.Accumulators {
	acc := j.Record.Current.Accumulators
	acc.AsOf = metav1.Time{}
	return acc
}
