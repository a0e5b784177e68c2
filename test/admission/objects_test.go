// SPDX-License-Identifier: Apache-2.0

package admission

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// A unit of the KDZ, and one of the offices.
const (
	unitWeb    = "kdz-16-03-04"
	unitOffice = "amt-33"
)

// edit changes an Application.
type edit func(*v1alpha1.Application)

// application is one of the namespace, which has its unit's name: planned,
// delivered by a project, operated by the KDZ. The edits change that.
func application(namespace, name string, edits ...edit) *v1alpha1.Application {
	app := &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{EN: name},
			Origin:      v1alpha1.OriginProject,
			Lifecycle:   v1alpha1.LifecyclePlanned,
			Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: v1alpha1.ObjectName(namespace)}},
			Operation:   v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: unitRef(unitWeb)},
		},
	}
	for _, e := range edits {
		e(app)
	}
	return app
}

func unitRef(name string) *v1alpha1.UnitReference {
	return &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(name)}
}

// decentral lets nobody but the office provide it.
func decentral(app *v1alpha1.Application) {
	app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
}

// undetermined leaves open who provides it.
func undetermined(app *v1alpha1.Application) {
	app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined}
}

// state has the state provide it on a legal basis.
func state(legalBasis string) edit {
	return func(app *v1alpha1.Application) {
		app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderState, LegalBasis: legalBasis}
	}
}

// bought has the unit itself have bought it.
func bought(app *v1alpha1.Application) {
	app.Spec.Operation.ProcuredThrough = v1alpha1.ProcuredThroughUnit
}

// existing has the inventory have found it.
func existing(app *v1alpha1.Application) { app.Spec.Origin = v1alpha1.OriginExisting }

// in has it in a stage of its life.
func in(lifecycle v1alpha1.Lifecycle) edit {
	return func(app *v1alpha1.Application) { app.Spec.Lifecycle = lifecycle }
}

// operatedBy names the unit that runs it.
func operatedBy(unit string) edit {
	return func(app *v1alpha1.Application) { app.Spec.Operation.UnitRef = unitRef(unit) }
}

// supportedBy names the unit that supports it.
func supportedBy(unit string) edit {
	return func(app *v1alpha1.Application) { app.Spec.Operation.SupportUnitRef = unitRef(unit) }
}

// answeredForBy names the unit that answers for it.
func answeredForBy(unit string) edit {
	return func(app *v1alpha1.Application) { app.Spec.Responsible.UnitRef = *unitRef(unit) }
}

// described changes what nobody has rules for.
func described(text string) edit {
	return func(app *v1alpha1.Application) { app.Spec.Description = text }
}

// transition plans to bring it to the KDZ.
func transition(project, dueOn string) edit {
	return func(app *v1alpha1.Application) {
		app.Spec.Operation.Transition = &v1alpha1.Transition{
			ProjectRef: v1alpha1.ProjectReference{Name: v1alpha1.ObjectName(project)}, DueOn: v1alpha1.Date(dueOn),
		}
	}
}

// review has it examined.
func review(dueOn string, reviewers ...v1alpha1.ObjectName) edit {
	return func(app *v1alpha1.Application) {
		app.Spec.Operation.Review = &v1alpha1.Review{Reviewers: reviewers, DueOn: v1alpha1.Date(dueOn)}
	}
}

// changed is a copy of an Application with edits.
func changed(app *v1alpha1.Application, edits ...edit) *v1alpha1.Application {
	app = app.DeepCopy()
	for _, e := range edits {
		e(app)
	}
	return app
}
