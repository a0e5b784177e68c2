// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/backup"
)

// scopes draws what may be judged.
func scopes(t *rapid.T) *backup.Scope {
	b := declared()
	b.MaxAge = rapid.SampledFrom([]v1alpha1.Duration{"", "1h", "26h", "1m1s", "0h"}).Draw(t, "maxAge")
	b.RestoreTestMaxAge = rapid.SampledFrom([]v1alpha1.Duration{"", "1h", "720h"}).Draw(t, "restoreTestMaxAge")
	at := func(label string) time.Time {
		if rapid.Bool().Draw(t, label+" is known") {
			return ago(time.Duration(rapid.Int64Range(-4000, 200000).Draw(t, label)) * time.Second)
		}
		return time.Time{}
	}
	text := rapid.SampledFrom([]string{"", "", "", "Forbidden", "AwaitingFirstResult"})
	s := &backup.Scope{Backup: b, RecoveryTime: time.Hour, Now: now}
	if rapid.Bool().Draw(t, "told before") {
		s.Previous = &v1alpha1.BackupStatus{State: rapid.SampledFrom([]v1alpha1.BackupState{"Current", "Overdue", "Unknown", "Failed"}).Draw(t, "before")}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "sources") {
		name := string(rune('a' + i))
		b.Sources = append(b.Sources, declared(name).Sources...)
		e := backup.Evidence{
			Source: name, Subject: rapid.StringN(0, 300, 900).Draw(t, "subject"),
			Reason: text.Draw(t, "reason"), SuccessAt: at("success"), AheadAt: at("ahead"), ExpiresAt: at("expiry"), NextRunAt: at("next run"),
			FailureAt: at("failure"), FailingSince: at("failing since"), Paused: rapid.Bool().Draw(t, "paused"),
			RestoreTestAt: at("test"), RestoreTestTook: time.Duration(rapid.Int64Range(-1, 7200).Draw(t, "took")) * time.Second,
			RestoreTestReason: text.Draw(t, "test's reason"),
		}
		s.Evidence = append(s.Evidence, e)
		if p := s.Previous; p != nil {
			told := v1alpha1.BackupSourceStatus{Name: v1alpha1.ItemName(name), State: p.State, Reason: string(p.State), Message: "told before"}
			if known := at("told success"); !known.IsZero() {
				told.NewestSuccessAt = new(metav1.NewTime(known))
			}
			if known := at("told test"); !known.IsZero() {
				told.NewestRestoreTestAt = new(metav1.NewTime(known))
			}
			p.Sources = append(p.Sources, told)
		}
	}
	return s
}

func at(s *backup.Scope, now time.Time) backup.Verdict {
	later := *s
	later.Now = now
	v := backup.Judge(&later)
	v.Next = time.Time{}
	return v
}

// TestNextIsRight: until the next moment nothing changes by itself, and without
// one nothing ever does.
func TestNextIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes(t)
		v := backup.Judge(s)
		end := now.Add(100 * day)
		if !v.Next.IsZero() {
			if !v.Next.After(now) {
				t.Fatalf("the next moment %v is not after now", v.Next)
			}
			end = v.Next.Add(-time.Second)
		}
		between := now.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(now))).Draw(t, "later")))
		first := at(s, now)
		for _, moment := range []time.Time{between, end} {
			if diff := cmp.Diff(first, at(s, moment)); moment.After(now) && diff != "" {
				t.Fatalf("at %v, before %v (-now +then):\n%s", moment, v.Next, diff)
			}
		}
	})
}

// TestSound: what the schema asks of a status, and that the parts agree.
func TestSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes(t)
		v := backup.Judge(s)
		well := v.Status == metav1.ConditionTrue
		if v.Reason == "" || v.Message == "" || well != (v.State == "Current" && v.Reason == "Current") || (v.State == "Unknown") != (v.Status == metav1.ConditionUnknown) {
			t.Fatalf("%+v", v)
		}
		if len(v.Sources) != len(s.Evidence) || len(v.Message) > 1024 || !utf8.ValidString(v.Message) {
			t.Fatalf("%+v", v)
		}
		for _, one := range v.Sources {
			if one.State == "" || one.Reason == "" || len(one.Message) > 256 || !utf8.ValidString(one.Message) || worse(one.State, v.State) {
				t.Fatalf("%+v in %+v", one, v)
			}
		}
	})
}

// worse reports whether one state is worse than another.
func worse(a, b v1alpha1.BackupState) bool {
	order := map[v1alpha1.BackupState]int{"Current": 1, "Unknown": 2, "Overdue": 3, "Failed": 4}
	return order[a] > order[b]
}

// TestMonotone: nothing gets better by waiting, by a younger agreement, or by an
// older success; what was yet to come aside.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes(t)
		s.Previous = nil
		for i := range s.Evidence {
			e := &s.Evidence[i]
			e.AheadAt = time.Time{}
			for _, moment := range []*time.Time{&e.SuccessAt, &e.RestoreTestAt} {
				if moment.After(now) {
					*moment = now
				}
			}
		}
		v := backup.Judge(s)
		later := now.Add(time.Duration(rapid.Int64Range(0, int64(60*day)).Draw(t, "later")))
		if then := at(s, later); worse(v.State, then.State) {
			t.Fatalf("became better by waiting:\n%+v\n%+v", v, then)
		}
		if s.Backup.MaxAge == "26h" {
			s.Backup.MaxAge = "25h"
			if strict := at(s, now); worse(v.State, strict.State) {
				t.Fatalf("became better by a shorter age:\n%+v\n%+v", v, strict)
			}
		}
		for i := range s.Evidence {
			if e := &s.Evidence[i]; !e.SuccessAt.IsZero() {
				e.SuccessAt = e.SuccessAt.Add(-time.Hour)
			}
		}
		before := backup.Judge(s)
		for i := range s.Evidence {
			if e := &s.Evidence[i]; !e.SuccessAt.IsZero() {
				e.SuccessAt = e.SuccessAt.Add(-time.Hour)
			}
		}
		if older := backup.Judge(s); worse(before.State, older.State) {
			t.Fatalf("became better by an older success:\n%+v\n%+v", before, older)
		}
	})
}
