// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// nextRun returns the first run after a moment of a schedule as Velero and K8up
// read it: five fields or a descriptor such as @daily, in UTC unless it names a
// zone. It is zero if it never runs or cannot be read.
func nextRun(schedule string, after time.Time) time.Time {
	// A zone without anything after it is more than the parser can bear.
	if rest, zoned := strings.CutPrefix(strings.TrimPrefix(schedule, "CRON_"), "TZ="); zoned && !strings.Contains(rest, " ") {
		return time.Time{}
	}
	parsed, err := cron.ParseStandard(schedule)
	if err != nil {
		return time.Time{}
	}
	return parsed.Next(after.UTC()).UTC()
}
