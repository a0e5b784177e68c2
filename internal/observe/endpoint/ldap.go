// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/go-ldap/ldap/v3"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// ldapProbe asks a directory for one entry, its root DSE unless the endpoint
// names another, anonymously or after a simple bind.
type ldapProbe struct {
	common
	tls tlsSettings
	// startTLS: TLS is asked for on a connection that begins without.
	startTLS bool
	// baseDN of the entry; empty means the root DSE (RFC 4512, section 5.1).
	baseDN string
	// bind is who reads; nil means anybody.
	bind *ldapBind
}

// ldapBind is a name and its password. Neither is empty.
type ldapBind struct{ name, password string }

func (f *Factory) newLDAP(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	p := &ldapProbe{common: base, startTLS: base.target.scheme == schemeLDAP && e.TLS != nil}
	var err error
	if e.LDAP != nil {
		if err = p.declare(e.LDAP, secrets, q); err != nil {
			return nil, err
		}
	}
	q.add("ldap", p.baseDN, strconv.FormatBool(p.startTLS))
	if p.encrypted() {
		if p.tls, err = f.newTLSSettings(e.TLS, secrets, q); err != nil {
			return nil, err
		}
	}
	p.key = q.key()
	return p, nil
}

func (p *ldapProbe) encrypted() bool { return p.startTLS || p.target.scheme == schemeLDAPS }

// declare takes in what an endpoint says.
func (p *ldapProbe) declare(c *v1alpha1.LDAPCheck, secrets *secretReader, q *question) error {
	if c.BaseDN != "" {
		if dn, err := ldap.ParseDN(c.BaseDN); err != nil || len(dn.RDNs) == 0 {
			return invalid("ldap.baseDN", "%q is no distinguished name such as dc=example,dc=org", c.BaseDN)
		}
		p.baseDN = c.BaseDN
	}
	ref := c.BindSecretRef
	if ref == nil {
		return nil
	}
	if !p.encrypted() {
		return invalid("ldap.bindSecretRef", "would send a password in the clear: use an ldaps url, or tls for STARTTLS")
	}
	s, err := secrets.get(ref.Name)
	if err != nil {
		return err
	}
	// A bind with a name and no password would be an unauthenticated one, which
	// succeeds and proves nothing (RFC 4513, section 5.1.2).
	bind := &ldapBind{}
	if bind.name, err = textOf(s, ref.Name, KeyUsername); err != nil {
		return err
	}
	if bind.password, err = textOf(s, ref.Name, KeyPassword); err != nil {
		return err
	}
	q.addSecret("bind", s)
	p.bind = bind
	return nil
}

// Run implements observe.Probe.
func (p *ldapProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.ask(r), p.maxLatency)
}

func (p *ldapProbe) ask(r *run) *fault {
	conn, f := r.connect(&p.target)
	if f != nil {
		return f
	}
	defer r.guard(conn)()
	if conn, f = p.protect(r, conn); f != nil {
		return f
	}
	r.enter(observe.StepRequest)
	d := openDirectory(conn)
	defer d.leave()
	f = p.read(r, d)
	r.conclude()
	return f
}

// protect returns the connection to speak LDAP on, which is encrypted if the
// endpoint wants that.
func (p *ldapProbe) protect(r *run, conn net.Conn) (net.Conn, *fault) {
	if !p.encrypted() {
		return conn, nil
	}
	if p.startTLS {
		if f := r.startLDAPTLS(conn); f != nil {
			return nil, f
		}
	}
	s, f := r.secure(conn, &p.tls, p.target.host, true)
	if f != nil {
		return nil, f
	}
	return s, nil
}

// read asks for the entry and judges the answer.
func (p *ldapProbe) read(r *run, d *directory) *fault {
	if p.bind != nil {
		if err := d.client.Bind(p.bind.name, p.bind.password); err != nil {
			return p.bindFault(r, d, err)
		}
	}
	result, err := d.client.Search(p.request())
	return p.judge(r, d, result, err)
}

// request returns the search for the entry itself, without its attributes
// ("1.1", RFC 4511, section 4.5.1.8) or, of the root DSE, with two.
func (p *ldapProbe) request() *ldap.SearchRequest {
	attributes := []string{"1.1"}
	if p.baseDN == "" {
		attributes = []string{"namingContexts", "supportedLDAPVersion"}
	}
	// Whole seconds are the only unit: somewhat longer than the check waits.
	seconds := int((p.timeout + time.Second - 1) / time.Second)
	return &ldap.SearchRequest{
		BaseDN: p.baseDN, Scope: ldap.ScopeBaseObject, DerefAliases: ldap.NeverDerefAliases,
		SizeLimit: 1, EnforceSizeLimit: true, TimeLimit: seconds,
		Filter: "(objectClass=*)", Attributes: attributes,
	}
}
