// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// pace is how much of the budget may burn in which time before it is told how.
type pace struct {
	lookback string
	time     time.Duration
	budget   float64 // part of it
	severity string
}

func paces() []pace {
	return []pace{
		{"1h", time.Hour, 0.02, "page"},
		{"6h", 6 * time.Hour, 0.05, "page"},
		{"3d", 72 * time.Hour, 0.1, "ticket"},
	}
}

// burnRateDisabled is the value of an agreement that wants no alerts.
const burnRateDisabled = "Disabled"

// burns says whether there are alerts when the budget of the agreement burns;
// there are, unless it wants none.
func burns(level *v1alpha1.ServiceLevel) bool {
	return level.Spec.Alerting == nil || level.Spec.Alerting.BurnRate != burnRateDisabled
}

// alertPolicies are those of an agreement, unless it wants none.
func alertPolicies(level *v1alpha1.ServiceLevel, w TimeWindow) []AlertPolicy {
	if !burns(level) {
		return nil
	}
	labels := map[string]any{}
	if level.Spec.Alerting != nil {
		for name, value := range level.Spec.Alerting.Labels {
			labels[name] = string(value)
		}
	}
	var all []AlertPolicy
	for _, p := range paces() {
		// At rate 1 the budget is used up at the end of the window.
		rate := math.Round(1000*p.budget*float64(length(w))/float64(p.time)) / 1000
		name := plainName(level.Name+"-burn-"+p.lookback, true)
		says := fmt.Sprintf("%.0f %% of the budget burns in %s", p.budget*100, p.lookback)
		all = append(all, AlertPolicy{
			APIVersion: APIVersion, Kind: KindAlertPolicy,
			Metadata: Metadata{Name: name, DisplayName: says, Labels: labels, Annotations: map[string]string{AnnotationLevel: level.Name}},
			Spec: AlertPolicySpec{
				AlertWhenResolved: true, AlertWhenBreaching: true, NotificationTargets: []map[string]any{},
				Conditions: []AlertCondition{{
					Kind: kindCondition, Metadata: &Metadata{Name: name},
					Spec: &AlertConditionSpec{Description: says, Severity: p.severity, Condition: Condition{
						Kind: "burnrate", Op: "gt", LookbackWindow: p.lookback, AlertAfter: "0m",
						Threshold: json.Number(strconv.FormatFloat(rate, 'f', -1, 64)),
					}},
				}},
			},
		})
	}
	return all
}

// length of a window; months have 30 days here.
func length(w TimeWindow) time.Duration {
	n, unit, err := parseShorthand(w.Duration)
	if err != nil {
		return 0
	}
	const day = 24 * time.Hour
	return time.Duration(n) * map[byte]time.Duration{
		'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day, 'M': 30 * day, 'Q': 90 * day, 'Y': 365 * day,
	}[unit]
}
