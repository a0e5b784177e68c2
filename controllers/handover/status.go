// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/tell/status"
)

// refusalLength is how much is told, in bytes, of what the API server says to a
// refusal.
const refusalLength = 512

// tell writes the verdict into the status. Without one all goes on as it was.
func (s *scope) tell() {
	h := s.handover
	h.Status.ObservedGeneration = h.Generation
	if s.verdict != nil {
		s.setStage()
		h.Status.ContentHash = s.verdict.ContentHash
		h.Status.Results = s.verdict.Results
		h.Status.SignOffs = s.verdict.SignOffs
		h.Status.Missing = s.verdict.Missing
		s.setEarlyLifeSupport()
		s.setHandedOver()
		s.setOnSchedule()
	}
	status.SetReadiness(h, s.readiness(), s.now)
}

func (s *scope) set(conditionType string, value metav1.ConditionStatus, reason, message string) {
	status.Set(s.handover, conditionType, value, reason, message, s.now)
}

// setStage tells the stage, and since when; that moves only with the stage.
func (s *scope) setStage() {
	st := &s.handover.Status
	if st.Stage == s.verdict.Stage && st.StageSince != nil {
		return
	}
	st.Stage = s.verdict.Stage
	st.StageSince = &metav1.Time{Time: s.now.Truncate(time.Second)}
}

// setEarlyLifeSupport tells how the time after the handover goes, and from where
// on its availability is counted.
func (s *scope) setEarlyLifeSupport() {
	support := s.verdict.EarlyLifeSupport
	s.handover.Status.EarlyLifeSupport = support
	if support != nil {
		support.Accounts = s.accounts
	}
}

// setHandedOver tells whether the handover is complete, and if not, what is done
// first.
func (s *scope) setHandedOver() {
	const kind = v1alpha1.ConditionHandedOver
	switch st := &s.handover.Status; st.Stage {
	case v1alpha1.HandoverCompleted:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonHandedOver, "all roles that must sign have signed, and the project has nothing more to do")
	case v1alpha1.HandoverEarlyLifeSupport:
		message := "all roles that must sign have signed, and the project still helps"
		if st.EarlyLifeSupport != nil {
			message += ", until " + st.EarlyLifeSupport.EndsAt.In(calendar.Location()).Format(time.RFC3339) + " at least"
		}
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport, message+s.first())
	case v1alpha1.HandoverRejected:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHandoverRejected, "a role rejected the handover as it is"+s.first())
	default:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete, "not all roles that must sign have signed"+s.first())
	}
}

// first says what is missing first, and how much more.
func (s *scope) first() string {
	missing := s.handover.Status.Missing
	switch n := len(missing); n {
	case 0:
		return ""
	case 1:
		return "; next: " + missing[0].Message
	default:
		return "; next: " + missing[0].Message + "; status.missing names " + strconv.Itoa(n-1) + " more"
	}
}

// setOnSchedule tells whether the day has passed on which the handover was to be
// complete.
func (s *scope) setOnSchedule() {
	const kind = v1alpha1.ConditionOnSchedule
	due := s.handover.Spec.DueOn
	_, err := calendar.EndOfDay(string(due))
	switch {
	case s.handover.Status.Stage == v1alpha1.HandoverCompleted:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonEnded, "the handover is complete, so that nothing is due any more")
	case due == "":
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoSchedule, "spec.dueOn does not say by when the handover is to be complete")
	case err != nil:
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoSchedule, fmt.Sprintf("spec.dueOn %q is no day, such as 2027-03-31", due))
	case s.verdict.Overdue:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonOverdue, fmt.Sprintf("not all roles had signed by %s, when it was due: do what status.missing says, or agree on another day in spec.dueOn", due))
	case s.handover.Status.Stage == v1alpha1.HandoverEarlyLifeSupport:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, fmt.Sprintf("all roles have signed; the handover was due by %s", due))
	default:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, fmt.Sprintf("the handover is due by %s", due))
	}
}

// readiness says whether the handover can be judged as it is written. Of one
// that is complete nothing more is asked: what it names may go.
func (s *scope) readiness() status.Readiness {
	if s.unreadable != "" {
		return status.Readiness{Stalled: true, Reason: v1alpha1.ReasonUndecodable, Message: s.unreadable}
	}
	if s.handover.Status.Stage == v1alpha1.HandoverCompleted {
		return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "accepted, and complete"}
	}
	if problems := unusable(&s.handover.Spec); len(problems) > 0 {
		return status.Readiness{Stalled: true, Reason: v1alpha1.ReasonInvalidSpec, Message: strings.Join(append(problems, s.missing...), "; ")}
	}
	if len(s.missing) > 0 {
		return status.Readiness{Reconciling: true, Reason: v1alpha1.ReasonReferenceNotFound, Message: strings.Join(s.missing, "; ")}
	}
	return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "accepted and judged"}
}

// unusable names what a person must mend in a spec that is older than the rules
// of its fields.
func unusable(spec *v1alpha1.HandoverSpec) []string {
	var problems []string
	duration := func(field string, d v1alpha1.Duration) {
		if length, err := time.ParseDuration(string(d)); err != nil || length < 0 {
			problems = append(problems, fmt.Sprintf("%s %q is not a duration such as 30m", field, d))
		}
	}
	if spec.DueOn != "" {
		if _, err := calendar.EndOfDay(string(spec.DueOn)); err != nil {
			problems = append(problems, fmt.Sprintf("spec.dueOn %q is no day, such as 2027-03-31", spec.DueOn))
		}
	}
	if spec.StableFor != "" {
		duration("spec.stableFor", spec.StableFor)
	}
	if support := spec.EarlyLifeSupport; support != nil {
		duration("spec.earlyLifeSupport.duration", support.Duration)
		if p := support.MinimumAvailability; p != "" {
			if v, err := strconv.ParseFloat(string(p), 64); err != nil || !(v >= 0 && v <= 100) {
				problems = append(problems, fmt.Sprintf("spec.earlyLifeSupport.minimumAvailability %q is no per cent from 0 to 100", p))
			}
		}
	}
	return problems
}

// refuse goes back to what is stored, where the API server refused a status: the
// spec is older than a rule that what is to be told of it breaks.
func (s *scope) refuse(refused error) {
	s.handover.Status = *s.before.Status.DeepCopy()
	s.handover.Status.ObservedGeneration = s.handover.Generation
	status.SetReadiness(s.handover, status.Readiness{
		Stalled: true, Reason: v1alpha1.ReasonInvalidSpec,
		Message: "the spec is older than a rule, so that how the handover stands cannot be told: " + status.Shorten(refused.Error(), refusalLength),
	}, s.now)
}
