// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/state"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func endpoint(name string, s v1alpha1.ComponentState, since time.Time) state.Part {
	return state.Part{Kind: v1alpha1.CauseEndpoint, Name: name, State: s, Since: since, Essential: true}
}

func supporting(p state.Part) state.Part { p.Essential = false; return p }

func pending(p state.Part) state.Part { p.Pending = true; return p }

func dependency(name string, s v1alpha1.ComponentState, since time.Time) state.Part {
	p := endpoint(name, s, since)
	p.Kind = v1alpha1.CauseDependency
	return p
}

func inMaintenance(p state.Part) state.Part { p.InMaintenance = true; return p }

const (
	isUp       = v1alpha1.ComponentUp
	isDown     = v1alpha1.ComponentDown
	isDegraded = v1alpha1.ComponentDegraded
	isUnknown  = v1alpha1.ComponentUnknown
)

func TestJudge(t *testing.T) {
	window := &calendar.Window{Name: "patch", Start: ago(time.Minute), End: now.Add(time.Hour)}
	tests := []struct {
		name   string
		scope  state.Scope
		state  v1alpha1.OperationalState
		since  time.Time
		cause  string // kind/name, empty for none
		reason string
	}{{
		name:  "planned is not judged by what it answers",
		scope: state.Scope{Lifecycle: v1alpha1.LifecyclePlanned, Parts: []state.Part{endpoint("a", isDown, ago(time.Hour))}},
		state: v1alpha1.StatePlanned, since: now,
	}, {
		name:  "retired",
		scope: state.Scope{Lifecycle: v1alpha1.LifecycleRetired},
		state: v1alpha1.StateRetired, since: now,
	}, {
		name:  "all is well since the last part came up",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), endpoint("b", isUp, ago(time.Minute))}},
		state: v1alpha1.StateOperational, since: ago(time.Minute),
	}, {
		name:  "an essential endpoint down is an outage since it failed first",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), endpoint("b", isDown, ago(time.Minute))}},
		state: v1alpha1.StateOutage, since: ago(time.Minute), cause: "Endpoint/b",
	}, {
		name:  "the earliest of several is the cause",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDown, ago(time.Minute)), endpoint("b", isDown, ago(time.Hour))}},
		state: v1alpha1.StateOutage, since: ago(time.Hour), cause: "Endpoint/b",
	}, {
		name:  "a dependency is nearer to the root, even when it failed later",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDown, ago(time.Hour)), dependency("db", isDown, ago(time.Minute))}},
		state: v1alpha1.StateOutage, since: ago(time.Hour), cause: "Dependency/db",
	}, {
		name:  "a supporting endpoint down degrades",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), supporting(endpoint("b", isDown, ago(time.Minute)))}},
		state: v1alpha1.StateDegraded, since: ago(time.Minute), cause: "Endpoint/b",
	}, {
		name:  "slow degrades",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDegraded, ago(time.Minute))}},
		state: v1alpha1.StateDegraded, since: ago(time.Minute), cause: "Endpoint/a",
	}, {
		name:  "a soft dependency degrades",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), supporting(dependency("db", isDown, ago(time.Minute)))}},
		state: v1alpha1.StateDegraded, since: ago(time.Minute), cause: "Dependency/db",
	}, {
		name: "degraded after an outage since the outage ended",
		scope: state.Scope{
			Parts:    []state.Part{endpoint("a", isUp, ago(time.Second)), supporting(endpoint("b", isDown, ago(time.Hour)))},
			Previous: v1alpha1.StateOutage, PreviousSince: ago(2 * time.Hour),
		},
		state: v1alpha1.StateDegraded, since: ago(time.Second), cause: "Endpoint/b",
	}, {
		name:  "what could not be seen is not well",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), endpoint("b", isUnknown, ago(time.Minute))}},
		state: v1alpha1.StateUnknown, since: now, cause: "Endpoint/b",
	}, {
		name:  "a supporting endpoint that could not be seen says nothing",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), supporting(endpoint("b", isUnknown, ago(time.Minute)))}},
		state: v1alpha1.StateOperational, since: ago(time.Hour),
	}, {
		name:  "nor does a dependency that nobody can see",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), dependency("db", isUnknown, time.Time{})}},
		state: v1alpha1.StateOperational, since: ago(time.Hour),
	}, {
		name:  "what is not judged yet stays out",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), pending(endpoint("b", isUnknown, time.Time{}))}},
		state: v1alpha1.StateOperational, since: ago(time.Hour),
	}, {
		name:  "nothing judged yet",
		scope: state.Scope{Parts: []state.Part{pending(endpoint("b", isUnknown, time.Time{}))}},
		state: v1alpha1.StateUnknown, since: now, cause: "Observation/", reason: v1alpha1.ReasonAwaitingFirstResult,
	}, {
		name:  "nothing to look at",
		state: v1alpha1.StateUnknown, since: now, cause: "Observation/", reason: v1alpha1.ReasonNotObserved,
	}, {
		name:  "an outage in a window is maintenance, not before the window",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDown, ago(time.Hour))}, Window: window},
		state: v1alpha1.StateMaintenance, since: window.Start, cause: "Endpoint/a",
	}, {
		name:  "degraded in a window stays degraded",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDegraded, ago(time.Hour))}, Window: window},
		state: v1alpha1.StateDegraded, since: ago(time.Hour), cause: "Endpoint/a",
	}, {
		name: "after the window it is an outage from its end",
		scope: state.Scope{
			Parts:    []state.Part{endpoint("a", isDown, ago(time.Hour))},
			Previous: v1alpha1.StateMaintenance, PreviousSince: ago(30 * time.Minute),
		},
		state: v1alpha1.StateOutage, since: now, cause: "Endpoint/a",
	}, {
		name:  "only dependencies in maintenance: maintenance",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isUp, ago(time.Hour)), inMaintenance(dependency("db", isDown, ago(time.Minute)))}},
		state: v1alpha1.StateMaintenance, since: ago(time.Minute), cause: "Dependency/db",
	}, {
		name:  "a dependency in maintenance excuses nothing else",
		scope: state.Scope{Parts: []state.Part{endpoint("a", isDown, ago(time.Hour)), inMaintenance(dependency("db", isDown, ago(time.Minute)))}},
		state: v1alpha1.StateOutage, since: ago(time.Hour), cause: "Endpoint/a",
	}, {
		name: "an unchanged state keeps its begin",
		scope: state.Scope{
			Parts:    []state.Part{endpoint("b", isDown, ago(time.Minute))},
			Previous: v1alpha1.StateOutage, PreviousSince: ago(24 * time.Hour),
		},
		state: v1alpha1.StateOutage, since: ago(24 * time.Hour), cause: "Endpoint/b",
	}, {
		name: "a state never begins before the one before it",
		scope: state.Scope{
			Parts:    []state.Part{endpoint("a", isUp, ago(24*time.Hour))},
			Previous: v1alpha1.StateOutage, PreviousSince: ago(time.Hour),
		},
		state: v1alpha1.StateOperational, since: ago(time.Hour),
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.scope
			s.Now = now
			if s.Lifecycle == "" {
				s.Lifecycle = v1alpha1.LifecycleOperating
			}
			v := state.Judge(s)
			if v.State != test.state || !v.Since.Equal(test.since) {
				t.Errorf("%s since %s, want %s since %s", v.State, v.Since, test.state, test.since)
			}
			cause := ""
			if v.Cause != nil {
				cause = string(v.Cause.Kind) + "/" + v.Cause.Name
			}
			if cause != test.cause {
				t.Errorf("cause %q, want %q", cause, test.cause)
			}
			if test.reason != "" && v.Cause.Reason != test.reason {
				t.Errorf("reason %q, want %q", v.Cause.Reason, test.reason)
			}
		})
	}
}

func TestCauseIsOneSentence(t *testing.T) {
	a := endpoint("portal", isDown, ago(time.Minute))
	a.Reason, a.Message = "ConnectionRefused", "connect: the connection was refused"
	v := state.Judge(state.Scope{
		Lifecycle: v1alpha1.LifecycleOperating, Now: now,
		Parts: []state.Part{a, endpoint("other", isDown, now), supporting(endpoint("third", isDown, now))},
	})
	if want := "endpoint portal: connect: the connection was refused (and 1 more)"; v.Cause.Message != want {
		t.Errorf("message %q, want %q", v.Cause.Message, want)
	}
	b := dependency("db", isDown, ago(time.Minute))
	b.Namespace = "kdz-16"
	v = state.Judge(state.Scope{Lifecycle: v1alpha1.LifecycleOperating, Now: now, Parts: []state.Part{b}})
	if want := "dependency kdz-16/db is Down"; v.Cause.Message != want || v.Cause.Namespace != "kdz-16" {
		t.Errorf("message %q, want %q; cause %+v", v.Cause.Message, want, v.Cause)
	}
}

// A system's message begins with its name, where systems stand side by side; in
// a cause the name stands once.
func TestCauseNamesASystemOnce(t *testing.T) {
	full := state.Part{
		Kind: v1alpha1.CauseHosting, Name: "web01", State: isDegraded, Since: now,
		Reason: v1alpha1.ReasonHostingDegraded, Message: "web01: /srv is 97 % full (limit 90 %)",
	}
	v := state.Judge(state.Scope{Lifecycle: v1alpha1.LifecycleOperating, Parts: []state.Part{full}, Now: now})
	if want := "hosting web01: /srv is 97 % full (limit 90 %)"; v.Cause == nil || v.Cause.Message != want {
		t.Errorf("the cause is %+v, want %q", v.Cause, want)
	}
}

// partGenerator draws any part there can be.
func partGenerator() *rapid.Generator[state.Part] {
	return rapid.Custom(func(t *rapid.T) state.Part {
		return state.Part{
			Kind:          rapid.SampledFrom([]v1alpha1.CauseKind{v1alpha1.CauseEndpoint, v1alpha1.CauseHosting, v1alpha1.CauseDependency}).Draw(t, "kind"),
			Name:          rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"),
			State:         rapid.SampledFrom([]v1alpha1.ComponentState{isUp, isDown, isDegraded, isUnknown}).Draw(t, "state"),
			Pending:       rapid.Bool().Draw(t, "pending"),
			Essential:     rapid.Bool().Draw(t, "essential"),
			InMaintenance: rapid.Bool().Draw(t, "maintenance"),
			Since:         now.Add(time.Duration(rapid.IntRange(-7200, 60).Draw(t, "since")) * time.Second),
		}
	})
}

func TestJudgeHoldsForAllParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(partGenerator(), 0, 8).Draw(t, "parts")
		s := state.Scope{Lifecycle: v1alpha1.LifecycleOperating, Parts: parts, Now: now}
		if rapid.Bool().Draw(t, "judged before") {
			s.Previous = rapid.SampledFrom([]v1alpha1.OperationalState{
				v1alpha1.StateOperational, v1alpha1.StateOutage, v1alpha1.StateDegraded, v1alpha1.StateMaintenance, v1alpha1.StateUnknown,
			}).Draw(t, "previous")
			s.PreviousSince = now.Add(-time.Duration(rapid.IntRange(0, 7200).Draw(t, "previous since")) * time.Second)
		}
		v := state.Judge(s)

		if v.Since.After(now) || (s.Previous != "" && v.Since.Before(s.PreviousSince)) {
			t.Fatalf("since %s is in the future or before the previous state began at %s", v.Since, s.PreviousSince)
		}
		var essentialDown, answered bool
		for _, p := range parts {
			essentialDown = essentialDown || (!p.Pending && p.Essential && p.State == isDown)
			answered = answered || (!p.Pending && p.State != isUnknown)
		}
		if out := v.State == v1alpha1.StateOutage || v.State == v1alpha1.StateMaintenance; out != essentialDown {
			t.Fatalf("%s, but an essential part down is %t", v.State, essentialDown)
		}
		if !answered && v.State != v1alpha1.StateUnknown {
			t.Fatalf("%s although nothing was seen", v.State)
		}
		if (v.Cause == nil) != (v.State == v1alpha1.StateOperational) {
			t.Fatalf("%s with cause %+v", v.State, v.Cause)
		}
		if v.Cause != nil && strings.Contains(v.Cause.Message, "\n") {
			t.Fatalf("message %q has several lines", v.Cause.Message)
		}

		// Judging again what was just judged changes nothing.
		s.Previous, s.PreviousSince = v.State, v.Since
		if again := state.Judge(s); again.State == v.State && !again.Since.Equal(v.Since) {
			t.Fatalf("judged again, since moved from %s to %s", v.Since, again.Since)
		}
		// Nor does the order of the parts matter.
		shuffled := rapid.Permutation(parts).Draw(t, "shuffled")
		s.Parts = shuffled
		if again := state.Judge(s); again.State != v.State {
			t.Fatalf("in another order %s is %s", v.State, again.State)
		}
	})
}
