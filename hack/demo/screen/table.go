// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is what stands between two columns.
const gap = "  "

// align writes rows, the first of which has the names of the columns, so that
// columns stand one below the other. The last column is as wide as it is.
func align(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + gap)
			}
		}
		lines[r] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// plain writes text so that no character of it moves the cursor or breaks the
// line: what a server sent may stand in it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// cut shortens a line to a width and shows that it did.
func cut(line string, width int) string {
	const ellipsis = "…"
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	if width < 1 {
		return ""
	}
	return string([]rune(line)[:width-1]) + ellipsis
}
