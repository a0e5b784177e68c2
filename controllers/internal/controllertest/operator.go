// SPDX-License-Identifier: Apache-2.0

package controllertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// Operator is one run of a controller. It counts the writes of status by the
// names of the objects.
type Operator struct {
	// Common is what the controller is to work with. Its client reads from the
	// manager's cache, and its clock is the system's.
	setup.Common
	// Events that were recorded.
	Events chan string
	// Registry of the metrics.
	Registry *prometheus.Registry
	// Stop ends the run and returns when it has.
	Stop func()

	tb testing.TB
	mu sync.Mutex
	// written and refuse count the writes that went through, and those that
	// are not to.
	written, refuse map[string]int
}

// Operate runs the controller that add adds to a manager, until the test or
// Stop ends it.
func (w *World) Operate(add func(ctrl.Manager, *Operator) error) *Operator {
	w.Helper()
	recorder := events.NewFakeRecorder(4096)
	o := &Operator{
		Common: setup.Common{Recorder: recorder}, Events: recorder.Events, Registry: prometheus.NewRegistry(),
		tb: w, written: map[string]int{}, refuse: map[string]int{},
	}
	o.Stop = Start(w, controlplanetest.Config(w), ctrl.Options{}, func(_ context.Context, mgr ctrl.Manager) (err error) {
		o.Client, err = Intercept(mgr, interceptor.Funcs{SubResourcePatch: o.patch})
		if err != nil {
			return err
		}
		return add(mgr, o)
	})
	return o
}

// Intercept returns a client that reads from the manager's cache and calls funcs
// in place of what it would do.
func Intercept(mgr ctrl.Manager, funcs interceptor.Funcs) (client.Client, error) {
	c, err := client.NewWithWatch(mgr.GetConfig(), client.Options{
		Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), Cache: &client.CacheOptions{Reader: mgr.GetCache()},
	})
	if err != nil {
		return nil, err
	}
	return interceptor.NewClient(c, funcs), nil
}

// patch counts a write before anybody can see it, or refuses it. One that the API
// server refuses does not count; one of which the answer is lost, since the
// operator ends, does.
func (o *Operator) patch(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	name := obj.GetName()
	if !o.admit(name) {
		return errors.New("refused by the test")
	}
	err := c.SubResource(sub).Patch(ctx, obj, p, opts...)
	if refusal := apierrors.APIStatus(nil); errors.As(err, &refusal) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.written[name]--
	}
	return err
}

func (o *Operator) admit(name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse[name] > 0 {
		o.refuse[name]--
		return false
	}
	o.written[name]++
	return true
}

// Refuse makes the next writes of an object's status fail, so many times.
func (o *Operator) Refuse(name string, times int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse[name] = times
}

// Written is how often the status of the objects was written; of all of them if
// none is named.
func (o *Operator) Written(names ...string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(names) == 0 {
		names = slices.Collect(maps.Keys(o.written))
	}
	n := 0
	for _, name := range names {
		n += o.written[name]
	}
	return n
}

// Metric is like the function, of what this run tells.
func (o *Operator) Metric(name string, labels ...string) (float64, bool) {
	o.tb.Helper()
	return Metric(o.tb, o.Registry, name, labels...)
}
