// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// unit is a unit of the city with what the other tables need of it.
type unit struct {
	object *v1alpha1.OrganisationalUnit
	at     table.Cell
	name   string
	// owns says that an object of another table belongs to the unit.
	owns bool
}

// hasNamespace says whether the unit has a namespace of its own: those at the
// top of the tree do, the two that keep decentral IT by name do, and any other
// that owns an object.
func (u *unit) hasNamespace() bool {
	s := u.object.Spec
	return u.owns || s.ParentRef == nil ||
		s.Type == v1alpha1.UnitEducation || s.Type == v1alpha1.UnitFireControlCentre
}

// namespace returns the unit's namespace.
func (u *unit) namespace() *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: u.name, Labels: map[string]string{v1alpha1.LabelUnit: u.name}},
	}
}

// ref returns a reference to the unit.
func (u *unit) ref() v1alpha1.UnitReference {
	return v1alpha1.UnitReference{Name: v1alpha1.ObjectName(u.name)}
}

// buildUnits makes the units and joins each to its parent.
func (b *builder) buildUnits() {
	names := map[string]table.Cell{}
	for _, row := range b.tables[fileUnits] {
		number := row.Cell("number")
		if !b.oneOf(row.Cell("kind"), unitTypes...) {
			continue
		}
		name := UnitName(number.Value, row.Get("kind"))
		if first, double := names[name]; double {
			b.fail(number, "unit %q has the same name as the one at %s; numbers must differ", name, first.Place())
			continue
		}
		if !validName(name) {
			b.fail(number, "%q makes no name; write a number such as 16.02.01", number.Value)
			continue
		}
		names[name] = number
		u := &unit{name: name, at: number, object: &v1alpha1.OrganisationalUnit{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "OrganisationalUnit"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
		}}
		u.object.Spec.Number = number.Value
		u.object.Spec.Type = v1alpha1.UnitType(row.Get("kind"))
		u.object.Spec.DisplayName = b.text(row.Cell("name_de"), row.Cell("name_en"))
		u.object.Spec.Responsibilities = list(row.Cell("responsibilities"))
		b.units[number.Value] = u
	}
	edges := map[string][]string{}
	for _, row := range b.tables[fileUnits] {
		u, ok := b.units[row.Get("number")]
		if parent := row.Cell("parent"); ok && !parent.Empty() {
			if p, ok := b.unit(parent); ok {
				ref := p.ref()
				u.object.Spec.ParentRef = &ref
				edges[row.Get("number")] = []string{parent.Value}
			}
		}
	}
	for _, row := range b.tables[fileUnits] {
		if loop := cycle(row.Get("number"), edges); loop != "" {
			b.fail(row.Cell("parent"), "the units form a circle: %s", loop)
		}
	}
}

// unitTypes are the types that a unit may have.
var unitTypes = []string{
	string(v1alpha1.UnitKDZ), string(v1alpha1.UnitOffice), string(v1alpha1.UnitMunicipalEnterprise),
	string(v1alpha1.UnitPublicInstitution), string(v1alpha1.UnitEducation), string(v1alpha1.UnitFireControlCentre),
	string(v1alpha1.UnitAffiliatedCompany), string(v1alpha1.UnitThirdParty),
}
