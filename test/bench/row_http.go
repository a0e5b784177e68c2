// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

var httpRow = row{
	name: "http",
	about: `An HTTP check over a new connection, as the operator makes it from an Endpoint, with its steps measured
and the guard on addresses on; 8 at a time. The limit is a loop around Go's own client (net/http, DisableKeepAlives) that
reads the body and nothing else. The peer is prometheus-blackbox-exporter of Debian with its module http_2xx, asked over
connections that last, as Prometheus does it; a probe there includes the page that tells the result.`,
	needs: []string{nginx, blackbox},
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		return b.withWeb(ctx, func(w *web) ([]comparison, error) {
			targets := urls("http", w.Plain, "/")
			ours := side{leg: b.legOf("probe", probes{URLs: targets}, nil)}
			bare := side{"net/http loop", b.legOf("bare-http", bareHTTP{URLs: targets}, nil)}
			peer := side{"blackbox_exporter", b.blackboxLeg(moduleHTTP, w.CA, targets)}
			return []comparison{
				{"HTTP, new connection", ours, bare, perCPU, atLeast(0.7)},
				{"HTTP, new connection", ours, peer, perCPU, atLeast(5)},
			}, nil
		})
	},
}

// bareHTTP is what the worker "bare-http" asks.
type bareHTTP struct {
	URLs []string
	// KeepAlive: connections are kept.
	KeepAlive bool `json:",omitempty"`
}

// client returns Go's own client.
func (t *bareHTTP) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: !t.KeepAlive, MaxIdleConnsPerHost: atOnce}}
}

// bareHTTPWorker is a loop around net/http.
func bareHTTPWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[bareHTTP](args)
	if err != nil {
		return nil, err
	}
	client := told.client()
	return loop(ctx, func(ctx context.Context, n int) error {
		return get(ctx, client, told.URLs[n%len(told.URLs)], io.Discard)
	})
}
