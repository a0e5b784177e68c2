// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

const (
	// MaxTextfileAge is how old the textfile of pending updates may be. Debian
	// writes it every 15 minutes; others daily.
	MaxTextfileAge = 26 * time.Hour
	// MaxListAge is how old the package lists may be. Debian fetches them once a
	// day, up to 12 hours late.
	MaxListAge = 72 * time.Hour
)

// States of units, as the API and systemd name them.
const (
	stateActive       = "active"
	stateInactive     = "inactive"
	stateActivating   = "activating"
	stateDeactivating = "deactivating"
)

// Reader returns what an answer of a host's probe means to whoever declares this;
// host is the name by which messages call it. A nil clock means the system's.
func Reader(host string, declared *v1alpha1.LinuxHosting, c clock.PassiveClock) func(observe.Result) observe.Result {
	if c == nil {
		c = clock.RealClock{}
	}
	return func(seen observe.Result) observe.Result {
		facts, ok := seen.Facts.(*Facts)
		if seen.Outcome != observe.OutcomeSuccess || !ok {
			return seen
		}
		r := reading{Facts: facts, declared: declared, now: c.Now()}
		r.units()
		r.filesystems()
		r.clock()
		r.updates()
		return hosting.Conclude(seen, host, r.total, r.findings)
	}
}

// reading is an answer that is being read.
type reading struct {
	*Facts
	declared *v1alpha1.LinuxHosting
	now      time.Time

	total    int
	findings []hosting.Finding
}

// find adds a finding about the host as a whole.
func (r *reading) find(state v1alpha1.ComponentState, reason, format string, args ...any) {
	r.findings = append(r.findings, hosting.Finding{State: state, Reason: reason, Text: fmt.Sprintf(format, args...)})
}

func (r *reading) units() {
	r.total += len(r.declared.RequiredUnits)
	for _, unit := range r.declared.RequiredUnits {
		f := r.unit(unit.Name, cmp.Or(unit.State, stateActive))
		if f.Reason != "" {
			f.Text, f.Component = "unit "+unit.Name+" "+f.Text, unit.Name
			r.findings = append(r.findings, f)
		}
	}
}

// unit says what is wrong with a unit, in a text that follows its name; without a
// Reason nothing is.
func (r *reading) unit(name, want string) hosting.Finding {
	state, told := r.Units[name]
	succeeded, on := r.Collectors["systemd"]
	switch {
	case told && state == "":
		return unknown("is in a state that node_exporter does not name, such as reloading")
	case told && (state == want || want == stateInactive && (state == stateActivating || state == stateDeactivating)):
		return hosting.Finding{}
	case told:
		return down("is "+state+", should be "+want, state+", should be "+want)
	case on && !succeeded:
		return unknown("is not told: node_exporter could not ask systemd (its collector systemd failed)")
	case !on && len(r.Units) == 0:
		return unknown("is not told: start node_exporter with --collector.systemd")
	case r.leavesOut(path.Ext(name)):
		return unknown("is not told: see node_exporter's --collector.systemd.unit-exclude")
	case want == stateInactive:
		return hosting.Finding{}
	}
	return down("does not exist, should be "+want, "does not exist")
}

// leavesOut reports whether node_exporter tells no unit of a kind that it leaves
// out by default.
func (r *reading) leavesOut(kind string) bool {
	if !slices.Contains([]string{".automount", ".device", ".mount", ".scope", ".slice"}, kind) {
		return false
	}
	for name := range r.Units {
		if strings.HasSuffix(name, kind) {
			return false
		}
	}
	return true
}

func down(text, detail string) hosting.Finding {
	return hosting.Finding{State: v1alpha1.ComponentDown, Reason: v1alpha1.ReasonUnitState, Text: text, Detail: detail}
}

func unknown(text string) hosting.Finding {
	return hosting.Finding{State: v1alpha1.ComponentUnknown, Reason: v1alpha1.ReasonFactMissing, Text: text, Detail: "state not told"}
}

// filesystems finds those that are read-only, and those that are too full, the
// fullest first.
func (r *reading) filesystems() {
	limit := r.declared.FilesystemMaxUsedPercent
	if limit != nil && !r.HasFilesystems {
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "filesystems are not told: node_exporter needs its collector filesystem")
	}
	var full []*Filesystem
	for i := range r.Filesystems {
		fs := &r.Filesystems[i]
		if limit == nil && !fs.shouldBeWritable() {
			continue
		}
		r.total++
		switch {
		case fs.ReadOnly && fs.shouldBeWritable():
			r.findings = append(r.findings, hosting.Finding{
				State: v1alpha1.ComponentDegraded, Reason: v1alpha1.ReasonFilesystemReadOnly,
				Text: fs.MountPoint + " is read-only", Component: fs.MountPoint, Detail: "read-only",
			})
		case !fs.ReadOnly && limit != nil && fs.usedPercent() > int(*limit):
			full = append(full, fs)
		}
	}
	slices.SortStableFunc(full, func(a, b *Filesystem) int { return cmp.Compare(b.usedPercent(), a.usedPercent()) })
	for _, fs := range full {
		r.findings = append(r.findings, hosting.Full(fs.MountPoint, fs.usedPercent(), int(*limit)))
	}
}

func (r *reading) clock() {
	limit, declared := within(r.declared.MaxClockOffset)
	switch {
	case !declared:
	case r.Clock == nil:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "the clock is not told: node_exporter needs its collector timex")
	case !r.Clock.Synchronised:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonClockOff, "the clock is not synchronised")
	case r.Clock.Offset == nil:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "the offset of the clock is not told")
	case r.Clock.Offset.Abs() > limit:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonClockOff, "the clock is more than %s off", r.declared.MaxClockOffset)
	}
}

// within returns a declared duration.
func within(declared v1alpha1.Duration) (time.Duration, bool) {
	d, err := time.ParseDuration(string(declared))
	return d, err == nil
}

func (r *reading) updates() {
	limits := r.declared.Patches
	if limits == nil {
		return
	}
	patience, wantsReboot := within(limits.MaxRebootPending)
	wantsUpdates := limits.MaxSecurityPending != nil
	switch {
	case wantsUpdates && r.SecurityPending == nil, wantsReboot && r.RebootRequired == nil:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing,
			"updates are not told: install prometheus-node-exporter-collectors (apt_info.py)")
	case (wantsUpdates || wantsReboot) && r.now.Sub(r.writtenAt()) > MaxTextfileAge:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactStale,
			"updates were last told more than %v ago: does prometheus-node-exporter-apt.timer run?", hours(MaxTextfileAge))
		return
	}
	if wantsUpdates && r.SecurityPending != nil {
		r.security(int(*limits.MaxSecurityPending))
	}
	if wantsReboot && !r.RebootSince.IsZero() && r.now.Sub(r.RebootSince) > patience {
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonRebootOverdue, "a reboot is required for more than %s", limits.MaxRebootPending)
	}
}

func (r *reading) security(limit int) {
	switch pending := *r.SecurityPending; {
	case pending == 1 && limit == 0:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonSecurityUpdates, "1 security update pending")
	case pending > limit:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonSecurityUpdates, "%d security updates pending (limit %d)", pending, limit)
	case !r.ListsAt.IsZero() && r.now.Sub(r.ListsAt) > MaxListAge:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactStale,
			"the package lists are older than %v: does apt-get update run?", hours(MaxListAge))
	}
}

// writtenAt returns when the textfile of the updates was written; now if that is
// not told.
func (r *reading) writtenAt() time.Time {
	for _, word := range []string{"apt", ""} {
		if at := r.textfile(word); !at.IsZero() {
			return at
		}
	}
	return r.now
}

func hours(d time.Duration) string { return fmt.Sprintf("%dh", int(d.Hours())) }
