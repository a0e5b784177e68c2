// SPDX-License-Identifier: Apache-2.0

// Package controllertest runs controllers in tests, against a real API server:
// Run is for TestMain, a World is what a test sees of the API server, and an
// Operator is one run of a controller in it.
//
// It must not be imported by anything but tests.
package controllertest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// Run runs the tests of a package against a control plane that knows the kinds
// of the operator, and returns the exit code. Definitions is the path of
// config/crd/bases; more is done after they were installed.
func Run(m *testing.M, definitions string, more ...controlplanetest.Setup) int {
	ctrl.SetLogger(logr.Discard())
	install := func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return controlplane.InstallCRDs(ctx, cp.Config, definitions)
	}
	return controlplanetest.Run(m, controlplane.Options{}, append([]controlplanetest.Setup{install}, more...)...)
}

// Start runs a manager, with what add adds to it, until the test or the
// returned function ends it; the context that add is handed ends then. The
// manager listens on no port, and is silent unless the options have a Logger.
func Start(tb testing.TB, config *rest.Config, o ctrl.Options, add func(context.Context, ctrl.Manager) error) (stop func()) {
	tb.Helper()
	o.Metrics.BindAddress, o.HealthProbeBindAddress = "0", "0"
	// Other tests of the same binary run controllers of the same name.
	o.Controller.SkipNameValidation = new(true)
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
	if o.Scheme == nil {
		o.Scheme = setup.Scheme()
	}
	mgr, err := ctrl.NewManager(config, o)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := add(ctx, mgr); err != nil {
		cancel()
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("the manager ended with %v", err)
		}
	})
	tb.Cleanup(stop)
	return stop
}

// Metric returns the sum of the gauges or counters of a name, and whether there
// is any. Labels are pairs of a name and a value; a series may have others
// besides, and one that is to be absent has an empty value.
func Metric(tb testing.TB, g prometheus.Gatherer, name string, labels ...string) (sum float64, found bool) {
	tb.Helper()
	families, err := g.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, series := range family.GetMetric() {
			has := map[string]string{}
			for _, pair := range series.GetLabel() {
				has[pair.GetName()] = pair.GetValue()
			}
			same := true
			for pair := range slices.Chunk(labels, 2) {
				same = same && has[pair[0]] == pair[1]
			}
			if same {
				sum, found = sum+series.GetGauge().GetValue()+series.GetCounter().GetValue(), true
			}
		}
	}
	return sum, found
}
