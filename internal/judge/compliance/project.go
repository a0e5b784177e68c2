// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// UnitsBelow returns a unit and all below it. A tree that leads back to itself
// is walked once.
func UnitsBelow(units []*v1alpha1.OrganisationalUnit, top v1alpha1.ObjectName) map[v1alpha1.ObjectName]bool {
	children := make(map[v1alpha1.ObjectName][]v1alpha1.ObjectName, len(units))
	for _, u := range units {
		if u.Spec.ParentRef != nil {
			parent := u.Spec.ParentRef.Name
			children[parent] = append(children[parent], v1alpha1.ObjectName(u.Name))
		}
	}
	below := map[v1alpha1.ObjectName]bool{top: true}
	for next := []v1alpha1.ObjectName{top}; len(next) > 0; {
		unit := next[len(next)-1]
		next = next[:len(next)-1]
		for _, child := range children[unit] {
			if !below[child] {
				below[child] = true
				next = append(next, child)
			}
		}
	}
	return below
}

// LeadUnit is the unit that, with those below it, leads projects; empty if the
// policy names none.
func LeadUnit(p *v1alpha1.GovernancePolicy) v1alpha1.ObjectName {
	if p == nil || p.Spec.Projects == nil || p.Spec.Projects.LeadUnitRef == nil {
		return ""
	}
	return p.Spec.Projects.LeadUnitRef.Name
}

// ofProject begins a finding on a project.
func ofProject(p *v1alpha1.Project, rule string, r Result, s Severity) Finding {
	f := Finding{
		Policy: PolicyProjects, Rule: rule, Result: r, Severity: s,
		Subject:    subjectOf("Project", p.Namespace, p.Name, p.UID),
		Properties: map[string]string{},
	}
	if p.Status.Stage != "" {
		f.Properties[PropertyStage] = string(p.Status.Stage)
	}
	return f
}

// project judges a project in all that an auditor asks of. Of one that cannot be
// read nobody can say what it declares, only that somebody must mend it.
func (a *auditor) project(p *v1alpha1.Project) {
	course := CourseOf(p)
	a.stalled(p, &course)
	if p.DecodingError != "" {
		return
	}
	a.led(p)
	a.schedule(p, &course)
	a.stale(p, &course)
}

// led tells of a project that is not led by the main office. Of one that is
// over, or was rejected, nobody need lead it any more.
func (a *auditor) led(p *v1alpha1.Project) {
	lead := LeadUnit(a.Policy)
	over := p.Status.Stage == v1alpha1.StageCompleted || p.Status.Stage == v1alpha1.StageRejected
	if lead == "" || over {
		return
	}
	f := ofProject(p, RuleNoLead, Warn, Low)
	f.Remedy = fmt.Sprintf("have unit %s, or one below it, lead the project, and name it in spec.lead.unitRef", lead)
	switch {
	case p.Spec.Lead == nil:
		f.Message = "nobody is named who leads the project"
	case p.Spec.Lead.UnitRef == nil:
		f.Message = "it is not said of which unit the lead of the project is"
	case a.LeadUnits[p.Spec.Lead.UnitRef.Name]:
		return
	default:
		f.Rule, f.Result, f.Severity = RuleNotLedByMainOffice, Fail, Medium
		f.Message = fmt.Sprintf("the project is led from unit %s, and projects are led by unit %s", p.Spec.Lead.UnitRef.Name, lead)
	}
	a.add(f)
}
