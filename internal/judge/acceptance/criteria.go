// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// required says whether the handover waits for a criterion.
func required(c *v1alpha1.HandoverCriterion) bool { return c.Required == nil || *c.Required }

// readCriteria notes the required criteria that are open: those of the spec, or
// those of the policy where it has none. What fulfils one is said in the spec
// alone, for a policy cannot fulfil anything for a handover.
func (j *judgement) readCriteria() {
	if len(j.spec.Criteria) > 0 || j.Policy == nil {
		for i := range j.spec.Criteria {
			if c := &j.spec.Criteria[i]; required(c) && !j.fulfilled(c) {
				j.open = append(j.open, openItem(v1alpha1.MissingCriterion, i, c))
			}
		}
		return
	}
	for i := range j.Policy.DefaultCriteria {
		if c := &j.Policy.DefaultCriteria[i]; required(c) {
			j.open = append(j.open, v1alpha1.MissingItem{
				Reason: v1alpha1.MissingCriterion, Field: "spec.criteria",
				Message: shorten(fmt.Sprintf("criterion %s of the GovernancePolicy is open: the project lead writes its criteria into spec.criteria, each with its fulfilledOn: %s",
					c.Name, printable(c.Description)), maxText),
			})
		}
	}
}

// fulfilled reports whether a criterion was fulfilled: on a day that has begun.
func (j *judgement) fulfilled(c *v1alpha1.HandoverCriterion) bool {
	day, err := calendar.StartOfDay(string(c.FulfilledOn))
	if err != nil {
		return false
	}
	j.until(day)
	return !day.After(j.Now)
}

// openItem says that a criterion of the spec is open.
func openItem(reason string, index int, c *v1alpha1.HandoverCriterion) v1alpha1.MissingItem {
	what := "the project lead has it fulfilled, and writes the day"
	switch _, err := calendar.StartOfDay(string(c.FulfilledOn)); {
	case c.FulfilledOn == "":
	case err != nil:
		what = fmt.Sprintf("its day %q is none of the calendar: the project lead writes the day on which it was fulfilled", shorten(string(c.FulfilledOn), 32))
	default:
		what = fmt.Sprintf("it counts from %s on, the day that is written", c.FulfilledOn)
	}
	return v1alpha1.MissingItem{
		Reason: reason, Field: fmt.Sprintf("spec.criteria[%d].fulfilledOn", index),
		Message: shorten(fmt.Sprintf("criterion %s is open; %s: %s", c.Name, what, printable(c.Description)), maxText),
	}
}
