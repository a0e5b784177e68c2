// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Part is something that an Application consists of or rests on, as it was
// seen: an endpoint, its hosting, a dependency.
type Part struct {
	// Kind of the part.
	Kind v1alpha1.CauseKind
	// Name of the part; of a dependency, the Application at the root of its
	// state.
	Name string
	// Namespace of a dependency that is another namespace's.
	Namespace string
	// State of the part.
	State v1alpha1.ComponentState
	// Pending: the part was not judged yet, so it stays out.
	Pending bool
	// Essential: when the part is down the Application is out, else degraded.
	Essential bool
	// InMaintenance: the part is down within a window that was agreed for it.
	InMaintenance bool
	// Since when the part is in its state; zero if that is not known.
	Since time.Time
	// Reason in a stable CamelCase word.
	Reason string
	// Message in one sentence, without a full stop.
	Message string
}

// Scope is all that the judgement of an Application's state rests on.
type Scope struct {
	// Lifecycle of the Application.
	Lifecycle v1alpha1.Lifecycle
	// Parts that were looked at, in the order in which they are declared.
	Parts []Part
	// Window of maintenance that is open, if any.
	Window *calendar.Window
	// Previous state as it was told last, and since when; empty if none was.
	Previous      v1alpha1.OperationalState
	PreviousSince time.Time
	// Now is the present moment.
	Now time.Time
}

// Verdict is the judgement of an Application's state.
type Verdict struct {
	// State of the Application.
	State v1alpha1.OperationalState
	// Since when it is in this state, in whole seconds.
	Since time.Time
	// Cause at the root of the state; nil if there is none to name.
	Cause *v1alpha1.Cause
}

// Judge derives the operational state of an Application.
//
// An essential part that is down makes an Outage, which reads Maintenance
// within an agreed window, and when all such parts are in maintenance
// themselves. A supporting part that is down, or any that is slow or flapping,
// makes it Degraded. An essential part that could not be looked at makes it
// Unknown, and so does having nothing to look at: what was not seen is never
// up. A part that was not judged yet stays out.
func Judge(s Scope) Verdict {
	switch s.Lifecycle {
	case v1alpha1.LifecyclePlanned:
		return settle(s, v1alpha1.StatePlanned, nil, s.Now)
	case v1alpha1.LifecycleRetired:
		return settle(s, v1alpha1.StateRetired, nil, s.Now)
	}
	g := group(s.Parts)
	switch {
	case len(g.out) > 0:
		return judgeOutage(s, g)
	case len(g.degraded) > 0:
		return settle(s, v1alpha1.StateDegraded, cause(g.degraded), degradedSince(s, g))
	case len(g.unseen) > 0:
		return settle(s, v1alpha1.StateUnknown, cause(g.unseen), s.Now)
	case len(g.well) == 0:
		return settle(s, v1alpha1.StateUnknown, nothingSeen(g), s.Now)
	default:
		return settle(s, v1alpha1.StateOperational, nil, latest(g.well))
	}
}

// groups sorts the parts of an Application by what they mean for it.
type groups struct {
	out, degraded, unseen, well []Part
	pending                     int
}

func group(parts []Part) groups {
	var g groups
	for _, p := range parts {
		switch {
		case p.Pending:
			g.pending++
		case p.State == v1alpha1.ComponentDown && p.Essential:
			g.out = append(g.out, p)
		case p.State == v1alpha1.ComponentDown, p.State == v1alpha1.ComponentDegraded:
			g.degraded = append(g.degraded, p)
		case p.State == v1alpha1.ComponentUp:
			g.well = append(g.well, p)
		case p.Essential && p.Kind != v1alpha1.CauseDependency:
			// A dependency that nobody can see says nothing about an
			// Application that is itself seen to be well.
			g.unseen = append(g.unseen, p)
		}
	}
	return g
}

// judgeOutage tells an Outage from Maintenance.
func judgeOutage(s Scope, g groups) Verdict {
	began := earliest(g.out)
	if s.Window != nil {
		return settle(s, v1alpha1.StateMaintenance, cause(g.out), later(began, s.Window.Start))
	}
	for _, p := range g.out {
		if !p.InMaintenance {
			if s.Previous == v1alpha1.StateMaintenance {
				began = s.Now // the window has just ended, or something else has failed
			}
			return settle(s, v1alpha1.StateOutage, cause(g.out), began)
		}
	}
	return settle(s, v1alpha1.StateMaintenance, cause(g.out), began)
}

// degradedSince is when the Application became degraded: when the first part
// did, or, after an outage, when the last essential part came back.
func degradedSince(s Scope, g groups) time.Time {
	began := earliest(g.degraded)
	if s.Previous == v1alpha1.StateOutage || s.Previous == v1alpha1.StateMaintenance {
		return later(began, later(latest(g.well), latest(g.degraded)))
	}
	return began
}

// nothingSeen is the cause where no part could be looked at.
func nothingSeen(g groups) *v1alpha1.Cause {
	if g.pending > 0 {
		return &v1alpha1.Cause{
			Kind:    v1alpha1.CauseObservation,
			Reason:  v1alpha1.ReasonAwaitingFirstResult,
			Message: "the first checks have not been judged yet",
		}
	}
	return &v1alpha1.Cause{
		Kind:    v1alpha1.CauseObservation,
		Reason:  v1alpha1.ReasonNotObserved,
		Message: "nothing is declared that could be looked at",
	}
}

// settle fixes since when a state holds: unchanged while the state is, never
// before the previous state began, never in the future, and in whole seconds.
func settle(s Scope, state v1alpha1.OperationalState, c *v1alpha1.Cause, began time.Time) Verdict {
	if s.Previous == state && !s.PreviousSince.IsZero() {
		return Verdict{State: state, Since: s.PreviousSince, Cause: c}
	}
	if began.IsZero() || began.After(s.Now) {
		began = s.Now
	}
	if s.Previous != "" {
		began = later(began, s.PreviousSince)
	}
	return Verdict{State: state, Since: began.Truncate(time.Second), Cause: c}
}

func earliest(parts []Part) time.Time {
	var t time.Time
	for _, p := range parts {
		t = calendar.Earliest(t, p.Since)
	}
	return t
}

func latest(parts []Part) time.Time {
	var t time.Time
	for _, p := range parts {
		t = later(t, p.Since)
	}
	return t
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
