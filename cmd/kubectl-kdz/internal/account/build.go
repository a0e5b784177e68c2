// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Given is what a report is made of. Nothing in it is changed.
type Given struct {
	// Record is the account.
	Record *v1alpha1.AvailabilityRecord
	// Application of the same name; nil if there is none any more.
	Application *v1alpha1.Application
	// Levels that could be read, by name.
	Levels map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel
	// Recorded is what the operator has recorded of all accounts.
	Recorded Recorded
	// Period that is asked for; empty means the one that runs, or the latest if
	// none does.
	Period string
	// Now is the present moment.
	Now time.Time
}

// Levels names the ServiceLevels on which a report rests.
func Levels(record *v1alpha1.AvailabilityRecord) []v1alpha1.ObjectName {
	seen := map[v1alpha1.ObjectName]bool{"": true}
	var names []v1alpha1.ObjectName
	add := func(name v1alpha1.ObjectName) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if record.Current != nil {
		for i := range record.Current.Segments {
			add(record.Current.Segments[i].ServiceLevel)
		}
	}
	for i := range record.Periods {
		add(record.Periods[i].ServiceLevel)
	}
	return names
}

// Build makes the report of a period. It is an error if the account has no such
// period; the error names those that it has.
func Build(g Given) (*Report, error) {
	r := &Report{
		Namespace: g.Record.Namespace, Name: g.Record.Name,
		Dropped: g.Record.Dropped, HistoryLostAt: g.Record.HistoryLostAt,
		TimeZone: calendar.Zone,
	}
	written := g.Record.Current
	var recorded *metav1.Time
	var why string
	if g.Application != nil {
		r.Title = Text(g.Application.Spec.DisplayName)
		g.Record, recorded, why = g.Recorded.advance(g.Record, agreementsOf(g.Levels))
	} else {
		r.Notes = append(r.Notes, "The Application does not exist any more; its account does.")
	}
	current := g.Record.Current
	switch {
	case current != nil && (g.Period == "" || g.Period == current.Period):
		r.running(g)
		r.Current.WrittenAt, r.Current.RecordedAt, r.Current.NotAdvanced = written.Accumulators.AsOf, recorded, why
		if recorded != nil {
			r.note(g.Recorded.Silence(g.Now))
		}
	case g.Period == "" && len(g.Record.Periods) > 0:
		r.Notes = append(r.Notes, "No period runs; this is the latest that is over.")
		r.over(g, &g.Record.Periods[0])
	default:
		past := find(g.Record.Periods, g.Period)
		if past == nil {
			return nil, unknownPeriod(g)
		}
		r.over(g, past)
	}
	return r, nil
}

// note adds a note; none if it is empty.
func (r *Report) note(text string) {
	if text != "" {
		r.Notes = append(r.Notes, text)
	}
}

func find(periods []v1alpha1.AccountPeriod, name string) *v1alpha1.AccountPeriod {
	for i := range periods {
		if periods[i].Period == name {
			return &periods[i]
		}
	}
	return nil
}

func unknownPeriod(g Given) error {
	var names []string
	if g.Record.Current != nil {
		names = append(names, g.Record.Current.Period+" (running)")
	}
	for i := range g.Record.Periods {
		names = append(names, g.Record.Periods[i].Period)
	}
	whose := g.Record.Namespace + "/" + g.Record.Name
	if len(names) == 0 {
		return fmt.Errorf("the account of %s has no period yet", whose)
	}
	return fmt.Errorf("the account of %s has no period %q; it has %s", whose, g.Period, strings.Join(names, ", "))
}

// running fills in the period that runs.
func (r *Report) running(g Given) {
	c := g.Record.Current
	a := &c.Accumulators
	r.Period = Period{
		Name: c.Period, Running: true, StartAt: &c.StartAt, AsOf: &a.AsOf, Segments: c.Segments,
		Objective: c.Objective, Availability: c.Availability,
		Agreed: a.Agreed, Charged: a.Charged, Unobserved: a.Unobserved, Maintenance: a.Maintenance,
		Excluded: a.Excluded, Raw: a.Raw, Slow: a.Slow, Longest: a.Longest,
		Budget: c.Budget, BudgetLeft: c.BudgetLeft, Outages: a.Outages, RecoveryBreaches: a.RecoveryBreaches,
		Result: c.Result,
	}
	var last v1alpha1.AccountSegment
	for i := range c.Segments {
		r.Period.AgreedWhole += c.Segments[i].Agreed
		last = c.Segments[i]
	}
	r.agree(g, last.ServiceLevel, last.Generation, a.AsOf.Time)
	r.Current = &Current{State: c.State, Since: c.Since, OpenOutage: c.OpenOutage}
	r.since(a.AsOf.Unix(), g.Now.Unix())
	r.Past = g.Record.Periods
	r.Outages = within(g.Record.Outages, c.StartAt.Time, time.Time{})
	r.Period.Why = why(&r.Period, r.Agreement)
	if r.Period.Result == "" {
		r.Period.Why = whyNone(g.Application, r.Period.Why)
	}
	if g.Application == nil {
		return
	}
	if ref := g.Application.Spec.ServiceLevelRef; ref != nil && ref.Name != last.ServiceLevel {
		r.Notes = append(r.Notes, fmt.Sprintf("The Application refers to ServiceLevel %s, by which nothing is counted yet.", ref.Name))
	}
}

// since fills in what has passed since the account was written. A period that
// ended meanwhile is booked by the operator later.
func (r *Report) since(asOf, now int64) {
	terms, known := &v1alpha1.ServiceLevelTerms{}, false
	if r.Agreement != nil && r.Agreement.Terms != nil {
		terms, known = r.Agreement.Terms, true
	}
	if kind := terms.Availability.Window.Calendar; kind != "" {
		p := calendar.PeriodAt(kind, location(r.TimeZone), r.Period.StartAt.Unix())
		if p.Name == r.Period.Name && now >= p.Span.To {
			end := metav1.Unix(p.Span.To, 0)
			r.Current.Ended, now = &end, p.Span.To
			r.Notes = append(r.Notes, "By the calendar this period is over. The operator books it within six hours of its end; if that has passed, does it run?")
		}
	}
	if now <= asOf {
		return
	}
	r.Current.NotInFigures = now - asOf
	if hours, err := calendar.NewHours(terms.ServiceHours); err == nil && known {
		r.Current.ServiceNotInFigures = hours.Seconds(calendar.Span{From: asOf, To: now})
	}
}

// over fills in a period that is over.
func (r *Report) over(g Given, p *v1alpha1.AccountPeriod) {
	r.Period = Period{
		Name: p.Period, StartAt: p.StartAt, EndAt: p.EndAt,
		Objective: p.Objective, Availability: p.Availability,
		AgreedWhole: p.Agreed, Agreed: p.Agreed, Charged: p.Charged, Unobserved: p.Unobserved,
		Maintenance: p.Maintenance, Excluded: p.Excluded, Raw: p.Raw, Slow: p.Slow, Longest: p.Longest,
		Budget: p.Budget, BudgetLeft: p.Budget - p.Charged, Outages: p.Outages, RecoveryBreaches: p.RecoveryBreaches,
		MTTR: p.MTTR, MTBF: p.MTBF, Result: p.Result,
	}
	last := g.Now
	if p.EndAt != nil {
		last = p.EndAt.Add(-time.Second)
	}
	r.agree(g, p.ServiceLevel, 0, last)
	r.Period.Why = why(&r.Period, r.Agreement)
	if p.StartAt == nil || p.EndAt == nil {
		r.Notes = append(r.Notes, "The account does not say when this period began and ended, so its outages cannot be told from others.")
		return
	}
	r.Outages = within(g.Record.Outages, p.StartAt.Time, p.EndAt.Time)
}

// within returns the outages that lie in [from, to) in part at least; a zero to
// means no end.
func within(outages []v1alpha1.Outage, from, to time.Time) []v1alpha1.Outage {
	var some []v1alpha1.Outage
	for _, o := range outages {
		if o.EndAt != nil && !o.EndAt.After(from) || !to.IsZero() && !o.StartAt.Time.Before(to) {
			continue
		}
		some = append(some, o)
	}
	return some
}

// agree fills in the agreement: the revision of the generation or, if that is
// 0, the one that held at the moment.
func (r *Report) agree(g Given, name v1alpha1.ObjectName, generation int64, at time.Time) {
	if name == "" {
		return
	}
	r.Agreement = &Agreement{Name: string(name), Generation: generation}
	level := g.Levels[name]
	if level == nil {
		r.Notes = append(r.Notes, fmt.Sprintf("ServiceLevel %s cannot be read, so its terms are not shown, and moments are in %s.", name, calendar.Zone))
		return
	}
	r.Agreement.Title = Text(level.Spec.DisplayName)
	for i := range level.Status.Revisions {
		rev := &level.Status.Revisions[i]
		if generation == rev.Generation || generation == 0 && !rev.From.After(at) {
			r.Agreement.Terms = &rev.Spec
		}
	}
	if r.Agreement.Terms == nil {
		r.Agreement.Terms = &v1alpha1.ServiceLevelTerms{
			Availability: level.Spec.Availability, ServiceHours: level.Spec.ServiceHours, Maintenance: level.Spec.Maintenance,
			Latency: level.Spec.Latency, Recovery: level.Spec.Recovery,
		}
		if generation != level.Generation {
			r.Notes = append(r.Notes, fmt.Sprintf("ServiceLevel %s no longer knows the revision that held; its present terms are shown.", name))
		}
	}
	r.TimeZone = zoneOf(r.Agreement.Terms.ServiceHours)
}

func zoneOf(h *v1alpha1.ServiceHours) string {
	if h == nil || h.TimeZone == "" {
		return calendar.Zone
	}
	return string(h.TimeZone)
}

// location is the zone of a report, Europe/Berlin if there is no such.
func location(zone string) *time.Location {
	l, err := time.LoadLocation(zone)
	if err != nil {
		return calendar.Location()
	}
	return l
}

// why says in a sentence why a result is what it is.
func why(p *Period, a *Agreement) string {
	switch p.Result {
	case v1alpha1.ResultBreached:
		return fmt.Sprintf("%s charged are %s more than the budget", Seconds(p.Charged), Seconds(p.Charged-p.Budget))
	case v1alpha1.ResultInsufficientData:
		s := Seconds(p.Unobserved) + " of the agreed time were not observed"
		if p.Agreed > 0 {
			s = fmt.Sprintf("only %s %% of the agreed time was observed", percent(p.Agreed-p.Unobserved, p.Agreed))
		}
		if a != nil && a.Terms != nil && a.Terms.Availability.MinimumCoverage != "" {
			s += fmt.Sprintf(", and the agreement asks for %s %%", a.Terms.Availability.MinimumCoverage)
		}
		return s
	case v1alpha1.ResultMet:
		return fmt.Sprintf("%s charged are within the budget", Seconds(p.Charged))
	case "":
		if a == nil {
			return "there is no agreement to keep or break"
		}
		return "no agreed time has been counted"
	default:
		return ""
	}
}

// whyNone prefers what the Application's condition says of why there is no
// result.
func whyNone(app *v1alpha1.Application, otherwise string) string {
	if app == nil {
		return otherwise
	}
	c := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	if c == nil || c.Status != metav1.ConditionUnknown || c.Message == "" {
		return otherwise
	}
	return c.Message
}
