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

// Plan joins what Applications declare with how each endpoint, and each system
// that they run on, is to behave.
//
// numbers gives the number of the unit that a namespace belongs to. rows must
// name every endpoint and system on 127.0.0.1 (of dns: whose server is there),
// and nothing else; nil rows mean that all are up. What is elsewhere is left
// out: it is somebody else's. The error has all that does not fit.
func Plan(applications []v1alpha1.Application, numbers map[string]string, rows []Row) ([]Endpoint, error) {
	known, errs := byPlace(rows)
	var planned []Endpoint
	add := func(e Endpoint, row Row, err error) {
		if err == nil {
			err = e.settle(row)
		}
		if err != nil {
			errs = append(errs, err)
			return
		}
		planned = append(planned, e)
	}
	for i := range applications {
		app := &applications[i]
		at := place{unit: numbers[app.Namespace], application: app.Name}
		for j := range app.Spec.Endpoints {
			declared := &app.Spec.Endpoints[j]
			if !onLoopback(declared) {
				continue
			}
			of := at
			of.endpoint = string(declared.Name)
			row, ok := known.take(of)
			e, err := plan(app, declared, row, ok || rows == nil)
			add(e, row, err)
		}
		for _, e := range systemsOf(app) {
			of := at
			of.system = e.System.Name
			row, ok := known.take(of)
			e.Behaviour, e.Fault = row.Behaviour, row.Fault
			add(e, row, e.described(ok || rows == nil))
		}
	}
	if err := misfits(append(errs, known.unused()...)); err != nil {
		return nil, err
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
	if err := e.described(known); err != nil {
		return e, err
	}
	if err := errors.Join(servable(declared), e.time(declared)); err != nil {
		return e, fmt.Errorf("%s: %w", e, err)
	}
	return e, nil
}

// described returns the error of an endpoint of which nobody says how it behaves.
func (e *Endpoint) described(known bool) error {
	if known {
		return nil
	}
	return fmt.Errorf("%s at %s: no row says how it behaves", e, e.URL)
}

// settle has an endpoint behave as its row says, and checks that it can.
func (e *Endpoint) settle(row Row) error {
	switch row.URL {
	case "":
		e.Behaviour = Up
	case e.URL:
	default:
		return fmt.Errorf("%s: is at %s, but the Application %s/%s says %s", row.at(), row.URL, e.Namespace, e.Application, e.URL)
	}
	if _, err := locate(*e); err != nil {
		return fmt.Errorf("%s at %s: %w", e, e.URL, err)
	}
	return nil
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
