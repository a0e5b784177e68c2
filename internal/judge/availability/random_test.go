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

// timelines of TestS7.
const timelines = 100_000

// TestS7RandomTimelines: 100,000 random histories, with everything that can
// happen in some days, around the ends of months and nights on which clocks are
// moved, judged at random moments. Every second is in one class, and the account
// is what a classifier says that looks at one second after the other.
func TestS7RandomTimelines(t *testing.T) {
	starts := []time.Time{at("2026-10-24"), at("2026-10-30"), at("2026-11-02"), at("2026-12-24"), at("2026-11-29")}
	given, read := almanacs(t, at("2026-10-01"), at("2027-02-01"))
	var next, failed atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			compiled := make([]map[string][]*availability.Agreement, len(starts))
			for i, start := range starts {
				compiled[i] = compileLevels(t, given, worldLevels(start.Unix()))
			}
			for {
				seed := next.Add(1)
				if seed > timelines || failed.Load() > 3 {
					return
				}
				i := int(seed) % len(starts)
				if difference := oneTimeline(t, uint64(seed), starts[i].Unix(), given, read, compiled[i]); difference != "" {
					failed.Add(1)
					t.Errorf("timeline %d: %s", seed, difference)
				}
			}
		})
	}
	wait.Wait()
}

// oneTimeline compares an account with the classifier.
func oneTimeline(t *testing.T, seed uint64, start int64, given []rule, read []*almanac, compiled map[string][]*availability.Agreement) string {
	r := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(r, start)
	levels := worldLevels(start)
	b := &brute{w: w, levels: levels, almanacs: read, rules: given}
	b.run()
	s := newSimulation(t, r, w, levels, compiled)
	record := s.run()
	return b.differs(s, record)
}

// differs compares an account with what the classifier says; empty if it is the
// same.
func (b *brute) differs(s *simulation, record *v1alpha1.AvailabilityRecord) string {
	if got, want := record.Totals, b.totals(); got != want {
		return fmt.Sprintf("totals are %+v, want %+v", got, want)
	}
	if d := b.differOutages(s, record); d != "" {
		return d
	}
	return b.differPeriods(s, record)
}

func (b *brute) totals() v1alpha1.AccountTotals {
	sums := b.before(b.beginning(), b.w.from).plus(b.sums(b.w.from, b.w.to))
	return v1alpha1.AccountTotals{Agreed: sums.agreed, Charged: sums.charged, Unobserved: sums.unobserved}
}

// beginning of the account: that of the month, or of the rolling window.
func (b *brute) beginning() int64 {
	name, rule := b.ruleAt(b.w.from)
	first, _ := month(b.w.from)
	if rule == 3 {
		first = yesterday(b.w.from)
	}
	if l := b.levels[name]; (l.first == 3) != (l.second == 3) && l.revised <= b.w.from {
		first = max(first, l.revised)
	}
	return first
}

// yesterday is the beginning of a window of 48 hours.
func yesterday(moment int64) int64 {
	t := time.Unix(moment, 0).In(calendar.Location())
	return time.Date(t.Year(), t.Month(), t.Day()-1, 0, 0, 0, 0, calendar.Location()).Unix()
}

func (b *brute) differOutages(s *simulation, record *v1alpha1.AvailabilityRecord) string {
	got := s.ended
	if open := record.Current.OpenOutage; open != nil {
		got = append(got, *open)
	}
	if len(got) != len(b.outages) {
		return fmt.Sprintf("there are %d outages, want %d: %+v, want %+v", len(got), len(b.outages), got, b.outages)
	}
	for i := range got {
		g := bruteOutage{start: got[i].StartAt.Unix(), raw: got[i].RawSeconds, unseen: got[i].UnobservedSeconds, charged: got[i].ChargedSeconds, check: got[i].Check, reason: got[i].EndReason}
		if got[i].EndAt != nil {
			g.end = got[i].EndAt.Unix()
		}
		for _, e := range got[i].Exclusions {
			switch e.Kind {
			case "Dependency":
				g.dependency += e.Seconds
			case "Maintenance":
				g.maintenance += e.Seconds
			case "ServiceHours":
				g.hours += e.Seconds
			}
		}
		if g != b.outages[i] {
			return fmt.Sprintf("outage %d is %+v, want %+v", i, g, b.outages[i])
		}
	}
	return ""
}

// brutePeriod is a period that the classifier knows.
type brutePeriod struct {
	from, to int64
	rolling  bool
	level    string
	sums     bruteSums
	outages  int32
	served   bool
}

// periods that the world went through, the last one still running.
func (b *brute) periods() []brutePeriod {
	var periods []brutePeriod
	begin := func(moment int64) {
		level, rule := b.ruleAt(moment)
		periods = append(periods, brutePeriod{from: moment, level: level, rolling: rule == 3})
	}
	begin(b.w.from)
	periods[0].from = b.beginning()
	for _, edge := range b.turns() {
		last := &periods[len(periods)-1]
		level, rule := b.ruleAt(edge)
		_, end := month(edge - 1)
		if level != last.level || (rule == 3) != last.rolling || !last.rolling && edge == end {
			last.to = edge
			begin(edge)
		}
	}
	periods[len(periods)-1].to = b.w.to
	return periods
}

// turns are the moments at which a period may end.
func (b *brute) turns() []int64 {
	turns := b.edges()
	_, end := month(b.w.from)
	for ; end <= b.w.to; _, end = month(end) {
		turns = append(turns, end)
	}
	return sortedWithin(turns, b.w.from+1, b.w.to)
}

func (b *brute) differPeriods(s *simulation, record *v1alpha1.AvailabilityRecord) string {
	if len(b.w.out) > 0 || b.w.project && len(b.w.level) > 1 {
		// When it comes into service decides there over what is counted.
		return ""
	}
	periods := b.periods()
	booked := s.booked
	for i := range periods {
		p := &periods[i]
		p.sums = b.sums(max(p.from, b.w.from), p.to)
		if p.from < b.w.from {
			p.sums = b.before(p.from, b.w.from).plus(p.sums)
		}
		for _, o := range b.outages {
			if o.start < p.to && (o.end == 0 || o.end > p.from || o.start >= p.from) || o.start == p.to && p.to == b.w.to {
				p.outages++
			}
		}
		if i+1 == len(periods) {
			return b.differCurrent(p, record)
		}
		if p.rolling || !b.noted(p) {
			if n := len(booked); n > 0 && booked[0].EndAt.Unix() == p.to {
				booked = booked[1:]
			}
			continue
		}
		if len(booked) == 0 {
			return fmt.Sprintf("period %+v is not booked", p)
		}
		g := booked[0]
		booked = booked[1:]
		got := brutePeriod{g.StartAt.Unix(), g.EndAt.Unix(), false, string(g.ServiceLevel), bruteSums{g.Agreed, g.Charged, g.Unobserved, g.Excluded, g.Raw, g.Maintenance, g.Slow}, g.Outages, false}
		want := *p
		if g.Agreed == 0 {
			got.level, want.level = "", ""
		}
		if got != want {
			return fmt.Sprintf("booked is %+v, want %+v", got, want)
		}
	}
	return ""
}

// noted reports whether a period is worth noting at all.
func (b *brute) noted(p *brutePeriod) bool {
	class := b.class[max(p.from, b.w.from)-b.w.from : p.to-b.w.from]
	if count(class, isOut) == int64(len(class)) && b.w.project {
		return false
	}
	_, end := month(p.to - 1)
	return p.to == end || p.sums.agreed > 0 || p.sums.raw > 0 || p.outages > 0
}

// differCurrent compares the period that runs.
func (b *brute) differCurrent(p *brutePeriod, record *v1alpha1.AvailabilityRecord) string {
	acc := record.Current.Accumulators
	got := bruteSums{acc.Agreed, acc.Charged, acc.Unobserved, acc.Excluded, acc.Raw, acc.Maintenance, acc.Slow}
	want := p.sums
	if p.rolling {
		first := max(yesterday(b.w.to), p.from)
		want = b.sums(max(first, b.w.from), b.w.to)
		if first < b.w.from {
			want = b.before(first, b.w.from).plus(want)
		}
		want.raw, want.excluded, want.maintenance = got.raw, got.excluded, got.maintenance
	}
	if got != want {
		return "the account of the period differs: " + cmp.Diff(want, got, cmp.AllowUnexported(bruteSums{}))
	}
	if !p.rolling && acc.Outages != p.outages {
		return fmt.Sprintf("there are %d outages in the period, want %d", acc.Outages, p.outages)
	}
	return b.differBudget(p, record)
}

// differBudget compares the budget of the whole period, and what follows of it.
func (b *brute) differBudget(p *brutePeriod, record *v1alpha1.AvailabilityRecord) string {
	cur := record.Current
	if p.rolling || p.level == "" || b.w.project {
		return ""
	}
	_, end := month(b.w.to)
	var whole, units int64
	l := b.levels[p.level]
	for _, part := range []struct {
		rule     int
		from, to int64
	}{{l.first, p.from, end}, {l.second, max(p.from, l.revised), end}} {
		if l.revised != 0 && l.revised <= b.w.to {
			if part.rule == l.first {
				part.to = min(end, max(l.revised, p.from))
			}
		} else if part.from = p.from; part.rule == l.second && l.first == l.second && whole > 0 || part.rule != l.first {
			continue
		}
		if part.from >= part.to {
			continue
		}
		a := b.almanacs[part.rule]
		seconds := a.between(a.hours, part.from, part.to)
		whole += seconds
		units += seconds * map[v1alpha1.Percentage]int64{"99.9": 10_000, "99.5": 50_000, "99": 100_000}[b.rules[part.rule].spec.Availability.Objective]
	}
	result := v1alpha1.ResultMet
	switch {
	case whole == 0:
		result = ""
	case p.sums.charged*10_000_000 > units:
		result = v1alpha1.ResultBreached
	case (p.sums.agreed-p.sums.unobserved)*100 < p.sums.agreed*95:
		result = v1alpha1.ResultInsufficientData
	}
	if cur.Budget != units/10_000_000 || cur.Result != result || cur.BudgetLeft != cur.Budget-p.sums.charged {
		return fmt.Sprintf("the budget is %d, %d left, %s; want %d of %d, %s", cur.Budget, cur.BudgetLeft, cur.Result, units/10_000_000, whole, result)
	}
	return ""
}

// sortedWithin returns the moments of a time, in order and each once.
func sortedWithin(moments []int64, from, to int64) []int64 {
	moments = slices.DeleteFunc(moments, func(m int64) bool { return m < from || m > to })
	slices.Sort(moments)
	return slices.Compact(moments)
}
