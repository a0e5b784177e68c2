// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"cmp"
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Kinds of what an exclusion rests on.
const (
	exclusionHours       = "ServiceHours"
	exclusionMaintenance = "Maintenance"
	exclusionDependency  = "Dependency"
	exclusionOther       = "Other"
)

// maxExclusions bounds the named exclusions of an outage; what is more is
// Other.
const maxExclusions = 16

// terms are by what a time is counted: the revision that governs it, and the
// windows of the Application itself.
type terms struct {
	level    v1alpha1.ObjectName
	revision *revision
	own      []ownWindow
}

// ownWindow is a window that the Application declares, and from when on it
// counts.
type ownWindow struct {
	seen        int64
	maintenance *calendar.Maintenance
}

// service are the hours of service within a span; none without an agreement.
func (t *terms) service(within calendar.Span) calendar.Spans {
	if t.revision == nil {
		return nil
	}
	return t.revision.hours.Spans(within)
}

// windows are the maintenance windows within a span, by name.
func (t *terms) windows(within calendar.Span) []calendar.Named {
	if t.revision == nil {
		return nil
	}
	named := t.revision.maintenance.Within(within)
	for _, w := range t.own {
		from := max(within.From, w.seen)
		if from < within.To {
			named = append(named, w.maintenance.Within(calendar.Span{From: from, To: within.To})...)
		}
	}
	return named
}

// sum of a time: how many of its seconds are in which class.
type sum struct {
	agreed, charged, unobserved, raw, maintenance, slow int64
}

func (a *sum) add(b sum) {
	a.agreed += b.agreed
	a.charged += b.charged
	a.unobserved += b.unobserved
	a.raw += b.raw
	a.maintenance += b.maintenance
	a.slow += b.slow
}

// counter counts times that one revision governs.
type counter struct {
	terms   terms
	unseen  calendar.Spans
	excuses []Excuse
	now     int64
}

// count puts each second of a stretch in its class. Of an outage it notes what
// was subtracted, and why.
func (c *counter) count(st stretch, outage *v1alpha1.Outage) sum {
	if st.state == v1alpha1.IndicatorNotInService || st.From >= st.To {
		return sum{}
	}
	var n sum
	service := c.terms.service(st.Span)
	n.agreed = service.Seconds()
	unseen := c.unseen.Clip(st.Span)
	if st.state == v1alpha1.IndicatorUnobserved {
		unseen = calendar.Spans{st.Span}
	}
	seen := calendar.Spans{st.Span}.Subtract(unseen)
	if outage != nil {
		outage.UnobservedSeconds += unseen.Seconds()
	}
	windows := c.terms.windows(st.Span)
	var maintained calendar.Spans
	for _, w := range windows {
		maintained = maintained.Union(w.Spans)
	}
	charge := service.Subtract(maintained)
	n.maintenance = n.agreed - charge.Seconds()
	n.unobserved = charge.Intersect(unseen).Seconds()
	switch st.state {
	case v1alpha1.IndicatorSlow:
		n.slow = charge.Intersect(seen).Seconds()
	case v1alpha1.IndicatorDown:
		n.raw = seen.Seconds()
		n.charged = c.charge(seen, service, windows, outage)
	}
	return n
}

// charge subtracts from an outage what was not agreed, and returns the seconds
// that are left.
func (c *counter) charge(down, service calendar.Spans, windows []calendar.Named, outage *v1alpha1.Outage) int64 {
	left := down
	subtract := func(kind, name string, what calendar.Spans) {
		hit := left.Intersect(what)
		if n := hit.Seconds(); n > 0 {
			exclude(outage, kind, name, n)
			left = left.Subtract(hit)
		}
	}
	outside := down.Subtract(service)
	subtract(exclusionHours, string(c.terms.level), outside)
	for _, w := range windows {
		subtract(exclusionMaintenance, w.Name, w.Spans)
	}
	for _, e := range c.excuses {
		to := c.now
		if !e.To.IsZero() {
			to = e.To.Unix()
		}
		if from := e.From.Unix(); from < to {
			subtract(exclusionDependency, e.Name, calendar.Spans{{From: from, To: to}})
		}
	}
	n := left.Seconds()
	outage.RawSeconds += down.Seconds()
	outage.ChargedSeconds += n
	return n
}

// exclude notes what was subtracted from an outage.
func exclude(o *v1alpha1.Outage, kind, name string, seconds int64) {
	for i := range o.Exclusions {
		if e := &o.Exclusions[i]; e.Kind == kind && e.Name == name || e.Kind == exclusionOther && i == maxExclusions {
			e.Seconds += seconds
			return
		}
	}
	if len(o.Exclusions) >= maxExclusions {
		kind, name = exclusionOther, ""
	}
	o.Exclusions = append(o.Exclusions, v1alpha1.Exclusion{Kind: kind, Name: name, Seconds: seconds})
}

// sameWindows says whether declared windows are those that an account knows,
// whatever their reasons and their order.
func sameWindows(known []v1alpha1.SeenWindow, declared []v1alpha1.MaintenanceWindow) bool {
	if len(known) != len(declared) {
		return false
	}
	for i := range declared {
		if findWindow(known, &declared[i]) < 0 {
			return false
		}
	}
	return true
}

// findWindow returns where an account knows a window as it is declared; -1 if it
// does not.
func findWindow(known []v1alpha1.SeenWindow, w *v1alpha1.MaintenanceWindow) int {
	bare := *w
	bare.Reason = ""
	return slices.IndexFunc(known, func(k v1alpha1.SeenWindow) bool { return k.Window == bare })
}

// ownWindows compiles the windows that an account knows.
func ownWindows(known []v1alpha1.SeenWindow) []ownWindow {
	var own []ownWindow
	for i := range known {
		// One that cannot be used is told in the status of the Application.
		m, errs := calendar.NewMaintenance([]v1alpha1.MaintenanceWindow{known[i].Window})
		if len(errs) == 0 {
			own = append(own, ownWindow{seen: known[i].SeenAt.Unix(), maintenance: m})
		}
	}
	slices.SortStableFunc(own, func(a, b ownWindow) int { return cmp.Compare(a.seen, b.seen) })
	return own
}
