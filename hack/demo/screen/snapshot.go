// SPDX-License-Identifier: Apache-2.0

// Package screen shows how units and Applications stand: as a screen that is
// drawn again and again in place, as a report, and as lines that tell of
// changes.
//
// All but drawing is pure: a snapshot in, lines out. The package judges
// nothing; it shows what the status of objects says.
package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Snapshot is what is to be shown.
type Snapshot struct {
	// Now is the moment of the snapshot, in the time zone of whoever looks.
	Now time.Time
	// Units and Applications, in any order.
	Units        []v1alpha1.OrganisationalUnit
	Applications []v1alpha1.Application
	// Projects is how many there are.
	Projects int
	// Notices tell of events, the newest last.
	Notices []string
	// Hints tell what a person may do.
	Hints []string
}

// states in the order in which they are told.
var states = []v1alpha1.OperationalState{
	v1alpha1.StateOutage, v1alpha1.StateDegraded, v1alpha1.StateMaintenance, v1alpha1.StateUnknown,
	v1alpha1.StateOperational, v1alpha1.StatePlanned, v1alpha1.StateRetired,
}

// notJudged is shown where there is no state yet.
const notJudged = "not judged yet"

func stateOf(s v1alpha1.OperationalState) string {
	if s == "" {
		return notJudged
	}
	return string(s)
}

// since writes a moment shortly: the time, and the day unless it is today.
func (s Snapshot) since(t time.Time) string {
	t = t.In(s.Now.Location())
	if t.Format(time.DateOnly) == s.Now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// counts tells how many Applications are in which state.
func (s Snapshot) counts() string {
	counted := map[string]int{}
	for i := range s.Applications {
		counted[stateOf(s.Applications[i].Status.OperationalState)]++
	}
	var parts []string
	for _, name := range append(texts(states), notJudged) {
		if counted[name] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counted[name], name))
		}
	}
	line := fmt.Sprintf("%d Applications", len(s.Applications))
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	return line
}

func texts(states []v1alpha1.OperationalState) []string {
	all := make([]string, len(states))
	for i, s := range states {
		all[i] = string(s)
	}
	return all
}

// verdicts in the order in which they are told.
var verdicts = []v1alpha1.Verdict{
	v1alpha1.VerdictViolating, v1alpha1.VerdictUnknown, v1alpha1.VerdictInTransition, v1alpha1.VerdictUnderReview,
	v1alpha1.VerdictExempt, v1alpha1.VerdictOutOfScope, v1alpha1.VerdictCompliant,
}

// backups in the order in which they are told.
var backups = []v1alpha1.BackupState{
	v1alpha1.BackupFailed, v1alpha1.BackupOverdue, v1alpha1.BackupUnknown, v1alpha1.BackupCurrent, v1alpha1.BackupNotRequired,
}

// sums tell how many Applications stand how under the rule that the KDZ provides
// all IT, and how their backups stand; a line each, unless there is nothing to
// tell.
func (s Snapshot) sums() []string {
	rule, backup := map[v1alpha1.Verdict]int{}, map[v1alpha1.BackupState]int{}
	for i := range s.Applications {
		status := &s.Applications[i].Status
		rule[status.Centralisation]++
		if status.Backup != nil {
			backup[status.Backup.State]++
		}
	}
	return append(sum("Under the rule", verdicts, rule), sum("Backups", backups, backup)...)
}

// sum is a line that tells how many there are of each; none if there are none.
func sum[T ~string](title string, order []T, counted map[T]int) []string {
	var parts []string
	for _, what := range order {
		if counted[what] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counted[what], what))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{title + ": " + strings.Join(parts, ", ")}
}

// headline tells how the KDZ itself stands; empty if there is no such unit.
func (s Snapshot) headline() string {
	i := slices.IndexFunc(s.Units, func(u v1alpha1.OrganisationalUnit) bool { return isKDZ(&u) })
	if i < 0 {
		return ""
	}
	u := &s.Units[i]
	line := fmt.Sprintf("%s %s: %s", u.Name, plain(u.Spec.DisplayName.DE), stateOf(u.Status.OperationalState))
	if u.Status.Since != nil {
		line += " since " + s.since(u.Status.Since.Time)
	}
	if u.Status.Cause != "" {
		line += ", " + plain(u.Status.Cause)
	}
	return line
}

// isKDZ is whether a unit is the KDZ as a whole.
func isKDZ(u *v1alpha1.OrganisationalUnit) bool {
	return u.Spec.Type == v1alpha1.UnitKDZ && u.Spec.ParentRef == nil
}

// unitRow is a line of the table of units.
func (s Snapshot) unitRow(u *v1alpha1.OrganisationalUnit) []string {
	c := u.Status.Applications
	since := ""
	if u.Status.Since != nil {
		since = s.since(u.Status.Since.Time)
	}
	row := []string{u.Name, plain(u.Spec.Number), stateOf(u.Status.OperationalState), since}
	for _, n := range []int32{c.Total, c.Operational, c.Degraded, c.Outage, c.Maintenance, c.Unknown} {
		row = append(row, strconv.Itoa(int(n)))
	}
	return append(row, plain(u.Spec.DisplayName.DE))
}

var unitColumns = []string{"UNIT", "NUMBER", "STATE", "SINCE", "APPS", "UP", "DEGRADED", "OUTAGE", "MAINT", "UNKNOWN", "NAME"}

// units are those that have Applications, or that were not judged yet, by
// number; and how many others there are.
func (s Snapshot) units() (shown []*v1alpha1.OrganisationalUnit, others int) {
	for i := range s.Units {
		u := &s.Units[i]
		if u.Status.Applications.Total == 0 && u.Status.OperationalState != "" {
			others++
			continue
		}
		shown = append(shown, u)
	}
	slices.SortFunc(shown, compareUnits)
	return shown, others
}

// compareUnits orders units by number, part by part, numbers by their value.
func compareUnits(a, b *v1alpha1.OrganisationalUnit) int {
	split := func(r rune) bool { return r == '.' || r == '-' }
	as, bs := strings.FieldsFunc(a.Spec.Number, split), strings.FieldsFunc(b.Spec.Number, split)
	for i := range min(len(as), len(bs)) {
		x, xErr := strconv.Atoi(as[i])
		y, yErr := strconv.Atoi(bs[i])
		var c int
		switch {
		case xErr == nil && yErr == nil:
			c = cmp.Compare(x, y)
		case xErr == nil:
			c = -1
		case yErr == nil:
			c = 1
		default:
			c = strings.Compare(as[i], bs[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(as), len(bs)), strings.Compare(a.Name, b.Name))
}

// troubled are the Applications that are not well, the worst first and of
// these, ahead of what they drag along, those that are the cause; and how many
// are Unknown only because nothing of them is declared that could be
// looked at.
func (s Snapshot) troubled() (shown []*v1alpha1.Application, undeclared int) {
	for i := range s.Applications {
		a := &s.Applications[i]
		switch a.Status.OperationalState {
		case v1alpha1.StateOutage, v1alpha1.StateDegraded, v1alpha1.StateMaintenance, "":
			shown = append(shown, a)
		case v1alpha1.StateUnknown:
			if c := a.Status.Cause; c != nil && c.Reason == v1alpha1.ReasonNotObserved {
				undeclared++
				continue
			}
			shown = append(shown, a)
		}
	}
	slices.SortFunc(shown, func(a, b *v1alpha1.Application) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(draggedAlong(a), draggedAlong(b)),
			strings.Compare(a.Namespace, b.Namespace),
			strings.Compare(a.Name, b.Name),
		)
	})
	return shown, undeclared
}

// rank of an Application by its state; the worst first, what was not judged
// last.
func rank(a *v1alpha1.Application) int {
	if i := slices.Index(states, a.Status.OperationalState); i >= 0 {
		return i
	}
	return len(states)
}

// draggedAlong is 1 for an Application whose state is another one's fault.
func draggedAlong(a *v1alpha1.Application) int {
	if a.Status.Cause != nil && a.Status.Cause.Kind == v1alpha1.CauseDependency {
		return 1
	}
	return 0
}

var troubledColumns = []string{"APPLICATION", "STATE", "SINCE", "CAUSE"}

// troubledRow is a line of the table of Applications.
func (s Snapshot) troubledRow(a *v1alpha1.Application) []string {
	since := ""
	if a.Status.Since != nil {
		since = s.since(a.Status.Since.Time)
	}
	return []string{a.Namespace + "/" + a.Name, stateOf(a.Status.OperationalState), since, causeOf(a)}
}

func causeOf(a *v1alpha1.Application) string {
	c := a.Status.Cause
	if c == nil {
		return ""
	}
	return plain(cmp.Or(c.Message, c.Reason))
}

// undeclaredLine tells of Applications that nobody can look at.
func undeclaredLine(n int) string {
	return fmt.Sprintf("%d more Unknown: nothing is declared that could be looked at", n)
}

// idleLine tells of units that no Application belongs to.
func idleLine(n int) string {
	if n == 1 {
		return "1 more unit has no Applications"
	}
	return fmt.Sprintf("%d more units have no Applications", n)
}
