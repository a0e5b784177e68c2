// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"strings"
	"testing"
	"unicode/utf8"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// demanding wants to know everything.
func demanding() *v1alpha1.LinuxHosting {
	all := units("nginx.service", "", "backup.service", "inactive", "srv.mount", "")
	all.FilesystemMaxUsedPercent, all.MaxClockOffset = new(int32(1)), "1ns"
	all.Patches = &v1alpha1.PatchLimits{MaxSecurityPending: new(int32(0)), MaxRebootPending: "0s"}
	return &all
}

// TestHostileFacts: what no host can be like decides nothing, and says why.
func TestHostileFacts(t *testing.T) {
	h := newHost(t)
	for body, words := range map[string]string{
		"node_boot_time_seconds -1\n":                                                                            "node_boot_time_seconds as -1",
		"node_boot_time_seconds 1e300\n":                                                                         "no time",
		"node_boot_time_seconds NaN\n":                                                                           "NaN",
		"node_boot_time_seconds 1\nnode_boot_time_seconds 2\n":                                                   "twice",
		"node_timex_sync_status 1\nnode_timex_offset_seconds 1e300\n":                                            "no time",
		"node_timex_sync_status +Inf\n":                                                                          "+Inf",
		"node_filesystem_size_bytes{mountpoint=\"/\"} -5\n":                                                      "node_filesystem_size_bytes of / as -5",
		"node_filesystem_avail_bytes{mountpoint=\"/\"} NaN\n":                                                    "NaN",
		"apt_upgrades_pending{origin=\"security\"} 1e18\n":                                                       "pending",
		"node_systemd_unit_state{name=\"a\",state=\"x\"} 7\n":                                                    "state of a as 7",
		"node_systemd_unit_state{name=\"a\",state=\"x\"} 1\nnode_systemd_unit_state{name=\"a\",state=\"y\"} 1\n": "two states of a",
		"node_textfile_mtime_seconds{file=\"a\"} 1e18\n":                                                         "no time",
		"# TYPE node_reboot_required summary\nnode_reboot_required 1\n":                                          "SUMMARY",
	} {
		h.tell(body)
		r := Reader("web01", demanding(), h.clock)(h.ask(t))
		if r.Outcome != observe.OutcomeInconclusive || r.Reason != endpoint.ReasonProtocolError || !strings.Contains(r.Message, words) {
			t.Errorf("%q: %+v, want words %q", body, r, words)
		}
	}
}

// TestReaderPassesOn: what is no success of this probe stays what it is.
func TestReaderPassesOn(t *testing.T) {
	read := Reader("web01", demanding(), nil)
	for _, seen := range []observe.Result{
		{Outcome: observe.OutcomeInconclusive, Reason: endpoint.ReasonConnectionRefused, Message: "no"},
		{Outcome: observe.OutcomeSuccess, Facts: "of somebody else"},
	} {
		if r := read(seen); r != seen {
			t.Errorf("%+v became %+v", seen, r)
		}
	}
}

// FuzzRead: whatever a host tells, reading it neither panics nor exceeds what a
// status can hold.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		something, systemdOn + unit("nginx.service", "failed"), fs("/dev/sda1", "ext4", "/", 1, 1), timex(1, 2),
		apt(1, 2, 1, 0, 0), fs("tmpfs", "tmpfs", strings.Repeat("/ä", 300), 0, 0), "node_filesystem_size_bytes 1e308\n",
	} {
		f.Add(body)
	}
	h := newHost(f)
	read := Reader(strings.Repeat("web01.", 40), demanding(), h.clock)
	f.Fuzz(func(t *testing.T, body string) {
		h.tell(body)
		r := read(h.ask(t))
		if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) || (r.Reason == "") != (r.Message == "") {
			t.Errorf("%+v", r)
		}
		if system, ok := r.Facts.(hosting.System); ok && (len(system.Components) > hosting.MaxComponents || len(system.Components) > system.Total) {
			t.Errorf("%+v", system)
		}
	})
}
