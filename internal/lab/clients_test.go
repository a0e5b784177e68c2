// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/miekg/dns"
	"golang.org/x/crypto/ssh"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// ask does what a check does and says in a word how it ended.
func ask(t *testing.T, l *Lab, e Endpoint) string {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(l.CA()) {
		t.Fatal("the authority is no certificate")
	}
	config := &tls.Config{RootCAs: roots, ServerName: e.ServerName, MinVersion: tls.VersionTLS12}
	if e.ServerName == "" {
		config.ServerName = loopback.String()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	u, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	switch u.Scheme {
	case schemeHTTP, schemeHTTPS:
		return askHTTP(ctx, t, config, e)
	case schemeDNS:
		return askDNS(ctx, t, e)
	case schemeGRPC, schemeGRPCS:
		return askGRPC(ctx, t, config, e, u.Host)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return failure(t, err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if schemes[u.Scheme].tls == atOnce {
		conn = tls.Client(conn, config)
		if err := conn.(*tls.Conn).HandshakeContext(ctx); err != nil {
			return failure(t, err)
		}
	}
	if !e.StartTLS {
		config = nil
	}
	talk := map[string]func(net.Conn, *tls.Config) error{
		schemeSMTP: askSMTP, schemeSMTPS: askSMTP, schemeIMAP: askIMAP, schemeIMAPS: askIMAP,
		schemeLDAP: askLDAP, schemeLDAPS: askLDAP, schemeSSH: askSSH,
	}[u.Scheme]
	if talk == nil {
		return failure(t, conn.Close())
	}
	return failure(t, talk(conn, config))
}

func askHTTP(ctx context.Context, t *testing.T, config *tls.Config, e Endpoint) string {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return failure(t, err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return failure(t, err)
	}
	if response.StatusCode == http.StatusOK && strings.Contains(string(body), "ok") {
		return "ok"
	}
	return response.Status
}

// askDNS asks over UDP and over TCP, which must be answered alike, and wants to
// see the values that are declared.
func askDNS(ctx context.Context, t *testing.T, e Endpoint) string {
	t.Helper()
	words := map[string]string{}
	for _, network := range []string{"udp", "tcp"} {
		words[network] = askDNSOver(ctx, t, network, e)
	}
	if words["udp"] != words["tcp"] {
		t.Fatalf("%s: %v", e, words)
	}
	return words["udp"]
}

func askDNSOver(ctx context.Context, t *testing.T, network string, e Endpoint) string {
	t.Helper()
	kind := e.DNS.Type
	if kind == "" {
		kind = "A"
	}
	m := new(dns.Msg).SetQuestion(strings.TrimPrefix(e.URL, "dns://")+".", dns.StringToType[kind])
	answer, _, err := (&dns.Client{Net: network, Timeout: 20 * time.Second}).ExchangeContext(ctx, m, e.DNS.Server)
	if err != nil {
		return failure(t, err)
	}
	if answer.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[answer.Rcode]
	}
	var values []string
	for _, r := range answer.Answer {
		values = append(values, strings.TrimPrefix(r.String(), r.Header().String()))
	}
	for _, want := range e.DNS.Values {
		found := false
		for _, v := range values {
			found = found || v == want
		}
		if !found {
			return fmt.Sprintf("no %q in %q", want, values)
		}
	}
	if len(values) == 0 {
		return "nothing"
	}
	return "ok"
}

func askGRPC(ctx context.Context, t *testing.T, config *tls.Config, e Endpoint, address string) string {
	t.Helper()
	secrecy := insecure.NewCredentials()
	if strings.HasPrefix(e.URL, schemeGRPCS) {
		secrecy = credentials.NewTLS(config)
	}
	// The library makes a text of what goes wrong before a call.
	var last error
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(remembering{secrecy, &last}),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				last = err
			}
			return conn, err
		}))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: e.Service})
	if closed := conn.Close(); closed != nil {
		t.Fatal(closed)
	}
	switch {
	case last != nil:
		return failure(t, last)
	case err != nil && status.Code(err) != codes.Unknown:
		return status.Code(err).String()
	case err != nil:
		return failure(t, err)
	case answer.Status == grpc_health_v1.HealthCheckResponse_SERVING:
		return "ok"
	}
	return answer.Status.String()
}

// remembering remembers why a handshake failed.
type remembering struct {
	credentials.TransportCredentials
	last *error
}

func (r remembering) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := r.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		*r.last = err
	}
	return conn, info, err
}

func askSMTP(conn net.Conn, config *tls.Config) error {
	c, err := smtp.NewClient(conn, "mail.example")
	if err != nil {
		return err
	}
	if err := c.Hello("client.example"); err != nil {
		return err
	}
	if config != nil {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return errors.New("no STARTTLS")
		}
		if err := c.StartTLS(config); err != nil {
			return err
		}
		if again, _ := c.Extension("STARTTLS"); again {
			return errors.New("STARTTLS within TLS")
		}
	}
	if err := c.Noop(); err != nil {
		return err
	}
	return c.Quit()
}

// imapClient speaks IMAP line by line.
type imapClient struct{ *textproto.Conn }

// expect sends a command, unless that is empty, and wants lines that begin
// so.
func (c imapClient) expect(command string, want ...string) error {
	if command != "" {
		if err := c.PrintfLine("%s", command); err != nil {
			return err
		}
	}
	for _, w := range want {
		line, err := c.ReadLine()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, w) {
			return fmt.Errorf("%q to %q, want %q", line, command, w)
		}
	}
	return nil
}

func askIMAP(conn net.Conn, config *tls.Config) error {
	c := imapClient{textproto.NewConn(conn)}
	if err := c.expect("", "* OK ["); err != nil {
		return err
	}
	if config != nil {
		if err := errors.Join(
			c.expect("a1 CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS", "a1 OK"),
			c.expect("a2 starttls", "a2 OK"),
		); err != nil {
			return err
		}
		secured := tls.Client(conn, config)
		if err := secured.Handshake(); err != nil {
			return err
		}
		c = imapClient{textproto.NewConn(secured)}
	}
	return errors.Join(
		c.expect("b1 CAPABILITY", "* CAPABILITY IMAP4rev1", "b1 OK"),
		c.expect("b2 NOOP", "b2 OK"),
		c.expect("b3 LOGOUT", "* BYE", "b3 OK"),
	)
}

func askLDAP(conn net.Conn, config *tls.Config) error {
	_, secured := conn.(*tls.Conn)
	c := ldap.NewConn(conn, secured)
	c.Start()
	defer func() { _ = c.Close() }()
	if config != nil {
		if err := c.StartTLS(config); err != nil {
			if strings.Contains(err.Error(), "certificate has expired") { // the library makes a text of it
				return x509.CertificateInvalidError{Reason: x509.Expired}
			}
			return err
		}
	}
	if err := c.UnauthenticatedBind(""); err != nil {
		return err
	}
	found, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false,
		"(objectClass=*)", []string{"supportedLDAPVersion"}, nil))
	if err != nil {
		return err
	}
	if len(found.Entries) != 1 || found.Entries[0].GetAttributeValue("supportedLDAPVersion") != "3" {
		return fmt.Errorf("found %+v", found)
	}
	return c.Unbind()
}

// askSSH wants to see a key; nobody is let in.
func askSSH(conn net.Conn, _ *tls.Config) error {
	var key ssh.PublicKey
	_, _, _, err := ssh.NewClientConn(conn, "ssh.example", &ssh.ClientConfig{
		User:              "nobody",
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			key = k
			return nil
		},
	})
	switch {
	case err == nil:
		return errors.New("nobody was let in")
	case key == nil:
		return err
	case !strings.Contains(err.Error(), "unable to authenticate"):
		return err
	}
	return nil
}
