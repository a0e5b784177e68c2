// SPDX-License-Identifier: Apache-2.0

package admission

import "fmt"

// What the policy on Applications says. The Go judge says the same.
const (
	messageNotCompiled     = `the operator has not compiled the GovernancePolicy default yet, so that nothing can be admitted: wait until "kubectl get itpolicy default" shows when it was compiled`
	messageStateService    = `you may not declare a state service: the provider management does (right applications/stateservice)`
	messageUndetermined    = `you may not leave the provider Undetermined: name the KDZ unit that operates it, or have the inventory record it (right applications/inventory)`
	messageExisting        = `you may not record an application of origin Existing: the inventory does (right applications/inventory); use origin Project for what a project delivers`
	messageTransition      = `you may not set or extend spec.operation.transition: the DigIT steering round or the provider management does (right applications/transition)`
	messageTransitionShort = `spec.operation.transition.dueOn is later than the GovernancePolicy allows (maxTransition ` + maxTransition + ` from today): plan it in shorter steps`
	messageReview          = `you may not set or extend spec.operation.review: the DigIT steering round or the provider management does (right applications/transition)`
	messageProcured        = `this application is procured by the unit itself, and all IT of the city is procured through the KDZ: have the KDZ buy it and leave out spec.operation.procuredThrough, or ask the DigIT steering round for an Exemption`
	messageDecentral       = `this application is not provided by the KDZ, and all IT of the city is: have the KDZ provide it (spec.operation.provider: KDZ, and its unit), or ask the DigIT steering round for an Exemption`
	messageStatus          = `only the operator writes a status or an AvailabilityRecord: change the spec, and they follow (right governancepolicies/operator)`
	messagePolicyKept      = `the GovernancePolicy default is not deleted by anybody, since without it no Application is admitted: change its spec instead, or soften the rule with spec.centralisation.enforcement`
)

func messageNoUnit(namespace string) string {
	return fmt.Sprintf("namespace %s belongs to no unit: ask the platform team to set its label kdz.mainz.de/unit", namespace)
}

func messageOtherUnit(namespace, unit, named string) string {
	return fmt.Sprintf("namespace %s belongs to unit %s: set spec.responsible.unitRef.name to %s, or apply this in the namespace of unit %s", namespace, unit, unit, named)
}

func messageNotKDZ(unit string) string {
	return fmt.Sprintf("unit %s is not a KDZ unit: with provider KDZ, spec.operation.unitRef names the unit of the KDZ that operates it", unit)
}

func messageOperate(unit, field string) string {
	return fmt.Sprintf("you may not name unit %s in spec.operation.%s of an application that is not Planned: ask that unit to apply it, or to let you (right organisationalunits/operate)", unit, field)
}

func messageLegalBasis(legalBasis string) string {
	return fmt.Sprintf(`spec.operation.legalBasis "%s" is that of no state service in the GovernancePolicy: take one that it lists, or have the provider management add the service`, legalBasis)
}

func messageExemption(does, namespace string) string {
	return fmt.Sprintf("you may not %s an Exemption: the DigIT steering round decides on exceptions, and records them (right exemptions/grant in namespace %s)", does, namespace)
}

func messageOwnName(name string) string {
	return fmt.Sprintf(`you record decisions in your own name: set spec.decision.decidedBy to "%s", or have it recorded by somebody who may do so for others (right exemptions/onbehalf)`, name)
}

func messageDecidedLater(today string) string {
	return fmt.Sprintf("spec.decision.decidedOn lies in the future: it is %s in Europe/Berlin, and a decision is recorded when it has been taken", today)
}

func messageExpired(today string) string {
	return fmt.Sprintf("spec.expiresOn is over: it is %s in Europe/Berlin, so the Exemption would never hold", today)
}

func messageGive(unit string) string {
	return fmt.Sprintf("you may not give a namespace to unit %s by label kdz.mainz.de/unit: the platform team does (right organisationalunits/assign on that unit)", unit)
}

func messageTake(unit string) string {
	return fmt.Sprintf("you may not take a namespace from unit %s by label kdz.mainz.de/unit: the platform team does (right organisationalunits/assign on that unit)", unit)
}

func messageUnit(does, unit string) string {
	return fmt.Sprintf("you may not %s unit %s, since that decides how the rule treats it: the platform team does (right organisationalunits/assign on that unit)", does, unit)
}
