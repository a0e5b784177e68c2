// SPDX-License-Identifier: Apache-2.0

package command

import (
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// servedClock is the clock of the API server, as its answers tell it. It is the
// clock by which the server judges a signature; that of a person's machine may
// be wrong by hours.
type servedClock struct {
	// local is the clock of this machine, by which time is measured since the
	// last answer, and which is taken until there is one.
	local clock.PassiveClock

	mu    sync.Mutex
	ahead time.Duration // of the local clock
}

// now is the present moment, to the second.
func (s *servedClock) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local.Now().Add(s.ahead).Truncate(time.Second)
}

// watch lets answers set the clock.
func (s *servedClock) watch(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err != nil {
			return response, err
		}
		if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			s.mu.Lock()
			s.ahead = date.Sub(s.local.Now())
			s.mu.Unlock()
		}
		return response, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip answers a request.
func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
