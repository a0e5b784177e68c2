// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"slices"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// protectionLevels are the values of protection needs.
var protectionLevels = []string{"Normal", "High", "VeryHigh"}

// addAssumptions adds the service levels and protection needs, all of them
// examples.
func (b *builder) addAssumptions() {
	seen := map[*application]table.Cell{}
	for _, row := range b.tables[fileAssumptions] {
		name := row.Cell("application")
		a, ok := b.app(row.Cell("unit"), name)
		if !ok {
			continue
		}
		if first, double := seen[a]; double {
			b.fail(name, "%q is already in the table at %s; keep one line", name.Value, first.Place())
		}
		seen[a] = name
		if level := row.Cell("service_level"); !level.Empty() {
			if b.levels[level.Value] == nil {
				b.fail(level, "there is no service level %q; write an id that %s has", level.Value, fileServiceLevels)
			}
			a.object.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level.Value)}
			a.marks.example("spec.serviceLevelRef")
		}
		for _, header := range []string{"confidentiality", "integrity", "availability"} {
			b.oneOf(row.Cell(header), protectionLevels...)
		}
		p := &v1alpha1.Protection{
			Confidentiality: v1alpha1.ProtectionLevel(row.Get("confidentiality")),
			Integrity:       v1alpha1.ProtectionLevel(row.Get("integrity")),
			Availability:    v1alpha1.ProtectionLevel(row.Get("availability")),
		}
		if c := row.Cell("personal_data"); b.oneOf(c, "yes", "") {
			p.PersonalData = c.Value == "yes"
		}
		a.object.Spec.Protection = p
		a.marks.example("spec.protection")
	}
}

// addDependencies adds what an application needs of others, all examples.
func (b *builder) addDependencies() {
	edges := map[string][]string{}
	for _, row := range b.tables[fileDependencies] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		on, known := b.app(row.Cell("on_unit"), row.Cell("on_application"))
		if !ok || !known {
			continue
		}
		b.oneOf(row.Cell("strength"), "Hard", "Soft")
		d := v1alpha1.Dependency{Name: v1alpha1.ObjectName(on.object.Name), Strength: v1alpha1.DependencyStrength(row.Get("strength"))}
		if on.object.Namespace != a.object.Namespace {
			d.Namespace = v1alpha1.NamespaceName(on.object.Namespace)
		}
		if slices.ContainsFunc(a.object.Spec.Dependencies, func(o v1alpha1.Dependency) bool { return o.Name == d.Name && o.Namespace == d.Namespace }) {
			b.fail(row.Cell("on_application"), "the application already depends on this one; keep one line")
			continue
		}
		a.object.Spec.Dependencies = append(a.object.Spec.Dependencies, d)
		a.marks.example("spec.dependencies")
		from := a.object.Namespace + "/" + a.object.Name
		edges[from] = append(edges[from], on.object.Namespace+"/"+on.object.Name)
		if loop := cycle(from, edges); loop != "" {
			b.fail(row.Cell("on_application"), "the dependencies form a circle: %s", loop)
		}
	}
}

// addContracts adds the contracts, all of them examples.
func (b *builder) addContracts() {
	for _, row := range b.tables[fileContracts] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		if !ok {
			continue
		}
		b.oneOf(row.Cell("type"), "Licence", "Support", "Hosting", "Cloud")
		endsOn, exact := b.day(row.Cell("ends_on"))
		if !exact {
			b.fail(row.Cell("ends_on"), "a contract ends on a day; write it, such as 2027-12-31")
		}
		a.object.Spec.Contracts = append(a.object.Spec.Contracts, v1alpha1.Contract{
			Number:           row.Get("number"),
			Name:             row.Get("name"),
			Type:             v1alpha1.ContractType(row.Get("type")),
			Supplier:         row.Get("supplier"),
			EndsOn:           endsOn,
			NoticePeriodDays: new(b.number(row.Cell("notice_period_days"), 0)),
			AnnualCostEUR:    new(int64(b.number(row.Cell("annual_cost_eur"), 0))),
		})
		a.marks.example("spec.contracts")
	}
}

// addOnline adds an online service to the Application that offers it.
func (b *builder) addOnline(row table.Row) {
	c := row.Cell("application")
	if c.Empty() {
		return
	}
	key, ok := b.reference(c)
	if !ok {
		return
	}
	a := b.apps[key]
	if a == nil {
		b.fail(c, "there is no application %q; write the number of its unit and its name, such as 33/fuehrungszeugnis-online", c.Value)
		return
	}
	a.object.Spec.OnlineServices = append(a.object.Spec.OnlineServices, v1alpha1.OnlineService{
		OZGService: row.Get("ozg_service"), Name: row.Get("single_service"),
	})
	if !b.basis(row.Cell("application_basis")) {
		a.marks.infer("spec.onlineServices")
	}
	if n := len(a.object.Spec.OnlineServices); n > 64 {
		b.fail(c, "the application has %d online services; 64 at most", n)
	}
}
