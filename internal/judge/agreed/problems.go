// SPDX-License-Identifier: Apache-2.0

package agreed

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Problems says what of an agreement cannot be used: each sentence names the
// field, what is wrong with it and what would be right. The schema catches what
// has no meaning at all; left are zones that nobody knows, windows that never
// open, and times of no length.
func Problems(spec *v1alpha1.ServiceLevelSpec) []string {
	var problems []string
	if _, err := calendar.NewHours(spec.ServiceHours); err != nil {
		problems = append(problems, "spec."+err.Error())
	}
	_, windows := calendar.NewMaintenance(spec.Maintenance)
	for _, err := range windows {
		problems = append(problems, "spec."+err.Error())
	}
	length := func(field string, d v1alpha1.Duration, example string) {
		if d == "" {
			return
		}
		if t, err := time.ParseDuration(string(d)); err != nil || t <= 0 {
			problems = append(problems, fmt.Sprintf("spec.%s: %q is not a duration above 0s, such as %s", field, d, example))
		}
	}
	length("availability.window.rolling", spec.Availability.Window.Rolling, "720h")
	if spec.Latency != nil {
		length("latency.threshold", spec.Latency.Threshold, "800ms")
	}
	if spec.Backup != nil {
		length("backup.maxAge", spec.Backup.MaxAge, "26h")
		length("backup.restoreTestMaxAge", spec.Backup.RestoreTestMaxAge, "4380h")
	}
	if spec.Recovery != nil {
		length("recovery.maxOutage", spec.Recovery.MaxOutage, "4h")
	}
	return problems
}
