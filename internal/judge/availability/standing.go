// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// state of an agreement in a period.
type result struct {
	result       v1alpha1.ServiceLevelResult
	availability v1alpha1.Percentage
	objective    v1alpha1.Percentage
	budget       Budget
	// agreed seconds of the whole period.
	agreed int64
	low    bool
}

// standing is how the agreement stands by what is counted, under the revision of
// a moment.
func (b *book) standing(moment int64) result {
	c := b.record.Current
	var s result
	for i := range c.Segments {
		seg := &c.Segments[i]
		s.agreed += seg.Agreed
		if exact, err := BudgetOf(seg.Objective, seg.Agreed); err == nil {
			s.budget += exact
		} else {
			s.budget += Budget(seg.Budget * unit)
		}
		if i == 0 {
			s.objective = seg.Objective
		} else if s.objective != seg.Objective && seg.Agreed > 0 {
			s.objective = ""
		}
	}
	a := &c.Accumulators
	if observed := a.Agreed - a.Unobserved; observed > 0 {
		s.availability = ratio(max(observed-a.Charged, 0), observed).percentage()
	}
	r := b.revision(moment)
	switch {
	case s.agreed == 0 || r == nil:
	case Budget(a.Charged)*unit > s.budget:
		s.result = v1alpha1.ResultBreached
	case a.Agreed > 0 && ratio(max(a.Agreed-a.Unobserved, 0), a.Agreed) < r.coverage:
		s.result = v1alpha1.ResultInsufficientData
	default:
		s.result = v1alpha1.ResultMet
	}
	s.low = s.agreed > 0 && r != nil && Budget(a.Charged)*unit*10 > s.budget*9
	return s
}

// conclude writes into the account how the agreement stands.
func (b *book) conclude() result {
	s := b.standing(b.now)
	c := b.record.Current
	c.Objective, c.Availability, c.Result = s.objective, s.availability, s.result
	c.Budget = s.budget.Seconds()
	c.BudgetLeft = c.Budget - c.Accumulators.Charged
	if s.agreed == 0 {
		c.BudgetLeft = 0
	}
	return s
}

// summary of an account for the status of its Application; nil without an
// agreement.
func summary(c *v1alpha1.CurrentAccount) *v1alpha1.ServiceLevelSummary {
	if c == nil || c.Result == "" {
		return nil
	}
	var agreed int64
	for i := range c.Segments {
		agreed += c.Segments[i].Agreed
	}
	return &v1alpha1.ServiceLevelSummary{
		Period: c.Period, AsOf: c.Accumulators.AsOf, AgreedSeconds: agreed,
		ChargedSeconds: c.Accumulators.Charged, UnobservedSeconds: c.Accumulators.Unobserved,
		BudgetSeconds: c.Budget, BudgetLeftSeconds: c.BudgetLeft,
		Objective: c.Objective, Availability: c.Availability, Result: c.Result,
	}
}

// explain gives the reason and the message of the condition ServiceLevelMet.
func explain(record *v1alpha1.AvailabilityRecord) (reason, message string) {
	c := record.Current
	switch {
	case c.State == v1alpha1.IndicatorNotInService:
		return v1alpha1.ReasonNotCounted, "it is not in service, so nothing is counted"
	case c.Result == "":
		return v1alpha1.ReasonNothingAgreed, "no time is agreed in " + c.Period
	}
	left := fmt.Sprintf("%s of %s budget left", span(c.BudgetLeft), span(c.Budget))
	if c.BudgetLeft < 0 {
		left = fmt.Sprintf("the budget of %s is exceeded by %s", span(c.Budget), span(-c.BudgetLeft))
	}
	had := "nothing was observed in " + c.Period
	if c.Availability != "" {
		had = fmt.Sprintf("%s %% in %s", c.Availability, c.Period)
		if c.Objective != "" {
			had = fmt.Sprintf("%s %% of %s %% agreed in %s", c.Availability, c.Objective, c.Period)
		}
	}
	if c.Result == v1alpha1.ResultInsufficientData {
		if record.HistoryLostAt != nil && !record.HistoryLostAt.Before(&c.StartAt) {
			return v1alpha1.ReasonHistoryLost, "the account was lost, so what was before is not known; " + had
		}
		return string(c.Result), fmt.Sprintf("%s, but %s of it was not observed", had, span(c.Accumulators.Unobserved))
	}
	return string(c.Result), had + "; " + left
}

// span writes seconds as people read them.
func span(seconds int64) string { return (time.Duration(seconds) * time.Second).String() }
