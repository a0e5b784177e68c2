// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// line is one line of the table.
type line struct {
	// what was measured, in a few words.
	what string
	// ours is our figure, limit whose figure it is compared with.
	ours, limit string
	// ratio of ours to theirs, if there is one.
	ratio ratio
	// goal, and whether it is met.
	goal, met string
}

// measured is a row and its lines.
type measured struct {
	row   *row
	lines []line
}

// document is what a run leaves.
type document struct {
	at       time.Time
	command  string
	took     time.Duration
	rounds   int
	turn     time.Duration
	machine  []fact
	versions []fact
	rows     []measured
}

// markdown returns the document.
func (d *document) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Benchmarks\n\n`%s` wrote this on %s; it took %s.\n\n", d.command, d.at.UTC().Format("2 January 2006, 15:04 MST"), d.took.Round(time.Second))
	out.WriteString(d.table())
	out.WriteString("\n")
	out.WriteString(paragraph(reading))
	out.WriteString("\n## Machine and versions\n\n")
	for _, f := range append(append([]fact{}, d.machine...), d.versions...) {
		fmt.Fprintf(&out, "* %s: %s\n", f.name, f.value)
	}
	out.WriteString("\n## What the rows measure\n\n")
	for _, m := range d.rows {
		out.WriteString(paragraph("**" + m.row.name + "**: " + m.row.about))
		out.WriteString("\n")
	}
	out.WriteString("## How it is measured\n\n")
	out.WriteString(paragraph(fmt.Sprintf(method, d.rounds, d.turn)))
	return out.String()
}

// reading says how to read the table.
const reading = `A figure is what one second of processor time is enough for (/CPU-s), unless its unit says otherwise; of an
operation the median and the 99th percentile of the time that it took follow. The time depends on how busy machine and
target are, the processor time hardly does, so compare the latter, and compare ratios rather than figures: both sides of
a ratio were measured in the same run, by turns. A ratio is ours divided by theirs, with its 95 % confidence interval.
A limit is what the same work costs without the operator, in the plainest loop around the standard library; a peer is
another program that does the same job. "Within the error" means that the interval holds the goal itself: more rounds
(-rounds) would decide it.`

// method says how the figures came to be, with the number of rounds and the
// length of a turn.
const method = `%d rounds, in each of which the two sides take turns A B B A, %s a turn. Each turn is a new process with
new objects, which prepares, warms up and waits; then its processor time is read from /proc/PID/stat (utime and stime, of
all processes that do the side's work), it works, and the time is read again. The target is a process of its own and is
not charged, nor is whoever drives a server that is measured. One round gives one ratio, in which whatever changes
steadily cancels out; the table has the geometric mean of all rounds, and the interval by Student's distribution on their
logarithms. A row that is measured otherwise says so.`

var columns = []string{"measured", "ours", "limit or peer", "ratio", "goal", "met"}

// table returns the table in Markdown, aligned for people who read it as it is.
func (d *document) table() string {
	all := [][]string{columns}
	for _, m := range d.rows {
		for _, l := range m.lines {
			all = append(all, []string{l.what, l.ours, l.limit, l.ratio.text(), l.goal, l.met})
		}
	}
	widths := make([]int, len(columns))
	for _, cells := range all {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	for n, cells := range all {
		for i, c := range cells {
			out.WriteString("| " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+1))
		}
		out.WriteString("|\n")
		if n > 0 {
			continue
		}
		for _, w := range widths {
			out.WriteString("|" + strings.Repeat("-", w+2))
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// text writes a ratio and its interval.
func (r ratio) text() string {
	if r.rounds == 0 {
		return nothing
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", r.mean, r.low, r.high)
}

// paragraph returns text of several lines as one paragraph, wrapped.
func paragraph(text string) string {
	const width = 80
	var out strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+length > width:
			out.WriteByte('\n')
			column = 0
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
	}
	out.WriteByte('\n')
	return out.String()
}
