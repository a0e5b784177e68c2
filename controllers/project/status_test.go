// SPDX-License-Identifier: Apache-2.0

package project

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// TestReadiness: what a person must mend comes before what may still come, and
// all of a kind is told.
func TestReadiness(t *testing.T) {
	doubt := &stagegate.Verdict{Contradictions: []string{"one", "another"}}
	tests := map[string]struct {
		scope  scope
		ready  string
		words  []string
		absent string
	}{
		"all is well":   {scope{verdict: &stagegate.Verdict{}}, "True Succeeded", []string{"judged by its evidence"}, "Stalled Reconciling"},
		"undecodable":   {scope{absent: []string{"x"}}, "False Undecodable", []string{"spec: cannot unmarshal", "stays as it was"}, "Reconciling"},
		"unusable":      {scope{verdict: doubt, unusable: []string{"u", "v"}, cycle: []string{"a", "a"}}, "False InvalidSpec", []string{"u; v"}, "Reconciling"},
		"a cycle":       {scope{verdict: doubt, cycle: []string{"a", "b", "a"}}, "False ProjectCycle", []string{"a → b → a", "spec.parentRef or spec.dependsOn"}, "Reconciling"},
		"contradictory": {scope{verdict: doubt, absent: []string{"x"}}, "False Contradiction", []string{"one; another"}, "Reconciling"},
		"not there yet": {scope{verdict: &stagegate.Verdict{}, absent: []string{"x", "y"}}, "False ReferenceNotFound", []string{"x; y"}, "Stalled"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := &v1alpha1.Project{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
			if tc.scope.verdict == nil {
				p.DecodingError = "spec: cannot unmarshal"
			}
			tc.scope.tell(p)
			c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
			if got := string(c.Status) + " " + c.Reason; got != tc.ready || p.Status.ObservedGeneration != 7 {
				t.Errorf("Ready is %s of generation %d, want %s", got, p.Status.ObservedGeneration, tc.ready)
			}
			for _, word := range tc.words {
				if !strings.Contains(c.Message, word) {
					t.Errorf("message %q lacks %q", c.Message, word)
				}
			}
			for absent := range strings.FieldsSeq(tc.absent) {
				if meta.FindStatusCondition(p.Status.Conditions, absent) != nil {
					t.Errorf("it is %s", absent)
				}
			}
		})
	}
}

// TestSince: since when a project is in its stage moves only with the stage.
func TestSince(t *testing.T) {
	p := &v1alpha1.Project{}
	at := func(stage v1alpha1.ProjectStage, now time.Time) metav1.Time {
		(&scope{now: now, verdict: &stagegate.Verdict{Stage: stage}}).tell(p)
		return *p.Status.StageSince
	}
	first := at(v1alpha1.StageApproved, friday)
	if same := at(v1alpha1.StageApproved, friday.Add(time.Hour)); !first.Time.Equal(friday) || !same.Equal(&first) {
		t.Errorf("since %v, then %v", first, same)
	}
	if next := at(v1alpha1.StageCommissioned, friday.Add(2*time.Hour+time.Millisecond)); !next.Time.Equal(friday.Add(2 * time.Hour)) {
		t.Errorf("the next stage is since %v", next)
	}
}

// TestWait: it is looked at again at the first moment at which there is a reason
// to.
func TestWait(t *testing.T) {
	in := func(d time.Duration) *stagegate.Verdict { return &stagegate.Verdict{Next: friday.Add(d)} }
	for name, tc := range map[string]struct {
		verdict    *stagegate.Verdict
		pace, want time.Duration
	}{
		"never":                        {&stagegate.Verdict{}, 0, 0},
		"undecodable":                  {nil, 0, 0},
		"undecodable, for the pace":    {nil, time.Second, time.Second},
		"for the pace":                 {&stagegate.Verdict{}, time.Second, time.Second},
		"at its moment":                {in(time.Hour), 0, time.Hour + time.Millisecond},
		"at once, for it has passed":   {in(-time.Hour), 0, time.Millisecond},
		"for the pace, which is first": {in(time.Hour), time.Second, time.Second},
		"at its moment, before that":   {in(time.Second), time.Minute, time.Second + time.Millisecond},
	} {
		if got := (&scope{now: friday, verdict: tc.verdict}).wait(tc.pace); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestAnnounce: Events tell what became otherwise, and nothing of a project that
// is seen for the first time.
func TestAnnounce(t *testing.T) {
	project := func(stage v1alpha1.ProjectStage, overdue int32, conditions ...metav1.Condition) *v1alpha1.Project {
		p := &v1alpha1.Project{}
		p.Status.Stage, p.Status.Conditions = stage, conditions
		p.Status.Milestones = &v1alpha1.MilestoneSummary{Total: 9, Overdue: overdue}
		return p
	}
	is := func(conditionType string, value metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: conditionType, Status: value, Reason: reason, Message: "as judged"}
	}
	inTime := is(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule)
	late := is(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue)
	rests := is(v1alpha1.ConditionOnSchedule, metav1.ConditionUnknown, v1alpha1.ReasonPaused)
	over := is(v1alpha1.ConditionWithinBudget, metav1.ConditionFalse, v1alpha1.ReasonOverBudget)
	within := is(v1alpha1.ConditionWithinBudget, metav1.ConditionTrue, v1alpha1.ReasonWithinBudget)
	stalled := is(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProjectCycle)
	doubtful := is(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonContradiction)
	const stage = v1alpha1.StageInTrial
	for name, tc := range map[string]struct {
		before, after *v1alpha1.Project
		want          []string
	}{
		"seen for the first time":  {project("", 0), project(stage, 1, late, over, stalled), nil},
		"as it was":                {project(stage, 1, late, over, stalled), project(stage, 1, late, over, stalled), nil},
		"another stage":            {project(stage, 0), project(v1alpha1.StageCompleted, 0), []string{"Normal Completed the project is Completed, after InTrial"}},
		"overdue":                  {project(stage, 0, inTime), project(stage, 1, late), []string{"Warning MilestoneOverdue as judged"}},
		"another one overdue":      {project(stage, 1, late, over), project(stage, 2, late, over), []string{"Warning MilestoneOverdue as judged"}},
		"one of them reached":      {project(stage, 2, late), project(stage, 1, late), nil},
		"in time again":            {project(stage, 1, late), project(stage, 0, inTime), []string{"Normal OnSchedule as judged"}},
		"put to rest":              {project(stage, 1, late), project(stage, 0, rests), nil},
		"goes on, and is late":     {project(stage, 0, rests), project(stage, 1, late), []string{"Warning MilestoneOverdue as judged"}},
		"over the budget at once":  {project(stage, 0), project(stage, 0, over), []string{"Warning OverBudget as judged"}},
		"within the budget again":  {project(stage, 0, over), project(stage, 0, within), []string{"Normal WithinBudget as judged"}},
		"to be mended":             {project(stage, 0), project(stage, 0, stalled), []string{"Warning ProjectCycle as judged"}},
		"to be mended, other than": {project(stage, 0, stalled), project(stage, 0, doubtful), []string{"Warning Contradiction as judged"}},
		"mended":                   {project(stage, 0, stalled), project(stage, 0), nil},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(8)
			(&Reconciler{Common: setup.Common{Recorder: recorder}}).announce(tc.before, tc.after)
			close(recorder.Events)
			var got []string
			for e := range recorder.Events {
				got = append(got, e)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("Events %q, want %q", got, tc.want)
			}
		})
	}
}
