// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// goal is what a figure, or a ratio, has to reach. The zero value is none.
type goal struct {
	set   bool
	least bool // or at most
	value float64
}

// atLeast and atMost are goals.
func atLeast(value float64) goal { return goal{set: true, least: true, value: value} }
func atMost(value float64) goal  { return goal{set: true, value: value} }

func (g goal) reached(v float64) bool {
	if g.least {
		return v >= g.value
	}
	return v <= g.value
}

// times returns the goal for a ratio, as the table shows it.
func (g goal) times() string {
	if !g.set {
		return nothing
	}
	return g.sign() + " " + strconv.FormatFloat(g.value, 'g', 3, 64) + " ×"
}

func (g goal) sign() string {
	if g.least {
		return "≥"
	}
	return "≤"
}

// What the table says of a goal.
const (
	met     = "yes"
	missed  = "**no**"
	nothing = "—"
	// unsure is added where the interval holds the goal itself.
	unsure = " (within the error)"
)

// judge compares a ratio with the goal.
func (g goal) judge(r ratio) string {
	if !g.set {
		return nothing
	}
	verdict := missed
	if g.reached(r.mean) {
		verdict = met
	}
	if g.reached(r.low) != g.reached(r.high) {
		verdict += unsure
	}
	return verdict
}

// absolute returns the line of a figure that has a goal by itself. limit may
// say what else was seen.
func absolute(what string, value float64, text func(float64) string, limit string, g goal) line {
	l := line{what: what, ours: text(value), limit: limit, goal: nothing, met: nothing}
	if l.limit == "" {
		l.limit = nothing
	}
	if !g.set {
		return l
	}
	l.goal, l.met = g.sign()+" "+text(g.value), missed
	if g.reached(value) {
		l.met = met
	}
	return l
}

// number writes a figure with three digits, and thousands apart.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	if math.Abs(v) < 100 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	digits := strconv.FormatFloat(math.Round(v/unit)*unit, 'f', 0, 64)
	var out strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return out.String()
}

// count writes a whole number.
func count(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

// size writes a number of bytes.
func size(v float64) string { return count(v) + " B" }

// short writes a duration with two or three digits.
func short(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= unit.length {
			return fmt.Sprintf("%.3g %s", float64(d)/float64(unit.length), unit.name)
		}
	}
	return fmt.Sprintf("%d ns", d)
}

// seconds writes a duration given in seconds.
func seconds(v float64) string {
	if math.IsInf(v, 0) {
		return "any time"
	}
	return short(time.Duration(v * float64(time.Second)))
}
