// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// probes is what the worker "probe" asks: an endpoint for each URL.
type probes struct {
	URLs []string
	// CA that is trusted, in PEM; empty means the system's.
	CA string `json:",omitempty"`
	// KeepAlive is HTTPCheck.KeepAlive.
	KeepAlive bool `json:",omitempty"`
}

// caSecret names the Secret that holds the CA.
const caSecret = "ca"

// make returns the probes as the operator makes them: from Endpoints, by one
// Factory, with the guard on where checks may connect. Loopback, where the
// targets are, is allowed.
func (p *probes) make() ([]observe.Probe, error) {
	factory := endpoint.NewFactory(endpoint.Options{
		Egress: endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil),
	})
	secrets := func(name string) (*corev1.Secret, error) {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: "ca", ResourceVersion: "1", Labels: map[string]string{v1alpha1.LabelProbe: "true"}},
			Data:       map[string][]byte{endpoint.KeyCA: []byte(p.CA)},
		}, nil
	}
	out := make([]observe.Probe, 0, len(p.URLs))
	for _, url := range p.URLs {
		e := &v1alpha1.Endpoint{URL: url}
		if p.CA != "" {
			e.TLS = &v1alpha1.TLSCheck{CASecretRef: &v1alpha1.SecretReference{Name: caSecret}}
		}
		if p.KeepAlive {
			e.HTTP = &v1alpha1.HTTPCheck{KeepAlive: true}
		}
		probe, err := factory.New(e, secrets)
		if err != nil {
			return nil, err
		}
		out = append(out, probe)
	}
	return out, nil
}

// probeWorker asks the probes in turn.
func probeWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[probes](args)
	if err != nil {
		return nil, err
	}
	all, err := told.make()
	if err != nil {
		return nil, err
	}
	return loop(ctx, func(ctx context.Context, n int) error {
		return succeeded(all[n%len(all)].Run(ctx))
	})
}

// succeeded returns an error for a check that did not succeed: then something
// else would be measured.
func succeeded(r observe.Result) error {
	if r.Outcome != observe.OutcomeSuccess {
		return fmt.Errorf("the check did not succeed: %s: %s", r.Reason, r.Message)
	}
	return nil
}

// urls returns a URL for each address.
func urls(scheme string, addresses []string, path string) []string {
	out := make([]string, len(addresses))
	for i, a := range addresses {
		out[i] = scheme + "://" + a + path
	}
	return out
}
