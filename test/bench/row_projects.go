// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
)

const (
	// portfolioSize is how many Projects there are, each with so many milestones
	// and every fourth of them after another one; of so many, one is a programme
	// and the others its parts.
	portfolioSize, shortPortfolio = 2_000, 400
	portfolioMilestones           = 20
	portfolioProgramme            = 20
	// portfolioRounds are few, since memory varies little.
	portfolioRounds = 3
)

var projectsRow = row{
	name: "projects",
	about: fmt.Sprintf(`%d Projects with %d milestones each, of programmes of %d: the operator's own binary. How long it takes
from its start until all are judged and nothing was written for %s, and what it writes and looks at in the minute after. Writes
are those that the API server counted itself. Memory of a Project: live heap after garbage collection of a manager with the
controller of Projects, once it has judged them all, without that of the same process with none, divided by their number; the
limit is a cache of controller-runtime that holds Projects only, without their managedFields.`,
		portfolioSize, portfolioMilestones, portfolioProgramme, calm),
	measure: measureProjects,
}

func measureProjects(ctx context.Context, b *bench) (lines []line, err error) {
	f := &portfolio{size: portfolioSize}
	if b.short {
		f.size = shortPortfolio
	}
	if f.plane, err = b.startOpenPlane(ctx, false); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Stop()) }()
	if err := f.create(ctx); err != nil {
		return nil, fmt.Errorf("create projects: %w", err)
	}
	b.say("  %d Projects created in %s", f.size, short(f.created))
	if lines, err = f.judgeAll(ctx, b); err != nil {
		return nil, err
	}
	t, err := b.takeTurns(ctx, f.memory(), min(b.rounds, portfolioRounds))
	if err != nil {
		return nil, err
	}
	return append(lines, t.line(f.memory())), nil
}

// portfolio is a control plane with Projects.
type portfolio struct {
	*plane
	size int
	// created is how long that took.
	created time.Duration
}

// create creates units and Projects.
func (f *portfolio) create(ctx context.Context) error {
	if err := f.newUnit(ctx, rootUnit); err != nil {
		return err
	}
	for n := range fleetUnits {
		if err := f.newUnit(ctx, fleetUnit(n)); err != nil {
			return err
		}
	}
	c, err := client.New(rest.CopyConfig(f.Config), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return err
	}
	began := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for n := range f.size {
		group.Go(func() error { return c.Create(groupCtx, newProject(n, began)) })
	}
	err = group.Wait()
	f.created = time.Since(began)
	return err
}

func projectName(n int) string { return fmt.Sprintf("project-%06d", n) }

// newProject is a Project that is being implemented. No day of it begins or ends
// while it is measured.
func newProject(n int, now time.Time) *v1alpha1.Project {
	on := func(months, days int) v1alpha1.Date {
		return v1alpha1.Date(now.AddDate(0, months, days).Format(time.DateOnly))
	}
	p := &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: fleetUnit(n), Name: projectName(n)},
		Spec: v1alpha1.ProjectSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "Vorhaben " + projectName(n), EN: "Project " + projectName(n)},
			Programme:   fmt.Sprintf("programme %03d", n/portfolioProgramme),
			OfficeRef:   v1alpha1.UnitReference{Name: v1alpha1.ObjectName(fleetUnit(n))},
			Track:       v1alpha1.TrackStandard,
			Lead:        &v1alpha1.ProjectLead{Name: "Project lead", UnitRef: &v1alpha1.UnitReference{Name: rootUnit}},
			Need:        &v1alpha1.Need{RecordedOn: on(-24, 0), Dialogue: "DigIT dialogue"},
			Request: &v1alpha1.ProjectRequest{
				SubmittedOn: on(-23, 0), ReleasedOn: on(-22, 0), ReleasedByUser: "requirements@example.org", Justification: "What it is needed for.",
			},
			Decisions: []v1alpha1.Decision{{
				Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: on(-21, 0), Reference: "SR-1", DecidedBy: "steering-round@example.org",
			}},
			Commission: &v1alpha1.Commission{CommissionedOn: on(-20, 0), StartOn: on(-19, 0), DueOn: on(24, 0), BudgetEUR: new(int64(180_000))},
		},
	}
	if first := n - n%portfolioProgramme; n != first {
		p.Spec.ParentRef = &v1alpha1.ProjectReference{Namespace: v1alpha1.NamespaceName(fleetUnit(first)), Name: v1alpha1.ObjectName(projectName(first))}
	}
	if n%4 == 3 {
		p.Spec.DependsOn = []v1alpha1.ProjectReference{{Namespace: v1alpha1.NamespaceName(fleetUnit(n - 1)), Name: v1alpha1.ObjectName(projectName(n - 1))}}
	}
	for i := range portfolioMilestones {
		m := v1alpha1.Milestone{Name: fmt.Sprintf("milestone %02d", i), DueOn: on(i-portfolioMilestones/2, 2)}
		if i < portfolioMilestones/2 {
			m.CompletedOn = on(i-portfolioMilestones/2, -2)
		}
		p.Spec.Milestones = append(p.Spec.Milestones, m)
	}
	return p
}

// judgeAll starts the operator, and sees it to rest and at rest.
func (f *portfolio) judgeAll(ctx context.Context, b *bench) (lines []line, err error) {
	if _, err := b.buildOperator(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	o, err := b.startOperator(ctx, f.plane)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.stop()) }()
	if err := f.settled(ctx); err != nil {
		return nil, err
	}
	judged := time.Since(began) - calm
	first, err := f.writes(ctx, "projects")
	if err != nil {
		return nil, err
	}
	b.say("  all judged for the first time in %s", short(judged))
	length := restTime
	if b.short {
		length = shortRestTime
	}
	before, err := f.count(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := pass(ctx, length); err != nil {
		return nil, err
	}
	after, err := f.count(ctx, o)
	if err != nil {
		return nil, err
	}
	projects, events, looks := after[0]-before[0], after[1]-before[1], after[2]-before[2]
	all := fmt.Sprintf("%d Projects", f.size)
	return []line{
		absolute("projects: until all are judged for the first time", judged.Seconds(), seconds,
			fmt.Sprintf("%s, created in %s; %s writes each", all, short(f.created), number(first/float64(f.size)-1)), goal{}),
		absolute("projects: writes in a minute", (projects+events)/length.Minutes(), number,
			fmt.Sprintf("%s; Projects %.0f, Events %.0f in %s", all, projects, events, short(length)), atMost(0)),
		absolute("projects: reconciled in a minute", looks/length.Minutes(), number, all, atMost(0)),
	}, nil
}

// count returns how often Projects and Events were written so far, and how many
// Projects were reconciled.
func (f *portfolio) count(ctx context.Context, o *operator) (counts [3]float64, err error) {
	for i, resource := range []string{"projects", "events"} {
		if counts[i], err = f.writes(ctx, resource); err != nil {
			return counts, err
		}
	}
	counts[2], err = o.metric(ctx, "controller_runtime_reconcile_total", `controller="project"`)
	return counts, err
}

// settled waits until all are judged and nothing was written for a while.
func (f *portfolio) settled(ctx context.Context) error {
	var last float64
	since := time.Now()
	within := max(time.Duration(f.size)*settlesPer, settlesAtLeast)
	return eventually(ctx, 100*time.Millisecond, within, "settled", func() (bool, error) {
		n, err := f.writes(ctx, "projects")
		if err != nil {
			return false, err
		}
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < calm {
			return false, nil
		}
		var list v1alpha1.ProjectList
		not := fields.OneTermNotEqualSelector("status.stage", string(v1alpha1.StageInImplementation))
		err = f.admin.List(ctx, &list, client.MatchingFieldsSelector{Selector: not}, client.Limit(1))
		return err == nil && len(list.Items) == 0, err
	})
}

// memory compares what a Project costs the controller with what it costs to hold
// it.
func (f *portfolio) memory() comparison {
	side := func(name string, ours bool) side { return side{name, f.memoryLeg(ours)} }
	return comparison{
		what: "projects: memory of a Project", ours: side("", true), theirs: side("bare cache", false),
		figure: figure{func(s *sample) float64 { return s.Values[heapValue] }, size}, goal: atMost(1.5),
	}
}

// memoryLeg has Projects held, and none.
func (f *portfolio) memoryLeg(ours bool) leg {
	heap := func(ctx context.Context, count int) (float64, error) {
		c, err := begin(ctx, "projects", holding{Kubeconfig: f.operatorConfig, Ours: ours, Count: count})
		if err != nil {
			return 0, err
		}
		got, err := c.window(0)
		if err != nil {
			return 0, err
		}
		return got.Values[heapValue], c.end()
	}
	return func(ctx context.Context) (*sample, error) {
		none, err := heap(ctx, 0)
		if err != nil {
			return nil, err
		}
		all, err := heap(ctx, f.size)
		return &sample{Operations: int64(f.size), Values: map[string]float64{heapValue: (all - none) / float64(f.size)}}, err
	}
}
