// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

// empty is a Probe that finds everything well and does nothing for it.
type empty struct {
	key, target string
	runs        *atomic.Int64
}

func (p *empty) Key() string    { return p.key }
func (p *empty) Target() string { return p.target }
func (p *empty) Run(context.Context) Result {
	p.runs.Add(1)
	return Result{Outcome: OutcomeSuccess}
}

// fleet subscribes so many objects with one check each, with strings as long as
// real ones, none of them shared.
func fleet(e *Engine, size int, interval time.Duration, runs *atomic.Int64) {
	for n := range size {
		target := fmt.Sprintf("application-%06d.kdz.example:443", n)
		e.Ensure(Subscriber{
			Key: types.NamespacedName{Namespace: fmt.Sprintf("kdz-16-%02d", n%40), Name: fmt.Sprintf("application-%06d", n)},
			UID: types.UID(fmt.Sprintf("6f2c3a9e-0c1d-4d53-9df5-%012d", n)),
		}, []Check{{
			Name:     "web",
			Probe:    &empty{key: "GET https://" + target + "/healthz 200-299 10s", target: target, runs: runs},
			Interval: interval,
		}})
	}
}

// drive lets the engine live through simulated time without goroutines, each
// check taking no time.
func drive(e *Engine, at *instant, until int64) {
	for {
		next := e.next(*at)
		if next > until {
			return
		}
		at.wall += next - at.mono
		at.mono = next
		e.advance(*at)
		for e.pool.taken.len() > 0 {
			for e.pool.taken.len() > 0 {
				r := e.pool.taken.pop()
				e.begin(r, *at)
				e.end(r, r.question.probe.Run(r.context), *at)
			}
			e.dispatch()
		}
		e.tellAll(context.Background())
	}
}

// still returns an engine to drive, and its time.
func still() (*Engine, *instant) {
	clock := clocktesting.NewFakeClock(dayZero)
	e := New(Options{Clock: clock, LagClock: clock})
	at := &instant{wall: dayZero.UnixNano()}
	e.clock = func() instant { return *at }
	e.starter = func() {}
	return e, at
}

func heapAlloc() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// memoryPerCheck returns how many bytes a check takes, its probe and all its
// strings included, after each was asked three times and it was recorded that it
// is up.
func memoryPerCheck(size int) float64 {
	before := heapAlloc()
	var runs atomic.Int64
	e, at := still()
	fleet(e, size, 30*second, &runs)
	drive(e, at, int64(90*second))
	e.SettleBefore(wallTime(at.wall))
	after := heapAlloc()
	runtime.KeepAlive(e)
	return float64(after-before) / float64(size)
}

func TestMemoryPerCheck(t *testing.T) {
	if got := memoryPerCheck(20_000); got > 1024 {
		t.Errorf("%.0f B per check, want at most 1024", got)
	}
}

func BenchmarkMemoryPerCheck(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(memoryPerCheck(100_000), "B/check")
	}
}

// BenchmarkScheduleEmptyProbe is the cost of one check with an empty probe in a
// fleet of 100,000, all but the goroutines.
func BenchmarkScheduleEmptyProbe(b *testing.B) {
	var runs atomic.Int64
	e, at := still()
	fleet(e, 100_000, 30*second, &runs)
	drive(e, at, int64(minute))
	runs.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := cpuTime(b)
	for runs.Load() < int64(b.N) {
		drive(e, at, at.mono+int64(100*time.Millisecond))
	}
	b.ReportMetric(float64(runs.Load())/(cpuTime(b)-cpu).Seconds(), "checks/cpu-s")
}

// BenchmarkWatermark is the cost of one watermark in a fleet of 100,000 of which
// each check has failed once, and nothing is settled.
func BenchmarkWatermark(b *testing.B) {
	var runs atomic.Int64
	e, at := still()
	fleet(e, 100_000, 30*second, &runs)
	drive(e, at, int64(minute))
	for _, s := range e.subscribers {
		c := s.checks[0]
		c.streak.run, c.streak.first = -1, c.checkedAt
		e.follow(c)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Watermark()
	}
}

func BenchmarkEnsureUnchanged(b *testing.B) {
	e, _ := still()
	var runs atomic.Int64
	checks := make([]Check, 4)
	for n := range checks {
		checks[n] = in(&empty{key: fmt.Sprint(n), target: fmt.Sprint(n), runs: &runs}, minute)
		checks[n].Name = fmt.Sprint(n)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Ensure(subscriberOf("payroll"), checks)
	}
}

func BenchmarkTimeline(b *testing.B) {
	const size = 100_000
	var line timeline[*marker]
	random := rand.New(rand.NewPCG(1, 2))
	for range size {
		line.add(&marker{}, random.Int64N(1e9))
	}
	for b.Loop() {
		line.move(line.first().place, line.next()+random.Int64N(1e9))
	}
}

// lateness records how late each check began.
type lateness struct {
	prometheus.Histogram
	mu  sync.Mutex
	all []float64
}

func (l *lateness) Observe(seconds float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, seconds)
}

func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkSchedule100k runs 100,000 checks at 30 s with an empty probe in real
// time, the sweep of the start and two intervals: run it with -benchtime=1x.
func BenchmarkSchedule100k(b *testing.B) {
	for b.Loop() {
		var runs atomic.Int64
		e := New(Options{})
		late := &lateness{Histogram: e.metrics.late}
		e.metrics.late = late
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = e.Start(ctx) })
		fleet(e, 100_000, 30*second, &runs)
		<-time.After(35 * second)
		late.mu.Lock()
		swept := slices.Clone(late.all)
		late.all = late.all[:0]
		late.mu.Unlock()
		asked, cpu := runs.Load(), cpuTime(b)
		<-time.After(60 * second)
		asked, cpu = runs.Load()-asked, cpuTime(b)-cpu
		h := e.Health()
		cancel()
		running.Wait()
		slices.Sort(swept)
		slices.Sort(late.all)
		b.ReportMetric(late.all[len(late.all)*99/100]*1000, "late-p99-ms")
		b.ReportMetric(late.all[len(late.all)-1]*1000, "late-max-ms")
		b.ReportMetric(swept[len(swept)*99/100]*1000, "sweep-late-p99-ms")
		b.ReportMetric(float64(h.Missed), "missed")
		b.ReportMetric(float64(asked)/cpu.Seconds(), "checks/cpu-s")
		b.ReportMetric(float64(asked)/60, "checks/s")
	}
}
