// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// request creates an application in the namespace of its own unit, by a user
// without rights.
func request(a *v1alpha1.Application) centralisation.Request {
	return centralisation.Request{New: a, Unit: a.Namespace, Rules: rules(), Now: now}
}

// change makes one application of another.
func change(from, to *v1alpha1.Application) centralisation.Request {
	r := request(to)
	r.Old = from
	return r
}

// with gives the user rights: "inventory", "operate kdz-16-03-04".
func with(r centralisation.Request, rights ...string) centralisation.Request {
	r.May = func(right centralisation.Right, unit string) bool {
		name := string(right)
		if unit != "" {
			name += " " + unit
		}
		return slices.Contains(rights, name)
	}
	return r
}

func exemptUntil(r centralisation.Request, until time.Time) centralisation.Request {
	r.ExemptUntil = until
	return r
}

func atUnit(r centralisation.Request, unit string) centralisation.Request { r.Unit = unit; return r }

// The messages of the door for the application of amt-33, word for word.
const (
	msgCompiled     = `the operator has not compiled the GovernancePolicy default yet, so that nothing can be admitted: wait until "kubectl get itpolicy default" shows when it was compiled`
	msgNoUnit       = `namespace amt-33 belongs to no unit: ask the platform team to set its label kdz.mainz.de/unit`
	msgOtherUnit    = `namespace amt-33 belongs to unit amt-33: set spec.responsible.unitRef.name to amt-33, or apply this in the namespace of unit amt-40-edu`
	msgNotKDZ       = `unit amt-33 is not a KDZ unit: with provider KDZ, spec.operation.unitRef names the unit of the KDZ that operates it`
	msgOperate      = `you may not name unit kdz-16-03-04 in spec.operation.unitRef of an application that is not Planned: ask that unit to apply it, or to let you (right organisationalunits/operate)`
	msgSupport      = `you may not name unit kdz-16-03 in spec.operation.supportUnitRef of an application that is not Planned: ask that unit to apply it, or to let you (right organisationalunits/operate)`
	msgOperateOther = `you may not name unit amt-40 in spec.operation.unitRef of an application that is not Planned: ask that unit to apply it, or to let you (right organisationalunits/operate)`
	msgUnlisted     = `spec.operation.legalBasis "Because" is that of no state service in the GovernancePolicy: take one that it lists, or have the provider management add the service`
	msgState        = `you may not declare a state service: the provider management does (right applications/stateservice)`
	msgUndetermined = `you may not leave the provider Undetermined: name the KDZ unit that operates it, or have the inventory record it (right applications/inventory)`
	msgExisting     = `you may not record an application of origin Existing: the inventory does (right applications/inventory); use origin Project for what a project delivers`
	msgTransition   = `you may not set or extend spec.operation.transition: the DigIT steering round or the provider management does (right applications/transition)`
	msgTooLong      = `spec.operation.transition.dueOn is later than the GovernancePolicy allows (maxTransition 26280h from today): plan it in shorter steps`
	msgReview       = `you may not set or extend spec.operation.review: the DigIT steering round or the provider management does (right applications/transition)`
	msgProcured     = `this application is procured by the unit itself, and all IT of the city is procured through the KDZ: have the KDZ buy it and leave out spec.operation.procuredThrough, or ask the DigIT steering round for an Exemption`
	msgDecentral    = `this application is not provided by the KDZ, and all IT of the city is: have the KDZ provide it (spec.operation.provider: KDZ, and its unit), or ask the DigIT steering round for an Exemption`
)

// made is by a project, planned and provided by the KDZ: what anybody may
// create.
func made(unitName string, options ...func(*v1alpha1.Application)) *v1alpha1.Application {
	return application(unitName, append([]func(*v1alpha1.Application){fromProject, lifecycle(v1alpha1.LifecyclePlanned)}, options...)...)
}

func TestAdmitOnCreation(t *testing.T) {
	const operating = v1alpha1.LifecycleOperating
	later := now.Add(time.Second)
	uncompiledRequest := request(made("amt-33", undetermined))
	uncompiledRequest.Rules = nil
	unlimited := with(request(made("amt-33", decentral, transition("2099-01-01"))), "transition")
	unlimited.Rules.MaxTransition = 0
	tests := []struct {
		name    string
		request centralisation.Request
		want    []string
	}{
		{"planned at the KDZ", request(made("amt-33")), nil},
		{"1 not compiled", uncompiledRequest, []string{msgCompiled}},
		{"2 no unit", atUnit(request(made("amt-33")), ""), []string{msgNoUnit}},
		{"2 no unit, and decentral", atUnit(request(made("amt-33", decentral)), ""), []string{msgNoUnit, msgDecentral}},
		{"3 another unit", request(made("amt-33", responsible("amt-40-edu"))), []string{msgOtherUnit}},
		{"3 another unit, to be exempt", request(made("amt-33", decentral, responsible("amt-40-edu"))), []string{msgOtherUnit, msgDecentral}},
		{"4 a unit of its own", request(made("amt-33", operatedBy("amt-33"))), []string{msgNotKDZ}},
		{"4 a unit of its own, where the rule does not hold", request(made("extern", operatedBy("amt-33"))), []string{msgNotKDZ}},
		{"5 in operation", request(made("amt-33", lifecycle(operating))), []string{msgOperate}},
		{"5 phasing out", request(made("amt-33", lifecycle(v1alpha1.LifecyclePhasingOut))), []string{msgOperate}},
		{"5 retired", request(made("amt-33", lifecycle(v1alpha1.LifecycleRetired))), []string{msgOperate}},
		{"5 with the right to another unit", with(request(made("amt-33", lifecycle(operating))), "operate kdz-16-03"), []string{msgOperate}},
		{"5 with the right", with(request(made("amt-33", lifecycle(operating))), "operate kdz-16-03-04"), nil},
		{"5 a unit that is neither", exemptUntil(request(made("amt-33", decentral, operatedBy("amt-40"), lifecycle(operating))), later), []string{msgOperateOther}},
		{"5 its own unit", exemptUntil(request(made("amt-33", decentral, operatedBy("amt-33"), lifecycle(operating))), later), nil},
		{"5 its own unit is of the KDZ", atUnit(request(made("kdz-16-03-04", lifecycle(operating))), "kdz-16-03-04"), []string{msgOperate}},
		{"6 support", with(request(made("amt-33", supportedBy("kdz-16-03"), lifecycle(operating))), "operate kdz-16-03-04"), []string{msgSupport}},
		{"6 support, planned", request(made("amt-33", supportedBy("kdz-16-03"))), nil},
		{"6 support with the right", with(request(made("amt-33", supportedBy("kdz-16-03"), lifecycle(operating))), "operate kdz-16-03-04", "operate kdz-16-03"), nil},
		{"7 unlisted", with(request(made("amt-33", state("Because"))), "stateservice"), []string{msgUnlisted}},
		{"7 unlisted, and may not", request(made("amt-33", state("Because"))), []string{msgUnlisted, msgState}},
		{"8 state", request(made("amt-33", state(law))), []string{msgState}},
		{"8 state with the right", with(request(made("amt-33", state(law))), "stateservice"), nil},
		{"9 undetermined", request(made("amt-33", undetermined)), []string{msgUndetermined}},
		{"9 undetermined with the right", with(request(made("amt-33", undetermined)), "inventory"), nil},
		{"10 existing", request(made("amt-33", func(a *v1alpha1.Application) { a.Spec.Origin = v1alpha1.OriginExisting })), []string{msgExisting}},
		{"10 existing with the right", with(request(application("amt-33", decentral)), "inventory"), nil},
		{"11 transition", request(made("amt-33", decentral, transition("2027-12-31"))), []string{msgTransition}},
		{"11 transition with the right", with(request(made("amt-33", decentral, transition("2027-12-31"))), "transition"), nil},
		{"12 too long", with(request(made("amt-33", decentral, transition("2029-11-02"))), "transition"), []string{msgTooLong}},
		{"12 the longest that is allowed", with(request(made("amt-33", decentral, transition("2029-11-01"))), "transition"), nil},
		{"12 no limit", unlimited, nil},
		{"13 review", request(made("amt-33", decentral, review("2027-12-31"))), []string{msgReview}},
		{"13 review with the right", with(request(made("amt-33", decentral, review("2027-12-31"))), "transition"), nil},
		{"14 bought alone", request(made("amt-33", boughtAlone)), []string{msgProcured}},
		{"14 and 15", request(made("amt-33", boughtAlone, decentral)), []string{msgProcured, msgDecentral}},
		{"14 a transition does not help", with(request(made("amt-33", boughtAlone, decentral, transition("2027-12-31"))), "transition"), []string{msgProcured}},
		{"14 exempt", exemptUntil(request(made("amt-33", boughtAlone)), later), nil},
		{"14 by the inventory", with(request(made("amt-33", boughtAlone)), "inventory"), nil},
		{"15 decentral", request(made("amt-33", decentral)), []string{msgDecentral}},
		{"15 named exception", request(made("amt-40-edu", decentral, boughtAlone)), nil},
		{"15 examined unit", request(made("kaw", decentral, boughtAlone)), nil},
		{"15 out of scope", request(made("stadtwerke", decentral, boughtAlone)), nil},
		{"15 exempt", exemptUntil(request(made("amt-33", decentral)), later), nil},
		{"15 exempt until this moment", exemptUntil(request(made("amt-33", decentral)), now), []string{msgDecentral}},
		{"15 transition overdue", with(request(made("amt-33", decentral, transition("2026-11-01"))), "transition"), []string{msgDecentral}},
		{"15 transition to the end of today", with(request(made("amt-33", decentral, transition("2026-11-02"))), "transition"), nil},
		{"15 transition on a day that is none", with(request(made("amt-33", decentral, transition("2026-02-30"))), "transition"), []string{msgDecentral}},
		{"15 review overdue", with(request(made("amt-33", decentral, review("2026-11-01"))), "transition"), []string{msgDecentral}},
		{"15 retired", request(made("amt-33", decentral, lifecycle(v1alpha1.LifecycleRetired))), []string{msgDecentral}},
		{"15 by the inventory", with(request(made("amt-33", decentral)), "inventory"), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkDoor(t, test.request, test.want) })
	}
}

func checkDoor(t *testing.T, r centralisation.Request, want []string) {
	t.Helper()
	var got []string
	for _, refusal := range centralisation.Admit(r) {
		got = append(got, refusal.Message)
		isRule := refusal.Message == msgProcured || refusal.Message == msgDecentral
		if refusal.Rule != isRule || (refusal.Sentence != 0) != isRule || (refusal.Source != "") != isRule {
			t.Errorf("%+v", refusal)
		}
		if refusal.Field == "" && refusal.Message != msgCompiled {
			t.Errorf("no field is named: %+v", refusal)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAdmitOnChange(t *testing.T) {
	const operating, planned, leaving, retired = v1alpha1.LifecycleOperating, v1alpha1.LifecyclePlanned, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecycleRetired
	app := application
	renamed := func(a *v1alpha1.Application) { a.Spec.DisplayName.DE = "Anderes Ding" }
	reviewedBy := func(names ...v1alpha1.ObjectName) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) { a.Spec.Operation.Review.Reviewers = names }
	}
	forProject := func(name v1alpha1.ObjectName) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) { a.Spec.Operation.Transition.ProjectRef.Name = name }
	}
	tests := []struct {
		name    string
		request centralisation.Request
		want    []string
	}{
		{"nothing of the rule", change(app("amt-33"), app("amt-33", renamed)), nil},
		{"2 no unit any more", atUnit(change(app("amt-33"), app("amt-33", renamed)), ""), []string{msgNoUnit}},
		{"3 the namespace has moved", atUnit(change(app("amt-33"), app("amt-33", renamed)), "amt-40"), nil},
		{"3 another unit", change(app("amt-33"), app("amt-33", responsible("amt-40-edu"))), []string{msgOtherUnit}},
		{"4 wrong as before", change(app("amt-33", operatedBy("amt-33")), app("amt-33", operatedBy("amt-33"), renamed)), nil},
		{"4 by the provider", change(app("amt-33", decentral, operatedBy("amt-33")), app("amt-33", operatedBy("amt-33"))), []string{msgNotKDZ}},
		{"4 by the unit", change(app("amt-33"), app("amt-33", operatedBy("amt-33"))), []string{msgNotKDZ}},
		{"5 as before", change(app("amt-33"), app("amt-33", lifecycle(leaving))), nil},
		{"5 another unit", change(app("amt-33", operatedBy("kdz-16")), app("amt-33")), []string{msgOperate}},
		{"5 a unit where none was", change(app("amt-33", decentral), app("amt-33", decentral, operatedBy("kdz-16-03-04"))), []string{msgOperate}},
		{"5 from planned to operating", change(app("amt-33", lifecycle(planned)), app("amt-33")), []string{msgOperate}},
		{"5 from planned to retired", change(app("amt-33", lifecycle(planned)), app("amt-33", lifecycle(retired))), []string{msgOperate}},
		{"5 back to planned", change(app("amt-33", operatedBy("kdz-16")), app("amt-33", lifecycle(planned))), nil},
		{"6 from planned to operating", with(change(app("amt-33", lifecycle(planned), supportedBy("kdz-16-03")), app("amt-33", supportedBy("kdz-16-03"))), "operate kdz-16-03-04"), []string{msgSupport}},
		{"6 no support any more", change(app("amt-33", supportedBy("kdz-16-03")), app("amt-33")), nil},
		{"7 as before", change(app("amt-33", state("Because")), app("amt-33", state("Because"), renamed)), nil},
		{"7 another basis", with(change(app("amt-33", state(law)), app("amt-33", state("Because"))), "stateservice"), []string{msgUnlisted}},
		{"8 another basis", change(app("amt-33", state("Because")), app("amt-33", state(law))), []string{msgState}},
		{"8 another provider", change(app("amt-33"), app("amt-33", state(law))), []string{msgState}},
		{"9 as before", change(app("amt-33", undetermined), app("amt-33", undetermined, renamed)), nil},
		{"9 another provider", change(app("amt-33"), app("amt-33", undetermined)), []string{msgUndetermined}},
		{"10 as before", change(app("amt-33"), app("amt-33", renamed)), nil},
		{"11 as before", change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral, transition("2027-12-31"), renamed)), nil},
		{"11 earlier", change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral, transition("2027-06-30"))), nil},
		{"11 given up", change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral)), nil},
		{"11 extended", change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral, transition("2028-01-01"))), []string{msgTransition}},
		{"11 another project", change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral, transition("2027-12-31"), forProject("other"))), []string{msgTransition}},
		{"12 too long as before", change(app("amt-33", decentral, transition("2099-12-31")), app("amt-33", decentral, transition("2099-12-31"), renamed)), nil},
		{"12 shorter, and still too long", change(app("amt-33", decentral, transition("2099-12-31")), app("amt-33", decentral, transition("2090-12-31"))), nil},
		{"12 extended", with(change(app("amt-33", decentral, transition("2027-12-31")), app("amt-33", decentral, transition("2099-12-31"))), "transition"), []string{msgTooLong}},
		{"13 as before", change(app("amt-33", decentral, review("2027-12-31")), app("amt-33", decentral, review("2027-12-31"), renamed)), nil},
		{"13 earlier", change(app("amt-33", decentral, review("2027-12-31")), app("amt-33", decentral, review("2027-06-30"))), nil},
		{"13 extended", change(app("amt-33", decentral, review("2027-12-31")), app("amt-33", decentral, review("2028-01-01"))), []string{msgReview}},
		{"13 reviewers in another order", change(app("amt-33", decentral, review("2027-12-31")), app("amt-33", decentral, review("2027-12-31"), reviewedBy("kdz-16", "amt-10"))), nil},
		{"13 other reviewers", change(app("amt-33", decentral, review("2027-12-31")), app("amt-33", decentral, review("2027-12-31"), reviewedBy("amt-10"))), []string{msgReview}},
		{"14 as before", change(app("amt-33", boughtAlone), app("amt-33", boughtAlone, renamed)), nil},
		{"14 on its way out", change(app("amt-33", boughtAlone), app("amt-33", boughtAlone, lifecycle(leaving))), nil},
		{"14 revived", change(app("amt-33", boughtAlone, lifecycle(leaving)), app("amt-33", boughtAlone)), []string{msgProcured}},
		{"14 bought by the KDZ before", change(app("amt-33"), app("amt-33", boughtAlone)), []string{msgProcured}},
		{"15 as before", change(app("amt-33", decentral), app("amt-33", decentral, renamed)), nil},
		{"15 on its way out", change(app("amt-33", decentral), app("amt-33", decentral, lifecycle(leaving))), nil},
		{"15 retired", change(app("amt-33", decentral), app("amt-33", decentral, lifecycle(retired))), nil},
		{"15 back to planned", change(app("amt-33", decentral), app("amt-33", decentral, lifecycle(planned))), nil},
		{"15 from planned to operating", change(app("amt-33", decentral, lifecycle(planned)), app("amt-33", decentral)), []string{msgDecentral}},
		{"15 from planned to phasing out", change(app("amt-33", decentral, lifecycle(planned)), app("amt-33", decentral, lifecycle(leaving))), []string{msgDecentral}},
		{"15 back from retirement", change(app("amt-33", decentral, lifecycle(retired)), app("amt-33", decentral, lifecycle(planned))), []string{msgDecentral}},
		{"15 from the KDZ", change(app("amt-33"), app("amt-33", decentral)), []string{msgDecentral}},
		{"15 from undetermined", change(app("amt-33", undetermined), app("amt-33", decentral)), []string{msgDecentral}},
		{"15 exempt", exemptUntil(change(app("amt-33"), app("amt-33", decentral)), now.Add(time.Second)), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkDoor(t, test.request, test.want) })
	}
}

// TestAdmitNothing: a request that leaves nothing behind is none of the door's.
func TestAdmitNothing(t *testing.T) {
	if refusals := centralisation.Admit(centralisation.Request{Old: application("amt-33"), Unit: "amt-33", Now: now}); refusals != nil {
		t.Error(refusals)
	}
}
