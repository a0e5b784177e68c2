// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	lifeNamespace = "amt-33"
	lifeProject   = "online-terminvergabe"
	lifeHandover  = "termine" // and the Application that it hands over
	// supportLasts is how long early-life support lasts here, and supportEnds
	// how long it takes until that is told.
	supportLasts = 20 * time.Second
	supportEnds  = supportLasts + settleWithin
	// checksHold is how long it takes until all checks have held for as long as
	// example 08 wants.
	checksHold = 30*time.Second + settleWithin
)

// life is the world of examples 07 and 08, and the people in it.
type life struct {
	*plane
	projects  *eye[*v1alpha1.Project]
	handovers *eye[*v1alpha1.Handover]
	apps      *eye[*v1alpha1.Application]

	editor, requirements, round, lead, operations, provider *user
}

// A project goes its way from a recorded need to accepted operation, as examples
// 07 and 08 say, by what different people do; each step that one of them may not
// take is refused, and told why.
func TestLife(t *testing.T) {
	t.Parallel()
	p := startPlane(t)
	o := p.startOperator()
	p.apply("00-policy.yaml", "01-units.yaml", "02-service-levels.yaml", "09-rights.yaml")
	p.awaitCompiled("kdz-16", "kdz-16-03-04")
	here := []string{lifeNamespace}
	l := &life{
		plane:        p,
		projects:     look[*v1alpha1.Project](p, &v1alpha1.ProjectList{}),
		handovers:    look[*v1alpha1.Handover](p, &v1alpha1.HandoverList{}),
		apps:         p.lookAtApplications(lifeNamespace),
		editor:       p.newUser("editor@example.org", []string{"kdz-editor"}, here),
		requirements: p.newUser("requirements@example.org", []string{"kdz-requirements"}, here),
		round:        p.newUser("steering-round@example.org", []string{"kdz-steering-round"}, here),
		lead:         p.newUser("lead@example.org", []string{"kdz-editor", "kdz-project-lead"}, here),
		operations:   p.newUser("operations@example.org", []string{"kdz-operations"}, here),
		provider:     p.newUser("provider@example.org", []string{"kdz-provider-manager"}, here),
	}
	l.comesToWork()
	l.isVerified()
	l.isSigned()
	l.isComplete()
	o.end()
}

// comesToWork: from the need to the work, as example 07 says.
func (l *life) comesToWork() {
	l.t.Helper()
	whole := example[v1alpha1.Project](l.t, "07-project.yaml", "Project")
	spec := whole.Spec
	project := whole.DeepCopy()
	project.Spec = v1alpha1.ProjectSpec{DisplayName: spec.DisplayName, OfficeRef: spec.OfficeRef, Programme: spec.Programme, Track: spec.Track, Lead: spec.Lead}
	if err := l.editor.client.Create(l.t.Context(), project); err != nil {
		l.t.Fatal(err)
	}
	l.reaches(v1alpha1.StageRegistered, v1alpha1.MissingNeed)
	l.editor.does(func(p *v1alpha1.ProjectSpec) {
		p.Need, p.Request = spec.Need, spec.Request.DeepCopy()
		p.Request.ReleasedOn, p.Request.ReleasedByUser = "", ""
	})
	l.reaches(v1alpha1.StageAssessed, v1alpha1.MissingRelease)

	release := func(p *v1alpha1.ProjectSpec) { p.Request = spec.Request }
	l.editor.mayNot("may not release a request", release)
	l.requirements.does(release)
	l.reaches(v1alpha1.StageAwaitingDecision, v1alpha1.MissingDecision)

	decide := func(p *v1alpha1.ProjectSpec) { p.Decisions = spec.Decisions }
	for _, u := range []*user{l.editor, l.lead, l.requirements} {
		u.mayNot("may not record a decision of the DigIT steering round", decide)
	}
	l.newUser(l.requirements.name, []string{"kdz-steering-round"}, []string{lifeNamespace})
	l.requirements.mayNot("four eyes", func(p *v1alpha1.ProjectSpec) {
		p.Decisions = slices.Clone(spec.Decisions)
		p.Decisions[0].DecidedBy = v1alpha1.UserName(l.requirements.name)
	})
	d := spec.Decisions[0]
	l.round.mayRun("project", "decide", lifeProject, "--body", string(d.Body), "--outcome", string(d.Outcome), "--decided-on", string(d.DecidedOn),
		"--reference", d.Reference, "--rank", fmt.Sprint(*d.Rank), "--strategy", d.Grounds.Strategy, "--resources", d.Grounds.Resources,
		"--synergies", d.Grounds.Synergies, "--yes")
	l.reaches(v1alpha1.StageApproved, v1alpha1.MissingCommission)
	l.round.mayNot("never changed or removed", func(p *v1alpha1.ProjectSpec) { p.Decisions = nil })

	// What is left is in the file, which repeats what is recorded.
	l.editor.mayApply("07-project.yaml")
	told := l.reaches(v1alpha1.StageInImplementation, v1alpha1.MissingTest, v1alpha1.MissingAcceptance)
	if c := meta.FindStatusCondition(told.Status.Conditions, v1alpha1.ConditionOnSchedule); c == nil || c.Reason != v1alpha1.ReasonMilestoneOverdue || !strings.Contains(c.Message, "pilot") {
		l.t.Errorf("OnSchedule is %+v, want it False for milestone pilot", c)
	}
	l.t.Log("\n" + l.kubectl("get", "itproj", "-n", lifeNamespace))
}

// isVerified: from the project's result to the moment at which it can be signed,
// as example 08 says.
func (l *life) isVerified() {
	l.t.Helper()
	l.editor.mayNotApply("08-handover.yaml", "organisationalunits/operate")
	l.kubectl("create", "clusterrolebinding", "example-operates", "--clusterrole=example-operates-16-03-04", "--user="+l.editor.name)
	l.editor.mayApply("08-handover.yaml")
	mark := l.handovers.mark()
	l.handovers.await(0, settleWithin, lifeHandover, "checked", l.at(v1alpha1.HandoverVerifying, v1alpha1.MissingCheck))

	// It is to be looked at where this test can serve it.
	site := startHTTP(l.t, freeAddress(l.t), answers("ok"))
	app := &v1alpha1.Application{}
	key := client.ObjectKey{Namespace: lifeNamespace, Name: lifeHandover}
	update(l.editor, key, app, func() { app.Spec.Endpoints[0].URL = "http://" + site.address })
	l.create(&coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: lifeNamespace, Name: "backup-termine"},
		Spec:       coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Now().Add(-time.Hour)))},
	})
	l.apps.await(0, settleWithin, lifeHandover, "not handed over", l.handedOver(metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete))
	h := l.handovers.await(mark, checksHold, lifeHandover, "to be signed", l.at(v1alpha1.HandoverAwaitingSignOff, v1alpha1.MissingSignOff, v1alpha1.MissingCriterion)).object
	for i := range h.Status.Results {
		if r := &h.Status.Results[i]; r.Passed == nil || !*r.Passed || r.Message == "" {
			l.t.Errorf("%s of %s: %+v, want it to hold, with evidence", r.Check, r.Application, r)
		}
	}
	if len(h.Status.Results) != len(h.Spec.Checks) {
		l.t.Errorf("%d results of %d checks", len(h.Status.Results), len(h.Spec.Checks))
	}
	// Early-life support counts agreed time, of which there is some whenever this
	// runs only under another agreement.
	update(l.editor, key, app, func() { app.Spec.ServiceLevelRef.Name = "around-the-clock" })
}

// isSigned: who may sign signs, for the content as it is; whatever Git does
// meanwhile.
func (l *life) isSigned() {
	l.t.Helper()
	sign := []string{"handover", "sign", lifeHandover, "--yes", "--role"}
	l.editor.mayNotRun("may not sign for Operations", append(sign, "Operations")...)
	l.lead.mayRun(append(sign, "ProjectLead")...)
	l.operations.mayRun(append(sign, "Operations")...)
	l.operations.mayNotSign("your own user name", func(s *v1alpha1.SignOffSpec) { s.SignedBy = v1alpha1.UserName(l.lead.name) })
	l.operations.mayNotSign("may not sign for ProjectLead", func(s *v1alpha1.SignOffSpec) { s.Role = v1alpha1.RoleProjectLead })
	l.handovers.await(0, settleWithin, lifeHandover, "signed by two", l.signed(2, 0))
	l.isEvidence("delete", "signoff", "--all", "-n", lifeNamespace)

	// The file is applied again and again, and nobody's signature is lost.
	git := example[v1alpha1.Handover](l.t, "08-handover.yaml", "Handover")
	l.appliedTenTimes(git)
	still := &v1alpha1.Handover{}
	if err := l.admin.Get(l.t.Context(), client.ObjectKey{Namespace: lifeNamespace, Name: lifeHandover}, still); err != nil {
		l.t.Fatal(err)
	}
	if wanting := l.signed(2, 0)(still); wanting != "" {
		l.t.Errorf("after the file was applied ten times %s", wanting)
	}
	// Then it says something else.
	git.Spec.Criteria[1].Description += ", and the telephone exchange"
	l.appliedTenTimes(git)
	h := l.handovers.await(0, settleWithin, lifeHandover, "signed by nobody", l.signed(0, 2)).object
	for i := range h.Status.SignOffs {
		if s := &h.Status.SignOffs[i]; !strings.HasPrefix(s.Message, v1alpha1.VoidOtherContent) {
			l.t.Errorf("%s is void for %q, want %s", s.Name, s.Message, v1alpha1.VoidOtherContent)
		}
	}
	// What fulfils a criterion is nothing that is signed, nor is how long the
	// project helps.
	today := v1alpha1.Date(time.Now().Format(time.DateOnly))
	for i := range git.Spec.Criteria {
		git.Spec.Criteria[i].FulfilledOn = today
	}
	git.Spec.EarlyLifeSupport.Duration = v1alpha1.Duration(supportLasts.String())
	l.lead.mayRun(append(sign, "ProjectLead")...)
	l.operations.mayRun(append(sign, "Operations")...)
	l.handovers.await(0, settleWithin, lifeHandover, "signed anew by two", l.signed(2, 2))
	l.appliedTenTimes(git)

	// Nobody manages the application yet, so that somebody stands in.
	stand := append(sign, "ApplicationManagement", "--on-behalf-of-vacant-role")
	l.editor.mayNotRun("may not stand in for a vacant role", stand...)
	mark := l.handovers.mark()
	l.provider.mayRun(stand...)
	l.handovers.await(mark, settleWithin, lifeHandover, "in early-life support", l.at(v1alpha1.HandoverEarlyLifeSupport))
	l.apps.await(0, settleWithin, lifeHandover, "in early-life support", l.handedOver(metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport))
}

// isComplete: early-life support ends by itself, and so does the project.
func (l *life) isComplete() {
	l.t.Helper()
	l.isEvidence("delete", "handover", lifeHandover, "-n", lifeNamespace)
	out, err := l.lead.kubectl("patch", "handover", lifeHandover, "-n", lifeNamespace, "--type=merge", "-p", `{"spec":{"checks":["BackedUp"]}}`)
	if err == nil || !strings.Contains(out, "has been signed") {
		l.t.Errorf("what was signed was changed, or that was refused for another reason: %v\n%s", err, out)
	}
	today := v1alpha1.Date(time.Now().Format(time.DateOnly))
	l.editor.does(func(p *v1alpha1.ProjectSpec) {
		p.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: today, TrainedOn: today, AcceptedOn: today, ReleasedOn: today}
		for i := range p.Milestones {
			p.Milestones[i].CompletedOn = cmp.Or(p.Milestones[i].CompletedOn, today)
		}
	})
	h := l.handovers.await(0, supportEnds, lifeHandover, "complete", l.at(v1alpha1.HandoverCompleted)).object
	if s := h.Status.EarlyLifeSupport; s == nil || s.Availability != "100" {
		l.t.Errorf("early-life support went as %+v, want it available", s)
	}
	l.apps.await(0, settleWithin, lifeHandover, "handed over", l.handedOver(metav1.ConditionTrue, v1alpha1.ReasonHandedOver))
	l.reaches(v1alpha1.StageCompleted)
	l.isEvidence("delete", "itproj", lifeProject, "-n", lifeNamespace)
	for _, kind := range []string{"itproj", "handover", "signoff"} {
		l.t.Log("\n" + l.kubectl("get", kind, "-n", lifeNamespace))
	}
}
