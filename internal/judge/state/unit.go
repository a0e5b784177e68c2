// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// maxUnitCause bounds the cause of a unit's state, in bytes; the schema of
// OrganisationalUnit refuses more than 512 characters.
const maxUnitCause = 512

// UnitMember is an Application as a unit sees it: what decides over the unit's
// state, and what the cause says of it.
type UnitMember struct {
	// Namespace and Name of the Application.
	Namespace, Name string
	// State of the Application; never empty.
	State v1alpha1.OperationalState
	// Availability that the Application needs; empty means Normal.
	Availability v1alpha1.ProtectionLevel
	// Since when it is in this state; the zero time where nobody knows.
	Since time.Time
	// Message says why in one sentence; empty where nobody said.
	Message string
}

// UnitVerdict is how a unit stands.
type UnitVerdict struct {
	// State is Operational, Degraded, Outage or Unknown.
	State v1alpha1.OperationalState
	// Cause says in one sentence of at most 512 bytes why State is not
	// Operational; empty when it is.
	Cause string
}

// Troubled reports whether an Application in this state can be the cause of a
// unit's state.
func Troubled(s v1alpha1.OperationalState) bool {
	return unitTrouble(s) < unitUntroubled
}

// CompareUnitMembers orders Applications by how much they weigh in the cause
// of a unit's state, the worst first: those that are out, then degraded, then
// unknown, then all others; within a state the highest need for availability,
// then the longest in the state, then by namespace and name. It returns 0 only
// for the same Application.
func CompareUnitMembers(a, b UnitMember) int {
	return cmp.Or(
		cmp.Compare(unitTrouble(a.State), unitTrouble(b.State)),
		cmp.Compare(availabilityNeed(b.Availability), availabilityNeed(a.Availability)),
		compareUnitSince(a.Since, b.Since),
		strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Name, b.Name),
	)
}

// Unit judges a unit by the counts of its Applications and by the worst of
// them, which is the first by CompareUnitMembers (nil where there is none).
//
// The unit is in Outage when an Application that needs High or VeryHigh
// availability is out; Degraded when any is out or degraded; Unknown when it
// has live Applications, that is neither Planned nor Retired, and every one of
// them is Unknown; else Operational.
func Unit(counts v1alpha1.ApplicationCounts, worst *UnitMember) UnitVerdict {
	live := counts.Total - counts.Planned - counts.Retired
	switch {
	case worst != nil && worst.State == v1alpha1.StateOutage:
		verdict := UnitVerdict{State: v1alpha1.StateDegraded, Cause: unitCause(*worst, counts.Outage)}
		if availabilityNeed(worst.Availability) >= availabilityNeed(v1alpha1.ProtectionHigh) {
			verdict.State = v1alpha1.StateOutage
		}
		return verdict
	case worst != nil && worst.State == v1alpha1.StateDegraded:
		return UnitVerdict{State: v1alpha1.StateDegraded, Cause: unitCause(*worst, counts.Degraded)}
	case worst != nil && live > 0 && counts.Unknown == live:
		return UnitVerdict{State: v1alpha1.StateUnknown, Cause: unitCause(*worst, counts.Unknown)}
	default:
		return UnitVerdict{State: v1alpha1.StateOperational}
	}
}

// unitUntroubled is the rank of every state that is no cause of anything.
const unitUntroubled = 3

// unitTrouble ranks the states in which an Application can be a cause, the worst
// first.
func unitTrouble(s v1alpha1.OperationalState) int {
	switch s {
	case v1alpha1.StateOutage:
		return 0
	case v1alpha1.StateDegraded:
		return 1
	case v1alpha1.StateUnknown:
		return 2
	default:
		return unitUntroubled
	}
}

// availabilityNeed ranks the needs for availability in ascending order.
func availabilityNeed(level v1alpha1.ProtectionLevel) int {
	switch level {
	case v1alpha1.ProtectionVeryHigh:
		return 2
	case v1alpha1.ProtectionHigh:
		return 1
	default:
		return 0
	}
}

// compareUnitSince puts the earlier time first and the unknown one last.
func compareUnitSince(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	default:
		return a.Compare(b)
	}
}

// unitCause names the worst Application, says why, and how many others are in
// the same state; inState counts all of them, the worst one included. Where
// that is too long, it is the why that is cut.
func unitCause(worst UnitMember, inState int32) string {
	head := worst.Namespace + "/" + worst.Name
	switch worst.State {
	case v1alpha1.StateOutage:
		head += " is out"
	case v1alpha1.StateDegraded:
		head += " is degraded"
	default:
		head += " could not be looked at"
	}
	tail := ""
	if inState > 1 {
		tail = fmt.Sprintf(" (and %d more)", inState-1)
	}
	why := strings.TrimSuffix(strings.Join(strings.Fields(worst.Message), " "), ".")
	why = cutUnitCause(why, maxUnitCause-len(head)-len(": ")-len(tail))
	if why == "" {
		return head + tail
	}
	return head + ": " + why + tail
}

// cutUnitCause cuts a text to at most limit bytes at the end of a rune and shows
// that it did so; where there is no room for anything, nothing is left.
func cutUnitCause(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	end := 0
	for i := range s {
		if i > limit-len(ellipsis) {
			break
		}
		end = i
	}
	if end == 0 {
		return ""
	}
	return s[:end] + ellipsis
}
