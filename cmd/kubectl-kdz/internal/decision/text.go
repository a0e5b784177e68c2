// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"fmt"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Text is what is decided on as a person reads it who records the decision, and
// the decision.
func Text(p *v1alpha1.Project, d *v1alpha1.Decision) string {
	blocks := []string{head(p)}
	if len(p.Spec.Decisions) > 0 {
		blocks = append(blocks, "Decisions so far\n"+decisions(p.Spec.Decisions))
	}
	return strings.Join(append(blocks, draft(d)), "\n")
}

func head(p *v1alpha1.Project) string {
	t := &text.Table{}
	name := p.Name
	if p.Namespace != "" {
		name = p.Namespace + "/" + name
	}
	if title := p.Spec.DisplayName.EN; title != "" {
		name += " (" + title + ")"
	} else if title := p.Spec.DisplayName.DE; title != "" {
		name += " (" + title + ")"
	}
	t.Row("Project", name)
	t.Row("Office", string(p.Spec.OfficeRef.Name))
	t.Row("Track", text.OrDash(string(p.Spec.Track)))
	stage := "none: the operator has not judged it yet"
	if p.Status.Stage != "" {
		stage = string(p.Status.Stage)
		if p.Status.StageSince != nil {
			stage += " since " + text.Moment(p.Status.StageSince, calendar.Location())
		}
	}
	t.Row("Stage", stage)
	if p.Status.Stage != "" && p.Status.ObservedGeneration != p.Generation {
		t.Note("it was changed, and the operator has not judged it since")
	}
	for i := range p.Status.Missing {
		m := &p.Status.Missing[i]
		words := m.Message
		if words == "" {
			words = m.Reason
		}
		t.Note("missing: " + words)
	}
	request(t, p.Spec.Request)
	return t.String()
}

// request says what is asked for.
func request(t *text.Table, r *v1alpha1.ProjectRequest) {
	if r == nil {
		t.Row("Request", "none")
		return
	}
	words := "submitted on " + string(r.SubmittedOn)
	if r.ReleasedOn != "" {
		words += fmt.Sprintf(", released on %s by %s", r.ReleasedOn, r.ReleasedByUser)
	} else {
		words += ", not released"
	}
	t.Row("Request", words)
	if r.Justification != "" {
		t.Note("justification: " + r.Justification)
	}
	if r.CostEUR != nil {
		t.Row("Cost", strconv.FormatInt(*r.CostEUR, 10)+" EUR")
	}
	if r.EffortPersonDays != nil {
		t.Row("Effort", fmt.Sprintf("%d person days", *r.EffortPersonDays))
	}
}

func decisions(list []v1alpha1.Decision) string {
	t := &text.Table{}
	t.Row("DECIDED", "BODY", "OUTCOME", "REFERENCE", "RANK", "RECORDED BY")
	for i := range list {
		d := &list[i]
		t.Row(string(d.DecidedOn), string(d.Body), string(d.Outcome), d.Reference, rank(d), string(d.DecidedBy))
		if d.Note != "" {
			t.Note("note: " + d.Note)
		}
	}
	return t.String()
}

// draft is the decision that is to be recorded.
func draft(d *v1alpha1.Decision) string {
	t := &text.Table{}
	t.Row("Of", string(d.Body))
	t.Row("Outcome", string(d.Outcome))
	t.Row("Decided on", string(d.DecidedOn))
	t.Row("Reference", d.Reference)
	t.Row("Recorded by", string(d.DecidedBy))
	if d.Rank != nil {
		t.Row("Rank", rank(d))
	}
	if g := d.Grounds; g != nil {
		for _, ground := range []struct{ name, words string }{{"Strategy", g.Strategy}, {"Resources", g.Resources}, {"Synergies", g.Synergies}} {
			if ground.words != "" {
				t.Row(ground.name, ground.words)
			}
		}
	}
	if d.Note != "" {
		t.Row("Note", d.Note)
	}
	return "To be recorded\n" + t.String()
}

func rank(d *v1alpha1.Decision) string {
	if d.Rank == nil {
		return "-"
	}
	return strconv.Itoa(int(*d.Rank))
}

// Remarks are what is to be known before, a line each. The server lets all of it
// pass.
func Remarks(p *v1alpha1.Project, d *v1alpha1.Decision, today v1alpha1.Date) []string {
	var lines []string
	r := p.Spec.Request
	switch {
	case p.Spec.Track == v1alpha1.TrackFastLane:
		lines = append(lines, "the project takes the fast lane, in which no body needs to decide")
	case r == nil:
		lines = append(lines, "there is no request for the project (spec.request)")
	case r.ReleasedOn == "":
		lines = append(lines, "requirements management has not released the request (spec.request.releasedOn)")
	case d.DecidedOn < r.ReleasedOn:
		lines = append(lines, fmt.Sprintf("the decision of %s is older than the release of the request on %s", d.DecidedOn, r.ReleasedOn))
	}
	if d.DecidedOn > today {
		lines = append(lines, fmt.Sprintf("%s lies in the future: it is %s in Europe/Berlin, and a decision is recorded when it has been taken", d.DecidedOn, today))
	}
	for i := range p.Spec.Decisions {
		if o := &p.Spec.Decisions[i]; o.Outcome != v1alpha1.OutcomeDeferred && o.DecidedOn >= d.DecidedOn {
			lines = append(lines, fmt.Sprintf("%s decided on %s (%s, %s), not before this decision", o.Body, o.DecidedOn, o.Outcome, o.Reference))
		}
	}
	return lines
}
