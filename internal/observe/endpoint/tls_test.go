// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// tlsServer speaks TLS on loopback and serves HTTP over it.
func tlsServer(t *testing.T, config *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	serveRaw(t, tls.NewListener(l, config), answers(okHead+"Content-Length: 0\r\n\r\n"))
	return address
}

func presents(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }

func TestCertificates(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	now := time.Now().Truncate(time.Second)
	soon, later, past := now.Add(12*time.Hour), now.Add(240*time.Hour), now.Add(-time.Minute)
	early := root.Intermediate(t, "Early", soon)
	ended := root.Intermediate(t, "Ended", past)
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	trusting := v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	otherName := servers.Certificate{Hosts: []string{"www.mainz.test"}, NotAfter: later}
	incomplete := early.Issue(t, servers.Certificate{NotAfter: later})
	incomplete.Certificate = incomplete.Certificate[:1]
	extra := root.Issue(t, servers.Certificate{NotAfter: later})
	extra.Certificate = append(extra.Certificate, ended.Issue(t, servers.Certificate{}).Certificate[1])

	for _, c := range []struct {
		name        string
		certificate tls.Certificate
		tls         v1alpha1.TLSCheck
		reason      string
		notAfter    time.Time
		says        string
	}{
		{"valid", root.Issue(t, servers.Certificate{NotAfter: later}), trusting, "", later, ""},
		{"intermediate that ends first", early.Issue(t, servers.Certificate{NotAfter: later}), trusting, "", soon, ""},
		{"ended one that is not needed", extra, trusting, "", later, ""},
		{"other name that is asked for", root.Issue(t, otherName), v1alpha1.TLSCheck{CASecretRef: ref("ca"), ServerName: "www.Mainz.test"}, "", later, ""},

		{"expired", root.Issue(t, servers.Certificate{NotAfter: past}), trusting, ReasonCertificateExpired, past, "The certificate expired at " + past.UTC().Format(time.RFC3339)},
		{"expired intermediate", ended.Issue(t, servers.Certificate{NotAfter: later}), trusting, ReasonCertificateExpired, past, "An intermediate certificate expired"},
		{"not yet valid", root.Issue(t, servers.Certificate{NotBefore: soon, NotAfter: later}), trusting, ReasonCertificateNotYetValid, later, "not valid before " + soon.UTC().Format(time.RFC3339)},
		{"other host", root.Issue(t, otherName), trusting, ReasonCertificateHostMismatch, later, "valid for www.mainz.test, not for 127.0.0.1"},
		{"self-signed", servers.SelfSigned(t, servers.Certificate{NotAfter: later}), trusting, ReasonCertificateSelfSigned, later, "signed by itself"},
		{"unknown authority", servers.NewAuthority(t, "Stranger").Issue(t, servers.Certificate{NotAfter: later}), trusting, ReasonCertificateUnknownAuthority, later, "which Stranger issued"},
		{"not one of the image's", root.Issue(t, servers.Certificate{NotAfter: later}), v1alpha1.TLSCheck{}, ReasonCertificateUnknownAuthority, later, "which Root issued"},
		{"without its intermediate", incomplete, trusting, ReasonCertificateUnknownAuthority, later, "which Early issued"},
		{"for clients", root.Issue(t, servers.Certificate{Client: true, NotAfter: later}), trusting, ReasonCertificateInvalid, later, "The certificate is invalid: "},

		{"expired, not verified", root.Issue(t, servers.Certificate{NotAfter: past}), v1alpha1.TLSCheck{InsecureSkipVerify: true}, "", past, ""},
		{"self-signed, not verified", servers.SelfSigned(t, servers.Certificate{NotAfter: later}), v1alpha1.TLSCheck{InsecureSkipVerify: true}, "", later, ""},
		{"intermediate that ends first, not verified", early.Issue(t, servers.Certificate{NotAfter: later}), v1alpha1.TLSCheck{InsecureSkipVerify: true}, "", soon, ""},
	} {
		address := tlsServer(t, presents(c.certificate))
		for _, scheme := range []string{"tls", "https"} {
			t.Run(scheme+" "+c.name, func(t *testing.T) {
				e := endpointOf(scheme + "://" + address)
				e.TLS = &c.tls
				w := success
				if c.reason != "" {
					w = failed(observe.StepHandshake, c.reason)
				}
				r := check(t, NewFactory(Options{}), e, secrets, w)
				if !r.CertificateNotAfter.Equal(c.notAfter) {
					t.Errorf("certificate ends %v, want %v", r.CertificateNotAfter, c.notAfter)
				}
				if !strings.Contains(r.Message, c.says) {
					t.Errorf("message is %q, want %q in it", r.Message, c.says)
				}
			})
		}
	}
}

// TestLongestChainCounts: a client that has one chain that lasts is served.
func TestLongestChainCounts(t *testing.T) {
	now := time.Now()
	c := func(days int) *x509.Certificate {
		return &x509.Certificate{NotAfter: now.AddDate(0, 0, days)}
	}
	verified := [][]*x509.Certificate{{c(90), c(10), c(1)}, {c(90), c(30), c(2)}, {c(90), c(20), c(3)}}
	if got := chainExpiry(verified, nil); !got.Equal(now.AddDate(0, 0, 30)) {
		t.Errorf("chain ends %v", got)
	}
	if got := chainExpiry([][]*x509.Certificate{{c(5)}}, nil); !got.Equal(now.AddDate(0, 0, 5)) {
		t.Errorf("a trusted leaf ends %v", got)
	}
	if got := chainExpiry(nil, nil); !got.IsZero() {
		t.Errorf("no certificate ends %v", got)
	}
}

// TestCertificateIsReadAfresh: a renewed certificate shows in the next check,
// although the server would resume the session of the one before.
func TestCertificateIsReadAfresh(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	now := time.Now().Truncate(time.Second)
	first, second := root.Issue(t, servers.Certificate{NotAfter: now.Add(time.Hour)}), root.Issue(t, servers.Certificate{NotAfter: now.Add(2 * time.Hour)})
	current := make(chan *tls.Certificate, 2)
	current <- &first
	current <- &second
	address := tlsServer(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return <-current, nil }})
	e := endpointOf("https://" + address)
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	p, err := NewFactory(Options{}).New(e, secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())})))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []tls.Certificate{first, second} {
		if r := checkProbe(t, p, success); !r.CertificateNotAfter.Equal(c.Leaf.NotAfter) {
			t.Errorf("certificate ends %v, want %v", r.CertificateNotAfter, c.Leaf.NotAfter)
		}
	}
}

// TestClockJudgesCertificates: the injected clock, not the machine's.
func TestClockJudgesCertificates(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	address := tlsServer(t, presents(root.Issue(t, servers.Certificate{})))
	e := endpointOf("tls://" + address)
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	f := NewFactory(Options{Clock: clocktesting.NewFakePassiveClock(time.Now().Add(36 * time.Hour))})
	check(t, f, e, secrets, failed(observe.StepHandshake, ReasonCertificateExpired))
}

// TestClientCertificates: in TLS 1.3 a server looks at the client's
// certificate only when the client believes to be done, in 1.2 before.
func TestClientCertificates(t *testing.T) {
	root, clients := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Clients")
	pair := func(name string, c tls.Certificate) map[string]string {
		crt, key := servers.PEM(t, c)
		return map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)}
	}
	secrets := secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(root.PEM())}),
		secretOf("known", pair("known", clients.Issue(t, servers.Certificate{Client: true}))),
		secretOf("stranger", pair("stranger", root.Issue(t, servers.Certificate{Client: true}))),
	)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := presents(root.Issue(t, servers.Certificate{}))
		config.ClientAuth, config.ClientCAs, config.MaxVersion = tls.RequireAndVerifyClientCert, clients.Pool(), version
		address := tlsServer(t, config)
		for _, c := range []struct {
			client string
			want   want
		}{
			{"known", success},
			{"stranger", want{outcome: observe.OutcomeInconclusive, reason: ReasonCredentialsRejected}},
			{"", want{outcome: observe.OutcomeFailure, class: observe.ClassTarget, reason: ReasonHandshakeFailed}},
		} {
			for _, scheme := range []string{"tls", "https"} {
				t.Run(tls.VersionName(version)+" "+scheme+" "+c.client, func(t *testing.T) {
					e := endpointOf(scheme + "://" + address)
					e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
					if c.client != "" {
						e.TLS.ClientCertificateSecretRef = ref(c.client)
					}
					w := c.want
					if w.reason != "" {
						w.step = observe.StepHandshake
					}
					check(t, NewFactory(Options{}), e, secrets, w)
				})
			}
		}
	}
}

func TestHostileTLS(t *testing.T) {
	f := NewFactory(Options{})
	handshake := func(reason string) want { return failed(observe.StepHandshake, reason) }
	old := presents(servers.SelfSigned(t, servers.Certificate{}))
	old.MaxVersion = tls.VersionTLS11
	mailOnly := presents(servers.SelfSigned(t, servers.Certificate{}))
	mailOnly.NextProtos = []string{"imap"}
	for _, c := range []struct {
		name  string
		serve func(conn net.Conn)
		want  want
	}{
		{"never answers", silence, handshake(ReasonHandshakeTimeout)},
		{"closes at once", func(net.Conn) {}, handshake(ReasonConnectionClosed)},
		{"plain HTTP", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); silence(c) }, handshake(ReasonProtocolError)},
		{"mail", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.mainz.test ESMTP\r\n"); silence(c) }, handshake(ReasonProtocolError)},
		{"garbage without end", func(c net.Conn) {
			for err := error(nil); err == nil; {
				_, err = c.Write([]byte("\x16\x03\x03\x40\x00\xff\xff\xff"))
			}
		}, handshake(ReasonHandshakeFailed)},
		{"too old a version", func(c net.Conn) { _ = tls.Server(c, old).Handshake(); silence(c) }, handshake(ReasonHandshakeFailed)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, scheme := range []string{"tls", "https"} {
				e := endpointOf(scheme + "://" + rawServer(t, c.serve))
				if c.want.reason == ReasonHandshakeTimeout {
					e.Timeout = "200ms"
				}
				check(t, f, e, nil, c.want)
			}
		})
	}
	t.Run("another application protocol", func(t *testing.T) {
		e := endpointOf("https://" + rawServer(t, func(c net.Conn) { _ = tls.Server(c, mailOnly).Handshake(); silence(c) }))
		e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
		r := check(t, f, e, nil, handshake(ReasonHandshakeFailed))
		if !strings.Contains(r.Message, "no application protocol") {
			t.Errorf("message is %q", r.Message)
		}
	})
}

// TestSilentAfterCertificateRequest: a server that asked for a certificate and
// then says nothing is not a failure, and not waited for to the end.
func TestSilentAfterCertificateRequest(t *testing.T) {
	config := presents(servers.SelfSigned(t, servers.Certificate{}))
	config.ClientAuth = tls.RequestClientCert
	e := endpointOf("tls://" + rawServer(t, func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			silence(c)
		}
	}))
	e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
	if r := check(t, NewFactory(Options{}), e, nil, success); r.Latency > 5*time.Second {
		t.Errorf("the check took %v", r.Latency)
	}
}

// TestKeyExchange: Go's default key exchange is offered, the hybrid one first.
func TestKeyExchange(t *testing.T) {
	offered := make(chan []tls.CurveID, 1)
	certificate := servers.SelfSigned(t, servers.Certificate{})
	address := tlsServer(t, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		offered <- h.SupportedCurves
		return presents(certificate), nil
	}})
	e := endpointOf("tls://" + address)
	e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
	p, err := NewFactory(Options{}).New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, p.Run(context.Background()))
	if curves := <-offered; len(curves) == 0 || curves[0] != tls.X25519MLKEM768 {
		t.Errorf("offered %v", curves)
	}
}
