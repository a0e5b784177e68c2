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
		s := &simulation{t: t, r: r, w: w, levels: levels, compiled: compiled}
		s.scope.UID, s.scope.Origin = "uid", v1alpha1.OriginExisting
		s.scope.Spread = time.Duration(r.IntN(3)) * time.Hour
		if w.project {
			s.scope.Origin = v1alpha1.OriginProject
		}
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
			s := &simulation{t: t, r: rand.New(rand.NewPCG(seed, uint64(len(records)))), w: w, levels: levels, compiled: compiled}
			s.scope.UID, s.scope.Origin = "uid", v1alpha1.OriginExisting
			if w.project {
				s.scope.Origin = v1alpha1.OriginProject
			}
			record := s.run()
			availability.Append(record, s.ended)
			records = append(records, reread(t, record))
		}
		if d := cmp.Diff(records[0], records[1]); d != "" {
			t.Fatalf("timeline %d: %s", seed, d)
		}
	}
}
