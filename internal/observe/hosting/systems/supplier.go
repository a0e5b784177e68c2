// SPDX-License-Identifier: Apache-2.0

package systems

import (
	"context"
	"net/url"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// statusPath is where a status page of Atlassian Statuspage, which most
// suppliers use, tells in JSON how things stand:
// https://developer.statuspage.io, "status.indicator" of none, minor, major or
// critical.
const statusPath = "/api/v2/status.json"

// calm is what such a page says when there is no disturbance.
const calm = `body.status.indicator == "none"`

// supplied is the check of a supplier's status page, if there is one. The page
// is no part of the service: that it does not answer says nothing of that.
func (f *Factory) supplied(h *v1alpha1.SaaSHosting, timeout time.Duration) []hosting.Check {
	if h.StatusURL == "" {
		return nil
	}
	c := hosting.Check{Name: h.Supplier, Field: "spec.hosting.saas"}
	asked := &v1alpha1.Endpoint{
		Name: "status-page", URL: string(h.StatusURL), Timeout: v1alpha1.Duration(timeout.String()), HTTP: &v1alpha1.HTTPCheck{},
	}
	tells := false
	if u, err := url.Parse(string(h.StatusURL)); err == nil && strings.HasSuffix(u.Path, statusPath) {
		tells, asked.HTTP.BodyExpression = true, calm
	}
	probe, err := f.endpoints.New(asked, nil)
	if err != nil {
		c.Err = &endpoint.SpecError{Field: "statusURL", Reason: endpoint.SpecInvalid, Detail: strings.TrimPrefix(err.Error(), "url: ")}
		return []hosting.Check{c}
	}
	c.Probe = &page{Probe: probe, supplier: h.Supplier, tells: tells}
	return []hosting.Check{c}
}

// page is the question for a status page.
type page struct {
	observe.Probe
	supplier string
	// tells: it says how things stand.
	tells bool
}

// Key identifies the question: not the one for an endpoint with the same URL,
// whose answer is worth something else.
func (p *page) Key() string { return "status page " + p.Probe.Key() }

// Run asks once. A page that does not answer is no failure.
func (p *page) Run(ctx context.Context) observe.Result {
	r := p.Probe.Run(ctx)
	switch {
	case r.Outcome != observe.OutcomeFailure:
	case p.tells && r.Reason == endpoint.ReasonBodyMismatch:
		r.Outcome, r.Class, r.Step, r.Degraded = observe.OutcomeSuccess, observe.ClassNone, observe.StepNone, true
		r.Reason = v1alpha1.ReasonSupplierReports
		r.Message = endpoint.Printable("The status page of "+p.supplier+" reports a disturbance.", observe.MaxMessageLength)
	default:
		r.Outcome = observe.OutcomeInconclusive
		r.Message = endpoint.Printable("The status page of "+p.supplier+" cannot be read: "+r.Message, observe.MaxMessageLength)
	}
	return r
}
