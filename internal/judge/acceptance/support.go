// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// Fields of early-life support.
const (
	fieldDuration = "spec.earlyLifeSupport.duration"
	fieldMinimum  = "spec.earlyLifeSupport.minimumAvailability"
)

// readSupport notes what of early-life support cannot be used, as long as it can
// be mended.
func (j *judgement) readSupport() {
	declared := j.spec.EarlyLifeSupport
	if declared == nil {
		return
	}
	if _, bad := lengthOf(fieldDuration, declared.Duration); bad != nil {
		j.broken = append(j.broken, *bad)
	}
	if bad := badMinimum(declared.MinimumAvailability); bad != nil {
		j.broken = append(j.broken, *bad)
	}
}

// badMinimum says that an availability cannot be used; nil if it can.
func badMinimum(p v1alpha1.Percentage) *v1alpha1.MissingItem {
	if p == "" {
		return nil
	}
	if _, err := availability.BudgetOf(p, 1); err == nil {
		return nil
	}
	return &v1alpha1.MissingItem{
		Reason: v1alpha1.ReasonInvalidSpec, Field: fieldMinimum,
		Message: fmt.Sprintf("%q is no percentage, such as 99.5: whoever prepares the handover writes one", shorten(string(p), 32)),
	}
}

// support judges early-life support that began at a moment. It ends by itself
// when its time is over, the availability is what it should be, and no criterion
// of the spec is open.
func (j *judgement) support(began time.Time) {
	v := &j.verdict
	ends, hold := j.ends(began)
	lowest, unobserved := j.lowest()
	if v.EarlyLifeSupport == nil {
		v.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{}
	}
	v.EarlyLifeSupport.StartedAt, v.EarlyLifeSupport.EndsAt = *shown(began), *shown(ends)
	v.EarlyLifeSupport.Availability, v.EarlyLifeSupport.Worst = "", ""
	if lowest != nil {
		v.EarlyLifeSupport.Availability, v.EarlyLifeSupport.Worst = lowest.Availability.percentage(), lowest.Name
	}
	j.until(v.EarlyLifeSupport.EndsAt.Time)
	over := !v.EarlyLifeSupport.EndsAt.After(j.Now)
	if low := j.tooLow(lowest, unobserved, over); low != nil {
		hold = append(hold, *low)
	}
	for i := range j.spec.Criteria {
		c := &j.spec.Criteria[i]
		if j.fulfilled(c) {
			continue
		}
		reason := v1alpha1.MissingOpenCriterion
		if required(c) {
			reason = v1alpha1.MissingCriterion
		}
		hold = append(hold, openItem(reason, i, c))
	}
	if over && len(hold) == 0 {
		v.Stage, v.Next = v1alpha1.HandoverCompleted, time.Time{}
		return
	}
	v.Stage, v.Missing = v1alpha1.HandoverEarlyLifeSupport, bounded(hold)
}

// ends is the first moment at which early-life support can end, and what keeps
// it from ending if that cannot be said.
func (j *judgement) ends(began time.Time) (time.Time, []v1alpha1.MissingItem) {
	recorded := began
	if told := j.told.EarlyLifeSupport; told != nil && !told.EndsAt.IsZero() {
		recorded = told.EndsAt.Time
	}
	declared := j.spec.EarlyLifeSupport
	if declared == nil {
		return recorded, nil
	}
	length, bad := lengthOf(fieldDuration, declared.Duration)
	if bad != nil {
		return recorded, []v1alpha1.MissingItem{*bad}
	}
	return began.Add(length), nil
}

// lowest returns the Application with the lowest availability, and those of
// which nothing was observed.
func (j *judgement) lowest() (lowest *Application, unobserved []string) {
	for i := range j.Applications {
		app := &j.Applications[i]
		switch a := app.Availability; {
		case a == nil || a.Observed <= 0:
			unobserved = append(unobserved, app.Name)
		case lowest == nil || a.units() < lowest.Availability.units():
			lowest = app
		}
	}
	return lowest, unobserved
}

// tooLow says that the availability is not what it should be; nil if it is, or
// nothing was agreed. That nothing was observed matters when the time is over.
func (j *judgement) tooLow(lowest *Application, unobserved []string, over bool) *v1alpha1.MissingItem {
	if j.spec.EarlyLifeSupport == nil || j.spec.EarlyLifeSupport.MinimumAvailability == "" {
		return nil
	}
	minimum := j.spec.EarlyLifeSupport.MinimumAvailability
	if bad := badMinimum(minimum); bad != nil {
		return bad
	}
	item := &v1alpha1.MissingItem{Reason: v1alpha1.MissingAvailability}
	switch {
	case lowest != nil && !lowest.Availability.meets(minimum):
		item.Message = fmt.Sprintf("%s was available for %s %% of the time that was observed, and %s %% are agreed: operations and project mend what makes it fail; early-life support goes on until it is reached",
			lowest.Name, lowest.Availability.percentage(), minimum)
		if wait, ok := lowest.Availability.recovers(minimum); ok {
			j.until(j.Now.Add(wait))
		}
	case len(unobserved) > 0 && over:
		item.Message = shorten(fmt.Sprintf("%s %% availability are agreed, and nothing was observed of %s: whoever runs it declares what is to be looked at; early-life support goes on until that shows it",
			minimum, strings.Join(unobserved, ", ")), maxText)
	case len(j.Applications) == 0:
		item.Message = fmt.Sprintf("%s %% availability are agreed, and there is no Application that could show it", minimum)
	default:
		return nil
	}
	return item
}

// hundred is 100 % in units of 10⁻⁵ %.
const hundred = 100_00000

// maxSeconds bounds what is counted, so that its product with hundred fits.
const maxSeconds = 900_000_000_000

// spans are the observed seconds and those out, within sane bounds.
func (a *Availability) spans() (observed, out int64) {
	observed = min(a.Observed, maxSeconds)
	return observed, min(max(a.Out, 0), observed)
}

// units of 10⁻⁵ %, rounded down.
func (a *Availability) units() int64 {
	observed, out := a.spans()
	return (observed - out) * hundred / observed
}

// percentage is rounded down, so that it never looks better than it is.
func (a *Availability) percentage() v1alpha1.Percentage {
	const decimals = 100000
	u := a.units()
	text := fmt.Sprintf("%d.%05d", u/decimals, u%decimals)
	return v1alpha1.Percentage(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// meets reports whether it is at least a minimum that can be read.
func (a *Availability) meets(minimum v1alpha1.Percentage) bool {
	observed, out := a.spans()
	allowed, err := availability.BudgetOf(minimum, observed)
	return err == nil && out <= allowed.Seconds()
}

// recovers is how long it takes at least until a minimum is met, and whether it
// ever can be. It is at least a minute, so that nobody looks every second while
// it gets worse.
func (a *Availability) recovers(minimum v1alpha1.Percentage) (time.Duration, bool) {
	observed, out := a.spans()
	perSecond, err := availability.BudgetOf(minimum, 1)
	if err != nil || perSecond <= 0 {
		return 0, false
	}
	wanted := (out*hundred + int64(perSecond) - 1) / int64(perSecond)
	const century = 100 * 365 * 24 * 3600
	if wanted-observed > century {
		return 0, false
	}
	return max(time.Duration(wanted-observed)*time.Second, time.Minute), true
}
