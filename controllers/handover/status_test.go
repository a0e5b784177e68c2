// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// judged is a scope with a verdict.
func judged(stage v1alpha1.HandoverStage, change ...func(*scope)) *scope {
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine", Generation: 2}}
	h.Spec.DueOn, h.Spec.StableFor = "2027-03-31", "15m"
	s := newScope(h, began)
	s.verdict = &acceptance.Verdict{Stage: stage}
	for _, c := range change {
		c(s)
	}
	return s
}

func TestConditions(t *testing.T) {
	due := func(day v1alpha1.Date) func(*scope) {
		return func(s *scope) { s.handover.Spec.DueOn = day }
	}
	missing := func(n int) func(*scope) {
		return func(s *scope) {
			for range n {
				s.verdict.Missing = append(s.verdict.Missing, v1alpha1.MissingItem{Reason: v1alpha1.MissingSignOff, Message: "Operations signs"})
			}
		}
	}
	overdue := func(s *scope) { s.verdict.Overdue = true }
	ends := func(s *scope) {
		s.verdict.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{StartedAt: metav1.NewTime(began), EndsAt: metav1.NewTime(began.Add(720 * time.Hour))}
	}
	tests := map[string]struct {
		scope         *scope
		kind          string
		value         metav1.ConditionStatus
		reason, words string
	}{
		"incomplete":        {judged(v1alpha1.HandoverVerifying), v1alpha1.ConditionHandedOver, "False", v1alpha1.ReasonHandoverIncomplete, "not all roles that must sign have signed"},
		"one thing missing": {judged(v1alpha1.HandoverAwaitingSignOff, missing(1)), v1alpha1.ConditionHandedOver, "False", v1alpha1.ReasonHandoverIncomplete, "; next: Operations signs"},
		"more missing":      {judged(v1alpha1.HandoverAwaitingSignOff, missing(3)), v1alpha1.ConditionHandedOver, "False", v1alpha1.ReasonHandoverIncomplete, "status.missing names 2 more"},
		"rejected":          {judged(v1alpha1.HandoverRejected), v1alpha1.ConditionHandedOver, "False", v1alpha1.ReasonHandoverRejected, "a role rejected"},
		"supported":         {judged(v1alpha1.HandoverEarlyLifeSupport, ends), v1alpha1.ConditionHandedOver, "False", v1alpha1.ReasonInEarlyLifeSupport, "until 2027-03-31T11:00:00+02:00"},
		"complete":          {judged(v1alpha1.HandoverCompleted), v1alpha1.ConditionHandedOver, "True", v1alpha1.ReasonHandedOver, "nothing more to do"},

		"in time":               {judged(v1alpha1.HandoverVerifying), v1alpha1.ConditionOnSchedule, "True", v1alpha1.ReasonOnSchedule, "due by 2027-03-31"},
		"late":                  {judged(v1alpha1.HandoverVerifying, overdue), v1alpha1.ConditionOnSchedule, "False", v1alpha1.ReasonOverdue, "by 2027-03-31"},
		"signed":                {judged(v1alpha1.HandoverEarlyLifeSupport), v1alpha1.ConditionOnSchedule, "True", v1alpha1.ReasonOnSchedule, "all roles have signed"},
		"complete without day":  {judged(v1alpha1.HandoverCompleted, due("")), v1alpha1.ConditionOnSchedule, "True", v1alpha1.ReasonEnded, "complete"},
		"without a day":         {judged(v1alpha1.HandoverVerifying, due("")), v1alpha1.ConditionOnSchedule, "Unknown", v1alpha1.ReasonNoSchedule, "spec.dueOn"},
		"on a day that is none": {judged(v1alpha1.HandoverVerifying, due("2027-02-30")), v1alpha1.ConditionOnSchedule, "Unknown", v1alpha1.ReasonNoSchedule, "2027-02-30"},
		"stalled by that day":   {judged(v1alpha1.HandoverVerifying, due("2027-02-30")), v1alpha1.ConditionStalled, "True", v1alpha1.ReasonInvalidSpec, "spec.dueOn"},
		"complete all the same": {judged(v1alpha1.HandoverCompleted, due("2027-02-30")), v1alpha1.ConditionReady, "True", v1alpha1.ReasonSucceeded, "complete"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.scope.tell()
			if missing := controllertest.Condition(tc.scope.handover, tc.kind, tc.value, tc.reason); missing != "" {
				t.Fatal(missing)
			}
			if c := meta.FindStatusCondition(tc.scope.handover.Status.Conditions, tc.kind); !strings.Contains(c.Message, tc.words) || c.ObservedGeneration != 2 {
				t.Errorf("%+v lacks %q", c, tc.words)
			}
		})
	}
}

// TestStageSince: it moves with the stage and with nothing else.
func TestStageSince(t *testing.T) {
	s := judged(v1alpha1.HandoverVerifying)
	s.tell()
	again := newScope(s.handover, began.Add(time.Hour))
	again.verdict = s.verdict
	if again.tell(); !again.handover.Status.StageSince.Equal(&metav1.Time{Time: began}) {
		t.Errorf("in the same stage since %s", again.handover.Status.StageSince)
	}
	again.verdict = &acceptance.Verdict{Stage: v1alpha1.HandoverAwaitingSignOff}
	if again.tell(); !again.handover.Status.StageSince.Equal(&metav1.Time{Time: began.Add(time.Hour)}) {
		t.Errorf("in another stage since %s", again.handover.Status.StageSince)
	}
}

func TestUnusable(t *testing.T) {
	spec := v1alpha1.HandoverSpec{
		DueOn: "2027-13-01", StableFor: "soon",
		EarlyLifeSupport: &v1alpha1.EarlyLifeSupport{Duration: "-1h", MinimumAvailability: "NaN"},
	}
	all := strings.Join(unusable(&spec), "\n")
	for _, field := range []string{"spec.dueOn", "spec.stableFor", "spec.earlyLifeSupport.duration", "spec.earlyLifeSupport.minimumAvailability"} {
		if !strings.Contains(all, field+" ") {
			t.Errorf("%s is not named in:\n%s", field, all)
		}
	}
	good := v1alpha1.HandoverSpec{DueOn: "2027-03-31", StableFor: "30m", EarlyLifeSupport: &v1alpha1.EarlyLifeSupport{Duration: "720h", MinimumAvailability: "99.0"}}
	if problems := unusable(&good); len(problems) != 0 {
		t.Errorf("a good spec: %q", problems)
	}
}

// TestRefuse: what the API server does not take is not told, and that is.
func TestRefuse(t *testing.T) {
	s := judged(v1alpha1.HandoverVerifying)
	s.before.Status.Stage = v1alpha1.HandoverPreparing
	s.tell()
	s.refuse(errors.New("status.results[0].application: too long"))
	c := meta.FindStatusCondition(s.handover.Status.Conditions, v1alpha1.ConditionStalled)
	if s.handover.Status.Stage != v1alpha1.HandoverPreparing || c == nil || c.Reason != v1alpha1.ReasonInvalidSpec || !strings.Contains(c.Message, "too long") {
		t.Errorf("status %+v", s.handover.Status)
	}
}

// TestAnnounce: what throws a handover back is a warning, and what it begins with
// is no news.
func TestAnnounce(t *testing.T) {
	for name, tc := range map[string]struct {
		was, is v1alpha1.HandoverStage
		want    string
	}{
		"first seen":          {"", v1alpha1.HandoverAwaitingSignOff, ""},
		"as it was":           {v1alpha1.HandoverVerifying, v1alpha1.HandoverVerifying, ""},
		"on":                  {v1alpha1.HandoverVerifying, v1alpha1.HandoverAwaitingSignOff, "Normal AwaitingSignOff from Verifying to AwaitingSignOff"},
		"a check fails":       {v1alpha1.HandoverAwaitingSignOff, v1alpha1.HandoverVerifying, "Warning Verifying from AwaitingSignOff to Verifying"},
		"an Application goes": {v1alpha1.HandoverVerifying, v1alpha1.HandoverPreparing, "Warning Preparing from Verifying to Preparing"},
		"rejected":            {v1alpha1.HandoverAwaitingSignOff, v1alpha1.HandoverRejected, "Warning Rejected from AwaitingSignOff to Rejected"},
		"taken up again":      {v1alpha1.HandoverRejected, v1alpha1.HandoverVerifying, "Normal Verifying from Rejected to Verifying"},
	} {
		before, after := &v1alpha1.Handover{}, &v1alpha1.Handover{}
		before.Status.Stage, after.Status.Stage = tc.was, tc.is
		recorder := events.NewFakeRecorder(2)
		(&Reconciler{Common: setup.Common{Recorder: recorder}}).announce(before, after)
		got := ""
		if len(recorder.Events) > 0 {
			got = <-recorder.Events
		}
		if got != tc.want {
			t.Errorf("%s: Event %q, want %q", name, got, tc.want)
		}
	}
}

// TestWait: a deadline that is centuries away is no overflow, and one that has
// passed is now.
func TestWait(t *testing.T) {
	for name, tc := range map[string]struct {
		next time.Time
		want time.Duration
	}{
		"never":         {time.Time{}, 0},
		"soon":          {began.Add(time.Second), time.Second + time.Millisecond},
		"passed":        {began.Add(-time.Hour), time.Millisecond},
		"in ages to be": {began.AddDate(900, 0, 0), longestWait + time.Millisecond},
	} {
		s := judged(v1alpha1.HandoverVerifying)
		s.at(tc.next)
		if got := s.wait(); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestOnlyWords: what nobody acts on is only words.
func TestOnlyWords(t *testing.T) {
	full := func() *v1alpha1.Handover {
		h := &v1alpha1.Handover{}
		h.Status = v1alpha1.HandoverStatus{
			Stage:            v1alpha1.HandoverEarlyLifeSupport,
			Results:          []v1alpha1.CheckResult{{Application: "a", Check: v1alpha1.CheckBackedUp, Passed: new(true), Message: "m"}},
			SignOffs:         []v1alpha1.SignOffSummary{{Name: "s", Message: "m"}},
			Missing:          []v1alpha1.MissingItem{{Reason: "r", Message: "m"}},
			Conditions:       []metav1.Condition{{Type: "t", Status: metav1.ConditionTrue, Message: "m"}},
			EarlyLifeSupport: &v1alpha1.EarlyLifeSupportStatus{StartedAt: metav1.NewTime(began), Availability: "99", Worst: "a"},
		}
		return h
	}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.HandoverStatus)
		want   bool
	}{
		"words": {func(st *v1alpha1.HandoverStatus) {
			st.Results[0].Message, st.SignOffs[0].Message, st.Missing[0].Message, st.Conditions[0].Message = "n", "n", "n", "n"
		}, true},
		"availability": {func(st *v1alpha1.HandoverStatus) {
			st.EarlyLifeSupport.Availability, st.EarlyLifeSupport.Worst = "98", "b"
		}, true},
		"the stage":   {func(st *v1alpha1.HandoverStatus) { st.Stage = v1alpha1.HandoverCompleted }, false},
		"a result":    {func(st *v1alpha1.HandoverStatus) { st.Results[0].Passed = new(false) }, false},
		"a signature": {func(st *v1alpha1.HandoverStatus) { st.SignOffs[0].Void = true }, false},
		"a reason":    {func(st *v1alpha1.HandoverStatus) { st.Missing[0].Reason = "s" }, false},
		"a condition": {func(st *v1alpha1.HandoverStatus) { st.Conditions[0].Status = metav1.ConditionFalse }, false},
		"the beginning": {func(st *v1alpha1.HandoverStatus) {
			st.EarlyLifeSupport.StartedAt = metav1.NewTime(began.Add(time.Second))
		}, false},
	} {
		before, after := full(), full()
		tc.change(&after.Status)
		if got := onlyWords(before, after); got != tc.want {
			t.Errorf("%s: only words is %t", name, got)
		}
		if diff := cmp.Diff(full(), before); diff != "" {
			t.Errorf("%s changed what it compares:\n%s", name, diff)
		}
	}
}

// TestWhichChangesOfAnApplicationMatter: those that a check can find.
func TestWhichChangesOfAnApplicationMatter(t *testing.T) {
	application := func() *v1alpha1.Application {
		a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{UID: "u", Generation: 3}}
		a.Status.ObservedGeneration = 3
		a.Status.Backup = &v1alpha1.BackupStatus{}
		for _, kind := range []string{v1alpha1.ConditionBackedUp, v1alpha1.ConditionServiceLevelMet, v1alpha1.ConditionAvailable, v1alpha1.ConditionHandedOver} {
			condition(a, kind, metav1.ConditionTrue, "AsTold", "all is well", began)
		}
		return a
	}
	set := func(kind string, value metav1.ConditionStatus, reason string) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			condition(a, kind, value, reason, "another word", began.Add(time.Minute))
		}
	}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.Application)
		want   bool
	}{
		"words":                {func(a *v1alpha1.Application) { a.Status.Conditions[0].Message = "another word" }, false},
		"the spec":             {func(a *v1alpha1.Application) { a.Generation++ }, true},
		"judged as it is":      {func(a *v1alpha1.Application) { a.Status.ObservedGeneration-- }, true},
		"a check fails":        {set(v1alpha1.ConditionBackedUp, metav1.ConditionFalse, "AsTold"), true},
		"for another reason":   {set(v1alpha1.ConditionBackedUp, metav1.ConditionTrue, "Else"), true},
		"an outage":            {set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, "Outage"), false},
		"the agreement broken": {set(v1alpha1.ConditionServiceLevelMet, metav1.ConditionFalse, "Breached"), false},
		"no agreement": {func(a *v1alpha1.Application) {
			meta.RemoveStatusCondition(&a.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
		}, true},
		"our own word":           {set(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, "HandoverIncomplete"), false},
		"a restore test":         {func(a *v1alpha1.Application) { a.Status.Backup.NewestRestoreTestAt = &metav1.Time{Time: began} }, true},
		"what cannot be decoded": {func(a *v1alpha1.Application) { a.DecodingError = "spec: cannot unmarshal" }, true},
		"another of that name":   {func(a *v1alpha1.Application) { a.UID = "v" }, true},
	} {
		after := application()
		tc.change(after)
		if got := applicationChanged().Update(event.TypedUpdateEvent[*v1alpha1.Application]{ObjectOld: application(), ObjectNew: after}); got != tc.want {
			t.Errorf("%s: matters is %t", name, got)
		}
	}
}
