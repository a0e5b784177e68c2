// SPDX-License-Identifier: Apache-2.0

package application

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// bookingsPerSecond bounds how many accounts are written for nothing but the
	// end of a period.
	bookingsPerSecond = 10
	// messagePatience is how long a change of messages alone waits.
	messagePatience = time.Minute
)

// writes says what can wait to be written, so that a fleet in which much happens
// at once does not drown the API server. The zero value is ready for use.
type writes struct {
	mu       sync.Mutex
	bookings *rate.Limiter
	// wordy is since when nothing but messages differs, by Application.
	wordy map[types.NamespacedName]time.Time
}

// hold returns until when to put off the writing of what was judged; zero if it
// is to be written now.
func (w *writes) hold(s *scope) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := s.account.judged
	if j != nil && j.Write {
		delete(w.wordy, s.key())
		if !j.Booking {
			return time.Time{}
		}
		if w.bookings == nil {
			w.bookings = rate.NewLimiter(bookingsPerSecond, 1)
		}
		if w.bookings.AllowN(s.now, 1) {
			return time.Time{}
		}
		return s.now.Add(time.Second)
	}
	if until, only := s.onlyNewPeriod(); only {
		return until
	}
	return w.holdWords(s)
}

// holdWords puts off a change of messages alone.
func (w *writes) holdWords(s *scope) time.Time {
	key := s.key()
	if equality.Semantic.DeepEqual(s.before, s.app) || !onlyWords(s.before, s.app) {
		delete(w.wordy, key)
		return time.Time{}
	}
	since, known := w.wordy[key]
	if !known {
		if w.wordy == nil {
			w.wordy = map[types.NamespacedName]time.Time{}
		}
		since = s.now
		w.wordy[key] = since
	}
	if until := since.Add(messagePatience); until.After(s.now) {
		return until
	}
	return time.Time{}
}

// wrote takes note of what was written.
func (w *writes) wrote(s *scope, status bool) {
	if !status {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.wordy, s.key())
}

// forget drops what is remembered of an Application.
func (w *writes) forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.wordy, key)
}

// onlyWords says whether two Applications differ in nothing but messages.
func onlyWords(before, after *v1alpha1.Application) bool {
	if before.Status.ObservedGeneration != after.Status.ObservedGeneration {
		return false
	}
	return equality.Semantic.DeepEqual(wordless(before), wordless(after))
}

// wordless returns the status of an Application without messages.
func wordless(app *v1alpha1.Application) *v1alpha1.ApplicationStatus {
	st := app.Status.DeepCopy()
	for i := range st.Conditions {
		st.Conditions[i].Message = ""
	}
	for i := range st.Endpoints {
		st.Endpoints[i].Message = ""
	}
	if st.Cause != nil {
		st.Cause.Message = ""
	}
	return st
}
