// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"syscall"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// The pairs of benchmarks below ask the same of nginx, which is a process of
// its own; compare their cpu-ns/op, the time that this process computed:
//
//	BenchmarkHTTPProbe with BenchmarkBareHTTP
//	BenchmarkHTTPSProbe with BenchmarkBareHTTPS
//	BenchmarkHTTPKeepAliveProbe with BenchmarkBareHTTPKeepAlive
//	BenchmarkHTTPSKeepAliveProbe with BenchmarkBareHTTPSKeepAlive
//	BenchmarkTLSProbe with BenchmarkBareTLS

// cpu reports the processor time that this process takes for each round.
func cpu(b *testing.B, round func()) {
	b.Helper()
	spent := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	b.ReportAllocs()
	before := spent()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(spent()-before)/float64(b.N), "cpu-ns/op")
}

func benchmarkProbe(b *testing.B, url func(w *web) string, edits ...func(e *v1alpha1.Endpoint)) {
	w := startWeb(b)
	e := endpointOf(url(w))
	for _, edit := range edits {
		edit(e)
	}
	if e.URL[:4] != "http" || e.URL[:5] == "https" {
		e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	}
	p, err := NewFactory(Options{}).New(e, w.secrets(b))
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	cpu(b, func() {
		if r := p.Run(ctx); r.Outcome != observe.OutcomeSuccess {
			b.Fatalf("%+v", r)
		}
	})
}

func benchmarkClient(b *testing.B, url func(w *web) string, keepAlive bool) {
	w := startWeb(b)
	transport := &http.Transport{DisableKeepAlives: !keepAlive, TLSClientConfig: &tls.Config{RootCAs: w.root.Pool()}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	target := url(w)
	cpu(b, func() {
		resp, err := client.Get(target)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

func plainURL(w *web) string  { return "http://" + w.http + "/" }
func secureURL(w *web) string { return "https://" + w.https + "/" }

func BenchmarkHTTPProbe(b *testing.B)  { benchmarkProbe(b, plainURL) }
func BenchmarkBareHTTP(b *testing.B)   { benchmarkClient(b, plainURL, false) }
func BenchmarkHTTPSProbe(b *testing.B) { benchmarkProbe(b, secureURL) }
func BenchmarkBareHTTPS(b *testing.B)  { benchmarkClient(b, secureURL, false) }
func keepAlive(e *v1alpha1.Endpoint)   { e.HTTP = &v1alpha1.HTTPCheck{KeepAlive: true} }

func BenchmarkHTTPKeepAliveProbe(b *testing.B)  { benchmarkProbe(b, plainURL, keepAlive) }
func BenchmarkBareHTTPKeepAlive(b *testing.B)   { benchmarkClient(b, plainURL, true) }
func BenchmarkHTTPSKeepAliveProbe(b *testing.B) { benchmarkProbe(b, secureURL, keepAlive) }
func BenchmarkBareHTTPSKeepAlive(b *testing.B)  { benchmarkClient(b, secureURL, true) }

func BenchmarkTLSProbe(b *testing.B) {
	benchmarkProbe(b, func(w *web) string { return "tls://" + w.https })
}

func BenchmarkBareTLS(b *testing.B) {
	w := startWeb(b)
	config := &tls.Config{RootCAs: w.root.Pool()}
	cpu(b, func() {
		conn, err := tls.Dial("tcp", w.https, config)
		if err != nil {
			b.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// bytesPerProbe returns what one of many probes adds to the heap.
func bytesPerProbe(tb testing.TB, secrets Secrets, declare func(int) *v1alpha1.Endpoint) float64 {
	tb.Helper()
	const many = 10_000
	f := NewFactory(Options{})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	probes := make([]observe.Probe, 0, many)
	// The first one pays for what all share.
	first, err := f.New(declare(many), secrets)
	if err != nil {
		tb.Fatal(err)
	}
	before := heap()
	for i := range many {
		p, err := f.New(declare(i), secrets)
		if err != nil {
			tb.Fatal(err)
		}
		probes = append(probes, p)
	}
	grown := float64(heap()-before) / many
	runtime.KeepAlive(first)
	runtime.KeepAlive(probes)
	return grown
}

// TestMemory: the design point is 1 KB for everything that one check keeps, of
// which the engine needs a part. What endpoints declare alike is kept once.
func TestMemory(t *testing.T) {
	secrets := secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(servers.NewAuthority(t, "Root").PEM())}),
		secretOf("token", map[string]string{KeyToken: hiddenValue}))
	plain := bytesPerProbe(t, secrets, func(i int) *v1alpha1.Endpoint {
		return endpointOf(fmt.Sprintf("https://host-%d.mainz.test/", i))
	})
	declared := bytesPerProbe(t, secrets, func(i int) *v1alpha1.Endpoint {
		e := endpointOf(fmt.Sprintf("https://host-%d.mainz.test/health?unit=%d", i, i))
		e.HTTP = &v1alpha1.HTTPCheck{BodyPattern: `"status":\s*"UP"`, BodyExpression: `body.status == "UP"`, BearerTokenSecretRef: ref("token")}
		e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
		return e
	})
	if plain > 500 || declared > 700 {
		t.Errorf("a plain probe keeps %.0f bytes, one that declares much %.0f", plain, declared)
	}
}
