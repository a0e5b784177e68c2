// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// maxName is how long the name of a SignOff may be.
const maxName = 63

// shortHash is how many digits of the content hash the name of a SignOff has.
const shortHash = 8

// Roles that sign, as a person may write them.
func Roles() []string {
	names := make([]string, 0, len(roles))
	for _, r := range roles {
		names = append(names, string(r))
	}
	return names
}

// Right is the right that a role needs, a virtual subresource of handovers.
func Right(role v1alpha1.SignOffRole) string { return strings.ToLower(string(role)) }

// Draft is a signature that is to be given.
type Draft struct {
	Role                 v1alpha1.SignOffRole
	OnBehalfOfVacantRole bool
	Outcome              v1alpha1.SignOffOutcome
	Comment              string
	SignedBy             v1alpha1.UserName
	SignedAt             time.Time
}

// SignOff is the signature under what the checklist is of, by a name that is not
// taken.
func (d *Draft) SignOff(c *Checklist, taken func(name string) bool) *v1alpha1.SignOff {
	n := 1
	for taken(Name(c.Name, d.Role, c.ContentHash, n)) {
		n++
	}
	return &v1alpha1.SignOff{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SignOff"},
		ObjectMeta: metav1.ObjectMeta{Name: Name(c.Name, d.Role, c.ContentHash, n), Namespace: c.Namespace},
		Spec: v1alpha1.SignOffSpec{
			HandoverRef: v1alpha1.LocalHandoverReference{Name: v1alpha1.ObjectName(c.Name)},
			Role:        d.Role, OnBehalfOfVacantRole: d.OnBehalfOfVacantRole, Outcome: d.Outcome,
			ContentHash: c.ContentHash, SignedBy: d.SignedBy,
			SignedAt: v1alpha1.Moment(d.SignedAt.UTC().Format(time.RFC3339)), Comment: d.Comment,
		},
	}
}

// Name of the n-th SignOff of a role for a content, which says of what it is
// and has at most 63 characters: a long name of a handover is cut.
func Name(handover string, role v1alpha1.SignOffRole, hash v1alpha1.ContentHash, n int) string {
	_, digits, _ := strings.Cut(string(hash), ":")
	suffix := "-" + Right(role) + "-" + digits[:min(shortHash, len(digits))] + "-" + strconv.Itoa(n)
	return strings.TrimRight(handover[:min(maxName-len(suffix), len(handover))], "-.") + suffix
}

// Futile says why the signature would be void: the server takes it, since it
// cannot look that up, and the Handover does not count it. The lead of the
// project is empty if nobody is named.
func (d *Draft) Futile(c *Checklist, lead v1alpha1.UserName) []string {
	var why []string
	if d.Role == v1alpha1.RoleOperations && lead != "" && d.SignedBy == lead {
		why = append(why, fmt.Sprintf("%s leads the project and cannot sign for Operations, since who delivers does not accept: have somebody of operations sign", lead))
	}
	for i := range c.Roles {
		role := &c.Roles[i]
		if role.Role == d.Role {
			continue
		}
		if s := role.by(d.SignedBy); s != nil {
			why = append(why, fmt.Sprintf("%s signed this content for %s already (%s), and nobody signs twice for one content: have somebody else sign for %s", d.SignedBy, role.Role, s.Name, d.Role))
		}
	}
	return why
}

// by is a signature of the person that counts, or may count.
func (r *Role) by(person v1alpha1.UserName) *Signature {
	if r.Signature != nil && r.Signature.SignedBy == person {
		return r.Signature
	}
	if i := slices.IndexFunc(r.Unjudged, func(s Signature) bool { return s.SignedBy == person }); i >= 0 {
		return &r.Unjudged[i]
	}
	return nil
}

// NotVacant is why nobody may stand in for the role, in the words of the
// server; empty if somebody may.
func (d *Draft) NotVacant(policy *v1alpha1.HandoverPolicy) string {
	if !d.OnBehalfOfVacantRole || policy != nil && slices.Contains(policy.VacantRoles, d.Role) {
		return ""
	}
	return MessageNotVacant
}

// Text is the signature as the person reads it who is to give it, with what is
// to be known before.
func (d *Draft) Text(c *Checklist) string {
	t := &text.Table{}
	outcome, role := string(d.Outcome), string(d.Role)
	if d.OnBehalfOfVacantRole {
		role += ", on behalf of the vacant role"
	}
	t.Row("For", role)
	t.Row("Outcome", outcome)
	if d.Comment != "" {
		t.Row("Comment", d.Comment)
	}
	t.Row("By", string(d.SignedBy))
	t.Row("Content", string(c.ContentHash))
	return "To be signed\n" + t.String()
}

// Remarks are what is to be known before, a line each.
func (d *Draft) Remarks(c *Checklist) []string {
	var lines []string
	if c.Why != "" {
		lines = append(lines, c.Why)
	}
	if n := len(c.Missing); n > 0 && d.Outcome == v1alpha1.SignOffAccepted && c.Stage != v1alpha1.HandoverEarlyLifeSupport {
		lines = append(lines, fmt.Sprintf("not all is there yet (%d missing); the signature is for the content alone, and counts whatever becomes of that", n))
	}
	if c.Stage == v1alpha1.HandoverEarlyLifeSupport || c.Stage == v1alpha1.HandoverCompleted {
		lines = append(lines, "all required roles have signed already")
	}
	role := c.role(d.Role)
	if role == nil || !role.Required {
		lines = append(lines, fmt.Sprintf("the policy does not ask %s to sign", d.Role))
	}
	if role != nil && role.Signature != nil {
		lines = append(lines, fmt.Sprintf("%s has signed this content already, and the new signature replaces that: %s", d.Role, role.Signature.words()))
	}
	return lines
}
