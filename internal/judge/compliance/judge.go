// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// noticeDays is how many days before its end something is said to end.
const noticeDays = 90

// Scope is all that a namespace is judged by. Nothing in it is changed.
type Scope struct {
	// Namespace that is judged, and its UID.
	Namespace    string
	NamespaceUID types.UID
	// Unit that it belongs to; empty if it has no label.
	Unit string
	// Policy of the city; nil if there is none.
	Policy *v1alpha1.GovernancePolicy
	// Rules of the policy; nil if it was not compiled.
	Rules *centralisation.Rules
	// Applications, Exemptions and Projects of the namespace.
	Applications []*v1alpha1.Application
	Exemptions   []*v1alpha1.Exemption
	Projects     []*v1alpha1.Project
	// Handovers of the namespace, and those of others that hand over Applications
	// of this one.
	Handovers []*v1alpha1.Handover
	// ServiceLevels by name.
	ServiceLevels map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel
	// Accounts of the availability of Applications, by their name.
	Accounts map[v1alpha1.ObjectName]Account
	// LeadUnits are the units that lead projects; see UnitsBelow.
	LeadUnits map[v1alpha1.ObjectName]bool
	// Workloads of the namespace.
	Workloads []Workload
	Now       time.Time
}

// auditor collects what is found.
type auditor struct {
	*Scope
	// applications by name.
	applications map[v1alpha1.ObjectName]*v1alpha1.Application
	// exemptions by the Application that they name.
	exemptions map[v1alpha1.ObjectName][]*v1alpha1.Exemption
	// handovers by Application: the one that has come furthest.
	handovers map[v1alpha1.ObjectName]*v1alpha1.Handover
	// notice is how long before its end an exemption is said to expire.
	notice time.Duration
	out    Judgement
}

// Judge says what is to be found in a namespace. Every Application has exactly
// one finding that is its verdict; of the rest only what somebody should know
// of is told.
func Judge(s *Scope) Judgement {
	a := &auditor{
		Scope:        s,
		applications: make(map[v1alpha1.ObjectName]*v1alpha1.Application, len(s.Applications)),
		exemptions:   make(map[v1alpha1.ObjectName][]*v1alpha1.Exemption, len(s.Exemptions)),
		handovers:    handoversOf(s),
		notice:       expiryNotice(s.Policy),
	}
	a.out.Findings = make([]Finding, 0, len(s.Applications)+len(s.Workloads))
	for _, app := range s.Applications {
		a.applications[v1alpha1.ObjectName(app.Name)] = app
	}
	for _, e := range s.Exemptions {
		name := e.Spec.ApplicationRef.Name
		a.exemptions[name] = append(a.exemptions[name], e)
	}
	a.namespace()
	for _, app := range s.Applications {
		a.application(app)
	}
	for _, p := range s.Projects {
		a.project(p)
	}
	for _, h := range s.Handovers {
		a.handoverDue(h)
	}
	for i := range s.Workloads {
		a.workload(&s.Workloads[i])
	}
	sortFindings(a.out.Findings)
	return a.out
}

// expiryNotice is how long before its end the policy wants an exemption to be
// renewed, or ended; 60 days if it does not say.
func expiryNotice(p *v1alpha1.GovernancePolicy) time.Duration {
	const usual = 60 * 24 * time.Hour
	if p == nil {
		return usual
	}
	d, err := time.ParseDuration(string(p.Spec.Centralisation.ExpiryNotice))
	if err != nil {
		return usual
	}
	return d
}

// add notes a finding.
func (a *auditor) add(f Finding) {
	f.Category = categories[f.Policy]
	a.out.Findings = append(a.out.Findings, f)
}

// until notes a moment at which the findings can change; one that has passed
// does not matter any more.
func (a *auditor) until(moments ...time.Time) {
	for _, m := range moments {
		if m.After(a.Now) {
			a.out.Next = calendar.Earliest(a.out.Next, m)
		}
	}
}

// namespace judges the namespace itself: one that holds Applications belongs to
// a unit. It is said once, not of every Application.
func (a *auditor) namespace() {
	if a.Unit != "" || len(a.Applications) == 0 {
		return
	}
	a.add(withoutUnit(a.Namespace, a.NamespaceUID, len(a.Applications)))
}

// withoutUnit is the finding on a namespace that belongs to no unit.
func withoutUnit(namespace string, uid types.UID, applications int) Finding {
	return Finding{
		Policy: PolicyCentralisation, Rule: v1alpha1.ReasonNamespaceWithoutUnit,
		Severity: Medium, Result: Fail,
		Subject: Subject{APIVersion: "v1", Kind: "Namespace", Name: namespace, UID: uid},
		Message: fmt.Sprintf("the namespace belongs to no unit, so that the rule holds in full for its Applications (%d)", applications),
		Remedy:  "have the platform team set its label " + v1alpha1.LabelUnit,
	}
}

// subjectOf is the subject of a finding on an object of our group.
func subjectOf(kind, namespace, name string, uid types.UID) Subject {
	return Subject{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind, Namespace: namespace, Name: name, UID: uid}
}
