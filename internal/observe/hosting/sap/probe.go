// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// probe asks the SAPControl of one instance.
type probe struct {
	source *Source
	// name of the instance, as messages call it.
	name    string
	url     string
	target  string
	key     string
	timeout time.Duration
	// tls is nil where plain HTTP is spoken.
	tls *endpoint.TLS
	// auth is nil if no credentials are declared.
	auth *endpoint.BasicAuth
	// account is the key of what they are tried through.
	account string
}

// Key implements observe.Probe.
func (p *probe) Key() string { return p.key }

// Target implements observe.Probe. It is not that of a check of the same port:
// who cannot connect there has found an outage, and shares it with all who wait
// for the same target, but of an instance it tells nothing.
func (p *probe) Target() string { return p.target }

// Run implements observe.Probe.
func (p *probe) Run(ctx context.Context) observe.Result {
	started := p.source.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	a := newAsking(ctx, p)
	defer a.client.end()
	facts, refusal := a.run(bounded)
	latency := p.source.clock.Since(started)
	r := observe.Result{Latency: latency, Address: a.client.address(), CertificateNotAfter: a.client.expiry()}
	r.Took[observe.StepRequest] = latency
	if refusal == nil {
		r.Outcome, r.Facts = observe.OutcomeSuccess, facts
		return r
	}
	r.Class, r.Step, r.Reason = refusal.class, refusal.step, refusal.Reason
	r.Message = endpoint.Printable(p.name+": "+refusal.Message, observe.MaxMessageLength)
	return r
}

// asking is a probe under way.
type asking struct {
	*probe
	client *client
	door   *account
	memory *memory
	// trusted: the credentials were accepted in this run.
	trusted bool
}

func newAsking(asked context.Context, p *probe) *asking {
	now := p.source.clock.Now()
	a := &asking{probe: p, client: newClient(asked, p), memory: p.source.memories.get(p.key, now)}
	if p.auth != nil {
		a.door = p.source.accounts.get(p.account, now)
	}
	return a
}

// run asks for all there is to know. The refusal says why there is nothing.
func (a *asking) run(ctx context.Context) (*Facts, *Refusal) {
	facts := &Facts{}
	// Local, quick, and without credentials: it shows whether anybody answers
	// before they are sent.
	first := a.post(ctx, GetInstanceProperties, nil)
	if first.verdict == unreachable {
		return nil, &first.refusal
	}
	if first.verdict == answered {
		// It serves to know one's own entry, and goes without saying.
		_ = facts.take(GetInstanceProperties, first.response)
	}
	for _, m := range []Method{GetProcessList, GetSystemInstanceList, HACheckConfig} {
		switch {
		case m != HACheckConfig:
		case !a.memory.offersCheck():
			continue
		case facts.Processes == nil && facts.Instances == nil:
			return nil, decisive(facts.Refused)
		}
		a.note(facts, m, a.call(ctx, m))
	}
	if facts.Processes == nil && facts.Instances == nil {
		return nil, decisive(facts.Refused)
	}
	return facts, nil
}

// decisive returns the refusal that says most.
func decisive(refused []Refusal) *Refusal {
	for i := range refused {
		if refused[i].Reason == observe.ReasonCredentialsRejected {
			return &refused[i]
		}
	}
	return &refused[0]
}

// note takes in what became of a method.
func (a *asking) note(facts *Facts, m Method, r reply) {
	if r.verdict == answered {
		bad := facts.take(m, r.response)
		if bad == nil {
			return
		}
		r = a.malformed(m, bad)
	}
	if m == HACheckConfig && r.verdict == unknownMethod {
		a.memory.noCheck()
		return
	}
	facts.Refused = append(facts.Refused, r.refusal)
}

// call calls a method, with credentials where it needs them.
func (a *asking) call(ctx context.Context, m Method) reply {
	ctx, cancel := share(ctx, m)
	defer cancel()
	if !a.memory.isProtected(m) {
		r := a.post(ctx, m, nil)
		switch {
		case r.verdict != unauthenticated && r.verdict != forbidden:
			return r
		case a.auth == nil && r.verdict == unauthenticated:
			return refused(unauthenticated, m, ReasonCredentialsRequired, "it wants a user and a password, and no Secret is declared")
		case a.auth == nil:
			return r
		}
		a.memory.protect(m)
	}
	return a.login(ctx, m)
}

// login calls a method with credentials, unless that is not to be tried.
func (a *asking) login(ctx context.Context, m Method) reply {
	began := a.source.clock.Now()
	if a.memory.isDenied(m, began) {
		return denied(m)
	}
	switch err := a.door.enter(ctx, a.source.clock, a.trusted); {
	case errors.Is(err, errRejected):
		return refused(unauthenticated, m, observe.ReasonCredentialsRejected,
			"the system rejected the credentials; they are tried again later, or when the Secret changes")
	case err != nil:
		return refused(failed, m, ReasonCredentialsUntried, "another instance is being asked with credentials that were not accepted yet")
	}
	began = a.source.clock.Now()
	r := a.post(ctx, m, a.auth)
	a.door.leave(r.verdict, began)
	switch r.verdict {
	case answered:
		a.trusted = true
		a.memory.deny(m, false, began)
	case unauthenticated:
		return refused(unauthenticated, m, observe.ReasonCredentialsRejected, "it rejected the credentials from the Secret")
	case forbidden:
		a.memory.deny(m, true, began)
		return denied(m)
	case unknownMethod, failed, unreachable:
	}
	return r
}

// denied is the reply to a user who may not call a method.
func denied(m Method) reply {
	return refused(forbidden, m, v1alpha1.ReasonForbidden, fmt.Sprintf("permission denied for %s", m))
}

// share bounds how long one method may take, so that one that hangs leaves time
// for the next.
func share(ctx context.Context, m Method) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || m == HACheckConfig {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}
