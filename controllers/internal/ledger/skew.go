// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// MaxSkew is how far our clock may be from that of the API server, for what
	// we see to count.
	MaxSkew = 5 * time.Second
	// slowAnswer is an answer that says too little about when it was sent.
	slowAnswer = 2 * time.Second
)

// Skew measures by how much the clock of the API server is ahead of ours, by
// the dates of its answers. These are of whole seconds, so it is right to about
// a second. It is safe for concurrent use.
type Skew struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	ahead time.Duration
	known bool
}

// NewSkew returns a Skew that has seen no answer yet.
func NewSkew(c clock.PassiveClock) *Skew { return &Skew{clock: c} }

// Ahead returns by how much the clock of the API server is ahead, and whether
// that is known.
func (s *Skew) Ahead() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ahead, s.known
}

// Wrap returns a transport that takes note of the dates of answers.
func (s *Skew) Wrap(rt http.RoundTripper) http.RoundTripper {
	return dated{RoundTripper: rt, skew: s}
}

type dated struct {
	http.RoundTripper
	skew *Skew
}

// RoundTrip implements http.RoundTripper.
func (d dated) RoundTrip(request *http.Request) (*http.Response, error) {
	began := d.skew.clock.Now()
	answer, err := d.RoundTripper.RoundTrip(request)
	if err == nil {
		d.skew.saw(answer.Header.Get("Date"), began, d.skew.clock.Since(began))
	}
	return answer, err
}

// WrappedRoundTripper lets client-go find the transport behind this one.
func (d dated) WrappedRoundTripper() http.RoundTripper { return d.RoundTripper }

// saw takes note of an answer: it was dated about half way, and on average half
// a second after the second that its date names.
func (s *Skew) saw(date string, began time.Time, took time.Duration) {
	there, err := http.ParseTime(date)
	if err != nil || took > slowAnswer {
		return // no date that says anything
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.known = there.Add(time.Second/2).Sub(began.Add(took/2)), true
}

// compareClocks has the observer's word count only while our clock is right.
func (l *Ledger) compareClocks() {
	ahead, known := l.o.Skew()
	if !known {
		return
	}
	switch apart := ahead.Abs() > MaxSkew; {
	case apart && !l.distrusted:
		way := "behind"
		if ahead < 0 {
			way = "ahead of"
		}
		message := fmt.Sprintf("the clock of this machine is %s %s that of the API server; at most %s are allowed", ahead.Abs().Round(time.Second), way, MaxSkew)
		l.o.Logger.Info("nothing that is seen counts until the clocks agree", "because", message)
		l.o.Observer.Distrust(message)
		l.distrusted = true
	case !apart && l.distrusted:
		l.o.Logger.Info("the clocks agree again", "ahead", ahead.String())
		l.o.Observer.Trust()
		l.distrusted = false
	}
}
