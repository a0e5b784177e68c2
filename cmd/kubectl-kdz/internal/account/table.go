// SPDX-License-Identifier: Apache-2.0

package account

import (
	"strings"
	"unicode/utf8"
)

// table has columns as wide as their widest cell, and lines between its rows
// that go across all columns.
type table struct {
	rows  [][]string
	notes map[int][]string // by the row that they follow
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = oneLine(c)
	}
	t.rows = append(t.rows, cells)
}

// note adds a line below the last row.
func (t *table) note(line string) {
	if t.notes == nil {
		t.notes = map[int][]string{}
	}
	i := len(t.rows) - 1
	t.notes[i] = append(t.notes[i], oneLine(line))
}

// oneLine keeps what objects say on a line, and control characters off the
// terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return -1
		default:
			return r
		}
	}, s)
}

// String is the table, each line with a line feed.
func (t *table) String() string {
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
