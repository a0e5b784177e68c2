// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}))
}

// TestEventsOutliveTheirTeller: what is held when the operator is stopped is on
// the server by the time it has stopped, and what comes from a controller that
// stops a little later, too.
func TestEventsOutliveTheirTeller(t *testing.T) {
	mgr, err := ctrl.NewManager(controlplanetest.Config(t), ctrl.Options{Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		t.Fatal(err)
	}
	name := "teller-" + rand.String(8)
	a := New(Options{Recorder: mgr.GetEventRecorder(name), Client: mgr.GetClient(), Name: name, Unit: units("kdz-16"), Clock: clock.RealClock{}})
	if err := mgr.Add(a); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	down := func(name string) {
		app := application(name, "kdz-16", v1alpha1.StateOutage)
		app.Namespace = "default"
		a.Transition(app, "", true, "Outage: connection refused")
	}
	for i := range 50 {
		down(fmt.Sprint("held-", i))
	}
	await(t, func() bool { return len(a.wake) == 0 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	down("late")

	got := eventsv1.EventList{}
	if err := mgr.GetAPIReader().List(t.Context(), &got, client.InNamespace("default"), client.MatchingFields{"reportingController": name}); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range got.Items {
		told = append(told, e.Regarding.Name)
		if e.Note != "Outage: connection refused" || e.Type != "Warning" || e.ReportingController != name || e.Regarding.Kind != "Application" {
			t.Errorf("told: %+v", e)
		}
	}
	if slices.Sort(told); len(slices.Compact(told)) != 51 || len(got.Items) != 51 {
		t.Errorf("%d Events of 51 outlived the operator: %v", len(got.Items), told)
	}
}

// TestTheLastWordOnAUnit: the server takes an Event on a unit.
func TestTheLastWordOnAUnit(t *testing.T) {
	c, err := client.New(controlplanetest.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	name := "teller-" + rand.String(8)
	a := New(Options{Client: c, Name: name, Unit: units("kdz-17"), Clock: clock.RealClock{}})
	for i := range 200 {
		a.Transition(application(fmt.Sprint(i), "kdz-17", v1alpha1.StateOutage), "", true, "Outage")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	got := eventsv1.EventList{}
	if err := c.List(t.Context(), &got, client.InNamespace("default"), client.MatchingFields{"reportingController": name}); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 1 || got.Items[0].Regarding.Kind != "OrganisationalUnit" || got.Items[0].Regarding.Name != "kdz-17" || got.Items[0].Reason != ReasonApplicationsFailed {
		t.Errorf("told: %+v", got.Items)
	}
}

// hanging is a server that does not answer before its time is over.
type hanging struct{ asked int }

func (h *hanging) Create(ctx context.Context, _ client.Object, _ ...client.CreateOption) error {
	h.asked++
	if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > lastWords {
		return errors.New("nothing would end this")
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestTheEndIsNotHeldUp: a server that hangs is asked once, for as long as the
// last words may take.
func TestTheEndIsNotHeldUp(t *testing.T) {
	h := &hanging{}
	a := New(Options{Client: h, Unit: units(), Clock: clocktesting.NewFakeClock(noon)})
	for i := range 50 {
		a.Transition(application(fmt.Sprint(i), "", v1alpha1.StateOutage), "", true, "Outage")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if h.asked != 1 {
		t.Errorf("it was asked %d times", h.asked)
	}
}
