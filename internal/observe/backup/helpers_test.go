// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// now is when the tests look.
var now = time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)

// at is a time of the days before.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// store answers queries from objects that a test wrote down.
type store struct {
	objects []*unstructured.Unstructured
	// problems by kind.
	problems map[string]*cluster.Problem
}

// newStore has the objects of a YAML stream.
func newStore(t testing.TB, documents string) *store {
	s := &store{problems: map[string]*cluster.Problem{}}
	for document := range strings.SplitSeq(documents, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if u.Object != nil {
			s.objects = append(s.objects, u)
		}
	}
	return s
}

// Objects implements Objects.
func (s *store) Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem) {
	if p := s.problems[q.Kind.Kind]; p != nil {
		return nil, p
	}
	var found []*cluster.Object
	for _, u := range s.objects {
		named := q.Name == "" || u.GetName() == q.Name
		chosen := q.Name != "" || q.Selector == nil || q.Selector.Matches(labels.Set(u.GetLabels()))
		if u.GroupVersionKind() == q.Kind.GroupVersionKind && u.GetNamespace() == q.Namespace && named && chosen {
			found = append(found, &cluster.Object{
				Namespace: u.GetNamespace(), Name: u.GetName(), Created: u.GetCreationTimestamp().Time, Facts: q.Kind.Extract(u),
			})
		}
	}
	return found, nil
}

// veleroPolicy says where Velero is.
var veleroPolicy = &v1alpha1.ObservationPolicy{VeleroNamespace: "velero"}

// read reads one source of namespace payroll.
func (s *store) read(source v1alpha1.BackupSource) Evidence {
	source.Name = "source"
	return Read(&Look{Namespace: "payroll", Sources: []v1alpha1.BackupSource{source}, Policy: veleroPolicy, Objects: s, Now: now})[0]
}

// nothing is what every evidence begins with.
func nothing(subject string) Evidence {
	return Evidence{Source: "source", Subject: subject, RestoreTestTook: -1}
}

// asker makes probes of which only the name is known.
type asker struct{}

type probe struct {
	observe.Probe
	question string
}

func (asker) NewMoment(server, query string, interval, timeout time.Duration) (observe.Probe, error) {
	if strings.Contains(server, "@") {
		return nil, errors.New("must not hold a user or password")
	}
	if interval != Interval || timeout <= 0 {
		return nil, errors.New("asked at another interval")
	}
	return &probe{question: server + " " + query}, nil
}
