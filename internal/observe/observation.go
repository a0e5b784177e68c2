// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Subscriber is somebody who wants answers: an object of the API.
type Subscriber struct {
	// Key names the object. One Subscriber has one set of checks.
	Key types.NamespacedName
	// UID of the object. It places the object's checks in time, so that they
	// keep their place across restarts. Another UID under the same Key is
	// another Subscriber: what was known about the old one is dropped.
	UID types.UID
}

// Check is a question that a Subscriber wants to have asked again and again,
// and how it judges the answers.
type Check struct {
	// Name is unique within the Subscriber, and its identity there: a check
	// that keeps its name keeps its streak when its interval or thresholds
	// change. Of two checks of one name the first counts.
	Name string
	// Probe is the question. Nil means that it cannot be put at present (a
	// Secret is missing): the check keeps what it knows, is not asked, and
	// becomes Unknown when its last result no longer covers it.
	Probe Probe
	// Interval between two answers. Default 60 s.
	Interval time.Duration
	// Timeout of one run. Default half of the interval, at most 10 s.
	Timeout time.Duration
	// FailureThreshold is how many failures in a row make the check Down, and
	// how many slow answers in a row make it Degraded. 1…65535, default 3.
	FailureThreshold int
	// SuccessThreshold is how many successes in a row make it Up. 1…65535,
	// default 1.
	SuccessThreshold int
	// Read says what a success means to this subscriber: two that ask the same
	// may want different things of the answer. It returns the Result that
	// counts: a failure, a success that is Degraded or not, or an inconclusive
	// one; its Facts are what Observation shows. It does no I/O, is quick, and
	// calls nothing of the engine. Nil means that a success is one. Another Read
	// holds from the next answer on, and is no other question.
	Read func(Result) Result
	// Seed is what was recorded before this process began, or nil. It is
	// looked at only when the engine sees the check for the first time.
	Seed *Observation
}

// State of a check.
type State string

// The states of a check.
const (
	// StatePending: not judged yet; too few answers have come in.
	StatePending State = "Pending"
	// StateUp: it answers as expected.
	StateUp State = "Up"
	// StateDegraded: it answers, but slowly, only now and then, or with a fault.
	StateDegraded State = "Degraded"
	// StateDown: it failed FailureThreshold times in a row.
	StateDown State = "Down"
	// StateUnknown: nothing that was seen covers the present.
	StateUnknown State = "Unknown"
)

// Reasons that the engine itself gives. All others are those of a Result.
const (
	// ReasonNotYetJudged: Pending; the check is new, or was asked too few
	// times for its thresholds.
	ReasonNotYetJudged = "NotYetJudged"
	// ReasonSlow: Degraded; FailureThreshold successes in a row were slow.
	ReasonSlow = "Slow"
	// ReasonFlapping: Degraded; at least 5 of the last 20 checks failed, but
	// never enough in a row to be Down. Left when at most 1 of 20 failed.
	ReasonFlapping = "Flapping"
	// ReasonNoRecentResult: Unknown; the last result began more than two
	// intervals ago.
	ReasonNoRecentResult = "NoRecentResult"
	// ReasonBlind: Unknown; the operator has reached nothing at all for five
	// minutes, so the fault is likely its own.
	ReasonBlind = "Blind"
	// ReasonDistrusted: Unknown; for five minutes no result counted, because the
	// operator itself was not fit to judge. The message says why.
	ReasonDistrusted = "Distrusted"
	// ReasonTooManyChanges: of a Change to Unknown that stands for more changes
	// than are kept.
	ReasonTooManyChanges = "TooManyChanges"
	// ReasonFailedEarlier: Down; the failures that confirmed it were seen by
	// another process, and this one has seen none yet.
	ReasonFailedEarlier = "FailedEarlier"
	// ReasonPathUnconfirmed: Unknown; the check fails in a way that the network
	// between may be to blame for, and nothing else proves that it works.
	ReasonPathUnconfirmed = "PathUnconfirmed"
	// ReasonCredentialsRejected is the one reason with which a Probe tells the
	// engine something: the target refused our credentials (Outcome
	// Inconclusive). The check is Unknown at once, and the question is not put
	// again before 15 minutes, doubling up to 6 hours, or until its Key
	// changes, so that we never lock an account.
	ReasonCredentialsRejected = "CredentialsRejected"
	// ReasonSchedulingLag: a failure that does not count because this process
	// was itself held up meanwhile.
	ReasonSchedulingLag = "SchedulingLag"
	// ReasonProbePanicked: the check's own code failed; a fault of the
	// operator.
	ReasonProbePanicked = "ProbePanicked"
	// ReasonProbeOverran: the check's own code ignored its timeout; a fault of
	// the operator.
	ReasonProbeOverran = "ProbeOverran"
)

// Observation is what the engine knows about one check.
type Observation struct {
	// Name of the check.
	Name string
	// State of the check.
	State State
	// Since when it has had that State, in wall time. Of Down: the start of the
	// first failed check of the streak that confirmed it, also if the engine
	// lost sight of it meanwhile. Of Up after Down: the start of the first
	// success of the streak that ended it.
	Since time.Time
	// Reason is a CamelCase word for machines; empty if Up. While the State
	// stays, another Reason is shown only when it has come up several times in
	// a row.
	Reason string
	// Message is a sentence for people, taken when State or Reason changed;
	// empty if Up. It is not kept up to date, unless the Check has a Read: then
	// another Message is shown as another Reason is.
	Message string
	// Step at which the check failed, taken with the Message.
	Step Step
	// Latency of the last success.
	Latency time.Duration
	// CertificateNotAfter is when the certificate last seen expires; zero if
	// there is none. An earlier instant is shown at once, a later one when
	// three checks in a row have seen it: behind one address may be servers
	// with different certificates.
	CertificateNotAfter time.Time
	// CheckedAt is when the last check that had a result began; zero if none
	// has.
	CheckedAt time.Time
	// Facts that the Check's Read returned; nil if there are none. While all else
	// stays, other Facts are shown only when they have come up several times in
	// a row, by reflect.DeepEqual.
	Facts any
	// Changes of State that were not settled yet, oldest first; the last one
	// led to State. Between two of them none is missing, unless there were more
	// than are kept: then the oldest are one change to Unknown.
	Changes []Change
}

// Change is a change of a check's State, or between slow and flapping.
type Change struct {
	// At is when it came about, in wall time: like Since, except that nothing is
	// known of the time in which the check was Unknown: what follows that came
	// about when the first check began that speaks for it. It is after that of
	// the change before it, by 1 ns at least, even if the clock was set back.
	At time.Time
	// State from then on, and the Reason and Message that were shown with it.
	State           State
	Reason, Message string
}

// Pending is a streak of failures of which nothing is recorded: an unfinished
// one, or one that made its check Down by a change that is not settled.
type Pending struct {
	// Subscriber and Check whose streak it is.
	Subscriber types.NamespacedName
	Check      string
	// FirstFailure is when the first failed check of the streak began.
	FirstFailure time.Time
	// Count of failures.
	Count int
}

// Watermark says up to when everything that was seen is settled.
type Watermark struct {
	// At: each check that was due before it has been judged, and each change
	// that came about before it was settled, or began with one of Pending. That
	// a check is slow, or up after several successes, came about before it was
	// known as well: once known it holds At, which was after it by then.
	At time.Time
	// Pending are streaks of failures, at most MaxPending, oldest first; one at
	// most of each check.
	Pending []Pending
}

// MaxPending bounds Watermark.Pending. If there are more streaks, Watermark.At
// is before the first failure of each that is left out.
const MaxPending = 256
