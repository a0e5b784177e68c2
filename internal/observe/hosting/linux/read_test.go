// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

const (
	systemdOn     = "node_scrape_collector_success{collector=\"systemd\"} 1\n"
	systemdFailed = "node_scrape_collector_success{collector=\"systemd\"} 0\n"
	something     = "node_boot_time_seconds 1.7e+09\n"
)

// unit is what node_exporter tells of a unit in a state; of none if that is not
// one of its own.
func unit(name, state string) string {
	var b strings.Builder
	for _, s := range []string{"activating", "active", "deactivating", "failed", "inactive"} {
		in := 0
		if s == state {
			in = 1
		}
		fmt.Fprintf(&b, "node_systemd_unit_state{name=%q,state=%q,type=\"simple\"} %d\n", name, s, in)
	}
	return b.String()
}

// fs is what node_exporter tells of a mounted filesystem of 1000 bytes.
func fs(device, kind, point string, avail, readOnly int) string {
	labels := fmt.Sprintf("{device=%q,fstype=%q,mountpoint=%q}", device, kind, point)
	return fmt.Sprintf("node_filesystem_size_bytes%[1]s 1000\nnode_filesystem_avail_bytes%[1]s %[2]d\nnode_filesystem_readonly%[1]s %[3]d\n", labels, avail, readOnly)
}

func timex(status int, offset float64) string {
	return fmt.Sprintf("node_timex_sync_status %d\nnode_timex_offset_seconds %v\n", status, offset)
}

// apt is what apt_info.py tells, in a textfile that was written so long ago.
func apt(security, others, reboot int, age, lists time.Duration) string {
	return fmt.Sprintf(`apt_upgrades_pending{origin="Debian:bookworm-security/stable-security",arch="amd64"} %d
apt_upgrades_pending{origin="Debian:bookworm/stable",arch="amd64"} %d
apt_package_cache_timestamp_seconds %d
node_reboot_required %d
node_textfile_mtime_seconds{file="/var/lib/prometheus/node-exporter/apt.prom"} %d
`, security, others, begin.Add(-lists).Unix(), reboot, begin.Add(-age).Unix())
}

func units(pairs ...string) v1alpha1.LinuxHosting {
	var l v1alpha1.LinuxHosting
	for i := 0; i < len(pairs); i += 2 {
		l.RequiredUnits = append(l.RequiredUnits, v1alpha1.SystemdUnit{Name: pairs[i], State: pairs[i+1]})
	}
	return l
}

func limit(percent int32) v1alpha1.LinuxHosting {
	return v1alpha1.LinuxHosting{FilesystemMaxUsedPercent: &percent}
}

func patches(security int32, reboot v1alpha1.Duration) v1alpha1.LinuxHosting {
	return v1alpha1.LinuxHosting{Patches: &v1alpha1.PatchLimits{MaxSecurityPending: &security, MaxRebootPending: reboot}}
}

func clockLimit(d v1alpha1.Duration) v1alpha1.LinuxHosting {
	return v1alpha1.LinuxHosting{MaxClockOffset: d}
}

type reads struct {
	metrics  string
	declared v1alpha1.LinuxHosting
	state    v1alpha1.ComponentState
	reason   string // empty: up
	message  string // follows "web01: "
	total    int
}

const (
	up       = v1alpha1.ComponentUp
	isDown   = v1alpha1.ComponentDown
	degraded = v1alpha1.ComponentDegraded
	notKnown = v1alpha1.ComponentUnknown
)

// TestUnits: a unit is in its state, or the host is down, or nobody told.
func TestUnits(t *testing.T) {
	missing, state := v1alpha1.ReasonFactMissing, v1alpha1.ReasonUnitState
	nginx, backup := units("nginx.service", "active"), units("backup.service", "inactive")
	run(t, map[string]reads{
		"active":                        {unit("nginx.service", "active"), nginx, up, "", "", 1},
		"active, by default":            {unit("nginx.service", "active"), units("nginx.service", ""), up, "", "", 1},
		"failed":                        {unit("nginx.service", "failed"), nginx, isDown, state, "unit nginx.service is failed, should be active", 1},
		"inactive":                      {unit("nginx.service", "inactive"), nginx, isDown, state, "unit nginx.service is inactive, should be active", 1},
		"activating":                    {unit("nginx.service", "activating"), nginx, isDown, state, "unit nginx.service is activating, should be active", 1},
		"reloading":                     {unit("nginx.service", "reloading"), nginx, notKnown, missing, "unit nginx.service is in a state that node_exporter does not name, such as reloading", 1},
		"another one":                   {systemdOn + unit("nginx2.service", "active"), nginx, isDown, state, "unit nginx.service does not exist, should be active", 1},
		"none at all":                   {systemdOn, nginx, isDown, state, "unit nginx.service does not exist, should be active", 1},
		"off":                           {something, nginx, notKnown, missing, "unit nginx.service is not told: start node_exporter with --collector.systemd", 1},
		"broken":                        {systemdFailed, nginx, notKnown, missing, "unit nginx.service is not told: node_exporter could not ask systemd (its collector systemd failed)", 1},
		"oneshot":                       {unit("backup.service", "inactive"), backup, up, "", "", 1},
		"oneshot at work":               {unit("backup.service", "activating"), backup, up, "", "", 1},
		"oneshot that ends":             {unit("backup.service", "deactivating"), backup, up, "", "", 1},
		"oneshot that failed":           {unit("backup.service", "failed"), backup, isDown, state, "unit backup.service is failed, should be inactive", 1},
		"should not run":                {unit("backup.service", "active"), backup, isDown, state, "unit backup.service is active, should be inactive", 1},
		"forgotten by systemd":          {systemdOn + unit("nginx.service", "active"), backup, up, "", "", 1},
		"inactive, but off":             {something, backup, notKnown, missing, "unit backup.service is not told: start node_exporter with --collector.systemd", 1},
		"a mount, left out":             {systemdOn + unit("nginx.service", "active"), units("srv.mount", "active"), notKnown, missing, "unit srv.mount is not told: see node_exporter's --collector.systemd.unit-exclude", 1},
		"a mount among others":          {systemdOn + unit("home.mount", "active"), units("srv.mount", "active"), isDown, state, "unit srv.mount does not exist, should be active", 1},
		"down before unknown":           {unit("a.service", "reloading") + unit("b.service", "failed"), units("a.service", "", "b.service", ""), isDown, state, "unit b.service is failed, should be active; unit a.service is in a state that node_exporter does not name, such as reloading", 2},
		"a template":                    {unit(`app@a\x2db.service`, "failed"), units(`app@a\x2db.service`, ""), isDown, state, `unit app@a\x2db.service is failed, should be active`, 1},
		"told by a textfile, though on": {systemdFailed + unit("nginx.service", "active"), nginx, up, "", "", 1},
	})
}

// TestFilesystems: which ones are judged, and how.
func TestFilesystems(t *testing.T) {
	full, ro := v1alpha1.ReasonFilesystemFull, v1alpha1.ReasonFilesystemReadOnly
	const dev = "/dev/sda1"
	none := v1alpha1.LinuxHosting{}
	run(t, map[string]reads{
		"room":                         {fs(dev, "ext4", "/", 500, 0), limit(95), up, "", "", 1},
		"at the limit":                 {fs(dev, "ext4", "/", 50, 0), limit(95), up, "", "", 1},
		"just above":                   {fs(dev, "ext4", "/", 49, 0), limit(95), degraded, full, "/ is 96 % full (limit 95 %)", 1},
		"full":                         {fs(dev, "ext4", "/", 0, 0), limit(95), degraded, full, "/ is 100 % full (limit 95 %)", 1},
		"full, but allowed":            {fs(dev, "ext4", "/", 0, 0), limit(100), up, "", "", 1},
		"full, no limit":               {fs(dev, "ext4", "/", 0, 0), none, up, "", "", 1},
		"the fullest first":            {fs(dev, "ext4", "/", 40, 0) + fs("/dev/sdb1", "xfs", "/srv", 10, 0), limit(95), degraded, full, "/srv is 99 % full (limit 95 %); / is 96 % full (limit 95 %)", 2},
		"a tmpfs":                      {fs("tmpfs", "tmpfs", "/srv/cache", 0, 0) + fs("tmpfs", "tmpfs", "/srv/spool", 1000, 0), limit(95), degraded, full, "/srv/cache is 100 % full (limit 95 %)", 2},
		"of the system":                {fs("tmpfs", "tmpfs", "/run", 0, 0) + fs("tmpfs", "tmpfs", "/run/user/0", 0, 0) + fs("tmpfs", "tmpfs", "/dev/shm", 0, 0) + fs("x", "ext4", "/proc/x", 0, 0) + fs("x", "ext4", "/sys", 0, 0), limit(95), up, "", "", 0},
		"not of the system":            {fs(dev, "ext4", "/runner", 0, 0), limit(95), degraded, full, "/runner is 100 % full (limit 95 %)", 1},
		"made up":                      {fs("overlay", "overlay", "/srv/x", 0, 0) + fs("lxcfs", "fuse.lxcfs", "/var/lib/lxcfs", 0, 0) + fs("/dev/loop1", "squashfs", "/opt/x", 0, 1) + fs("/dev/sr0", "iso9660", "/media", 0, 1) + fs("none", "ramfs", "/srv/y", 0, 0) + fs("systemd-1", "autofs", "/srv/z", 0, 0), limit(95), up, "", "", 0},
		"of a container runtime":       {fs(dev, "ext4", "/var/lib/docker/volumes/x", 0, 0) + fs("tmpfs", "tmpfs", "/var/lib/kubelet/pods/x", 0, 0), limit(95), up, "", "", 0},
		"the disk of containers":       {fs(dev, "ext4", "/var/lib/docker", 0, 0), limit(95), degraded, full, "/var/lib/docker is 100 % full (limit 95 %)", 1},
		"a share":                      {fs("nas:/export/a", "nfs4", "/srv/a", 0, 0), limit(95), degraded, full, "/srv/a is 100 % full (limit 95 %)", 1},
		"mounted twice":                {fs(dev, "ext4", "/var/log", 0, 0) + fs(dev, "ext4", "/", 0, 0), limit(95), degraded, full, "/ is 100 % full (limit 95 %)", 1},
		"two of a name":                {fs("s3fs", "fuse.s3fs", "/srv/a", 0, 0) + fs("s3fs", "fuse.s3fs", "/srv/b", 1000, 0), limit(95), degraded, full, "/srv/a is 100 % full (limit 95 %)", 2},
		"read-only":                    {fs(dev, "ext4", "/", 500, 1), none, degraded, ro, "/ is read-only", 1},
		"read-only and full":           {fs(dev, "xfs", "/srv", 0, 1), limit(95), degraded, ro, "/srv is read-only", 1},
		"one mount of two":             {fs(dev, "ext4", "/", 500, 0) + fs(dev, "ext4", "/srv/chroot", 500, 1), none, up, "", "", 1},
		"all mounts":                   {fs(dev, "ext4", "/", 500, 1) + fs(dev, "ext4", "/srv/chroot", 500, 1), none, degraded, ro, "/ is read-only", 1},
		"read-only on purpose":         {fs(dev, "ext4", "/usr", 500, 1) + fs("/dev/sda2", "ext4", "/boot", 500, 1), none, up, "", "", 0},
		"read-only, the firmware's":    {fs(dev, "vfat", "/boot/efi", 500, 1), limit(95), up, "", "", 1},
		"a share that is read-only":    {fs("nas:/x", "nfs4", "/srv", 0, 1), limit(95), up, "", "", 1},
		"read-only before full":        {fs(dev, "ext4", "/a", 0, 0) + fs("/dev/sdb1", "ext4", "/b", 0, 1), limit(95), degraded, ro, "/b is read-only; /a is 100 % full (limit 95 %)", 2},
		"more available than there is": {fs("x:/y", "nfs", "/srv", 1e9, 0), limit(1), up, "", "", 1},
		"not told":                     {something, limit(95), notKnown, v1alpha1.ReasonFactMissing, "filesystems are not told: node_exporter needs its collector filesystem", 0},
	})
}

// TestClock: the clock is judged if a limit is declared.
func TestClock(t *testing.T) {
	off := v1alpha1.ReasonClockOff
	run(t, map[string]reads{
		"right":            {timex(1, 0.0001), clockLimit("500ms"), up, "", "", 0},
		"at the limit":     {timex(1, -0.5), clockLimit("500ms"), up, "", "", 0},
		"ahead":            {timex(1, 0.6), clockLimit("500ms"), degraded, off, "the clock is more than 500ms off", 0},
		"behind":           {timex(1, -0.6), clockLimit("500ms"), degraded, off, "the clock is more than 500ms off", 0},
		"not synchronised": {timex(0, 0), clockLimit("500ms"), degraded, off, "the clock is not synchronised", 0},
		"nobody asked":     {timex(0, 60), v1alpha1.LinuxHosting{}, up, "", "", 0},
		"not told":         {something, clockLimit("500ms"), notKnown, v1alpha1.ReasonFactMissing, "the clock is not told: node_exporter needs its collector timex", 0},
		"half of it":       {"node_timex_sync_status 1\n", clockLimit("500ms"), notKnown, v1alpha1.ReasonFactMissing, "the offset of the clock is not told", 0},
	})
}

// TestUpdates: what is pending, and how old the news is.
func TestUpdates(t *testing.T) {
	security, stale, missing := v1alpha1.ReasonSecurityUpdates, v1alpha1.ReasonFactStale, v1alpha1.ReasonFactMissing
	const fresh, day = 10 * time.Minute, 24 * time.Hour
	const staleText = "updates were last told more than 26h ago: does prometheus-node-exporter-apt.timer run?"
	const missingText = "updates are not told: install prometheus-node-exporter-collectors (apt_info.py)"
	onlyReboot := v1alpha1.LinuxHosting{Patches: &v1alpha1.PatchLimits{MaxRebootPending: "336h"}}
	run(t, map[string]reads{
		"none":                {apt(0, 30, 0, fresh, day), patches(0, "336h"), up, "", "", 0},
		"none at all":         {"apt_upgrades_pending{origin=\"\",arch=\"\"} 0\n", patches(0, ""), up, "", "", 0},
		"one":                 {apt(1, 0, 0, fresh, day), patches(0, ""), degraded, security, "1 security update pending", 0},
		"as many as may be":   {apt(14, 0, 0, fresh, day), patches(14, ""), up, "", "", 0},
		"one more":            {apt(15, 3, 0, fresh, day), patches(14, ""), degraded, security, "15 security updates pending (limit 14)", 0},
		"stale":               {apt(15, 0, 1, 27*time.Hour, day), patches(0, "336h"), notKnown, stale, staleText, 0},
		"stale, nobody asked": {apt(15, 0, 1, 27*time.Hour, day), v1alpha1.LinuxHosting{}, up, "", "", 0},
		"another name": {
			strings.ReplaceAll(apt(1, 0, 0, 27*time.Hour, day), "/apt.prom", "/updates.prom"), patches(0, ""), notKnown, stale, staleText, 0,
		},
		"another file is older": {apt(0, 0, 0, fresh, day) + fmt.Sprintf("node_textfile_mtime_seconds{file=\"/x/role.prom\"} %d\n", begin.Add(-900*time.Hour).Unix()), patches(0, ""), up, "", "", 0},
		"old lists":             {apt(0, 0, 0, fresh, 73*time.Hour), patches(0, ""), notKnown, stale, "the package lists are older than 72h: does apt-get update run?", 0},
		"old lists and enough":  {apt(2, 0, 0, fresh, 73*time.Hour), patches(1, ""), degraded, security, "2 security updates pending (limit 1)", 0},
		"not told":              {something, patches(0, ""), notKnown, missing, missingText, 0},
		"reboot not told":       {something, onlyReboot, notKnown, missing, missingText, 0},
		"only reboot asked":     {"node_reboot_required 0\n", onlyReboot, up, "", "", 0},
		"half of a package":     {"apt_upgrades_pending{origin=\"x-security\"} 0.5\n", patches(0, ""), notKnown, endpoint.ReasonProtocolError, "", 0},
		"fewer than none":       {"apt_upgrades_pending{origin=\"x-security\"} -1\n", patches(0, ""), notKnown, endpoint.ReasonProtocolError, "", 0},
	})
}

// TestAllInOne: several faults are told at once, the worst first.
func TestAllInOne(t *testing.T) {
	all := units("nginx.service", "")
	all.FilesystemMaxUsedPercent, all.MaxClockOffset = new(int32(95)), "1s"
	all.Patches = &v1alpha1.PatchLimits{MaxSecurityPending: new(int32(0))}
	body := fs("/dev/sda1", "ext4", "/", 30, 0) + timex(0, 0) + apt(14, 0, 0, time.Minute, time.Hour)
	run(t, map[string]reads{
		"degraded": {
			body + unit("nginx.service", "active"), all, degraded, v1alpha1.ReasonFilesystemFull,
			"/ is 97 % full (limit 95 %); the clock is not synchronised; 14 security updates pending (limit 0)", 2,
		},
		"down": {
			body + unit("nginx.service", "failed"), all, isDown, v1alpha1.ReasonUnitState,
			"unit nginx.service is failed, should be active; / is 97 % full (limit 95 %); the clock is not synchronised; 14 security updates pending (limit 0)", 2,
		},
		"degraded and unknown": {
			fs("/dev/sda1", "ext4", "/", 30, 0) + timex(1, 0) + unit("nginx.service", "active"), all, degraded, v1alpha1.ReasonFilesystemFull,
			"/ is 97 % full (limit 95 %); updates are not told: install prometheus-node-exporter-collectors (apt_info.py)", 2,
		},
	})
}

func run(t *testing.T, tests map[string]reads) {
	t.Helper()
	h := newHost(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h.tell(tc.metrics)
			r := Reader("web01", &tc.declared, h.clock)(h.ask(t))
			check(t, r, tc)
		})
	}
}

func check(t *testing.T, r observe.Result, want reads) {
	t.Helper()
	if r.Reason != want.reason || stateOf(r) != want.state {
		t.Fatalf("got %+v, want %+v", r, want)
	}
	if message, ok := strings.CutPrefix(r.Message, "web01: "); ok != (want.message != "") || message != want.message && want.message != "" {
		t.Errorf("message %q, want %q", r.Message, want.message)
	}
	if system, ok := r.Facts.(hosting.System); ok && system.Total != want.total {
		t.Errorf("%d components, want %d", system.Total, want.total)
	} else if !ok && want.reason != endpoint.ReasonProtocolError {
		t.Errorf("facts are %T", r.Facts)
	}
}

// stateOf returns the state that a result speaks for.
func stateOf(r observe.Result) v1alpha1.ComponentState {
	switch {
	case r.Outcome == observe.OutcomeFailure && r.Class == observe.ClassTarget && r.Step == observe.StepExpectation && !r.Degraded:
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
