// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// world is a random history of an Application. Moments are Unix seconds.
type world struct {
	from, to int64
	project  bool
	parts    []history
	gaps     []gapOf
	excuses  [][2]int64
	// maintenance windows, references and lifecycles from a moment on.
	maintenance []from[[]v1alpha1.MaintenanceWindow]
	level       []from[string]
	out         [][2]int64
	failover    *failover
	forced      bool
}

// from is a value from a moment on.
type from[T any] struct {
	at    int64
	value T
}

func valueAt[T any](list []from[T], moment int64) (value T) {
	for _, v := range list {
		if v.at <= moment {
			value = v.value
		}
	}
	return value
}

// history of a part: its changes, when it was put another question and nobody
// knew the answer, and when it was removed.
type history struct {
	changes []from[v1alpha1.IndicatorState]
	pending [2]int64
	removed int64
}

type gapOf struct {
	from, to int64
	whole    bool
}

// failover: what was before the heartbeat is recorded; the successor began at
// the moment.
type failover struct{ heartbeat, began int64 }

// levels of the worlds: which rule holds, and from when on another one.
type levelOfWorld struct {
	first, second int
	revised       int64
}

func worldLevels(start int64) map[string]levelOfWorld {
	return map[string]levelOfWorld{
		"around-the-clock": {0, 0, 0}, "office": {1, 1, 0}, "shift": {2, 2, 0}, "rolling": {3, 3, 0},
		"revised": {1, 2, start + 20*hour + 1234}, "reborn": {2, 3, start + 16*hour + 77}, "settled": {3, 0, start + 30*hour + 5},
	}
}

var worldLevelNames = [...]string{"around-the-clock", "office", "shift", "rolling", "revised", "reborn", "settled", ""}

// newWorld makes up a history that begins within some days of a start.
func newWorld(r *rand.Rand, start int64) *world {
	w := &world{from: start + r.Int64N(20*hour), project: r.IntN(6) == 0, forced: r.IntN(2) == 0}
	w.to = w.from + 2*hour + r.Int64N(10*hour)
	if r.IntN(4) == 0 {
		w.to += r.Int64N(60 * hour)
	}
	within := func() int64 { return w.from + 1 + r.Int64N(w.to-w.from-1) }
	for i, n := 0, 1+r.IntN(5)/3+r.IntN(5)/4; i < n; i++ {
		w.parts = append(w.parts, newHistory(r, w, within))
	}
	for range r.IntN(3) {
		at := within()
		w.gaps = append(w.gaps, gapOf{at, at + 1 + r.Int64N(2*hour), r.IntN(4) == 0})
	}
	slices.SortFunc(w.gaps, func(a, b gapOf) int { return int(a.from - b.from) })
	for range r.IntN(3) {
		at := within()
		w.excuses = append(w.excuses, [2]int64{at, at + 1 + r.Int64N(3*hour)})
	}
	w.level = append(w.level, from[string]{0, worldLevelNames[r.IntN(len(worldLevelNames))]})
	if r.IntN(5) == 0 {
		w.level = append(w.level, from[string]{within(), worldLevelNames[r.IntN(len(worldLevelNames))]})
	}
	for range r.IntN(3) {
		w.maintenance = append(w.maintenance, from[[]v1alpha1.MaintenanceWindow]{within(), newWindows(r, within)})
	}
	slices.SortFunc(w.maintenance, func(a, b from[[]v1alpha1.MaintenanceWindow]) int { return int(a.at - b.at) })
	if !w.project && r.IntN(8) == 0 {
		at := within()
		w.out = append(w.out, [2]int64{at, at + 1 + r.Int64N(6*hour)})
	}
	at := min(within(), w.to-100)
	if f := (failover{at, at + 1 + r.Int64N(90)}); r.IntN(4) == 0 && !w.declares(f) {
		w.failover = &f
		w.gaps = append(w.gaps, gapOf{at, at + 30 + r.Int64N(200), r.IntN(3) == 0})
		slices.SortFunc(w.gaps, func(a, b gapOf) int { return int(a.from - b.from) })
	}
	return w
}

// declares reports whether anybody changes anything while nobody leads, so that
// it is seen later than it happens.
func (w *world) declares(f failover) bool {
	within := func(m int64) bool { return m > f.heartbeat && m <= f.began }
	for _, h := range w.parts {
		if within(h.removed) || within(h.pending[0]) || within(h.pending[1]) {
			return true
		}
	}
	return slices.ContainsFunc(w.maintenance, func(m from[[]v1alpha1.MaintenanceWindow]) bool { return within(m.at) }) ||
		slices.ContainsFunc(w.level, func(l from[string]) bool { return within(l.at) }) ||
		slices.ContainsFunc(w.out, func(o [2]int64) bool { return within(o[0]) || within(o[1]) })
}

var worldStates = [...]v1alpha1.IndicatorState{up, up, up, down, down, slow, unobserved}

func newHistory(r *rand.Rand, w *world, within func() int64) history {
	h := history{removed: 1 << 62}
	first := w.from - r.Int64N(hour)
	if w.project {
		first = w.from + r.Int64N(4*hour) - hour
	}
	h.changes = append(h.changes, from[v1alpha1.IndicatorState]{first, worldStates[r.IntN(len(worldStates))]})
	for range r.IntN(12) {
		h.changes = append(h.changes, from[v1alpha1.IndicatorState]{within(), worldStates[r.IntN(len(worldStates))]})
	}
	slices.SortStableFunc(h.changes, func(a, b from[v1alpha1.IndicatorState]) int { return int(a.at - b.at) })
	if w.project {
		return h
	}
	switch r.IntN(12) {
	case 0:
		h.removed = within()
	case 1:
		if at := within(); at > first {
			h.pending = [2]int64{at, at + 1 + r.Int64N(hour)}
			kept := slices.DeleteFunc(h.changes, func(c from[v1alpha1.IndicatorState]) bool { return c.at >= at && c.at <= h.pending[1] })
			kept = append(kept, from[v1alpha1.IndicatorState]{h.pending[1], worldStates[r.IntN(6)]})
			slices.SortStableFunc(kept, func(a, b from[v1alpha1.IndicatorState]) int { return int(a.at - b.at) })
			h.changes = kept
		}
	}
	return h
}

func newWindows(r *rand.Rand, within func() int64) []v1alpha1.MaintenanceWindow {
	var windows []v1alpha1.MaintenanceWindow
	for i := range r.IntN(3) {
		windows = append(windows, v1alpha1.MaintenanceWindow{
			Name:     v1alpha1.ItemName([]string{"a", "b", "c"}[i]),
			StartAt:  v1alpha1.Moment(time.Unix(within(), 0).UTC().Format(time.RFC3339)),
			Duration: v1alpha1.Duration([]string{"1h", "20m", "3h", "90s"}[r.IntN(4)]),
			Reason:   []string{"", "a reason"}[r.IntN(2)],
		})
	}
	return windows
}

// pendingAt reports whether nobody knows yet how a part is.
func (h *history) pendingAt(moment int64) bool {
	return h.changes[0].at > moment || h.pending[0] <= moment && moment < h.pending[1]
}

// simulation judges a world now and then.
type simulation struct {
	t        testing.TB
	r        *rand.Rand
	w        *world
	scope    availability.Scope
	levels   map[string]levelOfWorld
	compiled map[string][]*availability.Agreement
	ended    []v1alpha1.Outage
	booked   []v1alpha1.AccountPeriod
	settled  int64
	// after is called with each judgement and the moment of it.
	after func(int64, availability.Judgement)
}

// newSimulation returns one of a world in which nothing was judged yet.
func newSimulation(t testing.TB, r *rand.Rand, w *world, levels map[string]levelOfWorld, compiled map[string][]*availability.Agreement) *simulation {
	s := &simulation{t: t, r: r, w: w, levels: levels, compiled: compiled}
	s.scope.UID, s.scope.Origin = "uid", v1alpha1.OriginExisting
	if w.project {
		s.scope.Origin = v1alpha1.OriginProject
	}
	return s
}

// compileLevels makes agreements of levels: as they are before they are
// revised, and after.
func compileLevels(t testing.TB, given []rule, levels map[string]levelOfWorld) map[string][]*availability.Agreement {
	t.Helper()
	compiled := map[string][]*availability.Agreement{}
	for name, l := range levels {
		first := revised{longAgo(), given[l.first].spec}
		before := agreementOf(t, name, first)
		after := before
		if l.revised != 0 {
			after = agreementOf(t, name, first, revised{time.Unix(l.revised, 0), given[l.second].spec})
		}
		compiled[name] = []*availability.Agreement{before, after}
	}
	return compiled
}

// moments at which the world is judged: whenever a person or another
// controller changes something, while something is not known yet whenever a
// part changes, and at random.
func (s *simulation) moments() []int64 {
	w := s.w
	moments := []int64{w.from, w.to}
	add := func(m int64) { moments = append(moments, m) }
	anyPending := w.project
	for i := range w.parts {
		h := &w.parts[i]
		add(h.removed)
		add(h.pending[0])
		add(h.pending[1])
		anyPending = anyPending || h.pending[1] != 0 || h.changes[0].at > w.from
	}
	for _, m := range w.maintenance {
		add(m.at)
	}
	for _, l := range w.level {
		add(l.at)
	}
	for _, o := range w.out {
		add(o[0])
		add(o[1])
	}
	if w.failover != nil {
		add(w.failover.heartbeat)
		add(w.failover.began)
	}
	for i := range w.parts {
		for _, c := range w.parts[i].changes {
			if anyPending || s.r.IntN(3) == 0 {
				add(c.at)
			}
		}
	}
	for range s.r.IntN(6) {
		add(w.from + s.r.Int64N(w.to-w.from))
	}
	moments = slices.DeleteFunc(moments, func(m int64) bool {
		dead := w.failover != nil && m > w.failover.heartbeat && m < w.failover.began
		return m < w.from || m > w.to || dead
	})
	slices.Sort(moments)
	return slices.Compact(moments)
}

// run judges the world, and returns the account at its end.
func (s *simulation) run() *v1alpha1.AvailabilityRecord {
	moments := s.moments()
	for i, m := range moments {
		if i > 0 {
			// What was seen by then, before anybody changes anything.
			s.judge(m, m-1, s.replaced(m))
		}
		// The heartbeat says that everything until then was written.
		recorded := s.w.failover != nil && m == s.w.failover.heartbeat
		s.judge(m, m, recorded || i+1 == len(moments))
	}
	return s.scope.Record
}

// replaced reports whether a part is removed at a moment, or put another
// question. What was not seen of it in a gap is then known from the account
// only.
func (s *simulation) replaced(moment int64) bool {
	return slices.ContainsFunc(s.w.parts, func(h history) bool { return h.removed == moment || h.pending[0] == moment })
}

// judge judges as of a moment, with the declarations as of another.
func (s *simulation) judge(moment, declared int64, force bool) {
	w := s.w
	s.scope.Now = time.Unix(moment, s.r.Int64N(1e9))
	s.scope.Parts = s.parts(moment, declared)
	s.scope.Maintenance = valueAt(w.maintenance, declared)
	s.scope.Level = v1alpha1.ObjectName(valueAt(w.level, declared))
	s.scope.Lifecycle = v1alpha1.LifecycleOperating
	for _, o := range w.out {
		if o[0] <= declared && declared < o[1] {
			s.scope.Lifecycle = v1alpha1.LifecycleRetired
		}
	}
	s.scope.Agreements = map[v1alpha1.ObjectName]*availability.Agreement{}
	for name, l := range s.levels {
		s.scope.Agreements[v1alpha1.ObjectName(name)] = s.compiled[name][0]
		if l.revised != 0 && l.revised <= moment {
			s.scope.Agreements[v1alpha1.ObjectName(name)] = s.compiled[name][1]
		}
	}
	s.scope.Gaps, s.scope.Excuses = nil, nil
	for _, g := range w.gaps {
		if g.from > moment || w.failover != nil && g.from == w.failover.heartbeat && moment < w.failover.began {
			continue
		}
		gap := availability.Gap{From: time.Unix(g.from, 0), Whole: g.whole}
		if g.to <= moment {
			gap.To = time.Unix(g.to, 0)
		}
		s.scope.Gaps = append(s.scope.Gaps, gap)
	}
	for _, e := range w.excuses {
		if e[0] > moment {
			continue
		}
		excuse := availability.Excuse{Name: "platform", From: time.Unix(e[0], 0)}
		if e[1] <= moment {
			excuse.To = time.Unix(e[1], 0)
		}
		s.scope.Excuses = append(s.scope.Excuses, excuse)
	}
	j := availability.Judge(s.scope)
	if s.after != nil && !force {
		defer func() { s.after(moment, j) }()
	}
	if !j.Write && (!s.w.forced || s.r.IntN(2) != 0) && !force {
		return
	}
	s.ended, s.booked = append(s.ended, j.Ended...), append(s.booked, j.Booked...)
	s.scope.Record = j.Record
	if s.r.IntN(10) == 0 {
		s.scope.Record = reread(s.t, j.Record)
	}
	s.settled = moment
}

// parts as the process that judges knows them.
func (s *simulation) parts(moment, declared int64) []availability.Part {
	var parts []availability.Part
	for i := range s.w.parts {
		h := &s.w.parts[i]
		if h.removed <= declared {
			continue
		}
		p := availability.Part{Check: []string{"a", "b", "c", "d"}[i], Kind: v1alpha1.CauseEndpoint, Pending: h.pendingAt(min(moment, declared))}
		for _, c := range h.changes {
			if c.at > moment || p.Pending {
				break
			}
			if h.pending[1] != 0 && declared >= h.pending[1] && c.at < h.pending[1] {
				continue
			}
			if n := len(p.Changes); n > 0 && c.at <= s.settled {
				p.Changes = p.Changes[:n-1]
			}
			p.Changes = append(p.Changes, availability.Change{At: time.Unix(c.at, s.r.Int64N(1e9)), State: c.value})
		}
		if f := s.w.failover; f != nil && moment >= f.began {
			p.Floor = time.Unix(f.heartbeat, 0)
		}
		parts = append(parts, p)
	}
	return parts
}
