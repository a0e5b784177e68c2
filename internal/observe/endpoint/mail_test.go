// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// TestMailServers asks real servers, in all ways in which they can be secured.
func TestMailServers(t *testing.T) {
	root, stranger := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Stranger")
	until := time.Now().Add(12 * time.Hour).Truncate(time.Second)
	certificate := root.Issue(t, servers.Certificate{NotAfter: until})
	secrets := secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(root.PEM())}), secretOf("stranger", map[string]string{KeyCA: string(stranger.PEM())}),
	)
	trusting := &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	for scheme, start := range map[string]func(testing.TB, tls.Certificate) servers.MailServer{
		schemeSMTP: servers.StartSMTP, schemeIMAP: servers.StartIMAP,
	} {
		server := start(t, certificate)
		for _, c := range []struct {
			name    string
			scheme  string
			address string
			tls     *v1alpha1.TLSCheck
			want    want
			seen    bool
		}{
			{"in the clear", scheme, server.Clear, nil, success, false},
			{"in the clear, STARTTLS offered", scheme, server.StartTLS, nil, success, false},
			{"STARTTLS", scheme, server.StartTLS, trusting, success, true},
			{"STARTTLS, not verified", scheme, server.StartTLS, &v1alpha1.TLSCheck{InsecureSkipVerify: true}, success, true},
			{"STARTTLS, image's authorities", scheme, server.StartTLS, &v1alpha1.TLSCheck{}, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority), true},
			{"STARTTLS, other authority", scheme, server.StartTLS, &v1alpha1.TLSCheck{CASecretRef: ref("stranger")}, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority), true},
			{
				"STARTTLS, other name", scheme, server.StartTLS, &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ServerName: "mail.mainz.test"},
				failed(observe.StepHandshake, ReasonCertificateHostMismatch), true,
			},
			{"STARTTLS, not offered", scheme, server.Clear, trusting, failed(observe.StepRequest, ReasonStartTLSNotOffered), false},
			{"TLS", scheme + "s", server.TLS, trusting, success, true},
			{"TLS, image's authorities", scheme + "s", server.TLS, nil, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority), true},
			{"TLS, in the clear", scheme + "s", server.StartTLS, trusting, failed(observe.StepHandshake, ReasonProtocolError), false},
			{"in the clear, TLS", scheme, server.TLS, nil, failed(observe.StepRequest, ReasonGreetingTimeout), false},
			{"STARTTLS, TLS", scheme, server.TLS, trusting, failed(observe.StepRequest, ReasonGreetingTimeout), false},
		} {
			t.Run(scheme+" "+c.name, func(t *testing.T) {
				e := endpointOf(c.scheme + "://" + c.address)
				e.TLS = c.tls
				if c.want.reason == ReasonGreetingTimeout {
					e.Timeout = "200ms"
				}
				r := check(t, NewFactory(Options{}), e, secrets, c.want)
				if !c.seen && !r.CertificateNotAfter.IsZero() || c.seen && !r.CertificateNotAfter.Equal(until) {
					t.Errorf("certificate ends %v", r.CertificateNotAfter)
				}
				if c.want.reason == ReasonProtocolError && !strings.Contains(r.Message, "answered in plain "+strings.ToUpper(scheme)) {
					t.Errorf("message is %q", r.Message)
				}
			})
		}
	}
}

// script is a mail server that says what a test wants.
type script struct {
	greeting string
	// replies by the verb of a command, TAG in them stands for its tag. Those
	// with "TLS " before the verb are for after the handshake. A command
	// without reply, or with an empty one, ends the conversation.
	replies map[string]string
	// tls is for the handshake, from the beginning or after STARTTLS.
	tls      *tls.Config
	implicit bool
}

func smtpScript(edits ...string) script {
	return newScript("220 mail.mainz.test ESMTP\r\n", edits, map[string]string{
		"EHLO": "250-mail.mainz.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "TLS EHLO": "250 mail.mainz.test\r\n",
		"STARTTLS": "220 go ahead\r\n", "QUIT": "221 bye\r\n",
	})
}

func imapScript(edits ...string) script {
	return newScript("* OK ready\r\n", edits, map[string]string{
		"CAPABILITY":     "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nTAG OK done\r\n",
		"TLS CAPABILITY": "* CAPABILITY IMAP4rev2\r\nTAG OK done\r\n",
		"STARTTLS":       "TAG OK go ahead\r\n", "LOGOUT": "* BYE bye\r\nTAG OK done\r\n",
	})
}

// newScript replaces replies; edits are verbs and replies in turn, "" is the
// verb of the greeting.
func newScript(greeting string, edits []string, replies map[string]string) script {
	s := script{greeting: greeting, replies: replies}
	for pair := range slices.Chunk(edits, 2) {
		if pair[0] == "" {
			s.greeting = pair[1]
			continue
		}
		s.replies[pair[0]] = pair[1]
	}
	return s
}

func (s script) securedBy(c tls.Certificate) script {
	s.tls = presents(c)
	return s
}

// start returns the server's address, and what returns the verbs that it heard.
func (s script) start(t *testing.T) (address string, heard func() []string) {
	t.Helper()
	var (
		mu    sync.Mutex
		verbs []string
	)
	replies := maps.Clone(s.replies)
	address = rawServer(t, func(conn net.Conn) {
		before := ""
		if s.implicit {
			conn, before = tls.Server(conn, s.tls), "TLS "
		}
		_, err := io.WriteString(conn, s.greeting)
		in := bufio.NewReader(conn)
		for err == nil {
			var line string
			if line, err = in.ReadString('\n'); err != nil || !strings.HasSuffix(line, "\r\n") {
				return
			}
			words := strings.Fields(line)
			tag, verb := words[0], words[0]
			if _, known := replies["CAPABILITY"]; known {
				verb = words[1]
			}
			mu.Lock()
			verbs = append(verbs, before+verb)
			mu.Unlock()
			reply, ok := replies[before+verb]
			if !ok {
				reply, ok = replies[verb]
			}
			if !ok || reply == "" {
				return
			}
			if _, err = io.WriteString(conn, strings.ReplaceAll(reply, "TAG", tag)); verb == "QUIT" || verb == "LOGOUT" {
				return
			}
			if verb == "STARTTLS" && s.tls != nil {
				conn, before = tls.Server(conn, s.tls), "TLS "
				in.Reset(conn)
			}
		}
	})
	return address, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(verbs)
	}
}

// mailCase is a conversation and what comes of it.
type mailCase struct {
	name   string
	script script
	// tls: the endpoint declares it.
	tls  bool
	want want
	// says is in the message.
	says string
	// heard by the server; nil means that it does not matter.
	heard []string
}

func runMailCases(t *testing.T, scheme string, cases []mailCase) {
	t.Helper()
	f := NewFactory(Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address, heard := c.script.start(t)
			e := endpointOf(scheme + "://" + address)
			if c.tls {
				e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
			}
			r := check(t, f, e, nil, c.want)
			if !strings.Contains(r.Message, c.says) {
				t.Errorf("message is %q, want %q in it", r.Message, c.says)
			}
			if got := heard(); c.heard != nil && !slices.Equal(got, c.heard) {
				t.Errorf("the server heard %q, want %q", got, c.heard)
			}
		})
	}
}

// TestMailClientCertificate: one that is refused says nothing about the server,
// whenever the refusal comes, and what the server says after it is not quoted.
func TestMailClientCertificate(t *testing.T) {
	root, stranger := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Stranger")
	secret := func(name string, a *servers.Authority) (crt, key []byte) {
		return servers.PEM(t, a.Issue(t, servers.Certificate{Name: name, Client: true}))
	}
	knownCrt, knownKey := secret("known", root)
	otherCrt, otherKey := secret("other", stranger)
	secrets := secretsOf(
		secretOf("known", map[string]string{KeyCertificate: string(knownCrt), KeyPrivateKey: string(knownKey)}),
		secretOf("other", map[string]string{KeyCertificate: string(otherCrt), KeyPrivateKey: string(otherKey)}),
	)
	rejected := inconclusive(observe.ClassNone, observe.StepHandshake, ReasonCredentialsRejected)
	refused := failed(observe.StepRequest, ReasonServiceRefused)
	for _, c := range []struct {
		name, scheme, client string
		script               script
		want                 want
	}{
		{"accepted", schemeSMTP, "known", smtpScript(), success},
		{"accepted", schemeIMAP, "known", imapScript(), success},
		{"refused", schemeSMTP, "other", smtpScript(), rejected},
		{"refused", schemeIMAP, "other", imapScript(), rejected},
		{"refused", schemeSMTPS, "other", smtpScript(), rejected},
		{"refused", schemeIMAPS, "other", imapScript(), rejected},
		{"served by nobody", schemeSMTP, "known", smtpScript("TLS EHLO", "554 not for "+hiddenValue+"\r\n"), refused},
		{"served by nobody", schemeSMTPS, "known", smtpScript("", "554 not for "+hiddenValue+"\r\n"), refused},
		{"served by nobody", schemeIMAPS, "known", imapScript("", "* BYE not for "+hiddenValue+"\r\n"), refused},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(c.scheme+" "+c.name+" "+tls.VersionName(version), func(t *testing.T) {
				s := c.script.securedBy(root.Issue(t, servers.Certificate{}))
				s.implicit = strings.HasSuffix(c.scheme, "s")
				s.tls.ClientAuth, s.tls.ClientCAs, s.tls.MaxVersion = tls.RequireAndVerifyClientCert, root.Pool(), version
				address, _ := s.start(t)
				e := endpointOf(c.scheme + "://" + address)
				e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true, ClientCertificateSecretRef: ref(c.client)}
				check(t, NewFactory(Options{}), e, secrets, c.want)
			})
		}
	}
}

// TestMailKeys: what is spoken, and how it is secured, makes another question.
func TestMailKeys(t *testing.T) {
	f := NewFactory(Options{})
	n := newNamespace(t)
	seen := map[string]string{}
	for _, url := range []string{"smtp://a.test", "smtp://a.test:465", "smtps://a.test", "imap://a.test", "imaps://a.test"} {
		for name, declared := range map[string]*v1alpha1.TLSCheck{
			"no tls": nil, "tls": {}, "authorities": {CASecretRef: ref("ca")}, "name": {ServerName: "b"}, "client": {ClientCertificateSecretRef: ref("client")},
		} {
			if strings.Contains(url, "s:") && declared == nil {
				continue
			}
			e := endpointOf(url)
			e.TLS = declared
			key := keyOf(t, f, e, n.secrets())
			if other := seen[key]; other != "" {
				t.Errorf("%s, %s asks the same as %s", url, name, other)
			}
			seen[key] = url + ", " + name
		}
	}
	same := func(url string, declared *v1alpha1.TLSCheck) string {
		e := endpointOf(url)
		e.TLS = declared
		return keyOf(t, f, e, nil)
	}
	// TLS is used anyway, so that an empty tls adds nothing.
	if same("smtps://a.test", nil) != same("smtps://A.test:465", &v1alpha1.TLSCheck{RenewBefore: "24h"}) {
		t.Error("an empty tls makes another question of smtps")
	}
	if same("imap://a.test", nil) != same("imap://a.test:143", nil) {
		t.Error("the scheme's own port makes another question")
	}
}

func TestMailSpecErrors(t *testing.T) {
	f := NewFactory(Options{})
	for _, scheme := range []string{schemeSMTP, schemeSMTPS, schemeIMAP, schemeIMAPS} {
		for _, c := range []struct {
			url, field string
			edit       func(e *v1alpha1.Endpoint)
		}{
			{"://a.test/inbox", "url", func(*v1alpha1.Endpoint) {}},
			{"://user@a.test", "url", func(*v1alpha1.Endpoint) {}},
			{"://a.test:0", "url", func(*v1alpha1.Endpoint) {}},
			{"://a.test", "http", func(e *v1alpha1.Endpoint) { e.HTTP = &v1alpha1.HTTPCheck{} }},
			{"://a.test", "tls.serverName", func(e *v1alpha1.Endpoint) { e.TLS = &v1alpha1.TLSCheck{ServerName: "a b"} }},
			{"://a.test", "tls.insecureSkipVerify", func(e *v1alpha1.Endpoint) {
				e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true, CASecretRef: ref("ca")}
			}},
		} {
			t.Run(scheme+c.url+" "+c.field, func(t *testing.T) {
				e := endpointOf(scheme + c.url)
				c.edit(e)
				_, err := f.New(e, secretsOf())
				specError(t, err, c.field, SpecInvalid)
			})
		}
		t.Run(scheme+" without its Secret", func(t *testing.T) {
			e := endpointOf(scheme + "://a.test")
			e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
			if _, err := f.New(e, secretsOf()); err == nil || !strings.Contains(err.Error(), `Secret "ca" does not exist`) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
