// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Classes of a second.
const (
	isOut byte = iota // not in service
	isUnagreed
	isUnagreedDown
	isOutside
	isOutsideDown
	isMaintenance
	isMaintenanceDown
	isUnobserved
	isCharged
	isExcused
	isSlow
	isUp
	classes
)

// brute classifies a world second by second.
type brute struct {
	w         *world
	levels    map[string]levelOfWorld
	almanacs  []*almanac
	rules     []rule
	class     []byte // of each second from w.from on
	base      []byte // what was agreed for it
	outages   []bruteOutage
	open      int // the part on which an outage is open, or -1
	inService bool
}

type bruteOutage struct {
	start, end, raw, unseen, charged int64
	check                            string
	reason                           string
	dependency, maintenance, hours   int64
}

// ruleAt returns the rule that governs a second; -1 for none.
func (b *brute) ruleAt(moment int64) (string, int) {
	name := valueAt(b.w.level, max(moment, b.w.from))
	if name == "" {
		return "", -1
	}
	l := b.levels[name]
	if l.revised != 0 && moment >= l.revised {
		return name, l.second
	}
	return name, l.first
}

// edges are the moments at which anything may change.
func (b *brute) edges() []int64 {
	w := b.w
	edges := []int64{w.from, w.to, w.from + 24*hour}
	for i := range w.parts {
		h := &w.parts[i]
		edges = append(edges, h.removed, h.pending[0], h.pending[1])
		for _, c := range h.changes {
			edges = append(edges, c.at)
		}
	}
	for _, g := range w.gaps {
		edges = append(edges, g.from, g.to)
	}
	for _, e := range slices.Concat(w.excuses, w.out) {
		edges = append(edges, e[0], e[1])
	}
	for _, l := range w.level {
		edges = append(edges, l.at)
	}
	for _, l := range b.levels {
		edges = append(edges, l.revised)
	}
	edges = slices.DeleteFunc(edges, func(m int64) bool { return m < w.from || m > w.to })
	slices.Sort(edges)
	return slices.Compact(edges)
}

// run classifies every second.
func (b *brute) run() {
	w := b.w
	n := int(w.to - w.from)
	b.class, b.base = make([]byte, n), make([]byte, n)
	edges := b.edges()
	for i := range len(edges) - 1 {
		if _, rule := b.ruleAt(edges[i]); rule >= 0 {
			copy(b.base[edges[i]-w.from:], b.almanacs[rule].of(edges[i], edges[i+1]))
		}
	}
	b.ownWindows()
	b.open = -1
	b.inService = !w.project
	for i := range len(edges) - 1 {
		b.piece(edges[i], edges[i+1])
	}
	b.piece(w.to, w.to)
}

// own windows of the Application have the bytes above 8.
const ownWindow byte = 8

func (b *brute) ownWindows() {
	w := b.w
	seen := map[v1alpha1.MaintenanceWindow]int64{}
	for i := range w.maintenance {
		m := &w.maintenance[i]
		end := w.to
		if i+1 < len(w.maintenance) {
			end = w.maintenance[i+1].at
		}
		now := map[v1alpha1.MaintenanceWindow]int64{}
		for _, window := range m.value {
			window.Reason = ""
			since, ok := seen[window]
			if !ok {
				since = m.at
			}
			now[window] = since
			start, _ := time.Parse(time.RFC3339, string(window.StartAt))
			length, _ := time.ParseDuration(string(window.Duration))
			for s := max(start.Unix(), since, m.at, w.from); s < min(start.Unix()+int64(length/time.Second), end); s++ {
				if b.base[s-w.from] == agreed {
					b.base[s-w.from] = ownWindow
				}
			}
		}
		seen = now
	}
}

// stateOf a part at a moment; empty if it is not there, or nobody knows yet.
func (b *brute) stateOf(i int, moment int64) v1alpha1.IndicatorState {
	h := &b.w.parts[i]
	if h.removed <= moment || h.pendingAt(moment) {
		return ""
	}
	return valueAt(h.changes, moment)
}

// blindTo reports whether nobody saw a part at a moment.
func (b *brute) blindTo(i int, moment int64) bool {
	for _, g := range b.w.gaps {
		if moment < g.from || moment >= g.to {
			continue
		}
		if g.whole {
			return true
		}
		seen := false
		for _, c := range b.w.parts[i].changes {
			seen = seen || c.at >= g.from && c.at <= moment && c.value != unobserved
		}
		if !seen {
			return true
		}
	}
	return false
}

var order = [...]v1alpha1.IndicatorState{down, unobserved, slow, up}

func worst(states []v1alpha1.IndicatorState) v1alpha1.IndicatorState {
	for _, s := range order {
		if slices.Contains(states, s) {
			return s
		}
	}
	return unobserved
}

// piece classifies the seconds from one moment to another, between which
// nothing changes but the time of day.
func (b *brute) piece(from, to int64) {
	w := b.w
	var shown, seen []v1alpha1.IndicatorState
	firstDown := -1
	for i := range w.parts {
		s := b.stateOf(i, from)
		if s == "" {
			if i == b.open && w.parts[i].removed > from {
				shown, seen = append(shown, unobserved), append(seen, unobserved)
			}
			continue
		}
		shown = append(shown, s)
		if b.blindTo(i, from) {
			seen = append(seen, unobserved)
		} else {
			seen = append(seen, s)
		}
		if s == down && firstDown < 0 {
			firstDown = i
		}
	}
	indicator, class := worst(shown), worst(seen)
	if !b.inService && (indicator == up || indicator == slow || from >= w.from+24*hour) {
		b.inService = true
	}
	out := !b.inService
	for _, o := range w.out {
		if o[0] <= from && from < o[1] {
			out = true
			b.inService = b.inService || !w.project
		}
	}
	b.outage(from, indicator, firstDown, out)
	if from < to {
		b.classify(from, to, class, out)
	}
}

// outage opens and closes outages.
func (b *brute) outage(at int64, indicator v1alpha1.IndicatorState, firstDown int, out bool) {
	end := func(reason string) {
		last := &b.outages[len(b.outages)-1]
		last.end, last.reason = at, reason
		b.open = -1
	}
	name := func(i int) string { return []string{"a", "b", "c", "d"}[i] }
	if b.open >= 0 {
		switch {
		case out:
			end(v1alpha1.EndedOutOfService)
		case indicator == down:
			if b.stateOf(b.open, at) != down {
				b.open = firstDown
			}
			b.outages[len(b.outages)-1].check = name(b.open)
		case b.w.parts[b.open].removed <= at:
			end(v1alpha1.EndedEndpointRemoved)
		case indicator == up, indicator == slow:
			end("")
		}
	}
	if b.open < 0 && indicator == down && !out {
		b.open = firstDown
		b.outages = append(b.outages, bruteOutage{start: at, check: name(firstDown)})
	}
}

// classify puts each second into one class.
func (b *brute) classify(from, to int64, class v1alpha1.IndicatorState, out bool) {
	_, rule := b.ruleAt(from)
	excused := false
	for _, e := range b.w.excuses {
		excused = excused || e[0] <= from && from < e[1]
	}
	in := map[v1alpha1.IndicatorState]byte{up: isUp, slow: isSlow, down: isCharged, unobserved: isUnobserved}[class]
	if class == down && excused {
		in = isExcused
	}
	// By what was agreed for the second.
	table := [ownWindow + 1]byte{isOutside, in, isMaintenance, isMaintenance, ownWindow: isMaintenance}
	if class == down {
		table = [ownWindow + 1]byte{isOutsideDown, in, isMaintenanceDown, isMaintenanceDown, ownWindow: isMaintenanceDown}
	}
	for i := range table {
		switch {
		case out:
			table[i] = isOut
		case rule < 0 && class == down:
			table[i] = isUnagreedDown
		case rule < 0:
			table[i] = isUnagreed
		}
	}
	seconds := b.class[from-b.w.from : to-b.w.from]
	for i, agreed := range b.base[from-b.w.from : to-b.w.from] {
		seconds[i] = table[agreed]
	}
	if out || b.open < 0 {
		return
	}
	o := &b.outages[len(b.outages)-1]
	if class != down {
		o.unseen += to - from
		return
	}
	o.raw += to - from
	o.charged += count(seconds, isCharged)
	o.dependency += count(seconds, isExcused)
	o.maintenance += count(seconds, isMaintenanceDown)
	o.hours += count(seconds, isOutsideDown)
}

// bruteSums of a time.
type bruteSums struct{ agreed, charged, unobserved, excluded, raw, maintenance, slow int64 }

// sums of the seconds from one moment to another.
func (b *brute) sums(from, to int64) bruteSums {
	class := b.class[from-b.w.from : to-b.w.from]
	var counts [classes]int64
	var all int64
	for c := range classes {
		counts[c] = count(class, c)
		all += counts[c]
	}
	if all != to-from {
		panic("a second is in no class")
	}
	return bruteSums{
		agreed:  all - counts[isOut] - counts[isUnagreed] - counts[isUnagreedDown] - counts[isOutside] - counts[isOutsideDown],
		charged: counts[isCharged], unobserved: counts[isUnobserved],
		excluded:    counts[isExcused] + counts[isOutsideDown] + counts[isMaintenanceDown],
		raw:         counts[isCharged] + counts[isExcused] + counts[isOutsideDown] + counts[isMaintenanceDown] + counts[isUnagreedDown],
		maintenance: counts[isMaintenance] + counts[isMaintenanceDown],
		slow:        counts[isSlow],
	}
}

// before returns what is known of a time before the account began: nobody
// observed it.
func (b *brute) before(from, to int64) bruteSums {
	var s bruteSums
	if b.w.project {
		return s
	}
	for from < to {
		name, rule := b.ruleAt(from)
		if rule < 0 {
			return s
		}
		next := to
		if r := b.levels[name].revised; r > from && r < to {
			next = r
		}
		a := b.almanacs[rule]
		s.agreed += a.between(a.hours, from, next)
		s.maintenance += a.between(a.patched, from, next)
		from = next
	}
	s.unobserved = s.agreed - s.maintenance
	return s
}

func (s bruteSums) plus(t bruteSums) bruteSums {
	return bruteSums{
		s.agreed + t.agreed, s.charged + t.charged, s.unobserved + t.unobserved, s.excluded + t.excluded,
		s.raw + t.raw, s.maintenance + t.maintenance, s.slow + t.slow,
	}
}

// month that holds a moment.
func month(moment int64) (from, to int64) {
	t := time.Unix(moment, 0).In(calendar.Location())
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, calendar.Location())
	return first.Unix(), first.AddDate(0, 1, 0).Unix()
}
