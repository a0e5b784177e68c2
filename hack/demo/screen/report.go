// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Report shows everything, however long and wide.
func Report(s Snapshot) []string {
	var lines []string
	if h := s.headline(); h != "" {
		lines = append(lines, h)
	}
	lines = append(lines, fmt.Sprintf("%s; %d Projects", s.counts(), s.Projects))
	lines = append(append(lines, s.sums()...), "")

	shown, others := s.units()
	rows := [][]string{unitColumns}
	for _, u := range shown {
		rows = append(rows, s.unitRow(u))
	}
	lines = append(lines, align(rows)...)
	if others > 0 {
		lines = append(lines, idleLine(others))
	}
	lines = append(lines, "")

	troubled, undeclared := s.troubled()
	if len(troubled) == 0 {
		lines = append(lines, "every Application that can be looked at is Operational")
	} else {
		rows = [][]string{troubledColumns}
		for _, a := range troubled {
			rows = append(rows, s.troubledRow(a))
		}
		lines = append(lines, align(rows)...)
	}
	if undeclared > 0 {
		lines = append(lines, undeclaredLine(undeclared))
	}
	return lines
}

// Changes tells, a line each, which Applications and units are in another
// state than before.
func Changes(before, now Snapshot) []string {
	var lines []string
	line := func(kind, name string, was, is v1alpha1.OperationalState, since, cause string) {
		text := fmt.Sprintf("%s %s %s: %s → %s", now.since(now.Now), kind, name, stateOf(was), stateOf(is))
		if since != "" {
			text += " since " + since
		}
		if cause != "" {
			text += ": " + cause
		}
		lines = append(lines, text)
	}
	applications := map[string]v1alpha1.OperationalState{}
	for i := range before.Applications {
		a := &before.Applications[i]
		applications[a.Namespace+"/"+a.Name] = a.Status.OperationalState
	}
	for i := range now.Applications {
		a := &now.Applications[i]
		name := a.Namespace + "/" + a.Name
		if was := applications[name]; was != a.Status.OperationalState {
			row := now.troubledRow(a)
			line("Application", name, was, a.Status.OperationalState, row[2], row[3])
		}
	}
	units := map[string]v1alpha1.OperationalState{}
	for i := range before.Units {
		units[before.Units[i].Name] = before.Units[i].Status.OperationalState
	}
	for i := range now.Units {
		u := &now.Units[i]
		if was := units[u.Name]; was != u.Status.OperationalState {
			since := ""
			if u.Status.Since != nil {
				since = now.since(u.Status.Since.Time)
			}
			line("unit", u.Name, was, u.Status.OperationalState, since, plain(u.Status.Cause))
		}
	}
	return lines
}
