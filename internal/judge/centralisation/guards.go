// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"fmt"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// visit is a request on its way through the guards.
type visit struct {
	Request
	// now and old are who operates it; old is nil if it is created.
	now, old *v1alpha1.Operation
}

// guards of the door, in the order of the admission policy.
var guards = []func(*visit) (Refusal, bool){
	namespaceHasUnit,
	unitIsNamespaces,
	unitIsOfKDZ,
	mayNameUnit,
	mayNameSupportUnit,
	stateServiceIsListed,
	mayDeclareStateService,
	mayLeaveUndetermined,
	mayRecordExisting,
	maySetTransition,
	transitionIsShort,
	maySetReview,
	procuredThroughKDZ,
	providedCentrally,
}

func refuse(refused bool, field, format string, args ...any) (Refusal, bool) {
	if !refused {
		return Refusal{}, false
	}
	return Refusal{Field: field, Message: fmt.Sprintf(format, args...)}, true
}

func (v *visit) may(right Right, unit string) bool { return v.May != nil && v.May(right, unit) }

// providerAnew: the provider is set anew, which everything is on creation.
func (v *visit) providerAnew() bool { return v.old == nil || v.now.Provider != v.old.Provider }

// unitAnew and supportAnew: the reference is set anew.
func (v *visit) unitAnew() bool {
	return v.old == nil || nameOf(v.now.UnitRef) != nameOf(v.old.UnitRef)
}

func (v *visit) supportAnew() bool {
	return v.old == nil || nameOf(v.now.SupportUnitRef) != nameOf(v.old.SupportUnitRef)
}

func namespaceHasUnit(v *visit) (Refusal, bool) {
	return refuse(v.Unit == "", fieldNamespace, "namespace %s belongs to no unit: ask the platform team to set its label kdz.mainz.de/unit", v.New.Namespace)
}

func unitIsNamespaces(v *visit) (Refusal, bool) {
	responsible := v.New.Spec.Responsible.UnitRef.Name
	anew := v.Old == nil || v.Old.Spec.Responsible.UnitRef.Name != responsible
	// Without a unit there is nothing that it could be set to.
	return refuse(anew && v.Unit != "" && string(responsible) != v.Unit, fieldResponsible,
		"namespace %s belongs to unit %s: set spec.responsible.unitRef.name to %s, or apply this in the namespace of unit %s", v.New.Namespace, v.Unit, v.Unit, responsible)
}

func unitIsOfKDZ(v *visit) (Refusal, bool) {
	unit := nameOf(v.now.UnitRef)
	claimed := v.now.Provider == v1alpha1.ProviderKDZ && (v.providerAnew() || v.unitAnew())
	return refuse(claimed && !v.Rules.ProviderUnits[unit], fieldUnit,
		"unit %s is not a KDZ unit: with provider KDZ, spec.operation.unitRef names the unit of the KDZ that operates it", unit)
}

func mayNameUnit(v *visit) (Refusal, bool) {
	return v.names(fieldUnit, nameOf(v.now.UnitRef), v.unitAnew())
}

func mayNameSupportUnit(v *visit) (Refusal, bool) {
	return v.names(fieldSupportUnit, nameOf(v.now.SupportUnitRef), v.supportAnew())
}

// names guards the naming of a unit that somebody else answers for, which
// counts from when the Application is more than planned.
func (v *visit) names(field, unit string, anew bool) (Refusal, bool) {
	if unit == "" || v.New.Spec.Lifecycle == v1alpha1.LifecyclePlanned {
		return Refusal{}, false
	}
	foreign := v.Rules.ProviderUnits[unit] || unit != v.Unit
	anew = anew || v.Old.Spec.Lifecycle == v1alpha1.LifecyclePlanned
	return refuse(foreign && anew && !v.may(RightOperate, unit), field,
		"you may not name unit %s in %s of an application that is not Planned: ask that unit to apply it, or to let you (right organisationalunits/operate)", unit, field)
}

// stateAnew: a service of the state is declared, or another one.
func (v *visit) stateAnew() bool {
	return v.now.Provider == v1alpha1.ProviderState && (v.providerAnew() || v.now.LegalBasis != v.old.LegalBasis)
}

func stateServiceIsListed(v *visit) (Refusal, bool) {
	return refuse(v.stateAnew() && !v.Rules.LegalBases[v.now.LegalBasis], fieldLegalBasis,
		"spec.operation.legalBasis \"%s\" is that of no state service in the GovernancePolicy: take one that it lists, or have the provider management add the service", v.now.LegalBasis)
}

func mayDeclareStateService(v *visit) (Refusal, bool) {
	return refuse(v.stateAnew() && !v.may(RightStateService, ""), fieldProvider,
		"you may not declare a state service: the provider management does (right applications/stateservice)")
}

func mayLeaveUndetermined(v *visit) (Refusal, bool) {
	left := v.now.Provider == v1alpha1.ProviderUndetermined && v.providerAnew()
	return refuse(left && !v.may(RightInventory, ""), fieldProvider,
		"you may not leave the provider Undetermined: name the KDZ unit that operates it, or have the inventory record it (right applications/inventory)")
}

func mayRecordExisting(v *visit) (Refusal, bool) {
	recorded := v.Old == nil && v.New.Spec.Origin == v1alpha1.OriginExisting
	return refuse(recorded && !v.may(RightInventory, ""), fieldOrigin,
		"you may not record an application of origin Existing: the inventory does (right applications/inventory); use origin Project for what a project delivers")
}

// transitionAnew: a transition is set, is another project's, or ends later.
// Days compare as text.
func (v *visit) transitionAnew() bool {
	t := v.now.Transition
	if t == nil {
		return false
	}
	return v.old == nil || v.old.Transition == nil || v.old.Transition.ProjectRef != t.ProjectRef || v.old.Transition.DueOn < t.DueOn
}

func maySetTransition(v *visit) (Refusal, bool) {
	return refuse(v.transitionAnew() && !v.may(RightTransition, ""), fieldTransition,
		"you may not set or extend spec.operation.transition: the DigIT steering round or the provider management does (right applications/transition)")
}

func transitionIsShort(v *visit) (Refusal, bool) {
	if !v.transitionAnew() {
		return Refusal{}, false
	}
	_, tooLong, err := exceeds(v.now.Transition.DueOn, v.Rules.MaxTransition, v.Now)
	return refuse(err == nil && tooLong, fieldTransition+".dueOn",
		"spec.operation.transition.dueOn is later than the GovernancePolicy allows (maxTransition %s from today): plan it in shorter steps", v.Rules.MaxTransitionText)
}

func maySetReview(v *visit) (Refusal, bool) {
	r := v.now.Review
	if r == nil {
		return Refusal{}, false
	}
	anew := v.old == nil || v.old.Review == nil || !sameNames(v.old.Review.Reviewers, r.Reviewers) || v.old.Review.DueOn < r.DueOn
	return refuse(anew && !v.may(RightTransition, ""), fieldReview,
		"you may not set or extend spec.operation.review: the DigIT steering round or the provider management does (right applications/transition)")
}

// sameNames compares lists that are sets.
func sameNames(a, b []v1alpha1.ObjectName) bool {
	within := func(these, those []v1alpha1.ObjectName) bool {
		return !slices.ContainsFunc(these, func(name v1alpha1.ObjectName) bool { return !slices.Contains(those, name) })
	}
	return within(a, b) && within(b, a)
}

// exempt: the unit or the name may be decentral.
func (v *visit) exempt() bool {
	return v.Rules.TreatmentOf(v.Unit) != v1alpha1.TreatmentBound || v.ExemptUntil.After(v.Now)
}

// lives ranks the stages of a life by how much lives.
var lives = map[v1alpha1.Lifecycle]int{
	v1alpha1.LifecycleRetired:    0,
	v1alpha1.LifecyclePlanned:    1,
	v1alpha1.LifecyclePhasingOut: 2,
	v1alpha1.LifecycleOperating:  3,
}

// revived: it lives more than before.
func (v *visit) revived() bool {
	return v.Old != nil && lives[v.New.Spec.Lifecycle] > lives[v.Old.Spec.Lifecycle]
}

func procuredThroughKDZ(v *visit) (Refusal, bool) {
	if v.now.ProcuredThrough != v1alpha1.ProcuredThroughUnit {
		return Refusal{}, false
	}
	asBefore := v.old != nil && v.old.ProcuredThrough == v1alpha1.ProcuredThroughUnit && !v.revived()
	return Refusal{
		Field:   fieldProcured,
		Message: "this application is procured by the unit itself, and all IT of the city is procured through the KDZ: have the KDZ buy it and leave out spec.operation.procuredThrough, or ask the DigIT steering round for an Exemption",
		Rule:    true, Sentence: 1, Source: Paper,
	}, !asBefore && !v.exempt() && !v.may(RightInventory, "")
}

func providedCentrally(v *visit) (Refusal, bool) {
	if v.now.Provider != v1alpha1.ProviderDecentral {
		return Refusal{}, false
	}
	asBefore := v.old != nil && v.old.Provider == v1alpha1.ProviderDecentral && !v.revived()
	planned := v.now.Transition != nil && inTime(v.now.Transition.DueOn, v.Now) || v.now.Review != nil && inTime(v.now.Review.DueOn, v.Now)
	return Refusal{
		Field:   fieldProvider,
		Message: "this application is not provided by the KDZ, and all IT of the city is: have the KDZ provide it (spec.operation.provider: KDZ, and its unit), or ask the DigIT steering round for an Exemption",
		Rule:    true, Sentence: 6, Source: Interpretation,
	}, !asBefore && !v.exempt() && !planned && !v.may(RightInventory, "")
}

// inTime says whether a day has not passed. One that is none has.
func inTime(day v1alpha1.Date, now time.Time) bool {
	end, err := calendar.EndOfDay(string(day))
	return err == nil && now.Before(end)
}
