// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// reference is something that a spec refers to.
type reference struct {
	field string
	kind  string
	key   types.NamespacedName
	into  client.Object
}

// gatherReferences looks up everything that the spec refers to and notes what
// does not exist. Dependencies and Secrets have gather functions of their own.
func (r *Reconciler) gatherReferences(ctx context.Context, s *scope) error {
	for _, ref := range references(s.app) {
		// What is found is only looked at, never changed.
		err := r.Client.Get(ctx, ref.key, ref.into, client.UnsafeDisableDeepCopy)
		if apierrors.IsNotFound(err) {
			s.miss(ref.field, ref.kind, ref.key)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", ref.kind, ref.key, err)
		}
		if level, ok := ref.into.(*v1alpha1.ServiceLevel); ok {
			s.level = level
		}
	}
	return nil
}

// references lists what a spec refers to, with the field that does.
func references(app *v1alpha1.Application) []reference {
	var refs []reference
	unit := func(field string, ref *v1alpha1.UnitReference) {
		if ref != nil {
			refs = append(refs, reference{
				field: field, kind: "OrganisationalUnit",
				key:  types.NamespacedName{Name: string(ref.Name)},
				into: &v1alpha1.OrganisationalUnit{},
			})
		}
	}
	unit("spec.responsible.unitRef", &app.Spec.Responsible.UnitRef)
	unit("spec.operation.unitRef", app.Spec.Operation.UnitRef)
	unit("spec.operation.supportUnitRef", app.Spec.Operation.SupportUnitRef)
	if review := app.Spec.Operation.Review; review != nil {
		for i, name := range review.Reviewers {
			unit(fmt.Sprintf("spec.operation.review.reviewers[%d]", i), &v1alpha1.UnitReference{Name: name})
		}
	}
	if ref := app.Spec.ServiceLevelRef; ref != nil {
		refs = append(refs, reference{
			field: "spec.serviceLevelRef", kind: "ServiceLevel",
			key:  types.NamespacedName{Name: string(ref.Name)},
			into: &v1alpha1.ServiceLevel{},
		})
	}
	if ref := app.Spec.ReplacedByRef; ref != nil {
		refs = append(refs, reference{
			field: "spec.replacedByRef", kind: "Application",
			key:  types.NamespacedName{Namespace: app.Namespace, Name: string(ref.Name)},
			into: &v1alpha1.Application{},
		})
	}
	if transition := app.Spec.Operation.Transition; transition != nil {
		refs = append(refs, reference{
			field: "spec.operation.transition.projectRef", kind: "Project",
			key:  projectKey(app, transition.ProjectRef),
			into: &v1alpha1.Project{},
		})
	}
	return refs
}

func projectKey(app *v1alpha1.Application, ref v1alpha1.ProjectReference) types.NamespacedName {
	namespace := string(ref.Namespace)
	if namespace == "" {
		namespace = app.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}
}

// gatherMaintenance finds the window that is open, of the Application itself
// or of its agreement.
func (r *Reconciler) gatherMaintenance(_ context.Context, s *scope) error {
	own, next, errs := calendar.Open(s.app.Spec.Maintenance, s.now)
	s.at(next)
	for _, err := range errs {
		s.reject("spec." + err.Error())
	}
	s.window = own
	if s.level == nil {
		return nil
	}
	// What is wrong with a window of the agreement is the agreement's matter.
	agreed, next, _ := calendar.Open(s.level.Spec.Maintenance, s.now)
	s.at(next)
	if s.window == nil || (agreed != nil && agreed.End.After(s.window.End)) {
		s.window = agreed
	}
	return nil
}
