// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) }

func TestRatio(t *testing.T) {
	for name, c := range map[string]struct {
		rounds []float64
		want   ratio
	}{
		"all alike": {[]float64{1.5, 1.5, 1.5}, ratio{1.5, 1.5, 1.5, 3}},
		// The logarithms are -ln 2 and ln 2: deviation 0.9803, of the mean
		// 0.6931, times 12.706.
		"opposites": {[]float64{0.5, 2}, ratio{1, math.Exp(-12.706 * math.Ln2), math.Exp(12.706 * math.Ln2), 2}},
		// Logarithms 0, 0.1, 0.2, 0.3, 0.4: deviation 0.15811, of the mean
		// 0.070711, times 2.776 is 0.19629.
		"ascending": {
			[]float64{1, math.Exp(0.1), math.Exp(0.2), math.Exp(0.3), math.Exp(0.4)},
			ratio{math.Exp(0.2), math.Exp(0.2 - 0.19629), math.Exp(0.2 + 0.19629), 5},
		},
	} {
		got := ratioOf(c.rounds)
		if !near(got.mean, c.want.mean, 1e-4) || !near(got.low, c.want.low, 1e-4) || !near(got.high, c.want.high, 1e-4) || got.rounds != c.want.rounds {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRatioIsTheInverseOfTheOtherWayRound(t *testing.T) {
	there := ratioOf([]float64{0.8, 1.1, 0.95, 1.3})
	back := ratioOf([]float64{1 / 0.8, 1 / 1.1, 1 / 0.95, 1 / 1.3})
	if !near(there.mean, 1/back.mean, 1e-9) || !near(there.low, 1/back.high, 1e-9) || !near(there.high, 1/back.low, 1e-9) {
		t.Errorf("%+v and %+v", there, back)
	}
}

func TestStudent(t *testing.T) {
	// Of published tables.
	for freedom, want := range map[int]float64{1: 12.706, 4: 2.776, 9: 2.262, 30: 2.042, 31: 2.040, 40: 2.021, 60: 2.000, 120: 1.980, 1000: 1.962} {
		if got := student(freedom); math.Abs(got-want) > 0.0006 {
			t.Errorf("%d degrees of freedom: %.4f, want %.3f", freedom, got, want)
		}
	}
	if !math.IsInf(student(0), 1) {
		t.Error("one value says nothing of its error")
	}
}

func TestLatencies(t *testing.T) {
	all := latencies{}
	for range 2 {
		part := latencies{}
		for n := 1; n <= 500; n++ {
			part.add(time.Duration(n) * time.Millisecond)
		}
		all.take(part)
	}
	for part, want := range map[float64]time.Duration{0.5: 250 * time.Millisecond, 0.99: 495 * time.Millisecond, 1: 500 * time.Millisecond} {
		if got := all.quantile(part); !near(float64(got), float64(want), 0.011) {
			t.Errorf("quantile %g is %s, want %s", part, got, want)
		}
	}
	if got := (latencies{}).quantile(0.5); got != 0 {
		t.Errorf("of nothing: %s", got)
	}
	none := latencies{}
	none.add(0)
	none.add(-time.Second) // a clock that was set
	if got := none.quantile(0.99); got > time.Nanosecond {
		t.Errorf("of no time: %s", got)
	}
}

// What a child counts reaches its parent as JSON.
func TestSampleSurvivesItsJourney(t *testing.T) {
	sent := &sample{Operations: 3, Wall: time.Second, Latencies: latencies{}, Values: map[string]float64{"bytes": 12.5}}
	sent.Latencies.add(time.Millisecond)
	data, err := json.Marshal(report{Sample: sent})
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	s := got.Sample
	if s.Operations != 3 || s.Wall != time.Second || s.Values["bytes"] != 12.5 || s.Latencies.quantile(0.5) != sent.Latencies.quantile(0.5) {
		t.Errorf("sent %+v, got %+v", sent, s)
	}
}

func TestSum(t *testing.T) {
	got := sum([]*sample{
		{Operations: 10, Wall: time.Second, CPU: time.Second, Values: map[string]float64{"bytes": 100}},
		{Operations: 30, Wall: 3 * time.Second, CPU: time.Second, Values: map[string]float64{"bytes": 300}},
	})
	if perCPU.of(got) != 20 || perSecond.of(got) != 10 || value("bytes", "B").of(got) != 200 {
		t.Errorf("%+v", got)
	}
}

func TestCPUIn(t *testing.T) {
	got, err := cpuIn([]byte("4711 (a ) (b) 1 2) S 1 4711 4711 0 -1 4194560 1 2 3 4 250 75 0 0 20 0 9 0 100 1000 10"))
	if err != nil || got != 3250*time.Millisecond {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "4711 (sh) S 1", "4711 (sh) S 1 4711 4711 0 -1 4194560 1 2 3 4 x 75 0"} {
		if _, err := cpuIn([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
