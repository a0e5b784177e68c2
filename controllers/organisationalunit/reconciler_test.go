// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// inState wants a unit in a state with so many Applications.
func inState(s v1alpha1.OperationalState, total int32) func(*v1alpha1.OrganisationalUnit) string {
	return func(u *v1alpha1.OrganisationalUnit) string {
		if u.Status.OperationalState != s || u.Status.Applications.Total != total {
			return fmt.Sprintf("want %s with %d Applications", s, total)
		}
		return ""
	}
}

// having wants conditions of a unit, as short tells them; Available is left to
// inState.
func having(want map[string]string) func(*v1alpha1.OrganisationalUnit) string {
	return func(u *v1alpha1.OrganisationalUnit) string {
		got := short(u)
		delete(got, v1alpha1.ConditionAvailable)
		return cmp.Diff(want, got)
	}
}

var isReady = having(map[string]string{"Ready": "True Succeeded"})

func TestAnOutageIsSeenUpToTheTop(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz-16", "")
	w.createUnit("kdz-16-03", "kdz-16")
	w.createUnit("kdz-16-03-04", "kdz-16-03")
	w.createUnit("amt-10", "")
	w.createUnit("amt-33", "")
	w.createApplication("civento", "kdz-16-03-04", "amt-10", "kdz-16-03")
	o := w.start()

	// All that name it and all above, each once, although three name it.
	concerned := []string{"kdz-16", "kdz-16-03", "kdz-16-03-04", "amt-10"}
	for _, unit := range concerned {
		w.await(unit, inState(v1alpha1.StateUnknown, 1))
	}
	w.await("amt-33", inState(v1alpha1.StateOperational, 0))

	w.setState("civento", v1alpha1.StateOutage, "endpoint portal refused the connection")
	written := time.Now()
	root := w.await("kdz-16", inState(v1alpha1.StateOutage, 1))
	took := time.Since(written)
	t.Logf("seen at the top after %s", took.Round(time.Millisecond))
	if took >= limits.Spacing { // it settles for 200 ms; the rest is left to a busy machine
		t.Errorf("the outage was seen at the top after %s, as if the first change had to wait", took)
	}
	for _, unit := range concerned {
		u := w.await(unit, inState(v1alpha1.StateOutage, 1))
		want := w.Namespace + "/civento is out: endpoint portal refused the connection"
		if u.Status.Cause != want {
			t.Errorf("cause of %s is %q, want %q", unit, u.Status.Cause, want)
		}
	}
	wantConditions := map[string]string{"Ready": "True Succeeded", "Available": "False Outage"}
	if diff := cmp.Diff(wantConditions, short(root)); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	for _, c := range root.Status.Conditions {
		if c.ObservedGeneration != root.Generation {
			t.Errorf("%s: observedGeneration %d, want %d", c.Type, c.ObservedGeneration, root.Generation)
		}
	}
	if diff := cmp.Diff(v1alpha1.CentralisationCounts{Compliant: 1}, root.Status.Centralisation); diff != "" {
		t.Errorf("centralisation (-want +got):\n%s", diff)
	}
	if out, _ := o.Metric("kdz_unit_applications", "unit", "kdz-16", "state", "Outage"); out != 1 {
		t.Errorf("the metric counts %v Applications out, want 1", out)
	}
	if out, _ := o.Metric("kdz_unit_state", "unit", "kdz-16", "state", "Outage"); out != 1 {
		t.Errorf("the metric of the state is %v, want 1", out)
	}

	w.setState("civento", v1alpha1.StateOperational, "")
	root = w.await("kdz-16", inState(v1alpha1.StateOperational, 1))
	if root.Status.Cause != "" {
		t.Errorf("cause %q is left", root.Status.Cause)
	}
	w.Must(w.Client.Delete(t.Context(), w.application("civento", "kdz-16")))
	w.await("kdz-16", inState(v1alpha1.StateOperational, 0))
	controllertest.AwaitThat(w, "Events of the root", func() bool { return len(o.Events) >= 3 })
}

func TestEveryChangeOfStateIsOneEvent(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz-16", "")
	w.createApplication("civento", "kdz-16")
	w.setState("civento", v1alpha1.StateOperational, "")
	o := w.start()
	w.await("kdz-16", inState(v1alpha1.StateOperational, 1))
	w.setState("civento", v1alpha1.StateOutage, "gone")
	w.await("kdz-16", inState(v1alpha1.StateOutage, 1))
	w.setState("civento", v1alpha1.StateOutage, "still gone")
	w.await("kdz-16", func(u *v1alpha1.OrganisationalUnit) string {
		if !strings.Contains(u.Status.Cause, "still gone") {
			return "want the new cause"
		}
		return ""
	})
	w.setState("civento", v1alpha1.StateOperational, "")
	w.await("kdz-16", inState(v1alpha1.StateOperational, 1))
	// An Event follows the write that it tells of.
	controllertest.AwaitThat(w, "both Events are there", func() bool { return len(o.Events) >= 2 })
	o.Stop()

	close(o.Events)
	var got []string
	for event := range o.Events {
		got = append(got, event)
	}
	want := []string{
		"Warning Outage " + w.Namespace + "/civento is out: gone",
		"Normal Operational the unit is Operational again, after Outage",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}

func TestAMovedUnitTakesItsApplicationsAlong(t *testing.T) {
	w := newWorld(t)
	w.createUnit("city", "")
	w.createUnit("old", "city")
	w.createUnit("new", "city")
	w.createUnit("team", "old")
	w.createUnit("desk", "team")
	w.createApplication("civento", "desk")
	w.createApplication("loga", "team")
	w.start()
	for unit, total := range map[string]int32{"city": 2, "old": 2, "new": 0, "team": 2, "desk": 1} {
		w.await(unit, func(u *v1alpha1.OrganisationalUnit) string { return inState(u.Status.OperationalState, total)(u) })
	}

	w.setParent("team", "new")
	w.await("new", inState(v1alpha1.StateUnknown, 2))
	w.await("old", inState(v1alpha1.StateOperational, 0))
	w.await("city", inState(v1alpha1.StateUnknown, 2))

	w.Must(w.Client.Delete(t.Context(), newUnit("team", "")))
	w.await("new", inState(v1alpha1.StateOperational, 0))
	w.await("desk", having(map[string]string{"Ready": "False ReferenceNotFound", "Reconciling": "True ReferenceNotFound"}))
}

func TestAMissingParentHealsWhenItAppears(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz-16-03", "kdz-16")
	w.createApplication("civento", "kdz-16-03")
	w.createApplication("loga", "kdz-16-02") // a unit that does not exist yet
	w.setState("civento", v1alpha1.StateOutage, "gone")
	o := w.start()

	child := w.await("kdz-16-03", inState(v1alpha1.StateOutage, 1)) // it rolls up its own all the same
	want := map[string]string{"Ready": "False ReferenceNotFound", "Reconciling": "True ReferenceNotFound"}
	if missing := having(want)(child); missing != "" {
		t.Error(missing)
	}
	ready := meta.FindStatusCondition(child.Status.Conditions, v1alpha1.ConditionReady)
	if !strings.Contains(ready.Message, `"kdz-16"`) {
		t.Errorf("message %q does not name the parent", ready.Message)
	}

	w.createUnit("kdz-16", "")
	w.await("kdz-16-03", isReady)
	w.await("kdz-16", inState(v1alpha1.StateOutage, 1))
	w.createUnit("kdz-16-02", "kdz-16")
	w.await("kdz-16-02", inState(v1alpha1.StateUnknown, 1))
	w.await("kdz-16", inState(v1alpha1.StateOutage, 2))

	w.Must(w.Client.Delete(t.Context(), newUnit("kdz-16", "")))
	w.await("kdz-16-03", having(want))
	controllertest.AwaitThat(w, "the metrics of the unit that is gone are dropped", func() bool {
		_, found := o.Metric("kdz_unit_state", "unit", "kdz-16", "state", "Outage")
		return !found
	})
}

func TestACycleStallsItsMembersUntilOneLeaves(t *testing.T) {
	w := newWorld(t)
	w.createUnit("a", "b")
	w.createUnit("b", "c")
	w.createUnit("c", "a")
	w.createUnit("below", "a")
	w.createUnit("apart", "")
	for _, unit := range []string{"a", "b", "c", "below", "apart"} {
		w.createApplication("of-"+unit, unit)
	}
	w.start()

	stalled := having(map[string]string{"Ready": "False ParentCycle", "Stalled": "True ParentCycle"})
	for unit, round := range map[string]string{"a": "a → b → c → a", "b": "b → c → a → b", "c": "c → a → b → c"} {
		u := w.await(unit, stalled)
		message := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionStalled).Message
		if !strings.Contains(message, round) {
			t.Errorf("unit %s: message %q does not show the way round %q", unit, message, round)
		}
	}
	// Each counts its own, and a what hangs below it; the others are well.
	for unit, total := range map[string]int32{"a": 2, "b": 1, "c": 1, "below": 1, "apart": 1} {
		w.await(unit, inState(v1alpha1.StateUnknown, total))
	}
	w.await("below", isReady)
	w.await("apart", isReady)

	w.setParent("c", "apart")
	for unit, total := range map[string]int32{"a": 2, "b": 3, "c": 4, "below": 1, "apart": 5} {
		w.await(unit, isReady)
		w.await(unit, inState(v1alpha1.StateUnknown, total))
	}
}

func TestARestartWritesNothing(t *testing.T) {
	w := newWorld(t)
	units := []string{"kdz-16", "kdz-16-02", "kdz-16-03", "orphan"}
	w.createUnit("kdz-16", "")
	w.createUnit("kdz-16-02", "kdz-16")
	w.createUnit("kdz-16-03", "kdz-16")
	w.createUnit("orphan", "nobody")
	for i := range 30 {
		w.createApplication(fmt.Sprintf("app-%d", i), units[1+i%2])
		w.setState(fmt.Sprintf("app-%d", i), v1alpha1.StateOperational, "")
	}
	w.setState("app-7", v1alpha1.StateOutage, "gone")
	first := w.start()
	w.await("kdz-16", inState(v1alpha1.StateOutage, 30))
	w.await("kdz-16-02", inState(v1alpha1.StateOperational, 15))
	w.await("kdz-16-03", inState(v1alpha1.StateOutage, 15))
	w.await("orphan", inState(v1alpha1.StateOperational, 0))
	first.Stop()
	before := map[string]*v1alpha1.OrganisationalUnit{}
	for _, name := range units {
		before[name] = w.unit(name)
	}

	second := w.start()
	for _, unit := range units {
		controllertest.AwaitThat(w, "unit "+unit+" is judged anew", func() bool {
			_, found := second.Metric("kdz_unit_judgements_total", "unit", unit)
			return found
		})
	}
	// An event that does need a write comes through, and shows that the run
	// would have written if it had wanted to.
	w.setState("app-8", v1alpha1.StateDegraded, "slow")
	w.await("kdz-16-02", inState(v1alpha1.StateDegraded, 15))
	w.await("kdz-16", func(u *v1alpha1.OrganisationalUnit) string {
		if u.Status.Applications.Degraded != 1 {
			return "want one Application degraded"
		}
		return ""
	})
	if n := second.Written(); n != 2 {
		t.Errorf("%d writes after the restart, want only the 2 of the later event", n)
	}
	for _, name := range []string{"kdz-16-03", "orphan"} {
		if got := w.unit(name).ResourceVersion; got != before[name].ResourceVersion {
			t.Errorf("unit %s was written", name)
		}
	}
	if got := w.unit("kdz-16"); !got.Status.Since.Equal(before["kdz-16"].Status.Since) {
		t.Errorf("since moved from %v to %v", before["kdz-16"].Status.Since, got.Status.Since)
	}
}

func TestABurstIsToldInFewWrites(t *testing.T) {
	const applications, writers = 1000, 8
	w := newWorld(t)
	w.createUnit("kdz-16", "")
	w.createUnit("kdz-16-03", "kdz-16")
	w.createUnit("kdz-16-03-04", "kdz-16-03")
	forAll := func(do func(name string)) {
		var all sync.WaitGroup
		for worker := range writers {
			all.Go(func() {
				for i := worker; i < applications; i += writers {
					do(fmt.Sprintf("app-%d", i))
				}
			})
		}
		all.Wait()
	}
	forAll(func(name string) {
		if err := w.Client.Create(t.Context(), w.application(name, "kdz-16-03-04")); err != nil {
			t.Error(err)
		}
	})
	o := w.start()
	w.await("kdz-16", inState(v1alpha1.StateUnknown, applications))
	controllertest.AwaitThat(w, "the first write is seen to need no second", func() bool {
		judged, _ := o.Metric("kdz_unit_judgements_total", "unit", "kdz-16")
		return judged >= 2
	})
	written := o.Written("kdz-16")
	judged, _ := o.Metric("kdz_unit_judgements_total", "unit", "kdz-16")

	begin := time.Now()
	forAll(func(name string) {
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"operationalState":"Outage"}}`))
		a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
		if err := w.Client.Status().Patch(t.Context(), a, patch); err != nil {
			t.Error(err)
		}
	})
	w.await("kdz-16", func(u *v1alpha1.OrganisationalUnit) string {
		if u.Status.Applications.Outage != applications {
			return "want all Applications out"
		}
		return ""
	})
	took := time.Since(begin)
	allowed := limits.Burst + int(took/limits.Spacing)
	written = o.Written("kdz-16") - written
	after, _ := o.Metric("kdz_unit_judgements_total", "unit", "kdz-16")
	judged = after - judged
	t.Logf("%d changes in %s: %d writes and %v judgements of the root", applications, took.Round(time.Millisecond), written, judged)
	if written > allowed {
		t.Errorf("the root was written %d times in %s, allowed are %d", written, took, allowed)
	}
	// Each write is looked at once more when the watch brings it back.
	if judged > float64(2*allowed) {
		t.Errorf("the root was judged %v times in %s, allowed are %d", judged, took, 2*allowed)
	}
}

func TestAFailedWriteIsRepeatedAndStopsNobody(t *testing.T) {
	w := newWorld(t)
	w.createUnit("bad", "")
	w.createUnit("good", "")
	o := w.start()
	w.await("bad", isReady)
	w.await("good", isReady)
	o.Refuse("bad", 3)
	w.createApplication("civento", "bad", "good")
	w.await("good", inState(v1alpha1.StateUnknown, 1))
	w.await("bad", inState(v1alpha1.StateUnknown, 1))
}

func TestAnotherHandIsPutRight(t *testing.T) {
	w := newWorld(t)
	w.createUnit("kdz-16", "")
	w.start()
	u := w.await("kdz-16", inState(v1alpha1.StateOperational, 0))
	before := u.DeepCopy()
	u.Status.OperationalState, u.Status.Applications.Total = v1alpha1.StateOutage, 99
	w.Must(w.Client.Status().Patch(t.Context(), u, client.MergeFrom(before)))
	w.await("kdz-16", inState(v1alpha1.StateOperational, 0))
}
