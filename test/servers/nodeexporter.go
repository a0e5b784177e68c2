// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"net/http"
	"os/exec"
	"testing"
)

// StartNodeExporter starts Debian's prometheus-node-exporter on a free port of
// the loopback interface, with those of its flags, and returns the URL of its
// metrics.
func StartNodeExporter(tb testing.TB, flags ...string) (url string) {
	tb.Helper()
	binary := lookFor(tb, "prometheus-node-exporter")
	address := holdPort(tb)
	url = "http://" + address + "/metrics"
	cmd := exec.Command(binary, append([]string{"--web.listen-address=" + address, "--log.level=error"}, flags...)...)
	start(tb, cmd, func() bool { return answersOK(tb, "http://"+address+"/") })
	return url
}

// AptInfo returns what Debian's apt_info.py tells of this machine, for the
// textfile collector of prometheus-node-exporter.
func AptInfo(tb testing.TB) string {
	tb.Helper()
	const script = "/usr/share/prometheus-node-exporter-collectors/apt_info.py"
	// Its interpreter is the one that has the package apt, whatever PATH says.
	out, err := exec.CommandContext(tb.Context(), "/usr/bin/python3", script).Output()
	if err != nil {
		tb.Fatalf("%s: %v: run hack/install-test-servers.sh, then this test again", script, err)
	}
	return string(out)
}

// answersOK reports whether a URL is answered with status 200.
func answersOK(tb testing.TB, url string) bool {
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
