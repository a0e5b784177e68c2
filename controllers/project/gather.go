// SPDX-License-Identifier: Apache-2.0

package project

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/project/tally"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// scope is all that one reconciliation of a Project gathers, judges and tells.
type scope struct {
	now time.Time
	// verdict of the judge; nil if nobody knows what the spec says.
	verdict *stagegate.Verdict
	// cycle is the way on which the project waits for itself, as names; empty if
	// it does not.
	cycle []string
	// absent are the references to what is not there, unusable those that name
	// nothing at all.
	absent, unusable []string
}

// gather collects what a Project is judged by, and has it judged.
func (r *Reconciler) gather(ctx context.Context, p *v1alpha1.Project) (*scope, error) {
	s := &scope{now: r.Clock.Now()}
	if p.DecodingError != "" {
		return s, nil // nothing is known of what it says
	}
	around := r.index.Snapshot(p)
	for i := range around.Deliverables {
		if err := r.exists(ctx, &around.Deliverables[i]); err != nil {
			return nil, err
		}
	}
	for _, key := range around.Cycle {
		s.cycle = append(s.cycle, nameFor(p, key))
	}
	s.resolve(p, &around)
	s.verdict = stagegate.Judge(&stagegate.Scope{
		Project: p, Policy: around.Policy, LeadUnits: around.LeadUnits,
		Predecessors: around.Predecessors, Parts: around.Parts,
		Deliverables: around.Deliverables, Offered: around.Offered,
		Cycle: s.cycle, Now: s.now,
	})
	return s, nil
}

// exists looks whether there is the Application of a deliverable.
func (r *Reconciler) exists(ctx context.Context, d *stagegate.Deliverable) error {
	if d.Key.Name == "" {
		return nil
	}
	err := r.Client.Get(ctx, d.Key, &v1alpha1.Application{}, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read application: %w", err)
	}
	d.Exists = true
	return nil
}

// resolve looks at each reference of the spec.
func (s *scope) resolve(p *v1alpha1.Project, around *tally.Snapshot) {
	unit := func(name v1alpha1.ObjectName) types.NamespacedName { return types.NamespacedName{Name: string(name)} }
	look := func(field, kind string, key types.NamespacedName, exists bool) {
		switch {
		case key.Name == "":
			s.unusable = append(s.unusable, fmt.Sprintf("%s.name is empty: name the %s, or remove the entry", field, kind))
		case !exists:
			s.absent = append(s.absent, fmt.Sprintf("%s %s, named by %s, does not exist", kind, nameFor(p, key), field))
		}
	}
	look("spec.officeRef", "OrganisationalUnit", unit(p.Spec.OfficeRef.Name), around.Office)
	if ref := p.Spec.ParentRef; ref != nil {
		look("spec.parentRef", "Project", tally.ProjectKey(p.Namespace, ref), around.Parent)
	}
	if lead := p.Spec.Lead; lead != nil && lead.UnitRef != nil {
		look("spec.lead.unitRef", "OrganisationalUnit", unit(lead.UnitRef.Name), around.Lead)
	}
	for i, other := range around.Predecessors {
		look(fmt.Sprintf("spec.dependsOn[%d]", i), "Project", other.Key, other.Exists)
	}
	for i, d := range around.Deliverables {
		look(fmt.Sprintf("spec.deliverables[%d]", i), "Application", d.Key, d.Exists)
	}
}

// nameFor is how somebody of a Project's namespace calls an object: by its name,
// or namespace/name where it is another namespace's.
func nameFor(p *v1alpha1.Project, key types.NamespacedName) string {
	if key.Namespace == "" || key.Namespace == p.Namespace {
		return key.Name
	}
	return key.String()
}

// wait returns after how long to look again: when the Project may be written
// once more, if something waits for that, and when it stands otherwise by the
// mere passing of time. Zero is never.
func (s *scope) wait(forPace time.Duration) time.Duration {
	if s.verdict == nil || s.verdict.Next.IsZero() {
		return forPace
	}
	// One millisecond on: at the moment itself, not before it.
	forTime := max(s.verdict.Next.Sub(s.now), 0) + time.Millisecond
	if forPace > 0 {
		return min(forPace, forTime)
	}
	return forTime
}
