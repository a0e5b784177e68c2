// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// holes are the places of an object that a template action fills. While the
// object is an object, a hole is a string that YAML writes as a plain scalar
// and that sorts after every field name; when it has become text, fill puts
// the action there.
type holes struct {
	filled []hole
}

type hole struct {
	kind string
	text []string
}

// Kinds of holes.
const (
	inlineHole = "inline" // an action within a value
	linesHole  = "lines"  // whole lines, in place of a field or list item
	blockHole  = "block"  // the YAML of a value, below its field
)

func (h *holes) add(kind string, text ...string) string {
	h.filled = append(h.filled, hole{kind: kind, text: text})
	return fmt.Sprintf("zzhole%d", len(h.filled)-1)
}

// inline returns a value that becomes text, as it is.
func (h *holes) inline(text string) string { return h.add(inlineHole, text) }

// lines returns a field name or list item in whose place the lines stand,
// with its indentation; INDENT and DEEPER in them become the number of columns
// of that indentation and of the next.
func (h *holes) lines(text ...string) string { return h.add(linesHole, text...) }

// block returns a value that becomes the YAML of a value of the chart.
func (h *holes) block(value string) string { return h.add(blockHole, value) }

var (
	wholeLine = regexp.MustCompile(`^( *)(?:- )?zzhole([0-9]+)(?:: "")?$`)
	afterKey  = regexp.MustCompile(`^( *)((?:- )?[A-Za-z]+): zzhole([0-9]+)$`)
)

// fill puts every action in its place, and fails if one has none.
func (h *holes) fill(text string) (string, error) {
	var out strings.Builder
	done := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		n := 1
		if m := wholeLine.FindStringSubmatch(line); m != nil {
			line = h.wholeLine(m[1], m[2])
		} else if m := afterKey.FindStringSubmatch(line); m != nil {
			line = h.afterKey(m[1], m[2], m[3])
		} else {
			n = 0
		}
		done += n
		out.WriteString(line + "\n")
	}
	if done != len(h.filled) {
		return "", fmt.Errorf("%d of %d holes found their place", done, len(h.filled))
	}
	return out.String(), nil
}

func (h *holes) at(number string) hole {
	i, err := strconv.Atoi(number)
	if err != nil || i >= len(h.filled) {
		return hole{}
	}
	return h.filled[i]
}

func (h *holes) wholeLine(indent, number string) string {
	columns := strings.NewReplacer("INDENT", strconv.Itoa(len(indent)), "DEEPER", strconv.Itoa(len(indent)+2))
	var lines []string
	for _, line := range h.at(number).text {
		lines = append(lines, indent+columns.Replace(line))
	}
	return strings.Join(lines, "\n")
}

func (h *holes) afterKey(indent, key, number string) string {
	hole := h.at(number)
	if len(hole.text) == 0 {
		return indent + key + ":"
	}
	if hole.kind == blockHole {
		return fmt.Sprintf("%s%s:\n%s  {{- toYaml %s | nindent %d }}", indent, key, indent, hole.text[0], len(indent)+2)
	}
	return indent + key + ": " + hole.text[0]
}
