// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Agreement is a ServiceLevel with all its revisions, ready for accounting. It
// is immutable and safe for concurrent use.
type Agreement struct{}

// NewAgreement compiles an agreement by the revisions in its status; the last
// of them holds, whatever the spec says, since nothing acts before it was
// recorded. Without any it returns nil. A revision of which something cannot be
// used is judged by what can, and named in the errors.
func NewAgreement(level *v1alpha1.ServiceLevel) (*Agreement, []error) { panic("not built yet") }

// Budget is how much outage an objective allows, in units of 10⁻⁷ seconds, so
// that it is exact for objectives of five decimals.
type Budget int64

// BudgetOf returns what the objective ("99.9") allows of the agreed seconds. It
// is an error if the objective is no percentage.
func BudgetOf(objective v1alpha1.Percentage, agreed int64) (Budget, error) { panic("not built yet") }

// Seconds rounds down.
func (b Budget) Seconds() int64 { return int64(b / 1e7) }

// String is the exact value in seconds, such as "2674.8".
func (b Budget) String() string { panic("not built yet") }

// AddRevision returns the revisions of an agreement with its present spec, and
// whether that is another than the last one. At most 16 are kept.
func AddRevision(level *v1alpha1.ServiceLevel, now time.Time) ([]v1alpha1.ServiceLevelRevision, bool) {
	panic("not built yet")
}
