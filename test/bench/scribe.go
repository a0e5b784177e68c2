// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Phases of an Application, in which what is written differs: it is judged for
// the first time, goes down, and is up again.
const (
	phaseFirst = "first"
	phaseDown  = "down"
	phaseUp    = "up"
)

// Kinds of write.
const (
	accountWrite = "account"
	patchWrite   = "patch"
	eventWrite   = "event"
)

// scribe counts the writes that were answered, and keeps those to one
// Application.
type scribe struct {
	task *transitions
	// specimen is the name of the Application whose writes are kept.
	specimen string
	// phase in which writes are kept; empty means that none are.
	phase atomic.Pointer[string]

	accounts, patches, events, refused atomic.Int64
	// fault is the first write that could not be kept, or was refused.
	fault atomic.Pointer[error]
}

func (s *scribe) wrap(next http.RoundTripper) http.RoundTripper {
	// A copy for each client would not count together.
	return roundTripper(func(r *http.Request) (*http.Response, error) { return s.roundTrip(next, r) })
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// record keeps the specimen's writes as those of a phase from now on.
func (s *scribe) record(phase string) { s.phase.Store(&phase) }

func (s *scribe) roundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	kind := kindOf(r)
	if kind == "" {
		return next.RoundTrip(r)
	}
	if phase := s.phase.Load(); phase != nil && *phase != "" {
		if err := s.keep(r, kind+"-"+*phase); err != nil {
			s.fault.CompareAndSwap(nil, &err)
		}
	}
	answer, err := next.RoundTrip(r)
	switch {
	case err != nil:
	case answer.StatusCode == http.StatusConflict:
		s.refused.Add(1)
	case answer.StatusCode >= http.StatusBadRequest:
		err := fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, answer.Status)
		s.fault.CompareAndSwap(nil, &err)
	case kind == accountWrite:
		s.accounts.Add(1)
	case kind == patchWrite:
		s.patches.Add(1)
	case kind == eventWrite:
		s.events.Add(1)
	}
	return answer, err
}

// kindOf tells the writes that a transition consists of from other requests.
func kindOf(r *http.Request) string {
	switch {
	case (r.Method == http.MethodPost || r.Method == http.MethodPatch) && strings.Contains(r.URL.Path, "/availabilityrecords"):
		return accountWrite
	case r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/applications/") && strings.HasSuffix(r.URL.Path, "/status"):
		return patchWrite
	case (r.Method == http.MethodPost || r.Method == http.MethodPatch) && strings.Contains(r.URL.Path, "/events"):
		return eventWrite
	default:
		return ""
	}
}

// keep keeps a write if it is to the specimen.
func (s *scribe) keep(r *http.Request, name string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !strings.Contains(r.URL.Path+"/", "/"+s.specimen+"/") && !bytes.Contains(body, []byte(s.specimen)) {
		return nil
	}
	return os.WriteFile(s.task.file(name), body, 0o600)
}

// await waits until so many writes have been answered since the beginning.
func (s *scribe) await(ctx context.Context, accounts, patches, events int64) error {
	what := fmt.Sprintf("%d accounts, %d patches and %d Events written", accounts, patches, events)
	err := eventually(ctx, time.Millisecond, writesWithin, what, func() (bool, error) {
		if err := s.fault.Load(); err != nil {
			return false, *err
		}
		return s.accounts.Load() >= accounts && s.patches.Load() >= patches && s.events.Load() >= events, nil
	})
	if err != nil {
		err = fmt.Errorf("%w: there were %d, %d and %d, and %d refused as conflicts", err,
			s.accounts.Load(), s.patches.Load(), s.events.Load(), s.refused.Load())
	}
	return err
}
