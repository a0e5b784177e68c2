// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// maxPartMessage and maxCauseMessage bound messages in status, in bytes.
	// Together they are bounded by fit.
	maxPartMessage  = 200
	maxCauseMessage = 400
)

// tell writes the judgement into the status of the Application.
func (s *scope) tell() {
	st := &s.app.Status
	st.ObservedGeneration = s.app.Generation
	st.OperationalState = s.verdict.State
	since := metav1.NewTime(s.verdict.Since)
	st.Since = &since
	st.Cause = s.verdict.Cause
	if st.Cause != nil {
		st.Cause.Message = status.Shorten(st.Cause.Message, maxCauseMessage)
	}
	st.Dependents = s.dependents
	st.Endpoints = s.endpointStatuses()

	s.setAvailable()
	s.setEndpointsAvailable()
	s.setDependenciesAvailable()
	st.Hosting = s.hostingStatus()
	s.setHostingHealthy()
	s.tellBackup()
	s.tellServiceLevel()
	s.setValidity(v1alpha1.ConditionCertificatesValid, s.hasCertificates, s.certificates)
	s.setValidity(v1alpha1.ConditionContractsValid, len(s.app.Spec.Contracts) > 0, s.contracts)
	s.setCentralised()
	s.setHandedOver()
	status.SetReadiness(s.app, s.readiness(), s.now)
	fit(st)
}

func (s *scope) set(conditionType string, value metav1.ConditionStatus, reason, message string) {
	status.Set(s.app, conditionType, value, reason, message, s.now)
}

// setAvailable says whether the Application can be used.
func (s *scope) setAvailable() {
	value := metav1.ConditionFalse
	switch s.verdict.State {
	case v1alpha1.StateOperational, v1alpha1.StateDegraded:
		value = metav1.ConditionTrue
	case v1alpha1.StateUnknown:
		value = metav1.ConditionUnknown
	}
	message := ""
	if c := s.verdict.Cause; c != nil {
		message = c.Message
	}
	if w := s.window; w != nil && s.verdict.State == v1alpha1.StateMaintenance {
		message = strings.TrimSuffix(fmt.Sprintf("maintenance window %s: %s", w.Name, w.Reason), ": ")
	}
	s.set(v1alpha1.ConditionAvailable, value, string(s.verdict.State), message)
}

// setEndpointsAvailable sums up the endpoints.
func (s *scope) setEndpointsAvailable() {
	if len(s.endpoints) == 0 {
		status.Remove(s.app, v1alpha1.ConditionEndpointsAvailable)
		return
	}
	var down, unknown, degraded []string
	reason := v1alpha1.ReasonAwaitingFirstResult
	for i := range s.endpoints {
		e := &s.endpoints[i]
		p := e.part()
		switch p.State {
		case v1alpha1.ComponentDown:
			down = append(down, p.Name)
		case v1alpha1.ComponentDegraded:
			degraded = append(degraded, p.Name)
		case v1alpha1.ComponentUnknown:
			unknown = append(unknown, p.Name)
			if !p.Pending && p.Reason != "" {
				reason = p.Reason
			}
		}
	}
	const kind = v1alpha1.ConditionEndpointsAvailable
	switch {
	case len(down) > 0:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonEndpointDown, "down: "+strings.Join(down, ", "))
	case len(unknown) > 0:
		s.set(kind, metav1.ConditionUnknown, reason, "unknown: "+strings.Join(unknown, ", "))
	case len(degraded) > 0:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonPartlyDegraded, "degraded: "+strings.Join(degraded, ", "))
	default:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonAllAvailable, "every endpoint answers as expected")
	}
}

// setDependenciesAvailable sums up the dependencies.
func (s *scope) setDependenciesAvailable() {
	const kind = v1alpha1.ConditionDependenciesAvailable
	if len(s.app.Spec.Dependencies) == 0 {
		status.Remove(s.app, kind)
		return
	}
	var out, unknown []string
	for _, p := range s.dependencies {
		name := p.Name
		if p.Namespace != "" {
			name = p.Namespace + "/" + p.Name
		}
		switch p.State {
		case v1alpha1.ComponentDown:
			out = append(out, name+" "+p.Message)
		case v1alpha1.ComponentUnknown:
			unknown = append(unknown, name)
		}
	}
	left := len(s.app.Spec.Dependencies) - len(s.dependencies)
	switch {
	case len(out) > 0:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonDependencyOut, strings.Join(out, "; "))
	case left > 0:
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonReferenceNotFound, fmt.Sprintf("%d of %d dependencies could not be looked at", left, len(s.app.Spec.Dependencies)))
	case len(unknown) > 0:
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonNotObserved, "unknown: "+strings.Join(unknown, ", "))
	default:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonAllAvailable, "every dependency can be used")
	}
}

// setValidity tells what ends by itself.
func (s *scope) setValidity(conditionType string, present bool, v state.Validity) {
	if !present {
		status.Remove(s.app, conditionType)
		return
	}
	value := metav1.ConditionTrue
	if !v.Valid {
		value = metav1.ConditionFalse
	}
	s.set(conditionType, value, v.Reason, v.Message)
}

// setCentralised tells how the Application stands under the rule that all IT of
// the city is provided by the KDZ. What it is ready for does not depend on it.
func (s *scope) setCentralised() {
	s.app.Status.Centralisation = s.centralised.Verdict
	value := metav1.ConditionTrue
	switch s.centralised.Verdict {
	case v1alpha1.VerdictViolating:
		value = metav1.ConditionFalse
	case v1alpha1.VerdictUnknown:
		value = metav1.ConditionUnknown
	}
	s.set(v1alpha1.ConditionCentralised, value, s.centralised.Reason(), s.centralised.Message())
}

// readiness says whether this generation is accepted, its references resolve,
// and its checks were judged once.
func (s *scope) readiness() status.Readiness {
	if len(s.unusable) > 0 {
		return status.Readiness{Stalled: true, Reason: s.unusable[0].reason, Message: sentences(append(s.unusable, s.missing...))}
	}
	if len(s.missing) > 0 {
		return status.Readiness{Reconciling: true, Reason: s.missing[0].reason, Message: sentences(s.missing)}
	}
	var pending []string
	for i := range s.others {
		if s.others[i].Pending {
			pending = append(pending, s.others[i].Name)
		}
	}
	for i := range s.endpoints {
		if s.endpoints[i].seen.State == observe.StatePending {
			pending = append(pending, string(s.endpoints[i].declared.Name))
		}
	}
	for i := range s.systems {
		if s.systems[i].part(false).Pending {
			pending = append(pending, s.systems[i].name)
		}
	}
	if len(pending) > 0 {
		return status.Readiness{
			Reconciling: true, Unjudged: true,
			Reason:  v1alpha1.ReasonAwaitingFirstResult,
			Message: "not judged yet: " + strings.Join(pending, ", "),
		}
	}
	return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "accepted, and every check was judged"}
}

func sentences(problems []problem) string {
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.message
	}
	return strings.Join(messages, "; ")
}

// endpointStatuses tells of the endpoints one by one, in the order of the
// spec.
func (s *scope) endpointStatuses() []v1alpha1.EndpointStatus {
	if len(s.endpoints) == 0 {
		return nil
	}
	statuses := make([]v1alpha1.EndpointStatus, 0, len(s.endpoints))
	for i := range s.endpoints {
		e := &s.endpoints[i]
		p := e.part()
		t := v1alpha1.EndpointStatus{Name: e.declared.Name, State: p.State, Reason: p.Reason}
		if p.Pending {
			t.Reason = v1alpha1.ReasonAwaitingFirstResult
		} else {
			t.Since = s.endpointSince(&t, p.Since)
			t.Message = status.Shorten(p.Message, maxPartMessage)
		}
		if c := e.seen.CertificateNotAfter; !c.IsZero() {
			notAfter := metav1.NewTime(c.Truncate(time.Second))
			t.CertificateNotAfter = &notAfter
		}
		statuses = append(statuses, t)
	}
	return statuses
}

// endpointSince is since when an endpoint is in its state. Where the observer
// does not say, it is since this was first told.
func (s *scope) endpointSince(t *v1alpha1.EndpointStatus, since time.Time) *metav1.Time {
	if since.IsZero() {
		since = s.now
		for i := range s.before.Status.Endpoints {
			b := &s.before.Status.Endpoints[i]
			if b.Name == t.Name && b.State == t.State && b.Reason == t.Reason && b.Since != nil {
				since = b.Since.Time
			}
		}
	}
	at := metav1.NewTime(since.Truncate(time.Second))
	return &at
}
