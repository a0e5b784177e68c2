// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// PrometheusConfig returns the content of prometheus.yml. It may keep files in
// dir, such as rules.
type PrometheusConfig func(dir string) string

// StartPrometheus starts Debian's Prometheus on a free port of the loopback
// interface and returns its URL as soon as it answers queries. Its data go with
// the test.
func StartPrometheus(tb testing.TB, config PrometheusConfig) (url string) {
	tb.Helper()
	binary := lookFor(tb, "prometheus")
	dir := tb.TempDir()
	conf := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(conf, []byte(config(dir)), 0o600); err != nil {
		tb.Fatal(err)
	}
	address := freeAddress(tb)
	url = "http://" + address
	cmd := exec.Command(binary,
		"--config.file="+conf, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--storage.tsdb.retention.time=1d",
		"--web.listen-address="+address, "--log.level=warn")
	start(tb, cmd, func() bool { return answersOK(tb, url+"/-/ready") })
	return url
}

// Promtool returns a command of promtool, which belongs to Prometheus.
func Promtool(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	return exec.CommandContext(tb.Context(), lookFor(tb, "promtool"), args...)
}

// freeAddress returns an address of the loopback interface on which nothing
// listens.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return address
}
