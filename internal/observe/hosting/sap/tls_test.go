// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/test/servers"
)

func listenTLS(t *testing.T, handler http.Handler, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// TestTLS: whom to trust is declared, and a certificate that is not trusted is
// no failure of the instance, but is told.
func TestTLS(t *testing.T) {
	right, wrong := servers.NewAuthority(t, "right"), servers.NewAuthority(t, "wrong")
	valid := right.Issue(t, servers.Certificate{})
	ended := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	expired := right.Issue(t, servers.Certificate{NotBefore: ended.Add(-time.Hour), NotAfter: ended})
	elsewhere := right.Issue(t, servers.Certificate{Hosts: []string{"sapapp1"}})
	ca := &v1alpha1.SecretReference{Name: "ca"}
	for name, c := range map[string]struct {
		certificate tls.Certificate
		declared    v1alpha1.TLSCheck
		authority   *servers.Authority
		outcome     observe.Outcome
		reason      string
	}{
		"trusted":       {valid, v1alpha1.TLSCheck{CASecretRef: ca}, right, success, ""},
		"wrong CA":      {valid, v1alpha1.TLSCheck{CASecretRef: ca}, wrong, inconclusive, endpoint.ReasonCertificateUnknownAuthority},
		"no CA":         {valid, v1alpha1.TLSCheck{}, right, inconclusive, endpoint.ReasonCertificateUnknownAuthority},
		"expired":       {expired, v1alpha1.TLSCheck{CASecretRef: ca}, right, inconclusive, endpoint.ReasonCertificateExpired},
		"other host":    {elsewhere, v1alpha1.TLSCheck{CASecretRef: ca}, right, inconclusive, endpoint.ReasonCertificateHostMismatch},
		"server name":   {elsewhere, v1alpha1.TLSCheck{CASecretRef: ca, ServerName: "sapapp1"}, right, success, ""},
		"no matter who": {expired, v1alpha1.TLSCheck{InsecureSkipVerify: true}, right, success, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(t), system(1)
			s.Protect(string(GetProcessList))
			w.credentials("1", user, password)
			w.secret("ca", "1", map[string]string{endpoint.KeyCA: string(c.authority.PEM())})
			h := login(hostingAt(listenTLS(t, s.Instance(0), &tls.Config{Certificates: []tls.Certificate{c.certificate}})))
			h.TLS = &c.declared
			r := w.ask(h, 0)
			want(t, r, c.outcome, c.reason)
			if r.Outcome != success && (r.Step != observe.StepHandshake || !strings.HasPrefix(r.Message, "P01/00 on sapapp1: ")) {
				t.Errorf("result %+v", r)
			}
			if !r.CertificateNotAfter.Equal(c.certificate.Leaf.NotAfter) {
				t.Errorf("the certificate ends %v, not %v", c.certificate.Leaf.NotAfter, r.CertificateNotAfter)
			}
			shown, _ := s.Attempts()
			if (shown > 0) != (r.Outcome == success) {
				t.Errorf("credentials were shown %d times", shown)
			}
		})
	}
}

// TestClientCertificate: the operator identifies itself where that is declared.
func TestClientCertificate(t *testing.T) {
	authority := servers.NewAuthority(t, "all")
	w, s := newWorld(t), system(1)
	crt, key := servers.PEM(t, authority.Issue(t, servers.Certificate{Client: true}))
	w.secret("client", "1", map[string]string{endpoint.KeyCertificate: string(crt), endpoint.KeyPrivateKey: string(key)})
	w.secret("ca", "1", map[string]string{endpoint.KeyCA: string(authority.PEM())})
	h := hostingAt(listenTLS(t, s.Instance(0), &tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, servers.Certificate{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	}))
	h.TLS = &v1alpha1.TLSCheck{
		CASecretRef: &v1alpha1.SecretReference{Name: "ca"}, ClientCertificateSecretRef: &v1alpha1.SecretReference{Name: "client"},
	}
	want(t, w.ask(h, 0), success, "")
	h.TLS.ClientCertificateSecretRef = nil
	if r := w.ask(h, 0); r.Outcome != inconclusive {
		t.Errorf("result %+v", r)
	}
}

// TestPlainHTTP: a service that speaks plain HTTP where TLS is declared.
func TestPlainHTTP(t *testing.T) {
	plain := listen(t, http.NotFoundHandler())
	w := newWorld(t)
	h := hostingAt(strings.Replace(plain, "http:", "https:", 1))
	if r := w.ask(h, 0); r.Outcome != inconclusive || r.Reason != endpoint.ReasonProtocolError {
		t.Errorf("result %+v", r)
	}
}

// TestSilentHandshake: who accepts connections and says nothing.
func TestSilentHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := newWorld(t)
	h := hostingAt("https://" + l.Addr().String())
	r := w.read(h, 0, w.probeWithin(h, 0, 2*time.Second).Run(t.Context()))
	want(t, r, inconclusive, endpoint.ReasonHandshakeTimeout)
}

// TestSecretNames: each once.
func TestSecretNames(t *testing.T) {
	h := login(&v1alpha1.SAPHosting{TLS: &v1alpha1.TLSCheck{
		CASecretRef: &v1alpha1.SecretReference{Name: "ca"}, ClientCertificateSecretRef: &v1alpha1.SecretReference{Name: "login"},
	}})
	if names := strings.Join(SecretNames(h), " "); names != "login ca" {
		t.Errorf("names %q", names)
	}
	if names := SecretNames(&v1alpha1.SAPHosting{}); names != nil {
		t.Errorf("names %q", names)
	}
}
