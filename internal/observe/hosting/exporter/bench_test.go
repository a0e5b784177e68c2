// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// host returns what node_exporter tells of a host, in about 2,000 series: 300
// units in 5 states, and 500 series of what nobody wants here but for a few.
func host() string {
	var b strings.Builder
	b.WriteString("# HELP node_systemd_unit_state Systemd unit\n# TYPE node_systemd_unit_state gauge\n")
	for i := range 300 {
		for j, state := range []string{"activating", "active", "deactivating", "failed", "inactive"} {
			in := 0
			if j == 1+i%7/6*3 {
				in = 1
			}
			fmt.Fprintf(&b, "node_systemd_unit_state{name=\"application-%d.service\",state=%q,type=\"simple\"} %d\n", i, state, in)
		}
	}
	for i := range 25 {
		fmt.Fprintf(&b, "# HELP node_cpu_%d_seconds_total Seconds the CPUs spent in each mode.\n# TYPE node_cpu_%d_seconds_total counter\n", i, i)
		for j := range 20 {
			fmt.Fprintf(&b, "node_cpu_%d_seconds_total{cpu=\"%d\",mode=\"idle\"} 1.23456789e+06\n", i, j)
		}
	}
	b.WriteString("# TYPE node_boot_time_seconds gauge\nnode_boot_time_seconds 1.7e+09\n")
	return b.String()
}

// BenchmarkScrape2000Series compares a probe with fetching the same bytes over
// HTTP, each time over a new connection as the probe does, and parsing all of
// them. cpu-ms/op is the CPU time of this process, the server included.
func BenchmarkScrape2000Series(b *testing.B) {
	body := host()
	packed := compressed(b, body)
	s := newSource(b, Options{})
	set := NewSet("node_exporter", func(_ string, m Metrics, _ time.Time) (any, error) { return m.States("node_systemd_unit_state", nil) },
		StateFamily("node_systemd_unit_state", "active"), Family{Name: "node_boot_time_seconds"})
	plain := serve(b, says(200, body))
	zippedURL := serve(b, zipped(packed))
	parse := func(in io.Reader) error {
		parser := expfmt.NewTextParser(model.LegacyValidation)
		_, err := parser.TextToMetricFamilies(in)
		return err
	}
	probe := func(url string) func() error {
		p, err := s.New(url, set, 10*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		return func() error {
			if r := p.Run(context.Background()); r.Reason != "" {
				return fmt.Errorf("%+v", r)
			}
			return nil
		}
	}
	for name, run := range map[string]func() error{
		"fetch and parse all": func() error { return fetch(s.transport, plain, parse) },
		"fetch":               func() error { return fetch(s.transport, plain, drain) },
		"parse all":           func() error { return parse(strings.NewReader(body)) },
		"filter and parse": func() error {
			_, err := set.scrape(context.Background(), strings.NewReader(body), "")
			return err
		},
		"probe":      probe(plain),
		"probe gzip": probe(zippedURL),
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			before := used(b)
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(used(b)-before)/float64(time.Millisecond)/float64(b.N), "cpu-ms/op")
		})
	}
}

func fetch(transport http.RoundTripper, url string, read func(io.Reader) error) error {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Close = true
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return read(resp.Body)
}

func drain(in io.Reader) error {
	_, err := io.Copy(io.Discard, in)
	return err
}

// used returns the CPU time that this process has used.
func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
