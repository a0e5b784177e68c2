// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"net/http"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/internal/observe"
)

func TestSelectors(t *testing.T) {
	for query, want := range map[string]bool{
		`up`:                                   true,
		` job:up:min `:                         true,
		`up{}`:                                 true,
		`up {job="x", instance=~".*[)}]\"x",}`: true,
		`{__name__='up',job!~'a"b'}`:           true,
		"up{\n  job = \"x\",\n  a != \"\"\n}":  true,
		``:                                     false,
		`1`:                                    false,
		`up offset 5m`:                         false,
		`up @ 0`:                               false,
		`up[5m]`:                               false,
		`up == 1`:                              false,
		`up or vector(1)`:                      false,
		`up{job="x"} or up{job="y"}`:           false,
		`up{job="x\\"} or up{job="y"}`:         false,
		`(up)`:                                 false,
		`min(up)`:                              false,
		`up # comment`:                         false,
		`up{job="x}`:                           false,
		`up{job=x}`:                            false,
		"up{job=\"x\ny\"}":                     false,
		`up{job="x"}{a="b"}`:                   false,
		`max_over_time(up{job="x"}[1h])`:       false,
		`up{job="x"} and count_over_time(up[1m])`: false,
	} {
		fresh, ok := bounded(query, 90*time.Second)
		if ok != want {
			t.Errorf("%s: one selector: %t, want %t", query, ok, want)
		}
		q := strings.TrimSpace(query)
		if ok && fresh != q+" and count_over_time("+q+"[90000ms])" {
			t.Errorf("%s becomes %s", query, fresh)
		}
	}
}

// TestLookback: an expression is put with how old a sample may be, but only to
// a server that heeds it. Whether it does is asked once in ten minutes.
func TestLookback(t *testing.T) {
	var asked, tried int
	honours := true
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		delta := r.FormValue("lookback_delta")
		switch {
		case delta == "none" && honours:
			tried++
			says(400, `{"status":"error","errorType":"bad_data","error":"cannot parse \"none\" to a valid duration"}`)(w, r)
		case delta == "none":
			tried++
			says(200, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`)(w, r)
		case r.FormValue("query") == "min(up)" && delta == "90":
			asked++
			says(200, vector(sample("1", 0)))(w, r)
		default:
			t.Errorf("asked for %v", r.Form)
		}
	})
	clock := clocktesting.NewFakePassiveClock(time.Now())
	s := newSource(t, Options{Clock: clock})
	run := func() observe.Result { return askEvery(t, s, server, "min(up)", 45*time.Second) }
	run()
	if r := run(); r.Outcome != observe.OutcomeSuccess || asked != 2 || tried != 1 {
		t.Errorf("asked %d times, tried %d times: %+v", asked, tried, r)
	}
	// It was replaced by an old one.
	honours = false
	clock.SetTime(clock.Now().Add(keepLookback))
	run()
	if r := run(); r.Reason != ReasonLookbackIgnored || r.Outcome != observe.OutcomeInconclusive || asked != 2 || tried != 2 {
		t.Errorf("asked %d times, tried %d times: %+v", asked, tried, r)
	}
}

// TestLookbackNotTold: a server that could not say whether it heeds the
// parameter is asked again the next time.
func TestLookbackNotTold(t *testing.T) {
	var tried int
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tried++
		says(503, "")(w, r)
	})
	s := newSource(t, Options{})
	for range 2 {
		if r := ask(t, s, server, "min(up)"); r.Reason != ReasonServerError {
			t.Errorf("got %+v", r)
		}
	}
	if tried != 2 {
		t.Errorf("tried %d times", tried)
	}
}

// TestServersForgotten: what is known of servers does not grow for ever.
func TestServersForgotten(t *testing.T) {
	s := newSource(t, Options{})
	for i := range 3 * maxServers {
		s.learn(strings.Repeat("x", i), true)
	}
	if len(s.lookback) > maxServers {
		t.Errorf("%d servers are remembered", len(s.lookback))
	}
}
