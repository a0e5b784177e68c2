// SPDX-License-Identifier: Apache-2.0

package systems

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
	"kdz.mainz.de/operator/internal/observe/hosting/kubernetes"
	"kdz.mainz.de/operator/internal/observe/hosting/linux"
	"kdz.mainz.de/operator/internal/observe/hosting/sap"
	"kdz.mainz.de/operator/internal/observe/hosting/windows"
)

// Options of a Factory.
type Options struct {
	// Endpoints connects, past the guard of the operator's connections, and asks
	// status pages. Required.
	Endpoints *endpoint.Factory
	// Watcher knows the workloads of the cluster. Required.
	Watcher kubernetes.Watcher
	// Clock tells how old an answer is; nil means the system's.
	Clock clock.PassiveClock
	// UserAgent of requests; empty means endpoint.DefaultUserAgent.
	UserAgent string
}

// Factory makes checks of systems. It is safe for concurrent use.
type Factory struct {
	endpoints *endpoint.Factory
	clock     clock.PassiveClock
	sap       *sap.Source
	linux     *linux.Source
	windows   *windows.Source
	workloads *kubernetes.Source
}

// NewFactory returns a Factory.
func NewFactory(o Options) *Factory {
	exporters := exporter.NewSource(exporter.Options{Dial: o.Endpoints.Dial, Clock: o.Clock, UserAgent: o.UserAgent})
	return &Factory{
		endpoints: o.Endpoints,
		clock:     o.Clock,
		sap:       sap.NewSource(sap.Options{Factory: o.Endpoints, Clock: o.Clock, UserAgent: o.UserAgent}),
		linux:     linux.NewSource(exporters),
		windows:   windows.NewSource(exporters),
		workloads: kubernetes.NewSource(o.Watcher),
	}
}

// SecretNames returns the names of the Secrets that hosting refers to, each
// once.
func SecretNames(h *v1alpha1.Hosting) []string {
	if h == nil || h.SAP == nil {
		return nil
	}
	return sap.SecretNames(h.SAP)
}

// Checks returns how each system is looked at that an Application of that
// namespace runs on, in the order of the spec, to be asked within timeout.
// Secrets is called only while Checks runs, and only for names that SecretNames
// returns.
func (f *Factory) Checks(namespace string, h *v1alpha1.Hosting, timeout time.Duration, secrets endpoint.Secrets) []hosting.Check {
	switch {
	case h.SAP != nil:
		return f.instances(h.SAP, timeout, secrets)
	case h.Linux != nil:
		return hosts("linux", h.Linux.Hosts, timeout, f.linux.New, func(host string) func(observe.Result) observe.Result {
			return linux.Reader(host, h.Linux, f.clock)
		})
	case h.Windows != nil:
		return hosts("windows", h.Windows.Hosts, timeout, f.windows.New, func(host string) func(observe.Result) observe.Result {
			return windows.Reader(host, h.Windows)
		})
	case h.Kubernetes != nil:
		return f.run(namespace, h.Kubernetes)
	case h.SaaS != nil:
		return f.supplied(h.SaaS, timeout)
	default:
		return nil
	}
}

// instances are the checks of the instances of an SAP system.
func (f *Factory) instances(h *v1alpha1.SAPHosting, timeout time.Duration, secrets endpoint.Secrets) []hosting.Check {
	checks := make([]hosting.Check, len(h.Instances))
	for i := range h.Instances {
		instance := &h.Instances[i]
		c := hosting.Check{Name: sap.InstanceName(h, instance), Field: fmt.Sprintf("spec.hosting.sap.instances[%d]", i)}
		if c.Probe, c.Err = f.sap.New(h, instance, secrets, timeout); c.Err != nil {
			c.Probe = nil
		}
		c.Read = sap.Reader(h, instance)
		checks[i] = c
	}
	return checks
}

// hosts are the checks of hosts by their exporters.
func hosts(
	platform string, declared []v1alpha1.MetricsHost, timeout time.Duration,
	ask func(url string, timeout time.Duration) (observe.Probe, error),
	reader func(host string) func(observe.Result) observe.Result,
) []hosting.Check {
	checks := make([]hosting.Check, len(declared))
	for i := range declared {
		host := &declared[i]
		c := hosting.Check{Name: host.Name, Field: fmt.Sprintf("spec.hosting.%s.hosts[%d]", platform, i), Read: reader(host.Name)}
		probe, err := ask(string(host.MetricsURL), timeout)
		if err != nil {
			c.Err = &endpoint.SpecError{Field: "metricsURL", Reason: endpoint.SpecInvalid, Detail: err.Error()}
		} else {
			c.Probe = probe
		}
		checks[i] = c
	}
	return checks
}

// run are the checks of what runs in the cluster.
func (f *Factory) run(namespace string, h *v1alpha1.KubernetesHosting) []hosting.Check {
	systems, err := f.workloads.Systems(namespace, h)
	checks := make([]hosting.Check, 0, len(systems)+1)
	for _, s := range systems {
		checks = append(checks, hosting.Check{
			Name: s.Name, Field: "spec.hosting.kubernetes", Probe: s.Probe, Read: kubernetes.Read, Queries: s.Queries,
		})
	}
	if err != nil {
		if _, spec := errors.AsType[*endpoint.SpecError](err); !spec {
			err = &endpoint.SpecError{Field: "kubernetes", Reason: endpoint.SpecInvalid, Detail: err.Error()}
		}
		checks = append(checks, hosting.Check{Name: "unusable", Field: "spec.hosting", Err: err})
	}
	return checks
}
