// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// clock says of a span what time it is by the terms of a revision and the
// windows of the Application: each span of it is found once, and seconds are
// then counted from one moment to the next.
type clock struct {
	hours, maintenance, net counter
	// windows by name: the time in maintenance that is the first one's.
	windows []namedCounter
}

type namedCounter struct {
	name string
	counter
}

// newClock reads terms over a span.
func newClock(t *terms, own seenWindows, span calendar.Span) *clock {
	hours := t.hours.Spans(span)
	c := &clock{hours: counter{spans: hours}}
	var taken calendar.Spans
	if len(hours) > 0 && (t.windows || own.maintenance != nil) {
		for _, w := range slices.Concat(t.maintenance.Within(span), own.within(span)) {
			if spans := w.Spans.Intersect(hours).Subtract(taken); len(spans) > 0 {
				taken = taken.Union(spans)
				c.windows = append(c.windows, namedCounter{w.Name, counter{spans: spans}})
			}
		}
	}
	c.maintenance.spans = taken
	c.net.spans = hours
	if len(taken) > 0 {
		c.net.spans = hours.Subtract(taken)
	}
	return c
}

// counter counts seconds of spans, from one moment to the next.
type counter struct {
	spans calendar.Spans
	// next span, all before which end no later than at.
	next int
	at   int64
}

// seconds of the spans from one moment to another, which is no earlier than
// that. It is cheap if moments never go back.
func (c *counter) seconds(from, to int64) int64 {
	if from < c.at {
		c.next = 0
	}
	c.at = from
	for c.next < len(c.spans) && c.spans[c.next].To <= from {
		c.next++
	}
	var sum int64
	for i := c.next; i < len(c.spans) && c.spans[i].From < to; i++ {
		sum += min(c.spans[i].To, to) - max(c.spans[i].From, from)
	}
	return sum
}

// seenWindows are the maintenance windows of an Application, ready to be asked.
type seenWindows struct {
	maintenance *calendar.Maintenance
	seen        []v1alpha1.SeenWindow
}

func newSeenWindows(seen []v1alpha1.SeenWindow) seenWindows {
	if len(seen) == 0 {
		return seenWindows{}
	}
	windows := make([]v1alpha1.MaintenanceWindow, len(seen))
	for i := range seen {
		windows[i] = seen[i].Window
	}
	// A window that cannot be used is told of where it is declared.
	maintenance, _ := calendar.NewMaintenance(windows)
	return seenWindows{maintenance, seen}
}

// within returns the time of each window within the span, as far as it was
// known by then.
func (w seenWindows) within(span calendar.Span) []calendar.Named {
	named := w.maintenance.Within(span)
	for i := range named {
		for j := range w.seen {
			if string(w.seen[j].Window.Name) == named[i].Name {
				named[i].Spans = named[i].Spans.Clip(calendar.Span{From: w.seen[j].SeenAt.Unix(), To: never})
				break
			}
		}
	}
	return named
}

// maxWindows of an Application that are kept.
const maxWindows = 16

// see returns the windows as they are known from now on, and whether that is
// anything new. Of a window that is as it was it stays known since when it was.
// One that cannot be used never takes place, so it is not kept: it is told of
// where it is declared.
func see(known []v1alpha1.SeenWindow, declared []v1alpha1.MaintenanceWindow, now int64) ([]v1alpha1.SeenWindow, bool) {
	declared = declared[:min(len(declared), maxWindows)]
	var seen []v1alpha1.SeenWindow
	var changed bool
	for i := range declared {
		w := declared[i]
		w.Reason = ""
		next := v1alpha1.SeenWindow{SeenAt: stamp(now), Window: w}
		j := slices.IndexFunc(known, func(k v1alpha1.SeenWindow) bool { return k.Window == w })
		switch {
		case j >= 0:
			next.SeenAt = known[j].SeenAt
		case usable(w):
			changed = true
		default:
			continue
		}
		seen = append(seen, next)
	}
	if !changed && len(seen) == len(known) {
		return known, false
	}
	return seen, true
}

// usable reports whether a window can take place.
func usable(w v1alpha1.MaintenanceWindow) bool {
	_, errs := calendar.NewMaintenance([]v1alpha1.MaintenanceWindow{w})
	return len(errs) == 0
}
