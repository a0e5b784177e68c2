// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// maxNote bounds the note of an Event, in bytes; the API server refuses
	// more than 1024.
	maxNote = 1000
	// maxExamples is how many Applications are named of those that are told
	// together.
	maxExamples = 5
	// maxExample bounds what is told of each of them, in bytes.
	maxExample = 160
)

// transition of an Application, without the Application.
type transition struct {
	at          time.Time
	application *corev1.ObjectReference
	// units that the Event may go to, by preference.
	units [2]string
	to    v1alpha1.OperationalState
	warn  bool
	note  string
}

func newTransition(app *v1alpha1.Application, warn bool, note string, at time.Time) transition {
	t := transition{
		at: at,
		application: &corev1.ObjectReference{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "Application",
			Namespace: app.Namespace, Name: app.Name, UID: app.UID, ResourceVersion: app.ResourceVersion,
		},
		to: app.Status.OperationalState, warn: warn, note: status.Shorten(note, maxNote),
	}
	if operator := app.Spec.Operation.UnitRef; operator != nil {
		t.units[0] = string(operator.Name)
	}
	t.units[1] = string(app.Spec.Responsible.UnitRef.Name)
	return t
}

// message is an Event to be.
type message struct {
	// since is when the first came of what it tells.
	since time.Time
	// unit that it is about; empty means the Application.
	unit        string
	application *corev1.ObjectReference
	warn        bool
	reason      string
	note        string
}

// kind of the Event.
func (m message) kind() string {
	if m.warn {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}

// message of a transition by itself.
func (t transition) message() message {
	return message{since: t.at, application: t.application, warn: t.warn, reason: string(t.to), note: t.note}
}

// example is a transition as one among many.
func (t transition) example() string {
	return fmt.Sprintf("%s/%s (%s)", t.application.Namespace, t.application.Name, status.Shorten(t.note, maxExample))
}

// message of all that is told together.
func (f *fold) message(k key) message {
	m := message{since: f.opened, unit: k.unit, application: f.first.application, warn: k.warn, reason: ReasonApplicationsTurned}
	if k.warn {
		m.reason = ReasonApplicationsFailed
	}
	m.note = status.Shorten(f.note(), maxNote)
	return m
}

// told are the states in the order in which they are told.
func told() []v1alpha1.OperationalState {
	return []v1alpha1.OperationalState{
		v1alpha1.StateOutage, v1alpha1.StateDegraded, v1alpha1.StateUnknown, v1alpha1.StateMaintenance,
		v1alpha1.StateOperational, v1alpha1.StatePlanned, v1alpha1.StateRetired,
	}
}

// note says how many turned to which state, and names a few of them.
func (f *fold) note() string {
	counts := map[v1alpha1.OperationalState]int{}
	for _, state := range f.states {
		counts[state]++
	}
	var parts []string
	for _, state := range told() {
		n := counts[state]
		switch {
		case n == 0:
		case len(parts) > 0:
			parts = append(parts, fmt.Sprintf("%d to %s", n, state))
		case n == 1:
			parts = append(parts, fmt.Sprintf("1 Application turned to %s", state))
		default:
			parts = append(parts, fmt.Sprintf("%d Applications turned to %s", n, state))
		}
	}
	between := ": "
	if len(f.states) > len(f.examples) {
		between = ", among them "
	}
	return strings.Join(parts, ", ") + between + strings.Join(f.examples, ", ")
}
