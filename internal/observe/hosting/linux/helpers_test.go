// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"io"
	"net/http"
	"net/http/httptest"
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, *h.body.Load())
	}))
	tb.Cleanup(server.Close)
	h.source = NewSource(newExporters(tb, h.clock))
	h.probe = newProbe(tb, h.source, server.URL)
	return h
}

func newExporters(tb testing.TB, clock *clocktesting.FakePassiveClock) *exporter.Source {
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	options := exporter.Options{Dial: endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial}
	if clock != nil {
		options.Clock = clock
	}
	exporters := exporter.NewSource(options)
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
