// SPDX-License-Identifier: Apache-2.0

package systems

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

const supplier = "Example GmbH"

// pageAt is the check of a status page.
func pageAt(t *testing.T, f *Factory, url string) hosting.Check {
	t.Helper()
	h := &v1alpha1.Hosting{SaaS: &v1alpha1.SaaSHosting{Supplier: supplier, StatusURL: v1alpha1.HTTPURL(url)}}
	checks := f.Checks("amt-10", h, timeout, noSecret)
	if len(checks) != 1 || checks[0].Err != nil {
		t.Fatalf("%+v", checks)
	}
	return checks[0]
}

// indicator is a page of Statuspage.
func indicator(level string) string {
	return `{"page":{"id":"kctbh9vrtdwd","name":"Example"},"status":{"description":"As it stands","indicator":"` + level + `"}}`
}

// TestStatusPage: what the page tells counts, and whether it answers does not.
func TestStatusPage(t *testing.T) {
	const html = "<!DOCTYPE html><title>Status</title><p>We have a critical disturbance."
	const cannotBeRead = "The status page of Example GmbH cannot be read: "
	tests := map[string]struct {
		path, kind string
		status     int
		body       string
		outcome    observe.Outcome
		degraded   bool
		reason     string
		message    string // as it begins
	}{
		"calm":            {statusPath, "application/json", 200, indicator("none"), observe.OutcomeSuccess, false, "", ""},
		"minor":           {statusPath, "application/json", 200, indicator("minor"), observe.OutcomeSuccess, true, v1alpha1.ReasonSupplierReports, "The status page of Example GmbH reports a disturbance."},
		"critical":        {statusPath, "application/json", 200, indicator("critical"), observe.OutcomeSuccess, true, v1alpha1.ReasonSupplierReports, "The status page of Example GmbH reports a disturbance."},
		"out of order":    {statusPath, "application/json", 503, "", observe.OutcomeInconclusive, false, endpoint.ReasonUnexpectedStatus, cannotBeRead},
		"HTML for JSON":   {statusPath, "text/html", 200, html, observe.OutcomeInconclusive, false, endpoint.ReasonBodyNotJSON, cannotBeRead},
		"maintenance":     {statusPath, "application/json", 200, indicator("maintenance"), observe.OutcomeSuccess, true, v1alpha1.ReasonSupplierReports, "The status page of Example GmbH reports a disturbance."},
		"another word":    {statusPath, "application/json", 200, indicator("sunny"), observe.OutcomeInconclusive, false, endpoint.ReasonBodyMismatch, cannotBeRead + "It does not tell status.indicator"},
		"another shape":   {statusPath, "application/json", 200, `{"status":"none"}`, observe.OutcomeInconclusive, false, endpoint.ReasonBodyMismatch, cannotBeRead + "It does not tell status.indicator"},
		"no indicator":    {statusPath, "application/json", 200, `{"status":{}}`, observe.OutcomeInconclusive, false, endpoint.ReasonBodyMismatch, cannotBeRead + "It does not tell status.indicator"},
		"half an answer":  {statusPath, "application/json", 200, `{"status":{"indicator":"no`, observe.OutcomeInconclusive, false, endpoint.ReasonBodyNotJSON, cannotBeRead},
		"a page to read":  {"/", "text/html", 200, html, observe.OutcomeSuccess, false, "", ""},
		"no page to read": {"/", "text/html", 500, html, observe.OutcomeInconclusive, false, endpoint.ReasonUnexpectedStatus, cannotBeRead},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(s.Close)
			r := pageAt(t, newFactory(), s.URL+test.path).Probe.Run(t.Context())
			if r.Outcome != test.outcome || r.Degraded != test.degraded || !strings.HasPrefix(r.Message, test.message) || (test.message == "") != (r.Message == "") {
				t.Errorf("%+v", r)
			}
			if test.reason != "" && r.Reason != test.reason || (r.Reason == "") != (test.message == "") {
				t.Errorf("reason %q, want %q", r.Reason, test.reason)
			}
			if r.Outcome == observe.OutcomeSuccess && (r.Class != observe.ClassNone || r.Step != observe.StepNone) {
				t.Errorf("a success is of class %v, at step %v", r.Class, r.Step)
			}
		})
	}
}

func TestStatusPageThatIsGone(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	gone := s.URL
	s.Close()
	for _, path := range []string{"/", statusPath} {
		r := pageAt(t, newFactory(), gone+path).Probe.Run(t.Context())
		if r.Outcome != observe.OutcomeInconclusive || r.Reason != endpoint.ReasonConnectionRefused || !strings.Contains(r.Message, supplier) {
			t.Errorf("%s: %+v", path, r)
		}
	}
}

// TestStatusPageThatMustNotBeAsked: it is told as what it is, not as a mistake.
func TestStatusPageThatMustNotBeAsked(t *testing.T) {
	h := &v1alpha1.Hosting{SaaS: &v1alpha1.SaaSHosting{Supplier: supplier, StatusURL: "http://169.254.169.254/page"}}
	checks := newFactory().Checks("amt-10", h, timeout, noSecret)
	spec, ok := errors.AsType[*endpoint.SpecError](checks[0].Err)
	if !ok || spec.Field != "statusURL" || spec.Reason != endpoint.SpecEgressRefused {
		t.Errorf("%+v", checks[0].Err)
	}
}

// TestStatusPageIsAQuestionOfItsOwn: an endpoint with the same URL fails where
// the page is inconclusive, so neither may have the other's answer.
func TestStatusPageIsAQuestionOfItsOwn(t *testing.T) {
	f := newFactory()
	const url = "http://127.0.0.1:9/"
	c := pageAt(t, f, url)
	same, err := f.endpoints.New(&v1alpha1.Endpoint{Name: "status-page", URL: url, Timeout: "5s", HTTP: &v1alpha1.HTTPCheck{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Probe.Key() == same.Key() || !strings.HasSuffix(c.Probe.Key(), same.Key()) {
		t.Errorf("key %q, that of the endpoint is %q", c.Probe.Key(), same.Key())
	}
}
