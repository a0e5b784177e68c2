// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
	"kdz.mainz.de/operator/internal/observe/hosting/systems"
)

// hostMetrics is what node_exporter tells of a host with 300 units, in about
// 2,000 series: units in five states each, what else the operator reads, and as
// many of what it does not.
func hostMetrics() string {
	var b strings.Builder
	b.WriteString("# HELP node_systemd_unit_state Systemd unit\n# TYPE node_systemd_unit_state gauge\n")
	for unit := range 300 {
		for _, state := range []string{"activating", "active", "deactivating", "failed", "inactive"} {
			in := 0
			if state == "active" {
				in = 1
			}
			fmt.Fprintf(&b, "node_systemd_unit_state{name=\"application-%d.service\",state=%q,type=\"simple\"} %d\n", unit, state, in)
		}
	}
	for family, value := range map[string]string{"size_bytes": "1e+11", "avail_bytes": "5e+10", "readonly": "0"} {
		fmt.Fprintf(&b, "# HELP node_filesystem_%[1]s Of a filesystem.\n# TYPE node_filesystem_%[1]s gauge\n", family)
		for disk := range 5 {
			fmt.Fprintf(&b, "node_filesystem_%s{device=\"/dev/vd%[2]c1\",device_error=\"\",fstype=\"ext4\",mountpoint=\"/srv/%[2]c\"} %[3]s\n", family, 'a'+disk, value)
		}
	}
	for family := range 24 {
		fmt.Fprintf(&b, "# HELP node_cpu_%[1]d_seconds_total Seconds the CPUs spent in each mode.\n# TYPE node_cpu_%[1]d_seconds_total counter\n", family)
		for processor := range 20 {
			fmt.Fprintf(&b, "node_cpu_%d_seconds_total{cpu=\"%d\",mode=\"idle\"} 1.23456789e+06\n", family, processor)
		}
	}
	for family, value := range map[string]string{"boot_time_seconds": "1.7e+09", "timex_sync_status": "1", "timex_offset_seconds": "1.2e-05"} {
		fmt.Fprintf(&b, "# TYPE node_%[1]s gauge\nnode_%[1]s %[2]s\n", family, value)
	}
	return b.String()
}

// portValue is the name of the value that tells at which port a worker listens.
const portValue = "port"

// exportersWorker is the exporters of all hosts. They tell the same, compressed
// for those who accept that, as promhttp does.
func exportersWorker(context.Context, json.RawMessage) (window, error) {
	plain := []byte(hostMetrics())
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	sockets, err := listenEverywhere()
	if err != nil {
		return nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		body := plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			body = packed.Bytes()
		}
		// Whoever asked may have gone.
		_, _ = w.Write(body)
	})}
	port := 0
	for _, s := range sockets {
		l, err := net.FileListener(s.file)
		if err != nil {
			return nil, err
		}
		port = l.Addr().(*net.TCPAddr).Port
		go func() { _ = server.Serve(l) }() // until this process ends
	}
	return func(context.Context, time.Duration) (*sample, error) {
		return &sample{Operations: 1, Values: map[string]float64{portValue: float64(port)}}, nil
	}, nil
}

// scrapes is what the workers "exporter" and "expfmt" are told.
type scrapes struct {
	URLs []string
}

// checks are those of an Application that runs on all of the hosts.
func (s *scrapes) checks() []hosting.Check {
	linux := &v1alpha1.LinuxHosting{RequiredUnits: []v1alpha1.SystemdUnit{{Name: "application-7.service"}, {Name: "application-8.service"}}}
	for n, url := range s.URLs {
		linux.Hosts = append(linux.Hosts, v1alpha1.MetricsHost{Name: fmt.Sprintf("host-%04d.kdz.example", n), MetricsURL: v1alpha1.HTTPURL(url)})
	}
	factory := systems.NewFactory(systems.Options{
		Endpoints: endpoint.NewFactory(endpoint.Options{
			Egress: endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil),
		}),
		Watcher: cluster.New(cluster.Options{}),
	})
	return factory.Checks("kdz-16-00", &v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux, Linux: linux}, 10*time.Second, nil)
}

// exporterWorker asks the hosts in turn, reads what they tell as the Application
// declares it, and keeps it until they are asked again. A window without length
// asks each host once.
func exporterWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[scrapes](args)
	if err != nil {
		return nil, err
	}
	checks := told.checks()
	var mu sync.Mutex
	kept := make([][2]observe.Result, len(checks))
	ask := func(ctx context.Context, n int) error {
		n %= len(checks)
		if checks[n].Err != nil {
			return checks[n].Err
		}
		seen := checks[n].Probe.Run(ctx)
		read := checks[n].Read(seen)
		if facts, _ := read.Facts.(hosting.System); read.Degraded || facts.Total < 2 {
			return fmt.Errorf("host %d is not seen as it is: %+v", n, read)
		}
		mu.Lock()
		defer mu.Unlock()
		kept[n] = [2]observe.Result{seen, read}
		return succeeded(read)
	}
	run, err := loop(ctx, ask)
	return func(ctx context.Context, length time.Duration) (*sample, error) {
		if length > 0 {
			return run(ctx, length)
		}
		return &sample{Operations: int64(len(checks))}, inTurn(ctx, len(checks), ask)
	}, err
}

// inTurn does each of so many operations once, atOnce at a time.
func inTurn(ctx context.Context, count int, operate func(ctx context.Context, n int) error) error {
	var all sync.WaitGroup
	errs := make([]error, atOnce)
	for lane := range atOnce {
		all.Go(func() {
			for n := lane; n < count && errs[lane] == nil; n += atOnce {
				errs[lane] = operate(ctx, n)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// expfmtWorker fetches the same over new connections with Go's own client, and
// has Prometheus' own parser parse all of it.
func expfmtWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[scrapes](args)
	if err != nil {
		return nil, err
	}
	client := (&bareHTTP{}).client()
	return loop(ctx, func(ctx context.Context, n int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, told.URLs[n%len(told.URLs)], http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(resp.Body)
		if err == nil && families["node_systemd_unit_state"] == nil {
			err = errors.New("the host tells nothing of its units")
		}
		return err
	})
}
