// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// hall is slapd with and without TLS, and the authorities behind its
// certificate.
type hall struct {
	ldap, ldaps, mutual string
	// bare offers no TLS.
	bare    string
	leaf    time.Time
	secrets Secrets
}

func startHall(tb testing.TB) *hall {
	tb.Helper()
	root, clients := servers.NewAuthority(tb, "Root"), servers.NewAuthority(tb, "Clients")
	h := &hall{leaf: time.Now().Add(48 * time.Hour).Truncate(time.Second)}
	certificate := root.Issue(tb, servers.Certificate{Hosts: []string{"127.0.0.1"}, NotAfter: h.leaf})
	h.ldap, h.ldaps = servers.StartSlapd(tb, servers.Slapd{Password: hiddenValue, Certificate: &certificate})
	_, h.mutual = servers.StartSlapd(tb, servers.Slapd{Password: hiddenValue, Certificate: &certificate, ClientAuthority: clients})
	h.bare, _ = servers.StartSlapd(tb, servers.Slapd{Password: hiddenValue})
	pair := func(name string, a *servers.Authority) *corev1.Secret {
		crt, key := servers.PEM(tb, a.Issue(tb, servers.Certificate{Client: true}))
		return secretOf(name, map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)})
	}
	login := func(name, user, password string) *corev1.Secret {
		return secretOf(name, map[string]string{KeyUsername: user, KeyPassword: password})
	}
	h.secrets = secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(root.PEM())}),
		login("login", servers.SlapdUser+"\n", hiddenValue+"\n"),
		login("wrong", servers.SlapdUser, hiddenValue+"?"),
		login("stranger", "uid=nobody,"+servers.SlapdBase, hiddenValue),
		login("no-name", hiddenValue, hiddenValue),
		pair("client", clients), pair("strange-client", servers.NewAuthority(tb, "Strangers")),
	)
	return h
}

// trusting returns an endpoint that trusts the authority of a hall.
func trusting(url string) *v1alpha1.Endpoint {
	e := endpointOf(url)
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	return e
}

func TestLDAPAgainstSlapd(t *testing.T) {
	h := startHall(t)
	f := NewFactory(Options{})
	refused := inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected)
	for _, c := range []struct {
		name string
		// bind is the Secret; such cases are asked only over TLS.
		base, bind string
		want       want
		message    string
	}{
		{name: "root DSE", want: success},
		{name: "entry", base: servers.SlapdBase, want: success},
		{name: "entry written otherwise", base: "DC=Example, dc=ORG", want: success},
		{name: "no entry", base: "ou=none," + servers.SlapdBase, want: failed(observe.StepExpectation, ReasonEntryNotFound), message: "result code 32"},
		{name: "hidden entry", base: servers.SlapdHidden, want: failed(observe.StepExpectation, ReasonEntryNotFound)},
		{name: "private entry", base: servers.SlapdPrivate, want: failed(observe.StepExpectation, ReasonAccessDenied), message: "to anybody"},
		{name: "entry of unknown attribute", base: "zz=none," + servers.SlapdBase, want: failed(observe.StepExpectation, ReasonUnexpectedResult), message: "result code 34, Invalid DN Syntax): invalid DN"},
		{name: "referral in the tree", base: servers.SlapdElsewhere, want: failed(observe.StepExpectation, ReasonReferral), message: "followed: ldap://127.0.0.1:"},
		{name: "referral to itself", base: "dc=wiesbaden,dc=test", want: failed(observe.StepExpectation, ReasonReferral), message: "followed: ldap://127.0.0.1:"},

		{name: "root DSE for a user", bind: "login", want: success},
		{name: "private entry for a user", bind: "login", base: servers.SlapdPrivate, want: success},
		{name: "hidden entry for a user", bind: "login", base: servers.SlapdHidden, want: success},
		{name: "no entry for a user", bind: "login", base: "ou=none," + servers.SlapdBase, want: failed(observe.StepExpectation, ReasonEntryNotFound)},
		{name: "referral for a user", bind: "login", base: "dc=wiesbaden,dc=test", want: failed(observe.StepExpectation, ReasonReferral), message: "which is not followed."},
		{name: "wrong password", bind: "wrong", want: refused},
		{name: "unknown user", bind: "stranger", want: refused},
		{name: "name that is none", bind: "no-name", want: refused},
	} {
		for _, url := range []string{"ldap://" + h.ldap, "ldap://" + h.ldap + " TLS", "ldaps://" + h.ldaps} {
			url, startTLS := strings.CutSuffix(url, " TLS")
			tls := startTLS || strings.HasPrefix(url, "ldaps")
			if c.bind != "" && !tls {
				continue
			}
			name := c.name + " by ldap"
			if startTLS {
				name += " and STARTTLS"
			} else if tls {
				name += "s"
			}
			t.Run(name, func(t *testing.T) {
				e := endpointOf(url)
				if tls {
					e = trusting(url)
				}
				if c.base != "" || c.bind != "" {
					e.LDAP = &v1alpha1.LDAPCheck{BaseDN: c.base}
				}
				if c.bind != "" {
					e.LDAP.BindSecretRef = ref(c.bind)
				}
				r := check(t, f, e, h.secrets, c.want)
				if !strings.Contains(r.Message, c.message) {
					t.Errorf("message is %q, want %q in it", r.Message, c.message)
				}
				if r.Took[observe.StepConnect] <= 0 || r.Took[observe.StepRequest] <= 0 || tls != (r.Took[observe.StepHandshake] > 0) {
					t.Errorf("steps took %v", r.Took)
				}
				if tls != r.CertificateNotAfter.Equal(h.leaf) {
					t.Errorf("certificate ends %v", r.CertificateNotAfter)
				}
			})
		}
	}
}

func TestLDAPSecurityAgainstSlapd(t *testing.T) {
	h := startHall(t)
	f := NewFactory(Options{})
	for _, c := range []struct {
		name, url string
		edit      func(e *v1alpha1.Endpoint)
		want      want
	}{
		{"no STARTTLS", "ldap://" + h.bare, nil, failed(observe.StepHandshake, ReasonStartTLSRefused)},
		{"unknown authority after STARTTLS", "ldap://" + h.ldap, func(e *v1alpha1.Endpoint) { e.TLS.CASecretRef = nil }, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority)},
		{"unknown authority", "ldaps://" + h.ldaps, func(e *v1alpha1.Endpoint) { e.TLS = nil }, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority)},
		{"another name after STARTTLS", "ldap://" + h.ldap, func(e *v1alpha1.Endpoint) { e.TLS.ServerName = "ldap.mainz.test" }, failed(observe.StepHandshake, ReasonCertificateHostMismatch)},
		{"another name", "ldaps://" + h.ldaps, func(e *v1alpha1.Endpoint) { e.TLS.ServerName = "ldap.mainz.test" }, failed(observe.StepHandshake, ReasonCertificateHostMismatch)},
		{"ldaps at the port of ldap", "ldaps://" + h.ldap, nil, failed(observe.StepHandshake, ReasonConnectionClosed)},
		{"ldap at the port of ldaps", "ldap://" + h.ldaps, func(e *v1alpha1.Endpoint) { e.TLS = nil }, failed(observe.StepRequest, ReasonConnectionClosed)},
		// In TLS 1.3 slapd refuses a certificate without an alert.
		{"client certificate", "ldaps://" + h.mutual, func(e *v1alpha1.Endpoint) { e.TLS.ClientCertificateSecretRef = ref("client") }, success},
		{"strange client certificate", "ldaps://" + h.mutual, func(e *v1alpha1.Endpoint) { e.TLS.ClientCertificateSecretRef = ref("strange-client") }, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"no client certificate", "ldaps://" + h.mutual, nil, failed(observe.StepRequest, ReasonConnectionClosed)},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := trusting(c.url)
			if c.edit != nil {
				c.edit(e)
			}
			check(t, f, e, h.secrets, c.want)
		})
	}
}

func TestLDAPSpecErrors(t *testing.T) {
	f := NewFactory(Options{})
	secrets := secretsOf(secretOf("login", map[string]string{KeyUsername: "cn=a", KeyPassword: hiddenValue}))
	for name, c := range map[string]struct {
		url   string
		ldap  v1alpha1.LDAPCheck
		field string
	}{
		"no name":            {"ldap://a", v1alpha1.LDAPCheck{BaseDN: "Mainz"}, "ldap.baseDN"},
		"space":              {"ldap://a", v1alpha1.LDAPCheck{BaseDN: " "}, "ldap.baseDN"},
		"half a name":        {"ldaps://a", v1alpha1.LDAPCheck{BaseDN: "dc=mainz,test"}, "ldap.baseDN"},
		"broken escape":      {"ldaps://a", v1alpha1.LDAPCheck{BaseDN: `dc=mainz\`}, "ldap.baseDN"},
		"broken hexadecimal": {"ldaps://a", v1alpha1.LDAPCheck{BaseDN: "1.2=#0485"}, "ldap.baseDN"},
		"bind in the clear":  {"ldap://a", v1alpha1.LDAPCheck{BindSecretRef: ref("login")}, "ldap.bindSecretRef"},
		"path":               {"ldap://a/dc=mainz", v1alpha1.LDAPCheck{BaseDN: "dc=mainz"}, "url"},
	} {
		t.Run(name, func(t *testing.T) {
			e := endpointOf(c.url)
			e.LDAP = &c.ldap
			_, err := f.New(e, secrets)
			specError(t, err, c.field, SpecInvalid)
		})
	}
}

// TestLDAPBindNeedsBoth: without a password it would be an unauthenticated
// bind, which any server may let succeed.
func TestLDAPBindNeedsBoth(t *testing.T) {
	for name, c := range map[string]struct {
		data map[string]string
		key  string
	}{
		"no name":        {map[string]string{KeyPassword: hiddenValue}, KeyUsername},
		"empty name":     {map[string]string{KeyUsername: "\n", KeyPassword: hiddenValue}, KeyUsername},
		"no password":    {map[string]string{KeyUsername: "cn=a"}, KeyPassword},
		"empty password": {map[string]string{KeyUsername: "cn=a", KeyPassword: "\r\n"}, KeyPassword},
	} {
		t.Run(name, func(t *testing.T) {
			e := endpointOf("ldaps://a")
			e.LDAP = &v1alpha1.LDAPCheck{BindSecretRef: ref("login")}
			_, err := NewFactory(Options{}).New(e, secretsOf(secretOf("login", c.data)))
			var got *SecretError
			if !errors.As(err, &got) || got.Name != "login" || got.Key != c.key || got.Reason != SecretKeyMissing {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestLDAPKey(t *testing.T) {
	f := NewFactory(Options{})
	login := secretOf("login", map[string]string{KeyUsername: "cn=a", KeyPassword: hiddenValue})
	secrets := secretsOf(login)
	full := func() *v1alpha1.Endpoint {
		e := endpointOf("ldap://ldap.mainz.test")
		e.TLS = &v1alpha1.TLSCheck{}
		e.LDAP = &v1alpha1.LDAPCheck{BaseDN: "dc=mainz", BindSecretRef: ref("login")}
		return e
	}
	first := keyOf(t, f, full(), secrets)
	seen := map[string]string{first: "unchanged"}
	for name, edit := range map[string]func(e *v1alpha1.Endpoint){
		"entry":       func(e *v1alpha1.Endpoint) { e.LDAP.BaseDN = "dc=wiesbaden" },
		"root DSE":    func(e *v1alpha1.Endpoint) { e.LDAP.BaseDN = "" },
		"anonymous":   func(e *v1alpha1.Endpoint) { e.LDAP.BindSecretRef = nil },
		"ldaps":       func(e *v1alpha1.Endpoint) { e.URL = "ldaps://ldap.mainz.test:389" },
		"in clear":    func(e *v1alpha1.Endpoint) { e.LDAP.BindSecretRef, e.TLS = nil, nil },
		"trust":       func(e *v1alpha1.Endpoint) { e.TLS.InsecureSkipVerify = true },
		"server name": func(e *v1alpha1.Endpoint) { e.TLS.ServerName = "other" },
		"other Secret": func(e *v1alpha1.Endpoint) {
			login.ResourceVersion = "2"
			e.URL = "LDAP://ldap.mainz.test:0389"
		},
	} {
		e := full()
		edit(e)
		key := keyOf(t, f, e, secrets)
		login.ResourceVersion = "1"
		if other, ok := seen[key]; ok {
			t.Errorf("%s asks the same as %s", name, other)
		}
		seen[key] = name
	}
	same := full()
	same.URL, same.Name, same.TLS.RenewBefore = "LDAP://LDAP.mainz.test:389/", "other", "24h"
	if key := keyOf(t, f, same, secrets); key != first {
		t.Error("another way to write the same asks something else")
	}
}
