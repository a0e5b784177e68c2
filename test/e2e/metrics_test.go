// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sample is one value of a metric in the text format of Prometheus.
type sample struct {
	labels map[string]string
	value  float64
}

var label = regexp.MustCompile(`([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"`)

// samples returns the values of the metric of that name.
func samples(t *testing.T, body []byte, name string) []sample {
	t.Helper()
	var found []sample
	for line := range bytes.Lines(body) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(string(line)), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		cut := strings.LastIndexByte(rest, ' ')
		value, err := strconv.ParseFloat(rest[cut+1:], 64)
		if err != nil {
			t.Fatalf("metric %s: %v", line, err)
		}
		s := sample{labels: map[string]string{}, value: value}
		for _, pair := range label.FindAllStringSubmatch(rest[:cut], -1) {
			s.labels[pair[1]] = pair[2]
		}
		found = append(found, s)
	}
	return found
}

// bucketOf returns the upper bound of the bucket of a histogram that holds the
// given share of its values.
func bucketOf(t *testing.T, body []byte, name string, share float64) float64 {
	t.Helper()
	buckets := samples(t, body, name+"_bucket")
	if len(buckets) == 0 {
		t.Fatalf("there is no histogram %s", name)
	}
	all := buckets[len(buckets)-1].value
	for _, b := range buckets {
		if b.value >= share*all {
			bound, err := strconv.ParseFloat(b.labels["le"], 64)
			if err != nil {
				t.Fatal(err)
			}
			return bound
		}
	}
	return math.Inf(1)
}

func TestSamples(t *testing.T) {
	body := []byte("# HELP a_total x\na_total{code=\"200\",verb=\"GET\"} 3\na_total{code=\"a \\\"b\\\"\"} 1e+02\na_totals 4\n" +
		"h_bucket{le=\"0.1\"} 90\nh_bucket{le=\"1\"} 99\nh_bucket{le=\"+Inf\"} 100\n")
	got := samples(t, body, "a_total")
	if len(got) != 2 || got[0].value != 3 || got[0].labels["verb"] != "GET" || got[1].value != 100 || got[1].labels["code"] != `a \"b\"` {
		t.Errorf("samples are %+v", got)
	}
	if p50, p99, p100 := bucketOf(t, body, "h", .5), bucketOf(t, body, "h", .99), bucketOf(t, body, "h", 1); p50 != 0.1 || p99 != 1 || !math.IsInf(p100, 1) {
		t.Errorf("buckets are %v, %v, %v", p50, p99, p100)
	}
}
