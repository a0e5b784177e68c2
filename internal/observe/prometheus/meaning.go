// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"math"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

// meaning is what a query is asked for, and how the number is read that it
// returns.
type meaning struct {
	// name tells questions apart that are put alike.
	name string
	// read returns the facts that a success carries, if any; written is how the
	// server wrote the number.
	read func(value float64, written string) (facts any, f *finding)
}

// indicator is 1 for yes and 0 for no.
var indicator = meaning{"indicator", func(value float64, written string) (any, *finding) {
	switch value {
	case 1:
		return nil, nil
	case 0:
		return nil, &finding{
			outcome: observe.OutcomeFailure, class: observe.ClassTarget, step: observe.StepExpectation,
			reason: ReasonIndicatorZero, message: "The query returned 0.",
		}
	}
	return nil, doubt(observe.StepExpectation, ReasonUnexpectedValue, "The query returned %s; it has to return 0 or 1.", written)
}}

// firstMoment is the start of the year 2000 in Unix seconds: what is smaller is
// no time, but a count, an age, or the 0 of something that never happened.
const firstMoment = 946684800

// moment is a time in Unix seconds.
var moment = meaning{"moment", func(value float64, written string) (any, *finding) {
	switch {
	case value >= firstMoment && value < endOfYears:
		whole, part := math.Modf(value)
		return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
	case value == 0:
		return nil, doubt(observe.StepExpectation, ReasonUnexpectedValue, "The query returned 0, as if it had never happened; it has to return a time in Unix seconds.")
	case value >= endOfYears:
		return nil, doubt(observe.StepExpectation, ReasonUnexpectedValue, "The query returned %s; it has to return a time in Unix seconds, not in milliseconds.", written)
	}
	return nil, doubt(observe.StepExpectation, ReasonUnexpectedValue, "The query returned %s; it has to return a time in Unix seconds, such as 1790000000.", written)
}}
