// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// tlsBase is what endpoints with the same declaration share: whom to trust and
// how to identify oneself.
type tlsBase struct {
	// roots that are trusted; nil means those of the operator's image.
	roots *x509.CertPool
	// client certificate; nil means none.
	client     *tls.Certificate
	skipVerify bool
}

// tlsSettings are those of one endpoint.
type tlsSettings struct {
	base *tlsBase
	// serverName that is asked for; empty means the host that is connected to.
	serverName string
}

// newTLSSettings reads what e declares about TLS. Errors are *SpecError or
// *SecretError.
func (f *Factory) newTLSSettings(c *v1alpha1.TLSCheck, secrets *secretReader, q *question) (tlsSettings, error) {
	if c == nil {
		c = &v1alpha1.TLSCheck{}
	}
	// Labels the parts that make the shared base; none of them is secret.
	id := []string{strconv.FormatBool(c.InsecureSkipVerify), "", ""}
	made := tlsBase{skipVerify: c.InsecureSkipVerify}
	if ref := c.CASecretRef; ref != nil {
		if c.InsecureSkipVerify {
			return tlsSettings{}, invalid("tls.insecureSkipVerify", "trusts everybody, so caSecretRef would do nothing: use one of them")
		}
		s, err := secrets.get(ref.Name)
		if err != nil {
			return tlsSettings{}, err
		}
		data, err := bytesOf(s, ref.Name, KeyCA)
		if err != nil {
			return tlsSettings{}, err
		}
		if made.roots, err = authorities(data, ref.Name); err != nil {
			return tlsSettings{}, err
		}
		// Certification authorities count by what they are: applications that
		// trust the same ones ask the same question, whoever's Secret it is.
		digest := sha256.Sum256(data)
		id[1] = string(digest[:])
	}
	q.add("tls", id...)
	if ref := c.ClientCertificateSecretRef; ref != nil {
		s, err := secrets.get(ref.Name)
		if err != nil {
			return tlsSettings{}, err
		}
		if made.client, err = clientCertificate(s, ref.Name); err != nil {
			return tlsSettings{}, err
		}
		q.addSecret("clientCertificate", s)
		id[2] = string(s.UID) + "/" + s.ResourceVersion
	}
	name, err := serverName(c.ServerName)
	if err != nil {
		return tlsSettings{}, err
	}
	q.add("serverName", name)
	base, err := f.tlsBases.get(strings.Join(id, "\x00"), func() (*tlsBase, error) { return &made, nil })
	return tlsSettings{base: base, serverName: name}, err
}

func serverName(declared string) (string, error) {
	if declared == "" {
		return "", nil
	}
	name, err := asciiHost(declared)
	if err != nil {
		return "", invalid("tls.serverName", "is no valid name of a host")
	}
	return name, nil
}

// config returns the configuration of one handshake. The name and the client
// certificate are only for the server that the URL names (own), not for those
// that it redirects to. There is no cache of sessions: a resumed session would
// show the certificate of its beginning. The curves are Go's, with the hybrid
// key exchange. certificateAsked is called if the server asks for a client
// certificate.
func (s *tlsSettings) config(host string, own bool, now func() time.Time, certificateAsked func()) *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: host,
		RootCAs:    s.base.roots,
		Time:       now,
		// Declared by the endpoint's author; the expiry is still watched.
		InsecureSkipVerify:     s.base.skipVerify, //nolint:gosec // see above
		SessionTicketsDisabled: true,
	}
	if own && s.serverName != "" {
		c.ServerName = s.serverName
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		certificateAsked()
		if own && s.base.client != nil {
			return s.base.client, nil
		}
		return &tls.Certificate{}, nil
	}
	return c
}

// secured is a connection after its handshake.
type secured struct {
	*tls.Conn
	// asked: the server asked for a client certificate.
	asked bool
	// identified: a client certificate was there to be shown.
	identified bool
}

// secure does the handshake on a connection that is guarded.
func (r *run) secure(conn net.Conn, s *tlsSettings, host string, own bool, alpn ...string) (*secured, *fault) {
	r.enter(observe.StepHandshake)
	out := &secured{identified: own && s.base.client != nil}
	config := s.config(host, own, r.factory.clock.Now, func() { out.asked = true })
	config.NextProtos = alpn
	out.Conn = tls.Client(conn, config)
	// The guard ends the handshake, so it needs no context of its own.
	if err := out.Conn.Handshake(); err != nil {
		return nil, r.handshakeFault(err, config.ServerName, out)
	}
	state := out.Conn.ConnectionState()
	r.expires(chainExpiry(state.VerifiedChains, state.PeerCertificates))
	return out, nil
}

// expires takes in when a certificate ends; the earliest of a check counts.
func (r *run) expires(at time.Time) {
	if seen := r.result.CertificateNotAfter; seen.IsZero() || (!at.IsZero() && at.Before(seen)) {
		r.result.CertificateNotAfter = at
	}
}

// confirm finds out whether the server accepts the client certificate, or its
// absence. In TLS 1.3 the client is done before the server has looked at it,
// and a refusal comes as an alert. So that a server that accepts need not be
// waited for, it is told that nothing more will come, which ends the
// conversation. Only an alert is a refusal: a server may do as it likes
// otherwise, and one that stays silent is not waited for longer than patience.
func (r *run) confirm(conn *secured) *fault {
	const patience = time.Second
	if !conn.asked {
		return nil
	}
	if err := conn.CloseWrite(); err != nil {
		return r.refusal(err, conn)
	}
	if !r.hurry(conn, patience) {
		return nil
	}
	var b [1]byte
	if _, err := conn.Read(b[:]); err != nil && !errors.Is(err, io.EOF) {
		return r.refusal(err, conn)
	}
	return nil
}

// refusal returns the fault if err is an alert of the server, else nil. What
// failed then is the handshake, whenever the alert came.
func (r *run) refusal(err error, conn *secured) *fault {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return nil
	}
	if conn.asked && conn.identified && againstCertificate(remote.Err.Error()) {
		return &fault{
			outcome: observe.OutcomeInconclusive, class: observe.ClassNone, reason: ReasonCredentialsRejected,
			step: observe.StepHandshake, message: "The server refused the client certificate: " + alertText(remote) + ".",
		}
	}
	f := targetFault(ReasonHandshakeFailed, "The server refused the handshake: "+alertText(remote)+".")
	f.step = observe.StepHandshake
	return f
}

func alertText(remote *net.OpError) string {
	return strings.TrimPrefix(remote.Err.Error(), "tls: ")
}

// againstCertificate: whether an alert says that the client's certificate is
// at fault (RFC 8446, section 6.2).
func againstCertificate(alert string) bool {
	// 42 bad, 43 unsupported, 44 revoked, 45 expired, 46 unknown, 48 unknown
	// authority, 49 access denied.
	for _, code := range []tls.AlertError{42, 43, 44, 45, 46, 48, 49} {
		if code.Error() == alert {
			return true
		}
	}
	return false
}

// tlsProbe asks whether a port speaks TLS, and with which certificate.
type tlsProbe struct {
	common
	tls tlsSettings
}

func (f *Factory) newTLS(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	settings, err := f.newTLSSettings(e.TLS, secrets, q)
	if err != nil {
		return nil, err
	}
	base.key = q.key()
	return &tlsProbe{common: base, tls: settings}, nil
}

// Run implements observe.Probe.
func (p *tlsProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.ask(r), p.maxLatency)
}

func (p *tlsProbe) ask(r *run) *fault {
	conn, f := r.connect(&p.target)
	if f != nil {
		return f
	}
	defer r.guard(conn)()
	secured, f := r.secure(conn, &p.tls, p.target.host, true)
	if f != nil {
		return f
	}
	if f := r.confirm(secured); f != nil {
		return f
	}
	// A polite end, so that the server's log has no error; whether it arrives
	// does not matter.
	_ = secured.CloseWrite()
	return nil
}
