// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

var (
	projectStages = []v1alpha1.ProjectStage{
		"Registered", "Assessed", "AwaitingDecision", "Approved", "Commissioned", "InProcurement", "InTrial",
		"InImplementation", "InAcceptance", "InHandover", "Completed", "Deferred", "Paused", "Rejected", "", "Nearly",
	}
	handoverStages = []v1alpha1.HandoverStage{"", "Preparing", "Verifying", "AwaitingSignOff", "EarlyLifeSupport", "Completed", "Completed", "Completed", "Rejected"}
)

// drawn draws what may be judged.
type drawn struct{ *rapid.T }

// day is one of the weeks around now, so that days meet; or none, or garbage.
func (d drawn) day(label string) v1alpha1.Date {
	switch rapid.IntRange(0, 15).Draw(d.T, label+" is there") {
	case 0, 1:
		return ""
	case 2:
		return v1alpha1.Date(rapid.SampledFrom([]string{"2026-02-30", "soon", "0000-00-00", "9999-12-31", "0001-01-01", "\xff", "20261101"}).Draw(d.T, label+" as garbage"))
	default:
		return v1alpha1.Date(now.AddDate(0, 0, rapid.IntRange(-60, 20).Draw(d.T, label)).Format(time.DateOnly))
	}
}

func (d drawn) perhaps(label string) bool { return rapid.IntRange(0, 3).Draw(d.T, label) > 0 }

// text is a name of any length and content.
func (d drawn) text(label string) string {
	return rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "2", "10"}), rapid.StringN(0, 300, 900)).Draw(d.T, label)
}

func (d drawn) spec() v1alpha1.ProjectSpec {
	spec := v1alpha1.ProjectSpec{Track: rapid.SampledFrom([]v1alpha1.ProjectTrack{"Standard", "Standard", "FastLane", ""}).Draw(d.T, "track")}
	if d.perhaps("need") {
		spec.Need = &v1alpha1.Need{RecordedOn: d.day("need")}
	}
	if d.perhaps("request") {
		spec.Request = &v1alpha1.ProjectRequest{SubmittedOn: d.day("submitted"), ReleasedOn: d.day("released")}
		if d.perhaps("figures") {
			spec.Request.CostEUR, spec.Request.EffortPersonDays = new(rapid.Int64Range(9999, 10001).Draw(d.T, "cost")), new(int32(10))
		}
	}
	for range rapid.IntRange(0, 3).Draw(d.T, "decisions") {
		spec.Decisions = append(spec.Decisions, v1alpha1.Decision{
			Body:      rapid.SampledFrom([]v1alpha1.DecisionBody{"SteeringRound", "Conference", "KDZ"}).Draw(d.T, "body"),
			Outcome:   rapid.SampledFrom([]v1alpha1.DecisionOutcome{"Approved", "Approved", "Deferred", "Rejected", "Yes"}).Draw(d.T, "outcome"),
			DecidedOn: d.day("decided"), Reference: d.text("reference"), Rank: new(rapid.Int32Range(1, 9).Draw(d.T, "rank")),
		})
	}
	if d.perhaps("commission") {
		spec.Commission = &v1alpha1.Commission{CommissionedOn: d.day("commissioned"), StartOn: d.day("start"), DueOn: d.day("due"), BudgetEUR: new(int64(5))}
	}
	if d.perhaps("procurement") {
		spec.Procurement = &v1alpha1.Procurement{StartedOn: d.day("procured"), AwardedOn: d.day("awarded")}
	}
	if d.perhaps("trial") {
		spec.Trial = &v1alpha1.Trial{StartedOn: d.day("tried"), CompletedOn: d.day("trial ended")}
	}
	for range rapid.IntRange(0, 20).Draw(d.T, "milestones") {
		spec.Milestones = append(spec.Milestones, v1alpha1.Milestone{Name: d.text("milestone"), DueOn: d.day("due"), CompletedOn: d.day("completed")})
	}
	if d.perhaps("acceptance") {
		spec.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: d.day("tested"), TrainedOn: d.day("trained"), AcceptedOn: d.day("accepted"), ReleasedOn: d.day("in operation")}
	}
	if rapid.IntRange(0, 7).Draw(d.T, "paused") == 0 {
		spec.Paused = &v1alpha1.ProjectPause{SinceOn: d.day("since"), Reason: d.text("reason")}
	}
	if rapid.IntRange(0, 2).Draw(d.T, "recorded") == 0 {
		spec.Recorded = &v1alpha1.RecordedStage{Stage: rapid.SampledFrom(projectStages).Draw(d.T, "stage"), AsOfOn: d.day("as of"), Source: d.text("source")}
	}
	if d.perhaps("lead") {
		spec.Lead = &v1alpha1.ProjectLead{Name: d.text("lead"), UnitRef: &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(d.text("unit"))}}
	}
	for range rapid.IntRange(0, 40).Draw(d.T, "services") {
		spec.OnlineServices = append(spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: d.text("ozg"), Name: d.text("service")})
	}
	return spec
}

func (d drawn) scope() *stagegate.Scope {
	s := scopeOf(&v1alpha1.Project{Spec: d.spec()})
	s.Project.Name, s.Project.Namespace = "termine", "amt-33"
	key := func() types.NamespacedName { return types.NamespacedName{Namespace: "amt-33", Name: d.text("key")} }
	for range rapid.IntRange(0, 12).Draw(d.T, "predecessors") {
		s.Predecessors = append(s.Predecessors, stagegate.Predecessor{Key: key(), Exists: d.perhaps("exists"), Stage: rapid.SampledFrom(projectStages).Draw(d.T, "predecessor")})
	}
	for range rapid.IntRange(0, 12).Draw(d.T, "parts") {
		s.Parts = append(s.Parts, stagegate.Part{Key: key(), Stage: rapid.SampledFrom(projectStages).Draw(d.T, "part"), Overdue: d.perhaps("late")})
	}
	for range rapid.IntRange(0, 20).Draw(d.T, "deliverables") {
		one := delivered(d.text("application"), rapid.SampledFrom(handoverStages).Draw(d.T, "handover"))
		s.Deliverables = append(s.Deliverables, one)
	}
	if rapid.IntRange(0, 9).Draw(d.T, "cycle") == 0 {
		s.Cycle = []string{d.text("here"), d.text("there"), d.text("here")}
	}
	if !d.perhaps("policy") {
		s.Policy = nil
	}
	return s
}

// shuffled is a scope of the same evidence in another order.
func (d drawn) shuffled(s *stagegate.Scope) *stagegate.Scope {
	other := *s
	other.Project = s.Project.DeepCopy()
	spec := &other.Project.Spec
	spec.Milestones = rapid.Permutation(spec.Milestones).Draw(d.T, "order of milestones")
	spec.Decisions = rapid.Permutation(spec.Decisions).Draw(d.T, "order of decisions")
	spec.OnlineServices = rapid.Permutation(spec.OnlineServices).Draw(d.T, "order of services")
	return &other
}

// TestSound: whatever is judged, the verdict is one that a status may hold, it is
// the same again and in another order, and judging changed nothing.
func TestSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn{t}.scope()
		before := s.Project.DeepCopy()
		v := stagegate.Judge(s)
		if diff := cmp.Diff(v, stagegate.Judge(s)); diff != "" {
			t.Fatalf("judged again:\n%s", diff)
		}
		if diff := cmp.Diff(before, s.Project); diff != "" {
			t.Fatalf("judging changed the project:\n%s", diff)
		}
		if !slices.Contains(projectStages[:14], v.Stage) {
			t.Fatalf("stage %q", v.Stage)
		}
		if ended := v.Stage == "Completed" || v.Stage == "Rejected"; len(v.Missing) > 32 || ended && len(v.Missing) > 0 || len(v.Contradictions) > 32 {
			t.Fatalf("%s, and %d missing, %d contradictions", v.Stage, len(v.Missing), len(v.Contradictions))
		}
		for _, m := range v.Missing {
			if m.Reason == "" || len(m.Reason) > 64 || len(m.Field) > 256 {
				t.Fatalf("missing %+v", m)
			}
			checkText(t, m.Message)
		}
		for _, text := range v.Contradictions {
			checkText(t, text)
		}
		findings := []stagegate.Finding{v.Approved, v.OnSchedule, v.HandedOver, v.LedByMainOffice}
		if v.WithinBudget != nil {
			findings = append(findings, *v.WithinBudget)
		}
		for _, f := range findings {
			if f.Status == "" || f.Reason == "" {
				t.Fatalf("finding %+v", f)
			}
			checkText(t, f.Message)
		}
		if m := v.Milestones; m != nil && (utf8.RuneCountInString(m.Next) > 128 || m.Overdue+m.Completed > m.Total) {
			t.Fatalf("milestones %+v", m)
		}
		if v.OnlineServices != nil {
			for _, name := range v.OnlineServices.Missing {
				if len(name) > 256 || len(v.OnlineServices.Missing) > 32 {
					t.Fatalf("%d online services, %q", len(v.OnlineServices.Missing), name)
				}
			}
		}
	})
}

func checkText(t *rapid.T, text string) {
	if text == "" || len(text) > 512 || !utf8.ValidString(text) {
		t.Fatalf("%d bytes: %q", len(text), text)
	}
}

// TestOrderSaysNothing: what a list says does not depend on its order, which
// whoever may write the project may change.
func TestOrderSaysNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn{t}.scope()
		// The API server lets a body use a reference once.
		seen := map[[2]string]bool{}
		s.Project.Spec.Decisions = slices.DeleteFunc(s.Project.Spec.Decisions, func(d v1alpha1.Decision) bool {
			key := [2]string{string(d.Body), d.Reference}
			defer func() { seen[key] = true }()
			return seen[key]
		})
		other := drawn{t}.shuffled(s)
		if diff := cmp.Diff(stagegate.Judge(s), stagegate.Judge(other)); diff != "" {
			t.Fatalf("in another order:\n%s", diff)
		}
	})
}

// TestNextIsRight: until the next moment nothing changes by itself, and without
// one nothing ever does.
func TestNextIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn{t}.scope()
		v := stagegate.Judge(s)
		end := now.AddDate(20000, 0, 0)
		if !v.Next.IsZero() {
			if !v.Next.After(now) {
				t.Fatalf("the next moment %v is not after now", v.Next)
			}
			end = v.Next.Add(-time.Nanosecond)
		}
		later := *s
		for _, later.Now = range []time.Time{now.Add(min(end.Sub(now), time.Hour)), end} {
			if diff := cmp.Diff(v, stagegate.Judge(&later)); diff != "" {
				t.Fatalf("at %v, before %v (-now +then):\n%s", later.Now, v.Next, diff)
			}
		}
	})
}

// steps are the evidence of a project, each later than the one before. A trial is
// not among them: until it is entered, an award shows that the work began.
var steps = []struct {
	stage v1alpha1.ProjectStage
	add   func(*stagegate.Scope, v1alpha1.Date)
}{
	{"Registered", func(s *stagegate.Scope, on v1alpha1.Date) { need(on)(s) }},
	{"Assessed", func(s *stagegate.Scope, on v1alpha1.Date) { submitted(on)(s) }},
	{"AwaitingDecision", func(s *stagegate.Scope, on v1alpha1.Date) {
		if s.Project.Spec.Request != nil {
			released(on)(s)
		}
	}},
	{"Approved", func(s *stagegate.Scope, on v1alpha1.Date) { steering("Approved", on)(s) }},
	{"Commissioned", func(s *stagegate.Scope, on v1alpha1.Date) { commissioned(on, "")(s) }},
	{"InProcurement", func(s *stagegate.Scope, on v1alpha1.Date) { procured(on, "")(s) }},
	{"InImplementation", func(s *stagegate.Scope, on v1alpha1.Date) { milestone("m", on, on)(s) }},
	{"InAcceptance", func(s *stagegate.Scope, on v1alpha1.Date) { accepted(on, "", "", "")(s) }},
	{"InHandover", func(s *stagegate.Scope, on v1alpha1.Date) {
		if a := s.Project.Spec.Acceptance; a != nil {
			a.TrainedOn, a.AcceptedOn, a.ReleasedOn = on, on, on
		} else {
			accepted("", on, on, on)(s)
		}
	}},
	{"Completed", func(s *stagegate.Scope, _ v1alpha1.Date) { delivers("a", "Completed")(s) }},
}

func orderOf(stage v1alpha1.ProjectStage) int { return slices.Index(projectStages, stage) }

// TestForward: with the days in order nothing is contradicted, more evidence
// never takes a project back, and the stage is never beyond its evidence.
func TestForward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := with()
		if rapid.Bool().Draw(t, "a paper") {
			recorded(rapid.SampledFrom(projectStages[:12]).Draw(t, "stage"), "2026-01-01")(s)
		}
		before, day := stagegate.Judge(s), time.Date(2026, time.February, 1, 0, 0, 0, 0, calendar.Location())
		highest := orderOf(before.Stage)
		for _, step := range steps {
			if rapid.IntRange(0, 5).Draw(t, string(step.stage)) == 0 {
				continue
			}
			day = day.AddDate(0, 0, rapid.IntRange(0, 20).Draw(t, "days later"))
			step.add(s, v1alpha1.Date(day.Format(time.DateOnly)))
			highest = max(highest, orderOf(step.stage))
			v := stagegate.Judge(s)
			if len(v.Contradictions) > 0 {
				t.Fatalf("contradictions: %q", v.Contradictions)
			}
			if before.Stage == "Deferred" {
				// By the paper, until newer evidence says otherwise.
				before = v
				continue
			}
			if orderOf(v.Stage) < orderOf(before.Stage) || orderOf(v.Stage) > highest {
				t.Fatalf("from %s to %s by evidence of %s", before.Stage, v.Stage, step.stage)
			}
			before = v
		}
	})
}

// TestDoubtNeverHelps: a contradiction never brings a project further than the
// same project without the later of the two days.
func TestDoubtNeverHelps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := with(untilHandover, delivers("a", "Completed"))
		spec := &s.Project.Spec
		fields := []*v1alpha1.Date{
			&spec.Request.SubmittedOn, &spec.Request.ReleasedOn, &spec.Decisions[0].DecidedOn, &spec.Commission.CommissionedOn,
			&spec.Commission.StartOn, &spec.Acceptance.TestedOn, &spec.Acceptance.AcceptedOn, &spec.Acceptance.ReleasedOn,
		}
		whole := stagegate.Judge(s)
		field := rapid.SampledFrom(fields).Draw(t, "field")
		*field = v1alpha1.Date(now.AddDate(0, 0, -rapid.IntRange(-2, 400).Draw(t, "ago")).Format(time.DateOnly))
		v := stagegate.Judge(s)
		if len(v.Contradictions) > 0 && orderOf(v.Stage) >= orderOf(whole.Stage) {
			t.Fatalf("%s in spite of %q", v.Stage, v.Contradictions)
		}
		if len(v.Contradictions) == 0 && v.Stage != whole.Stage && *field <= v1alpha1.Date(now.Format(time.DateOnly)) {
			t.Fatalf("%s, and nothing is contradicted", v.Stage)
		}
	})
}
