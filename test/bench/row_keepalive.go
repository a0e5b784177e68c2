// SPDX-License-Identifier: Apache-2.0

package main

import "context"

var keepAliveRow = row{
	name: "keepalive",
	about: `An HTTP check whose endpoint asks to keep the connection (http.keepAlive), against a loop around Go's own
client that keeps its connections too.`,
	needs: []string{nginx},
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		return b.withWeb(ctx, func(w *web) ([]comparison, error) {
			targets := urls("http", w.Plain, "/")
			return []comparison{{
				what:   "HTTP, kept connection",
				ours:   side{leg: b.legOf("probe", probes{URLs: targets, KeepAlive: true}, nil)},
				theirs: side{"net/http loop", b.legOf("bare-http", bareHTTP{URLs: targets, KeepAlive: true}, nil)},
				figure: perCPU,
			}}, nil
		})
	},
}
