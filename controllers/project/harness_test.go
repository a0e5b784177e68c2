// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases"))
}

// friday is when the tests take place, unless they say otherwise: at noon of
// 20 November 2026 in Mainz.
var friday = time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)

// world is the API server as a test sees it, with the policy of the examples.
type world struct {
	*controllertest.World
	clock *controllertest.ShiftedClock
}

// newWorld returns a world with the offices amt-10, which leads projects, and
// amt-33, and without projects; it leaves nothing behind.
func newWorld(t *testing.T) world {
	t.Helper()
	w := world{controllertest.NewWorld(t, "projects-", &v1alpha1.Project{}, &v1alpha1.Handover{}, &v1alpha1.Application{},
		&v1alpha1.OrganisationalUnit{}, &v1alpha1.GovernancePolicy{}), &controllertest.ShiftedClock{}}
	w.clock.Set(friday)
	policy := load[v1alpha1.GovernancePolicy](w, "00-policy.yaml")
	w.Create(policy, w.unit("amt-10", ""), w.unit("amt-33", ""))
	return w
}

// load reads an example as a user wrote it.
func load[T any](w world, file string) *T {
	w.Helper()
	text, err := os.ReadFile("../../test/examples/" + file)
	w.Must(err)
	var o T
	first, _, _ := strings.Cut(string(text), "\n---\n")
	w.Must(yaml.Unmarshal([]byte(first), &o))
	return &o
}

// example is the project of the examples, in the namespace of the test.
func (w world) example(name string) *v1alpha1.Project {
	w.Helper()
	p := load[v1alpha1.Project](w, "07-project.yaml")
	p.Name, p.Namespace = name, w.Namespace
	return p
}

// project is one that the office amt-33 needs, of which nothing else is known.
func (w world) project(name string, change ...func(*v1alpha1.Project)) *v1alpha1.Project {
	p := &v1alpha1.Project{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	p.Spec.DisplayName.EN = name
	p.Spec.OfficeRef.Name = "amt-33"
	for _, c := range change {
		c(p)
	}
	return p
}

// partOf makes a project a part of another one.
func partOf(name string) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.ParentRef = &v1alpha1.ProjectReference{Name: v1alpha1.ObjectName(name)}
	}
}

// after has a project come after another one.
func after(name string) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.DependsOn = []v1alpha1.ProjectReference{{Name: v1alpha1.ObjectName(name)}}
	}
}

// recorded has a paper assert a stage.
func recorded(stage v1alpha1.ProjectStage) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: stage, AsOfOn: "2026-01-31", Source: "Status report"}
	}
}

// due gives a project a milestone.
func due(name string, on v1alpha1.Date) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.Milestones = append(p.Spec.Milestones, v1alpha1.Milestone{Name: name, DueOn: on})
	}
}

// accepted gives a project all evidence up to the handover of what it delivers.
func accepted(applications ...v1alpha1.ObjectName) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		recorded(v1alpha1.StageInImplementation)(p)
		p.Spec.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: "2026-10-01", TrainedOn: "2026-10-02", AcceptedOn: "2026-10-03", ReleasedOn: "2026-10-04"}
		for _, name := range applications {
			p.Spec.Deliverables = append(p.Spec.Deliverables, v1alpha1.ApplicationReference{Name: name})
		}
	}
}

// application is one that operates and offers services.
func (w world) application(name string, offers ...v1alpha1.OnlineService) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	a.Spec = v1alpha1.ApplicationSpec{
		DisplayName:    v1alpha1.LocalisedText{EN: name},
		Origin:         v1alpha1.OriginProject,
		Lifecycle:      v1alpha1.LifecycleOperating,
		Responsible:    v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: "amt-33"}},
		Operation:      v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined},
		OnlineServices: offers,
	}
	return a
}

// handover is one of a project that hands over Applications.
func (w world) handover(name, project string, applications ...v1alpha1.ObjectName) *v1alpha1.Handover {
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	h.Spec.ProjectRef.Name = v1alpha1.ObjectName(project)
	h.Spec.OperationsUnitRef.Name = "amt-10"
	for _, a := range applications {
		h.Spec.ApplicationRefs = append(h.Spec.ApplicationRefs, v1alpha1.ApplicationReference{Name: a})
	}
	return h
}

// judged sets the stage of a handover, as its controller does.
func (w world) judged(h *v1alpha1.Handover, stage v1alpha1.HandoverStage) {
	w.Helper()
	before := controllertest.Get(w.World, h)
	is := before.DeepCopy()
	is.Status.Stage = stage
	w.Must(w.Client.Status().Patch(w.Context(), is, client.MergeFrom(before)))
}

// unit is one below another.
func (w world) unit(name, parent string) *v1alpha1.OrganisationalUnit {
	u := &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
	u.Spec = v1alpha1.OrganisationalUnitSpec{
		Number: strings.TrimPrefix(name, "amt-"), Type: v1alpha1.UnitOffice, DisplayName: v1alpha1.LocalisedText{EN: name},
	}
	if parent != "" {
		u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	return u
}

// start runs the controller until the test, or its Stop, ends it.
func (w world) start() *controllertest.Operator {
	w.Helper()
	return w.Operate(func(mgr ctrl.Manager, o *controllertest.Operator) error {
		m, err := metrics.NewProjects(o.Registry)
		if err != nil {
			return err
		}
		o.Clock = w.clock
		return (&Reconciler{Common: o.Common, Metrics: m}).SetupWithManager(mgr, nil, controller.Options{})
	})
}

// await returns a project as soon as it is as wanted; otherwise it ends the test
// and says what was missing.
func (w world) await(name string, wanted ...func(*v1alpha1.Project) string) *v1alpha1.Project {
	w.Helper()
	return controllertest.AwaitObject(w.World, w.project(name), func(p *v1alpha1.Project) string {
		if p.Status.ObservedGeneration != p.Generation {
			return fmt.Sprintf("generation %d is not seen yet", p.Generation)
		}
		for _, want := range wanted {
			if missing := want(p); missing != "" {
				return missing
			}
		}
		return ""
	})
}

// is wants a project to be in a stage.
func is(stage v1alpha1.ProjectStage) func(*v1alpha1.Project) string {
	return func(p *v1alpha1.Project) string {
		if p.Status.Stage != stage {
			return fmt.Sprintf("the stage is %q, want %q", p.Status.Stage, stage)
		}
		return ""
	}
}

// says wants a condition of a project, with words in its message.
func says(conditionType string, value metav1.ConditionStatus, reason string, words ...string) func(*v1alpha1.Project) string {
	return func(p *v1alpha1.Project) string {
		if problem := controllertest.Condition(p, conditionType, value, reason); problem != "" {
			return problem
		}
		message := meta.FindStatusCondition(p.Status.Conditions, conditionType).Message
		for _, word := range words {
			if !strings.Contains(message, word) {
				return fmt.Sprintf("%s says %q, which lacks %q", conditionType, message, word)
			}
		}
		return ""
	}
}

// ready wants a project that all is well with.
func ready(p *v1alpha1.Project) string {
	for _, absent := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if c := meta.FindStatusCondition(p.Status.Conditions, absent); c != nil {
			return fmt.Sprintf("%+v", c)
		}
	}
	return controllertest.Condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
}

// reconciled is how often a Project was looked at in this process so far.
func (w world) reconciled() float64 {
	w.Helper()
	n, _ := controllertest.Metric(w, crmetrics.Registry, "controller_runtime_reconcile_total", "controller", name)
	return n
}

// still returns a function that says whether nobody was looked at for a while.
func (w world) still() func() bool {
	last, since := -1.0, time.Now()
	return func() bool {
		if n := w.reconciled(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 3*limits.Settle
	}
}

// noEvent says that nobody was told anything.
func noEvent(t *testing.T, o *controllertest.Operator) {
	t.Helper()
	select {
	case e := <-o.Events:
		t.Errorf("Event %q", e)
	default:
	}
}
