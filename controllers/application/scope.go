// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// scope is all that one reconciliation gathers, judges and tells. The gather
// functions fill the first part, judge the second; tell reads both.
type scope struct {
	// app is the Application, whose status tell rewrites; before is as it was
	// read.
	app, before *v1alpha1.Application
	// now is the present moment, the same for the whole reconciliation.
	now time.Time

	// missing names what the spec refers to and what does not exist yet, or
	// cannot be used yet.
	missing []problem
	// unusable names what a person must mend in the spec.
	unusable []problem
	// level is the agreement that the Application is under, if it exists.
	level *v1alpha1.ServiceLevel
	// effective is the Application with what its agreement adds.
	effective *v1alpha1.Application
	// dependencies that exist, as parts, without those of a cycle.
	dependencies []state.Part
	// dependents are the Applications that need this one.
	dependents *v1alpha1.Dependents
	// endpoints as the observer knows them, in the order of the spec.
	endpoints []seenEndpoint
	// systems that it runs on, as the observer knows them, in the order of the
	// spec.
	systems []seenSystem
	// queries of the cluster that any of this rests on.
	queries []cluster.Query
	// others are parts beside dependencies and endpoints by which the
	// Application is judged.
	others []state.Part
	// seen is all that the observer knows of the Application's checks.
	seen []observe.Observation
	// floor is from when on what was seen of a check counts for the account.
	floor func(check string) time.Time
	// account of its availability.
	account account
	// backup of it.
	backup backupScope
	// window of maintenance that is open, if any.
	window *calendar.Window
	// rule is what the Application is judged by under the rule that all IT of
	// the city is provided by the KDZ.
	rule centralisation.Scope
	// handover of it that has come furthest; nil if there is none, or if no
	// project delivers it.
	handover *v1alpha1.Handover

	// verdict on the operational state.
	verdict state.Verdict
	// centralised: how it stands under that rule.
	centralised centralisation.Judgement
	// certificates and contracts, judged.
	certificates, contracts state.Validity
	// hasCertificates: an endpoint showed one.
	hasCertificates bool
	// leftOutUp says whether what status said nothing of was Up.
	leftOutUp func() bool
	// next is the next moment at which anything of this can change by the mere
	// passing of time.
	next time.Time
}

// problem is something that keeps an Application from being looked at in full.
type problem struct {
	// reason in a stable CamelCase word, one of those in package v1alpha1.
	reason string
	// message says what, where, and what would be right.
	message string
}

// seenEndpoint is an endpoint and what is known of it.
type seenEndpoint struct {
	declared *v1alpha1.Endpoint
	// problem that keeps it from being asked, if any.
	problem *problem
	// seen is what the observer knows; its State is Pending if nothing.
	seen observe.Observation
	// renewBefore of its certificate.
	renewBefore time.Duration
}

func newScope(app *v1alpha1.Application, now time.Time) *scope {
	s := &scope{app: app, before: app.DeepCopy(), now: now}
	s.leftOutUp = sync.OnceValue(func() bool { return leftOutUp(s.before) })
	return s
}

func (s *scope) key() types.NamespacedName { return client.ObjectKeyFromObject(s.app) }

// observed says whether the Application is in a stage of life in which it is
// looked at.
func (s *scope) observed() bool {
	l := s.app.Spec.Lifecycle
	return l == v1alpha1.LifecycleOperating || l == v1alpha1.LifecyclePhasingOut
}

// at notes a moment at which the judgement can change.
func (s *scope) at(moment time.Time) { s.next = calendar.Earliest(s.next, moment) }

// miss notes that something the spec refers to does not exist yet.
func (s *scope) miss(field, kind string, key types.NamespacedName) {
	s.missing = append(s.missing, problem{
		reason:  v1alpha1.ReasonReferenceNotFound,
		message: fmt.Sprintf("%s %q of %s does not exist", kind, qualified(s.app.Namespace, key), field),
	})
}

// reject notes that a value in the spec cannot be used.
func (s *scope) reject(message string) {
	s.unusable = append(s.unusable, problem{reason: v1alpha1.ReasonInvalidSpec, message: message})
}

// judge has everything judged that was gathered.
func (s *scope) judge() {
	parts := append([]state.Part{}, s.dependencies...)
	parts = append(parts, s.others...)
	var certificates []state.Certificate
	for _, e := range s.endpoints {
		parts = append(parts, e.part())
		if !e.seen.CertificateNotAfter.IsZero() {
			certificates = append(certificates, state.Certificate{
				Endpoint: string(e.declared.Name), NotAfter: e.seen.CertificateNotAfter, RenewBefore: e.renewBefore,
			})
		}
	}
	for i := range s.systems {
		parts = append(parts, s.systems[i].part(len(s.endpoints) == 0))
	}
	var previousSince time.Time
	if t := s.before.Status.Since; t != nil {
		previousSince = t.Time
	}
	s.verdict = state.Judge(state.Scope{
		Lifecycle:     s.app.Spec.Lifecycle,
		Parts:         parts,
		Window:        s.window,
		Previous:      s.before.Status.OperationalState,
		PreviousSince: previousSince,
		Now:           s.now,
	})

	s.hasCertificates = len(certificates) > 0
	s.certificates = state.JudgeCertificates(certificates, s.now)
	s.at(s.certificates.Next)

	var errs []*state.ContractError
	s.contracts, errs = state.JudgeContracts(s.app.Spec.Contracts, s.now)
	s.at(s.contracts.Next)
	for _, err := range errs {
		s.reject("spec." + err.Error())
	}
	s.judgeBackup()
	s.judgeCentralisation()
	s.judgeAccount()
}

// part is the endpoint as the judge of the operational state sees it.
func (e *seenEndpoint) part() state.Part {
	p := state.Part{
		Kind:      v1alpha1.CauseEndpoint,
		Name:      string(e.declared.Name),
		Essential: e.declared.Importance != v1alpha1.ImportanceSupporting,
		State:     componentState(e.seen.State),
		Pending:   e.seen.State == observe.StatePending,
		Since:     e.seen.Since,
		Reason:    e.seen.Reason,
		Message:   endpointMessage(e.seen),
	}
	if e.problem != nil {
		p.State, p.Pending, p.Since = v1alpha1.ComponentUnknown, false, time.Time{}
		p.Reason, p.Message = e.problem.reason, e.problem.message
	}
	return p
}

func componentState(s observe.State) v1alpha1.ComponentState {
	switch s {
	case observe.StateUp:
		return v1alpha1.ComponentUp
	case observe.StateDegraded:
		return v1alpha1.ComponentDegraded
	case observe.StateDown:
		return v1alpha1.ComponentDown
	default:
		return v1alpha1.ComponentUnknown
	}
}

// endpointMessage says at which step a check failed, and how.
func endpointMessage(o observe.Observation) string {
	if o.State == observe.StateUp {
		return ""
	}
	message := strings.TrimSuffix(o.Message, ".")
	if step := o.Step.String(); step != "" && message != "" {
		return step + ": " + message
	}
	return message
}
