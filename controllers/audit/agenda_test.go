// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

var morning = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func keysOf(found []appointment) []string {
	var keys []string
	for _, a := range found {
		keys = append(keys, a.key)
	}
	return keys
}

func TestABurstIsOneAppointment(t *testing.T) {
	clock := clocktesting.NewFakeClock(morning)
	a := newAgenda(clock, nil)
	for range 100 {
		a.soon("amt-33", true)
		clock.Step(10 * time.Millisecond)
	}
	a.soon("amt-33", false) // this one concerns it alone
	if found, wait := a.due(); len(found) != 0 || wait != time.Second {
		t.Fatalf("due %v, else in %s", found, wait)
	}
	clock.Step(time.Second)
	found, wait := a.due()
	if len(found) != 1 || found[0].behind || wait != longest {
		t.Fatalf("due %+v, else in %s", found, wait)
	}
}

func TestTheEarliestMomentCounts(t *testing.T) {
	clock := clocktesting.NewFakeClock(morning)
	a := newAgenda(clock, nil)
	a.at("amt-33", morning.Add(30*time.Minute), true)
	a.at("amt-33", morning.Add(10*time.Minute), true)
	a.at("amt-33", morning.Add(20*time.Minute), true)
	if _, wait := a.due(); wait != 10*time.Minute {
		t.Errorf("due in %s", wait)
	}
	a.drop("amt-33")
	a.drop("amt-33")
	clock.Step(time.Hour)
	if found, _ := a.due(); len(found) != 0 {
		t.Errorf("due is %v, which was dropped", found)
	}
}

func TestALargeNamespaceIsLeftAloneForAWhile(t *testing.T) {
	clock := clocktesting.NewFakeClock(morning)
	a := newAgenda(clock, nil)
	a.took("large", 3*time.Second)
	a.took("small", 10*time.Millisecond)
	a.soon("large", false)
	a.soon("small", false)
	clock.Step(settle)
	if found, wait := a.due(); !slices.Equal(keysOf(found), []string{"small"}) || wait != 28*time.Second {
		t.Errorf("due is %v, else in %s", keysOf(found), wait)
	}
	// The passing of time does not wait for it.
	a.at("large", clock.Now(), false)
	if found, _ := a.due(); !slices.Equal(keysOf(found), []string{"large"}) {
		t.Errorf("due is %v", keysOf(found))
	}
	a.took("large", time.Millisecond)
	a.soon("large", false)
	if _, wait := a.due(); wait != settle {
		t.Errorf("due in %s", wait)
	}
}

func TestTheAgendaNeverSleepsTooLong(t *testing.T) {
	a := newAgenda(clocktesting.NewFakeClock(morning), nil)
	a.at("amt-33", morning.AddDate(1, 0, 0), true)
	if _, wait := a.due(); wait != longest {
		t.Errorf("sleeps %s", wait)
	}
}

func TestAppointmentsAreKeptInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := clocktesting.NewFakeClock(morning)
		a := newAgenda(clock, nil)
		model := map[string]time.Time{}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "key")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				at := clock.Now().Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
				a.at(key, at, true)
				if old, there := model[key]; !there || at.Before(old) {
					model[key] = at
				}
			case 2:
				a.drop(key)
				delete(model, key)
			default:
				clock.Step(time.Minute)
				var want []string
				for key, at := range model {
					if !at.After(clock.Now()) {
						want = append(want, key)
						delete(model, key)
					}
				}
				found, _ := a.due()
				got := keysOf(found)
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("due (-want +got):\n%s", diff)
				}
			}
		}
	})
}

func TestEverythingIsEachNamespaceAndTheCluster(t *testing.T) {
	clock := clocktesting.NewFakeClock(morning)
	a := newAgenda(clock, func(context.Context) []string { return []string{"amt-10", "amt-33"} })
	q := newRecordingQueue()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := a.start(ctx, q); err != nil {
		t.Fatal(err)
	}
	a.soon(everything, true)
	a.soon("amt-33", false)
	for !clock.HasWaiters() {
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
	}
	var got []string
	for len(got) < 4 {
		clock.Step(settle)
		select {
		case key := <-q.added:
			got = append(got, key)
		case <-time.After(10 * time.Millisecond):
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{cluster, "amt-10", "amt-33", "amt-33"}, got); diff != "" {
		t.Errorf("queued (-want +got):\n%s", diff)
	}
}
