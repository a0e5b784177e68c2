// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/grpclog"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// Bounds of what the check of gRPC reads: an answer of the health service has
// two bytes.
const (
	// maxHealthAnswer bounds a message, in bytes.
	maxHealthAnswer = 4 << 10
	// maxHealthHeader bounds a list of headers (RFC 9113, section 10.5.1), in
	// bytes.
	maxHealthHeader = 16 << 10
	// maxHealthTalk bounds everything that a server may send, in bytes.
	maxHealthTalk = 256 << 10
	// healthWindow is how much a server may send unread, in bytes: the least
	// that the library can do, and what HTTP/2 begins with.
	healthWindow = 64<<10 - 1
	healthBuffer = 4 << 10
)

// The library writes to standard error what a server can bring about as often
// as it likes (too_many_pings). What matters of it is in the Result. The
// library wants to be told before anybody uses it.
var _ = logGRPC(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))

func logGRPC(to grpclog.LoggerV2) grpclog.LoggerV2 {
	grpclog.SetLoggerV2(to)
	return to
}

// grpcProbe asks a gRPC server for its health, or that of one of its services,
// by the gRPC health checking protocol: one call of grpc.health.v1.Health/Check.
//
// The library gets a connection that is made already and no second one, so that
// it can neither resolve nor connect nor try again.
type grpcProbe struct {
	common
	tls tlsSettings
	// service whose health is asked for; empty means the server's.
	service string
	// authority that the request names.
	authority string
}

// serviceName is what a service may be called; the API says the same.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,256}$`)

func (f *Factory) newGRPC(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	p := &grpcProbe{common: base, authority: base.target.address}
	if e.GRPC != nil {
		if !serviceName.MatchString(e.GRPC.Service) {
			return nil, invalid("grpc.service", "%q is no name of a service such as mainz.v1.Register", e.GRPC.Service)
		}
		p.service = e.GRPC.Service
	}
	q.add("service", p.service)
	if base.target.scheme == schemeGRPCS {
		var err error
		if p.tls, err = f.newTLSSettings(e.TLS, secrets, q); err != nil {
			return nil, err
		}
		if name := p.tls.serverName; name != "" {
			p.authority = name
			if strings.Contains(name, ":") {
				p.authority = "[" + name + "]"
			}
		}
	}
	p.key = q.key()
	return p, nil
}

// Run implements observe.Probe.
func (p *grpcProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.ask(r), p.maxLatency)
}

func (p *grpcProbe) ask(r *run) *fault {
	conn, f := r.connect(&p.target)
	if f != nil {
		return f
	}
	defer r.guard(conn)()
	w := newWatchedConn(conn)
	if p.target.scheme == schemeGRPCS {
		if w.secured, f = p.secure(r, conn); f != nil {
			return f
		}
		w.Conn = w.secured
	}
	r.enter(observe.StepRequest)
	return p.call(r, conn, w)
}

// secure does the handshake and sees to it that HTTP/2 was agreed on, without
// which a gRPC client must not go on (RFC 9113, section 3.2).
func (p *grpcProbe) secure(r *run, conn net.Conn) (*secured, *fault) {
	s, f := r.secure(conn, &p.tls, p.target.host, true, alpnHTTP2)
	switch {
	case f != nil && f.reason == ReasonHandshakeFailed && strings.HasSuffix(f.message, noProtocol):
		return nil, targetFault(ReasonHTTP2NotNegotiated, r.address+" refuses HTTP/2, which gRPC needs, in the TLS handshake (ALPN).")
	case f != nil:
		return nil, f
	case s.ConnectionState().NegotiatedProtocol != alpnHTTP2:
		return nil, targetFault(ReasonHTTP2NotNegotiated, r.address+" did not agree on HTTP/2, which gRPC needs, in the TLS handshake (ALPN).")
	}
	return s, nil
}

// call asks over a connection that is there, and judges the answer. When it
// returns, nothing of the library runs any more.
func (p *grpcProbe) call(r *run, conn net.Conn, w *watchedConn) *fault {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	w.giveUp = cancel
	client, err := grpc.NewClient("passthrough:///"+p.target.address, p.options(w)...)
	if err != nil {
		return localFault(ReasonLocalResources, "The check could not be set up"+r.because(err.Error())+".")
	}
	answer, err := healthpb.NewHealthClient(client).Check(ctx, &healthpb.HealthCheckRequest{Service: p.service})
	seen := w.conclude()
	var f *fault
	if err == nil {
		r.enter(observe.StepExpectation)
		f = p.judgeHealth(answer.GetStatus())
	} else {
		f = p.callFault(r, err, &seen)
	}
	r.conclude()
	r.part(client, conn, w)
	return f
}

func (p *grpcProbe) options(w *watchedConn) []grpc.DialOption {
	creds := insecure.NewCredentials()
	if w.secured != nil {
		creds = overTLS{creds}
	}
	return []grpc.DialOption{
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return w.take() }),
		grpc.WithTransportCredentials(creds),
		grpc.WithAuthority(p.authority),
		grpc.WithUserAgent(p.factory.userAgent),
		grpc.WithStatsHandler(w),
		// Nothing but what is declared decides how a server is asked.
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithDisableHealthCheck(),
		// The check's own deadline ends the wait for the server's SETTINGS.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: p.timeout + time.Second}),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxHealthAnswer)),
		grpc.WithMaxHeaderListSize(maxHealthHeader),
		// A fixed window needs no measuring by pings.
		grpc.WithStaticStreamWindowSize(healthWindow),
		grpc.WithStaticConnWindowSize(healthWindow),
		grpc.WithReadBufferSize(healthBuffer),
		grpc.WithWriteBufferSize(healthBuffer),
	}
}

// overTLS says of a connection that it is secured already, so that requests
// name the scheme https (RFC 9113, section 8.3.1).
type overTLS struct {
	credentials.TransportCredentials
}

// Info implements credentials.TransportCredentials.
func (overTLS) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements credentials.TransportCredentials.
func (c overTLS) Clone() credentials.TransportCredentials {
	return overTLS{c.TransportCredentials.Clone()}
}

// part ends a conversation: politely as long as that takes no more than a
// moment. It returns when the library has let go of the connection.
func (r *run) part(client *grpc.ClientConn, conn net.Conn, w *watchedConn) {
	const (
		patience = 250 * time.Millisecond
		// grace is only for a library that does not do as it says.
		grace = 2 * time.Second
	)
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	// It returns an error if it was called before.
	_ = client.Close()
	stop()
	_ = conn.Close()
	if !w.taken() {
		return
	}
	last, cancelLast := context.WithTimeout(context.Background(), grace)
	defer cancelLast()
	select {
	case <-w.ended:
	case <-last.Done():
	}
}
