// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// leastRows is the least that is shown of a table: an empty line, the
	// columns' names and a line.
	leastRows = 3
	// tableRows is how many lines notices and hints leave to both tables.
	tableRows = 12
	// mostNotices is how many notices are shown.
	mostNotices = 3
)

// Frame shows what fits into a width and height, in characters; the lines are
// at most that many and that wide. What matters least goes first: the last
// hints, then notices, then units that are well.
func Frame(s Snapshot, width, height int) []string {
	title := "Operational state of the KDZ and the units of Mainz at " + s.since(s.Now)
	head := []string{title}
	for _, line := range append([]string{s.headline(), s.counts()}, s.sums()...) {
		if line != "" {
			head = append(head, line)
		}
	}
	foot := s.foot(height - len(head) - max(tableRows, height/2))
	left := height - len(head) - len(foot)

	troubled, undeclared := s.troubled()
	wanted := 2 + len(troubled)
	if undeclared > 0 {
		wanted++
	}
	// The tables share what is left; neither takes room that it does not need.
	shown, _ := s.units()
	forUnits := min(max(left/2, left-wanted), len(shown)+3)
	lines := slices.Concat(head, s.unitTable(forUnits), s.troubledTable(left-forUnits), foot)
	lines = lines[:min(len(lines), max(height, 0))]
	for i, line := range lines {
		lines[i] = cut(plain(line), width)
	}
	return lines
}

// foot shows the newest notices and the first hints in at most room lines, an
// empty one before each.
func (s Snapshot) foot(room int) []string {
	var lines []string
	if n := min(len(s.Notices), mostNotices, max(room/2-1, 0)); n > 0 {
		lines = append(append(lines, ""), s.Notices[len(s.Notices)-n:]...)
	}
	if n := min(len(s.Hints), max(room-len(lines)-1, 0)); n > 0 {
		lines = append(append(lines, ""), s.Hints[:n]...)
	}
	return lines
}

// unitTable shows units in at most room lines, the first of which is empty.
func (s Snapshot) unitTable(room int) []string {
	if room < leastRows {
		return nil
	}
	all, others := s.units()
	room -= 2 // the empty line and the columns' names
	last := ""
	if others > 0 {
		last = idleLine(others)
	}
	chosen := all
	if len(all) > room || len(all) == room && last != "" {
		room--
		chosen = mostTroubled(all, room)
		last = moreUnits(all, chosen, others)
	}
	rows := [][]string{unitColumns}
	for _, u := range chosen {
		rows = append(rows, s.unitRow(u))
	}
	lines := append([]string{""}, align(rows)...)
	if last != "" {
		lines = append(lines, last)
	}
	return lines
}

// mostTroubled chooses n units: the KDZ itself, then those that are not well;
// they keep their order.
func mostTroubled(all []*v1alpha1.OrganisationalUnit, n int) []*v1alpha1.OrganisationalUnit {
	weight := func(u *v1alpha1.OrganisationalUnit) int {
		switch {
		case isKDZ(u):
			return 0
		case u.Status.OperationalState == v1alpha1.StateOutage:
			return 1
		case u.Status.OperationalState == v1alpha1.StateDegraded:
			return 2
		case u.Status.OperationalState == v1alpha1.StateOperational:
			return 3
		}
		return 4
	}
	chosen := slices.Clone(all)
	slices.SortStableFunc(chosen, func(a, b *v1alpha1.OrganisationalUnit) int { return weight(a) - weight(b) })
	chosen = chosen[:min(len(chosen), max(n, 0))]
	slices.SortFunc(chosen, compareUnits)
	return chosen
}

// moreUnits tells of the units that were not chosen.
func moreUnits(all, chosen []*v1alpha1.OrganisationalUnit, others int) string {
	counted := map[string]int{}
	for _, u := range all {
		if !slices.Contains(chosen, u) {
			counted[stateOf(u.Status.OperationalState)]++
		}
	}
	var parts []string
	for _, name := range append(texts(states), notJudged) {
		if counted[name] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counted[name], name))
		}
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d without Applications", others))
	}
	return fmt.Sprintf("… %d more units: %s", len(all)-len(chosen)+others, strings.Join(parts, ", "))
}

// troubledTable shows Applications that are not well in at most room lines, the
// first of which is empty.
func (s Snapshot) troubledTable(room int) []string {
	if room < leastRows {
		return nil
	}
	all, undeclared := s.troubled()
	lines := []string{""}
	last := ""
	if undeclared > 0 {
		last = undeclaredLine(undeclared)
		room--
	}
	switch {
	case len(all) == 0:
		lines = append(lines, "every Application that can be looked at is Operational")
	default:
		chosen := all
		if len(all) > room-2 {
			chosen = all[:max(room-3, 0)]
		}
		rows := [][]string{troubledColumns}
		for _, a := range chosen {
			rows = append(rows, s.troubledRow(a))
		}
		lines = append(lines, align(rows)...)
		if n := len(all) - len(chosen); n > 0 {
			lines = append(lines, fmt.Sprintf("… %d more are not well", n))
		}
	}
	if last != "" {
		lines = append(lines, last)
	}
	return lines
}
