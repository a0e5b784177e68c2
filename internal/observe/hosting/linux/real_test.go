// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
	"kdz.mainz.de/operator/test/servers"
)

// write writes a file of a test.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func askReal(t *testing.T, url string, declared *v1alpha1.LinuxHosting) (observe.Result, *Facts) {
	t.Helper()
	seen := newProbe(t, NewSource(newExporters(t)), url).Run(t.Context())
	facts, ok := seen.Facts.(*Facts)
	if !ok {
		t.Fatalf("%+v", seen)
	}
	return Reader("web01", declared, nil)(seen), facts
}

func wantReason(t *testing.T, r observe.Result, state v1alpha1.ComponentState, reason string, words ...string) {
	t.Helper()
	if stateOf(r) != state || r.Reason != reason {
		t.Errorf("got %+v, want %s", r, reason)
	}
	for _, w := range words {
		if !strings.Contains(r.Message, w) {
			t.Errorf("message %q lacks %q", r.Message, w)
		}
	}
}

// TestRealExporter asks Debian's prometheus-node-exporter of this machine, with
// units and updates from textfiles, the latter by Debian's own script.
func TestRealExporter(t *testing.T) {
	dir := t.TempDir()
	info := servers.AptInfo(t)
	write(t, filepath.Join(dir, "apt.prom"), info)
	write(t, filepath.Join(dir, "units.prom"), unit("nginx.service", "failed")+unit("backup.service", "inactive"))
	url := servers.StartNodeExporter(t, "--no-collector.systemd", "--collector.textfile.directory="+dir)

	pending := 0
	for _, m := range regexp.MustCompile(`(?m)^apt_upgrades_pending\{origin="[^"]*security[^"]*",.*\} (\d+)$`).FindAllStringSubmatch(info, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		pending += n
	}
	declared := units("backup.service", "inactive")
	declared.FilesystemMaxUsedPercent = new(int32(100))
	declared.Patches = &v1alpha1.PatchLimits{MaxSecurityPending: new(int32(pending)), MaxRebootPending: "1h"}
	r, facts := askReal(t, url, &declared)
	if facts.SecurityPending == nil || *facts.SecurityPending != pending || facts.RebootRequired == nil || facts.ListsAt.IsZero() ||
		facts.BootedAt.IsZero() || facts.BootedAt.After(time.Now()) || facts.Clock == nil || facts.Clock.Offset == nil {
		t.Errorf("want %d security updates, when it was booted, and the clock: %+v", pending, facts)
	}
	if len(facts.Textfiles) != 2 || time.Since(facts.textfile("apt")) > time.Hour || len(facts.Units) != 2 || facts.Units["nginx.service"] != "failed" {
		t.Errorf("textfiles %v, units %v", facts.Textfiles, facts.Units)
	}
	// Where the lists of packages are old that is a finding of its own.
	if r.Reason != "" && r.Reason != v1alpha1.ReasonFactStale {
		t.Errorf("%+v", r)
	}
	if pending > 0 {
		declared.Patches.MaxSecurityPending = new(int32(pending - 1))
		r, _ = askReal(t, url, &declared)
		wantReason(t, r, degraded, v1alpha1.ReasonSecurityUpdates, "web01: ")
	}

	declared = units("nginx.service", "")
	r, _ = askReal(t, url, &declared)
	wantReason(t, r, isDown, v1alpha1.ReasonUnitState, "web01: unit nginx.service is failed, should be active")
	want := hosting.Component{Name: "nginx.service", State: isDown, Message: "failed, should be active"}
	if got := r.Facts.(hosting.System).Components; len(got) != 1 || got[0] != want {
		t.Errorf("components %+v", got)
	}

	stale := time.Now().Add(-27 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "apt.prom"), stale, stale); err != nil {
		t.Fatal(err)
	}
	declared = patches(int32(pending), "1h")
	r, _ = askReal(t, url, &declared)
	wantReason(t, r, notKnown, v1alpha1.ReasonFactStale, "prometheus-node-exporter-apt.timer")
}

// TestRealCollectors: what is off, or the page beside the metrics, is told as
// such.
func TestRealCollectors(t *testing.T) {
	url := servers.StartNodeExporter(t, "--collector.disable-defaults", "--collector.loadavg")
	declared := units("nginx.service", "")
	declared.FilesystemMaxUsedPercent, declared.MaxClockOffset = new(int32(95)), "1s"
	r, _ := askReal(t, url, &declared)
	wantReason(t, r, notKnown, v1alpha1.ReasonFactMissing, "--collector.systemd", "filesystem")

	root := strings.TrimSuffix(url, "/metrics")
	r = newProbe(t, NewSource(newExporters(t)), root).Run(t.Context())
	wantReason(t, r, notKnown, endpoint.ReasonProtocolError, strings.TrimPrefix(root, "http://"), "/metrics")
	r = newProbe(t, NewSource(newExporters(t)), url+"?collect[]=systemd").Run(t.Context())
	wantReason(t, r, notKnown, endpoint.ReasonUnexpectedStatus, "400")
}

// TestRealFilesystems: node_exporter tells what mounts a test writes, of kinds
// that it knows, and of what there really is in a small tmpfs.
func TestRealFilesystems(t *testing.T) {
	dir := t.TempDir()
	small, proc := filepath.Join(dir, "small"), filepath.Join(dir, "proc")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	mounts := fmt.Sprintf("/dev/root / ext4 rw 0 0\n/dev/sdb1 %[1]s/proc ext4 ro,relatime 0 0\ntmpfs %[1]s/small tmpfs rw 0 0\nproc /proc proc rw 0 0\n", dir)
	write(t, filepath.Join(proc, "1", "mounts"), mounts)
	mounted := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m") == nil
	if mounted {
		t.Cleanup(func() {
			if err := syscall.Unmount(small, 0); err != nil {
				t.Error(err)
			}
		})
		write(t, filepath.Join(small, "data"), strings.Repeat("x", 1020<<10))
	}
	url := servers.StartNodeExporter(t, "--collector.disable-defaults", "--collector.filesystem", "--path.procfs="+proc,
		"--collector.filesystem.mount-points-exclude=^$", "--collector.filesystem.fs-types-exclude=^$")
	none := v1alpha1.LinuxHosting{}
	r, facts := askReal(t, url, &none)
	wantReason(t, r, degraded, v1alpha1.ReasonFilesystemReadOnly, "web01: "+proc+" is read-only")
	if len(facts.Filesystems) != 3 {
		t.Errorf("filesystems %+v, want 3", facts.Filesystems)
	}
	if !mounted {
		t.Logf("NOT TESTED: how full a real filesystem is; this needs the right to mount a tmpfs")
		return
	}
	limit := limit(99)
	r, _ = askReal(t, url, &limit)
	wantReason(t, r, degraded, v1alpha1.ReasonFilesystemReadOnly)
	for _, c := range r.Facts.(hosting.System).Components {
		if c.Name == small && c.Message == "100 % used" {
			return
		}
	}
	t.Errorf("%s is not among %+v", small, r.Facts)
}
