// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/tell/audit/audittest"
)

// violatingOneIn is of how many Applications one breaks the rule.
const violatingOneIn = 100

var auditRow = row{
	name: "audit",
	about: fmt.Sprintf(`A whole audit of %d Applications in %d namespaces, of which one in %d breaks the rule, by the
controller as it runs in the operator: the policy changes so that all is judged anew and every report is written. It costs the
processor time of API server, etcd and controller, the reports included. The limit is a client that lists each namespace,
decodes it, and asks the same judge, and tells nobody. "From the start" is the same in a manager that is only started then,
without reports: it includes that the cache is filled, which the operator's controllers share. At the end that is done once more,
with the reports as they are: nothing has changed, so nothing may be written.`,
		fleetSize, fleetUnits, violatingOneIn),
	measure: measureAudit,
}

func measureAudit(ctx context.Context, b *bench) (lines []line, err error) {
	a := &audited{bench: b, size: fleetSize}
	switch {
	case b.large:
		a.size = largeFleet
	case b.short:
		a.size = shortFleet
	}
	if a.plane, err = b.startPlane(ctx, false); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.end(), a.plane.Stop()) }()
	if err := a.declare(ctx); err != nil {
		return nil, err
	}
	const what, limit = "audit: an Application", "list and judge"
	running, err := b.compare(ctx, comparison{
		what: what, ours: side{leg: a.ours}, theirs: side{limit, a.limit}, figure: eachCPU, goal: atMost(2),
	})
	if err != nil {
		return nil, err
	}
	if err := a.end(); err != nil {
		return nil, err
	}
	started, err := b.compare(ctx, comparison{
		what: what + ", from the start", ours: side{leg: a.fromTheStart}, theirs: side{limit, a.limit}, figure: eachCPU,
	})
	if err != nil {
		return nil, err
	}
	again, err := a.again(ctx)
	return []line{running, started, again}, err
}

// audited is what is audited.
type audited struct {
	*plane
	bench *bench
	size  int
	// namespaces, those of the cluster itself included.
	namespaces []string
	// violating is how many Applications break the rule.
	violating int
	// running is the controller that all turns of the first comparison share.
	running *child
}

// declare makes the place for reports, and what they are about.
func (a *audited) declare(ctx context.Context) error {
	crds, err := audittest.CRDs(ctx)
	if err != nil {
		return err
	}
	if err := controlplane.InstallCRDs(ctx, a.Config, crds); err != nil {
		return err
	}
	if err := a.found(ctx); err != nil {
		return err
	}
	// With a decision, so that the level itself is no finding.
	const decided = `{"spec":{"decision":{"body":"SteeringRound","outcome":"Approved","decidedOn":"2026-03-12","reference":"SR-2026-03","decidedBy":"steering-round@kdz.example"}}}`
	level := &v1alpha1.ServiceLevel{}
	level.Name = agreement
	if err := a.admin.Patch(ctx, level, client.RawPatch(types.MergePatchType, []byte(decided))); err != nil {
		return err
	}
	for n := range fleetUnits {
		if err := a.newUnit(ctx, fleetUnit(n)); err != nil {
			return err
		}
	}
	var violating atomic.Int64
	err = a.createAll(ctx, a.size, func(n int) *v1alpha1.Application {
		app := newApplication(fleetUnit(n), fleetUnit(n), n)
		if n/fleetUnits%violatingOneIn == 0 {
			violating.Add(1)
			app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
		}
		return app
	})
	if err != nil {
		return err
	}
	a.violating = int(violating.Load())
	var all corev1.NamespaceList
	if err := a.admin.List(ctx, &all); err != nil {
		return err
	}
	for i := range all.Items {
		a.namespaces = append(a.namespaces, all.Items[i].Name)
	}
	return nil
}

// auditing is what the workers "auditor" and "judge" are told.
type auditing struct {
	// Kubeconfig is a file that says who they are.
	Kubeconfig string
	// Namespaces that there are.
	Namespaces []string
	// Applications is how many there are in all of them, and Violating how many
	// of these break the rule.
	Applications, Violating int
}

// begin begins a worker.
func (a *audited) begin(ctx context.Context, worker string) (*child, error) {
	c, err := begin(ctx, worker, auditing{
		Kubeconfig: a.operatorConfig, Namespaces: a.namespaces, Applications: a.size, Violating: a.violating,
	})
	if err != nil {
		return nil, err
	}
	c.charged = a.charged(c.pid())
	return c, nil
}

// turn lets a worker audit everything once.
func (a *audited) turn(ctx context.Context, worker string) (*sample, error) {
	c, err := a.begin(ctx, worker)
	if err != nil {
		return nil, err
	}
	got, err := c.window(0)
	if err != nil {
		return nil, err
	}
	got.Operations = int64(a.size)
	return got, c.end()
}

// ours audits in the controller that runs.
func (a *audited) ours(ctx context.Context) (*sample, error) {
	if a.running == nil {
		c, err := a.begin(ctx, "auditor")
		if err != nil {
			return nil, err
		}
		a.running = c
	}
	got, err := a.running.window(0)
	if err != nil {
		a.running = nil
		return nil, err
	}
	got.Operations = int64(a.size)
	return got, nil
}

// end ends the controller that runs.
func (a *audited) end() error {
	c := a.running
	a.running = nil
	if c == nil {
		return nil
	}
	return c.end()
}

func (a *audited) limit(ctx context.Context) (*sample, error) { return a.turn(ctx, "judge") }

// fromTheStart audits in a controller that is started for it.
func (a *audited) fromTheStart(ctx context.Context) (*sample, error) {
	for _, namespace := range a.namespaces {
		if err := a.admin.DeleteAllOf(ctx, &openreports.Report{}, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
	}
	if err := a.admin.DeleteAllOf(ctx, &openreports.ClusterReport{}); err != nil {
		return nil, err
	}
	return a.turn(ctx, "starter")
}

// again audits what has not changed.
func (a *audited) again(ctx context.Context) (line, error) {
	var before, after float64
	written := func(into *float64) error {
		for _, resource := range []string{"reports", "clusterreports"} {
			n, err := a.writes(ctx, resource)
			if err != nil {
				return err
			}
			*into += n
		}
		return nil
	}
	var reports openreports.ReportList
	if err := a.admin.List(ctx, &reports); err != nil {
		return line{}, err
	}
	if len(reports.Items) == 0 {
		return line{}, errors.New("there is no report, so that none is written shows nothing")
	}
	if err := written(&before); err != nil {
		return line{}, err
	}
	got, err := a.turn(ctx, "starter")
	if err != nil {
		return line{}, err
	}
	if err := written(&after); err != nil {
		return line{}, err
	}
	return absolute("audit: writes when nothing has changed", after-before, count,
		fmt.Sprintf("%d reports; %s of CPU, %s", len(reports.Items), short(got.CPU), short(got.Wall)), atMost(0)), nil
}

// auditsWithin bounds how long an audit of everything may take.
const auditsWithin = 5 * time.Minute
