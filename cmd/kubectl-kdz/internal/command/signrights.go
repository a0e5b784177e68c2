// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
)

// doubts are why a signature would be void, or refused whoever asks.
func (t *tool) doubts(ctx context.Context, c *cluster, d *handover.Draft, g *handover.Given, list *handover.Checklist) []string {
	var doubts []string
	if list.Outdated && g.Handover.Status.ObservedGeneration == g.Handover.Generation && g.Handover.Status.ContentHash != "" {
		doubts = append(doubts, fmt.Sprintf("the signature would be void: %s, and not as %s", list.Why, list.ContentHash))
	}
	if g.Policy != nil {
		if why := d.NotVacant(g.Policy); why != "" {
			doubts = append(doubts, why)
		}
	}
	for _, why := range d.Futile(list, t.lead(ctx, c, g.Handover)) {
		doubts = append(doubts, "the signature would be void: "+why)
	}
	return doubts
}

// lead is the user who leads the project of a Handover; empty if nobody is
// named, or it cannot be read.
func (t *tool) lead(ctx context.Context, c *cluster, h *v1alpha1.Handover) v1alpha1.UserName {
	namespace := string(h.Spec.ProjectRef.Namespace)
	if namespace == "" {
		namespace = h.Namespace
	}
	p := &v1alpha1.Project{}
	there, err := c.get(ctx, namespace, string(h.Spec.ProjectRef.Name), p)
	switch {
	case err != nil:
		t.warn("who leads the project is not known: %v", err)
	case !there:
		t.warn("there is no Project %s/%s, so that nobody is known to lead it", namespace, h.Spec.ProjectRef.Name)
	case p.Spec.Lead != nil:
		return p.Spec.Lead.User
	}
	return ""
}

// unsigned are the rights that are missing to sign, each in the words in which
// the server refuses. What cannot be asked is left to the server.
func (t *tool) unsigned(ctx context.Context, c *cluster, d *handover.Draft, me v1alpha1.UserName) []string {
	as := fmt.Sprintf(" (you are %s, in namespace %s)", me, c.namespace)
	var missing []string
	if !t.allowed(ctx, c, "create", "signoffs", "") {
		missing = append(missing, "you may not create SignOffs: have the platform team bind a role to you that may, such as kdz-operations"+as)
	}
	switch {
	case d.OnBehalfOfVacantRole:
		held := false
		for _, role := range handover.StandIns(d.Role) {
			held = held || t.allowed(ctx, c, "create", "handovers", handover.Right(role))
		}
		if !held {
			missing = append(missing, handover.MessageNoStandIn+as)
		}
	case !t.allowed(ctx, c, "create", "handovers", handover.Right(d.Role)):
		missing = append(missing, handover.MessageNoRole(d.Role)+as)
	}
	if d.SignedBy != me && !t.allowed(ctx, c, "create", "signoffs", "onbehalf") {
		missing = append(missing, handover.MessageOtherName(me))
	}
	return missing
}

// allowed is whether who asks may, as far as that can be asked.
func (t *tool) allowed(ctx context.Context, c *cluster, verb, resource, subresource string) bool {
	may, err := c.may(ctx, verb, resource, subresource)
	if err != nil {
		t.warn("%v", err)
		return true
	}
	return may
}
