// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// startWithin is how long the operator may take until it is ready.
	startWithin = 30 * time.Second
	// stopWithin is how long it may take to end when it is asked to.
	stopWithin = 15 * time.Second
	// tick is the time between two looks at what can only be asked for.
	tick = 50 * time.Millisecond
)

// operator is the operator, out of the cluster.
type operator struct {
	*process
	t *testing.T
	// metrics is the URL at which it tells of itself.
	metrics string
}

// startOperator starts the operator, with its own rights and no more, and
// returns when it is ready and, if the door is closed, the policy is compiled:
// a second operator that does not lead finds it so. At the end of the test it is looked at whether it
// was ever refused something.
func (p *plane) startOperator(args ...string) *operator {
	p.t.Helper()
	metrics, probes := freeAddress(p.t), freeAddress(p.t)
	cmd := exec.Command(programs.operator, append([]string{
		"--kubeconfig", p.operatorConfig, "--namespace", operatorNamespace,
		"--metrics-bind-address", metrics, "--metrics-insecure",
		"--health-probe-bind-address", probes,
		"--log-format", "text",
		"--egress-allow", "127.0.0.1,127.66.0.0/16",
	}, args...)...)
	o := &operator{t: p.t, metrics: "http://" + metrics + "/metrics"}
	o.process = startProcess(p.t, "kdz-operator", cmd)
	p.t.Cleanup(o.checkLog)
	o.await(startWithin, "ready", func() (string, bool) {
		status, err := get("http://" + probes + "/readyz")
		return fmt.Sprint(string(status), err), err == nil
	})
	if p.closed {
		p.awaitCompiled()
	}
	return o
}

// await asks until it is so, or fails with what was answered last.
func (o *operator) await(within time.Duration, what string, ask func() (answer string, done bool)) {
	o.t.Helper()
	late := time.After(within)
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		answer, done := ask()
		if done {
			return
		}
		select {
		case <-again.C:
		case <-o.done:
			o.t.Fatalf("the operator ended (%v) instead of: %s\n%s", o.err, what, o.tail(20))
		case <-late:
			o.t.Fatalf("not %s after %s: %s", what, within, answer)
		}
	}
}

// scrape reads the operator's metrics.
func (o *operator) scrape() []byte {
	o.t.Helper()
	body, err := get(o.metrics)
	if err != nil {
		o.t.Fatal("the operator's metrics:", err)
	}
	return body
}

// sum adds up the values of a metric whose labels hold those given
// ("controller=application").
func (o *operator) sum(name string, labels ...string) float64 {
	o.t.Helper()
	total := 0.0
values:
	for _, s := range samples(o.t, o.scrape(), name) {
		for _, l := range labels {
			if k, v, _ := strings.Cut(l, "="); s.labels[k] != v {
				continue values
			}
		}
		total += s.value
	}
	return total
}

// end asks the operator to end, as a node does, and awaits it.
func (o *operator) end() {
	o.t.Helper()
	o.stop(o.t, syscall.SIGTERM, stopWithin)
}

// usage of the operator now.
func (o *operator) usage() usage {
	o.t.Helper()
	return usageOf(o.t, o.cmd.Process.Pid)
}

// checkLog fails the test if the operator was refused something or broke, and
// shows what else went wrong.
func (o *operator) checkLog() {
	errors := map[string]int{}
	for line := range strings.Lines(o.said(o.t)) {
		lower := strings.ToLower(line)
		switch {
		case strings.Contains(lower, "forbidden"):
			o.t.Errorf("the operator lacks a right: %s", line)
		case strings.Contains(lower, "panic"):
			o.t.Errorf("the operator panicked: %s", line)
		case strings.Contains(line, "level=ERROR"):
			_, message, _ := strings.Cut(line, "msg=")
			errors[message[:min(len(message), 300)]]++
		}
	}
	shown := 0
	for message, count := range errors {
		if shown++; shown > 5 {
			o.t.Logf("the operator's log has %d more kinds of error", len(errors)-5)
			return
		}
		o.t.Logf("the operator's log has %d times: %s", count, message)
	}
}

// get reads a URL on loopback that must answer 200.
func get(url string) ([]byte, error) {
	c := http.Client{Timeout: 10 * time.Second}
	r, err := c.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, r.Status)
	}
	return body, err
}

// freeAddress is an address on loopback on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	return freeAddressOf(t, "127.0.0.1")
}

// doorAddress is an address on which nobody listens, and which no program takes
// that is started while the door is closed: those take ports of 127.0.0.1.
func doorAddress(t *testing.T) string {
	t.Helper()
	return freeAddressOf(t, "127.66.0.1")
}

// freeAddressOf is an address of the host on which nobody listens. Its port is
// below those that the kernel gives to outgoing connections: a connection to a
// closed port above may be given that very port, and meet itself.
func freeAddressOf(t *testing.T, host string) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("%s:%d", host, 10000+rand.IntN(8000))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("there is no free port of", host)
	return ""
}
