// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

// TestMoments: a time is carried as it is told; whatever is none decides
// nothing, and says what would be right.
func TestMoments(t *testing.T) {
	tests := map[string]struct {
		body   string
		at     time.Time
		reason string
		words  string
	}{
		"a time":            {vector(sample("1795399200", 0)), time.Unix(1795399200, 0), "", ""},
		"a fraction":        {vector(sample("1795399200.25", 0)), time.Unix(1795399200, 250e6), "", ""},
		"written with an e": {vector(sample("1.7953992e+09", 0)), time.Unix(1795399200, 0), "", ""},
		"the first":         {vector(sample("946684800", 0)), time.Unix(946684800, 0), "", ""},
		"yet to come":       {vector(sample("4102444800", 0)), time.Unix(4102444800, 0), "", ""},
		"milliseconds":      {vector(sample("1795399200000", 0)), time.Time{}, ReasonUnexpectedValue, "not in milliseconds"},
		"infinite":          {vector(sample("+Inf", 0)), time.Time{}, ReasonUnexpectedValue, "+Inf"},
		"not a number":      {vector(sample("NaN", 0)), time.Time{}, ReasonUnexpectedValue, "NaN"},
		"negative":          {vector(sample("-1795399200", 0)), time.Time{}, ReasonUnexpectedValue, "-1795399200"},
		"never":             {vector(sample("0", 0)), time.Time{}, ReasonUnexpectedValue, "never"},
		"an indicator":      {vector(sample("1", 0)), time.Time{}, ReasonUnexpectedValue, "such as 1790000000"},
		"none":              {vector(""), time.Time{}, ReasonNoSample, "no sample"},
		"several":           {vector(sample("1795399200", 0) + "," + sample("1795399200", 0)), time.Time{}, ReasonSeveralSamples, "2 samples"},
		"an old sample":     {vector(sample("1795399200", 121*time.Second)), time.Time{}, ReasonStaleSample, "clock"},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := s.NewMoment(serve(t, says(200, tc.body)), "up", time.Minute, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			r := p.Run(t.Context())
			sound(t, r)
			if r.Reason != tc.reason || !strings.Contains(r.Message, tc.words) || r.Outcome == observe.OutcomeFailure {
				t.Fatalf("got %+v, want reason %q and words %q", r, tc.reason, tc.words)
			}
			if at, ok := r.Facts.(time.Time); ok != (tc.reason == "") || ok && !at.Equal(tc.at) {
				t.Errorf("facts %v, want %v", r.Facts, tc.at)
			}
		})
	}
}

// TestMeaningIsPartOfTheQuestion: the same query asked for something else has
// another answer.
func TestMeaningIsPartOfTheQuestion(t *testing.T) {
	s := newSource(t, Options{})
	usable, err1 := s.New("http://p.example", "up", time.Minute, time.Second)
	happened, err2 := s.NewMoment("http://p.example", "up", time.Minute, time.Second)
	if err1 != nil || err2 != nil || usable.Key() == happened.Key() || usable.Target() != happened.Target() {
		t.Error(err1, err2, usable.Key(), happened.Key())
	}
}
