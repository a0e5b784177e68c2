// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin is when tests begin.
var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// host is one whose metrics a test writes.
type host struct {
	clock  *clocktesting.FakePassiveClock
	probe  observe.Probe
	source *Source
	body   atomic.Pointer[string]
}

func newHost(tb testing.TB) *host {
	tb.Helper()
	h := &host{clock: clocktesting.NewFakePassiveClock(begin)}
	h.tell("")
	exporters := exporter.NewSource(exporter.Options{Dial: h.dial, Clock: h.clock})
	tb.Cleanup(exporters.Close)
	h.source = NewSource(exporters)
	h.probe = newProbe(tb, h.source, "http://web01:9100/metrics")
	return h
}

// dial returns a connection to the host that takes no port, so that a great many
// may follow each other.
func (h *host) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+*h.body.Load())
		}
	}()
	return ours, nil
}

// newExporters returns a Source that may connect to the loopback interface.
func newExporters(tb testing.TB) *exporter.Source {
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	exporters := exporter.NewSource(exporter.Options{Dial: endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial})
	tb.Cleanup(exporters.Close)
	return exporters
}

func newProbe(tb testing.TB, s *Source, url string) observe.Probe {
	tb.Helper()
	p, err := s.New(url, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func (h *host) tell(body string) { h.body.Store(&body) }

func (h *host) ask(tb testing.TB) observe.Result {
	tb.Helper()
	return h.probe.Run(tb.Context())
}
