// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"fmt"
	"math"
	"path"
	"strings"
	"time"

	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

// Facts are what node_exporter told of a host. Many read them, so nobody changes
// them.
type Facts struct {
	// Units are the states of the systemd units by name, as systemd names them
	// (active, activating, deactivating, inactive, failed); empty is another
	// state.
	Units map[string]string
	// Collectors says of those that are on whether they succeeded.
	Collectors map[string]bool
	// HasFilesystems: any filesystem was told, whether it is judged or not.
	HasFilesystems bool
	// Filesystems that are judged; see the package comment.
	Filesystems []Filesystem
	// Clock of the host; nil if it was not told.
	Clock *Clock
	// BootedAt is when the host was booted; zero if it was not told.
	BootedAt time.Time
	// Textfiles says by path when each was written.
	Textfiles map[string]time.Time
	// SecurityPending is how many security updates are pending; nil if it was
	// not told.
	SecurityPending *int
	// ListsAt is when the package lists were fetched; zero if it was not told.
	ListsAt time.Time
	// RebootRequired; nil if it was not told.
	RebootRequired *bool
	// RebootSince is the earliest evidence of when a reboot became required;
	// zero if none is.
	RebootSince time.Time
}

// Clock is how a host's clock stands.
type Clock struct {
	// Synchronised: the kernel holds it to be.
	Synchronised bool
	// Offset from the reference clock; negative is behind. Nil if it was not
	// told.
	Offset *time.Duration
}

// Families of metrics that are read.
const (
	familyUnit           = "node_systemd_unit_state"
	familyCollector      = "node_scrape_collector_success"
	familyAvail          = "node_filesystem_avail_bytes"
	familySize           = "node_filesystem_size_bytes"
	familyReadOnly       = "node_filesystem_readonly"
	familySynchronised   = "node_timex_sync_status"
	familyOffset         = "node_timex_offset_seconds"
	familyBoot           = "node_boot_time_seconds"
	familyTextfile       = "node_textfile_mtime_seconds"
	familyUpgrades       = "apt_upgrades_pending"
	familyLists          = "apt_package_cache_timestamp_seconds"
	familyRebootRequired = "node_reboot_required"
)

func families() []exporter.Family {
	out := []exporter.Family{exporter.StateFamily(familyUnit, stateActive)}
	for _, name := range []string{
		familyCollector, familyAvail, familySize, familyReadOnly, familySynchronised, familyOffset, familyBoot,
		familyTextfile, familyUpgrades, familyLists, familyRebootRequired,
	} {
		out = append(out, exporter.Family{Name: name})
	}
	return out
}

// read makes Facts of what was told, but for RebootSince.
func read(m exporter.Metrics) (*Facts, error) {
	f := &Facts{}
	var err error
	if f.Units, err = m.States(familyUnit, nil); err != nil {
		return nil, err
	}
	if f.Collectors, err = m.Collectors(familyCollector); err != nil {
		return nil, err
	}
	if f.BootedAt, err = m.Time(familyBoot); err != nil {
		return nil, err
	}
	for _, part := range []func(exporter.Metrics) error{f.readFilesystems, f.readClock, f.readUpdates, f.readTextfiles} {
		if err := part(m); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Facts) readClock(m exporter.Metrics) error {
	status, ok, err := m.Value(familySynchronised)
	if err != nil || !ok {
		return err
	}
	f.Clock = &Clock{Synchronised: status == 1}
	offset, ok, err := m.Value(familyOffset)
	if err != nil || !ok {
		return err
	}
	d, err := exporter.Duration(familyOffset, offset)
	f.Clock.Offset = &d
	return err
}

func (f *Facts) readUpdates(m exporter.Metrics) error {
	if m.Has(familyUpgrades) {
		f.SecurityPending = new(0)
	}
	err := m.Each(familyUpgrades, func(s exporter.Sample) error {
		const most = 1e6
		if s.Value < 0 || s.Value > most || s.Value != math.Trunc(s.Value) {
			return fmt.Errorf("tells %v pending updates, which is no number of them", s.Value)
		}
		if strings.Contains(strings.ToLower(s.Label("origin")), "security") {
			*f.SecurityPending += int(s.Value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if f.ListsAt, err = m.Time(familyLists); err != nil {
		return err
	}
	required, ok, err := m.Value(familyRebootRequired)
	if ok {
		f.RebootRequired = new(required != 0)
	}
	return err
}

func (f *Facts) readTextfiles(m exporter.Metrics) error {
	f.Textfiles = map[string]time.Time{}
	return m.Each(familyTextfile, func(s exporter.Sample) error {
		at, err := exporter.Time(familyTextfile, s.Value)
		f.Textfiles[s.Label("file")] = at
		return err
	})
}

// textfile returns when the newest textfile that has word in its name was
// written; zero if there is none.
func (f *Facts) textfile(word string) time.Time {
	var newest time.Time
	for file, at := range f.Textfiles {
		if strings.Contains(path.Base(file), word) && at.After(newest) {
			newest = at
		}
	}
	return newest
}
