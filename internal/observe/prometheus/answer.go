// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// answer of the HTTP API.
type answer struct {
	Status    string `json:"status"`
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
	// Warnings say what may be wrong with Data.
	Warnings []string `json:"warnings"`
	Data     struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// series is one element of a vector.
type series struct {
	Value     json.RawMessage `json:"value"`
	Histogram json.RawMessage `json:"histogram"`
}

// Words of the API.
const (
	statusSuccess = "success"
	statusError   = "error"
	errorBadData  = "bad_data"
	typeScalar    = "scalar"
	typeVector    = "vector"
)

// judge says what an answer means; nil means 1. now is when it came, and window
// how far from that its time may be.
func judge(status int, body []byte, now time.Time, window time.Duration) *finding {
	if _, f := refusal(status, body); f != nil {
		return f
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || a.Status != statusSuccess {
		return invalidAnswer()
	}
	if len(a.Warnings) > 0 {
		return doubt(observe.StepExpectation, ReasonAnswerDoubtful, "The server warns of its answer: %s", endpoint.Printable(a.Warnings[0], maxDetail))
	}
	sample, f := a.sample()
	if f != nil {
		return f
	}
	at, value, ok := pair(sample)
	if !ok {
		return invalidAnswer()
	}
	if age := now.Sub(at); age >= window || age <= -window {
		return doubt(observe.StepExpectation, ReasonStaleSample,
			"The answer is of %s, more than two intervals from now: it is an old one, or a clock is wrong.", at.UTC().Format(time.RFC3339))
	}
	number, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return invalidAnswer()
	case number == 1:
		return nil
	case number == 0:
		return &finding{
			outcome: observe.OutcomeFailure, class: observe.ClassTarget, step: observe.StepExpectation,
			reason: ReasonIndicatorZero, message: "The query returned 0.",
		}
	}
	return doubt(observe.StepExpectation, ReasonUnexpectedValue, "The query returned %s; it has to return 0 or 1.", endpoint.Printable(value, maxDetail))
}

// refusal says why an answer is none; nil means that it is one. badData: the
// server does not accept what was asked.
func refusal(status int, body []byte) (badData bool, f *finding) {
	if status == http.StatusOK {
		return false, nil
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || a.Status != statusError {
		return false, doubt(observe.StepRequest, ReasonServerError, "The server answered with status %d instead of a result.", status)
	}
	what := endpoint.Printable(a.ErrorType+": "+a.Error, maxDetail)
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return a.ErrorType == errorBadData, doubt(observe.StepRequest, ReasonQueryRejected, "The server rejects the query: %s", what)
	}
	return false, doubt(observe.StepRequest, ReasonServerError, "The server answered with status %d: %s", status, what)
}

// sample returns the one sample of an answer: its time and its value.
func (a *answer) sample() (json.RawMessage, *finding) {
	switch a.Data.ResultType {
	case typeScalar:
		return a.Data.Result, nil
	case typeVector:
	default:
		return nil, doubt(observe.StepExpectation, ReasonNoNumber,
			"The query returns a %s; it has to return a scalar or a vector of one sample.", endpoint.Printable(a.Data.ResultType, maxDetail))
	}
	var vector []series
	if err := json.Unmarshal(a.Data.Result, &vector); err != nil {
		return nil, invalidAnswer()
	}
	switch {
	case len(vector) == 0:
		return nil, doubt(observe.StepExpectation, ReasonNoSample, "The query returns no sample, or none of the last two intervals.")
	case len(vector) > 1:
		return nil, doubt(observe.StepExpectation, ReasonSeveralSamples, "The query returns %d samples; it has to return one.", len(vector))
	case len(vector[0].Value) == 0 && len(vector[0].Histogram) > 0:
		return nil, doubt(observe.StepExpectation, ReasonNoNumber, "The query returns a histogram; it has to return a number.")
	}
	return vector[0].Value, nil
}

// pair reads [1795318787.863, "1"].
func pair(raw json.RawMessage) (at time.Time, value string, ok bool) {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) != 2 || bytes.HasPrefix(parts[0], []byte{'n'}) {
		return time.Time{}, "", false
	}
	var seconds float64
	if json.Unmarshal(parts[0], &seconds) != nil || json.Unmarshal(parts[1], &value) != nil {
		return time.Time{}, "", false
	}
	// Beyond this there are no years of four digits.
	const last = 253402300800
	if seconds < 0 || seconds >= last {
		return time.Time{}, "", false
	}
	return time.UnixMilli(int64(seconds * 1000)), value, true
}

func invalidAnswer() *finding {
	return doubt(observe.StepRequest, ReasonAnswerInvalid, "The answer is not one of Prometheus' HTTP API.")
}

// maxDetail bounds what a message quotes, in bytes.
const maxDetail = 100
