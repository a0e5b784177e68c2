// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// Plan joins what Applications declare with how each endpoint is to behave.
//
// numbers gives the number of the unit that a namespace belongs to. rows must
// name every endpoint on 127.0.0.1 (of dns: whose server is there), and nothing
// else; nil rows mean that all are up. Endpoints elsewhere are left out: they
// are somebody else's. The error has all that does not fit.
func Plan(applications []v1alpha1.Application, numbers map[string]string, rows []Row) ([]Endpoint, error) {
	type place struct{ unit, application, endpoint string }
	byPlace := map[place]Row{}
	used := map[place]bool{}
	var errs []error
	for _, r := range rows {
		p := place{r.Unit, r.Application, r.Endpoint}
		if other, ok := byPlace[p]; ok {
			errs = append(errs, fmt.Errorf("%s: stands in line %d already", r.at(), other.Line))
		}
		byPlace[p] = r
	}
	var planned []Endpoint
	for i := range applications {
		app := &applications[i]
		for j := range app.Spec.Endpoints {
			declared := &app.Spec.Endpoints[j]
			if !onLoopback(declared) {
				continue
			}
			p := place{numbers[app.Namespace], app.Name, string(declared.Name)}
			row, ok := byPlace[p]
			used[p] = true
			e, err := plan(app, declared, row, ok || rows == nil)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			planned = append(planned, e)
		}
	}
	for _, r := range rows {
		if !used[place{r.Unit, r.Application, r.Endpoint}] {
			errs = append(errs, fmt.Errorf("%s: no Application of the catalogue has it", r.at()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("the lab's table and the catalogue do not fit together:\n%w", err)
	}
	return planned, nil
}

// plan joins one endpoint with its row.
func plan(app *v1alpha1.Application, declared *v1alpha1.Endpoint, row Row, known bool) (Endpoint, error) {
	e := Endpoint{
		Namespace: app.Namespace, Application: app.Name, Name: string(declared.Name),
		URL: declared.URL, Behaviour: row.Behaviour, Fault: row.Fault,
	}
	e.take(declared)
	switch {
	case !known:
		return e, fmt.Errorf("%s at %s: no row says how it behaves", e, e.URL)
	case row.URL == "":
		e.Behaviour = Up
	case row.URL != e.URL:
		return e, fmt.Errorf("%s: is at %s, but the Application %s/%s says %s", row.at(), row.URL, e.Namespace, e.Application, e.URL)
	}
	if err := errors.Join(servable(declared), e.time(declared)); err != nil {
		return e, fmt.Errorf("%s: %w", e, err)
	}
	if _, err := locate(e); err != nil {
		return e, fmt.Errorf("%s at %s: %w", e, e.URL, err)
	}
	return e, nil
}

// take reads what is declared of protocols.
func (e *Endpoint) take(declared *v1alpha1.Endpoint) {
	if t := declared.TLS; t != nil {
		e.ServerName = t.ServerName
		e.StartTLS = schemes[schemeOf(declared)].tls == onDemand
	}
	if g := declared.GRPC; g != nil {
		e.Service = g.Service
	}
	if d := declared.DNS; d != nil {
		e.DNS = DNS{Server: d.Server, Type: string(d.RecordType), Values: d.ExpectedValues}
	}
}

// servable returns what is declared that no server of the lab would fulfil.
func servable(declared *v1alpha1.Endpoint) error {
	switch {
	case declared.LDAP != nil:
		return errors.New("declares ldap, but the lab's directories have the root DSE only, and let nobody in")
	case declared.SSH != nil:
		return errors.New("declares host keys, but the lab makes new ones each time")
	default:
		return nil
	}
}

// time reads what is declared of intervals and latencies.
func (e *Endpoint) time(declared *v1alpha1.Endpoint) error {
	interval, err := endpoint.Interval(declared)
	if err != nil {
		return err
	}
	threshold := declared.FailureThreshold
	if threshold == 0 { // in a file, before the API server has filled it in
		threshold = defaultFailureThreshold
	}
	e.Notice = time.Duration(threshold) * interval
	if e.Behaviour != Slow {
		return nil
	}
	timeout, err := endpoint.Timeout(declared)
	if err != nil {
		return err
	}
	limit, err := endpoint.MaxLatency(declared)
	if err != nil {
		return err
	}
	switch {
	case limit == 0:
		return errors.New("cannot be slow: it declares no maxLatency")
	case limit >= timeout:
		return fmt.Errorf("cannot be slow: maxLatency %s is not below the timeout %s", limit, timeout)
	}
	// Late for sure, and far from the timeout on a machine that is busy.
	e.Delay = limit + (timeout-limit)/4
	return nil
}

// defaultFailureThreshold is the one of the CustomResourceDefinition.
const defaultFailureThreshold = 3

// onLoopback is whether an endpoint is asked on 127.0.0.0/8.
func onLoopback(e *v1alpha1.Endpoint) bool {
	u, err := url.Parse(e.URL)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if schemeOf(e) == schemeDNS {
		if e.DNS == nil {
			return false
		}
		if host, _, err = net.SplitHostPort(e.DNS.Server); err != nil {
			host = e.DNS.Server
		}
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// schemeOf is the scheme of an endpoint's URL.
func schemeOf(e *v1alpha1.Endpoint) string {
	scheme, _, _ := strings.Cut(e.URL, ":")
	return strings.ToLower(scheme)
}
