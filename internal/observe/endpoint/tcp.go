// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"

	"kdz.mainz.de/operator/internal/observe"
)

// tcpProbe asks whether a port accepts connections. It sends nothing.
type tcpProbe struct {
	common
}

// Run implements observe.Probe.
func (p *tcpProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	conn, f := r.connect(&p.target)
	if f == nil {
		// All that was asked is answered: closing can add nothing.
		_ = conn.Close()
	}
	return r.finish(f, p.maxLatency)
}
