// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"maps"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// weight is how a verdict is told.
type weight struct {
	result   Result
	severity Severity
}

// weights of the verdicts. UnderReview and InTransition are allowed for now and
// have an end, so they warn, though hardly; an exempt Application is skipped
// rather than passed, since it is not as the rule wants it.
var weights = map[v1alpha1.Verdict]weight{
	v1alpha1.VerdictCompliant:    {Pass, Info},
	v1alpha1.VerdictExempt:       {Skip, Info},
	v1alpha1.VerdictOutOfScope:   {Skip, Info},
	v1alpha1.VerdictUnderReview:  {Warn, Low},
	v1alpha1.VerdictInTransition: {Warn, Low},
	v1alpha1.VerdictUnknown:      {Warn, Medium},
	v1alpha1.VerdictViolating:    {Fail, High},
}

// besides are reasons that are findings of their own beside the verdict. (That
// the namespace belongs to no unit is said of the namespace.)
var besides = map[string]weight{
	v1alpha1.ReasonUnitMismatch:      {Warn, Medium},
	v1alpha1.ReasonExemptionReused:   {Fail, High},
	v1alpha1.ReasonTransitionTooLong: {Warn, Medium},
}

// claims are reasons that tell of a claim that is not true. It matters even
// where the rule does not apply; elsewhere it is part of the verdict.
var claims = map[string]bool{
	v1alpha1.ReasonNotAProviderUnit:     true,
	v1alpha1.ReasonStateServiceUnlisted: true,
}

// remedies of the reasons of condition Centralised for which there is
// something to do.
var remedies = map[string]string{
	v1alpha1.ReasonDecentral:            "have the KDZ provide it (spec.operation.provider: KDZ, and its unit), plan a transition, or ask the DigIT steering round for an Exemption",
	v1alpha1.ReasonProcuredByUnit:       "have the KDZ buy it and leave out spec.operation.procuredThrough, or ask the DigIT steering round for an Exemption",
	v1alpha1.ReasonNotAProviderUnit:     "name the unit of the KDZ that operates it in spec.operation.unitRef, or declare that it is Decentral",
	v1alpha1.ReasonStateServiceUnlisted: "take a legal basis that the GovernancePolicy lists, or have the provider management add the service",
	v1alpha1.ReasonExemptionExpired:     "have the KDZ provide it, or ask the DigIT steering round for a new Exemption",
	v1alpha1.ReasonTransitionOverdue:    "finish the transition, or have the DigIT steering round or the provider management set another day",
	v1alpha1.ReasonReviewOverdue:        "finish the examination, or have the DigIT steering round or the provider management set another day",
	v1alpha1.ReasonProviderUndetermined: "find out who provides it and declare it in spec.operation.provider",
	v1alpha1.ReasonPolicyNotCompiled:    "see what kubectl get itpolicy default says, and whether the operator runs",
	v1alpha1.ReasonUnitMismatch:         "set spec.responsible.unitRef.name to the unit of the namespace, or move it to a namespace of the unit that answers for it",
	v1alpha1.ReasonExemptionReused:      "give the other system a name of its own, and ask the DigIT steering round for an Exemption of its own",
	v1alpha1.ReasonTransitionTooLong:    "plan it in shorter steps",
	v1alpha1.ReasonReviewPending:        "examine how far it can be centralised, in time",
	v1alpha1.ReasonUnitUnderReview:      "examine how far the IT of the unit can be centralised",
	v1alpha1.ReasonTransitionPlanned:    "bring it to the KDZ in time",
	v1alpha1.ReasonUndecodable:          "mend the object: see kubectl get itapp -o yaml, and apply it anew",
}

// verdict judges an Application under the rule and tells it, and returns the
// reason that decided.
func (a *auditor) verdict(app *v1alpha1.Application) string {
	subject := subjectOf("Application", app.Namespace, app.Name, app.UID)
	j := centralisation.Judge(centralisation.Scope{
		Application: app, Unit: a.Unit, Rules: a.Rules,
		Exemptions: a.exemptions[v1alpha1.ObjectName(app.Name)], Now: a.Now,
	})
	a.until(j.Next)

	w, known := weights[j.Verdict]
	if !known {
		w = weights[v1alpha1.VerdictUnknown]
	}
	f := Finding{
		Policy: PolicyCentralisation, Rule: string(j.Verdict), Result: w.result, Severity: w.severity, Subject: subject,
		Properties: map[string]string{
			PropertyVerdict: string(j.Verdict),
			PropertyUnit:    string(app.Spec.Responsible.UnitRef.Name),
		},
	}
	// Nearly all pass, by the first sentence, and their rule says who provides
	// them. To say it again would be a seventh of what an audit costs.
	passes := w.result == Pass
	if !passes {
		f.Properties[PropertyProvider] = string(app.Spec.Operation.Provider)
	}
	var also []string
	for i, found := range j.Findings {
		if i == 0 {
			f.Rule, f.Message = found.Reason, found.Message
			if !passes {
				f.Properties[PropertySentence] = strconv.Itoa(found.Sentence)
				f.Properties[PropertySource] = string(found.Source)
			}
			continue
		}
		also = append(also, found.Reason)
		a.beside(subject, j.Verdict, found)
	}
	if len(also) > 0 {
		f.Properties[PropertyAlso] = strings.Join(also, ",")
	}
	f.Remedy = remedies[f.Rule]
	if j.Verdict == v1alpha1.VerdictExempt {
		a.exemption(app, f.Rule, j.Exemption, f.Properties)
	}
	a.add(f)
	return f.Rule
}

// beside tells what is found beside the verdict, if it is a finding of its own.
func (a *auditor) beside(subject Subject, v v1alpha1.Verdict, found centralisation.Finding) {
	w, own := besides[found.Reason]
	if v == v1alpha1.VerdictOutOfScope && claims[found.Reason] {
		w, own = weight{Warn, Medium}, true
	}
	if !own {
		return
	}
	a.add(Finding{
		Policy: PolicyCentralisation, Rule: found.Reason, Result: w.result, Severity: w.severity, Subject: subject,
		Message: found.Message, Remedy: remedies[found.Reason],
		Properties: map[string]string{
			PropertySentence: strconv.Itoa(found.Sentence), PropertySource: string(found.Source),
		},
	})
}

// exemption names what an exempt Application rests on, and says when that ends
// soon. Where the unit is exempt as a whole it matters to nobody when an
// Exemption ends.
func (a *auditor) exemption(app *v1alpha1.Application, basis, name string, properties map[string]string) {
	if basis == v1alpha1.ReasonUnitExempt {
		properties[PropertyExemption] = "unit " + a.Unit
		return
	}
	properties[PropertyExemption] = name
	for _, e := range a.exemptions[v1alpha1.ObjectName(app.Name)] {
		if e.Name != name {
			continue
		}
		granted := map[string]string{
			PropertyExemption: e.Name,
			PropertyEndsOn:    string(e.Spec.ExpiresOn),
			PropertyBody:      string(e.Spec.Decision.Body),
			PropertyReference: e.Spec.Decision.Reference,
			PropertyDecidedBy: string(e.Spec.Decision.DecidedBy),
		}
		maps.Copy(properties, granted)
		a.expiring(app, e, granted)
	}
}
