// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// marks of the states, as the first thing of a line.
var marks = map[State]string{Holds: "✓", Fails: "✗", Settling: "…", Unknown: "?", Optional: "-"}

// Text is the checklist as a person reads it. Moments are those of Mainz.
func (c *Checklist) Text() string {
	blocks := []string{c.head()}
	if len(c.Checks) > 0 {
		blocks = append(blocks, c.checksText())
	}
	if len(c.Criteria) > 0 {
		blocks = append(blocks, c.criteriaText())
	}
	blocks = append(blocks, c.rolesText())
	if c.EarlyLifeSupport != nil {
		blocks = append(blocks, c.EarlyLifeSupport.text())
	}
	blocks = append(blocks, c.missingText())
	if len(c.Notes) > 0 {
		var lines strings.Builder
		for _, note := range c.Notes {
			lines.WriteString(text.OneLine(note) + "\n")
		}
		blocks = append(blocks, lines.String())
	}
	return strings.Join(blocks, "\n")
}

// key of the Handover.
func (c *Checklist) key() string {
	if c.Namespace == "" {
		return c.Name
	}
	return c.Namespace + "/" + c.Name
}

func (c *Checklist) head() string {
	t := &text.Table{}
	t.Row("Handover", c.key())
	stage := "none"
	if c.Stage != "" {
		stage = string(c.Stage)
		if c.StageSince != nil {
			stage += " since " + moment(c.StageSince)
		}
	}
	t.Row("Stage", stage)
	if c.Why != "" {
		t.Note(c.Why)
	}
	for _, problem := range c.Problems {
		t.Note(problem)
	}
	t.Row("Project", c.Project)
	t.Row("Applications", strings.Join(c.Applications, ", "))
	t.Row("Operations", c.Operations)
	if c.Support != "" {
		t.Row("Support", c.Support)
	}
	if c.ApplicationManager != "" {
		t.Row("Application manager", c.ApplicationManager)
	}
	if c.DueOn != "" {
		due := string(c.DueOn)
		if c.Overdue {
			due += ", overdue"
		}
		t.Row("Due", due)
	}
	t.Row("Content", string(c.ContentHash))
	return t.String()
}

func (c *Checklist) checksText() string {
	t := &text.Table{}
	t.Row("", "APPLICATION", "CHECK", "SINCE", "EVIDENCE")
	for i := range c.Checks {
		line := &c.Checks[i]
		message := line.Message
		if line.State == Unknown {
			message = "not checked yet"
		}
		t.Row(marks[line.State], line.Application, string(line.Check), moment(line.Since), text.OrDash(message))
	}
	title := "Checks"
	if c.StableFor != "" {
		title += ", each to hold for " + text.OneLine(string(c.StableFor))
	}
	return title + "\n" + t.String()
}

func (c *Checklist) criteriaText() string {
	t := &text.Table{}
	t.Row("", "CRITERION", "FULFILLED", "DESCRIPTION")
	for i := range c.Criteria {
		line := &c.Criteria[i]
		name := string(line.Name)
		if !line.Required {
			name += " (optional)"
		}
		t.Row(marks[line.State], name, text.OrDash(string(line.FulfilledOn)), line.Description)
		if line.Evidence != "" {
			t.Note("evidence: " + line.Evidence)
		}
	}
	title := "Criteria"
	if c.CriteriaOfPolicy {
		title += " of the GovernancePolicy, since the Handover names none"
	}
	return title + "\n" + t.String()
}

func (c *Checklist) rolesText() string {
	t := &text.Table{}
	t.Row("", "ROLE", "SIGNATURE")
	for i := range c.Roles {
		role := &c.Roles[i]
		name := string(role.Role)
		if !role.Required {
			name += " (not required)"
		}
		t.Row(marks[role.State], name, role.words())
		if s := role.Signature; s != nil && s.Comment != "" {
			t.Note("comment: " + s.Comment)
		}
		for j := range role.Unjudged {
			t.Note("not judged yet: " + role.Unjudged[j].words())
		}
		for j := range role.Void {
			t.Note("void: " + role.Void[j].words())
		}
	}
	return "Signatures\n" + t.String()
}

// words say how a role signed.
func (r *Role) words() string {
	switch {
	case r.Signature != nil:
		return r.Signature.words()
	case r.Vacant:
		return "missing; the role is vacant, so that who holds another may stand in (--on-behalf-of-vacant-role)"
	case r.Required:
		return "missing"
	default:
		return "none"
	}
}

func (s *Signature) words() string {
	words := fmt.Sprintf("%s by %s", s.Outcome, s.SignedBy)
	if s.SignedAt != "" {
		words += " at " + signedAt(s.SignedAt)
	}
	if s.OnBehalfOfVacantRole {
		words += ", on behalf of the vacant role"
	}
	words += " (" + s.Name + ")"
	if s.Why != "" {
		words += ": " + s.Why
	}
	return words
}

func (s *Support) text() string {
	t := &text.Table{}
	if s.StartedAt == nil {
		t.Row("Begins", "when all required roles have signed")
	} else {
		t.Row("Since", moment(s.StartedAt))
		t.Row("Ends", moment(s.EndsAt)+" at the earliest")
	}
	if s.Duration != "" {
		t.Row("Agreed", string(s.Duration)+s.minimum())
	}
	if s.StartedAt != nil {
		availability := "nothing was observed yet"
		if s.Availability != "" {
			availability = string(s.Availability) + " %"
			if s.Worst != "" {
				availability += ", that of " + s.Worst
			}
		}
		t.Row("Lowest availability", availability)
	}
	return "Early-life support\n" + t.String()
}

func (s *Support) minimum() string {
	if s.MinimumAvailability == "" {
		return ""
	}
	return fmt.Sprintf(", at least %s %% available", s.MinimumAvailability)
}

func (c *Checklist) missingText() string {
	switch {
	case c.Stage == "" || c.Outdated && len(c.Missing) == 0:
		return "What is missing is not known yet\n"
	case len(c.Missing) == 0:
		return "Nothing is missing\n"
	}
	t := &text.Table{}
	for i := range c.Missing {
		m := &c.Missing[i]
		t.Row("-", missing(m))
	}
	return "Missing next\n" + t.String()
}

func missing(m *v1alpha1.MissingItem) string {
	words := m.Message
	if words == "" {
		words = m.Reason
	}
	if m.Field != "" && !strings.Contains(words, m.Field) {
		words += " (" + m.Field + ")"
	}
	return words
}

func moment(t *metav1.Time) string { return text.Moment(t, calendar.Location()) }

// signedAt is a moment that a person wrote; as it is written if it is none.
func signedAt(m v1alpha1.Moment) string {
	at, err := time.Parse(time.RFC3339, string(m))
	if err != nil {
		return string(m)
	}
	return moment(&metav1.Time{Time: at})
}
