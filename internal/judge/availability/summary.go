// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// summary of an account for the status of the Application; nil where nothing is
// agreed or counted.
func (a *account) summary(rec *v1alpha1.AvailabilityRecord) *v1alpha1.ServiceLevelSummary {
	cur := rec.Current
	if cur == nil || cur.State == v1alpha1.IndicatorNotInService || cur.Result == "" {
		return nil
	}
	acc := &cur.Accumulators
	return &v1alpha1.ServiceLevelSummary{
		Period: cur.Period, AsOf: acc.AsOf, AgreedSeconds: whole(cur), ChargedSeconds: acc.Charged,
		UnobservedSeconds: acc.Unobserved, BudgetSeconds: cur.Budget, BudgetLeftSeconds: cur.BudgetLeft,
		Objective: cur.Objective, Availability: cur.Availability, Result: cur.Result,
	}
}

// notCounted says why nothing is counted.
func notCounted(lifecycle v1alpha1.Lifecycle) (reason, message string) {
	switch lifecycle {
	case v1alpha1.LifecyclePlanned:
		message = "it is planned, so nothing is counted yet"
	case v1alpha1.LifecycleRetired:
		message = "it is retired, so nothing is counted any more"
	default:
		message = "it has not answered for the first time; it counts from then on, or 24 hours after it began to operate"
	}
	return v1alpha1.ReasonNotCounted, message
}

// sentences are the reason and the message of the condition ServiceLevelMet.
// Both are empty without an agreement.
func (a *account) sentences(rec *v1alpha1.AvailabilityRecord) (reason, message string) {
	cur := rec.Current
	switch {
	case a.s.Level == "":
		return "", ""
	case cur.State == v1alpha1.IndicatorNotInService:
		return notCounted(a.s.Lifecycle)
	case a.s.Agreements[a.s.Level] == nil:
		return v1alpha1.ReasonNothingAgreed, fmt.Sprintf("ServiceLevel %s does not exist, or was not recorded yet", a.s.Level)
	}
	over := "in " + cur.Period
	if a.rolling() {
		over = "in the last " + cur.Period
	}
	lost := rec.HistoryLostAt != nil && !rec.HistoryLostAt.Before(&cur.StartAt)
	acc := &cur.Accumulators
	switch {
	case cur.Result == "":
		return v1alpha1.ReasonNothingAgreed, "no time is agreed " + over
	case cur.Result == v1alpha1.ResultInsufficientData && lost:
		return v1alpha1.ReasonHistoryLost, fmt.Sprintf("the account was lost and begun anew on %s; what was before is not known", rec.HistoryLostAt.UTC().Format(time.RFC3339))
	case cur.Result == v1alpha1.ResultInsufficientData:
		seen := percentage(share(acc.Agreed-acc.Unobserved, hundred, acc.Agreed))
		return v1alpha1.ReasonInsufficientData, fmt.Sprintf("only %s %% of the agreed time so far %s was observed; at least %s %% is asked for", seen, over, percentage(a.minimum()))
	case cur.Result == v1alpha1.ResultBreached:
		return v1alpha1.ReasonBreached, fmt.Sprintf("%s so far %s; %s more than the budget of %s", achieved(cur), over, length(-cur.BudgetLeft), length(cur.Budget))
	default:
		return v1alpha1.ReasonMet, fmt.Sprintf("%s so far %s; %s of %s budget left", achieved(cur), over, length(cur.BudgetLeft), length(cur.Budget))
	}
}

// achieved compares what was reached with what was agreed.
func achieved(cur *v1alpha1.CurrentAccount) string {
	switch {
	case cur.Availability == "":
		return "nothing to measure"
	case cur.Objective == "":
		return fmt.Sprintf("%s %%", cur.Availability)
	default:
		return fmt.Sprintf("%s %% of %s %% agreed", cur.Availability, cur.Objective)
	}
}

// length of time as people write it: 1h5m42s.
func length(seconds int64) string {
	text := (time.Duration(seconds) * time.Second).String()
	switch {
	case seconds == 0 || seconds%60 != 0:
		return text
	case seconds%3600 != 0:
		return text[:len(text)-len("0s")]
	default:
		return text[:len(text)-len("0m0s")]
	}
}
