// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"strings"
	"time"
)

const (
	// filesystemSize of every filesystem, in bytes.
	filesystemSize = 200 << 30
	// usedUsually and usedFull are how full a filesystem is, in per cent.
	usedUsually, usedFull = 41, 97
	// upFor is for how long every host has been up.
	upFor = 12 * 24 * time.Hour
)

// metrics is text in the format of Prometheus.
type metrics struct{ strings.Builder }

// family begins a family of gauges.
func (m *metrics) family(name string) {
	_, _ = fmt.Fprintf(m, "# TYPE %s gauge\n", name) // a Builder takes all
}

// value writes a value of a family; labels come with their braces, or empty.
func (m *metrics) value(name, labels string, value float64) {
	_, _ = fmt.Fprintf(m, "%s%s %v\n", name, labels, value)
}

// states writes, for each name, the state that it is in, as both exporters do.
func (m *metrics) states(family string, names []string, is string, others ...string) {
	for _, name := range names {
		for _, state := range append([]string{is}, others...) {
			value := 0.0
			if state == is {
				value = 1
			}
			m.value(family, fmt.Sprintf("{name=%q,state=%q}", name, state), value)
		}
	}
}

func free(percentUsed int) float64 { return filesystemSize * float64(100-percentUsed) / 100 }

func dataUsed(full bool) int {
	if full {
		return usedFull
	}
	return usedUsually
}

// linuxMetrics is what node_exporter tells of a host on which units are active;
// full has /srv be so.
func linuxMetrics(units []string, full bool, now time.Time) string {
	m := &metrics{}
	m.family("node_scrape_collector_success")
	for _, collector := range []string{"filesystem", "systemd", "timex"} {
		m.value("node_scrape_collector_success", fmt.Sprintf("{collector=%q}", collector), 1)
	}
	m.family("node_boot_time_seconds")
	m.value("node_boot_time_seconds", "", float64(now.Add(-upFor).Unix()))
	mounts := map[string]int{`{device="/dev/vda1",fstype="ext4",mountpoint="/"}`: usedUsually, `{device="/dev/vdb1",fstype="xfs",mountpoint="/srv"}`: dataUsed(full)}
	m.family("node_filesystem_size_bytes")
	for labels := range mounts {
		m.value("node_filesystem_size_bytes", labels, filesystemSize)
	}
	m.family("node_filesystem_avail_bytes")
	for labels, used := range mounts {
		m.value("node_filesystem_avail_bytes", labels, free(used))
	}
	m.family("node_filesystem_readonly")
	for labels := range mounts {
		m.value("node_filesystem_readonly", labels, 0)
	}
	m.family("node_timex_sync_status")
	m.value("node_timex_sync_status", "", 1)
	m.family("node_timex_offset_seconds")
	m.value("node_timex_offset_seconds", "", 0.00002)
	m.family("node_systemd_unit_state")
	m.states("node_systemd_unit_state", append([]string{"systemd-journald.service"}, units...), "active", "activating", "deactivating", "failed", "inactive")
	return m.String()
}

// windowsMetrics is what windows_exporter tells of a host on which services
// run; full has D: be so.
func windowsMetrics(services []string, full bool, _ time.Time) string {
	m := &metrics{}
	m.family("windows_exporter_collector_success")
	for _, collector := range []string{"logical_disk", "service", "time"} {
		m.value("windows_exporter_collector_success", fmt.Sprintf("{collector=%q}", collector), 1)
	}
	volumes := map[string]int{`{volume="C:"}`: usedUsually, `{volume="D:"}`: dataUsed(full)}
	m.family("windows_logical_disk_size_bytes")
	for labels := range volumes {
		m.value("windows_logical_disk_size_bytes", labels, filesystemSize)
	}
	m.family("windows_logical_disk_free_bytes")
	for labels, used := range volumes {
		m.value("windows_logical_disk_free_bytes", labels, free(used))
	}
	m.family("windows_time_computed_time_offset_seconds")
	m.value("windows_time_computed_time_offset_seconds", "", 0.0004)
	m.family("windows_time_clock_sync_source")
	m.value("windows_time_clock_sync_source", `{type="NT5DS"}`, 1)
	m.value("windows_time_clock_sync_source", `{type="Local CMOS Clock"}`, 0)
	m.family("windows_service_state")
	m.states("windows_service_state", append([]string{"w32time"}, services...), "running", "continue pending", "pause pending", "paused", "start pending", "stop pending", "stopped")
	return m.String()
}
