// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// heard is a recorder that keeps what it was told: about whom, how, why, and
// in which words.
type heard struct {
	mu     sync.Mutex
	events []string
}

func (h *heard) Eventf(about, _ runtime.Object, kind, reason, action, note string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := "nobody"
	switch o, _ := about.(*corev1.ObjectReference); {
	case o == nil:
	case o.Kind == "Application":
		name = fmt.Sprintf("%s %s %s/%s %s", o.APIVersion, o.Kind, o.Namespace, o.Name, o.UID)
	case o.Kind == "OrganisationalUnit":
		name = o.Name
	}
	h.events = append(h.events, strings.Join([]string{name, kind, reason, action, fmt.Sprintf(note, args...)}, "|"))
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.events...)
}

// units are those that exist.
func units(names ...string) func(string) *v1alpha1.OrganisationalUnit {
	return func(name string) *v1alpha1.OrganisationalUnit {
		for _, n := range names {
			if n == name {
				return &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: n}}
			}
		}
		return nil
	}
}

// application of the unit amt-10, operated by the unit operator if there is one,
// in a state.
func application(name, operator string, state v1alpha1.OperationalState) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: name, UID: types.UID("uid-" + name)}}
	a.Spec.Responsible.UnitRef.Name = "amt-10"
	if operator != "" {
		a.Spec.Operation.UnitRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(operator)}
	}
	a.Status.OperationalState = state
	return a
}

// office is an Announcer at work, and what it was heard to say.
type office struct {
	*Announcer
	said  *heard
	clock *clocktesting.FakeClock
	t     *testing.T
}

// open starts an Announcer; stop ends it and returns when it has ended.
func open(t *testing.T, names ...string) (office, func()) {
	t.Helper()
	o := office{said: &heard{}, clock: clocktesting.NewFakeClock(noon), t: t}
	o.Announcer = New(Options{Recorder: o.said, Unit: units(names...), Clock: o.clock})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Start(ctx) }()
	ended := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(ended)
	return o, ended
}

// turn lets an Application go to a state.
func (o office) turn(name, operator string, to v1alpha1.OperationalState, note string) {
	from := v1alpha1.StateOperational
	if to == from {
		from = v1alpha1.StateOutage
	}
	o.Transition(application(name, operator, to), from, to == v1alpha1.StateOutage || to == v1alpha1.StateDegraded, note)
}

// pass lets time pass, and waits until it was noticed: either nothing is held,
// or somebody waits for the next moment.
func (o office) pass(d time.Duration) {
	o.t.Helper()
	await(o.t, o.attentive)
	o.clock.Step(d)
	await(o.t, o.attentive)
}

// attentive: what was due is told, and nothing is held, or the moment when it is
// due is waited for.
func (o office) attentive() bool {
	o.mu.Lock()
	next, held := o.desk.next()
	alarm := o.alarm
	o.mu.Unlock()
	if !held {
		return alarm.IsZero()
	}
	return next.After(o.clock.Now()) && !alarm.After(next) && o.clock.HasWaiters()
}

// await waits until it is so.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return condition(), nil })
	if err != nil {
		t.Fatal(err)
	}
}

func (o office) mustHaveSaid(want ...string) {
	o.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), o.said.all()); diff != "" {
		o.t.Fatalf("told (-want +got):\n%s", diff)
	}
}

const single = "kdz.mainz.de/v1alpha1 Application amt-10/%s uid-%s|%s|%s|Judge|%s"

func TestFewAreToldSingly(t *testing.T) {
	o, _ := open(t, "kdz-16")
	o.turn("portal", "kdz-16", v1alpha1.StateOutage, "Outage: portal: connection refused")
	o.pass(999 * time.Millisecond)
	o.mustHaveSaid()
	o.turn("portal", "kdz-16", v1alpha1.StateOperational, "Operational")
	o.pass(time.Millisecond)
	down := fmt.Sprintf(single, "portal", "portal", "Warning", "Outage", "Outage: portal: connection refused")
	o.mustHaveSaid(down)
	o.pass(999 * time.Millisecond)
	o.mustHaveSaid(down, fmt.Sprintf(single, "portal", "portal", "Normal", "Operational", "Operational"))
	if o.clock.HasWaiters() {
		t.Error("nothing is held, and somebody waits")
	}
}

func TestNoTransitionIsNoNews(t *testing.T) {
	o, stop := open(t)
	o.Transition(application("portal", "", v1alpha1.StateOutage), v1alpha1.StateOutage, true, "Outage")
	stop()
	o.mustHaveSaid()
}

func TestMoreThanFewWaitForTheWindow(t *testing.T) {
	o, _ := open(t, "kdz-16")
	for i := range 11 {
		o.turn(fmt.Sprint(i), "kdz-16", v1alpha1.StateDegraded, "Degraded")
	}
	o.pass(9999 * time.Millisecond)
	o.mustHaveSaid()
	o.pass(time.Millisecond)
	if got := o.said.all(); len(got) != 11 || got[10] != fmt.Sprintf(single, "10", "10", "Warning", "Degraded", "Degraded") {
		t.Errorf("told %q", got)
	}
}

func TestManyAreToldByUnit(t *testing.T) {
	o, _ := open(t, "kdz-16", "amt-10")
	for i := range 100 {
		o.turn(fmt.Sprintf("a%d", i), "kdz-16", v1alpha1.StateOutage, "Outage: connection refused")
	}
	// One more, and it is a storm. These belong to the unit that is responsible,
	// since nobody operates them, or nobody that exists.
	o.turn("own", "", v1alpha1.StateDegraded, "Degraded: slow")
	o.turn("lost", "nobody", v1alpha1.StateOperational, "Operational")
	for i := range 3 {
		o.turn(fmt.Sprintf("a%d", i), "kdz-16", v1alpha1.StateDegraded, "Degraded: slow")
	}
	o.pass(9999 * time.Millisecond)
	o.mustHaveSaid()
	o.pass(time.Millisecond)
	const example = "amt-10/a%d (Outage: connection refused)"
	var examples []string
	for i := range 5 {
		examples = append(examples, fmt.Sprintf(example, i))
	}
	o.mustHaveSaid(
		"amt-10|Warning|ApplicationsFailed|Judge|1 Application turned to Degraded: amt-10/own (Degraded: slow)",
		"amt-10|Normal|ApplicationsTurned|Judge|1 Application turned to Operational: amt-10/lost (Operational)",
		"kdz-16|Warning|ApplicationsFailed|Judge|97 Applications turned to Outage, 3 to Degraded, among them "+strings.Join(examples, ", "),
	)
	o.turn("portal", "kdz-16", v1alpha1.StateOutage, "Outage")
	o.pass(time.Second)
	if got := o.said.all(); len(got) != 4 || got[3] != fmt.Sprintf(single, "portal", "portal", "Warning", "Outage", "Outage") {
		t.Errorf("after the storm: %q", got)
	}
}

// TestAStormOfNobody: where no unit exists, the first Application hears it.
func TestAStormOfNobody(t *testing.T) {
	o, stop := open(t)
	long := strings.Repeat("x", 60)
	for i := range 200 {
		o.turn(fmt.Sprint("a", i)+long, fmt.Sprintf("nobody-%d", i), v1alpha1.StateOutage, strings.Repeat("ä", 900))
	}
	stop()
	got := o.said.all()
	if len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprintf(single, "a0"+long, "a0"+long, "Warning", "ApplicationsFailed", "200 Applications turned to Outage, among them amt-10/a0"+long+" (ä")) {
		t.Fatalf("told %q", got)
	}
	if note := got[0][strings.LastIndex(got[0], "|")+1:]; len(note) > 1000 || !strings.HasSuffix(note, "…") {
		t.Errorf("the note has %d bytes: %s", len(note), note)
	}
}

func TestAStormThatGoesOnIsToldOfInBetween(t *testing.T) {
	o, stop := open(t, "kdz-16")
	for second := range 400 {
		for i := range 20 {
			o.turn(fmt.Sprint(20*second+i), "kdz-16", v1alpha1.StateOutage, "Outage")
		}
		o.pass(time.Second)
	}
	if got := o.said.all(); len(got) != 1 || !strings.Contains(got[0], "|6000 Applications turned to Outage") {
		t.Errorf("after 400 s of storm: %q", got)
	}
	stop()
	if got := o.said.all(); len(got) != 2 || !strings.Contains(got[1], "|2000 Applications turned to Outage") {
		t.Errorf("at the end: %q", got)
	}
}

// TestTheTailOfAStorm: those that come one by one behind a storm are told with
// it, of its units, and not of others.
func TestTheTailOfAStorm(t *testing.T) {
	o, _ := open(t, "kdz-16", "kdz-17")
	for i := range 101 {
		o.turn(fmt.Sprint(i), "kdz-16", v1alpha1.StateOutage, "Outage")
	}
	for i := range 10 {
		o.pass(5 * time.Second)
		o.turn(fmt.Sprint("late-", i), "kdz-16", v1alpha1.StateOutage, "Outage")
	}
	o.turn("other", "kdz-17", v1alpha1.StateOutage, "Outage")
	o.pass(time.Second)
	o.mustHaveSaid(fmt.Sprintf(single, "other", "other", "Warning", "Outage", "Outage"))
	o.pass(9 * time.Second)
	if got := o.said.all(); len(got) != 2 || !strings.Contains(got[1], "|111 Applications turned to Outage") {
		t.Errorf("told %q", got)
	}
}

func TestAllIsToldAtTheEnd(t *testing.T) {
	o, stop := open(t, "kdz-16")
	o.turn("portal", "kdz-16", v1alpha1.StateOutage, "Outage")
	stop()
	down := fmt.Sprintf(single, "portal", "portal", "Warning", "Outage", "Outage")
	o.mustHaveSaid(down)
	o.turn("late", "kdz-16", v1alpha1.StateOutage, "Outage")
	o.mustHaveSaid(down, fmt.Sprintf(single, "late", "late", "Warning", "Outage", "Outage"))
	for i := range 1000 {
		o.turn(fmt.Sprint(i), "kdz-16", v1alpha1.StateOutage, "Outage")
	}
	if n := len(o.said.all()); n != 100 {
		t.Errorf("%d Events, want 100: what comes after the end is bounded", n)
	}
}

// TestNothingIsToldBeforeStart: what comes before is kept, and bounded.
func TestNothingIsToldBeforeStart(t *testing.T) {
	said := &heard{}
	fake := clocktesting.NewFakeClock(noon)
	a := New(Options{Recorder: said, Unit: units("kdz-16"), Clock: fake})
	for i := range 1000 {
		a.Transition(application(fmt.Sprint(i), "kdz-16", v1alpha1.StateOutage), "", true, "Outage")
		fake.Step(time.Minute)
	}
	if n := len(a.desk.singles); n > 100 || len(said.all()) != 0 {
		t.Fatalf("%d are held, told: %q", n, said.all())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if got := said.all(); !strings.Contains(got[0], "turned to Outage") {
		t.Errorf("told %q", got)
	}
}

// TestS10ToldByUnit: 10,000 Applications of 20 units go down at a rate of 200 a
// second, and return. Each unit hears it twice, once for the way down and once
// for the way back, and nothing is told of a single Application.
func TestS10ToldByUnit(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("kdz-16-%02d", i))
	}
	o, _ := open(t, names...)
	wave := func(to v1alpha1.OperationalState) {
		for i := range 10_000 {
			o.turn(fmt.Sprint(i), names[i%20], to, string(to))
			if i%20 == 19 {
				o.pass(100 * time.Millisecond)
			}
		}
		o.pass(time.Minute)
	}
	wave(v1alpha1.StateOutage)
	wave(v1alpha1.StateOperational)

	var want []string
	for _, way := range []string{"Warning|ApplicationsFailed|Judge|500 Applications turned to Outage", "Normal|ApplicationsTurned|Judge|500 Applications turned to Operational"} {
		for _, unit := range names {
			want = append(want, unit+"|"+way)
		}
	}
	var got []string
	for _, event := range o.said.all() {
		event, _, _ = strings.Cut(event, ", among them ")
		got = append(got, event)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if n := len(o.desk.folds) + len(o.desk.singles); n > 0 || o.clock.HasWaiters() {
		t.Errorf("%d are held at rest, and somebody waits: %t", n, o.clock.HasWaiters())
	}
}
