// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// scope is all that one reconciliation gathers, judges and tells.
type scope struct {
	// handover is the Handover, whose status tell rewrites; before is as it was
	// read, and is never changed.
	handover, before *v1alpha1.Handover
	// now is the present moment.
	now time.Time

	// in is what is judged.
	in acceptance.Scope
	// unreadable says what the handover is judged by and cannot be read; empty
	// if there is nothing.
	unreadable string
	// missing names what the spec refers to and what does not exist yet.
	missing []string
	// lost: an Application was out in early-life support.
	lost bool

	// verdict on the handover; nil if something is unreadable.
	verdict *acceptance.Verdict
	// accounts of the Applications as they stood when early-life support began.
	accounts []v1alpha1.SupportAccount
	// next is the next moment at which any of this can change by the mere
	// passing of time.
	next time.Time
}

func newScope(before *v1alpha1.Handover, now time.Time) *scope {
	return &scope{handover: before.DeepCopy(), before: before, now: now, in: acceptance.Scope{Handover: before, Now: now}}
}

func (s *scope) key() types.NamespacedName { return client.ObjectKeyFromObject(s.before) }

// supported says whether the project still helps, as far as is told.
func (s *scope) supported() bool {
	return s.before.Status.Stage == v1alpha1.HandoverEarlyLifeSupport && s.before.Status.EarlyLifeSupport != nil
}

// miss notes that something the spec refers to does not exist yet.
func (s *scope) miss(field, kind, name string) {
	s.missing = append(s.missing, fmt.Sprintf("%s %q of %s does not exist", kind, name, field))
}

// unread notes that something cannot be read that the handover is judged by.
func (s *scope) unread(what, problem string) {
	if s.unreadable == "" {
		s.unreadable = fmt.Sprintf("%s does not fit the types of its kind: %s; the handover stays as it was", what, problem)
	}
}

// gather collects from the cache all that the handover is judged by.
func (r *Reconciler) gather(ctx context.Context, s *scope) error {
	if problem := s.before.DecodingError; problem != "" {
		s.unread("what is stored", problem)
		return nil
	}
	for _, collect := range []func(context.Context, *scope) error{
		r.gatherPolicy, r.gatherProject, r.gatherUnits, r.gatherApplications, r.gatherSignOffs,
	} {
		if err := collect(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// find reads an object of the cache, which must not be changed, and says whether
// there is one.
func (r *Reconciler) find(ctx context.Context, key types.NamespacedName, into client.Object) (bool, error) {
	err := r.Client.Get(ctx, key, into, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s: %w", into, key, err)
	}
	return true, nil
}

// signed says whether all roles have signed, as far as is told. Then neither the
// policy nor who leads the project is asked any more.
func (s *scope) signed() bool {
	stage := s.before.Status.Stage
	return stage == v1alpha1.HandoverEarlyLifeSupport || stage == v1alpha1.HandoverCompleted
}

// gatherPolicy reads what holds for all handovers. By a policy that cannot be
// read other roles would have to sign than it says.
func (r *Reconciler) gatherPolicy(ctx context.Context, s *scope) error {
	policy := &v1alpha1.GovernancePolicy{}
	found, err := r.find(ctx, types.NamespacedName{Name: v1alpha1.PolicyName}, policy)
	if err != nil || !found {
		return err
	}
	if policy.DecodingError != "" && !s.signed() {
		s.unread("GovernancePolicy "+policy.Name, policy.DecodingError)
	}
	s.in.Policy = policy.Spec.Handovers
	return nil
}

// gatherProject reads who leads the project, and so cannot sign for Operations.
func (r *Reconciler) gatherProject(ctx context.Context, s *scope) error {
	key, project := projectKey(s.before), &v1alpha1.Project{}
	found, err := r.find(ctx, key, project)
	switch {
	case err != nil:
		return err
	case !found:
		s.miss("spec.projectRef", "Project", s.name(key))
	case project.DecodingError != "" && !s.signed():
		s.unread("Project "+s.name(key), project.DecodingError)
	case project.Spec.Lead != nil:
		s.in.ProjectLead = project.Spec.Lead.User
	}
	return nil
}

// gatherUnits looks for the units.
func (r *Reconciler) gatherUnits(ctx context.Context, s *scope) error {
	for _, ref := range unitRefs(s.before) {
		found, err := r.find(ctx, types.NamespacedName{Name: string(ref.unit)}, &v1alpha1.OrganisationalUnit{})
		if err != nil {
			return err
		}
		if !found {
			s.miss(ref.field, "OrganisationalUnit", string(ref.unit))
		}
	}
	return nil
}

// gatherApplications reads what is handed over, and how available it was in
// early-life support.
func (r *Reconciler) gatherApplications(ctx context.Context, s *scope) error {
	for i, key := range gather.HandedOver(s.before) {
		in := acceptance.Application{Name: s.name(key)}
		app := &v1alpha1.Application{}
		found, err := r.find(ctx, key, app)
		if err != nil {
			return err
		}
		if found {
			in.Object = app
		} else {
			s.miss(fmt.Sprintf("spec.applicationRefs[%d]", i), "Application", in.Name)
		}
		if s.supported() {
			if in.Availability, err = r.availability(ctx, s, key); err != nil {
				return err
			}
			s.lost = s.lost || in.Availability != nil && in.Availability.Out > 0
		}
		s.in.Applications = append(s.in.Applications, in)
	}
	return nil
}

// gatherSignOffs reads the signatures under the handover.
func (r *Reconciler) gatherSignOffs(ctx context.Context, s *scope) error {
	var list v1alpha1.SignOffList
	err := r.Client.List(ctx, &list, client.InNamespace(s.before.Namespace),
		client.MatchingFields{indexSignOff: s.before.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("sign-offs of %s: %w", s.key(), err)
	}
	s.in.SignOffs = gather.Pointers(list.Items)
	return nil
}

// name writes an object as it is seen from the namespace of the handover.
func (s *scope) name(key types.NamespacedName) string {
	if key.Namespace == s.before.Namespace {
		return key.Name
	}
	return key.String()
}

// projectKey is the Project that hands over.
func projectKey(h *v1alpha1.Handover) types.NamespacedName {
	ref := &h.Spec.ProjectRef
	if ref.Namespace == "" {
		return types.NamespacedName{Namespace: h.Namespace, Name: string(ref.Name)}
	}
	return types.NamespacedName{Namespace: string(ref.Namespace), Name: string(ref.Name)}
}

// unitRef is a unit that a field of the spec names.
type unitRef struct {
	field string
	unit  v1alpha1.ObjectName
}

// unitRefs are the units that a handover names.
func unitRefs(h *v1alpha1.Handover) []unitRef {
	refs := []unitRef{{"spec.operationsUnitRef", h.Spec.OperationsUnitRef.Name}}
	if support := h.Spec.SupportUnitRef; support != nil {
		refs = append(refs, unitRef{"spec.supportUnitRef", support.Name})
	}
	return refs
}
