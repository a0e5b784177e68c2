// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Settle drops the changes of a subscriber's checks that the given observations
// hold: they were recorded. What changed since stays.
func (e *Engine) Settle(key types.NamespacedName, recorded []Observation) { panic("not built yet") }

// SettleBefore drops all changes before the moment: somebody else recorded
// them.
func (e *Engine) SettleBefore(at time.Time) { panic("not built yet") }

// Watermark returns up to when everything that was seen is settled. While the
// engine is blind it stands still.
func (e *Engine) Watermark() Watermark { panic("not built yet") }

// Resume continues streaks that another process began: a check of that name
// that has had no result in this process begins with that streak. It holds for
// checks that are ensured later as well, until the engine has run for five
// minutes.
func (e *Engine) Resume(streaks []Pending) { panic("not built yet") }

// Swept reports whether every check that was ensured before Seal was called has
// been asked since, and when the last of them was answered.
func (e *Engine) Swept() (time.Time, bool) { panic("not built yet") }

// Seal says that all checks that there are at the start have been ensured.
func (e *Engine) Seal() { panic("not built yet") }

// Distrust makes the engine blind for a reason of its own, such as a clock that
// is wrong, until Trust is called: no result counts meanwhile.
func (e *Engine) Distrust(message string) { panic("not built yet") }

// Trust ends what Distrust began.
func (e *Engine) Trust() { panic("not built yet") }
