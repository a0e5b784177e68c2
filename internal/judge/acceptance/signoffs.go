// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// roles in the order in which they are told.
var roles = [...]v1alpha1.SignOffRole{
	v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement, v1alpha1.RoleProviderManagement,
}

// RequiredSignOffs are the roles that must sign by a policy, which may be nil,
// each once and in the order of the API. A policy that names none has the roles
// of the schema: a handover that nobody signs is none.
func RequiredSignOffs(p *v1alpha1.HandoverPolicy) []v1alpha1.SignOffRole {
	wanted := []v1alpha1.SignOffRole{v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement}
	if p != nil && len(p.RequiredSignOffs) > 0 {
		wanted = p.RequiredSignOffs
	}
	required := make([]v1alpha1.SignOffRole, 0, len(roles))
	for _, role := range roles {
		if slices.Contains(wanted, role) {
			required = append(required, role)
		}
	}
	return required
}

// signature is a SignOff, and whether it counts.
type signature struct {
	*v1alpha1.SignOff
	// at is when it was signed; if that cannot be read, when it was created.
	at time.Time
	// void says why it does not count; empty if it does.
	void string
}

// older orders signatures by when they were given.
func older(a, b *signature) int {
	return cmp.Or(a.at.Compare(b.at), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// signatures reads all SignOffs, the oldest first, and calls void what is void
// by itself.
func (j *judgement) signatures() []*signature {
	all := make([]*signature, 0, len(j.SignOffs))
	for _, s := range j.SignOffs {
		if s == nil {
			continue
		}
		g := &signature{SignOff: s}
		at, err := time.Parse(time.RFC3339, string(s.Spec.SignedAt))
		if err != nil {
			at = s.CreationTimestamp.Time
		}
		g.at, g.void = at, j.voidAlone(s, err)
		all = append(all, g)
	}
	slices.SortFunc(all, older)
	return all
}

// voidAlone says why a SignOff does not count whatever others there are; empty
// if it does.
func (j *judgement) voidAlone(s *v1alpha1.SignOff, signedAt error) string {
	spec := &s.Spec
	switch {
	case s.DecodingError != "":
		return v1alpha1.VoidUndecodable + ": what is stored cannot be read: " + printable(s.DecodingError)
	case unreadable(s) != "":
		return v1alpha1.VoidUndecodable + ": " + unreadable(s)
	case signedAt != nil:
		return fmt.Sprintf("%s: signedAt %q is no moment", v1alpha1.VoidUndecodable, shorten(string(spec.SignedAt), 40))
	case spec.ContentHash != j.verdict.ContentHash:
		return fmt.Sprintf("%s: it is for %s, and the present content is %s", v1alpha1.VoidOtherContent, brief(spec.ContentHash), brief(j.verdict.ContentHash))
	case spec.OnBehalfOfVacantRole && !j.vacant(spec.Role):
		return fmt.Sprintf("%s: %s is not vacant, so that nobody stands in for it", v1alpha1.VoidNotVacant, spec.Role)
	case spec.Role == v1alpha1.RoleOperations && spec.SignedBy == j.ProjectLead:
		return fmt.Sprintf("%s: %s leads the project and cannot sign for Operations", v1alpha1.VoidProjectLead, printable(string(spec.SignedBy)))
	}
	return ""
}

// unreadable says what of a SignOff is not there that each has; empty if all is.
func unreadable(s *v1alpha1.SignOff) string {
	switch spec := &s.Spec; {
	case !slices.Contains(roles[:], spec.Role):
		return fmt.Sprintf("role %q is none", shorten(string(spec.Role), 40))
	case spec.Outcome != v1alpha1.SignOffAccepted && spec.Outcome != v1alpha1.SignOffRejected:
		return fmt.Sprintf("outcome %q is none", shorten(string(spec.Outcome), 40))
	case spec.SignedBy == "":
		return "nobody is named in signedBy"
	}
	return ""
}

// vacant reports whether nobody holds a role.
func (j *judgement) vacant(role v1alpha1.SignOffRole) bool {
	return j.Policy != nil && slices.Contains(j.Policy.VacantRoles, role)
}

// readSignOffs judges which signatures count, and which roles are still to sign.
func (j *judgement) readSignOffs() {
	all := j.signatures()
	fourEyes(all)
	counting := supersede(all)
	j.list(all)
	for _, role := range roles {
		if g := counting[role]; g != nil && g.Spec.Outcome == v1alpha1.SignOffRejected {
			j.rejections = append(j.rejections, rejection(g))
		}
	}
	for _, role := range RequiredSignOffs(j.Policy) {
		if counting[role] == nil {
			j.unsigned = append(j.unsigned, j.toSign(role))
		}
	}
}

// fourEyes voids what a person signed for a role after having signed the same
// content for another.
func fourEyes(all []*signature) {
	first := map[v1alpha1.UserName]*signature{}
	for _, g := range all {
		if g.void != "" {
			continue
		}
		f := first[g.Spec.SignedBy]
		switch {
		case f == nil:
			first[g.Spec.SignedBy] = g
		case f.Spec.Role != g.Spec.Role:
			g.void = fmt.Sprintf("%s: %s signed the same content for %s before, by SignOff %s", v1alpha1.VoidSameSigner,
				shorten(printable(string(g.Spec.SignedBy)), 64), f.Spec.Role, f.Name)
		}
	}
}

// supersede voids what a role signed before its last signature, and returns the
// one of each role that counts.
func supersede(all []*signature) map[v1alpha1.SignOffRole]*signature {
	counting := make(map[v1alpha1.SignOffRole]*signature, len(roles))
	for _, g := range slices.Backward(all) {
		if g.void != "" {
			continue
		}
		if last := counting[g.Spec.Role]; last != nil {
			g.void = fmt.Sprintf("%s: %s signed the same content later, by SignOff %s", v1alpha1.VoidSuperseded, g.Spec.Role, last.Name)
			continue
		}
		counting[g.Spec.Role] = g
	}
	return counting
}

// keepSignOffs lists the signatures under a handover that all roles have
// signed: those that counted then count for ever, and no other does.
func (j *judgement) keepSignOffs() {
	told := make(map[string]*v1alpha1.SignOffSummary, len(j.told.SignOffs))
	for i := range j.told.SignOffs {
		told[string(j.told.SignOffs[i].Name)] = &j.told.SignOffs[i]
	}
	all := j.signatures()
	for _, g := range all {
		switch t := told[g.Name]; {
		case t != nil && !t.Void:
			g.void = ""
		case t != nil && t.Message != "":
			g.void = t.Message
		case g.void == "":
			g.void = v1alpha1.VoidSuperseded + ": all roles had signed the handover, which rests on their signatures"
		}
	}
	j.list(all)
}

// list tells of the signatures: those that count by role, then the void ones,
// the newest first. One of which too little can be read stands in no list.
func (j *judgement) list(all []*signature) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *signature) int {
		if counts := a.void == ""; counts != (b.void == "") {
			return map[bool]int{true: -1, false: 1}[counts]
		}
		if a.void == "" {
			return cmp.Compare(slices.Index(roles[:], a.Spec.Role), slices.Index(roles[:], b.Spec.Role))
		}
		return older(b, a)
	})
	for _, g := range order {
		if unreadable(g.SignOff) != "" || g.Name == "" {
			j.unreadable = append(j.unreadable, v1alpha1.MissingItem{
				Reason:  v1alpha1.VoidUndecodable,
				Message: shorten(fmt.Sprintf("SignOff %s counts for nothing: %s; whoever gave it signs anew", g.Name, g.void), maxText),
			})
			continue
		}
		if len(j.verdict.SignOffs) == maxSignOffs {
			continue
		}
		j.verdict.SignOffs = append(j.verdict.SignOffs, v1alpha1.SignOffSummary{
			Name: v1alpha1.ObjectName(g.Name), Role: g.Spec.Role, Outcome: g.Spec.Outcome, SignedBy: g.Spec.SignedBy,
			Void: g.void != "", Message: shorten(g.void, maxVoid),
		})
	}
}

// rejection says that a role rejected the present content, and the way back.
func rejection(g *signature) v1alpha1.MissingItem {
	why := "without saying why"
	if comment := printable(g.Spec.Comment); comment != "" {
		why = "“" + shorten(comment, 240) + "”"
	}
	return v1alpha1.MissingItem{
		Reason: v1alpha1.MissingResubmission,
		Message: shorten(fmt.Sprintf("%s (%s) rejected it: %s; the project lead mends that and changes the content, or %s signs Accepted",
			g.Spec.Role, shorten(printable(string(g.Spec.SignedBy)), 80), why, g.Spec.Role), maxText),
	}
}

// toSign says that a role is to sign, by which right and how.
func (j *judgement) toSign(role v1alpha1.SignOffRole) v1alpha1.MissingItem {
	h := j.Handover
	message := fmt.Sprintf("%s signs the present content (right %s): kubectl kdz handover sign %s -n %s --role %s", role, RightOf(role), h.Name, h.Namespace, role)
	if j.vacant(role) {
		others := make([]string, 0, len(roles))
		for _, other := range roles {
			if other != role && (role != v1alpha1.RoleOperations || other != v1alpha1.RoleProjectLead) {
				others = append(others, RightOf(other))
			}
		}
		message += fmt.Sprintf("; the role is vacant, so that who holds another one and has not signed may stand in, with --on-behalf-of-vacant-role (right %s)", strings.Join(others, " or "))
	}
	return v1alpha1.MissingItem{Reason: v1alpha1.MissingSignOff, Message: shorten(message, maxText)}
}

// RightOf is the right that a signature for a role needs.
func RightOf(role v1alpha1.SignOffRole) string { return "handovers/" + strings.ToLower(string(role)) }

// brief shortens a hash for a sentence.
func brief(h v1alpha1.ContentHash) string { return shorten(printable(string(h)), 18) }
