// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// maxStatus is what the status of an Application may hold, in bytes of JSON.
	// Names count with what the API allows: 63 bytes for endpoints and sources of
	// backups. Of systems 64 are assumed, as of a host, an SAP instance or a
	// workload; longer ones cost others their place. So do many: the names of 32
	// endpoints, 32 systems and 16 sources alone, each with its state, would be
	// twice as much.
	maxStatus = 8 << 10
	// largestPart is more than an endpoint or a system takes without message and
	// components. Where more room than that is left, nothing was left out that is
	// not Up.
	largestPart = 512
)

// fit makes a status small enough. It is the one place that decides what there
// is no room for, each step only if those before it were not enough: components
// of systems; long messages; what is Up, since it is known by being left out
// (leftOutUp); most of the messages; and at last, with all messages, endpoints
// and systems from the end of the spec. Sources of backups stay: what they say of restore tests is nowhere
// else.
func fit(st *v1alpha1.ApplicationStatus) {
	for _, leaveOut := range []func(st *v1alpha1.ApplicationStatus, over int){
		leaveOutComponents,
		shortenParts(120),
		leaveOutUp,
		shortenParts(60), shortenConditions(200),
		shortenParts(24), shortenConditions(80), shortenConditions(40),
		leaveOutLast,
	} {
		over := sizeOf(st) - maxStatus
		if over <= 0 {
			return
		}
		leaveOut(st, over)
	}
}

// sizeOf returns how many bytes of JSON a value takes.
func sizeOf(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return 0 // these types have no value that JSON has not
	}
	return len(data)
}

// systemsOf returns what is told of systems.
func systemsOf(st *v1alpha1.ApplicationStatus) []v1alpha1.SystemStatus {
	if st.Hosting == nil {
		return nil
	}
	return st.Hosting.Systems
}

// leaveOutComponents leaves out what systems tell of their components, of the
// last system first.
func leaveOutComponents(st *v1alpha1.ApplicationStatus, over int) {
	systems := systemsOf(st)
	for i := len(systems) - 1; i >= 0 && over > 0; i-- {
		if len(systems[i].Components) > 0 {
			over -= sizeOf(systems[i].Components)
			systems[i].Components = nil
		}
	}
}

// shortenParts cuts what is told of endpoints, systems and sources to a limit.
func shortenParts(limit int) func(st *v1alpha1.ApplicationStatus, over int) {
	return func(st *v1alpha1.ApplicationStatus, _ int) {
		for i := range st.Endpoints {
			cut(&st.Endpoints[i].Message, limit)
		}
		for i := range systemsOf(st) {
			cut(&st.Hosting.Systems[i].Message, limit)
		}
		if st.Backup != nil {
			for i := range st.Backup.Sources {
				cut(&st.Backup.Sources[i].Message, limit)
			}
		}
	}
}

// shortenConditions cuts the messages of the cause and of conditions to a limit.
func shortenConditions(limit int) func(st *v1alpha1.ApplicationStatus, over int) {
	return func(st *v1alpha1.ApplicationStatus, _ int) {
		if st.Cause != nil {
			cut(&st.Cause.Message, limit)
		}
		for i := range st.Conditions {
			cut(&st.Conditions[i].Message, limit)
		}
	}
}

func cut(text *string, limit int) { *text = status.Shorten(*text, limit) }

// leaveOutUp leaves out the systems that are Up, and the endpoints if that is
// not enough.
func leaveOutUp(st *v1alpha1.ApplicationStatus, over int) {
	if st.Hosting != nil {
		before := sizeOf(st.Hosting)
		st.Hosting.Systems = slices.DeleteFunc(st.Hosting.Systems, func(y v1alpha1.SystemStatus) bool { return y.State == v1alpha1.ComponentUp })
		over -= before - sizeOf(st.Hosting)
	}
	if over > 0 {
		st.Endpoints = slices.DeleteFunc(st.Endpoints, func(e v1alpha1.EndpointStatus) bool { return e.State == v1alpha1.ComponentUp })
	}
}

// leaveOutLast leaves out all messages of parts, by which leftOutUp knows, and
// the last endpoint or the last system, of whichever more are told, until it is
// enough.
func leaveOutLast(st *v1alpha1.ApplicationStatus, over int) {
	before := sizeOf(st)
	shortenParts(0)(st, over)
	over = max(over-(before-sizeOf(st)), 1)
	for over > 0 {
		endpoints, systems := len(st.Endpoints), len(systemsOf(st))
		switch {
		case systems > endpoints:
			over -= sizeOf(&st.Hosting.Systems[systems-1]) + len(",")
			st.Hosting.Systems = st.Hosting.Systems[:systems-1]
		case endpoints > 0:
			over -= sizeOf(&st.Endpoints[endpoints-1]) + len(",")
			st.Endpoints = st.Endpoints[:endpoints-1]
		default:
			return
		}
	}
}

// leftOutUp reports whether an endpoint or a system of which status tells
// nothing is Up: status is of this very spec, and nothing else was left out,
// since a message is left or there was much room.
func leftOutUp(app *v1alpha1.Application) bool {
	st := &app.Status
	if st.ObservedGeneration != app.Generation || st.Since == nil {
		return false
	}
	return slices.ContainsFunc(st.Endpoints, func(e v1alpha1.EndpointStatus) bool { return e.Message != "" }) ||
		slices.ContainsFunc(systemsOf(st), func(y v1alpha1.SystemStatus) bool { return y.Message != "" }) ||
		sizeOf(st) <= maxStatus-largestPart
}
