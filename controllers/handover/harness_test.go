// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases"))
}

// world is the API server as a test sees it. What has no namespace is named by
// the test's namespace.
type world struct {
	*controllertest.World
	clock *controllertest.ShiftedClock
	// pace of the operators that start from now on.
	pace pace.WriteLimits
	// names that were made up.
	names int
}

// began is when the tests begin, a Monday.
var began = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// newWorld returns a world in which there is what the handover of example 08
// refers to, but neither it nor the Application.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		World: controllertest.NewWorld(t, "handover-", &v1alpha1.Handover{}, &v1alpha1.SignOff{}, &v1alpha1.Application{},
			&v1alpha1.AvailabilityRecord{}, &v1alpha1.Project{}, &v1alpha1.OrganisationalUnit{}, &v1alpha1.GovernancePolicy{}),
		clock: &controllertest.ShiftedClock{},
		pace:  pace.WriteLimits{Burst: 1000, Spacing: time.Second, Minor: 100 * time.Millisecond},
	}
	w.clock.Set(began)
	w.Create(w.unit("kdz-16-03-04"), w.project("online-terminvergabe"))
	return w
}

// start runs the controller until the test, or its Stop, ends it.
func (w *world) start() *controllertest.Operator {
	w.Helper()
	return w.Operate(func(mgr ctrl.Manager, o *controllertest.Operator) error {
		m, err := metrics.NewHandovers(o.Registry)
		if err != nil {
			return err
		}
		if err := gather.AddIndexes(context.Background(), mgr.GetFieldIndexer()); err != nil {
			return err
		}
		o.Clock = w.clock
		return (&Reconciler{Common: o.Common, Metrics: m, Pace: w.pace}).SetupWithManager(context.Background(), mgr, nil, controller.Options{MaxConcurrentReconciles: 1})
	})
}

// restart ends a run, lets time pass and begins another one.
func (w *world) restart(o *controllertest.Operator, pass time.Duration) *controllertest.Operator {
	w.Helper()
	o.Stop()
	w.clock.Set(w.clock.Now().Add(pass))
	return w.start()
}

func (w *world) unit(name string) *v1alpha1.OrganisationalUnit {
	return &v1alpha1.OrganisationalUnit{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.OrganisationalUnitSpec{Number: "16", Type: v1alpha1.UnitKDZ, DisplayName: v1alpha1.LocalisedText{EN: name}},
	}
}

// lead is who leads the project.
const lead = "lead@example.org"

func (w *world) project(name string) *v1alpha1.Project {
	p := &v1alpha1.Project{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	p.Spec.DisplayName = v1alpha1.LocalisedText{EN: name}
	p.Spec.OfficeRef = v1alpha1.UnitReference{Name: "amt-33"}
	p.Spec.Track = v1alpha1.TrackStandard
	p.Spec.Lead = &v1alpha1.ProjectLead{Name: "Project lead", User: lead}
	return p
}

// example reads the objects of example 08 into the namespace of the test.
func (w *world) example() (*v1alpha1.Handover, *v1alpha1.Application) {
	w.Helper()
	file, err := os.Open("../../test/examples/08-handover.yaml")
	w.Must(err)
	defer func() { w.Must(file.Close()) }()
	h, app := &v1alpha1.Handover{}, &v1alpha1.Application{}
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	w.Must(decoder.Decode(h))
	w.Must(decoder.Decode(app))
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		w.Fatalf("the example holds more than a Handover and an Application: %v", err)
	}
	h.Namespace, app.Namespace = w.Namespace, w.Namespace
	return h, app
}

// handover creates that of example 08, whose checks are stable at once, and its
// Application, which passes them all.
func (w *world) handover(change ...func(*v1alpha1.Handover)) *v1alpha1.Handover {
	w.Helper()
	h, app := w.example()
	h.Spec.StableFor = "0s"
	for i := range h.Spec.Criteria {
		h.Spec.Criteria[i].FulfilledOn = "2027-02-26"
	}
	for _, c := range change {
		c(h)
	}
	w.Create(h, app)
	w.passing(app, w.clock.Now().Add(-time.Hour))
	return h
}

// passing tells of an Application what lets it pass all checks, since a moment.
func (w *world) passing(app *v1alpha1.Application, since time.Time) {
	w.Helper()
	w.tell(app, func(a *v1alpha1.Application) {
		a.Status.ObservedGeneration = a.Generation
		for _, kind := range []string{v1alpha1.ConditionEndpointsAvailable, v1alpha1.ConditionBackedUp, v1alpha1.ConditionServiceLevelMet, v1alpha1.ConditionCentralised} {
			condition(a, kind, metav1.ConditionTrue, "AsTold", "all is well", since)
		}
	})
}

// condition sets one of an Application, as its controller would.
func condition(a *v1alpha1.Application, kind string, value metav1.ConditionStatus, reason, message string, since time.Time) {
	meta.SetStatusCondition(&a.Status.Conditions, metav1.Condition{
		Type: kind, Status: value, Reason: reason, Message: message,
		ObservedGeneration: a.Generation, LastTransitionTime: metav1.NewTime(since),
	})
}

// tell changes the status of an object as its controller would.
func tell[T client.Object](w *world, o T, change func(T)) {
	w.Helper()
	stored := controllertest.Get(w.World, o)
	before := stored.DeepCopyObject().(client.Object)
	change(stored)
	w.Must(w.Client.Status().Patch(w.Context(), stored, client.MergeFrom(before)))
}

func (w *world) tell(app *v1alpha1.Application, change func(*v1alpha1.Application)) {
	w.Helper()
	tell(w, app, change)
}

// sign signs the content that the Handover shows, unless change says otherwise.
func (w *world) sign(h *v1alpha1.Handover, name string, role v1alpha1.SignOffRole, by string, change ...func(*v1alpha1.SignOff)) *v1alpha1.SignOff {
	w.Helper()
	s := &v1alpha1.SignOff{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	s.Spec = v1alpha1.SignOffSpec{
		HandoverRef: v1alpha1.LocalHandoverReference{Name: v1alpha1.ObjectName(h.Name)},
		Role:        role, Outcome: v1alpha1.SignOffAccepted,
		ContentHash: controllertest.Get(w.World, h).Status.ContentHash,
		SignedBy:    v1alpha1.UserName(by), SignedAt: v1alpha1.Moment(w.clock.Now().UTC().Format(time.RFC3339)),
	}
	for _, c := range change {
		c(s)
	}
	w.Create(s)
	return s
}

// signAll has all required roles sign.
func (w *world) signAll(h *v1alpha1.Handover) {
	w.Helper()
	for role, by := range map[v1alpha1.SignOffRole]string{
		v1alpha1.RoleProjectLead: lead, v1alpha1.RoleOperations: "operations@example.org", v1alpha1.RoleApplicationManagement: "management@example.org",
	} {
		w.sign(h, "all-"+strings.ToLower(string(role)), role, by)
	}
}

// await returns a Handover as soon as its present spec was judged and it is as
// wanted.
func (w *world) await(h *v1alpha1.Handover, wanted ...func(*v1alpha1.Handover) string) *v1alpha1.Handover {
	w.Helper()
	return controllertest.AwaitObject(w.World, h, func(h *v1alpha1.Handover) string {
		if h.Status.ObservedGeneration != h.Generation {
			return fmt.Sprintf("generation %d is not seen yet", h.Generation)
		}
		for _, want := range wanted {
			if missing := want(h); missing != "" {
				return missing
			}
		}
		return ""
	})
}

// in says what keeps a Handover from being in a stage.
func in(stage v1alpha1.HandoverStage) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		if h.Status.Stage != stage {
			return fmt.Sprintf("the stage is %s, want %s", h.Status.Stage, stage)
		}
		return ""
	}
}

// is says what keeps a condition from being so.
func is(kind string, value metav1.ConditionStatus, reason string) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string { return controllertest.Condition(h, kind, value, reason) }
}

// lacks says what keeps something from being missing, for a reason and with
// words.
func lacks(reason, words string) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		for _, m := range h.Status.Missing {
			if m.Reason == reason && strings.Contains(m.Message+" "+m.Field, words) {
				return ""
			}
		}
		return fmt.Sprintf("missing is %+v, want %s with %q", h.Status.Missing, reason, words)
	}
}

// tells says what keeps the status from telling of a signature, that it counts
// if void is empty, and else why not.
func tells(name, void string) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		i := slices.IndexFunc(h.Status.SignOffs, func(s v1alpha1.SignOffSummary) bool { return string(s.Name) == name })
		switch {
		case i < 0:
			return name + " is not told of"
		case h.Status.SignOffs[i].Void != (void != "") || !strings.HasPrefix(h.Status.SignOffs[i].Message, void):
			return fmt.Sprintf("%+v, want void %q", h.Status.SignOffs[i], void)
		}
		return ""
	}
}

// drain takes the Events of a run that were recorded so far, but for those of
// settled.
func drain(o *controllertest.Operator) (all []string) {
	for {
		select {
		case e := <-o.Events:
			if !strings.Contains(e, "marked-") {
				all = append(all, e)
			}
		default:
			return all
		}
	}
}

// announced awaits as many Events as are wanted, which are recorded a moment after
// the status was written, and compares how they begin, in any order.
func (w *world) announced(o *controllertest.Operator, want ...string) {
	w.Helper()
	var all []string
	controllertest.AwaitThat(w, fmt.Sprintf("%d Events were recorded", len(want)), func() bool {
		all = append(all, drain(o)...)
		return len(all) >= len(want)
	})
	slices.Sort(all)
	slices.Sort(want)
	if len(all) != len(want) {
		w.Fatalf("Events %q, want %q", all, want)
	}
	for i := range want {
		if !strings.HasPrefix(all[i], want[i]) {
			w.Errorf("Event %q, want %q", all[i], want[i])
		}
	}
}

// settled waits until the operator has looked at what happened before, which
// another Handover shows, and an Application of its own that comes last: in the
// tests one worker looks at all in order.
func (w *world) settled() {
	w.Helper()
	marker, app := w.example()
	marker.Name, app.Name = w.fresh("marker"), w.fresh("marked")
	marker.Spec.ApplicationRefs[0].Name = v1alpha1.ObjectName(app.Name)
	w.Create(marker)
	w.await(marker, in(v1alpha1.HandoverPreparing))
	w.Create(app)
	w.await(marker, in(v1alpha1.HandoverVerifying))
}

// fresh returns a name that was not used.
func (w *world) fresh(prefix string) string {
	w.names++
	return fmt.Sprintf("%s-%d", prefix, w.names)
}
