// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// kept is a Watcher that has what a test put there, by kind.
type kept struct {
	objects  map[string][]*cluster.Object
	problems map[string]*cluster.Problem
}

func (k kept) Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem) {
	if p := k.problems[q.Kind.Kind]; p != nil {
		return nil, p
	}
	var found []*cluster.Object
	for _, o := range k.objects[q.Kind.Kind] {
		if q.Name == "" || q.Name == o.Name {
			found = append(found, o)
		}
	}
	return found, nil
}

func parse(tb testing.TB, text string) *unstructured.Unstructured {
	tb.Helper()
	content, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(content); err != nil {
		tb.Fatal(err)
	}
	return u
}

// watched is a Watcher that saw these objects.
func watched(tb testing.TB, texts ...string) kept {
	tb.Helper()
	k := kept{objects: map[string][]*cluster.Object{}, problems: map[string]*cluster.Problem{}}
	for _, text := range texts {
		u := parse(tb, text)
		k.objects[u.GetKind()] = append(k.objects[u.GetKind()], &cluster.Object{Namespace: "civento", Name: u.GetName(), Facts: extract(u)})
	}
	return k
}

// look asks for what is declared, which must be one system, and reads the answer.
func look(tb testing.TB, w Watcher, h *v1alpha1.KubernetesHosting) observe.Result {
	tb.Helper()
	systems, err := NewSource(w).Systems("civento", h)
	if err != nil || len(systems) != 1 {
		tb.Fatalf("systems %v, error %v", systems, err)
	}
	return Read(systems[0].Probe.Run(tb.Context()))
}

func reference(apiVersion, kind, name string) v1alpha1.WorkloadReference {
	return v1alpha1.WorkloadReference{APIVersion: apiVersion, Kind: kind, Name: name}
}

// deployment has so many replicas wanted, and of those that exist so many updated
// and available.
func deployment(name string, wanted, updated, available int, more string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, generation: 2}
spec: {replicas: %d, progressDeadlineSeconds: 600}
status:
  observedGeneration: 2
  replicas: %d
  updatedReplicas: %d
  readyReplicas: %d
  availableReplicas: %d
  conditions: [{type: Progressing, status: "True", reason: NewReplicaSetAvailable}, {type: Available, status: "True"}%s]
`, name, wanted, wanted, updated, available, available, more)
}

const stuck = `, {type: Progressing, status: "False", reason: ProgressDeadlineExceeded}`

func TestWhatAWorkloadShows(t *testing.T) {
	const up, degraded, down, unknown = v1alpha1.ComponentUp, v1alpha1.ComponentDegraded, v1alpha1.ComponentDown, v1alpha1.ComponentUnknown
	tests := map[string]struct {
		kind, text      string
		state           v1alpha1.ComponentState
		reason, message string
	}{
		"a deployment as it should be": {"Deployment", deployment("web", 3, 3, 3, ""), up, "", ""},
		"a roll-out while the old replicas serve": {
			"Deployment", deployment("web", 3, 1, 3, ""), up, "", "",
		},
		"a roll-out with too few": {
			"Deployment", deployment("web", 3, 1, 2, ""), degraded, v1alpha1.ReasonWorkloadProgressing,
			"Deployment/web is not yet as it should be: Updated: 1/3 (2 of 3 replicas are available).",
		},
		"a roll-out that is stuck": {
			"Deployment", deployment("web", 3, 1, 3, stuck), degraded, v1alpha1.ReasonWorkloadFailed,
			"Deployment/web failed: Progress deadline exceeded (3 of 3 replicas are available).",
		},
		"a deployment without anything": {
			"Deployment", deployment("web", 3, 3, 0, ""), down, v1alpha1.ReasonWorkloadFailed,
			"Deployment/web has none of 3 replicas available: Available: 0/3.",
		},
		"a deployment that failed and has nothing": {
			"Deployment", deployment("web", 3, 3, 0, stuck), down, v1alpha1.ReasonWorkloadFailed,
			"Deployment/web has none of 3 replicas available: Progress deadline exceeded.",
		},
		"a deployment scaled to 0": {
			"Deployment", deployment("web", 0, 0, 0, ""), down, v1alpha1.ReasonWorkloadFailed, "Deployment/web is scaled to 0.",
		},
		"a deployment that nobody has looked at": {
			"Deployment", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, generation: 1}, spec: {}}", down, v1alpha1.ReasonWorkloadFailed,
			"Deployment/web has none of 1 replicas available: Replicas: 0/1.",
		},
		"a deployment being deleted": {
			"Deployment", strings.Replace(deployment("web", 3, 3, 3, ""), "generation: 2", `generation: 2, deletionTimestamp: "2026-03-02T08:00:00Z"`, 1),
			degraded, v1alpha1.ReasonWorkloadProgressing, "Deployment/web is being deleted.",
		},
		"an updated stateful set by hand lacks a replica": {
			"StatefulSet", `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {replicas: 3, updateStrategy: {type: OnDelete}}, status: {replicas: 3, availableReplicas: 2}}`,
			degraded, v1alpha1.ReasonWorkloadProgressing,
			"StatefulSet/web is not yet as it should be: StatefulSet is using the ondelete update strategy (2 of 3 replicas are available).",
		},
		"a daemon set on no node": {
			"DaemonSet", `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web, generation: 1}, status: {observedGeneration: 1, desiredNumberScheduled: 0}}`,
			down, v1alpha1.ReasonWorkloadFailed, "DaemonSet/web is wanted on no node.",
		},
		"a daemon set that nobody has looked at": {
			"DaemonSet", `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web, generation: 1}, status: {desiredNumberScheduled: 0}}`,
			degraded, v1alpha1.ReasonWorkloadProgressing, "DaemonSet/web is not yet as it should be: DaemonSet status.observedGeneration not found.",
		},
		"a job that failed": {
			"Job", `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, status: {failed: 1, conditions: [{type: Failed, status: "True"}]}}`,
			down, v1alpha1.ReasonWorkloadFailed, "Job/web failed: Job Failed. failed: 1/1.",
		},
		"another kind that is ready": {
			"Cluster", `{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: web}, status: {conditions: [{type: Ready, status: "True"}]}}`, up, "", "",
		},
		"another kind that is not": {
			"Cluster", `{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: web}, status: {conditions: [{type: Ready, status: "False", reason: X, message: "two of\nthree"}]}}`,
			degraded, v1alpha1.ReasonWorkloadProgressing, "Cluster/web is not yet as it should be: two of three.",
		},
		"another kind that counts": {
			"Cluster", `{apiVersion: x.io/v1, kind: Cluster, metadata: {name: web}, spec: {replicas: 2}, status: {availableReplicas: 0, conditions: [{type: Ready, status: "True"}]}}`,
			down, v1alpha1.ReasonWorkloadFailed, "Cluster/web has none of 2 replicas available: Resource is Ready.",
		},
		"a status that makes no sense": {
			"Cluster", `{apiVersion: x.io/v1, kind: Cluster, metadata: {name: web}, status: {conditions: 7}}`, unknown, v1alpha1.ReasonFactMissing,
			"Cluster/web has a status that cannot be understood: cannot restore slice from int64.",
		},
		"another than is asked for": {
			"Deployment", deployment("other", 3, 3, 3, ""), down, v1alpha1.ReasonWorkloadMissing, "Deployment/web does not exist in namespace civento.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			version := parse(t, tt.text).GetAPIVersion()
			r := look(t, watched(t, tt.text), &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{reference(version, tt.kind, "web")}})
			want := result(tt.state, tt.reason, tt.message)
			want.Facts = r.Facts
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("want (-), got (+)\n%s", diff)
			}
		})
	}
}

// result is one that puts a system in a state.
func result(state v1alpha1.ComponentState, reason, message string) observe.Result {
	r := observe.Result{Outcome: observe.OutcomeSuccess, Unasked: true, Reason: reason, Message: message}
	switch state {
	case v1alpha1.ComponentDegraded:
		r.Degraded = true
	case v1alpha1.ComponentDown:
		r.Outcome, r.Class, r.Step = observe.OutcomeFailure, observe.ClassTarget, observe.StepExpectation
	case v1alpha1.ComponentUnknown:
		r.Outcome, r.Step = observe.OutcomeInconclusive, observe.StepExpectation
	case v1alpha1.ComponentUp, v1alpha1.ComponentStopped:
	}
	return r
}

func TestWhatTheWorkloadsOfASelectorAmountTo(t *testing.T) {
	fine, idle := deployment("a", 3, 3, 3, ""), deployment("b", 0, 0, 0, "")
	slow, dead := deployment("c", 3, 3, 2, ""), deployment("d", 3, 3, 0, "")
	forbidden := &cluster.Problem{Reason: v1alpha1.ReasonForbidden, Message: "The operator may not list daemonsets.apps."}
	const slowly, idly = "is not yet as it should be: Available: 2/3 (2 of 3 replicas are available)", "is scaled to 0"
	const dying = "has none of 3 replicas available: Available: 0/3"
	stopped := hosting.Component{Name: "Deployment/b", State: v1alpha1.ComponentStopped, Message: idly}
	degraded := hosting.Component{Name: "Deployment/c", State: v1alpha1.ComponentDegraded, Message: slowly}
	down := hosting.Component{Name: "Deployment/d", State: v1alpha1.ComponentDown, Message: dying}
	tests := map[string]struct {
		texts   []string
		problem *cluster.Problem
		want    observe.Result
		facts   any
	}{
		"nothing": {
			want: result(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "No Deployment, StatefulSet or DaemonSet in namespace civento has the labels that the selector asks for."),
		},
		"all is well":       {texts: []string{fine}, want: result(v1alpha1.ComponentUp, "", ""), facts: hosting.System{Total: 1}},
		"one is idle":       {texts: []string{fine, idle}, want: result(v1alpha1.ComponentUp, "", ""), facts: hosting.System{Total: 2, Components: []hosting.Component{stopped}}},
		"all are idle":      {texts: []string{idle}, want: result(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, "Deployment/b is scaled to 0."), facts: hosting.System{Total: 1, Components: []hosting.Component{{Name: "Deployment/b", State: v1alpha1.ComponentDown, Message: idly}}}},
		"the worst decides": {texts: []string{fine, idle, slow, dead}, want: result(v1alpha1.ComponentDown, v1alpha1.ReasonWorkloadFailed, "2 of 4 workloads are not as they should be: Deployment/d "+dying+"."), facts: hosting.System{Total: 4, Components: []hosting.Component{down, degraded, stopped}}},
		"a part is not seen, the rest is well": {
			texts: []string{fine}, problem: forbidden, want: result(v1alpha1.ComponentUnknown, v1alpha1.ReasonForbidden, forbidden.Message),
		},
		"a part is not seen, the rest is not well": {
			texts: []string{slow}, problem: forbidden, want: result(v1alpha1.ComponentDegraded, v1alpha1.ReasonWorkloadProgressing, "Deployment/c "+slowly+"."),
			facts: hosting.System{Total: 1, Components: []hosting.Component{degraded}},
		},
		"nothing is seen": {problem: forbidden, want: result(v1alpha1.ComponentUnknown, v1alpha1.ReasonForbidden, forbidden.Message)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := watched(t, tt.texts...)
			w.problems["DaemonSet"] = tt.problem
			tt.want.Facts = tt.facts
			r := look(t, w, &v1alpha1.KubernetesHosting{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}})
			if diff := cmp.Diff(tt.want, r); diff != "" {
				t.Errorf("want (-), got (+)\n%s", diff)
			}
		})
	}
}

func TestNoMoreComponentsAreToldThanThereIsRoomFor(t *testing.T) {
	var texts []string
	for i := range 2 * hosting.MaxComponents {
		texts = append(texts, deployment(fmt.Sprintf("%c-%s", 'a'+i, strings.Repeat("x", 240)), 3, 3, 0, ""))
	}
	r := look(t, watched(t, texts...), &v1alpha1.KubernetesHosting{Selector: &metav1.LabelSelector{}})
	s := r.Facts.(hosting.System)
	if s.Total != len(texts) || len(s.Components) != hosting.MaxComponents {
		t.Errorf("%d components of %d are told", len(s.Components), s.Total)
	}
	for _, c := range s.Components {
		if len(c.Name) > maxText || len(c.Message) > maxText {
			t.Errorf("a component is too long: %+v", c)
		}
	}
	if len(r.Message) > observe.MaxMessageLength {
		t.Errorf("the message has %d bytes", len(r.Message))
	}
}

// Whatever a custom resource holds, it is extracted.
func FuzzExtract(f *testing.F) {
	f.Add(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","generation":"x","deletionTimestamp":7},"spec":[],"status":{"conditions":[1]}}`)
	f.Add(`{"apiVersion":"v1","kind":"Pod","spec":{"containers":{}},"status":{"phase":"Running","containerStatuses":[null]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		u := &unstructured.Unstructured{}
		if u.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		kept := extract(u).(facts)
		if len(kept.message) > maxText {
			t.Errorf("%d bytes are kept", len(kept.message))
		}
		understand(&workload{"Deployment", &cluster.Object{Facts: kept}})
	})
}
