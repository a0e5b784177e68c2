// SPDX-License-Identifier: Apache-2.0

package prometheus

// ReasonIndicatorZero is the one reason of a failure: the query returned 0.
const ReasonIndicatorZero = "IndicatorZero"

// Reasons of a Result that decides nothing. Those of package endpoint for what
// is the operator's own fault, such as EgressRefused, come beside them.
const (
	// ReasonServerUnreachable: no answer came from the server: its name, the
	// way to it, the handshake or time.
	ReasonServerUnreachable = "PrometheusUnreachable"
	// ReasonServerError: the server answered with a status that is no answer
	// to a query, a redirect included.
	ReasonServerError = "PrometheusError"
	// ReasonQueryRejected: the server does not accept the query, or could not
	// evaluate it.
	ReasonQueryRejected = "QueryRejected"
	// ReasonAnswerInvalid: the answer is not that of Prometheus' HTTP API, or
	// ends too early.
	ReasonAnswerInvalid = "AnswerInvalid"
	// ReasonAnswerTooLarge: the answer is longer than MaxBody.
	ReasonAnswerTooLarge = "AnswerTooLarge"
	// ReasonAnswerDoubtful: the server itself warns of its answer, as when part
	// of the data could not be read.
	ReasonAnswerDoubtful = "AnswerDoubtful"
	// ReasonNoSample: the result is empty: there is no such series, or it has no
	// sample within two intervals.
	ReasonNoSample = "NoSample"
	// ReasonSeveralSamples: the result has more than one sample.
	ReasonSeveralSamples = "SeveralSamples"
	// ReasonNoNumber: the result is neither a scalar nor a vector of numbers.
	ReasonNoNumber = "NoNumber"
	// ReasonUnexpectedValue: the sample is neither 0 nor 1, or, where a time is
	// asked for, none in Unix seconds.
	ReasonUnexpectedValue = "UnexpectedValue"
	// ReasonStaleSample: the time of the answer is more than two intervals away
	// from the operator's: an old answer, or a clock that is wrong.
	ReasonStaleSample = "StaleSample"
	// ReasonLookbackIgnored: the server ignores how old a sample may be.
	ReasonLookbackIgnored = "LookbackIgnored"
)

// Bounds of what is read of an answer, in bytes.
const (
	// MaxBody bounds the body.
	MaxBody = 1 << 20
	// MaxHeader bounds the header.
	MaxHeader = 64 << 10
)
