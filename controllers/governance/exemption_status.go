// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/tell/status"
)

// maxReused bounds in bytes what is told of another system under the name.
const maxReused = 400

// exemptionScope is all that one reconciliation of an Exemption gathers, judges
// and tells.
type exemptionScope struct {
	now time.Time
	// policy named default; nil if there is none.
	policy *v1alpha1.GovernancePolicy
	// application of the name; nil if there is none.
	application *v1alpha1.Application
	// standing by the days; empty if unusable says why there is none, or if the
	// Exemption could not be decoded.
	standing centralisation.Standing
	unusable error
	// seenAt is since when the compiled policy is seen to contain it; zero if it
	// does not.
	seenAt time.Time

	// reused says that another system has its name; empty if none does.
	reused string
	// knownAt is the moment from which admission knows of it, if that is yet to
	// come.
	knownAt time.Time
}

// tell writes into the status how the Exemption stands.
func (s *exemptionScope) tell(e *v1alpha1.Exemption) {
	before := e.Status.State
	e.Status.ObservedGeneration = e.Generation
	s.setApplication(e)
	s.setState(e)
	status.SetReadiness(e, s.readiness(e, before), s.now)
}

// setApplication notes the first Application that the Exemption held for, and
// looks whether it is still the same.
func (s *exemptionScope) setApplication(e *v1alpha1.Exemption) {
	if s.application == nil {
		return
	}
	is := centralisation.SystemOf(s.application)
	switch was := e.Status.Application; {
	case was == nil && s.standing.Holds():
		e.Status.Application = &is
	case was != nil && !centralisation.SameSystem(*was, is):
		s.reused = status.Shorten(fmt.Sprintf("it was first used for %q (uid %s), and another system, %q, has the name now: ask the DigIT steering round for an Exemption of its own",
			was.DisplayName, was.UID, is.DisplayName), maxReused)
	}
}

// setState tells the state, and since when; since moves only with the state.
func (s *exemptionScope) setState(e *v1alpha1.Exemption) {
	if e.DecodingError != "" || s.unusable != nil {
		e.Status.State, e.Status.Since = "", nil
		return
	}
	was, is := e.Status.State, centralisation.StateOf(s.standing, s.application, e.Status.Application)
	if was == is && e.Status.Since != nil {
		return
	}
	e.Status.State = is
	e.Status.Since = &metav1.Time{Time: s.began(e, was, is).Truncate(time.Second)}
}

// began says when a state began: where the calendar alone brought it, at the
// moment that the calendar says, which may have passed while nobody looked.
func (s *exemptionScope) began(e *v1alpha1.Exemption, was, is v1alpha1.ExemptionState) time.Time {
	at := s.now
	switch {
	case is == v1alpha1.ExemptionExpired:
		at = s.standing.Until
	case is == v1alpha1.ExemptionExpiring && (was == v1alpha1.ExemptionActive || was == ""):
		at = s.standing.Until.Add(-noticeOf(s.policy))
	case is == v1alpha1.ExemptionActive && (was == v1alpha1.ExemptionPending || was == ""):
		at = s.standing.From
	}
	earliest := e.CreationTimestamp.Time
	if since := e.Status.Since; since != nil {
		earliest = since.Time
	}
	if at.Before(earliest) || at.After(s.now) {
		return s.now
	}
	return at
}

// readiness says whether admission knows of the Exemption. One that is over, or
// yet to come, is nothing that admission has to know.
func (s *exemptionScope) readiness(e *v1alpha1.Exemption, was v1alpha1.ExemptionState) status.Readiness {
	switch {
	case e.DecodingError != "":
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonUndecodable,
			Message: "what is stored does not fit the types of its kind, so that nothing is exempt by it: " + e.DecodingError,
		}
	case s.unusable != nil:
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonInvalidSpec,
			Message: fmt.Sprintf("nothing is exempt by it: %s; delete it and ask for a new one", s.unusable),
		}
	}
	r := s.known(e, was)
	if s.reused != "" {
		r.Message += "; " + s.reused
	}
	return r
}

// known says whether admission knows of an Exemption that can be used.
func (s *exemptionScope) known(e *v1alpha1.Exemption, was v1alpha1.ExemptionState) status.Readiness {
	compiling := func(message string) status.Readiness {
		return status.Readiness{Reconciling: true, Reason: v1alpha1.ReasonCompiling, Message: message}
	}
	succeeded := func(message string) status.Readiness {
		return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: message}
	}
	switch {
	case e.Status.State == v1alpha1.ExemptionExpired:
		return succeeded("it is over: admission does not let anything pass by it")
	case s.policy == nil:
		return compiling("there is no GovernancePolicy default, by which admission would know of it")
	case s.policy.Status.CompiledAt == nil:
		return compiling("the GovernancePolicy default has not been compiled yet, by which admission knows of it")
	case e.Status.State == v1alpha1.ExemptionPending:
		return succeeded("accepted; it holds from " + s.standing.From.In(calendar.Location()).Format(time.DateOnly) + ", when admission gets to know of it")
	case s.seenAt.IsZero():
		if c := meta.FindStatusCondition(s.policy.Status.Conditions, v1alpha1.ConditionStalled); c != nil {
			return compiling("admission does not know of it, since the GovernancePolicy default is Stalled: " + status.Shorten(c.Message, maxReused))
		}
		return compiling("admission does not know of it yet")
	}
	// What was Ready stays so: the operator itself may have just started.
	wasKnown := was != v1alpha1.ExemptionPending && meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionReady)
	if known := s.seenAt.Add(admissionDelay); !wasKnown && s.now.Before(known) {
		s.knownAt = known
		return compiling("compiled, and on its way to admission")
	}
	return succeeded("admission knows of it")
}

// compiled says whether the compiled policy contains an Exemption: the name is
// exempt until its end, or longer.
func (s *exemptionScope) compiled(e *v1alpha1.Exemption) bool {
	if s.policy == nil || s.policy.Status.CompiledAt == nil || !s.standing.Holds() {
		return false
	}
	until, err := time.Parse(time.RFC3339, string(s.policy.Status.ExemptionIndex[applicationOf(e).String()]))
	return err == nil && !until.Before(s.standing.Until)
}

// readyMessage is what an Exemption's condition Ready says.
func readyMessage(e *v1alpha1.Exemption) string {
	if c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Message
	}
	return ""
}
