// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"runtime/debug"
)

// answerReader is what a check has that reads its answers itself.
type answerReader struct {
	read  func(Result) Result
	facts any // of the last answer
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

// facts of the last answer as the check read it; nil if there are none.
func (c *check) facts() any {
	if c.reader == nil {
		return nil
	}
	return c.reader.facts
}

// read returns what a success means to the check. Each reads it anew, since each
// may want something else of it; any other answer is what it is.
func (e *Engine) read(c *check, a *answer) *answer {
	if c.reader == nil || a.result.Outcome != OutcomeSuccess {
		return a
	}
	understood := &answer{start: a.start, result: e.callRead(c, a.result)}
	c.reader.facts, understood.result.Facts = understood.result.Facts, nil
	return understood
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
