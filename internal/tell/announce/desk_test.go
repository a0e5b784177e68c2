// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// play is a desk at which transitions arrive one after the other, each of an
// Application of its own, and of which all that is due is taken in time.
type play struct {
	*rapid.T
	desk desk
	now  time.Time
	// came and told count transitions.
	came, told int
	// moments of all that came.
	moments []time.Time
	// stormy transitions came when more than a hundred had come within 10 s.
	stormy map[string]bool
}

func (p *play) arrive(after time.Duration, unit string, to v1alpha1.OperationalState) {
	end := p.now.Add(after)
	p.takeUntil(end)
	p.now = end
	name := fmt.Sprint(p.came)
	p.came++
	p.moments = append(p.moments, end)
	n := 0
	for _, m := range p.moments {
		if end.Sub(m) < window {
			n++
		}
	}
	p.stormy[name] = n > storm
	p.desk.add(newTransition(application(name, unit, to), to == v1alpha1.StateOutage, "", end))
	if singles, folds := len(p.desk.singles), len(p.desk.folds); singles > storm || folds > 2*3 {
		p.Fatalf("%d single transitions are held, and those of %d units", singles, folds)
	}
}

// takeUntil takes what is due when it is due.
func (p *play) takeUntil(end time.Time) {
	for due, held := p.desk.next(); held && !due.After(end); due, held = p.desk.next() {
		if due.Before(p.now) {
			p.Fatalf("something was due at %v, before %v", due, p.now)
		}
		messages := p.desk.take(due)
		if len(messages) == 0 {
			p.Fatalf("nothing was taken at %v, when it was due", due)
		}
		for _, m := range messages {
			p.tell(m, due.Sub(m.since))
		}
	}
}

func (p *play) tell(m message, held time.Duration) {
	if m.reason == string(v1alpha1.StateOutage) || m.reason == string(v1alpha1.StateOperational) {
		p.told++
		if held < soon || held > window {
			p.Errorf("%s was held for %v", m.application.Name, held)
		}
		if p.stormy[m.application.Name] {
			p.Errorf("%s was told singly in a storm", m.application.Name)
		}
		return
	}
	var n int
	if _, err := fmt.Sscanf(m.note, "%d Application", &n); err != nil {
		p.Fatalf("%q: %v", m.note, err)
	}
	p.told += n
	if held < quiet || held > longest {
		p.Errorf("those of %s were held for %v", m.unit, held)
	}
}

// TestDeskLosesNothing: however transitions come, each is told once and in
// time, none of a storm by itself, and what is held is bounded.
func TestDeskLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		exist := func(name string) bool { return name == "amt-10" || name == "kdz-16" }
		p := &play{T: t, desk: newDesk(exist), now: noon, stormy: map[string]bool{}}
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			// Of a phase the pauses are alike: a wave, or a day on which little happens.
			longest := rapid.SampledFrom([]int{0, 10, 150, 3_000, 40_000}).Draw(t, "longest pause")
			for range rapid.IntRange(1, 250).Draw(t, "transitions") {
				p.arrive(time.Duration(rapid.IntRange(0, longest).Draw(t, "pause"))*time.Millisecond,
					rapid.SampledFrom([]string{"", "kdz-16", "nobody"}).Draw(t, "unit"),
					rapid.SampledFrom([]v1alpha1.OperationalState{v1alpha1.StateOutage, v1alpha1.StateOperational}).Draw(t, "state"))
			}
		}
		p.takeUntil(p.now.Add(time.Hour))
		if p.told != p.came {
			t.Errorf("%d transitions came, %d were told", p.came, p.told)
		}
	})
}
