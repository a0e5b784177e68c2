// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// row measures one thing.
type row struct {
	// name is what -rows matches.
	name string
	// about says in one paragraph what is done, and what it is compared with.
	about string
	// needs are the programs, of Debian's packages, without which it cannot be.
	needs []string
	// measure returns the lines of the table.
	measure func(context.Context, *bench) ([]line, error)
}

// bench is what rows may ask of the run.
type bench struct {
	// rounds of A B B A, at least 2.
	rounds int
	// turn is how long one turn of one side takes.
	turn time.Duration
	// short: a quick look, not the method; rows with a length of their own
	// shorten it.
	short bool
	// large: with 100,000 Applications.
	large bool
	// dir is a folder for files, which is removed at the end.
	dir string
	// progress is for whoever waits.
	progress io.Writer
	// fleet and rest are shared by rows that need a large control plane; see
	// sharedFleet and fleetAtRest.
	fleet *fleet
	rest  *atRest
}

func (b *bench) say(format string, args ...any) {
	// Whoever waits may have gone.
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...)
}

// sample is what one turn did and what it cost.
type sample struct {
	// Operations that were done.
	Operations int64
	// Wall is how long it took.
	Wall time.Duration
	// CPU is the processor time of the processes that do the work, user and
	// system. It is filled in by who started the worker.
	CPU time.Duration
	// Latencies of the operations.
	Latencies latencies
	// Values are figures of the row's own, by name.
	Values map[string]float64
}

// sum puts samples together. Values are averaged.
func sum(all []*sample) *sample {
	out := &sample{Latencies: latencies{}, Values: map[string]float64{}}
	for _, s := range all {
		out.Operations += s.Operations
		out.Wall += s.Wall
		out.CPU += s.CPU
		out.Latencies.take(s.Latencies)
		for name, v := range s.Values {
			out.Values[name] += v / float64(len(all))
		}
	}
	return out
}

// leg is one turn of one side: with fresh objects, and nothing left behind.
type leg func(context.Context) (*sample, error)

// side is who is measured.
type side struct {
	// name, for the table; empty for ours.
	name string
	leg  leg
}

// figure is what of a sample is compared.
type figure struct {
	of   func(*sample) float64
	text func(float64) string
}

// perCPU is how many operations a second of processor time is enough for.
var perCPU = figure{
	of:   func(s *sample) float64 { return float64(s.Operations) / s.CPU.Seconds() },
	text: func(v float64) string { return number(v) + "/CPU-s" },
}

// perSecond is how many operations there were in a second.
var perSecond = figure{
	of:   func(s *sample) float64 { return float64(s.Operations) / s.Wall.Seconds() },
	text: func(v float64) string { return number(v) + "/s" },
}

// value is one of a sample's own values.
func value(name, unit string) figure {
	return figure{
		of:   func(s *sample) float64 { return s.Values[name] },
		text: func(v float64) string { return number(v) + " " + unit },
	}
}

// comparison is two sides that do the same.
type comparison struct {
	// what is compared, in a few words.
	what         string
	ours, theirs side
	figure       figure
	goal         goal
}

// turns are what both sides did, two turns of each in a round.
type turns struct{ ours, theirs []*sample }

// compare lets both sides take turns, and returns the line of their figure.
func (b *bench) compare(ctx context.Context, c comparison) (line, error) {
	t, err := b.takeTurns(ctx, c, b.rounds)
	if err != nil {
		return line{}, err
	}
	return t.line(c), nil
}

// takeTurns lets both sides take turns, A B B A in each round. A round is one
// value: within it, whatever changes steadily hits both sides alike.
func (b *bench) takeTurns(ctx context.Context, c comparison, rounds int) (*turns, error) {
	t := &turns{}
	for round := range rounds {
		for _, s := range []struct {
			side side
			all  *[]*sample
		}{{c.ours, &t.ours}, {c.theirs, &t.theirs}, {c.theirs, &t.theirs}, {c.ours, &t.ours}} {
			got, err := s.side.leg(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.what, s.side.called(), err)
			}
			if v := c.figure.of(got); v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
				return nil, fmt.Errorf("%s, %s: nothing that can be compared was measured (%d operations, %s of CPU): "+
					"a turn has to be longer (-seconds)", c.what, s.side.called(), got.Operations, got.CPU)
			}
			*s.all = append(*s.all, got)
		}
		us, them := t.round(c.figure, round)
		b.say("  %s: round %d of %d: %s, %s %s, ratio %.3f", c.what, round+1, rounds,
			c.figure.text(us), c.theirs.name, c.figure.text(them), us/them)
	}
	return t, nil
}

// round returns a figure of both sides in a round.
func (t *turns) round(f figure, n int) (ours, theirs float64) {
	return f.of(sum(t.ours[2*n : 2*n+2])), f.of(sum(t.theirs[2*n : 2*n+2]))
}

// line returns the line of a figure.
func (t *turns) line(c comparison) line {
	var ratios []float64
	for n := range len(t.ours) / 2 {
		us, them := t.round(c.figure, n)
		ratios = append(ratios, us/them)
	}
	return compared(c, sum(t.ours), sum(t.theirs), ratioOf(ratios))
}

func (s side) called() string {
	if s.name == "" {
		return "ours"
	}
	return s.name
}

func compared(c comparison, ours, theirs *sample, r ratio) line {
	return line{
		what:  c.what,
		ours:  cell(c.figure, ours),
		limit: c.theirs.name + ": " + cell(c.figure, theirs),
		ratio: r,
		goal:  c.goal.times(),
		met:   c.goal.judge(r),
	}
}

// cell is a figure with the latencies beside it.
func cell(f figure, s *sample) string {
	text := f.text(f.of(s))
	if len(s.Latencies) > 0 {
		text += fmt.Sprintf("; %s, %s", short(s.Latencies.quantile(0.5)), short(s.Latencies.quantile(0.99)))
	}
	return text
}
