// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// missing is what is to be done next, the most pressing first. That somebody is
// to sign is said when there is something to sign.
func (j *judgement) missing() []v1alpha1.MissingItem {
	items := slices.Concat(j.rejections, j.absent, j.unusable, j.failed)
	if j.unstable > 0 {
		items = append(items, v1alpha1.MissingItem{
			Reason: v1alpha1.MissingStability, Field: "spec.stableFor",
			Message: fmt.Sprintf("not yet for long enough: %d of the checks that hold; wait until %s, if nothing fails until then", j.unstable, moment(j.stableAt)),
		})
	}
	items = slices.Concat(items, j.broken, j.open)
	if j.verdict.Stage == v1alpha1.HandoverAwaitingSignOff {
		items = append(items, j.unsigned...)
	}
	if len(j.unsettled) > 0 && (len(items) == 0 || j.verdict.Stage == v1alpha1.HandoverVerifying) {
		items = append(items, v1alpha1.MissingItem{
			Reason:  v1alpha1.MissingCheck,
			Message: shorten("not judged yet as it is now, which happens by itself: "+strings.Join(j.unsettled, ", "), maxText),
		})
	}
	items = append(items, j.unreadable...)
	if _, err := calendar.EndOfDay(string(j.spec.DueOn)); j.spec.DueOn != "" && err != nil {
		items = append(items, v1alpha1.MissingItem{
			Reason: v1alpha1.ReasonInvalidSpec, Field: "spec.dueOn",
			Message: shorten(err.Error()+": whoever prepares the handover writes the day on which it is to be complete", maxText),
		})
	}
	return bounded(items)
}

// bounded keeps as many items as a status holds; the last one tells how many
// there are beside.
func bounded(items []v1alpha1.MissingItem) []v1alpha1.MissingItem {
	if len(items) <= maxMissing {
		return items
	}
	left := len(items) - maxMissing + 1
	kept := slices.Clone(items[:maxMissing])
	kept[maxMissing-1].Field = ""
	kept[maxMissing-1].Message = fmt.Sprintf("and %d more, which are told as soon as others are done", left)
	return kept
}
