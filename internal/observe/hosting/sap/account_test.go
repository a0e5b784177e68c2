// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"sync"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
	"kdz.mainz.de/operator/internal/observe"
)

const success, failure, inconclusive = observe.OutcomeSuccess, observe.OutcomeFailure, observe.OutcomeInconclusive

// attempts checks how often credentials were shown, and how often in vain.
func attempts(t *testing.T, s *sapcontrol.System, all, rejected int) {
	t.Helper()
	if a, r := s.Attempts(); a != all || r != rejected {
		t.Fatalf("credentials were shown %d times, %d times in vain; want %d and %d", a, r, all, rejected)
	}
}

// askAll asks all instances at once.
func (w *world) askAll(h *v1alpha1.SAPHosting) []observe.Result {
	w.Helper()
	results := make([]observe.Result, len(h.Instances))
	var running sync.WaitGroup
	for place := range h.Instances {
		p := w.probeWithin(h, place, 30*time.Second)
		running.Go(func() { results[place] = p.Run(w.Context()) })
	}
	running.Wait()
	for place := range results {
		results[place] = w.read(h, place, results[place])
	}
	return results
}

// TestRejectedOnce: of 32 instances that are asked at once with a wrong password
// one is shown it, and none again until the penalty is over.
func TestRejectedOnce(t *testing.T) {
	const instances = 32
	w, s := newWorld(t), system(instances)
	h := login(serve(t, s, instances))
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	w.credentials("1", user, "wrong")
	for range 3 {
		for _, r := range w.askAll(h) {
			want(t, r, inconclusive, observe.ReasonCredentialsRejected)
		}
		attempts(t, s, 1, 1)
	}
	// It doubles, up to six hours.
	tried := 1
	for _, minutes := range []int{15, 30, 60, 120, 240, 360, 360} {
		w.clock.SetTime(w.clock.Now().Add(time.Duration(minutes)*time.Minute - time.Second))
		w.askAll(h)
		attempts(t, s, tried, tried)
		w.clock.SetTime(w.clock.Now().Add(time.Second))
		tried++
		w.askAll(h)
		attempts(t, s, tried, tried)
	}
}

// TestSecretChanges: another version of the Secret is tried at once.
func TestSecretChanges(t *testing.T) {
	const instances = 4
	w, s := newWorld(t), system(instances)
	h := login(serve(t, s, instances))
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	w.credentials("1", user, "wrong")
	w.askAll(h)
	attempts(t, s, 1, 1)
	w.credentials("2", user, password)
	for _, r := range w.askAll(h) {
		want(t, r, success, "")
	}
	attempts(t, s, 1+2*instances, 1)
	// And so is the old one, whose rest goes on.
	w.credentials("1", user, "wrong")
	w.askAll(h)
	attempts(t, s, 1+2*instances, 1)
}

// TestPasswordChanges: credentials that were accepted and no longer are go wrong
// a few times at most.
func TestPasswordChanges(t *testing.T) {
	const instances = 32
	w, s := newWorld(t), system(instances)
	h := login(serve(t, s, instances))
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	w.credentials("1", user, password)
	w.askAll(h)
	attempts(t, s, 2*instances, 0)
	s.SetPassword(user, "another")
	w.askAll(h)
	if _, rejected := s.Attempts(); rejected < 1 || rejected > atATime {
		t.Fatalf("the old password was shown %d times", rejected)
	}
	_, before := s.Attempts()
	w.askAll(h)
	if _, after := s.Attempts(); after != before {
		t.Fatalf("the old password was shown again: %d, then %d times", before, after)
	}
	// Acceptance ends the doubling.
	s.SetPassword(user, password)
	w.clock.SetTime(w.clock.Now().Add(15 * time.Minute))
	for _, r := range w.askAll(h) {
		want(t, r, success, "")
	}
	s.SetPassword(user, "another")
	w.askAll(h)
	s.SetPassword(user, password)
	w.clock.SetTime(w.clock.Now().Add(15 * time.Minute))
	for _, r := range w.askAll(h) {
		want(t, r, success, "")
	}
}

// TestRejectedWithList: while rejected credentials rest, what needs none is
// asked and judged.
func TestRejectedWithList(t *testing.T) {
	w, s := newWorld(t), system(2)
	h := login(serve(t, s, 2))
	s.Protect(sapcontrol.GetProcessList)
	w.credentials("1", user, "wrong")
	for range 2 {
		want(t, w.ask(h, 0), success, "")
		s.Instance(1).SetAll(sapcontrol.Red)
		want(t, w.ask(h, 1), failure, v1alpha1.ReasonProcessDown)
		s.Instance(1).SetAll(sapcontrol.Green)
	}
	attempts(t, s, 1, 1)
}

// TestRejected401: some services answer wrong credentials like none.
func TestRejected401(t *testing.T) {
	w, s := newWorld(t), system(3)
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	shown := 0
	h := login(serve(t, s, 3))
	for place := range h.Instances {
		h.Instances[place].URL = v1alpha1.HTTPURL(listen(t, refuses(s.Instance(place), &shown)))
	}
	w.credentials("1", user, "wrong")
	for place := range h.Instances {
		want(t, w.ask(h, place), inconclusive, observe.ReasonCredentialsRejected)
	}
	if shown != 1 {
		t.Fatalf("the credentials were shown %d times", shown)
	}
}

// TestDenied: a user who may not call a method has the right password, so others
// are called with it, and this one rests.
func TestDenied(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := login(serve(t, s, 1))
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	s.Deny(sapcontrol.GetProcessList)
	w.credentials("1", user, password)
	for round := range 3 {
		want(t, w.ask(h, 0), success, "")
		attempts(t, s, 2+round, 0)
	}
	w.clock.SetTime(w.clock.Now().Add(15 * time.Minute))
	s.Deny()
	want(t, w.ask(h, 0), success, "")
	attempts(t, s, 6, 0)
}

// TestNoCredentials: nobody is asked again and again with nothing.
func TestNoCredentials(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := serve(t, s, 1)
	s.Protect(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	r := w.ask(h, 0)
	want(t, r, inconclusive, ReasonCredentialsRequired)
	const message = "P01/00 on sapapp1: it wants a user and a password, and no Secret is declared"
	if r.Message != message {
		t.Errorf("message %q", r.Message)
	}
	s.Protect()
	s.Deny(sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList)
	want(t, w.ask(h, 0), inconclusive, v1alpha1.ReasonForbidden)
	attempts(t, s, 0, 0)
}

// TestNotSentUnasked: where nothing wants credentials none are sent.
func TestNotSentUnasked(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := login(serve(t, s, 1))
	w.credentials("1", user, "wrong")
	want(t, w.ask(h, 0), success, "")
	attempts(t, s, 0, 0)
}

// TestAccountWaits: whoever finds no place leaves when its time is over.
func TestAccountWaits(t *testing.T) {
	w := newWorld(t)
	var a account
	if err := a.enter(t.Context(), w.clock, false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := contextEnded(t)
	defer cancel()
	if err := a.enter(ctx, w.clock, false); err != errUntried { //nolint:errorlint // it is returned as it is
		t.Fatalf("error %v", err)
	}
	a.leave(answered, w.clock.Now())
	for range atATime {
		if err := a.enter(t.Context(), w.clock, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.enter(ctx, w.clock, false); err != errUntried { //nolint:errorlint // it is returned as it is
		t.Fatalf("error %v", err)
	}
	if err := a.enter(ctx, w.clock, true); err != nil {
		t.Fatalf("trusted credentials wait: %v", err)
	}
}

// TestKeptForgets: what nobody uses goes, what rests stays.
func TestKeptForgets(t *testing.T) {
	w := newWorld(t)
	var k kept[int]
	for n := range keepMin {
		*k.get(string(rune('a'+n)), w.clock.Now()) = n
	}
	later := w.clock.Now().Add(keepFor)
	if got := *k.get("b", later); got != 1 {
		t.Fatalf("b is %d", got)
	}
	k.get("new", later.Add(time.Second))
	if len(k.values) != 2 {
		t.Fatalf("%d values are kept", len(k.values))
	}
}
