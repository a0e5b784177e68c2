// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
)

var tlsRow = row{
	name: "tls",
	about: `A TLS check: connect, shake hands, verify the chain and read when it ends. The limit is a loop of handshakes
by crypto/tls with Go's own choice of curves, the hybrid one with ML-KEM first, without resumption; the chain is
verified. The peer is prometheus-blackbox-exporter with its module for TCP and TLS; it was built with an older Go that
offers no ML-KEM, and so has less to compute.`,
	needs: []string{nginx, blackbox},
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		return b.withWeb(ctx, func(w *web) ([]comparison, error) {
			ours := side{leg: b.legOf("probe", probes{URLs: urls("tls", w.Secure, ""), CA: w.CA}, nil)}
			bare := side{"handshake loop", b.legOf("bare-tls", bareTLS{Addresses: w.Secure, CA: w.CA}, nil)}
			peer := side{"blackbox_exporter", b.blackboxLeg(moduleTLS, w.CA, w.Secure)}
			return []comparison{
				{"TLS", ours, bare, perCPU, atLeast(0.85)},
				{what: "TLS", ours: ours, theirs: peer, figure: perCPU},
			}, nil
		})
	},
}

// bareTLS is with whom the worker "bare-tls" shakes hands.
type bareTLS struct {
	Addresses []string
	// CA that is trusted, in PEM.
	CA string
}

// bareTLSWorker shakes hands with addresses in turn.
func bareTLSWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[bareTLS](args)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(told.CA)) {
		return nil, errors.New("the CA is no certificate")
	}
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return loop(ctx, func(ctx context.Context, n int) error {
		conn, err := dialer.DialContext(ctx, "tcp", told.Addresses[n%len(told.Addresses)])
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
