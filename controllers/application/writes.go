// SPDX-License-Identifier: Apache-2.0

package application

import (
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/pace"
)

const (
	// bookingsPerSecond bounds how many accounts are written for nothing but the
	// end of a period.
	bookingsPerSecond = 10
	// bookingPatience is how long a booking waits for its turn.
	bookingPatience = time.Second
)

// DefaultPace is how often an Application is written: four times at once, and
// then every 10 s. A change of messages alone waits a minute for one that
// somebody acts on.
func DefaultPace() pace.WriteLimits {
	return pace.WriteLimits{Burst: 4, Spacing: 10 * time.Second, Minor: time.Minute}
}

// writes says what can wait to be written, so that a fleet in which much happens
// at once does not drown the API server. It is safe for concurrent use.
type writes struct {
	bookings *rate.Limiter
	pace     *pace.Writes
}

func newWrites(limits pace.WriteLimits) *writes {
	if limits == (pace.WriteLimits{}) {
		limits = DefaultPace()
	}
	return &writes{bookings: rate.NewLimiter(bookingsPerSecond, 1), pace: pace.NewWrites(limits)}
}

// hold returns until when to put off the writing of what was judged; zero if it
// is to be written now, or if there is nothing to write.
func (w *writes) hold(s *scope) time.Time {
	j := s.account.judged
	accounted := j != nil && j.Write
	told := equality.Semantic.DeepEqual(s.before, s.app)
	switch {
	case accounted && j.Booking && !w.bookings.AllowN(s.now, 1):
		return s.now.Add(bookingPatience)
	case !accounted && told:
		w.pace.Settled(s.key(), s.now)
		return time.Time{}
	case !accounted:
		if until, only := s.onlyNewPeriod(); only {
			return until
		}
	}
	if s.before.Status.ObservedGeneration != s.app.Generation {
		return time.Time{} // somebody waits to see what became of a new spec
	}
	minor := !accounted && onlyWords(s.before, s.app)
	if wait := w.pace.Wait(s.key(), minor, s.now); wait > 0 {
		return s.now.Add(wait)
	}
	return time.Time{}
}

// wrote takes note of what was written.
func (w *writes) wrote(s *scope, status bool) {
	if status || s.account.judged != nil && s.account.judged.Write {
		w.pace.Wrote(s.key(), s.now)
	}
}

// forget drops what is remembered of an Application.
func (w *writes) forget(key types.NamespacedName) { w.pace.Forget(key) }

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
	if st.Hosting != nil {
		for i := range st.Hosting.Systems {
			system := &st.Hosting.Systems[i]
			system.Message = ""
			for j := range system.Components {
				system.Components[j].Message = ""
			}
		}
	}
	if st.Cause != nil {
		st.Cause.Message = ""
	}
	return st
}
