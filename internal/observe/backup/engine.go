// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// Objects knows the objects that somebody wants to know of.
type Objects interface {
	// Objects returns what a query asks for, or why nothing is known of it.
	Objects(cluster.Query) ([]*cluster.Object, *cluster.Problem)
}

// Look is what evidence is gathered for, and where it is.
type Look struct {
	// Namespace of the Application, and Sources that it declares.
	Namespace string
	Sources   []v1alpha1.BackupSource
	// Policy says what may be looked at; nil if nothing is said.
	Policy *v1alpha1.ObservationPolicy
	// Objects that Queries asks for.
	Objects Objects
	// Asker is what Checks was given.
	Asker Asker
	// Observation returns what is known of one of Checks; the zero one if it is
	// not known.
	Observation func(check string) observe.Observation
	// Now is the moment of the look. What is ahead of it is told apart.
	Now time.Time
}

// Queries are the objects of the cluster that tell of the sources of an
// Application in a namespace. Each is asked for once. A source that asks for
// nothing, such as one that cannot be used, has none.
func Queries(namespace string, sources []v1alpha1.BackupSource, policy *v1alpha1.ObservationPolicy) []cluster.Query {
	var queries []cluster.Query
	seen := map[string]bool{}
	for i := range sources {
		wanted, _ := wants(&source{&sources[i], namespace, policy})
		for _, q := range wanted {
			key := fmt.Sprint(q.Kind.GroupVersionKind, q.Namespace, "/", q.Name, " ", q.Selector)
			if !seen[key] {
				seen[key] = true
				queries = append(queries, q)
			}
		}
	}
	return queries
}

// Read returns the evidence that each source shows, in their order.
func Read(l *Look) []Evidence {
	all := make([]Evidence, len(l.Sources))
	for i := range l.Sources {
		s := &source{&l.Sources[i], l.Namespace, l.Policy}
		r := &reading{Evidence: &all[i], source: s, look: l}
		r.Source, r.RestoreTestTook = string(s.Name), -1
		queries, unusable := wants(s)
		if unusable != nil {
			r.doubt(unusable.Reason, unusable.Message)
			r.doubtRestoreTest(unusable.Reason, unusable.Message)
			continue
		}
		answers := make([]answer, len(queries))
		for j, q := range queries {
			answers[j].objects, answers[j].problem = l.Objects.Objects(q)
		}
		system := systemOf(s.BackupSource)
		r.Subject = system.subject(s)
		system.read(r, answers)
	}
	return all
}

// source is a source, and what it is looked at with.
type source struct {
	*v1alpha1.BackupSource
	namespace string
	policy    *v1alpha1.ObservationPolicy
}

// wants returns the objects that tell of a source, in the order in which its
// system reads the answers, or why it cannot be used.
func wants(s *source) ([]cluster.Query, *cluster.Problem) {
	system := systemOf(s.BackupSource)
	switch {
	case system == nil:
		return nil, &cluster.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: "the source names no system: it has to have one of heartbeat, prometheus, velero, volumeSnapshot, cloudNativePG, k8up and cronJob"}
	case system.queries == nil:
		return nil, nil
	}
	return system.queries(s)
}

// answer to a query.
type answer struct {
	objects []*cluster.Object
	problem *cluster.Problem
}

// reading is evidence that is being gathered.
type reading struct {
	*Evidence
	source *source
	look   *Look
}

// doubt notes why the success cannot be told. The first reason counts.
func (r *reading) doubt(reason, message string) {
	if r.Reason == "" {
		r.Reason, r.Message = reason, strings.TrimSuffix(message, ".")
	}
}

// doubtRestoreTest notes why restore tests cannot be told.
func (r *reading) doubtRestoreTest(reason, message string) {
	if r.RestoreTestReason == "" {
		r.RestoreTestReason, r.RestoreTestMessage = reason, strings.TrimSuffix(message, ".")
	}
}

// known reports whether an answer is one; otherwise it is doubted.
func (r *reading) known(a answer) bool {
	if a.problem != nil {
		r.doubt(a.problem.Reason, a.problem.Message)
	}
	return a.problem == nil
}

// knownRestoreTest is known for restore tests.
func (r *reading) knownRestoreTest(a answer) bool {
	if a.problem != nil {
		r.doubtRestoreTest(a.problem.Reason, a.problem.Message)
	}
	return a.problem == nil
}

// one returns the object that the source names; nil if there is none.
func (r *reading) one(a answer) *cluster.Object {
	switch {
	case !r.known(a):
		return nil
	case len(a.objects) == 0:
		r.doubt(v1alpha1.ReasonSourceNotFound, r.Subject+" does not exist")
		return nil
	}
	return a.objects[0]
}

// only returns the object of an answer that is expected to have one at most;
// nil if it has none.
func only(a answer) *cluster.Object {
	if len(a.objects) == 0 {
		return nil
	}
	return a.objects[0]
}

// believable reports whether something that began at the time can have been
// seen by now.
func (r *reading) believable(at time.Time) bool { return !at.After(r.look.Now.Add(Skew)) }

// succeededAt notes when the newest success began.
func (r *reading) succeededAt(at, ended time.Time, name string) {
	switch {
	case at.IsZero():
	case !r.believable(at):
		r.AheadAt = at
	default:
		r.SuccessAt, r.SuccessEndedAt, r.SuccessName = at, ended, name
	}
}

// testedAt notes a successful restore test, if it is the newest.
func (r *reading) testedAt(at, ended time.Time) {
	if at.IsZero() || !r.believable(at) || !at.After(r.RestoreTestAt) {
		return
	}
	r.RestoreTestAt, r.RestoreTestTook = at, -1
	if !ended.Before(at) {
		r.RestoreTestTook = ended.Sub(at)
	}
}
