// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// mayAssign is the right to say what belongs to a unit.
func mayAssign(unit string) right { return right("organisationalunits/assign:" + unit) }

// labelled is a copy of a namespace that belongs to a unit, or to none.
func labelled(ns *corev1.Namespace, unit string) *corev1.Namespace {
	ns = ns.DeepCopy()
	delete(ns.Labels, v1alpha1.LabelUnit)
	if unit != "" {
		ns.Labels[v1alpha1.LabelUnit] = unit
	}
	return ns
}

// TestNamespaceLabel shows who may say which unit a namespace belongs to, by
// whatever way a namespace can be changed, and that nobody else is disturbed.
func TestNamespaceLabel(t *testing.T) {
	t.Parallel()
	give, take := messageGive, messageTake
	here := mayAssign(unitOffice)
	there := mayAssign("amt-40-edu")

	t.Run("create", func(t *testing.T) {
		mustAccept(t, writer(t).try(create, namespaceOf("new", "")))
		mustRefuse(t, writer(t).try(create, namespaceOf("new", unitOffice)), "namespaces", give(unitOffice))
		mustRefuse(t, writer(t, there).try(create, namespaceOf("new", unitOffice)), "namespaces", give(unitOffice))
		mustAccept(t, writer(t, here).try(create, namespaceOf("new", unitOffice)))
		mustAccept(t, writer(t, "organisationalunits/assign").try(create, namespaceOf("new", unitOffice)))
	})
	owned := stored(t, namespaceOf("owned", unitOffice))
	free := stored(t, namespaceOf("free", ""))
	// The controllers write to a namespace that has just been made.
	for _, ns := range []*corev1.Namespace{owned, free} {
		if err := admin(t).Get(t.Context(), client.ObjectKeyFromObject(ns), ns); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range []verb{update, updateStatus, finalise} {
		t.Run(string(way), func(t *testing.T) {
			mustAccept(t, writer(t).try(way, owned))
			mustAccept(t, writer(t).try(way, free))
			mustRefuse(t, writer(t).try(way, labelled(free, unitOffice)), "namespaces", give(unitOffice))
			mustAccept(t, writer(t, here).try(way, labelled(free, unitOffice)))
			mustRefuse(t, writer(t).try(way, labelled(owned, "")), "namespaces", take(unitOffice))
			mustAccept(t, writer(t, here).try(way, labelled(owned, "")))
			mustRefuse(t, writer(t).try(way, labelled(owned, "amt-40-edu")), "namespaces", give("amt-40-edu"))
			mustRefuse(t, writer(t, there).try(way, labelled(owned, "amt-40-edu")), "namespaces", take(unitOffice))
			mustRefuse(t, writer(t, here).try(way, labelled(owned, "amt-40-edu")), "namespaces", give("amt-40-edu"))
			mustAccept(t, writer(t, here, there).try(way, labelled(owned, "amt-40-edu")))
		})
	}
	t.Run("patch", func(t *testing.T) {
		patch := map[string]any{"metadata": map[string]any{"labels": map[string]any{v1alpha1.LabelUnit: nil}}}
		mustRefuse(t, writer(t).patch(owned, patch), "namespaces", take(unitOffice))
		patch = map[string]any{"metadata": map[string]any{"labels": map[string]any{"mine": "x"}, "annotations": map[string]any{"a": "b"}}}
		mustAccept(t, writer(t).patch(owned, patch))
	})
	t.Run("delete", func(t *testing.T) { mustAccept(t, writer(t).try(remove, owned)) })
	t.Run("kube-system", func(t *testing.T) {
		ns := &corev1.Namespace{}
		if err := admin(t).Get(t.Context(), client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
			t.Fatal(err)
		}
		for _, way := range []verb{update, updateStatus, finalise} {
			mustAccept(t, writer(t).try(way, ns))
		}
	})
}

// unit is an office that may be changed.
func unit(name string, edits ...func(*v1alpha1.OrganisationalUnit)) *v1alpha1.OrganisationalUnit {
	u := &v1alpha1.OrganisationalUnit{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.OrganisationalUnitSpec{
			Number: "99", Type: v1alpha1.UnitOffice, DisplayName: v1alpha1.LocalisedText{EN: name}, ParentRef: unitRef("amt-10"),
		},
	}
	for _, edit := range edits {
		edit(u)
	}
	return u
}

// TestUnits shows who may create a unit, delete it, and change how the rule
// treats it.
func TestUnits(t *testing.T) {
	t.Parallel()
	mine := mayAssign("amt-99")
	change := func(u *v1alpha1.OrganisationalUnit, edit func(*v1alpha1.OrganisationalUnit)) *v1alpha1.OrganisationalUnit {
		u = u.DeepCopy()
		edit(u)
		return u
	}
	was := stored(t, unit("amt-99"))
	for _, c := range []struct {
		name, does string
		verb       verb
		what       *v1alpha1.OrganisationalUnit
		right      right
	}{
		{name: "create", does: "create", verb: create, what: unit("amt-98"), right: mayAssign("amt-98")},
		{name: "delete", does: "delete", verb: remove, what: was, right: mine},
		{
			name: "type", does: "change spec.type or spec.parentRef of", verb: update, right: mine,
			what: change(was, func(u *v1alpha1.OrganisationalUnit) { u.Spec.Type = v1alpha1.UnitEducation }),
		},
		{
			name: "place", does: "change spec.type or spec.parentRef of", verb: update, right: mine,
			what: change(was, func(u *v1alpha1.OrganisationalUnit) { u.Spec.ParentRef = unitRef("kdz-16") }),
		},
		{
			name: "no place", does: "change spec.type or spec.parentRef of", verb: update, right: mine,
			what: change(was, func(u *v1alpha1.OrganisationalUnit) { u.Spec.ParentRef = nil }),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustRefuse(t, writer(t).try(c.verb, c.what), "organisationalunits", messageUnit(c.does, c.what.Name))
			mustRefuse(t, writer(t, mayAssign("amt-10")).try(c.verb, c.what), "organisationalunits", messageUnit(c.does, c.what.Name))
			mustAccept(t, writer(t, c.right).try(c.verb, c.what))
			mustAccept(t, writer(t, "organisationalunits/assign").try(c.verb, c.what))
		})
	}
	t.Run("words", func(t *testing.T) {
		mustAccept(t, writer(t).try(update, change(was, func(u *v1alpha1.OrganisationalUnit) {
			u.Spec.Number, u.Spec.DisplayName.DE, u.Spec.Responsibilities = "99.1", "Amt", []string{"x"}
		})))
	})
	t.Run("all at once", func(t *testing.T) {
		err := writer(t).tryRemoveAll(&v1alpha1.OrganisationalUnit{}, "")
		mustRefuse(t, err, "organisationalunits", messageUnit("delete", "amt-10"))
	})
}
