// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"math"
	"slices"
	"time"
)

// ratio is an estimate of how one side compares with the other.
type ratio struct {
	// mean is the geometric mean; low and high bound it with 95 % confidence.
	mean, low, high float64
	// rounds is how many were measured; 0 means that there is no ratio.
	rounds int
}

// ratioOf returns the geometric mean of the ratios of all rounds, with the
// confidence interval by Student's distribution on their logarithms. There have
// to be two at least.
func ratioOf(rounds []float64) ratio {
	n := float64(len(rounds))
	var sum float64
	for _, r := range rounds {
		sum += math.Log(r)
	}
	mean := sum / n
	var squares float64
	for _, r := range rounds {
		squares += (math.Log(r) - mean) * (math.Log(r) - mean)
	}
	half := student(len(rounds)-1) * math.Sqrt(squares/(n-1)/n)
	return ratio{mean: math.Exp(mean), low: math.Exp(mean - half), high: math.Exp(mean + half), rounds: len(rounds)}
}

// students are the quantiles 0.975 of Student's distribution, from one degree
// of freedom on.
var students = [...]float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// student returns the quantile 0.975 for so many degrees of freedom. Beyond the
// table it is approximated to three places (Abramowitz and Stegun, 26.7.5).
func student(freedom int) float64 {
	if freedom < 1 {
		return math.Inf(1)
	}
	if freedom <= len(students) {
		return students[freedom-1]
	}
	const z = 1.959964
	f := float64(freedom)
	return z + (z*z*z+z)/(4*f) + (5*z*z*z*z*z+16*z*z*z+3*z)/(96*f*f)
}

// latencies counts durations by classes, each one per cent wider than the one
// before, so that those of many turns can be put together. The key is the
// class.
type latencies map[int]int64

// classWidth is the logarithm of by how much a class is wider.
var classWidth = math.Log(1.01)

func (l latencies) add(d time.Duration) {
	l[int(math.Log(float64(max(d, 1)))/classWidth)]++
}

// take takes in what another one counted.
func (l latencies) take(other latencies) {
	for class, count := range other {
		l[class] += count
	}
}

// quantile returns the duration below which the given part of all are, to one
// per cent; 0 if there are none.
func (l latencies) quantile(part float64) time.Duration {
	var all, below int64
	for _, count := range l {
		all += count
	}
	for _, class := range slices.Sorted(maps.Keys(l)) {
		below += l[class]
		if float64(below) >= part*float64(all) {
			return time.Duration(math.Exp((float64(class) + 0.5) * classWidth))
		}
	}
	return 0
}
