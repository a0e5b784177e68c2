// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"sync"
	"time"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

// Source makes probes that ask node_exporter. It is safe for concurrent use.
type Source struct {
	exporters *exporter.Source
	wanted    *exporter.Set

	mu sync.Mutex
	// reboots says by URL since when a host is known to wait for a reboot.
	reboots map[string]reboot
}

type reboot struct{ since, seen time.Time }

const (
	// maxReboots bounds of how many hosts it is kept since when they wait.
	maxReboots = 20_000
	// keepReboot is for how long it is kept of a host that is not asked any more;
	// no interval is longer than a day.
	keepReboot = 49 * time.Hour
)

// NewSource returns a Source whose probes ask through another one.
func NewSource(exporters *exporter.Source) *Source {
	s := &Source{exporters: exporters, reboots: map[string]reboot{}}
	s.wanted = exporter.NewSet("node_exporter", s.facts, families()...)
	return s
}

// New returns the probe of the host whose node_exporter has its metrics at a URL.
// Its successes have *Facts. The error says what is wrong with the URL.
func (s *Source) New(url string, timeout time.Duration) (observe.Probe, error) {
	return s.exporters.New(url, s.wanted, timeout)
}

func (s *Source) facts(url string, m exporter.Metrics, at time.Time) (any, error) {
	f, err := read(m)
	if err != nil {
		return nil, err
	}
	if f.RebootRequired != nil {
		f.RebootSince = s.rebootSince(url, f, at)
	}
	return f, nil
}

// rebootSince returns since when a host is known to wait for a reboot; zero if it
// does not. What was known before the host was last booted is of no account.
func (s *Source) rebootSince(url string, f *Facts, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !*f.RebootRequired {
		delete(s.reboots, url)
		return time.Time{}
	}
	since := now
	for _, earlier := range []time.Time{s.reboots[url].since, f.textfile("reboot")} {
		if !earlier.IsZero() && earlier.After(f.BootedAt) && earlier.Before(since) {
			since = earlier
		}
	}
	if _, known := s.reboots[url]; !known && len(s.reboots) >= maxReboots {
		for other, r := range s.reboots {
			if now.Sub(r.seen) > keepReboot {
				delete(s.reboots, other)
			}
		}
		if len(s.reboots) >= maxReboots {
			return since
		}
	}
	s.reboots[url] = reboot{since: since, seen: now}
	return since
}
