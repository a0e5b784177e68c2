// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// now is a Monday morning in Mainz, at 10:00.
var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// law is the legal basis of the state's basic services.
const law = "EGovGRP § 25 Abs. 4"

func unit(name string, kind v1alpha1.UnitType, parent string) *v1alpha1.OrganisationalUnit {
	u := &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.OrganisationalUnitSpec{Type: kind}}
	if parent != "" {
		u.Spec.ParentRef = ref(parent)
	}
	return u
}

func ref(name string) *v1alpha1.UnitReference {
	return &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(name)}
}

// city are units of each kind of treatment.
func city() []*v1alpha1.OrganisationalUnit {
	return []*v1alpha1.OrganisationalUnit{
		unit("kdz-16", v1alpha1.UnitKDZ, ""),
		unit("kdz-16-03", v1alpha1.UnitKDZ, "kdz-16"),
		unit("kdz-16-03-04", v1alpha1.UnitKDZ, "kdz-16-03"),
		unit("amt-33", v1alpha1.UnitOffice, ""),
		unit("amt-40", v1alpha1.UnitOffice, ""),
		unit("amt-40-edu", v1alpha1.UnitEducation, "amt-40"),
		unit("amt-37", v1alpha1.UnitOffice, ""),
		unit("amt-37-ils", v1alpha1.UnitFireControlCentre, "amt-37"),
		unit("amt-70", v1alpha1.UnitMunicipalEnterprise, ""),
		unit("kaw", v1alpha1.UnitPublicInstitution, ""),
		unit("stadtwerke", v1alpha1.UnitAffiliatedCompany, ""),
		unit("extern", v1alpha1.UnitThirdParty, ""),
	}
}

// steeringModel is the rule as the papers have it.
func steeringModel() *v1alpha1.CentralisationPolicy {
	return &v1alpha1.CentralisationPolicy{
		Enforcement:     v1alpha1.EnforcementDeny,
		ProviderUnitRef: *ref("kdz-16"),
		Treatments: []v1alpha1.UnitTreatment{
			{UnitType: v1alpha1.UnitEducation, Treatment: v1alpha1.TreatmentExempt},
			{UnitType: v1alpha1.UnitFireControlCentre, Treatment: v1alpha1.TreatmentExempt},
			{UnitType: v1alpha1.UnitMunicipalEnterprise, Treatment: v1alpha1.TreatmentUnderReview},
			{UnitType: v1alpha1.UnitPublicInstitution, Treatment: v1alpha1.TreatmentUnderReview},
			{UnitType: v1alpha1.UnitAffiliatedCompany, Treatment: v1alpha1.TreatmentOutOfScope},
			{UnitType: v1alpha1.UnitThirdParty, Treatment: v1alpha1.TreatmentOutOfScope},
		},
		StateServices: []v1alpha1.StateService{{Name: "Elektronische Bezahlplattform", LegalBasis: law}},
		MaxTransition: "26280h", // three years
	}
}

// compiled is a policy after its controller has compiled it.
func compiled(spec *v1alpha1.CentralisationPolicy, units []*v1alpha1.OrganisationalUnit, exemptions []*v1alpha1.Exemption, at time.Time) *v1alpha1.GovernancePolicy {
	c := centralisation.Compile(spec, units, exemptions, at)
	return &v1alpha1.GovernancePolicy{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName},
		Spec:       v1alpha1.GovernancePolicySpec{Centralisation: *spec},
		Status: v1alpha1.GovernancePolicyStatus{
			ProviderUnits: c.ProviderUnits, UnitTreatments: c.UnitTreatments, ExemptionIndex: c.ExemptionIndex,
			CompiledAt: &metav1.Time{Time: at},
		},
	}
}

func rules() *centralisation.Rules {
	return centralisation.RulesOf(compiled(steeringModel(), city(), nil, now))
}

// application is in operation in the namespace of a unit and provided by the
// KDZ, but for what the options say.
func application(unitName string, options ...func(*v1alpha1.Application)) *v1alpha1.Application {
	a := &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: unitName, Name: "thing", UID: "1"},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "Ding", EN: "Thing"},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{UnitRef: *ref(unitName)},
			Operation:   v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: ref("kdz-16-03-04")},
		},
	}
	for _, option := range options {
		option(a)
	}
	return a
}

func decentral(a *v1alpha1.Application) {
	a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral, ProcuredThrough: a.Spec.Operation.ProcuredThrough}
}

func undetermined(a *v1alpha1.Application) {
	a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined}
}

func boughtAlone(a *v1alpha1.Application) {
	a.Spec.Operation.ProcuredThrough = v1alpha1.ProcuredThroughUnit
}

func fromProject(a *v1alpha1.Application) { a.Spec.Origin = v1alpha1.OriginProject }

func state(legalBasis string) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) {
		a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderState, LegalBasis: legalBasis}
	}
}

func operatedBy(name string) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) { a.Spec.Operation.UnitRef = ref(name) }
}

func supportedBy(name string) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) { a.Spec.Operation.SupportUnitRef = ref(name) }
}

func lifecycle(l v1alpha1.Lifecycle) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) { a.Spec.Lifecycle = l }
}

func responsible(name string) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) { a.Spec.Responsible.UnitRef = *ref(name) }
}

func transition(dueOn v1alpha1.Date) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) {
		a.Spec.Operation.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "move", Namespace: "amt-10"}, DueOn: dueOn}
	}
}

func review(dueOn v1alpha1.Date) func(*v1alpha1.Application) {
	return func(a *v1alpha1.Application) {
		a.Spec.Operation.Review = &v1alpha1.Review{Reviewers: []v1alpha1.ObjectName{"amt-10", "kdz-16"}, DueOn: dueOn}
	}
}

// exemption is of the application that the function above makes in amt-33.
func exemption(name string, from, expires v1alpha1.Date) *v1alpha1.Exemption {
	return &v1alpha1.Exemption{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: name},
		Spec: v1alpha1.ExemptionSpec{
			ApplicationRef: v1alpha1.LocalApplicationReference{Name: "thing"},
			Reason:         "The state requires it",
			Decision:       v1alpha1.Decision{Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-10-01", Reference: "SR-2026-10"},
			ValidFromOn:    from,
			ExpiresOn:      expires,
		},
	}
}

func usedFor(e *v1alpha1.Exemption, uid, displayName string) *v1alpha1.Exemption {
	e.Status.Application = &v1alpha1.ExemptedApplication{UID: uid, DisplayName: displayName}
	return e
}

// scope judges an application in the namespace of its own unit.
func scope(a *v1alpha1.Application, exemptions ...*v1alpha1.Exemption) centralisation.Scope {
	return centralisation.Scope{Application: a, Unit: a.Namespace, Rules: rules(), Exemptions: exemptions, Now: now}
}

func reasons(j centralisation.Judgement) []string {
	var list []string
	for _, f := range j.Findings {
		list = append(list, f.Reason)
	}
	return list
}

// finding returns that with a reason; the test fails without it.
func finding(t *testing.T, j centralisation.Judgement, reason string) centralisation.Finding {
	t.Helper()
	i := slices.IndexFunc(j.Findings, func(f centralisation.Finding) bool { return f.Reason == reason })
	if i < 0 {
		t.Fatalf("no finding %s among %v", reason, reasons(j))
	}
	return j.Findings[i]
}

// berlin is a moment in Mainz.
func berlin(t testing.TB, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
