// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// application is an Application in the making.
type application struct {
	object *v1alpha1.Application
	at     table.Cell
	marks  marks
}

// lifecycles says what a state of annex 6.1 (2020) means.
var lifecycles = map[string]v1alpha1.Lifecycle{
	"Operating":      v1alpha1.LifecycleOperating,
	"InProject":      v1alpha1.LifecyclePlanned,
	"Planned":        v1alpha1.LifecyclePlanned,
	"NotStarted":     v1alpha1.LifecyclePlanned,
	"ToBeReplaced":   v1alpha1.LifecyclePhasingOut,
	"Superseded":     v1alpha1.LifecycleRetired,
	"Decommissioned": v1alpha1.LifecycleRetired,
}

// lifecycleNames are the values of the tables' own lifecycle columns.
var lifecycleNames = []string{"Planned", "Operating", "PhasingOut", "Retired"}

// buildApplications makes the Applications of the three tables that name
// them, and adds what the other tables say of them.
func (b *builder) buildApplications() {
	for _, row := range b.tables[fileMeasures] {
		if !b.out.excluded(fileMeasures, row.Get("office"), row.Get("name")) {
			b.measure(row)
		}
	}
	for _, row := range b.tables[fileServices] {
		b.service(row)
	}
	for _, row := range b.tables[fileDecentral] {
		if !b.out.excluded(fileDecentral, row.Get("unit"), row.Get("name")) {
			b.decentral(row)
		}
	}
	for _, row := range b.tables[fileMeasures] {
		b.replacement(row)
	}
	b.addAssumptions()
	b.addEndpoints()
	b.addHosting()
	b.addBackups()
	b.addDependencies()
	b.addContracts()
}

// newApplication makes an Application of unit, id and title, and registers it
// unless it cannot be named.
func (b *builder) newApplication(unit, id, title table.Cell) *application {
	key, ok := b.key(unit, id, title)
	if !ok {
		return nil
	}
	if first, double := b.apps[key]; double {
		b.fail(title, "%s already has an application %q, from %s; set another name in column id", key.namespace, key.name, first.at.Place())
		return nil
	}
	u := b.units[unit.Value]
	u.owns = true
	a := &application{at: title, object: &v1alpha1.Application{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Application"},
		ObjectMeta: metav1.ObjectMeta{Name: key.name, Namespace: key.namespace},
	}}
	a.object.Spec.Responsible.UnitRef = u.ref()
	b.apps[key] = a
	return a
}

// setLifecycle sets the lifecycle and the origin that follows from it: what
// ran when the paper was written exists, what was to come comes of a project.
func (a *application) setLifecycle(l v1alpha1.Lifecycle) {
	a.object.Spec.Lifecycle = l
	a.object.Spec.Origin = v1alpha1.OriginExisting
	if l == v1alpha1.LifecyclePlanned {
		a.object.Spec.Origin = v1alpha1.OriginProject
	}
}

// measure makes an Application of a measure of annex 6.1.
func (b *builder) measure(row table.Row) {
	a := b.newApplication(row.Cell("office"), row.Cell("id"), row.Cell("name"))
	if a == nil {
		return
	}
	a.object.Spec.DisplayName = b.text(row.Cell("name"), row.Cell("name_en"))
	lifecycle, known := lifecycles[row.Get("state_2020")]
	if !known {
		b.oneOf(row.Cell("state_2020"), "Operating", "InProject", "Planned", "NotStarted", "ToBeReplaced", "Superseded", "Decommissioned")
	}
	source := "e-government report, March 2021, annex 6.1"
	if later := row.Cell("lifecycle"); !later.Empty() && b.oneOf(later, lifecycleNames...) {
		lifecycle = v1alpha1.Lifecycle(later.Value)
		if row.Cell("lifecycle_source").Empty() {
			b.fail(row.Cell("lifecycle_source"), "no source is given for the lifecycle %q; name the paper", later.Value)
		}
		source = fmt.Sprintf("%s; %s", source, row.Get("lifecycle_source"))
		a.marks.infer("spec.lifecycle")
	}
	a.setLifecycle(lifecycle)
	b.provider(a, row.Cell("provider"), row.Cell("provider_basis"), row.Cell("state_service"))
	b.operators(a, row.Cell("operated_by"), row.Cell("supported_by"), false)
	if supplier := row.Get("supplier"); supplier != "" {
		a.object.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformSaaS, SaaS: &v1alpha1.SaaSHosting{Supplier: supplier}}
		a.marks.infer("spec.hosting")
	}
	if c := row.Cell("priority"); b.oneOf(c, "0", "1", "2", "3", "4", "5", "6") {
		a.object.Labels = map[string]string{LabelPriority2015: c.Value}
	}
	setAnnotation(a.object, AnnotationSource, source)
	setAnnotation(a.object, AnnotationProgramme, row.Get("programme"))
	setAnnotation(a.object, AnnotationSince, row.Get("since"))
	for _, header := range []string{"since", "end"} {
		if c := row.Cell(header); !c.Empty() {
			b.day(c)
		}
	}
}

// service makes an Application of a service that the papers name beside
// annex 6.1.
func (b *builder) service(row table.Row) {
	a := b.newApplication(row.Cell("unit"), row.Cell("id"), row.Cell("name_de"))
	if a == nil {
		return
	}
	a.object.Spec.DisplayName = b.text(row.Cell("name_de"), row.Cell("name_en"))
	a.object.Spec.Description = row.Get("description")
	b.oneOf(row.Cell("lifecycle"), lifecycleNames...)
	a.setLifecycle(v1alpha1.Lifecycle(row.Get("lifecycle")))
	b.provider(a, row.Cell("provider"), row.Cell("provider_basis"), table.Cell{})
	stated := row.Get("provider") == "KDZ" && b.basis(row.Cell("unit_basis"))
	b.operators(a, row.Cell("operated_by"), row.Cell("supported_by"), stated)
	for _, s := range list(row.Cell("serves")) {
		c := row.Cell("serves")
		c.Value = s
		if b.oneOf(c, "City", "ThirdParty") {
			a.object.Spec.Operation.Serves = append(a.object.Spec.Operation.Serves, v1alpha1.Clientele(s))
		}
	}
	if c := row.Cell("clients"); !c.Empty() {
		a.object.Spec.Operation.Clients = new(b.number(c, 1))
	}
	setAnnotation(a.object, AnnotationSource, row.Get("source"))
}

// provider reads who provides an application; stateService, if it is a
// service of the state, names its legal basis.
func (b *builder) provider(a *application, provider, basis, stateService table.Cell) {
	if !b.oneOf(provider, "KDZ", "State", "Decentral", "Undetermined") {
		return
	}
	a.object.Spec.Operation.Provider = v1alpha1.Provider(provider.Value)
	if !b.basis(basis) {
		a.marks.infer("spec.operation.provider")
	}
	isState := a.object.Spec.Operation.Provider == v1alpha1.ProviderState
	if !isState && stateService.Empty() {
		return
	}
	legalBasis, known := b.legal[stateService.Value]
	switch {
	case !isState:
		b.fail(stateService, "the provider is %s, so no service of the state is needed; leave it empty", provider.Value)
	case !known:
		b.fail(stateService, "%q is no service of the state; write a name that %s has", stateService.Value, fileStateServices)
	default:
		a.object.Spec.Operation.LegalBasis = legalBasis
		a.marks.infer("spec.operation.legalBasis")
	}
}

// operators reads which groups of the KDZ run the platform and support the
// application; stated says that a paper names them.
func (b *builder) operators(a *application, operatedBy, supportedBy table.Cell, stated bool) {
	isKDZ := a.object.Spec.Operation.Provider == v1alpha1.ProviderKDZ
	if isKDZ && operatedBy.Empty() {
		b.fail(operatedBy, "the provider is KDZ; write the group that runs the platform, such as 16.03.04")
		return
	}
	read := func(c table.Cell, path string) *v1alpha1.UnitReference {
		if c.Empty() {
			return nil
		}
		u, ok := b.unit(c)
		switch {
		case !ok:
			return nil
		case !isKDZ:
			b.fail(c, "the provider is not the KDZ, so no group of it runs or supports this; leave it empty")
		case u.object.Spec.Type != v1alpha1.UnitKDZ:
			b.fail(c, "unit %s is no group of the KDZ; write one, such as 16.03.04", c.Value)
		}
		if !stated {
			a.marks.infer(path)
		}
		return new(u.ref())
	}
	a.object.Spec.Operation.UnitRef = read(operatedBy, "spec.operation.unitRef")
	a.object.Spec.Operation.SupportUnitRef = read(supportedBy, "spec.operation.supportUnitRef")
}
