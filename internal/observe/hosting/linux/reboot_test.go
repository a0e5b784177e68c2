// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"fmt"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TestReboot: how long a host has waited counts from the earliest evidence since
// its last boot.
func TestReboot(t *testing.T) {
	h := newHost(t)
	declared := v1alpha1.LinuxHosting{Patches: &v1alpha1.PatchLimits{MaxRebootPending: "72h"}}
	read := Reader("web01", &declared, h.clock)
	boot := begin.Add(-1000 * time.Hour)
	at := func(after time.Duration, required int, more string, overdue bool) {
		t.Helper()
		now := begin.Add(after)
		h.clock.SetTime(now)
		h.tell(fmt.Sprintf("node_boot_time_seconds %d\nnode_reboot_required %d\nnode_textfile_mtime_seconds{file=\"/x/apt.prom\"} %d\n%s",
			boot.Unix(), required, now.Unix(), more))
		r := read(h.ask(t))
		want := reads{state: up}
		if overdue {
			want = reads{state: degraded, reason: v1alpha1.ReasonRebootOverdue, message: "a reboot is required for more than 72h"}
		}
		check(t, r, want)
	}
	at(0, 0, "", false)
	at(time.Hour, 1, "", false) // seen for the first time, whatever the uptime
	at(73*time.Hour, 1, "", false)
	at(74*time.Hour, 1, "", true)
	boot = begin.Add(75 * time.Hour)
	at(76*time.Hour, 1, "", false) // booted since, and required anew
	at(77*time.Hour, 0, "", false)
	at(149*time.Hour, 1, "", false) // not required in between

	// A file that was written when it became required proves more than was seen,
	// unless it is older than the last boot.
	written := func(at time.Time) string {
		return fmt.Sprintf("node_textfile_mtime_seconds{file=\"/x/reboot_required.prom\"} %d\n", at.Unix())
	}
	at(150*time.Hour, 1, written(boot.Add(-time.Hour)), false)
	at(150*time.Hour, 1, written(boot.Add(time.Hour)), true)
}

// TestRebootMemory: it is bounded of how many hosts it is known, and those that
// are not asked any more go first.
func TestRebootMemory(t *testing.T) {
	s := NewSource(newExporters(t))
	required := &Facts{RebootRequired: new(true)}
	for i := range maxReboots {
		s.rebootSince(fmt.Sprint(i), required, begin)
	}
	if since := s.rebootSince("one more", required, begin.Add(time.Hour)); !since.Equal(begin.Add(time.Hour)) || len(s.reboots) != maxReboots {
		t.Errorf("%v, %d hosts", since, len(s.reboots))
	}
	s.rebootSince("7", required, begin.Add(keepReboot))
	later := begin.Add(keepReboot + time.Hour)
	s.rebootSince("one more", required, later)
	if len(s.reboots) != 2 || !s.rebootSince("7", required, later).Equal(begin) {
		t.Errorf("%v", s.reboots)
	}
}
