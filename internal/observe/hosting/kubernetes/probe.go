// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"context"
	"fmt"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// probe reads what is kept of the workloads of a system.
type probe struct {
	watcher Watcher
	queries []cluster.Query
	key     string
}

// Key implements observe.Probe.
func (p *probe) Key() string { return p.key }

// Target implements observe.Probe.
func (p *probe) Target() string { return "kubernetes API" }

// Run implements observe.Probe. It does no I/O. A success has *seen as its Facts,
// which Read understands; where nothing is known, the answer is inconclusive.
func (p *probe) Run(context.Context) observe.Result {
	s := &seen{namespace: p.queries[0].Namespace, kind: p.queries[0].Kind.Kind, name: p.queries[0].Name}
	for _, q := range p.queries {
		objects, problem := p.watcher.Objects(q)
		if problem != nil && s.problem == nil {
			s.problem = problem
		}
		for _, o := range objects {
			s.workloads = append(s.workloads, workload{q.Kind.Kind, o})
		}
	}
	if s.problem != nil && len(s.workloads) == 0 {
		return doubt(s.problem.Reason, s.problem.Message)
	}
	return observe.Result{Outcome: observe.OutcomeSuccess, Unasked: true, Facts: s}
}

// doubt is a result that decides nothing.
func doubt(reason, message string) observe.Result {
	return observe.Result{Unasked: true, Step: observe.StepExpectation, Reason: reason, Message: endpoint.Printable(message, observe.MaxMessageLength)}
}

// seen is what was seen of a system.
type seen struct {
	namespace string
	// kind and name of the workload, if it is one that is named.
	kind, name string
	workloads  []workload
	// problem is why not all of them were seen, if so.
	problem *cluster.Problem
}

// workload is one that exists.
type workload struct {
	kind string
	*cluster.Object
}

func (w *workload) String() string { return fmt.Sprintf("%s/%s", w.kind, w.Name) }
