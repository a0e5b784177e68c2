// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/internal/observe"
)

// Whatever is merged: nothing that was unobserved becomes observed, nothing
// Whole less than that, and there are never too many, in order.
func TestUnionLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{3, 30, MaxGaps + 50}).Draw(t, "gaps")
		span := rapid.SampledFrom([]int{50, 100_000}).Draw(t, "seconds")
		gaps := make([]gap, n)
		for i := range gaps {
			from := rapid.IntRange(0, span).Draw(t, "from")
			gaps[i] = gap{From: at(float64(from)), To: at(float64(from + rapid.IntRange(0, 20).Draw(t, "length"))), Whole: rapid.Bool().Draw(t, "whole")}
		}
		got := union(gaps[:n/2], gaps[n/2:])
		if len(got) > MaxGaps {
			t.Fatalf("%d gaps", len(got))
		}
		for i, g := range got {
			if !g.To.After(g.From) || (i > 0 && g.From.Before(got[i-1].From)) {
				t.Fatalf("gap %d: %v after %v", i, g, got[max(i-1, 0)])
			}
		}
		for _, g := range gaps {
			if !g.To.After(g.From) {
				continue
			}
			if !covered(got, g) {
				t.Fatalf("%v is not in %v", g, got)
			}
		}
		if again := union(got); len(again) != len(got) {
			t.Fatalf("merging again changes %d into %d", len(got), len(again))
		}
	})
}

// covered says whether one of the gaps holds all of g.
func covered(gaps []gap, g gap) bool {
	for _, c := range gaps {
		if !c.From.After(g.From) && !c.To.Before(g.To) && (c.Whole || !g.Whole) {
			return true
		}
	}
	return false
}

// Of too many the two nearest become one, with the reason of the longer.
func TestNearestAreMerged(t *testing.T) {
	var gaps []gap
	for i := range MaxGaps {
		gaps = append(gaps, gap{From: at(float64(100 * i)), To: at(float64(100*i + 10)), Reason: observe.GapBlind})
	}
	gaps = append(gaps, gap{From: at(512), To: at(530), Reason: ReasonNobodyObserved})
	got := union(gaps)
	if len(got) != MaxGaps {
		t.Fatalf("%d gaps", len(got))
	}
	if g := got[5]; !g.From.Equal(at(500)) || !g.To.Equal(at(530)) || g.Reason != ReasonNobodyObserved {
		t.Errorf("merged to %+v", g)
	}
}

// What one that follows cannot store stays within bounds.
func TestHeldGapsAreBounded(t *testing.T) {
	p := newProcess(t, newCluster(), "a", at(0))
	p.Gap(observe.Gap{From: at(1), Reason: observe.GapBlind})
	for i := range 3 * MaxGaps {
		p.Gap(observe.Gap{From: at(float64(10 * i)), To: at(float64(10*i + 5)), Reason: observe.GapClockStepped})
	}
	if n := len(p.Gaps()); n > MaxGaps+2 {
		t.Errorf("%d gaps are held", n)
	}
}

// transport answers with a date, after a while.
type transport struct {
	clock *clocktesting.FakeClock
	date  string
	takes time.Duration
}

func (f *transport) RoundTrip(*http.Request) (*http.Response, error) {
	f.clock.Step(f.takes)
	return &http.Response{Body: http.NoBody, Header: http.Header{"Date": {f.date}}}, nil
}

func TestSkewByTheDatesOfAnswers(t *testing.T) {
	clock := clocktesting.NewFakeClock(at(0))
	skew := NewSkew(clock)
	server := &transport{clock: clock}
	c := http.Client{Transport: skew.Wrap(server)}
	for _, test := range []struct {
		date  string
		takes time.Duration
		want  time.Duration
		known bool
	}{
		{"", 0, 0, false},
		{"yesterday", 0, 0, false},
		{at(3600).Format(http.TimeFormat), 3 * time.Second, 0, false},
		{at(10).Format(http.TimeFormat), time.Second, 10 * time.Second, true},
		{at(-10).Format(http.TimeFormat), time.Second, -10 * time.Second, true},
		{at(-3600).Format(http.TimeFormat), 3 * time.Second, -10 * time.Second, true}, // kept
	} {
		clock.SetTime(at(0))
		server.date, server.takes = test.date, test.takes
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := c.Do(request); err == nil {
			_ = answer.Body.Close()
		} else {
			t.Fatal(err)
		}
		if got, known := skew.Ahead(); got != test.want || known != test.known {
			t.Errorf("%+v: %s, %t", test, got, known)
		}
	}
}

// Clocks that part make it distrust what it sees, once, until they agree.
func TestClocksThatPart(t *testing.T) {
	p := newProcess(t, newCluster(), "a", at(0))
	for _, ahead := range []time.Duration{0, 4 * time.Second, -time.Hour, -time.Hour, 6 * time.Second, 3 * time.Second, 0} {
		p.ahead = ahead
		p.turn(t.Context())
	}
	if len(p.observer.distrust) != 1 || p.observer.trusted != 1 || !strings.Contains(p.observer.distrust[0], "1h0m0s ahead of") {
		t.Errorf("distrusted %q, trusted %d times", p.observer.distrust, p.observer.trusted)
	}
}

func TestMetrics(t *testing.T) {
	p := newProcess(t, newCluster(), "a", at(0))
	registry := prometheus.NewRegistry()
	if err := registry.Register(p.Collector()); err != nil {
		t.Fatal(err)
	}
	p.lead(false)
	p.sweep(at(1))
	p.Gap(observe.Gap{From: at(2), To: at(3), Reason: observe.GapBlind})
	p.see(at(5))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		got = append(got, f.String())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{"kdz_gaps", "value:1}", "kdz_heartbeat_timestamp_seconds"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	if v := families[1].GetMetric()[0].GetGauge().GetValue(); v != float64(at(5).Unix()) {
		t.Errorf("the heartbeat is of %v", v)
	}
}
