// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// roles in the order in which they are shown.
var roles = []v1alpha1.SignOffRole{
	v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement, v1alpha1.RoleProviderManagement,
}

// Build makes the checklist.
func Build(g Given) *Checklist {
	h := g.Handover
	c := &Checklist{
		Namespace: h.Namespace, Name: h.Name,
		Stage: h.Status.Stage, StageSince: h.Status.StageSince, ContentHash: acceptance.Hash(&h.Spec),
		Project:    qualified(h.Spec.ProjectRef.Namespace, h.Spec.ProjectRef.Name),
		Operations: string(h.Spec.OperationsUnitRef.Name),
		DueOn:      h.Spec.DueOn, StableFor: h.Spec.StableFor,
		Missing: h.Status.Missing, Notes: g.Notes,
	}
	if c.Missing == nil {
		c.Missing = []v1alpha1.MissingItem{}
	}
	for _, ref := range h.Spec.ApplicationRefs {
		c.Applications = append(c.Applications, qualified(ref.Namespace, ref.Name))
	}
	if unit := h.Spec.SupportUnitRef; unit != nil {
		c.Support = string(unit.Name)
	}
	if m := h.Spec.ApplicationManager; m != nil {
		c.ApplicationManager = m.Name
		if m.Email != "" {
			c.ApplicationManager += " (" + string(m.Email) + ")"
		}
	}
	c.Why, c.Outdated = outdated(h, c.ContentHash)
	c.conditions(h)
	c.Checks = checks(h, c.Applications, g.Now)
	c.criteria(&h.Spec, g.Policy)
	c.roles(g)
	c.EarlyLifeSupport = support(h)
	return c
}

// outdated says in words why the status is not of the present spec, if so, and
// whether its signatures are for other content. A spec can change in what is not
// signed, such as the day on which it is due.
func outdated(h *v1alpha1.Handover, present v1alpha1.ContentHash) (why string, otherContent bool) {
	switch s := &h.Status; {
	case s.Stage == "" && s.ContentHash == "":
		return "the operator has not judged it yet; does it run?", true
	case s.ContentHash != present && s.ObservedGeneration != h.Generation:
		return "the content was changed, and the operator has not judged it since: what follows is of the content before", true
	case s.ContentHash != present:
		return fmt.Sprintf("the operator computes the content hash as %s: this plugin and the operator are of different versions", s.ContentHash), true
	case s.ObservedGeneration != h.Generation:
		return "it was changed in what is not signed, and the operator has not judged it since", false
	default:
		return "", false
	}
}

// conditions takes over what keeps the operator from judging, and whether it is
// late.
func (c *Checklist) conditions(h *v1alpha1.Handover) {
	for _, typ := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
		if found := meta.FindStatusCondition(h.Status.Conditions, typ); found != nil && found.Status == metav1.ConditionTrue {
			c.Problems = append(c.Problems, found.Reason+": "+found.Message)
		}
	}
	c.Overdue = meta.IsStatusConditionFalse(h.Status.Conditions, v1alpha1.ConditionOnSchedule)
}

// checks are what the operator found, and what it has not looked at yet.
func checks(h *v1alpha1.Handover, applications []string, now time.Time) []Check {
	wanted := h.Spec.Checks
	if wanted == nil {
		wanted = acceptance.DefaultChecks()
	}
	stable, err := time.ParseDuration(string(h.Spec.StableFor))
	if err != nil {
		stable = 0
	}
	all := []Check{}
	for _, app := range applications {
		for _, check := range wanted {
			line := Check{Application: app, Check: check, State: Unknown}
			i := slices.IndexFunc(h.Status.Results, func(r v1alpha1.CheckResult) bool { return r.Application == app && r.Check == check })
			if i >= 0 {
				r := &h.Status.Results[i]
				line.Since, line.Message = r.Since, r.Message
				switch {
				case r.Passed == nil || !*r.Passed:
					line.State = Fails
				case r.Since != nil && r.Since.Add(stable).After(now):
					line.State = Settling
				default:
					line.State = Holds
				}
			}
			all = append(all, line)
		}
	}
	return all
}

// criteria are those of the Handover or, if it has none, of the policy.
func (c *Checklist) criteria(spec *v1alpha1.HandoverSpec, policy *v1alpha1.HandoverPolicy) {
	given := spec.Criteria
	if len(given) == 0 && policy != nil {
		given, c.CriteriaOfPolicy = policy.DefaultCriteria, len(policy.DefaultCriteria) > 0
	}
	c.Criteria = []Criterion{}
	for i := range given {
		line := Criterion{
			Name: given[i].Name, Description: given[i].Description, Required: given[i].Required == nil || *given[i].Required,
			FulfilledOn: given[i].FulfilledOn, Evidence: given[i].Evidence,
		}
		switch {
		case line.FulfilledOn != "":
			line.State = Holds
		case line.Required:
			line.State = Fails
		default:
			line.State = Optional
		}
		c.Criteria = append(c.Criteria, line)
	}
}

// support is early-life support, agreed or under way; nil if there is none.
func support(h *v1alpha1.Handover) *Support {
	agreed, status := h.Spec.EarlyLifeSupport, h.Status.EarlyLifeSupport
	if agreed == nil && status == nil {
		return nil
	}
	s := &Support{}
	if agreed != nil {
		s.Duration, s.MinimumAvailability = agreed.Duration, agreed.MinimumAvailability
	}
	if status != nil {
		s.StartedAt, s.EndsAt, s.Availability, s.Worst = &status.StartedAt, &status.EndsAt, status.Availability, status.Worst
	}
	return s
}

// qualified names an object, with its namespace if one is written.
func qualified(namespace v1alpha1.NamespaceName, name v1alpha1.ObjectName) string {
	if namespace == "" {
		return string(name)
	}
	return string(namespace) + "/" + string(name)
}
