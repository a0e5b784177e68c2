// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// life is a long time of an Application with one endpoint.
type life struct {
	level    string
	from, to int64
	changes  []from[v1alpha1.IndicatorState]
	gaps     []gapOf
}

// newLedger makes up times that nobody observed, which are the same for all.
func newLedger(r *rand.Rand, from, to int64) []gapOf {
	var gaps []gapOf
	for at := from + r.Int64N(200*hour); at < to; at += 1 + r.Int64N(600*hour) {
		end := at + 1 + r.Int64N(2*hour)
		gaps = append(gaps, gapOf{at, end, r.IntN(5) == 0})
		at = end
	}
	return gaps
}

func newLife(r *rand.Rand, level string, begin, to int64, gaps []gapOf) *life {
	l := &life{level: level, from: begin, to: to, gaps: gaps}
	l.changes = append(l.changes, from[v1alpha1.IndicatorState]{begin, up})
	for at := begin; ; {
		at += 1 + r.Int64N(400*hour)
		state := []v1alpha1.IndicatorState{down, down, down, slow, unobserved}[r.IntN(5)]
		for at < to {
			l.changes = append(l.changes, from[v1alpha1.IndicatorState]{at, state})
			if state == up {
				break
			}
			// Most are short, some last for days.
			at += 1 + r.Int64N([]int64{600, 600, 3 * hour, 9 * hour, 70 * hour}[r.IntN(5)])
			state = []v1alpha1.IndicatorState{up, up, up, down, unobserved}[r.IntN(5)]
		}
		if at >= to {
			return l
		}
	}
}

// manner in which an operator looks after an account.
type manner struct {
	// spread of bookings; latest notice of a change; how often, of a hundred,
	// it is down for days after a look.
	spread  time.Duration
	notice  int64
	absence int
	// eager: it looks at every midnight as well.
	eager bool
}

// play keeps the account of a life.
func (l *life) play(t testing.TB, r *rand.Rand, m manner, agreement *availability.Agreement) (*v1alpha1.AvailabilityRecord, []v1alpha1.Outage, []v1alpha1.AccountPeriod) {
	t.Helper()
	s := availability.Scope{
		UID: "uid", Origin: v1alpha1.OriginExisting, Lifecycle: v1alpha1.LifecycleOperating, Level: v1alpha1.ObjectName(l.level), Spread: m.spread,
		Agreements: map[v1alpha1.ObjectName]*availability.Agreement{v1alpha1.ObjectName(l.level): agreement},
	}
	var ended []v1alpha1.Outage
	var booked []v1alpha1.AccountPeriod
	known := 0
	for now := l.from; ; {
		s.Now = time.Unix(now, 0)
		for known < len(l.changes) && l.changes[known].at <= now {
			known++
		}
		s.Parts = []availability.Part{{Check: "web", Kind: v1alpha1.CauseEndpoint}}
		first := known - 1
		for first > 0 && s.Record != nil && l.changes[first].at > s.Record.Current.Accumulators.AsOf.Unix() {
			first--
		}
		for _, c := range l.changes[first:known] {
			s.Parts[0].Changes = append(s.Parts[0].Changes, availability.Change{At: time.Unix(c.at, 0), State: c.value})
		}
		s.Gaps = s.Gaps[:0]
		for _, g := range l.gaps {
			if g.from <= now && (s.Record == nil || g.to > s.Record.Current.Accumulators.AsOf.Unix()) {
				s.Gaps = append(s.Gaps, availability.Gap{From: time.Unix(g.from, 0), Whole: g.whole})
				if g.to <= now {
					s.Gaps[len(s.Gaps)-1].To = time.Unix(g.to, 0)
				}
			}
		}
		if now == l.to {
			s.Spread = 0 // all bookings have had their turn
		}
		j := availability.Judge(s)
		if j.Write || now == l.to {
			ended, booked = append(ended, j.Ended...), append(booked, j.Booked...)
			s.Record = j.Record
			if r.IntN(8) == 0 {
				s.Record = reread(t, s.Record)
			}
		}
		if now == l.to {
			return s.Record, ended, booked
		}
		next := l.to
		if known < len(l.changes) {
			next = min(next, l.changes[known].at+r.Int64N(m.notice))
		}
		if !j.Next.IsZero() {
			next = min(next, j.Next.Unix())
		}
		if m.eager {
			_, day := calendar.Day(nil, now)
			next = min(next, day.To)
		}
		if r.IntN(100) < m.absence {
			next = min(l.to, next+r.Int64N(90*24*hour))
		}
		now = max(next, now+1)
	}
}

// lived is what a life comes to in a time, by the almanac of its agreement.
func (l *life) lived(a *almanac, begin, end int64) (s bruteSums) {
	for i, c := range l.changes {
		to := l.to
		if i+1 < len(l.changes) {
			to = l.changes[i+1].at
		}
		for _, span := range l.split(i, max(c.at, begin), min(to, end)) {
			class := a.of(span.from, span.to)
			net, all := count(class, agreed), span.to-span.from
			s.agreed += all - count(class, outside)
			s.maintenance += all - count(class, outside) - net
			switch {
			case span.whole || c.value == unobserved:
				s.unobserved += net
			case c.value == slow:
				s.slow += net
			case c.value == down:
				s.charged, s.excluded, s.raw = s.charged+net, s.excluded+all-net, s.raw+all
			}
		}
	}
	return s
}

// split splits the time of a state by whether anybody observed it; whole says
// that nobody did.
func (l *life) split(i int, from, to int64) []gapOf {
	var spans []gapOf
	for _, g := range l.gaps {
		if g.to <= from || g.from >= to || from >= to {
			continue
		}
		if !g.whole && l.seenBy(i, g) {
			continue
		}
		if g.from > from {
			spans = append(spans, gapOf{from, g.from, false})
		}
		spans = append(spans, gapOf{max(from, g.from), min(to, g.to), true})
		from = min(to, g.to)
	}
	if from < to {
		spans = append(spans, gapOf{from, to, false})
	}
	return spans
}

// seenBy reports whether a change up to the given one was seen in a gap.
func (l *life) seenBy(i int, g gapOf) bool {
	return slices.ContainsFunc(l.changes[:i+1], func(c from[v1alpha1.IndicatorState]) bool {
		return c.at >= g.from && c.at < g.to && c.value != unobserved
	})
}

// TestYearOfAThousandApplications keeps the accounts of 1,000 Applications for a
// year, and compares them with what a count of single seconds says.
func TestYearOfAThousandApplications(t *testing.T) {
	const applications = 1000
	begin, to := at("2026-01-01").Unix(), at("2027-01-01").Unix()
	given, read := almanacs(t, at("2026-01-01"), at("2027-01-01"))
	var compiled []*availability.Agreement
	for i := range given {
		compiled = append(compiled, agreementOf(t, string(given[i].name), revised{longAgo(), given[i].spec}))
	}
	gaps := newLedger(rand.New(rand.NewPCG(1, 1)), begin, to)
	var next, failed, outages atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for n := next.Add(1); n <= applications && failed.Load() < 3; n = next.Add(1) {
				r := rand.New(rand.NewPCG(uint64(n), 11))
				i := int(n) % len(given)
				l := newLife(r, string(given[i].name), begin, to-1, gaps)
				record, ended, booked := l.play(t, r, manner{time.Duration(r.IntN(6)) * time.Hour, 120, 2, false}, compiled[i])
				outages.Add(int64(len(ended)))
				if d := l.differs(read[i], record, booked); d != "" {
					failed.Add(1)
					t.Errorf("Application %d: %s", n, d)
				}
			}
		})
	}
	wait.Wait()
	if outages.Load() < 20*applications {
		t.Errorf("only %d outages in a year", outages.Load())
	}
}

func (l *life) differs(a *almanac, record *v1alpha1.AvailabilityRecord, booked []v1alpha1.AccountPeriod) string {
	all := l.lived(a, l.from, l.to)
	if l.level == "rolling" {
		// The window began on the day before, which nobody observed.
		all.agreed, all.unobserved = all.agreed+24*hour, all.unobserved+24*hour-90*60
	}
	if got, want := record.Totals, (v1alpha1.AccountTotals{Agreed: all.agreed, Charged: all.charged, Unobserved: all.unobserved}); got != want {
		return fmt.Sprintf("totals are %+v, want %+v", got, want)
	}
	acc := record.Current.Accumulators
	got := bruteSums{acc.Agreed, acc.Charged, acc.Unobserved, acc.Excluded, acc.Raw, acc.Maintenance, acc.Slow}
	if l.level == "rolling" {
		want := l.lived(a, yesterday(l.to), l.to)
		want.excluded, want.raw, want.maintenance = got.excluded, got.raw, got.maintenance
		if got != want || len(booked) != 0 {
			return cmp.Diff(want, got, cmp.AllowUnexported(bruteSums{}))
		}
		return ""
	}
	if len(booked) != 11 {
		return fmt.Sprintf("%d months are booked", len(booked))
	}
	for i, p := range booked {
		first := time.Date(2026, time.Month(i+1), 1, 0, 0, 0, 0, calendar.Location())
		want := l.lived(a, first.Unix(), first.AddDate(0, 1, 0).Unix())
		got := bruteSums{p.Agreed, p.Charged, p.Unobserved, p.Excluded, p.Raw, p.Maintenance, p.Slow}
		if p.Period != first.Format("2006-01") || got != want {
			return p.Period + cmp.Diff(want, got, cmp.AllowUnexported(bruteSums{}))
		}
	}
	if want := l.lived(a, at("2026-12-01").Unix(), l.to); got != want {
		return "December: " + cmp.Diff(want, got, cmp.AllowUnexported(bruteSums{}))
	}
	return ""
}

// TestS12LateBookings: periods that are booked late, at a moment of their own,
// or only months later as the operator was down, hold what they would have held
// at midnight; and so does everything else.
func TestS12LateBookings(t *testing.T) {
	begin, to := at("2026-01-20 11:00").Unix(), at("2026-12-10").Unix()
	given := rules()
	for n := range uint64(200) {
		i := int(n) % len(given)
		spec := given[i].spec
		if n%3 == 1 && spec.Availability.Window.Rolling == "" {
			spec.Availability.Window.Calendar = []v1alpha1.CalendarPeriod{v1alpha1.CalendarQuarter, v1alpha1.CalendarYear}[n/3%2]
		}
		agreement := agreementOf(t, string(given[i].name), revised{longAgo(), spec})
		r := rand.New(rand.NewPCG(n, 12))
		l := newLife(r, string(given[i].name), begin, to, newLedger(r, begin, to))
		eager, ended, _ := l.play(t, r, manner{0, 1, 0, true}, agreement)
		availability.Append(eager, ended)
		for _, m := range []manner{{6 * time.Hour, 1, 0, false}, {time.Hour, 300, 10, false}, {5 * time.Hour, 3000, 60, true}, {0, 1, 100, false}} {
			late, ended, _ := l.play(t, r, m, agreement)
			availability.Append(late, ended)
			if d := cmp.Diff(reread(t, eager), reread(t, late)); d != "" {
				t.Fatalf("life %d under %s in the manner %+v: %s", n, l.level, m, d)
			}
		}
	}
}
