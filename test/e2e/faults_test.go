// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/test/servers"
)

// fault is an endpoint that is not well in a way of its own.
type fault struct {
	name string
	// state and reasons, one of which the status must give.
	state   v1alpha1.ComponentState
	reasons []string
	// step is the word with which the message must begin.
	step string
	e    v1alpha1.Endpoint
}

// certificateFaults are servers whose certificate is no good, and one whose
// certificate is.
func certificateFaults(t *testing.T, authority *servers.Authority) []fault {
	t.Helper()
	at := func(c tls.Certificate) string { return startHTTP(t, freeAddress(t), answers("ok"), c).address }
	expired := at(authority.Issue(t, servers.Certificate{NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}))
	elsewhere := at(authority.Issue(t, servers.Certificate{Hosts: []string{"elsewhere.mainz.test"}}))
	self := at(servers.SelfSigned(t, servers.Certificate{}))
	good := at(authority.Issue(t, servers.Certificate{}))
	trust := &v1alpha1.TLSCheck{CASecretRef: &v1alpha1.SecretReference{Name: "authority"}}
	const down, step = v1alpha1.ComponentDown, "handshake"
	return []fault{
		{"expired", down, []string{endpoint.ReasonCertificateExpired}, step, v1alpha1.Endpoint{URL: "https://" + expired, TLS: trust}},
		{"expired-tls", down, []string{endpoint.ReasonCertificateExpired}, step, v1alpha1.Endpoint{URL: "tls://" + expired, TLS: trust}},
		{"other-host", down, []string{endpoint.ReasonCertificateHostMismatch}, step, v1alpha1.Endpoint{URL: "https://" + elsewhere, TLS: trust}},
		{"self-signed", down, []string{endpoint.ReasonCertificateSelfSigned}, step, v1alpha1.Endpoint{URL: "https://" + self}},
		{"unknown-authority", down, []string{endpoint.ReasonCertificateUnknownAuthority}, step, v1alpha1.Endpoint{URL: "https://" + good}},
		{"good", v1alpha1.ComponentUp, []string{""}, "", v1alpha1.Endpoint{URL: "https://" + good, TLS: trust}},
	}
}

// serverFaults are servers that mean no good.
func serverFaults(t *testing.T) []fault {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for line := []byte(strings.Repeat("x", 32<<10)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/trickle", func(w http.ResponseWriter, r *http.Request) {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-again.C:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/pool", http.StatusFound) })
	mux.HandleFunc("/pool", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.Handle("/other", answers("Wartungsarbeiten"))
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	web := "http://" + startHTTP(t, freeAddress(t), mux).address
	mute := startTCP(t, freeAddress(t), hang).address
	babble := startTCP(t, freeAddress(t), func(c net.Conn) { greet(c); hang(c) }).address
	nobody := freeAddress(t)
	const down, request, expectation = v1alpha1.ComponentDown, "request", "expectation"
	resolver := []string{endpoint.ReasonHostNotFound, endpoint.ReasonResolverFailed, endpoint.ReasonResolverUnreachable}
	return []fault{
		{
			"endless-json", down,
			[]string{endpoint.ReasonBodyTooLarge},
			expectation,
			v1alpha1.Endpoint{URL: web + "/endless", HTTP: &v1alpha1.HTTPCheck{BodyExpression: `body.status == "UP"`}},
		},
		{
			"endless-text", down,
			[]string{endpoint.ReasonBodyMismatch},
			expectation,
			v1alpha1.Endpoint{URL: web + "/endless", HTTP: &v1alpha1.HTTPCheck{BodyPattern: "ok"}},
		},
		{
			"endless-slow", down,
			[]string{endpoint.ReasonResponseTimeout},
			request,
			v1alpha1.Endpoint{URL: web + "/trickle", HTTP: &v1alpha1.HTTPCheck{BodyPattern: "ok"}},
		},
		{
			"redirect-loop", down,
			[]string{endpoint.ReasonRedirectLoop},
			request,
			v1alpha1.Endpoint{URL: web + "/loop", HTTP: &v1alpha1.HTTPCheck{FollowRedirects: true}},
		},
		{"status", down, []string{endpoint.ReasonUnexpectedStatus}, expectation, v1alpha1.Endpoint{URL: web + "/broken"}},
		{
			"body", down,
			[]string{endpoint.ReasonBodyMismatch},
			expectation,
			v1alpha1.Endpoint{URL: web + "/other", HTTP: &v1alpha1.HTTPCheck{BodyPattern: "ok"}},
		},
		{"silent-http", down, []string{endpoint.ReasonResponseTimeout}, request, v1alpha1.Endpoint{URL: web + "/silent"}},
		{"silent-tls", down, []string{endpoint.ReasonHandshakeTimeout}, "handshake", v1alpha1.Endpoint{URL: "tls://" + mute}},
		{"no-http", down, []string{endpoint.ReasonProtocolError}, request, v1alpha1.Endpoint{URL: "http://" + babble}},
		{"refused", down, []string{endpoint.ReasonConnectionRefused}, "connect", v1alpha1.Endpoint{URL: "tcp://" + nobody}},
		// A label of a name has at most 63 letters, so nobody needs to be asked.
		{"no-such-name", down, []string{endpoint.ReasonHostNotFound}, "resolve", v1alpha1.Endpoint{URL: "http://" + strings.Repeat("x", 64) + ".mainz.invalid/"}},
		// This one is asked for. A machine may have no name server to ask, or
		// one that cannot tell: then nobody looked.
		{"unresolved", "", resolver, "resolve", v1alpha1.Endpoint{URL: "http://portal.mainz.invalid/"}},
	}
}

// Each way to be not well has a reason of its own in the status, and says at
// which step.
func testFaults(t *testing.T, p *plane) {
	const namespace = "faults"
	p.newNamespace(namespace, "kdz-16")
	apps := p.lookAtApplications(namespace)
	authority := servers.NewAuthority(t, "Root")
	p.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "authority", Labels: map[string]string{v1alpha1.LabelProbe: "true"}},
		Data:       map[string][]byte{"ca.crt": authority.PEM()},
	})
	all := append(certificateFaults(t, authority), serverFaults(t)...)
	for _, f := range all {
		e := f.e
		e.Name, e.Interval, e.FailureThreshold = "web", "5s", 1
		p.create(newApplication(namespace, f.name, "kdz-16", e))
	}
	for _, f := range all {
		s := apps.await(0, settleWithin, f.name, fmt.Sprintf("judged as %v", f.reasons), func(a *v1alpha1.Application) string {
			if len(a.Status.Endpoints) != 1 {
				return describe(a)
			}
			e := a.Status.Endpoints[0]
			if f.state == "" {
				// Down if a name server said so, Unknown if none could be asked.
				if e.State == v1alpha1.ComponentDown || e.State == v1alpha1.ComponentUnknown {
					return endpointIs("web", e.State, f.reasons...)(a)
				}
				return describe(a)
			}
			return endpointIs("web", f.state, f.reasons...)(a)
		})
		e := s.object.Status.Endpoints[0]
		if !strings.HasPrefix(e.Message, f.step) || (f.step != "") != (e.Message != "") {
			t.Errorf("%s: the message %q does not begin with the step %q", f.name, e.Message, f.step)
		}
		if strings.HasPrefix(f.e.URL, "https://") != (e.CertificateNotAfter != nil) && f.name != "expired-tls" {
			t.Errorf("%s: the certificate ends at %v", f.name, e.CertificateNotAfter)
		}
		t.Logf("%-18s %-8s %-28s %s", f.name, e.State, e.Reason, e.Message)
	}
}
