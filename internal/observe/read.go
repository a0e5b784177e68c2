// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"reflect"
	"runtime/debug"
)

// answerReader is what a check has that reads its answers itself.
type answerReader struct {
	read  func(Result) Result
	facts any // that are shown
	other any // that came up instead
	times int // in a row
}

// see takes the facts of another answer, and reports whether others are shown
// now: at once if something else that is shown has changed, or else if they keep
// coming up.
func (r *answerReader) see(facts any, turned bool) bool {
	switch {
	case turned:
		r.times = patience
	case reflect.DeepEqual(facts, r.facts):
		r.other, r.times = nil, 0
		return false
	case r.times == 0 || !reflect.DeepEqual(facts, r.other):
		r.other, r.times = facts, 1
	default:
		r.times++
	}
	if r.times < patience {
		return false
	}
	r.facts, r.other, r.times = facts, nil, 0
	return true
}

// readWith has the check read its answers from now on; nil has it take them as
// they are.
func (c *check) readWith(read func(Result) Result) {
	switch {
	case read == nil:
		c.reader = nil
	case c.reader == nil:
		c.reader = &answerReader{read: read}
	default:
		c.reader.read = read
	}
}

// facts that are shown of what the check read; nil if there are none.
func (c *check) facts() any {
	if c.reader == nil {
		return nil
	}
	return c.reader.facts
}

// hand gives a check its answer, and reports whether something shown changed.
// What a success means each check reads for itself; any other answer is what it
// is.
func (e *Engine) hand(c *check, a *answer) bool {
	if c.reader == nil || a.result.Outcome != OutcomeSuccess {
		return c.receive(a, e.offset)
	}
	read := &answer{start: a.start, result: e.callRead(c, a.result)}
	var turned bool
	if read.result.Outcome == OutcomeInconclusive {
		turned = c.doubt(read)
	} else {
		turned = c.receive(read, e.offset)
	}
	return c.reader.see(read.result.Facts, turned) || turned
}

// callRead makes a Result of a panic: what a target said must not end more than
// its own check.
func (e *Engine) callRead(c *check, seen Result) (result Result) {
	defer func() {
		if broken := recover(); broken != nil {
			stack, key, name := string(debug.Stack()), c.subscriber.key, c.name
			e.outbox.push(func() {
				e.options.Logger.Error(fmt.Errorf("%w: %v", errPanic, broken), "An answer could not be read by a fault of the operator",
					"subscriber", key, "check", name, "stack", stack)
			})
			result = Result{
				Outcome: OutcomeInconclusive,
				Class:   ClassLocal,
				Reason:  ReasonProbePanicked,
				Message: "The answer could not be read, by a fault of the operator.",
			}
		}
	}()
	return c.reader.read(seen)
}
