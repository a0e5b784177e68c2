// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// next moment at which anything happens in a world that is not a matter of the
// time of day.
func (b *brute) next(moment int64) int64 {
	next := b.w.to
	for _, m := range b.w.maintenance {
		if m.at > moment {
			next = min(next, m.at)
		}
	}
	for _, e := range b.edges() {
		if e > moment {
			next = min(next, e)
		}
	}
	return next
}

// TestNothingIsWrittenAtRest: while nothing happens, and before the moment that
// a judgement names, nothing is to be written, and what is told stays the same.
func TestNothingIsWrittenAtRest(t *testing.T) {
	start := at("2026-10-30").Unix()
	given, read := almanacs(t, at("2026-10-01"), at("2026-12-10"))
	levels := worldLevels(start)
	compiled := compileLevels(t, given, levels)
	rests := 0
	for seed := range uint64(6000) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := newWorld(r, start)
		w.forced, w.failover = false, nil
		b := &brute{w: w, levels: levels, almanacs: read, rules: given}
		s := newSimulation(t, r, w, levels, compiled)
		s.scope.Spread = time.Duration(r.IntN(3)) * time.Hour
		s.after = func(moment int64, j availability.Judgement) {
			limit := b.next(moment)
			if !j.Next.IsZero() {
				if j.Next.Unix() <= moment {
					t.Fatalf("timeline %d: it is judged at %d, and to be judged again at %d", seed, moment, j.Next.Unix())
				}
				limit = min(limit, j.Next.Unix())
			}
			if limit <= moment+1 {
				return
			}
			rests++
			scope := s.scope
			scope.Now = time.Unix(moment+1+r.Int64N(limit-moment-1), 0)
			if r.IntN(3) == 0 {
				scope.Now = time.Unix(limit-1, 0)
			}
			later := availability.Judge(scope)
			if later.Write {
				t.Fatalf("timeline %d: judged at %d, it says that nothing happens before %d, but at %d something is to be written:\n%s", seed, moment, limit, scope.Now.Unix(), cmp.Diff(j.Record.Current, later.Record.Current))
			}
			if d := cmp.Diff(j.Summary, later.Summary) + cmp.Diff(j.Message, later.Message) + cmp.Diff(j.Reason, later.Reason) + cmp.Diff(j.Result, later.Result); d != "" {
				t.Fatalf("timeline %d: at rest it tells something else: %s", seed, d)
			}
		}
		s.run()
	}
	if rests < 20_000 {
		t.Errorf("only %d accounts were at rest", rests)
	}
}

// TestExtraLooksChangeNothing: two operators of which one looks every now and
// then, and writes what it sees, come to the same account.
func TestExtraLooksChangeNothing(t *testing.T) {
	start := at("2026-10-30").Unix()
	given, _ := almanacs(t, at("2026-10-01"), at("2026-12-10"))
	levels := worldLevels(start)
	compiled := compileLevels(t, given, levels)
	for seed := range uint64(4000) {
		var records []*v1alpha1.AvailabilityRecord
		for _, forced := range []bool{false, true} {
			w := newWorld(rand.New(rand.NewPCG(seed, 5)), start)
			w.forced = forced
			s := newSimulation(t, rand.New(rand.NewPCG(seed, uint64(len(records)))), w, levels, compiled)
			record := s.run()
			availability.Append(record, s.ended)
			records = append(records, reread(t, record))
		}
		if d := cmp.Diff(records[0], records[1]); d != "" {
			t.Fatalf("timeline %d: %s", seed, d)
		}
	}
}

// nameless is a record that names no dependency that excuses its open outage,
// and whether one does.
func nameless(t *testing.T, record *v1alpha1.AvailabilityRecord) (bare *v1alpha1.AvailabilityRecord, excused bool) {
	t.Helper()
	bare = reread(t, record)
	if open := bare.Current.OpenOutage; open != nil {
		for i := range open.Exclusions {
			if e := &open.Exclusions[i]; e.Kind == "Dependency" {
				e.Name, excused = "", true
			}
		}
	}
	return bare, excused
}

// TestAtRestIsWhatIsWrittenNext: as long as nothing happens, who knows only what
// is stored comes to the same account as the operator.
func TestAtRestIsWhatIsWrittenNext(t *testing.T) {
	start := at("2026-10-30").Unix()
	given, read := almanacs(t, at("2026-10-01"), at("2026-12-10"))
	levels := worldLevels(start)
	compiled := compileLevels(t, given, levels)
	rests, downs, excused, rolled := 0, 0, 0, 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 11))
		w := newWorld(r, start)
		w.gaps, w.failover = nil, nil
		b := &brute{w: w, levels: levels, almanacs: read, rules: given}
		s := newSimulation(t, r, w, levels, compiled)
		s.after = func(moment int64, _ availability.Judgement) {
			limit, stored := b.next(moment), s.scope.Record
			if limit <= moment+1 || stored == nil || stored.Current == nil || stored.Current.State == notCounted {
				return
			}
			scope := s.scope
			scope.Now = time.Unix(moment+1+r.Int64N(limit-moment-1), 0)
			want, some := nameless(t, availability.Judge(scope).Record)
			bare, _ := nameless(t, stored)
			got := availability.AtRest(bare, scope.Agreements, scope.Now)
			if some {
				excused++
			}
			if d := cmp.Diff(want, reread(t, got)); d != "" {
				t.Fatalf("timeline %d: written at %s and looked at at %s (-operator +at rest):\n%s", seed, stored.Current.Accumulators.AsOf, scope.Now, d)
			}
			rests++
			if got.Current.OpenOutage != nil {
				downs++
			}
			if got.Current.Period != stored.Current.Period {
				rolled++
			}
		}
		s.run()
	}
	if rests < 10_000 || downs < 4000 || excused < 500 || rolled < 30 {
		t.Errorf("only %d accounts were at rest, %d of them in an outage and %d excused, %d over the end of a period", rests, downs, excused, rolled)
	}
}

// TestAtRestInGaps: what nobody observed is neither up nor charged, as far as the
// account does not say that it was seen.
func TestAtRestInGaps(t *testing.T) {
	noon := at("2026-11-04 12:00")
	minutes := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	gap := availability.Gap{From: minutes(10), To: minutes(30)}
	for _, test := range []struct {
		name                        string
		state                       v1alpha1.IndicatorState
		since                       time.Time
		gap                         availability.Gap
		unobserved, charged, unseen int64
	}{
		{"up", up, minutes(0), gap, 1200, 0, 0},
		{"down", down, minutes(0), gap, 1200, 2400, 1200},
		{"down in the gap", down, minutes(20), gap, 0, 2400, 0},
		{"down in a gap of which the cluster forgot all", down, minutes(20), availability.Gap{From: gap.From, To: gap.To, Whole: true}, 600, 1800, 600},
		{"a gap that lasts", up, minutes(0), availability.Gap{From: gap.From}, 3000, 0, 0},
		{"a gap that begins later", down, minutes(0), availability.Gap{From: minutes(60), To: minutes(70)}, 0, 3600, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := running(t, scopeOf(t, "level", aroundTheClock()), noon.Add(-time.Hour))
			s.Parts[0].Changes = append(s.Parts[0].Changes, change(test.since, test.state))
			judge(t, s, test.since)
			if s.Record.Current.State != test.state {
				t.Fatalf("it is %s", s.Record.Current.State)
			}
			before := s.Record.Current.Accumulators
			got := availability.AtRest(s.Record, s.Agreements, minutes(60), test.gap).Current
			unobserved, charged := got.Accumulators.Unobserved-before.Unobserved, got.Accumulators.Charged-before.Charged
			if unobserved != test.unobserved || charged != test.charged {
				t.Errorf("%d s are unobserved and %d charged, want %d and %d", unobserved, charged, test.unobserved, test.charged)
			}
			if open := got.OpenOutage; open != nil && open.UnobservedSeconds != test.unseen {
				t.Errorf("%d s of the outage are unobserved, want %d", open.UnobservedSeconds, test.unseen)
			}
		})
	}
}

// TestAtRestAsItIs: what nothing can be said of stays as it was written.
func TestAtRestAsItIs(t *testing.T) {
	noon := at("2026-11-04 12:00")
	for name, prepare := range map[string]func(r *v1alpha1.AvailabilityRecord, given map[v1alpha1.ObjectName]*availability.Agreement) time.Time{
		"not in service": func(r *v1alpha1.AvailabilityRecord, _ map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			r.Current.State = notCounted
			return noon.Add(time.Hour)
		},
		"nothing counted yet": func(r *v1alpha1.AvailabilityRecord, _ map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			r.Current = nil
			return noon.Add(time.Hour)
		},
		"unreadable": func(r *v1alpha1.AvailabilityRecord, _ map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			r.DecodingError = "current: not a map"
			return noon.Add(time.Hour)
		},
		"written later": func(*v1alpha1.AvailabilityRecord, map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			return noon.Add(-time.Second)
		},
		"written six years ago": func(*v1alpha1.AvailabilityRecord, map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			return noon.AddDate(6, 0, 0)
		},
		"by an agreement that is not given": func(_ *v1alpha1.AvailabilityRecord, given map[v1alpha1.ObjectName]*availability.Agreement) time.Time {
			delete(given, "level")
			return noon.Add(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(t, scopeOf(t, "level", aroundTheClock()), noon)
			moment := prepare(s.Record, s.Agreements)
			if d := cmp.Diff(s.Record, availability.AtRest(s.Record, s.Agreements, moment)); d != "" {
				t.Error(d)
			}
		})
	}
}
