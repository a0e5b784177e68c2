// SPDX-License-Identifier: Apache-2.0

package systems

import (
	"context"
	"errors"
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

// calm is what such a page says when there is no disturbance, and disturbed when
// there is one, or maintenance. A page of another shape says neither.
const (
	calm      = `body.status.indicator == "none"`
	disturbed = `body.status.indicator in ["minor", "major", "critical", "maintenance"]`
)

// supplied is the check of a supplier's status page, if there is one. The page
// is no part of the service: that it does not answer says nothing of that.
func (f *Factory) supplied(h *v1alpha1.SaaSHosting, timeout time.Duration) []hosting.Check {
	if h.StatusURL == "" {
		return nil
	}
	c := hosting.Check{Name: h.Supplier, Field: "spec.hosting.saas"}
	p := &page{supplier: h.Supplier}
	if c.Err = f.ask(p, string(h.StatusURL), timeout); c.Err == nil {
		c.Probe = p
	}
	return []hosting.Check{c}
}

// ask has a page asked at a URL. The error is a *endpoint.SpecError.
func (f *Factory) ask(p *page, at string, timeout time.Duration) error {
	expressions := []string{""}
	if u, err := url.Parse(at); err == nil && strings.HasSuffix(u.Path, statusPath) {
		// Both may have to be asked, one after the other.
		expressions, timeout = []string{calm, disturbed}, timeout/2
	}
	var probes []observe.Probe
	for _, expression := range expressions {
		probe, err := f.endpoints.New(&v1alpha1.Endpoint{
			Name: "status-page", URL: at, Timeout: v1alpha1.Duration(timeout.String()),
			HTTP: &v1alpha1.HTTPCheck{BodyExpression: expression},
		}, nil)
		if err != nil {
			told := &endpoint.SpecError{Field: "statusURL", Reason: endpoint.SpecInvalid, Detail: strings.TrimPrefix(err.Error(), "url: ")}
			if spec, ok := errors.AsType[*endpoint.SpecError](err); ok {
				told.Reason = spec.Reason
			}
			return told
		}
		probes = append(probes, probe)
	}
	p.Probe = probes[0]
	if len(probes) > 1 {
		p.disturbed = probes[1]
	}
	return nil
}

// page is the question for a status page.
type page struct {
	observe.Probe
	supplier string
	// disturbed asks whether there is a disturbance; nil if the page does not
	// tell how things stand.
	disturbed observe.Probe
}

// Key identifies the question: not the one for an endpoint with the same URL,
// whose answer is worth something else.
func (p *page) Key() string { return "status page " + p.Probe.Key() }

// Run asks, a second time only if things are not calm. A page that does not
// answer, or with something else, is no failure.
func (p *page) Run(ctx context.Context) observe.Result {
	r := p.Probe.Run(ctx)
	if r.Outcome != observe.OutcomeFailure {
		return r
	}
	if p.disturbed != nil && r.Reason == endpoint.ReasonBodyMismatch {
		r = p.disturbed.Run(ctx)
		if r.Outcome == observe.OutcomeSuccess {
			r.Degraded, r.Reason = true, v1alpha1.ReasonSupplierReports
			r.Message = endpoint.Printable("The status page of "+p.supplier+" reports a disturbance.", observe.MaxMessageLength)
			return r
		}
		if r.Reason == endpoint.ReasonBodyMismatch {
			r.Message = "It does not tell status.indicator as none, minor, major or critical."
		}
	}
	r.Outcome = observe.OutcomeInconclusive
	r.Message = endpoint.Printable("The status page of "+p.supplier+" cannot be read: "+r.Message, observe.MaxMessageLength)
	return r
}
