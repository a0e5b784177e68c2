// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// reader is somebody outside who keeps the account of one check from its
// changes alone.
type reader struct {
	state    State
	at       time.Time
	snapshot []Observation
}

// follow applies the changes that are not known yet.
func (r *reader) follow(t *rapid.T, o Observation) {
	for i, c := range o.Changes {
		if i > 0 && !c.At.After(o.Changes[i-1].At) {
			t.Fatalf("change %d of %v is not after the one before", i, o.Changes)
		}
		if !c.At.After(r.at) {
			continue
		}
		if c.State == r.state && c.State != StateDegraded && c.Reason != ReasonTooManyChanges {
			t.Fatalf("%s became %s", r.state, c.State)
		}
		r.state, r.at = c.State, c.At
	}
	if r.state != o.State {
		t.Fatalf("by its changes it is %s, but it is %s: %v", r.state, o.State, o.Changes)
	}
	if len(o.Changes) > 0 && o.State != StateDown && o.Since.After(r.at) {
		t.Fatalf("%s since %s, which is after its change at %s", o.State, o.Since, r.at)
	}
}

// account is an engine, its readers, and what was told of the watermark.
type account struct {
	*world
	names    []string
	readers  map[string]*reader
	behaves  map[string]behaviour
	failures map[string]int
	last     Watermark
	restless bool // the clock may be set
	stepped  bool // and was
}

func newAccount(t *rapid.T, tb testing.TB) *account {
	options := Options{Workers: 4}
	if rapid.Bool().Draw(t, "witness") {
		options = withWitness()
	}
	a := &account{
		world:    newWorld(tb, options),
		readers:  map[string]*reader{},
		behaves:  map[string]behaviour{},
		failures: map[string]int{},
		restless: rapid.IntRange(0, 3).Draw(t, "restless") == 0,
	}
	for n := range rapid.IntRange(1, 5).Draw(t, "checks") {
		name := fmt.Sprint(n)
		a.names = append(a.names, name)
		a.readers[name] = &reader{state: StatePending}
		a.behaves[name], a.failures[name] = well, 3
		a.ensureCheck(t, name)
	}
	return a
}

func (a *account) ensureCheck(t *rapid.T, name string) {
	n := len(name)*7 + int(name[0])
	c := in(probe(address(n), func(at, timeout time.Duration) (Result, time.Duration) {
		return a.behaves[name](at, timeout)
	}), time.Duration(rapid.IntRange(2, 30).Draw(t, "interval"))*second)
	c.FailureThreshold = a.failures[name]
	a.ensure(name, c)
}

func (a *account) draw(t *rapid.T) string { return rapid.SampledFrom(a.names).Draw(t, "check") }

// mark compares the watermark with all that is unsettled.
func (a *account) mark(t *rapid.T) {
	m := a.engine.Watermark()
	if m.At.Before(a.last.At) {
		t.Fatalf("the watermark went back from %s to %s", a.last.At, m.At)
	}
	if len(m.Pending) > MaxPending {
		t.Fatalf("%d are pending", len(m.Pending))
	}
	pending := map[string]time.Time{}
	for i, p := range m.Pending {
		if _, twice := pending[p.Subscriber.Name]; twice || i > 0 && p.FirstFailure.Before(m.Pending[i-1].FirstFailure) {
			t.Fatalf("pending %v", m.Pending)
		}
		pending[p.Subscriber.Name] = p.FirstFailure
	}
	for _, name := range a.names {
		for _, c := range a.see(name).Changes {
			first, found := pending[name]
			if c.At.Before(m.At) && !a.stepped && (c.State != StateDown || !found || first.After(c.At)) {
				t.Fatalf("%s became %s at %s, and the watermark is %s: %v", name, c.State, c.At, m.At, m.Pending)
			}
		}
	}
	a.last = m
}

// Whatever happens, the changes of a check tell the same as its state to whoever
// follows them, however often and late it is recorded that they were, and the
// watermark passes over none of them.
func TestChangesTellTheStateAndTheWatermarkPassesOverNone(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		a := newAccount(t, tt)
		read := func(name string) {
			o := a.engine.Observations(keyOf(name))
			a.readers[name].follow(t, o[0])
			a.readers[name].snapshot = o
		}
		t.Repeat(map[string]func(*rapid.T){
			"run":  func(t *rapid.T) { a.run(time.Duration(rapid.IntRange(1, 60_000).Draw(t, "ms")) * time.Millisecond) },
			"read": func(t *rapid.T) { read(a.draw(t)) },
			"settle": func(t *rapid.T) {
				name := a.draw(t)
				a.engine.Settle(keyOf(name), a.readers[name].snapshot)
			},
			"settle before": func(t *rapid.T) {
				for _, name := range a.names {
					read(name)
				}
				a.engine.SettleBefore(a.last.At.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "seconds")) * second))
			},
			"behave": func(t *rapid.T) {
				all := []behaviour{well, refusing, hanging, starving, rejecting}
				a.behaves[a.draw(t)] = rapid.SampledFrom(all).Draw(t, "behaviour")
			},
			"limit": func(t *rapid.T) {
				name := a.draw(t)
				a.failures[name] = rapid.IntRange(1, 6).Draw(t, "threshold")
				a.ensureCheck(t, name)
			},
			"cut": func(t *rapid.T) { a.witness = rapid.Bool().Draw(t, "witness answers") },
			"distrust": func(t *rapid.T) {
				if rapid.Bool().Draw(t, "distrust") {
					a.engine.Distrust("The clock is wrong.")
				} else {
					a.engine.Trust()
				}
			},
			"set the clock": func(t *rapid.T) {
				if a.restless && rapid.Bool().Draw(t, "now") {
					a.stepped = true
					a.at.wall += int64(time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "by")) * second)
				}
			},
			"resume": func(t *rapid.T) {
				a.engine.Resume([]Pending{{
					Subscriber:   keyOf(a.draw(t)),
					Check:        "web",
					FirstFailure: a.wall(a.now() - minute),
					Count:        rapid.IntRange(1, 6).Draw(t, "count"),
				}})
			},
			"mark": a.mark,
			"":     func(t *rapid.T) { a.verifyAccounts() },
		})
		for _, name := range a.names {
			read(name)
		}
	})
}
