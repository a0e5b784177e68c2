// SPDX-License-Identifier: Apache-2.0

package text

import (
	"strings"
	"unicode/utf8"
)

// Table has columns as wide as their widest cell, and lines between its rows
// that go across all columns. Its zero value is an empty table.
type Table struct {
	rows  [][]string
	notes map[int][]string // by the row that they follow
}

// Row adds a row.
func (t *Table) Row(cells ...string) {
	for i, c := range cells {
		cells[i] = OneLine(c)
	}
	t.rows = append(t.rows, cells)
}

// Note adds a line below the last row.
func (t *Table) Note(line string) {
	if t.notes == nil {
		t.notes = map[int][]string{}
	}
	i := len(t.rows) - 1
	t.notes[i] = append(t.notes[i], OneLine(line))
}

// String is the table, each line with a line feed.
func (t *Table) String() string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+3))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		for _, note := range t.notes[n] {
			b.WriteString("    " + note + "\n")
		}
	}
	return b.String()
}
