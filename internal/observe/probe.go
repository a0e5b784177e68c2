// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"
)

// Probe asks one question of the world. A Probe is immutable and safe for
// concurrent use.
type Probe interface {
	// Key identifies the question. Two probes with equal keys ask the same of
	// the same target in the same way (request, timeout, UID and
	// resourceVersion of each Secret, certification authorities), so that one
	// answer serves both. It never holds a credential in the clear.
	Key() string

	// Target is what the question is put to, for the limit on how many
	// questions one server is asked at once: "host:port", as declared, or
	// what stands for it where there is none.
	Target() string

	// Run asks once and returns before ctx is done, or very soon after. It
	// does not return an error: what went wrong is a Result.
	Run(ctx context.Context) Result
}

// Outcome is what one check found.
type Outcome uint8

const (
	// OutcomeInconclusive: the check could not tell. It is neither a success
	// nor a failure: a password was rejected, a name server was out of reach,
	// we ran out of file descriptors.
	OutcomeInconclusive Outcome = iota
	// OutcomeSuccess: the target answered as expected.
	OutcomeSuccess
	// OutcomeFailure: the target did not answer as expected.
	OutcomeFailure
)

// FailureClass says where the cause of a failed check may lie.
type FailureClass uint8

const (
	// ClassNone: nothing failed.
	ClassNone FailureClass = iota
	// ClassTarget: the target itself showed the fault (connection refused,
	// certificate, status, body). It may be down.
	ClassTarget
	// ClassPath: the way there may be at fault (timeout, unreachable,
	// resolver). It counts against the target only if something else could be
	// reached at about the same time.
	ClassPath
	// ClassLocal: we are at fault (out of files or ports, scheduled too
	// late). It never counts against the target.
	ClassLocal
)

// Step is a stage of a check, in the order in which they happen.
type Step uint8

// The steps of a check.
const (
	StepNone Step = iota
	StepResolve
	StepConnect
	StepHandshake
	StepRequest
	StepExpectation
	stepCount
)

var stepNames = [stepCount]string{"", "resolve", "connect", "handshake", "request", "expectation"}

// String returns the name of the step: resolve, connect, handshake, request or
// expectation; empty for StepNone.
func (s Step) String() string {
	if s >= stepCount {
		return "unknown"
	}
	return stepNames[s]
}

// Result is what one run of a Probe found.
type Result struct {
	// Outcome of the check.
	Outcome Outcome
	// Class of the failure; ClassNone on success.
	Class FailureClass
	// Step at which the check failed or could not go on; StepNone on success.
	Step Step
	// Reason is a stable CamelCase word for machines, such as
	// ConnectionRefused; empty on success, unless Degraded.
	Reason string
	// Message is one short sentence for people: printable, trimmed, without
	// credentials, at most MaxMessageLength bytes; empty on success, unless
	// Degraded.
	Message string
	// Latency is how long the whole check took.
	Latency time.Duration
	// Took is how long each step took, by Step; zero for a step that was not
	// reached or that the check does not have.
	Took [stepCount]time.Duration
	// Slow: a success that took longer than was agreed (maxLatency).
	Slow bool
	// Degraded: a success that shows a fault which does not keep the target from
	// doing its work; Reason and Message say which.
	Degraded bool
	// Unasked: nothing was asked over the network, so that a success says nothing
	// of the way there.
	Unasked bool
	// Facts are what a target told of itself where a success alone says little
	// (the metrics of a host, the processes of an instance), for each Check that
	// wants the answer to Read. Many read them, so nobody changes them. Nil if
	// there are none.
	Facts any
	// CertificateNotAfter is when the earliest certificate of the chain that
	// the target presented expires, read in this very check, or when the
	// connection was opened that it used; zero if none was seen.
	CertificateNotAfter time.Time
	// Address is the address that was connected to ("192.0.2.7:443"), or that
	// was asked where there is no connection, without a port where there is
	// none; empty if none was.
	Address string
}

// MaxMessageLength bounds a Result's Message, in bytes.
const MaxMessageLength = 200
