// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// shelf is a cache that holds at most one object of a few kinds, of any name.
type shelf struct {
	client.Client
	policy  *v1alpha1.GovernancePolicy
	project *v1alpha1.Project
	record  *v1alpha1.AvailabilityRecord
	level   *v1alpha1.ServiceLevel
}

func (s *shelf) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	found := false
	switch o := into.(type) {
	case *v1alpha1.GovernancePolicy:
		if found = s.policy != nil; found {
			*o = *s.policy
		}
	case *v1alpha1.Project:
		if found = s.project != nil; found {
			*o = *s.project
		}
	case *v1alpha1.AvailabilityRecord:
		if found = s.record != nil; found {
			*o = *s.record
		}
	case *v1alpha1.ServiceLevel:
		if found = s.level != nil; found {
			*o = *s.level
		}
	}
	if !found {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

func (s *shelf) reconciler(gaps ...availability.Gap) *Reconciler {
	return &Reconciler{Common: setup.Common{Client: s}, Gaps: func() []availability.Gap { return gaps }}
}

// TestUnread: by a policy or a project that cannot be read nobody knows who has to
// sign and who may not, as long as that is asked.
func TestUnread(t *testing.T) {
	for name, s := range map[string]*shelf{
		"GovernancePolicy": {policy: &v1alpha1.GovernancePolicy{DecodingError: "spec: cannot unmarshal"}},
		"Project":          {project: &v1alpha1.Project{DecodingError: "spec: cannot unmarshal"}},
	} {
		for stage, want := range map[v1alpha1.HandoverStage]bool{
			"": true, v1alpha1.HandoverAwaitingSignOff: true, v1alpha1.HandoverEarlyLifeSupport: false, v1alpha1.HandoverCompleted: false,
		} {
			in := judged(stage)
			in.verdict, in.before.Status.Stage = nil, stage
			for _, collect := range []func(context.Context, *scope) error{s.reconciler().gatherPolicy, s.reconciler().gatherProject} {
				if err := collect(t.Context(), in); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.HasPrefix(in.unreadable, name); got != want {
				t.Errorf("%s in stage %q: unreadable is %q", name, stage, in.unreadable)
			}
			if in.judge(); (in.verdict == nil) != want {
				t.Errorf("%s in stage %q: the verdict is %+v", name, stage, in.verdict)
			}
		}
	}
}

// support is a scope in early-life support of an Application, of which the
// account stood so.
func support(totals *v1alpha1.AccountTotals, now time.Time) *scope {
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine"}}
	h.Spec.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: "termine"}}
	h.Status.Stage = v1alpha1.HandoverEarlyLifeSupport
	h.Status.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{
		StartedAt: metav1.NewTime(began), EndsAt: metav1.NewTime(began.Add(720 * time.Hour)),
		Accounts: []v1alpha1.SupportAccount{{Application: "termine", Totals: totals}},
	}
	return newScope(h, now)
}

var termine = types.NamespacedName{Namespace: "amt-33", Name: "termine"}

// aroundTheClock is an agreement, and an account under it that stands so since it
// began.
func aroundTheClock(state v1alpha1.IndicatorState) *shelf {
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: "clock"}}
	spec := v1alpha1.ServiceLevelTerms{Availability: v1alpha1.AvailabilityObjective{Objective: "99", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}}}
	level.Status.Revisions = []v1alpha1.ServiceLevelRevision{{From: metav1.NewTime(began.AddDate(-1, 0, 0)), Generation: 1, Spec: spec}}
	record := &v1alpha1.AvailabilityRecord{Totals: v1alpha1.AccountTotals{Agreed: 1000, Charged: 100}}
	record.Current = &v1alpha1.CurrentAccount{
		Period: "2027-03", State: state, Since: metav1.NewTime(began),
		Segments:     []v1alpha1.AccountSegment{{From: metav1.NewTime(began), ServiceLevel: "clock", Generation: 1}},
		Accumulators: v1alpha1.Accumulators{AsOf: metav1.NewTime(began)},
	}
	if state == v1alpha1.IndicatorDown {
		record.Current.OpenOutage = &v1alpha1.Outage{Check: "web", StartAt: metav1.NewTime(began)}
	}
	return &shelf{record: record, level: level}
}

// TestAvailability: an account at rest goes on in its state; what lies in a gap
// was not observed, whatever the state.
func TestAvailability(t *testing.T) {
	gap := availability.Gap{From: began.Add(10 * time.Minute), To: began.Add(15 * time.Minute)}
	stood := &v1alpha1.AccountTotals{Agreed: 1000, Charged: 100}
	for name, tc := range map[string]struct {
		shelf *shelf
		since *v1alpha1.AccountTotals
		want  *acceptance.Availability
	}{
		"up":         {aroundTheClock(v1alpha1.IndicatorUp), stood, &acceptance.Availability{Observed: 55 * 60}},
		"down":       {aroundTheClock(v1alpha1.IndicatorDown), stood, &acceptance.Availability{Observed: 55 * 60, Out: 55 * 60}},
		"unobserved": {aroundTheClock(v1alpha1.IndicatorUnobserved), stood, nil},
		"no account": {&shelf{}, stood, nil},
		"unreadable": {&shelf{record: &v1alpha1.AvailabilityRecord{DecodingError: "spec: cannot unmarshal"}}, stood, nil},
		"none told":  {aroundTheClock(v1alpha1.IndicatorUp), nil, &acceptance.Availability{Observed: 1000 + 55*60, Out: 100}},
	} {
		got, err := tc.shelf.reconciler(gap).availability(t.Context(), support(tc.since, began.Add(time.Hour)), termine)
		if err != nil {
			t.Fatal(err)
		}
		if (got == nil) != (tc.want == nil) || got != nil && *got != *tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// TestAccounts: where an account stood is noted when support begins, kept as long
// as that goes on, and not invented for an account that cannot be read.
func TestAccounts(t *testing.T) {
	up, unreadable := aroundTheClock(v1alpha1.IndicatorUp), &shelf{record: &v1alpha1.AvailabilityRecord{DecodingError: "spec: cannot unmarshal"}}
	stood := &v1alpha1.AccountTotals{Agreed: 900, Charged: 100}
	for name, tc := range map[string]struct {
		shelf *shelf
		// change what is told, and what is judged.
		change func(*scope)
		want   *v1alpha1.AccountTotals
		none   bool
	}{
		"goes on":           {up, func(*scope) {}, stood, false},
		"begins":            {up, func(s *scope) { s.before.Status.EarlyLifeSupport = nil }, &v1alpha1.AccountTotals{Agreed: 4600, Charged: 100}, false},
		"begins once more":  {up, func(s *scope) { s.verdict.EarlyLifeSupport.StartedAt.Time = began.Add(time.Minute) }, &v1alpha1.AccountTotals{Agreed: 4600, Charged: 100}, false},
		"the account goes":  {&shelf{}, func(*scope) {}, stood, false},
		"cannot be read":    {unreadable, func(*scope) {}, stood, false},
		"could not be read": {unreadable, func(s *scope) { s.before.Status.EarlyLifeSupport = nil }, nil, true},
		"there was none":    {&shelf{}, func(s *scope) { s.before.Status.EarlyLifeSupport = nil }, nil, false},
		"is over":           {up, func(s *scope) { s.verdict.Stage = v1alpha1.HandoverCompleted }, stood, false},
		"was lost": {up, func(s *scope) {
			s.before.Status.EarlyLifeSupport.Accounts[0].Totals = &v1alpha1.AccountTotals{Agreed: 900_000}
		}, nil, false},
	} {
		s := support(stood, began.Add(time.Hour))
		s.verdict = &acceptance.Verdict{
			Stage:            v1alpha1.HandoverEarlyLifeSupport,
			EarlyLifeSupport: &v1alpha1.EarlyLifeSupportStatus{StartedAt: metav1.NewTime(began)},
		}
		tc.change(s)
		if err := tc.shelf.reconciler().gatherAccounts(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		switch {
		case tc.none && len(s.accounts) > 0, !tc.none && len(s.accounts) != 1:
			t.Errorf("%s: %+v", name, s.accounts)
		case tc.none:
		case (s.accounts[0].Totals == nil) != (tc.want == nil), tc.want != nil && *s.accounts[0].Totals != *tc.want:
			t.Errorf("%s: it stood at %+v, want %+v", name, s.accounts[0].Totals, tc.want)
		}
	}
}
