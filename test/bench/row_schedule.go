// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	scheduleChecks   = 100_000
	scheduleInterval = 30 * time.Second
	scheduleWindows  = 10 // of one interval each: five minutes
)

var scheduleRow = row{
	name: "schedule",
	about: `100,000 checks every 30 s with a probe that does nothing, in real time and for five minutes, through the
whole engine. Missed are due times that passed unasked, by the engine's own count or by the probes' of gaps longer than one
and a half intervals, whichever is more. How late a check began is the engine's own histogram (kdz_observe_late_seconds),
of which the upper end of the class is shown. Memory is heap and stacks after garbage collection, with the probes and all
strings. The limit is one goroutine with one timer that calls 100,000 empty functions at the same rate; it runs beside
the engine, as neither loads the machine, and each window of 30 s gives one ratio.`,
	measure: measureSchedule,
}

func measureSchedule(ctx context.Context, b *bench) ([]line, error) {
	windows := scheduleWindows
	if b.short {
		windows = minRounds
	}
	var children [2]*child
	var errs [2]error
	together(func(i int) {
		children[i], errs[i] = begin(ctx, []string{"schedule", "timer"}[i], nil)
	})
	defer func() {
		for _, c := range children {
			if c != nil {
				_ = c.end()
			}
		}
	}()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	var samples [2][]*sample
	var ratios []float64
	for n := range windows {
		var got [2]*sample
		together(func(i int) { got[i], errs[i] = children[i].window(scheduleInterval) })
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		for i, s := range got {
			samples[i] = append(samples[i], s)
		}
		ratios = append(ratios, perCPU.of(got[0])/perCPU.of(got[1]))
		b.say("  schedule: window %d of %d: %.0f checks/s, %s, timer loop %s", n+1, windows, perSecond.of(got[0]),
			perCPU.text(perCPU.of(got[0])), perCPU.text(perCPU.of(got[1])))
	}
	memory, err := children[0].window(0)
	if err != nil {
		return nil, err
	}
	return scheduleLines(samples[0], sum(samples[1]), ratioOf(ratios), memory.Values[perCheck]), nil
}

// together does both at the same time.
func together(do func(i int)) {
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// Names of the values of a sample.
const (
	perCheck    = "bytes"
	missedTimes = "missed"
	// lateWithin, and the upper end of a class in seconds, is how many checks
	// began no later than that.
	lateWithin = "late within "
)

func scheduleLines(windows []*sample, timer *sample, r ratio, memory float64) []line {
	all := sum(windows)
	within := map[float64]float64{}
	var missed float64
	for _, w := range windows {
		missed += w.Values[missedTimes]
		for name, v := range w.Values {
			if edge, found := strings.CutPrefix(name, lateWithin); found {
				upper, _ := strconv.ParseFloat(edge, 64)
				within[upper] += v
			}
		}
	}
	half, most := quantileWithin(within, 0.5), quantileWithin(within, 0.99)
	late := absolute("schedule: late, p99", most, seconds,
		"timer loop: p50 "+short(timer.Latencies.quantile(0.5))+", p99 "+short(timer.Latencies.quantile(0.99)),
		atMost(scheduleInterval.Seconds()/100))
	late.ours = "p50 ≤ " + seconds(half) + ", p99 ≤ " + seconds(most)
	checks := compared(comparison{what: "schedule: checks", theirs: side{name: "timer loop"}, figure: perCPU}, bare(all), bare(timer), r)
	return []line{
		absolute("schedule: missed", missed, count, fmt.Sprintf("%d checks in %s", all.Operations, all.Wall.Round(time.Second)), atMost(0)),
		late,
		absolute("schedule: memory per check", memory, size, "", atMost(1024)),
		checks,
	}
}

// bare is a sample without latencies.
func bare(s *sample) *sample {
	out := *s
	out.Latencies = nil
	return &out
}

// quantileWithin returns the upper end of the class in which a quantile is. The
// counts are cumulative.
func quantileWithin(within map[float64]float64, part float64) float64 {
	var edges []float64
	all := 0.0
	for edge, n := range within {
		edges = append(edges, edge)
		all = max(all, n)
	}
	slices.Sort(edges)
	for _, edge := range edges {
		if within[edge] >= part*all {
			return edge
		}
	}
	return math.Inf(1)
}

// idle is a probe that does nothing but to count.
type idle struct {
	key, target string
	n           int
	log         *idleLog
}

// idleLog is what all idle probes know together. It is there before memory is
// counted.
type idleLog struct {
	began time.Time
	runs  atomic.Int64
	asked atomic.Int64 // how many of the probes ran at all
	gaps  atomic.Int64 // longer than one and a half intervals
	last  []atomic.Int64
}

func (p *idle) Key() string    { return p.key }
func (p *idle) Target() string { return p.target }

// Run implements observe.Probe.
func (p *idle) Run(context.Context) observe.Result {
	now := int64(time.Since(p.log.began))
	switch last := p.log.last[p.n].Swap(now); {
	case last == 0:
		p.log.asked.Add(1)
	case now-last > int64(scheduleInterval*3/2):
		p.log.gaps.Add(1)
	}
	p.log.runs.Add(1)
	return observe.Result{Outcome: observe.OutcomeSuccess}
}

// scheduleWorker has an engine ask all idle probes.
func scheduleWorker(ctx context.Context, _ json.RawMessage) (window, error) {
	log := &idleLog{began: time.Now(), last: make([]atomic.Int64, scheduleChecks)}
	before := memoryInUse()
	engine := observe.New(observe.Options{})
	runEngine(ctx, engine)
	for n := range scheduleChecks {
		target := fmt.Sprintf("application-%06d.kdz.example:443", n)
		subscribe(engine, &idle{key: "GET https://" + target + "/healthz 200-299 10s", target: target, n: n, log: log}, n, scheduleInterval)
	}
	// Until then some are asked ahead of their time, and so twice.
	if err := await(ctx, &log.asked, scheduleChecks, 10*scheduleInterval); err != nil {
		return nil, err
	}
	run := func(ctx context.Context, length time.Duration) (*sample, error) {
		if length == 0 {
			return &sample{Values: map[string]float64{perCheck: float64(memoryInUse()-before) / scheduleChecks}}, nil
		}
		from, then := time.Now(), log.state(engine)
		if err := pass(ctx, length); err != nil {
			return nil, err
		}
		out := &sample{Wall: time.Since(from), Values: map[string]float64{}}
		for name, v := range log.state(engine) {
			out.Values[name] = v - then[name]
		}
		out.Operations = int64(out.Values["runs"])
		out.Values[missedTimes] = max(out.Values["gaps"], out.Values["unasked"])
		return out, nil
	}
	return run, nil
}

// state returns what was counted so far.
func (l *idleLog) state(engine *observe.Engine) map[string]float64 {
	out := map[string]float64{
		"runs": float64(l.runs.Load()), "gaps": float64(l.gaps.Load()), "unasked": float64(engine.Health().Missed),
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(engine.Collector())
	families, err := registry.Gather()
	if err != nil {
		panic(fmt.Errorf("the engine's metrics: %w", err))
	}
	for _, family := range families {
		if family.GetName() != "kdz_observe_late_seconds" {
			continue
		}
		histogram := family.GetMetric()[0].GetHistogram()
		for _, class := range histogram.GetBucket() {
			out[lateWithin+strconv.FormatFloat(class.GetUpperBound(), 'g', -1, 64)] = float64(class.GetCumulativeCount())
		}
		out[lateWithin+"+Inf"] = float64(histogram.GetSampleCount())
	}
	return out
}

// memoryInUse returns the size of heap and stacks.
func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}

// timerWorker calls empty functions, each once in an interval at a time of its
// own, as late as a timer makes it.
func timerWorker(ctx context.Context, _ json.RawMessage) (window, error) {
	dues := make([]time.Duration, scheduleChecks)
	for n := range dues {
		dues[n] = rand.N(scheduleInterval)
	}
	slices.Sort(dues)
	m := &meter{latencies: latencies{}}
	go func() {
		for began := time.Now(); ; began = began.Add(scheduleInterval) {
			for _, due := range dues {
				at := began.Add(due)
				if left := time.Until(at); left > 0 && pass(ctx, left) != nil {
					return
				}
				m.ran(time.Since(at), nil)
			}
		}
	}()
	// As long as the engine needs to begin.
	return m.window, pass(ctx, warmUp)
}
