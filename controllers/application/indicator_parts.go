// SPDX-License-Identifier: Apache-2.0

package application

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/tell/status"
)

// indicator is what the availability of the Application is told by: the source
// that it names, else its Essential endpoints if any, else its hosting, else
// its Hard dependencies.
func (s *scope) indicator() []availability.Part {
	if s.app.Spec.Indicator != nil {
		return []availability.Part{s.checkPart(indicatorCheck, v1alpha1.CauseObservation)}
	}
	var parts []availability.Part
	for i := range s.endpoints {
		if e := &s.endpoints[i]; e.declared.Importance != v1alpha1.ImportanceSupporting {
			parts = append(parts, s.checkPart(string(e.declared.Name), v1alpha1.CauseEndpoint))
		}
	}
	if len(parts) > 0 {
		return parts
	}
	for i := range s.systems {
		parts = append(parts, s.checkPart(systemCheck+s.systems[i].name, v1alpha1.CauseHosting))
	}
	if len(parts) == 0 && s.app.Spec.Hosting != nil {
		parts = []availability.Part{{
			Check: string(s.app.Spec.Hosting.Platform), Kind: v1alpha1.CauseHosting,
			Changes: []availability.Change{{At: s.account.scope.Now, State: v1alpha1.IndicatorUnobserved}},
		}}
	}
	if len(parts) > 0 {
		return parts
	}
	for i := range s.dependencies {
		d := &s.dependencies[i]
		if !d.Essential {
			continue
		}
		change := availability.Change{At: s.standsSince(d.Since), State: v1alpha1.IndicatorUnobserved}
		switch d.State {
		case v1alpha1.ComponentUp:
			change.State = v1alpha1.IndicatorUp
		case v1alpha1.ComponentDown:
			change.State, change.Cause = v1alpha1.IndicatorDown, s.rootCause(nil)
		}
		parts = append(parts, availability.Part{Check: d.Name, Kind: d.Kind, Changes: []availability.Change{change}})
	}
	return parts
}

// checkPart is a check of the observer as the account sees it.
func (s *scope) checkPart(name string, kind v1alpha1.CauseKind) availability.Part {
	p := availability.Part{Check: name, Kind: kind, Pending: true}
	for i := range s.seen {
		o := &s.seen[i]
		if o.Name != name || o.State == observe.StatePending {
			continue
		}
		p.Pending = false
		p.Floor = s.floor(name)
		for _, c := range o.Changes {
			p.Changes = append(p.Changes, s.change(kind, name, c))
		}
		if len(p.Changes) == 0 {
			at := s.standsSince(o.Since)
			p.Changes = []availability.Change{s.change(kind, name, observe.Change{At: at, State: o.State, Reason: o.Reason, Message: o.Message})}
		}
		if last := &p.Changes[len(p.Changes)-1]; last.State == v1alpha1.IndicatorDown {
			last.Cause = s.rootCause(last.Cause)
		}
	}
	return p
}

// standsSince is since when the state of a part counts of which every change is
// recorded: where the spec has changed it may not have been one before, so that
// it counts from now on.
func (s *scope) standsSince(since time.Time) time.Time {
	if s.before.Status.ObservedGeneration != s.app.Generation {
		return s.account.scope.Now
	}
	return since
}

// change is a change of a check as the account sees it. One that fails now and
// then can be used.
func (s *scope) change(kind v1alpha1.CauseKind, name string, c observe.Change) availability.Change {
	change := availability.Change{At: c.At, State: v1alpha1.IndicatorUnobserved}
	switch c.State {
	case observe.StateUp:
		change.State = v1alpha1.IndicatorUp
	case observe.StateDegraded:
		change.State = v1alpha1.IndicatorUp
		if c.Reason == observe.ReasonSlow {
			change.State = v1alpha1.IndicatorSlow
		}
	case observe.StateDown:
		change.State = v1alpha1.IndicatorDown
		change.Cause = &v1alpha1.Cause{Kind: kind, Name: name, Reason: c.Reason, Message: status.Shorten(c.Message, maxPartMessage)}
	}
	return change
}

// rootCause is the cause that the Application's state has, if it is out, else
// the one given.
func (s *scope) rootCause(own *v1alpha1.Cause) *v1alpha1.Cause {
	out := s.verdict.State == v1alpha1.StateOutage || s.verdict.State == v1alpha1.StateMaintenance
	if out && s.verdict.Cause != nil {
		c := s.verdict.Cause.DeepCopy()
		c.Message = status.Shorten(c.Message, maxPartMessage)
		return c
	}
	return own
}

func moment(t time.Time) *metav1.Time {
	m := metav1.NewTime(t.Truncate(time.Second))
	return &m
}
