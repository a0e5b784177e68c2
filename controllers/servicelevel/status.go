// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/servicelevel/tally"
	"kdz.mainz.de/operator/internal/judge/agreed"
	"kdz.mainz.de/operator/internal/tell/status"
)

// setStatus sets all of an agreement's status but its revisions. Nothing moves
// that did not change, now least of all.
func setStatus(l *v1alpha1.ServiceLevel, s *tally.Snapshot, now time.Time) {
	l.Status.ObservedGeneration = l.Generation
	l.Status.Applications = s.Applications
	l.Status.Met, l.Status.Breached, l.Status.InsufficientData = s.Met, s.Breached, s.InsufficientData
	l.Status.Availability = s.Lowest
	l.Status.Worst, l.Status.BudgetLeftSeconds = s.Worst, nil
	if s.Worst != "" {
		l.Status.BudgetLeftSeconds = new(s.Left)
	}
	l.Status.Periods = s.Periods
	status.SetReadiness(l, readiness(l), now)
	setMet(l, s, now)
	setRequirements(l, s, now)
	setDecided(l, now)
}

// readiness says whether the agreement can be accounted as it is written.
func readiness(l *v1alpha1.ServiceLevel) status.Readiness {
	if l.DecodingError != "" {
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonUndecodable,
			Message: "what is stored does not fit the types of its kind: " + l.DecodingError + "; the last revision goes on",
		}
	}
	if problems := agreed.Problems(&l.Spec); len(problems) > 0 {
		return status.Readiness{
			Stalled: true, Reason: v1alpha1.ReasonInvalidSpec,
			Message: strings.Join(problems, "; ") + "; until that is mended it is accounted by what can be used",
		}
	}
	return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "what was agreed is recorded, and the Applications under it are counted"}
}

// setUnrecorded goes back to what is recorded, where the API server refused a
// status with what was agreed: the spec is older than a rule that it breaks.
func setUnrecorded(l *v1alpha1.ServiceLevel, recorded []v1alpha1.ServiceLevelRevision, refused error, now time.Time) {
	why := strings.Join(agreed.Problems(&l.Spec), "; ")
	if why == "" {
		why = status.Shorten(refused.Error(), refusalLength)
	}
	goesOn := "the last revision goes on"
	if len(recorded) == 0 {
		goesOn = "nothing is accounted by it"
	}
	l.Status.Revisions = recorded
	status.SetReadiness(l, status.Readiness{
		Stalled: true, Reason: v1alpha1.ReasonInvalidSpec,
		Message: why + "; it is older than this rule and cannot be recorded: until it is mended, " + goesOn,
	}, now)
}

// refusalLength is how much is told of what the API server says to a refusal.
const refusalLength = 512

// setMet sets ServiceLevelMet: whether all Applications under the agreement keep
// it. One that breaks it matters more than one of which too little was seen, and
// that more than one that keeps it.
func setMet(l *v1alpha1.ServiceLevel, s *tally.Snapshot, now time.Time) {
	set := func(value metav1.ConditionStatus, reason, format string, of ...any) {
		status.Set(l, v1alpha1.ConditionServiceLevelMet, value, reason, fmt.Sprintf(format, of...), now)
	}
	switch {
	case s.Breached > 0:
		set(metav1.ConditionFalse, v1alpha1.ReasonBreached, "%d of %d Applications under the agreement break it in the current period; %s stands worst",
			s.Breached, s.Applications, s.Worst)
	case s.InsufficientData > 0:
		set(metav1.ConditionUnknown, v1alpha1.ReasonInsufficientData, "too little was seen of %d of %d Applications under the agreement to say that they keep it; none is known to break it",
			s.InsufficientData, s.Applications)
	case s.Met > 0:
		set(metav1.ConditionTrue, v1alpha1.ReasonMet, "all Applications with an account keep the agreement in the current period: %d of %d", s.Met, s.Applications)
	case s.Applications > 0:
		set(metav1.ConditionUnknown, v1alpha1.ReasonNoApplications, "none of the Applications under the agreement (%d) has an account of agreed time yet", s.Applications)
	default:
		set(metav1.ConditionUnknown, v1alpha1.ReasonNoApplications, "no Application that operates refers to the agreement")
	}
}

// setRequirements sets RequirementsMet on an agreement that requires something.
func setRequirements(l *v1alpha1.ServiceLevel, s *tally.Snapshot, now time.Time) {
	if !agreed.Requires(l.Spec.Requires) {
		status.Remove(l, v1alpha1.ConditionRequirementsMet)
		return
	}
	if s.Lacking == 0 {
		status.Set(l, v1alpha1.ConditionRequirementsMet, metav1.ConditionTrue, v1alpha1.ReasonRequirementsMet,
			"every Application under the agreement declares what it requires", now)
		return
	}
	named := make([]string, 0, len(s.Named)+1)
	for _, n := range s.Named {
		lacks := make([]string, len(n.Lacks))
		for i, lack := range n.Lacks {
			lacks[i] = lack.String()
		}
		named = append(named, fmt.Sprintf("%s (%s)", n.Name, strings.Join(lacks, ", ")))
	}
	if more := int(s.Lacking) - len(s.Named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	status.Set(l, v1alpha1.ConditionRequirementsMet, metav1.ConditionFalse, v1alpha1.ReasonRequirementUnmet,
		fmt.Sprintf("%d of %d Applications under the agreement declare less than it requires: %s", s.Lacking, s.Applications, strings.Join(named, "; ")), now)
}

// setDecided sets Decided: whether a body approved the agreement.
func setDecided(l *v1alpha1.ServiceLevel, now time.Time) {
	set := func(value metav1.ConditionStatus, reason, message string) {
		status.Set(l, v1alpha1.ConditionDecided, value, reason, message, now)
	}
	switch d := l.Spec.Decision; {
	case d == nil:
		set(metav1.ConditionFalse, v1alpha1.ReasonNotDecided, "no body has decided the agreement; the DigIT steering round or the DigIT conference does")
	case d.Outcome == v1alpha1.OutcomeApproved:
		set(metav1.ConditionTrue, v1alpha1.ReasonDecided, fmt.Sprintf("%s approved it on %s (%s)", d.Body, d.DecidedOn, d.Reference))
	default:
		set(metav1.ConditionFalse, v1alpha1.ReasonNotDecided, fmt.Sprintf("the decision of %s of %s is %s (%s)", d.Body, d.DecidedOn, d.Outcome, d.Reference))
	}
}
