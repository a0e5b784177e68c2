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

// endOfYears is the Unix second from which on years have more than four digits.
const endOfYears = 253402300800

// Words of the API.
const (
	statusSuccess = "success"
	statusError   = "error"
	errorBadData  = "bad_data"
	typeScalar    = "scalar"
	typeVector    = "vector"
)

// number reads the one number that an answer tells, and how it is written. now
// is when the answer came, and window how far from that its time may be.
func number(status int, body []byte, now time.Time, window time.Duration) (value float64, written string, f *finding) {
	if _, f := refusal(status, body); f != nil {
		return 0, "", f
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || a.Status != statusSuccess {
		return 0, "", invalidAnswer()
	}
	if len(a.Warnings) > 0 {
		return 0, "", doubt(observe.StepExpectation, ReasonAnswerDoubtful, "The server warns of its answer: %s", endpoint.Printable(a.Warnings[0], maxDetail))
	}
	sample, f := a.sample()
	if f != nil {
		return 0, "", f
	}
	at, written, ok := pair(sample)
	if !ok {
		return 0, "", invalidAnswer()
	}
	if age := now.Sub(at); age >= window || age <= -window {
		return 0, "", doubt(observe.StepExpectation, ReasonStaleSample,
			"The answer is of %s, more than two intervals from now: it is an old one, or a clock is wrong.", at.UTC().Format(time.RFC3339))
	}
	value, err := strconv.ParseFloat(written, 64)
	if err != nil {
		return 0, "", invalidAnswer()
	}
	return value, endpoint.Printable(written, maxDetail), nil
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
	if seconds < 0 || seconds >= endOfYears {
		return time.Time{}, "", false
	}
	return time.UnixMilli(int64(seconds * 1000)), value, true
}

func invalidAnswer() *finding {
	return doubt(observe.StepRequest, ReasonAnswerInvalid, "The answer is not one of Prometheus' HTTP API.")
}

// maxDetail bounds what a message quotes, in bytes.
const maxDetail = 100
