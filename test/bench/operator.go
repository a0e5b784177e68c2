// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// operator is the operator's own binary, out of the cluster.
type operator struct {
	*process
	// metrics is the URL at which it tells of itself.
	metrics string
}

// buildOperator builds the operator as it is shipped, once, and returns its
// path.
func (b *bench) buildOperator(ctx context.Context) (string, error) {
	path := filepath.Join(b.dir, "kdz-operator")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/kdz-operator")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the operator: %w\n%s", err, out)
	}
	return path, nil
}

// startOperator starts the operator with its own rights and no more. Checks of
// loopback are allowed.
func (b *bench) startOperator(ctx context.Context, p *plane, args ...string) (*operator, error) {
	path, err := b.buildOperator(ctx)
	if err != nil {
		return nil, err
	}
	address, err := freePort()
	if err != nil {
		return nil, err
	}
	all := append([]string{
		"--kubeconfig", p.operatorConfig, "--namespace", operatorNamespace,
		"--metrics-bind-address", address, "--metrics-insecure",
		"--health-probe-bind-address", "0",
		"--log-format", "text",
		// The address of the API server is opened by its name only.
		"--egress-allow", "127.0.0.0/8,127.0.0.1",
	}, args...)
	o := &operator{metrics: "http://" + address + "/metrics"}
	o.process, err = start(ctx, exec.Command(path, all...))
	if err != nil {
		return nil, err
	}
	return o, o.until(ctx, func() bool {
		_, err := o.scrape(ctx)
		return err == nil
	})
}

// scrape reads the operator's metrics.
func (o *operator) scrape(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.metrics, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", o.metrics, answer.Status)
	}
	return body, err
}

// metric returns the sum of the values of a metric whose labels hold a text.
func (o *operator) metric(ctx context.Context, name, labels string) (float64, error) {
	body, err := o.scrape(ctx)
	if err != nil {
		return 0, err
	}
	all := 0.0
	for _, m := range metricsIn(body, name) {
		if strings.Contains(m.labels, labels) {
			all += m.value
		}
	}
	return all, nil
}

// eventually asks again and again until it is so.
func eventually(ctx context.Context, every, within time.Duration, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("not %s after %s", what, within))
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if done, err := ask(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		} else if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// resident returns the resident memory of a process in bytes: now, and the most
// there was.
func resident(pid int) (now, most float64, err error) {
	path := "/proc/" + strconv.Itoa(pid) + "/status"
	for name, into := range map[string]*float64{"VmRSS": &now, "VmHWM": &most} {
		kib, err := strconv.ParseFloat(strings.TrimSuffix(fieldOf(path, name), " kB"), 64)
		if err != nil {
			return 0, 0, fmt.Errorf("%s has no %s: %w", path, name, err)
		}
		*into = kib * 1024
	}
	return now, most, nil
}

// mebibytes writes a size of memory.
func mebibytes(v float64) string { return number(v/(1<<20)) + " MiB" }
