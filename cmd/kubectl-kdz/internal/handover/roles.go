// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// roles are those that must sign, and those that signed without.
func (c *Checklist) roles(g Given) {
	must, vacant := acceptance.RequiredSignOffs(g.Policy), []v1alpha1.SignOffRole(nil)
	if g.Policy != nil {
		vacant = g.Policy.VacantRoles
	}
	objects := map[string]*v1alpha1.SignOff{}
	for i := range g.SignOffs {
		if o := &g.SignOffs[i]; string(o.Spec.HandoverRef.Name) == c.Name {
			objects[o.Name] = o
		}
	}
	c.Roles = []Role{}
	for _, name := range roles {
		role := Role{Role: name, Required: slices.Contains(must, name), Vacant: slices.Contains(vacant, name)}
		c.judged(&role, g.Handover.Status.SignOffs, objects)
		c.unjudged(&role, g, objects)
		switch {
		case role.Signature != nil && role.Signature.Outcome == v1alpha1.SignOffAccepted:
			role.State = Holds
		case role.Required || role.Signature != nil:
			role.State = Fails
		default:
			role.State = Optional
		}
		if role.State != Optional || len(role.Void)+len(role.Unjudged) > 0 {
			c.Roles = append(c.Roles, role)
		}
	}
}

// judged are the signatures of which the operator said whether they count. What
// counts for other content than the present does not count for this one.
func (c *Checklist) judged(role *Role, summaries []v1alpha1.SignOffSummary, objects map[string]*v1alpha1.SignOff) {
	for i := range summaries {
		s := &summaries[i]
		if s.Role != role.Role {
			continue
		}
		signature := Signature{Name: string(s.Name), Outcome: s.Outcome, SignedBy: s.SignedBy}
		object := objects[string(s.Name)]
		if object != nil {
			signature = fromObject(object)
		}
		present := !c.Outdated || object != nil && object.Spec.ContentHash == c.ContentHash
		switch {
		case s.Void && c.Outdated && present:
			role.Unjudged = append(role.Unjudged, signature)
		case s.Void || role.Signature != nil:
			signature.Why = s.Message
			role.Void = append(role.Void, signature)
		case !present:
			signature.Why = v1alpha1.VoidOtherContent + ": it is for the content before"
			role.Void = append(role.Void, signature)
		default:
			role.Signature = &signature
		}
	}
}

// unjudged are the signatures for the present content that the operator has not
// told of.
func (c *Checklist) unjudged(role *Role, g Given, objects map[string]*v1alpha1.SignOff) {
	for i := range g.SignOffs {
		o := &g.SignOffs[i]
		told := slices.ContainsFunc(g.Handover.Status.SignOffs, func(s v1alpha1.SignOffSummary) bool { return string(s.Name) == o.Name })
		if objects[o.Name] == o && o.Spec.Role == role.Role && o.Spec.ContentHash == c.ContentHash && !told {
			role.Unjudged = append(role.Unjudged, fromObject(o))
		}
	}
}

func fromObject(o *v1alpha1.SignOff) Signature {
	return Signature{
		Name: o.Name, Outcome: o.Spec.Outcome, SignedBy: o.Spec.SignedBy, SignedAt: o.Spec.SignedAt,
		OnBehalfOfVacantRole: o.Spec.OnBehalfOfVacantRole, Comment: o.Spec.Comment,
	}
}

// role is how a role signed; nil if it need not and did not.
func (c *Checklist) role(name v1alpha1.SignOffRole) *Role {
	for i := range c.Roles {
		if c.Roles[i].Role == name {
			return &c.Roles[i]
		}
	}
	return nil
}
