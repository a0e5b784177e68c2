// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net"
)

var tcpRow = row{
	name: "tcp",
	about: `A TCP check: connect and close. The limit is a loop that does just that; the peer is
prometheus-blackbox-exporter with its module tcp_connect.`,
	needs: []string{nginx, blackbox},
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		return b.withWeb(ctx, func(w *web) ([]comparison, error) {
			ours := side{leg: b.legOf("probe", probes{URLs: urls("tcp", w.Plain, "")}, nil)}
			bare := side{"dial loop", b.legOf("bare-tcp", w.Plain, nil)}
			peer := side{"blackbox_exporter", b.blackboxLeg(moduleTCP, w.CA, w.Plain)}
			return []comparison{
				{what: "TCP", ours: ours, theirs: bare, figure: perCPU},
				{what: "TCP", ours: ours, theirs: peer, figure: perCPU},
			}, nil
		})
	},
}

// bareTCPWorker connects to addresses in turn.
func bareTCPWorker(ctx context.Context, args json.RawMessage) (window, error) {
	addresses, err := decode[[]string](args)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{}
	return loop(ctx, func(ctx context.Context, n int) error {
		conn, err := dialer.DialContext(ctx, "tcp", addresses[n%len(addresses)])
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
