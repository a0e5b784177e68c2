// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"fmt"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// check looks at one thing, and says what it found.
type check func(facts) (Finding, bool)

// settling are the checks that settle the matter, in the order of the verdicts;
// also are what is told beside each.
var settling = []struct {
	verdict v1alpha1.Verdict
	check   check
	also    []check
}{
	{v1alpha1.VerdictUnknown, policyNotCompiled, nil},
	// A claim that is not true is told even where the rule does not apply: the
	// KDZ or the state would stand in every list as the provider.
	{v1alpha1.VerdictOutOfScope, unitOutOfScope, []check{notAProviderUnit, stateServiceUnlisted}},
	{v1alpha1.VerdictCompliant, noLongerOperated, nil},
	{v1alpha1.VerdictUnknown, providerUndetermined, []check{procuredByUnit}},
	{v1alpha1.VerdictCompliant, providedByKDZ, nil},
	{v1alpha1.VerdictCompliant, providedByState, nil},
}

// allowing are the checks for what may allow that which is left. The first that
// finds something decides.
var allowing = []struct {
	verdict v1alpha1.Verdict
	check   check
}{
	{v1alpha1.VerdictExempt, unitExempt},
	{v1alpha1.VerdictExempt, exempted},
	{v1alpha1.VerdictUnderReview, unitUnderReview},
	{v1alpha1.VerdictUnderReview, reviewPending},
	{v1alpha1.VerdictInTransition, transitionPlanned},
}

// breaking are the checks for what breaks the rule; the first decides if
// nothing allows it.
var breaking = []check{
	exemptionExpired(true),
	transitionOverdue,
	reviewOverdue,
	exemptionExpired(false),
	notAProviderUnit,
	stateServiceUnlisted,
	procuredByUnit,
	decentral,
}

// beside are the checks whose findings never decide.
var beside = []check{
	namespaceWithoutUnit,
	unitMismatch,
	exemptionReused,
	transitionTooLong,
}

func policyNotCompiled(f facts) (Finding, bool) {
	return Finding{
		v1alpha1.ReasonPolicyNotCompiled, 9, Interpretation,
		`no GovernancePolicy default has been compiled, so that nothing can be judged: see to it that it is there, and wait until "kubectl get itpolicy default" shows when it was compiled`,
	}, f.Rules == nil
}

func unitOutOfScope(f facts) (Finding, bool) {
	if f.treatment != v1alpha1.TreatmentOutOfScope {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonUnitOutOfScope, 7, Paper,
		"the rule does not apply to unit " + f.Unit + " (hosting for third parties is unaffected, and companies close to the city answer for themselves): nothing is to be done",
	}, true
}

func noLongerOperated(f facts) (Finding, bool) {
	return Finding{
		v1alpha1.ReasonNoLongerOperated, 1, Interpretation,
		"it is Retired, so that nobody provides it any more: nothing is to be done",
	}, f.Application.Spec.Lifecycle == v1alpha1.LifecycleRetired
}

func providerUndetermined(f facts) (Finding, bool) {
	return Finding{
		v1alpha1.ReasonProviderUndetermined, 9, Interpretation,
		"nobody has declared who provides it: find out, and set spec.operation.provider",
	}, !f.declared()
}

func providedByKDZ(f facts) (Finding, bool) {
	if !f.provided || f.op.Provider != v1alpha1.ProviderKDZ {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonProvidedByKDZ, 1, Paper,
		"unit " + nameOf(f.op.UnitRef) + " of the KDZ provides it: nothing is to be done",
	}, true
}

func providedByState(f facts) (Finding, bool) {
	if !f.provided || f.op.Provider != v1alpha1.ProviderState {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonProvidedByState, 8, Interpretation,
		fmt.Sprintf("the state provides it on the legal basis %q, which the GovernancePolicy lists: nothing is to be done", f.op.LegalBasis),
	}, true
}

func unitExempt(f facts) (Finding, bool) {
	if f.treatment != v1alpha1.TreatmentExempt {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonUnitExempt, 2, Paper,
		"unit " + f.Unit + " is one of the named exceptions, which keep decentral IT: nothing is to be done",
	}, true
}

func exempted(f facts) (Finding, bool) {
	if f.holding == nil {
		return Finding{}, false
	}
	e := &f.holding.Spec
	return Finding{
		v1alpha1.ReasonExempted, 3, Paper,
		fmt.Sprintf("Exemption %s (%s, reference %q) holds to the end of %s: have the KDZ provide it by then, or ask the DigIT steering round for a renewal in time",
			f.holding.Name, e.Decision.Body, e.Decision.Reference, e.ExpiresOn),
	}, true
}

func unitUnderReview(f facts) (Finding, bool) {
	if f.treatment != v1alpha1.TreatmentUnderReview {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonUnitUnderReview, 5, Paper,
		"how far the IT of unit " + f.Unit + " can be centralised is being examined by the KDZ and the main office: take part, and set up nothing that would be in the way",
	}, true
}

func reviewPending(f facts) (Finding, bool) {
	if !f.review.set || !f.review.inTime {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonReviewPending, 5, Paper,
		fmt.Sprintf("%s examine to the end of %s how far it can be centralised: have the result by then, as a transition or an Exemption", reviewers(f.op.Review), f.op.Review.DueOn),
	}, true
}

func transitionPlanned(f facts) (Finding, bool) {
	if !f.transition.set || !f.transition.inTime {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonTransitionPlanned, 4, Interpretation,
		fmt.Sprintf("project %s brings it to the KDZ by the end of %s: keep to the plan", project(f.op.Transition), f.op.Transition.DueOn),
	}, true
}

// exemptionExpired decides if nothing else has run out: if a transition or a
// review has, that was the last plan for it.
func exemptionExpired(alone bool) check {
	return func(f facts) (Finding, bool) {
		overdue := f.transition.overdue() || f.review.overdue()
		if f.expired == nil || f.holding != nil || alone == overdue {
			return Finding{}, false
		}
		message := fmt.Sprintf("Exemption %s expired at the end of %s", f.expired.Name, f.expired.Spec.ExpiresOn)
		if f.unusable != nil {
			message = fmt.Sprintf("Exemption %s counts as expired, since %v", f.expired.Name, f.unusable)
		}
		return Finding{
			v1alpha1.ReasonExemptionExpired, 3, Interpretation,
			message + ": have the KDZ provide it (spec.operation.provider: KDZ, and its unit), or ask the DigIT steering round for a new Exemption",
		}, true
	}
}

// overdue: there is a plan, and its day has passed, or is none.
func (t term) overdue() bool { return t.set && !t.inTime }

func transitionOverdue(f facts) (Finding, bool) {
	if !f.transition.overdue() {
		return Finding{}, false
	}
	message := fmt.Sprintf("by project %s it was to be with the KDZ by the end of %s", project(f.op.Transition), f.op.Transition.DueOn)
	if f.transition.unusable != nil {
		message = fmt.Sprintf("its transition counts as overdue, since spec.operation.transition.dueOn %v", f.transition.unusable)
	}
	return Finding{
		v1alpha1.ReasonTransitionOverdue, 4, Interpretation,
		message + ": complete the transition, or ask the DigIT steering round or the provider management to set another day",
	}, true
}

func reviewOverdue(f facts) (Finding, bool) {
	if !f.review.overdue() {
		return Finding{}, false
	}
	message := fmt.Sprintf("%s were to have examined by the end of %s how far it can be centralised", reviewers(f.op.Review), f.op.Review.DueOn)
	if f.review.unusable != nil {
		message = fmt.Sprintf("its examination counts as overdue, since spec.operation.review.dueOn %v", f.review.unusable)
	}
	return Finding{
		v1alpha1.ReasonReviewOverdue, 5, Paper,
		message + ": have the result recorded, as a transition or an Exemption, or ask the DigIT steering round or the provider management to set another day",
	}, true
}

func project(t *v1alpha1.Transition) string {
	if t.ProjectRef.Namespace == "" {
		return string(t.ProjectRef.Name)
	}
	return string(t.ProjectRef.Namespace) + "/" + string(t.ProjectRef.Name)
}

func reviewers(r *v1alpha1.Review) string {
	names := make([]string, len(r.Reviewers))
	for i, name := range r.Reviewers {
		names[i] = string(name)
	}
	return strings.Join(names, " and ")
}

func notAProviderUnit(f facts) (Finding, bool) {
	if !f.claimsKDZ() {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonNotAProviderUnit, 1, Paper,
		fmt.Sprintf("it claims provider KDZ, and unit %q is none of the KDZ's: name in spec.operation.unitRef the unit of the KDZ that operates it, or say in spec.operation.provider who does", nameOf(f.op.UnitRef)),
	}, true
}

func stateServiceUnlisted(f facts) (Finding, bool) {
	if !f.claimsState() {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonStateServiceUnlisted, 8, Interpretation,
		fmt.Sprintf("it claims provider State, and the GovernancePolicy lists no state service with the legal basis %q: take one that it lists, have the provider management add the service, or say in spec.operation.provider who does provide it", f.op.LegalBasis),
	}, true
}

func procuredByUnit(f facts) (Finding, bool) {
	message := "a unit bought it on its own, and all IT of the city is procured through the KDZ: have the KDZ take over its procurement and leave out spec.operation.procuredThrough, or ask the DigIT steering round for an Exemption"
	if f.allowed {
		message = "a unit bought it on its own, which is allowed only as long as its exemption, review or transition lasts: have the KDZ buy what comes after it"
	}
	return Finding{v1alpha1.ReasonProcuredByUnit, 1, Paper, message}, f.op.ProcuredThrough == v1alpha1.ProcuredThroughUnit
}

// decentral is told only of what nothing allows. What a project delivers is
// new: that there is no decentral responsibility for running IT is the papers'
// word. What was there before is to be centralised; that it needs a plan until
// then is how we read them.
func decentral(f facts) (Finding, bool) {
	if f.allowed || f.op.Provider != v1alpha1.ProviderDecentral {
		return Finding{}, false
	}
	finding := Finding{
		v1alpha1.ReasonDecentral, 4, Interpretation,
		"it is not provided by the KDZ, and there is no plan to bring it there: have the KDZ provide it (spec.operation.provider: KDZ, and its unit), have the DigIT steering round plan its transition, or ask it for an Exemption",
	}
	if f.Application.Spec.Origin == v1alpha1.OriginProject {
		finding.Sentence, finding.Source = 6, Paper
		finding.Message = "it is new and not provided by the KDZ, and no unit runs IT on its own: have the KDZ provide it (spec.operation.provider: KDZ, and its unit), or ask the DigIT steering round for an Exemption"
	}
	return finding, true
}

func namespaceWithoutUnit(f facts) (Finding, bool) {
	if f.Unit != "" {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonNamespaceWithoutUnit, 1, Interpretation,
		"namespace " + f.Application.Namespace + " belongs to no unit, so that the rule holds in full: ask the platform team to set its label " + v1alpha1.LabelUnit,
	}, true
}

func unitMismatch(f facts) (Finding, bool) {
	responsible := string(f.Application.Spec.Responsible.UnitRef.Name)
	if f.Unit == "" || responsible == f.Unit {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonUnitMismatch, 1, Interpretation,
		fmt.Sprintf("unit %s answers for it, and namespace %s belongs to unit %s, by which it is judged: set spec.responsible.unitRef.name to %s, or move it to the namespace of unit %s",
			responsible, f.Application.Namespace, f.Unit, f.Unit, responsible),
	}, true
}

func exemptionReused(f facts) (Finding, bool) {
	if f.holding == nil || f.holding.Status.Application == nil {
		return Finding{}, false
	}
	was, is := *f.holding.Status.Application, SystemOf(f.Application)
	if SameSystem(was, is) {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonExemptionReused, 3, Interpretation,
		fmt.Sprintf("Exemption %s was granted to the system %q (uid %s), and another one, %q, now has its name: ask the DigIT steering round whether the Exemption is meant for this one, or for a new one",
			f.holding.Name, was.DisplayName, was.UID, is.DisplayName),
	}, true
}

func transitionTooLong(f facts) (Finding, bool) {
	if !f.transition.tooLong {
		return Finding{}, false
	}
	return Finding{
		v1alpha1.ReasonTransitionTooLong, 4, Interpretation,
		fmt.Sprintf("its transition ends on %s, later than the GovernancePolicy allows (maxTransition %s from today): plan it in shorter steps", f.op.Transition.DueOn, f.Rules.MaxTransitionText),
	}, true
}
