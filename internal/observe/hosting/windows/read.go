// SPDX-License-Identifier: Apache-2.0

package windows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// States of services, as the API and windows_exporter name them.
const (
	stateRunning = "running"
	stateStopped = "stopped"
)

// Reader returns what an answer of a host's probe means to whoever declares this;
// host is the name by which messages call it.
func Reader(host string, declared *v1alpha1.WindowsHosting) func(observe.Result) observe.Result {
	return func(seen observe.Result) observe.Result {
		facts, ok := seen.Facts.(*Facts)
		if seen.Outcome != observe.OutcomeSuccess || !ok {
			return seen
		}
		r := reading{Facts: facts, declared: declared}
		r.services()
		r.volumes()
		r.clock()
		return hosting.Conclude(seen, host, r.total, r.findings)
	}
}

// reading is an answer that is being read.
type reading struct {
	*Facts
	declared *v1alpha1.WindowsHosting

	total    int
	findings []hosting.Finding
}

// find adds a finding about the host as a whole.
func (r *reading) find(state v1alpha1.ComponentState, reason, format string, args ...any) {
	r.findings = append(r.findings, hosting.Finding{State: state, Reason: reason, Text: fmt.Sprintf(format, args...)})
}

func (r *reading) services() {
	r.total += len(r.declared.RequiredServices)
	for _, service := range r.declared.RequiredServices {
		f := r.service(service.Name, cmp.Or(service.State, stateRunning))
		if f.Reason != "" {
			f.Text, f.Component = "service "+service.Name+" "+f.Text, service.Name
			r.findings = append(r.findings, f)
		}
	}
}

// service says what is wrong with a service, in a text that follows its name;
// without a Reason nothing is.
func (r *reading) service(name, want string) hosting.Finding {
	state, told := r.Services[strings.ToLower(name)]
	succeeded, on := r.Collectors["service"]
	switch {
	case told && (state == "" || state == "unknown"):
		return unknown("is in a state that windows_exporter does not know")
	case told && state == want:
		return hosting.Finding{}
	case told:
		return down("is "+state+", should be "+want, state+", should be "+want)
	case on && !succeeded:
		return unknown("is not told: the collector service of windows_exporter failed")
	case !on && len(r.Services) == 0:
		return unknown("is not told: windows_exporter needs its collector service (--collectors.enabled)")
	case want == stateStopped:
		return hosting.Finding{}
	}
	return down("does not exist, should be "+want, "does not exist")
}

func down(text, detail string) hosting.Finding {
	return hosting.Finding{State: v1alpha1.ComponentDown, Reason: v1alpha1.ReasonServiceState, Text: text, Detail: detail}
}

func unknown(text string) hosting.Finding {
	return hosting.Finding{State: v1alpha1.ComponentUnknown, Reason: v1alpha1.ReasonFactMissing, Text: text, Detail: "state not told"}
}

// volumes finds those that are too full, the fullest first.
func (r *reading) volumes() {
	limit := r.declared.FilesystemMaxUsedPercent
	if limit == nil {
		return
	}
	if !r.HasVolumes {
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing,
			"volumes are not told: windows_exporter needs its collector logical_disk (--collectors.enabled)")
	}
	r.total += len(r.Volumes)
	sorted := slices.SortedStableFunc(slices.Values(r.Volumes), func(a, b Volume) int { return cmp.Compare(b.usedPercent(), a.usedPercent()) })
	for _, v := range sorted {
		if used := v.usedPercent(); used > int(*limit) {
			r.findings = append(r.findings, hosting.Full(v.Name, used, int(*limit)))
		}
	}
}

func (r *reading) clock() {
	limit, err := time.ParseDuration(string(r.declared.MaxClockOffset))
	state, told := r.Services["w32time"]
	switch {
	case err != nil: // not declared
	case r.Unsynchronised:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonClockOff, "the clock is not synchronised")
	case r.Offset == nil:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing,
			"the clock is not told: windows_exporter needs its collector time (--collectors.enabled=[defaults],time)")
	case told && state != stateRunning:
		r.find(v1alpha1.ComponentUnknown, v1alpha1.ReasonFactMissing, "the clock is not told: service w32time does not run")
	case r.Offset.Abs() > limit:
		r.find(v1alpha1.ComponentDegraded, v1alpha1.ReasonClockOff, "the clock is more than %s off", r.declared.MaxClockOffset)
	}
}
