// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata anew")

func example() *document {
	us := &sample{Operations: 151_234, CPU: 10 * time.Second, Latencies: latencies{}}
	them := &sample{Operations: 18_765, CPU: 10 * time.Second, Latencies: latencies{}}
	us.Latencies.add(389 * time.Microsecond)
	them.Latencies.add(8250 * time.Microsecond)
	compare := func(goal goal, r ratio) line {
		return compared(comparison{what: "HTTP", theirs: side{name: "another"}, figure: perCPU, goal: goal}, us, them, r)
	}
	return &document{
		at: time.Date(2026, 11, 21, 20, 30, 0, 0, time.UTC), command: "go run ./test/bench", took: 754321 * time.Millisecond,
		rounds: 5, turn: 3 * time.Second,
		machine:  []fact{{"CPU", "Example 9000"}, {"cores", "2"}},
		versions: []fact{{"Go", "go1.26.8"}},
		rows: []measured{
			{&row{name: "http", about: "An HTTP check,\nand what it is compared with, in so many words that the line has to be broken."}, []line{
				compare(goal{}, ratio{8.06, 7.9, 8.2, 5}),
				compare(atLeast(5), ratio{8.06, 7.9, 8.2, 5}),
				compare(atLeast(8), ratio{8.06, 7.9, 8.2, 5}),
				compare(atLeast(8.1), ratio{8.06, 7.9, 8.2, 5}),
				compare(atMost(1.3), ratio{8.06, 7.9, 8.2, 5}),
			}},
			{&row{name: "schedule", about: "100,000 checks."}, []line{
				absolute("missed", 0, count, "1,000,000 checks", atMost(0)),
				absolute("late", 0.3011, seconds, "", atMost(0.3)),
				absolute("memory", 956.4, size, "", goal{}),
			}},
		},
	}
}

func TestDocument(t *testing.T) {
	got := example().markdown()
	golden := filepath.Join("testdata", "benchmarks.md")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-update writes it anew):\n%s", golden, diff)
	}
}

func TestTableIsAligned(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(example().table()), "\n")
	for _, l := range lines {
		if utf8.RuneCountInString(l) != utf8.RuneCountInString(lines[0]) {
			t.Errorf("%q is not as wide as %q", l, lines[0])
		}
	}
	if len(lines) != 2+8 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.012345: "0.0123", 3.14159: "3.14", 99.96: "100", 100: "100", 956.4: "956", 1234: "1,230", 15123: "15,100",
		999_999: "1,000,000", 123_456_789: "123,000,000", -1234: "-1,230", -123_456: "-123,000",
		math.Inf(1): "?",
	} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		7: "7 ns", 389_123: "389 µs", 2_730_000: "2.73 ms", 61 * time.Second: "61 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestGoalWithinTheError(t *testing.T) {
	r := ratio{1, 0.9, 1.1, 5}
	for _, c := range []struct {
		goal goal
		want string
	}{
		{goal{}, nothing},
		{atLeast(0.8), met},
		{atLeast(0.95), met + unsure},
		{atLeast(1.05), missed + unsure},
		{atLeast(1.2), missed},
		{atMost(1.2), met},
		{atMost(1.05), met + unsure},
		{atMost(0.95), missed + unsure},
		{atMost(0.8), missed},
	} {
		if got := c.goal.judge(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.goal.times(), got, c.want)
		}
	}
}

func TestQuantileWithin(t *testing.T) {
	within := map[float64]float64{0.001: 50, 0.005: 98, 0.3: 100, math.Inf(1): 100}
	for part, want := range map[float64]float64{0.5: 0.001, 0.51: 0.005, 0.99: 0.3} {
		if got := quantileWithin(within, part); got != want {
			t.Errorf("%g: %g, want %g", part, got, want)
		}
	}
	within[math.Inf(1)] = 200
	if got := quantileWithin(within, 0.99); !math.IsInf(got, 1) {
		t.Errorf("half of all are later than any class ends: %g", got)
	}
}
