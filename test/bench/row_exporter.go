// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// exporterHosts are asked once in exporterInterval each.
	exporterHosts, shortExporterHosts = 1_000, 200
	exporterInterval                  = time.Minute
	// exporterRounds is how often all of them are asked to see whether memory
	// grows; it is read after settledRound for the first time.
	exporterRounds, settledRound = 10, 2
)

var exporterRow = row{
	name: "exporter",
	about: fmt.Sprintf(`%d Linux hosts that an Application runs on, whose node_exporter tells some 2,000 series, compressed:
each operation asks one of them over a new connection, past the guard on addresses, and judges what it tells, 8 at a time. The
limit fetches the same with Go's own client and has Prometheus' parser (expfmt) parse all of it. Its goal allows twice the
processor time. Memory: what is resident after all hosts were asked %d times, compared with after %d times, with the last
answer of each kept.`, exporterHosts, exporterRounds, settledRound),
	measure: measureExporter,
}

func measureExporter(ctx context.Context, b *bench) (lines []line, err error) {
	server, err := begin(ctx, "exporters", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	at, err := server.window(0)
	if err != nil {
		return nil, err
	}
	count := exporterHosts
	if b.short {
		count = shortExporterHosts
	}
	var told scrapes
	for n := range count {
		told.URLs = append(told.URLs, fmt.Sprintf("http://127.0.0.%d:%.0f/host-%04d/metrics", n%hosts+1, at.Values[portValue], n))
	}
	c := comparison{
		what:   "exporter: a host's metrics",
		ours:   side{leg: b.legOf("exporter", told, nil)},
		theirs: side{"fetch and parse all", b.legOf("expfmt", told, nil)},
		figure: perCPU,
		goal:   atLeast(0.5),
	}
	t, err := b.takeTurns(ctx, c, b.rounds)
	if err != nil {
		return nil, err
	}
	memory, err := b.exporterMemory(ctx, told)
	if err != nil {
		return nil, err
	}
	ours := sum(t.ours)
	each := ours.CPU.Seconds() / float64(ours.Operations)
	return []line{
		t.line(c), memory,
		absolute(fmt.Sprintf("exporter: processor time for %d hosts in %s", exporterHosts, short(exporterInterval)), each*exporterHosts, seconds,
			short(time.Duration(each*float64(time.Second)))+" a host", goal{}),
	}, nil
}

// exporterMemory asks all hosts in rounds.
func (b *bench) exporterMemory(ctx context.Context, told scrapes) (line, error) {
	c, err := begin(ctx, "exporter", told)
	if err != nil {
		return line{}, err
	}
	var early, late float64
	for round := range exporterRounds {
		if _, err := c.window(0); err != nil {
			return line{}, err
		}
		if late, _, err = resident(c.pid()); err != nil {
			return line{}, c.failed(err)
		}
		if round+1 == settledRound {
			early = late
		}
	}
	b.say("  exporter: resident %s after round %d, %s after round %d", mebibytes(early), settledRound, mebibytes(late), exporterRounds)
	return absolute("exporter: resident memory that grows", late/early, func(v float64) string { return number(v) + " ×" },
		fmt.Sprintf("%s after %d rounds, %s after %d", mebibytes(late), exporterRounds, mebibytes(early), settledRound), atMost(1.1)), c.end()
}
