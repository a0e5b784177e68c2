// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

var httpRow = row{
	name: "http",
	about: `An HTTP check over a new connection, as the operator makes it from an Endpoint, with its steps measured
and the guard on addresses on. The limit is a loop around Go's own client (net/http, DisableKeepAlives) that reads the
body and nothing else.`,
	needs: []string{nginx},
	measure: func(ctx context.Context, b *bench) (lines []line, err error) {
		w, err := b.startWeb(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, w.stop()) }()
		targets := urls("http", w.Plain, "/")
		l, err := b.compare(ctx, comparison{
			what:   "HTTP, new connection",
			ours:   side{leg: b.legOf("probe", probes{URLs: targets}, nil)},
			theirs: side{"net/http loop", b.legOf("bare-http", bareHTTP{URLs: targets}, nil)},
			figure: perCPU,
			goal:   atLeast(0.7),
		})
		return []line{l}, err
	},
}

// bareHTTP is what the worker "bare-http" asks.
type bareHTTP struct {
	URLs []string
	// KeepAlive: connections are kept.
	KeepAlive bool `json:",omitempty"`
}

// bareHTTPWorker is a loop around net/http.
func bareHTTPWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[bareHTTP](args)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !told.KeepAlive, MaxIdleConnsPerHost: atOnce}}
	return loop(ctx, func(ctx context.Context, n int) error {
		return get(ctx, client, told.URLs[n%len(told.URLs)])
	})
}

// get asks for a page and reads it.
func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}
