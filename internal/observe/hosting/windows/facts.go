// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

// Facts are what windows_exporter told of a host. Many read them, so nobody
// changes them.
type Facts struct {
	// Services are the states of the services ("running", "stop pending" …) by
	// name in lower case; empty is a state that was not told.
	Services map[string]string
	// Collectors says of those that are on whether they succeeded.
	Collectors map[string]bool
	// HasVolumes: any volume was told, whether it is judged or not.
	HasVolumes bool
	// Volumes that are judged, by name; see the package comment.
	Volumes []Volume
	// Offset of the clock; nil if it was not told.
	Offset *time.Duration
	// Unsynchronised: the clock has no source of time but itself.
	Unsynchronised bool
}

// Volume is a volume of a host.
type Volume struct {
	// Name of it: "C:".
	Name string
	// Size of it and what is free, in bytes: finite, not negative, Free at most
	// Size.
	Size, Free float64
}

// usedPercent returns how full it is, in whole per cents, rounded up.
func (v *Volume) usedPercent() int { return int(math.Ceil((v.Size - v.Free) / v.Size * 100)) }

// Families of metrics that are read.
const (
	familyService    = "windows_service_state"
	familyCollector  = "windows_exporter_collector_success"
	familyFree       = "windows_logical_disk_free_bytes"
	familySize       = "windows_logical_disk_size_bytes"
	familyReadOnly   = "windows_logical_disk_readonly"
	familyVolume     = "windows_logical_disk_info"
	familyOffset     = "windows_time_computed_time_offset_seconds"
	familyTimeSource = "windows_time_clock_sync_source"
)

// Source makes probes that ask windows_exporter. It is safe for concurrent use.
type Source struct {
	exporters *exporter.Source
	wanted    *exporter.Set
}

// NewSource returns a Source whose probes ask through another one.
func NewSource(exporters *exporter.Source) *Source {
	wanted := []exporter.Family{exporter.StateFamily(familyService, stateRunning)}
	for _, name := range []string{
		familyCollector, familyFree, familySize, familyReadOnly, familyVolume, familyOffset, familyTimeSource,
	} {
		wanted = append(wanted, exporter.Family{Name: name})
	}
	facts := func(_ string, m exporter.Metrics, _ time.Time) (any, error) { return read(m) }
	return &Source{exporters, exporter.NewSet("windows_exporter", facts, wanted...)}
}

// New returns the probe of the host whose windows_exporter has its metrics at a
// URL. Its successes have *Facts. The error says what is wrong with the URL.
func (s *Source) New(url string, timeout time.Duration) (observe.Probe, error) {
	return s.exporters.New(url, s.wanted, timeout)
}

// read makes Facts of what was told.
func read(m exporter.Metrics) (*Facts, error) {
	f := &Facts{}
	var err error
	if f.Services, err = m.States(familyService, strings.ToLower); err != nil {
		return nil, err
	}
	if f.Collectors, err = m.Collectors(familyCollector); err != nil {
		return nil, err
	}
	for _, part := range []func(exporter.Metrics) error{f.readVolumes, f.readClock} {
		if err := part(m); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Facts) readVolumes(m exporter.Metrics) error {
	f.HasVolumes = m.Has(familySize)
	full := map[string]bool{}
	free := map[string]float64{}
	for _, err := range []error{
		m.Each(familyReadOnly, func(s exporter.Sample) error {
			full[s.Label("volume")] = s.Value == 1
			return nil
		}),
		m.Each(familyVolume, func(s exporter.Sample) error {
			if s.Label("type") == "cdrom" {
				full[s.Label("volume")] = true
			}
			return nil
		}),
		m.Each(familyFree, func(s exporter.Sample) error {
			free[s.Label("volume")] = s.Value
			return nil
		}),
	} {
		if err != nil {
			return err
		}
	}
	err := m.Each(familySize, func(s exporter.Sample) error {
		v := Volume{Name: s.Label("volume"), Size: s.Value}
		var told bool
		v.Free, told = free[v.Name]
		if told && !full[v.Name] && !strings.HasPrefix(v.Name, "HarddiskVolume") && v.Size > 0 && v.Free >= 0 && v.Free <= v.Size {
			f.Volumes = append(f.Volumes, v)
		}
		return nil
	})
	slices.SortFunc(f.Volumes, func(a, b Volume) int { return cmp.Compare(a.Name, b.Name) })
	f.Volumes = slices.CompactFunc(f.Volumes, func(a, b Volume) bool { return a.Name == b.Name })
	return err
}

func (f *Facts) readClock(m exporter.Metrics) error {
	err := m.Each(familyTimeSource, func(s exporter.Sample) error {
		if t := s.Label("type"); s.Value == 1 && (t == "Local CMOS Clock" || t == "NoSync") {
			f.Unsynchronised = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	offset, ok, err := m.Value(familyOffset)
	if err != nil || !ok {
		return err
	}
	d, err := exporter.Duration(familyOffset, offset)
	f.Offset = &d
	return err
}
