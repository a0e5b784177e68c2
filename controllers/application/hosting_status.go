// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting"
	"kdz.mainz.de/operator/internal/tell/status"
)

// hostingStatus tells of what the Application runs on, system by system.
func (s *scope) hostingStatus() *v1alpha1.HostingStatus {
	if s.app.Spec.Hosting == nil || !s.observed() {
		return nil
	}
	judged := state.JudgeHosting(s.systemParts())
	told := &v1alpha1.HostingStatus{State: judged.State}
	since := judged.Since
	if since.IsZero() {
		since = s.now
	}
	if before := s.before.Status.Hosting; before != nil && before.State == told.State && before.Since != nil {
		since = before.Since.Time
	}
	at := metav1.NewTime(since.Truncate(time.Second))
	told.Since = &at
	for i := range s.systems {
		told.Systems = append(told.Systems, s.systemStatus(&s.systems[i]))
	}
	return told
}

// systemParts are the systems as they are judged.
func (s *scope) systemParts() []state.Part {
	parts := make([]state.Part, len(s.systems))
	for i := range s.systems {
		parts[i] = s.systems[i].part(true)
	}
	return parts
}

// systemStatus tells of a system.
func (s *scope) systemStatus(y *seenSystem) v1alpha1.SystemStatus {
	p := y.part(true)
	t := v1alpha1.SystemStatus{Name: y.name, State: p.State, Reason: p.Reason}
	if t.State == v1alpha1.ComponentDown && t.Reason == v1alpha1.ReasonInstanceStopped {
		t.State = v1alpha1.ComponentStopped
	}
	if p.Pending {
		t.Reason = v1alpha1.ReasonAwaitingFirstResult
		return t
	}
	t.Since = s.systemSince(&t, p.Since)
	t.Message = status.Shorten(p.Message, maxPartMessage)
	facts, ok := y.seen.Facts.(hosting.System)
	if !ok || y.seen.State == observe.StateUnknown {
		return t
	}
	t.ComponentsTotal = int32(min(facts.Total, 1<<20))
	for _, c := range facts.Components[:min(len(facts.Components), hosting.MaxComponents)] {
		t.Components = append(t.Components, v1alpha1.ComponentStatus{
			Name: status.Shorten(c.Name, 64), State: c.State, Message: status.Shorten(c.Message, 64),
		})
	}
	return t
}

// systemSince is since when a system is in its state. Where the observer does
// not say, it is since this was first told.
func (s *scope) systemSince(t *v1alpha1.SystemStatus, since time.Time) *metav1.Time {
	if since.IsZero() {
		since = s.now
		if before := s.before.Status.Hosting; before != nil {
			for i := range before.Systems {
				b := &before.Systems[i]
				if b.Name == t.Name && b.State == t.State && b.Reason == t.Reason && b.Since != nil {
					since = b.Since.Time
				}
			}
		}
	}
	at := metav1.NewTime(since.Truncate(time.Second))
	return &at
}

// setHostingHealthy sums up the systems.
func (s *scope) setHostingHealthy() {
	const kind = v1alpha1.ConditionHostingHealthy
	if s.app.Spec.Hosting == nil || !s.observed() {
		status.Remove(s.app, kind)
		return
	}
	if len(s.systems) == 0 {
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved, hostingNotObserved)
		return
	}
	judged := state.JudgeHosting(s.systemParts())
	message := status.Shorten(strings.Join(judged.Messages, "; "), maxCauseMessage)
	switch judged.State {
	case v1alpha1.ComponentDown:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHostingDown, message)
	case v1alpha1.ComponentDegraded:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHostingDegraded, message)
	case v1alpha1.ComponentUp:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonAllUp, "every system is up")
	default:
		s.set(kind, metav1.ConditionUnknown, judged.Reason, message)
	}
}
