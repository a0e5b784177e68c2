// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// Text is the report as a person reads it. Moments are in the agreement's time
// zone.
func (r *Report) Text() string {
	zone := location(r.TimeZone)
	t := &text.Table{}
	r.head(t, zone)
	t.Row("")
	r.figures(t, zone)
	blocks := []string{t.String()}
	if r.Current != nil && r.Current.OpenOutage != nil {
		blocks = append(blocks, "Outage that lasts\n"+r.outages([]v1alpha1.Outage{*r.Current.OpenOutage}, zone))
	}
	if len(r.Outages) > 0 {
		blocks = append(blocks, fmt.Sprintf("Outages of %s that are over, newest first\n", r.Period.Name)+r.outages(r.Outages, zone))
	}
	if len(r.Past) > 0 {
		blocks = append(blocks, "Periods that are over\n"+periods(r.Past))
	}
	if notes := r.notes(zone); notes != "" {
		blocks = append(blocks, notes)
	}
	return strings.Join(blocks, "\n")
}

// head says whose account it is, what was agreed, and how it stands.
func (r *Report) head(t *text.Table, zone *time.Location) {
	name := r.Namespace + "/" + r.Name
	if r.Title != "" {
		name += " (" + r.Title + ")"
	}
	t.Row("Application", name)
	if a := r.Agreement; a == nil {
		t.Row("Agreement", "none")
	} else {
		title := a.Name
		if a.Title != "" {
			title += " (" + a.Title + ")"
		}
		if a.Terms == nil {
			t.Row("Agreement", title)
		} else {
			t.Row("Agreement", fmt.Sprintf("%s: %s %% %s", title, a.Terms.Availability.Objective, window(a.Terms.Availability.Window)))
			t.Row("Service hours", fmt.Sprintf("%s (%s)", Hours(a.Terms.ServiceHours), r.TimeZone))
		}
		if a.Terms != nil && a.Terms.Recovery != nil {
			t.Row("Recovery", "an outage may last "+string(a.Terms.Recovery.MaxOutage))
		}
	}
	t.Row("Period", r.Period.Name+r.bounds(zone))
	if c := r.Current; c != nil {
		t.Row("State", fmt.Sprintf("%s since %s", c.State, text.Moment(&c.Since, zone)))
	}
}

// bounds says from when to when the period is.
func (r *Report) bounds(zone *time.Location) string {
	p := &r.Period
	switch {
	case p.Running:
		return fmt.Sprintf(", since %s, running", text.Moment(p.StartAt, zone))
	case p.StartAt != nil && p.EndAt != nil:
		return fmt.Sprintf(", %s to %s", text.Moment(p.StartAt, zone), text.Moment(p.EndAt, zone))
	default:
		return ""
	}
}

// figures are the sums of the period.
func (r *Report) figures(t *text.Table, zone *time.Location) {
	p := &r.Period
	if p.AsOf != nil {
		t.Row("As of", text.Moment(p.AsOf, zone)+", "+r.basis())
		if why := r.Current.NotAdvanced; why != "" {
			t.Note(why)
		}
		if pending := r.pending(); pending != "" {
			t.Note(pending)
		}
	}
	result := string(p.Result)
	if result == "" {
		result = "none"
	}
	t.Row("Result", result+": "+p.Why)
	if p.RecoveryBreaches > 0 {
		t.Note(fmt.Sprintf("%s longer than was agreed", count(int64(p.RecoveryBreaches), "outage lasted", "outages lasted")))
	}
	availability := "-"
	if p.Availability != "" {
		availability = string(p.Availability) + " %"
	}
	t.Row("Availability", availability)
	if len(p.Segments) > 1 {
		t.Note("the agreement changed in the period:")
		for i := range p.Segments {
			t.Note("  " + segment(&p.Segments[i], zone))
		}
	}
	if r.Agreement != nil {
		t.Row("Budget", fmt.Sprintf("%s of %s agreed", Seconds(p.Budget), Seconds(p.AgreedWhole)))
		t.Row("Left", left(p.BudgetLeft, p.Budget))
	}
	agreed := Seconds(p.Agreed)
	if p.Running {
		agreed += " so far"
	}
	t.Row("Agreed", agreed)
	t.Row("Charged", Seconds(p.Charged))
	t.Row("Unobserved", Seconds(p.Unobserved))
	t.Row("Maintenance", Seconds(p.Maintenance)+" of the agreed time")
	t.Row("Excluded", Seconds(p.Excluded)+" of outage that are not charged")
	if p.Slow > 0 {
		t.Row("Slow", Seconds(p.Slow))
	}
	t.Row("Outages", tally(p))
}

// basis says what the moment is up to which seconds are counted.
func (r *Report) basis() string {
	asOf, c := r.Period.AsOf.Unix(), r.Current
	switch {
	case asOf == c.WrittenAt.Unix():
		return "when the account was written last"
	case asOf == c.RecordedAt.Unix():
		return "the last heartbeat of the operator"
	default:
		return "the first of failures that are not an outage yet"
	}
}

// pending says what becomes of the time that is not in the figures yet; empty if
// they hold all that the operator has recorded.
func (r *Report) pending() string {
	c := r.Current
	if c.NotInFigures == 0 || c.RecordedAt != nil || c.State == v1alpha1.IndicatorNotInService {
		return ""
	}
	span := "since then"
	if c.Ended != nil {
		span = "from then to the end of the period"
	}
	words := fmt.Sprintf("not in these figures: %s %s, %s", Seconds(c.NotInFigures), span, c.State)
	if r.Agreement == nil || r.Agreement.Terms == nil {
		return words
	}
	words += fmt.Sprintf(", %s of it in service hours", Seconds(c.ServiceNotInFigures))
	switch {
	case c.ServiceNotInFigures == 0:
		return words
	case c.State == v1alpha1.IndicatorDown:
		return words + ", which will be charged as far as nothing excuses it; should the budget be used up, that is written at once"
	case c.State == v1alpha1.IndicatorUnobserved:
		return words + ", which will count as unobserved"
	default:
		return words
	}
}

// tally counts the outages of a period.
func tally(p *Period) string {
	if p.Outages == 0 {
		return "none"
	}
	s := fmt.Sprintf("%d, down for %s, the longest charged with %s", p.Outages, Seconds(p.Raw), Seconds(p.Longest))
	if p.MTTR != nil {
		s += ", MTTR " + Seconds(*p.MTTR)
	}
	if p.MTBF != nil {
		s += ", MTBF " + Seconds(*p.MTBF)
	}
	return s
}

func segment(s *v1alpha1.AccountSegment, zone *time.Location) string {
	from := text.Moment(&s.From, zone)
	if s.ServiceLevel == "" {
		return "from " + from + " without an agreement"
	}
	return fmt.Sprintf("from %s %s, generation %d: %s of %s agreed", from, s.ServiceLevel, s.Generation, Seconds(s.Budget), Seconds(s.Agreed))
}

// outages is the table of outages.
func (r *Report) outages(list []v1alpha1.Outage, zone *time.Location) string {
	t := &text.Table{}
	t.Row("START", "END", "DURATION", "CHARGED", "CHECK", "CAUSE")
	for i := range list {
		o := &list[i]
		end, duration := "-", "-"
		if o.EndAt == nil && r.Current != nil {
			duration = Seconds(r.Period.AsOf.Unix()+r.Current.NotInFigures-o.StartAt.Unix()) + " so far"
		}
		if o.EndAt != nil {
			end, duration = text.Moment(o.EndAt, zone), Seconds(o.EndAt.Unix()-o.StartAt.Unix())
		}
		charged := Seconds(o.ChargedSeconds)
		if o.Charged != nil && !*o.Charged {
			charged = "no"
		}
		t.Row(text.Moment(&o.StartAt, zone), end, duration, charged, o.Check, cause(o.Cause))
		if start := r.Period.StartAt; start != nil && o.StartAt.Before(start) {
			t.Note("began before the period; these are the figures of the whole outage")
		}
		if o.Charged != nil && !*o.Charged {
			t.Note("outside of what the agreement is about, so it counts against nothing")
		}
		for _, e := range o.Exclusions {
			t.Note("less " + exclusion(e))
		}
		if o.UnobservedSeconds > 0 {
			t.Note("less " + Seconds(o.UnobservedSeconds) + " that nobody observed")
		}
		if o.RecoveryBreached {
			t.Note("longer than was agreed for one outage")
		}
		if o.EndReason != "" {
			t.Note(ended(o.EndReason))
		}
	}
	return t.String()
}

// periods is the table of periods that are over.
func periods(list []v1alpha1.AccountPeriod) string {
	t := &text.Table{}
	t.Row("PERIOD", "AGREEMENT", "OBJECTIVE", "AVAILABILITY", "RESULT", "CHARGED", "BUDGET", "UNOBSERVED", "OUTAGES", "MTTR", "MTBF")
	for i := range list {
		p := &list[i]
		t.Row(p.Period, text.OrDash(string(p.ServiceLevel)), text.OrDash(string(p.Objective)), text.OrDash(string(p.Availability)), text.OrDash(string(p.Result)),
			Seconds(p.Charged), Seconds(p.Budget), Seconds(p.Unobserved), strconv.Itoa(int(p.Outages)), secondsOrDash(p.MTTR), secondsOrDash(p.MTBF))
	}
	return t.String()
}

// notes are what else a reader has to know, a line each.
func (r *Report) notes(zone *time.Location) string {
	var lines []string
	if r.HistoryLostAt != nil {
		lines = append(lines, fmt.Sprintf("The account was lost and begun anew at %s: what was before is not known.", text.Moment(r.HistoryLostAt, zone)))
	}
	if r.Dropped > 0 {
		lines = append(lines, fmt.Sprintf("%s no longer listed; the sums hold them.", count(r.Dropped, "older outage is", "older outages are")))
	}
	lines = append(lines, r.Notes...)
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func secondsOrDash(n *int64) string {
	if n == nil {
		return "-"
	}
	return Seconds(*n)
}
