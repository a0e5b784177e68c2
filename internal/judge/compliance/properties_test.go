// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

var (
	days = rapid.SampledFrom([]v1alpha1.Date{
		"2026-02-30", "2026-11-20", "2026-11-21", "2026-11-22", "2026-12-31", "2027-02-19", "2027-02-20", "2027-02-21", "2027-06-30", "2029-01-01", "nonsense",
	})
	names  = rapid.SampledFrom([]string{"a", "b", "c", "d"})
	stages = rapid.SampledFrom([]v1alpha1.HandoverStage{"", v1alpha1.HandoverRejected, v1alpha1.HandoverPreparing, v1alpha1.HandoverEarlyLifeSupport, v1alpha1.HandoverCompleted})
)

// applications of any kind, with names of their own.
func drawApplications(t *rapid.T) []*v1alpha1.Application {
	var all []*v1alpha1.Application
	for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID).Draw(t, "names") {
		a := wellKept()
		a.Name = name
		a.Spec.Lifecycle = rapid.SampledFrom([]v1alpha1.Lifecycle{
			v1alpha1.LifecyclePlanned, v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecycleRetired,
		}).Draw(t, "lifecycle")
		a.Spec.Origin = rapid.SampledFrom([]v1alpha1.Origin{v1alpha1.OriginExisting, v1alpha1.OriginProject}).Draw(t, "origin")
		a.Spec.Operation.Provider = rapid.SampledFrom([]v1alpha1.Provider{
			v1alpha1.ProviderKDZ, v1alpha1.ProviderState, v1alpha1.ProviderDecentral, v1alpha1.ProviderUndetermined,
		}).Draw(t, "provider")
		a.Spec.ServiceLevelRef.Name = v1alpha1.ObjectName(rapid.SampledFrom([]string{"gold", "lead", "none"}).Draw(t, "level"))
		if rapid.Bool().Draw(t, "transition") {
			a.Spec.Operation.Transition = &v1alpha1.Transition{DueOn: days.Draw(t, "dueOn")}
		}
		if rapid.Bool().Draw(t, "review") {
			a.Spec.Operation.Review = &v1alpha1.Review{DueOn: days.Draw(t, "reviewDueOn")}
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "contracts") {
			a.Spec.Contracts = append(a.Spec.Contracts, v1alpha1.Contract{
				Number: fmt.Sprint(i), EndsOn: days.Draw(t, "endsOn"), NoticePeriodDays: new(rapid.Int32Range(0, 400).Draw(t, "notice")),
			})
		}
		all = append(all, a)
	}
	return all
}

func drawScope(t *rapid.T) *compliance.Scope {
	s := newScope(drawApplications(t)...)
	s.Unit = rapid.SampledFrom([]string{"", "amt-33", "schulen", "ebs", "mainzplus"}).Draw(t, "unit")
	periods := rapid.SampledFrom([]string{"", "2026-10", "2026-11"})
	s.Accounts = map[v1alpha1.ObjectName]compliance.Account{}
	for range rapid.IntRange(0, 3).Draw(t, "accounts") {
		s.Accounts[v1alpha1.ObjectName(names.Draw(t, "accounted"))] = compliance.Account{
			Counted: rapid.Bool().Draw(t, "counted"), Broken: periods.Draw(t, "broken"), Overran: periods.Draw(t, "overran"),
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "exemptions") {
		s.Exemptions = append(s.Exemptions, exemption(fmt.Sprint("e", i), names.Draw(t, "exempt"), days.Draw(t, "from"), days.Draw(t, "to")))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "handovers") {
		s.Handovers = append(s.Handovers, handover("amt-33", fmt.Sprint("h", i), stages.Draw(t, "stage"),
			v1alpha1.ApplicationReference{Name: v1alpha1.ObjectName(names.Draw(t, "handed over"))}))
		s.Handovers[i].Spec.DueOn = days.Draw(t, "handover due")
	}
	s.Policy.Spec.Centralisation.Workloads = &v1alpha1.WorkloadPolicy{Resources: []v1alpha1.WorkloadResource{"deployments"}}
	for i := range rapid.IntRange(0, 3).Draw(t, "workloads") {
		s.Workloads = append(s.Workloads, compliance.Workload{
			APIVersion: "apps/v1", Kind: "Deployment", Resource: "deployments", Name: fmt.Sprint("w", i),
			Application: rapid.SampledFrom([]string{"", "a", "b", "z"}).Draw(t, "application"),
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "projects") {
		s.Projects = append(s.Projects, drawProject(t, fmt.Sprint("p", i)))
	}
	return s
}

func drawProject(t *rapid.T, name string) *v1alpha1.Project {
	stages := rapid.SampledFrom([]v1alpha1.ProjectStage{"", v1alpha1.StageCommissioned, v1alpha1.StageInTrial, v1alpha1.StagePaused, v1alpha1.StageCompleted})
	moments := rapid.Custom(func(t *rapid.T) metav1.Time {
		return metav1.Time{Time: now.AddDate(0, 0, rapid.IntRange(-200, 200).Draw(t, "days"))}
	})
	p := &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: name, CreationTimestamp: moments.Draw(t, "created")},
		Status: v1alpha1.ProjectStatus{
			Stage: stages.Draw(t, "project stage"), StageSince: new(moments.Draw(t, "since")),
			Milestones: &v1alpha1.MilestoneSummary{NextDueOn: days.Draw(t, "next milestone")},
		},
	}
	for range rapid.IntRange(0, 3).Draw(t, "milestones") {
		p.Spec.Milestones = append(p.Spec.Milestones, v1alpha1.Milestone{CompletedOn: days.Draw(t, "completed")})
	}
	if rapid.Bool().Draw(t, "recorded") {
		p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: stages.Draw(t, "recorded stage"), AsOfOn: days.Draw(t, "as of")}
	}
	if rapid.Bool().Draw(t, "late") {
		p.Spec.Commission = &v1alpha1.Commission{CommissionedOn: days.Draw(t, "commissioned"), DueOn: days.Draw(t, "project due")}
		reason := rapid.SampledFrom([]string{v1alpha1.ReasonOverdue, v1alpha1.ReasonMilestoneOverdue, v1alpha1.ReasonPredecessorOpen}).Draw(t, "why late")
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionOnSchedule, Status: metav1.ConditionFalse, Reason: reason}}
	}
	return p
}

func TestEachApplicationHasOneVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScope(t)
		verdicts := map[string]int{}
		for _, f := range compliance.Judge(s).Findings {
			if f.Properties[compliance.PropertyVerdict] != "" {
				verdicts[f.Subject.Name]++
			}
		}
		want := map[string]int{}
		for _, a := range s.Applications {
			want[a.Name] = 1
		}
		if diff := cmp.Diff(want, verdicts); diff != "" {
			t.Fatalf("verdicts (-want +got):\n%s", diff)
		}
	})
}

func TestTheOrderOfWhatIsReadDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScope(t)
		before := compliance.Judge(s)
		slices.Reverse(s.Applications)
		slices.Reverse(s.Exemptions)
		slices.Reverse(s.Handovers)
		slices.Reverse(s.Projects)
		slices.Reverse(s.Workloads)
		if diff := cmp.Diff(before, compliance.Judge(s)); diff != "" {
			t.Fatalf("judged in another order (-before +after):\n%s", diff)
		}
	})
}

func TestNothingChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScope(t)
		before := compliance.Judge(s)
		until := now.AddDate(4, 0, 0)
		if !before.Next.IsZero() {
			if !before.Next.After(now) {
				t.Fatalf("next %s is not to come", before.Next)
			}
			until = before.Next
		}
		at := time.Unix(rapid.Int64Range(now.Unix(), until.Unix()-1).Draw(t, "at"), 0)
		s.Now = at
		if diff := cmp.Diff(before.Findings, compliance.Judge(s).Findings); diff != "" {
			t.Fatalf("at %s, before %s, it is (-before +after):\n%s", at, before.Next, diff)
		}
	})
}
