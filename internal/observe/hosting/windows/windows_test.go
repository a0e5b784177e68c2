// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	serviceOn     = "windows_exporter_collector_success{collector=\"service\"} 1\n"
	serviceFailed = "windows_exporter_collector_success{collector=\"service\"} 0\n"
	something     = "windows_exporter_collector_success{collector=\"cpu\"} 1\n"
)

// service is what windows_exporter tells of a service in a state.
func service(name, state string) string {
	b := "# HELP windows_service_state The state of the service (State)\n# TYPE windows_service_state gauge\n"
	if name == "" {
		return b
	}
	for _, s := range []string{"continue pending", "pause pending", "paused", "running", "start pending", "stop pending", "stopped"} {
		in := 0
		if s == state {
			in = 1
		}
		b += fmt.Sprintf("windows_service_state{name=%q,state=%q} %d\n", name, s, in)
	}
	return b
}

// untyped is like service, for the second one of a text.
func untyped(name, state string) string {
	_, rest, _ := strings.Cut(service(name, state), "gauge\n")
	return rest
}

// volume is what windows_exporter tells of a volume of 1000 bytes.
func volume(name, kind string, free, readOnly int) string {
	return fmt.Sprintf(`windows_logical_disk_info{disk_id="0",filesystem="NTFS",serial_number="668EEC37",type=%[2]q,volume=%[1]q,volume_name="Windows"} 1
windows_logical_disk_free_bytes{volume=%[1]q} %[3]d
windows_logical_disk_size_bytes{volume=%[1]q} 1000
windows_logical_disk_readonly{volume=%[1]q} %[4]d
`, name, kind, free, readOnly)
}

func timeSource(kind string) string {
	var b strings.Builder
	for _, k := range []string{"AllSync", "Local CMOS Clock", "NT5DS", "NTP", "NoSync"} {
		in := 0
		if k == kind {
			in = 1
		}
		fmt.Fprintf(&b, "windows_time_clock_sync_source{type=%q} %d\n", k, in)
	}
	return b.String()
}

func offset(seconds float64) string {
	return fmt.Sprintf("windows_time_computed_time_offset_seconds %v\n", seconds)
}

func services(pairs ...string) v1alpha1.WindowsHosting {
	var w v1alpha1.WindowsHosting
	for i := 0; i < len(pairs); i += 2 {
		w.RequiredServices = append(w.RequiredServices, v1alpha1.WindowsService{Name: pairs[i], State: pairs[i+1]})
	}
	return w
}

// TestReadings: what the metrics of a host mean, as its exporter documents them.
func TestReadings(t *testing.T) {
	state, missing, full, off := v1alpha1.ReasonServiceState, v1alpha1.ReasonFactMissing, v1alpha1.ReasonFilesystemFull, v1alpha1.ReasonClockOff
	sql, spooler := services("MSSQLSERVER", "running"), services("Spooler", "stopped")
	limit := v1alpha1.WindowsHosting{FilesystemMaxUsedPercent: new(int32(90))}
	second := v1alpha1.WindowsHosting{MaxClockOffset: "1s"}
	all := services("Themes", "")
	all.FilesystemMaxUsedPercent, all.MaxClockOffset = limit.FilesystemMaxUsedPercent, "1s"
	const up, degraded, down, unknown = v1alpha1.ComponentUp, v1alpha1.ComponentDegraded, v1alpha1.ComponentDown, v1alpha1.ComponentUnknown
	tests := map[string]struct {
		metrics  string
		declared v1alpha1.WindowsHosting
		state    v1alpha1.ComponentState
		reason   string
		message  string
		total    int
	}{
		"running":                {service("MSSQLSERVER", "running"), sql, up, "", "", 1},
		"in other letters":       {service("mssqlserver", "running"), services("MsSqlServer", ""), up, "", "", 1},
		"stopped":                {service("MSSQLSERVER", "stopped"), sql, down, state, "service MSSQLSERVER is stopped, should be running", 1},
		"starting":               {service("MSSQLSERVER", "start pending"), sql, down, state, "service MSSQLSERVER is start pending, should be running", 1},
		"in no state":            {service("MSSQLSERVER", "?"), sql, unknown, missing, "service MSSQLSERVER is in a state that windows_exporter does not know", 1},
		"unknown":                {"windows_service_state{name=\"MSSQLSERVER\",state=\"unknown\"} 1\n", sql, unknown, missing, "service MSSQLSERVER is in a state that windows_exporter does not know", 1},
		"another one":            {service("Themes", "running"), sql, down, state, "service MSSQLSERVER does not exist, should be running", 1},
		"none":                   {serviceOn, sql, down, state, "service MSSQLSERVER does not exist, should be running", 1},
		"failed":                 {serviceFailed, sql, unknown, missing, "service MSSQLSERVER is not told: the collector service of windows_exporter failed", 1},
		"off":                    {something, sql, unknown, missing, "service MSSQLSERVER is not told: windows_exporter needs its collector service (--collectors.enabled)", 1},
		"stopped, as it should":  {service("Spooler", "stopped"), spooler, up, "", "", 1},
		"runs, but should not":   {service("Spooler", "running"), spooler, down, state, "service Spooler is running, should be stopped", 1},
		"gone, as good as ended": {serviceOn, spooler, up, "", "", 1},

		"room":             {volume("C:", "fixed", 100, 0), limit, up, "", "", 1},
		"full":             {volume("C:", "fixed", 99, 0) + volume("D:", "fixed", 10, 0), limit, degraded, full, "D: is 99 % full (limit 90 %); C: is 91 % full (limit 90 %)", 2},
		"a CD-ROM":         {volume("E:", "cdrom", 0, 0), limit, up, "", "", 0},
		"read-only":        {volume("E:", "fixed", 0, 1), limit, up, "", "", 0},
		"of the system":    {volume("HarddiskVolume2", "", 0, 0), limit, up, "", "", 0},
		"a path":           {volume(`C:\data`, "fixed", 0, 0), limit, degraded, full, `C:\data is 100 % full (limit 90 %)`, 1},
		"no size":          {"windows_logical_disk_free_bytes{volume=\"C:\"} 0\nwindows_logical_disk_size_bytes{volume=\"C:\"} 0\n", limit, up, "", "", 0},
		"no limit":         {volume("C:", "fixed", 0, 0), v1alpha1.WindowsHosting{}, up, "", "", 0},
		"volumes not told": {something, limit, unknown, missing, "volumes are not told: windows_exporter needs its collector logical_disk (--collectors.enabled)", 0},

		"right":             {timeSource("NTP") + offset(0.01), second, up, "", "", 0},
		"off by a bit more": {timeSource("NT5DS") + offset(1.5), second, degraded, off, "the clock is more than 1s off", 0},
		"behind":            {offset(-1.5), second, degraded, off, "the clock is more than 1s off", 0},
		"its own source":    {timeSource("Local CMOS Clock") + offset(0), second, degraded, off, "the clock is not synchronised", 0},
		"no source":         {timeSource("NoSync") + offset(0), second, degraded, off, "the clock is not synchronised", 0},
		"clock not told":    {something, second, unknown, missing, "the clock is not told: windows_exporter needs its collector time (--collectors.enabled=[defaults],time)", 0},
		"time has stopped":  {service("W32Time", "stopped") + offset(0), second, unknown, missing, "the clock is not told: service w32time does not run", 0},
		"time goes on":      {service("W32Time", "running") + offset(0), second, up, "", "", 0},

		"several": {
			service("Themes", "stopped") + untyped("W32Time", "running") + volume("C:", "fixed", 30, 0) + offset(2), all, down, state,
			"service Themes is stopped, should be running; C: is 97 % full (limit 90 %); the clock is more than 1s off", 2,
		},
		"a clock that is no clock":  {"windows_time_computed_time_offset_seconds NaN\n", second, unknown, endpoint.ReasonProtocolError, "", 0},
		"a clock of another age":    {offset(1e300), second, unknown, endpoint.ReasonProtocolError, "", 0},
		"two states":                {"windows_service_state{name=\"A\",state=\"running\"} 1\nwindows_service_state{name=\"a\",state=\"stopped\"} 1\n", sql, unknown, endpoint.ReasonProtocolError, "", 0},
		"a volume without a number": {"windows_logical_disk_size_bytes{volume=\"C:\"} +Inf\nwindows_logical_disk_free_bytes{volume=\"C:\"} 1\n", limit, unknown, endpoint.ReasonProtocolError, "", 0},
	}
	ask := newHost(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := Reader("sql01", &tc.declared)(ask(tc.metrics))
			if r.Reason != tc.reason || stateOf(r) != tc.state {
				t.Fatalf("got %+v, want %+v", r, tc)
			}
			if tc.reason == endpoint.ReasonProtocolError {
				return
			}
			if message := strings.TrimPrefix(r.Message, "sql01: "); message != tc.message || r.Facts.(hosting.System).Total != tc.total {
				t.Errorf("message %q, facts %+v, want %+v", r.Message, r.Facts, tc)
			}
		})
	}
}

// newHost returns how to ask a host that tells this.
func newHost(t *testing.T) func(body string) observe.Result {
	t.Helper()
	var body atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, *body.Load())
	}))
	t.Cleanup(server.Close)
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	exporters := exporter.NewSource(exporter.Options{Dial: endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial})
	t.Cleanup(exporters.Close)
	p, err := NewSource(exporters).New(server.URL+"/metrics", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) observe.Result {
		body.Store(&text)
		return p.Run(t.Context())
	}
}

// stateOf returns the state that a result speaks for.
func stateOf(r observe.Result) v1alpha1.ComponentState {
	switch {
	case r.Outcome == observe.OutcomeFailure && r.Class == observe.ClassTarget && !r.Degraded:
		return v1alpha1.ComponentDown
	case r.Outcome == observe.OutcomeInconclusive && !r.Degraded:
		return v1alpha1.ComponentUnknown
	case r.Outcome == observe.OutcomeSuccess && r.Degraded:
		return v1alpha1.ComponentDegraded
	case r.Outcome == observe.OutcomeSuccess:
		return v1alpha1.ComponentUp
	}
	return ""
}

// TestOtherResults: what is no success of this probe stays what it is, and a
// message to a host that tells nothing of Windows says what is missing.
func TestOtherResults(t *testing.T) {
	read := Reader("sql01", &v1alpha1.WindowsHosting{})
	seen := observe.Result{Outcome: observe.OutcomeInconclusive, Reason: endpoint.ReasonConnectionRefused, Message: "no"}
	if r := read(seen); r != seen {
		t.Errorf("%+v became %+v", seen, r)
	}
	r := read(newHost(t)("node_boot_time_seconds 1\n"))
	if r.Reason != v1alpha1.ReasonFactMissing || !strings.Contains(r.Message, "tells nothing that windows_exporter would") {
		t.Errorf("%+v", r)
	}
}
