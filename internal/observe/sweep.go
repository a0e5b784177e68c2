// SPDX-License-Identifier: Apache-2.0

package observe

import "time"

// sweep is the first time that all checks are asked.
type sweep struct {
	sealed  bool
	awaited int   // checks that were not answered yet
	ended   int64 // wall; when the last of them was
}

// Seal says that all checks that there are at the start have been ensured. Only
// the first call counts.
func (e *Engine) Seal() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sweep.sealed {
		return
	}
	e.sweep.sealed, e.sweep.ended = true, e.now().wall
	for _, s := range e.subscribers {
		for _, c := range s.checks {
			if !c.answered && c.question != nil && c.question.penalty == 0 {
				c.awaited = true
				e.sweep.awaited++
			}
		}
	}
}

// Swept reports whether every check that was ensured before Seal was called has
// been answered since it was ensured, and when the last of them was; not before
// Seal. Checks that ended meanwhile or cannot be asked are not waited for, nor
// those whose credentials were rejected.
func (e *Engine) Swept() (time.Time, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.sweep.sealed || e.sweep.awaited > 0 {
		return time.Time{}, false
	}
	return wallTime(e.sweep.ended), true
}

// heard is called when the check was answered, whatever the answer was.
func (e *Engine) heard(c *check, now instant) {
	c.answered = true
	if c.awaited {
		e.release(c, now)
	}
}

// release is called when the check was answered, or cannot be.
func (e *Engine) release(c *check, now instant) {
	if !c.awaited {
		return
	}
	c.awaited = false
	e.sweep.awaited--
	e.sweep.ended = max(e.sweep.ended, now.wall)
}
