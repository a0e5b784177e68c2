// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	grpcstatus "google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// startGRPC serves until the end of the test and returns the address.
func startGRPC(t *testing.T, s *grpc.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// healthyGRPC is a server with three services.
func healthyGRPC(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	s := grpc.NewServer(options...)
	h := health.NewServer()
	h.SetServingStatus("mainz.v1.Register", healthpb.HealthCheckResponse_SERVING)
	h.SetServingStatus("mainz.v1.Archive", healthpb.HealthCheckResponse_NOT_SERVING)
	h.SetServingStatus("mainz.v1.Riddle", healthpb.HealthCheckResponse_UNKNOWN)
	h.SetServingStatus("mainz.v1.Future", 77)
	healthpb.RegisterHealthServer(s, h)
	return startGRPC(t, s)
}

func grpcEndpoint(url, service string) *v1alpha1.Endpoint {
	e := endpointOf(url)
	if service != "" {
		e.GRPC = &v1alpha1.GRPCCheck{Service: service}
	}
	return e
}

func TestGRPC(t *testing.T) {
	address := healthyGRPC(t)
	f := NewFactory(Options{})
	for _, c := range []struct {
		service string
		want    want
		message string
	}{
		{"", success, ""},
		{"mainz.v1.Register", success, ""},
		{"mainz.v1.Archive", failed(observe.StepExpectation, ReasonNotServing), "The server says of service mainz.v1.Archive that it is not serving (NOT_SERVING)."},
		{"mainz.v1.Riddle", failed(observe.StepExpectation, ReasonHealthUnknown), "The server says of service mainz.v1.Riddle that its health is unknown (UNKNOWN)."},
		{"mainz.v1.Future", failed(observe.StepExpectation, ReasonHealthUnknown), "The server says of service mainz.v1.Future something that the protocol does not know: 77."},
		{"mainz.v1.Nobody", failed(observe.StepExpectation, ReasonServiceUnknown), "The health service does not know a service mainz.v1.Nobody."},
	} {
		t.Run(c.service, func(t *testing.T) {
			r := check(t, f, grpcEndpoint("grpc://"+address, c.service), nil, c.want)
			if r.Message != c.message {
				t.Errorf("message is %q, want %q", r.Message, c.message)
			}
			if r.Address != address || r.Took[observe.StepRequest] == 0 {
				t.Errorf("result is %+v", r)
			}
		})
	}
	t.Run("without health service", func(t *testing.T) {
		check(t, f, grpcEndpoint("grpc://"+startGRPC(t, grpc.NewServer()), ""), nil, failed(observe.StepExpectation, ReasonNoHealthService))
	})
}

// answering is a health service that ends each call with the same status.
type answering struct {
	healthpb.UnimplementedHealthServer
	answer func(ctx context.Context) (*healthpb.HealthCheckResponse, error)
}

func (a *answering) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return a.answer(ctx)
}

func answeringGRPC(t *testing.T, answer func(ctx context.Context) (*healthpb.HealthCheckResponse, error), options ...grpc.ServerOption) string {
	t.Helper()
	s := grpc.NewServer(options...)
	healthpb.RegisterHealthServer(s, &answering{answer: answer})
	return startGRPC(t, s)
}

// TestGRPCStatus: what a server says with a status, it is taken at its word.
func TestGRPCStatus(t *testing.T) {
	f := NewFactory(Options{})
	unexpected := failed(observe.StepExpectation, ReasonUnexpectedStatus)
	for _, c := range []struct {
		code    codes.Code
		want    want
		message string
	}{
		{codes.Unavailable, unexpected, "The server answered with status Unavailable: no luck."},
		{codes.Canceled, unexpected, "The server answered with status Canceled: no luck."},
		{codes.Unauthenticated, unexpected, "The server answered with status Unauthenticated: no luck."},
		{codes.PermissionDenied, unexpected, "The server answered with status PermissionDenied: no luck."},
		{codes.Internal, unexpected, "The server answered with status Internal: no luck."},
		{codes.ResourceExhausted, unexpected, "The server answered with status ResourceExhausted: no luck."},
		{codes.Code(123), unexpected, "The server answered with status Code(123): no luck."},
		{codes.NotFound, failed(observe.StepExpectation, ReasonServiceUnknown), "The health service does not know the health of the server as a whole: name one of its services."},
		{codes.Unimplemented, failed(observe.StepExpectation, ReasonNoHealthService), "The server has no health service (grpc.health.v1.Health)."},
		{codes.DeadlineExceeded, unexpected, "The server answered with status DeadlineExceeded: no luck."},
	} {
		t.Run(c.code.String(), func(t *testing.T) {
			address := answeringGRPC(t, func(context.Context) (*healthpb.HealthCheckResponse, error) {
				return nil, grpcstatus.Error(c.code, "no\x1b\r\nluck")
			})
			r := check(t, f, grpcEndpoint("grpc://"+address, ""), nil, c.want)
			if r.Message != c.message {
				t.Errorf("message is %q, want %q", r.Message, c.message)
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		address := answeringGRPC(t, func(ctx context.Context) (*healthpb.HealthCheckResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		check(t, f, impatient("grpc://"+address), nil, failed(observe.StepRequest, ReasonResponseTimeout))
	})
	t.Run("long text", func(t *testing.T) {
		address := answeringGRPC(t, func(context.Context) (*healthpb.HealthCheckResponse, error) {
			return nil, grpcstatus.Error(codes.Internal, strings.Repeat("Ä ", 1<<10))
		})
		check(t, f, grpcEndpoint("grpc://"+address, ""), nil, unexpected)
	})
}

// TestGRPCRequest: how a server is asked.
func TestGRPCRequest(t *testing.T) {
	var (
		seen grpcmetadata.MD
		asks atomic.Int32
	)
	record := func(ctx context.Context) (*healthpb.HealthCheckResponse, error) {
		seen, _ = grpcmetadata.FromIncomingContext(ctx)
		asks.Add(1)
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
	}
	root := servers.NewAuthority(t, "Root")
	certificate := root.Issue(t, servers.Certificate{Hosts: []string{"127.0.0.1", "register.mainz.test", "::1"}})
	plain := answeringGRPC(t, record)
	secure := answeringGRPC(t, record, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	f := NewFactory(Options{UserAgent: "mainz/1"})
	for _, c := range []struct {
		name, url, serverName, authority string
	}{
		{"plain", "grpc://" + plain, "", plain},
		{"TLS", "grpcs://" + secure, "", secure},
		{"server name", "grpcs://" + secure, "register.mainz.test", "register.mainz.test"},
		{"address as server name", "grpcs://" + secure, "::1", "[::1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := grpcEndpoint(c.url, "")
			if strings.HasPrefix(c.url, "grpcs") {
				e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ServerName: c.serverName}
			}
			asks.Store(0)
			check(t, f, e, secrets, success)
			if got := seen.Get(":authority"); len(got) != 1 || got[0] != c.authority {
				t.Errorf("authority is %q, want %q", got, c.authority)
			}
			if got := seen.Get("user-agent"); len(got) != 1 || !strings.HasPrefix(got[0], "mainz/1 ") {
				t.Errorf("user agent is %q", got)
			}
			if asks.Load() != 1 {
				t.Errorf("it was asked %d times", asks.Load())
			}
		})
	}
}

// TestGRPCScheme: a request names the scheme by which it comes.
func TestGRPCScheme(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	config := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, servers.Certificate{})}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	for scheme, want := range map[string]string{"grpc": "http", "grpcs": "https"} {
		t.Run(scheme, func(t *testing.T) {
			asked := make(chan string, 1)
			address := rawServer(t, func(conn net.Conn) {
				if scheme == "grpcs" {
					conn = tls.Server(conn, config)
				}
				readHTTP2(conn, func(f *http2.Framer, h *http2.MetaHeadersFrame) {
					asked <- h.PseudoValue("scheme")
					_ = f.WriteRSTStream(h.StreamID, http2.ErrCodeCancel)
				})
			})
			e := grpcEndpoint(scheme+"://"+address, "")
			if scheme == "grpcs" {
				e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
			}
			check(t, NewFactory(Options{}), e, secrets, failed(observe.StepRequest, ReasonConnectionClosed))
			if got := <-asked; got != want {
				t.Errorf("the scheme is %q, want %q", got, want)
			}
		})
	}
}

func TestGRPCS(t *testing.T) {
	root, other := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Other")
	leaf := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	certificate := root.Issue(t, servers.Certificate{NotAfter: leaf})
	address := healthyGRPC(t, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	secrets := secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(root.PEM())}),
		secretOf("other", map[string]string{KeyCA: string(other.PEM())}))
	f := NewFactory(Options{})
	for _, c := range []struct {
		name    string
		service string
		tls     *v1alpha1.TLSCheck
		want    want
	}{
		{"serving", "mainz.v1.Register", &v1alpha1.TLSCheck{CASecretRef: ref("ca")}, success},
		{"not serving", "mainz.v1.Archive", &v1alpha1.TLSCheck{CASecretRef: ref("ca")}, failed(observe.StepExpectation, ReasonNotServing)},
		{"skipped verification", "", &v1alpha1.TLSCheck{InsecureSkipVerify: true}, success},
		{"other authority", "", &v1alpha1.TLSCheck{CASecretRef: ref("other")}, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority)},
		{"other name", "", &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ServerName: "www.mainz.test"}, failed(observe.StepHandshake, ReasonCertificateHostMismatch)},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := grpcEndpoint("grpcs://"+address, c.service)
			e.TLS = c.tls
			if r := check(t, f, e, secrets, c.want); !r.CertificateNotAfter.Equal(leaf) {
				t.Errorf("the certificate ends at %v, want %v", r.CertificateNotAfter, leaf)
			}
		})
	}
	t.Run("asked without TLS", func(t *testing.T) {
		e := grpcEndpoint("grpc://"+address, "")
		check(t, f, e, nil, failed(observe.StepRequest, ReasonConnectionClosed))
	})
	t.Run("server without TLS", func(t *testing.T) {
		e := grpcEndpoint("grpcs://"+healthyGRPC(t), "")
		check(t, f, e, nil, failed(observe.StepHandshake, ReasonProtocolError))
	})
}

// TestGRPCWithoutALPN: a server that speaks TLS and does not agree on HTTP/2 is
// told from one with a fault in TLS or gRPC.
func TestGRPCWithoutALPN(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	certificate := root.Issue(t, servers.Certificate{})
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	for name, protocols := range map[string][]string{"silent about it": nil, "refuses": {"http/1.1"}} {
		t.Run(name, func(t *testing.T) {
			address := rawServer(t, func(conn net.Conn) {
				secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protocols, MinVersion: tls.VersionTLS12})
				if secured.Handshake() == nil {
					silence(secured)
				}
			})
			e := grpcEndpoint("grpcs://"+address, "")
			e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
			r := check(t, NewFactory(Options{}), e, secrets, failed(observe.StepHandshake, ReasonHTTP2NotNegotiated))
			if !strings.Contains(r.Message, "ALPN") {
				t.Errorf("message is %q", r.Message)
			}
		})
	}
}

func TestGRPCMutualTLS(t *testing.T) {
	root, clients := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Clients")
	certificate := root.Issue(t, servers.Certificate{})
	config := func(version uint16) *tls.Config {
		return &tls.Config{
			Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.Pool(),
			MinVersion: version, MaxVersion: version,
		}
	}
	pair := func(name string, a *servers.Authority) *corev1.Secret {
		crt, key := servers.PEM(t, a.Issue(t, servers.Certificate{Client: true}))
		return secretOf(name, map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)})
	}
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}), pair("client", clients), pair("stranger", root))
	rejected := inconclusive(observe.ClassNone, observe.StepHandshake, ReasonCredentialsRejected)
	f := NewFactory(Options{})
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		address := healthyGRPC(t, grpc.Creds(credentials.NewTLS(config(version))))
		for _, c := range []struct {
			client string
			want   want
		}{
			{"client", success},
			{"stranger", rejected},
			{"", failed(observe.StepHandshake, ReasonHandshakeFailed)},
		} {
			t.Run(name+" "+c.client, func(t *testing.T) {
				e := grpcEndpoint("grpcs://"+address, "")
				e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
				if c.client != "" {
					e.TLS.ClientCertificateSecretRef = ref(c.client)
				}
				p, err := f.New(e, secrets)
				if err != nil {
					t.Fatal(err)
				}
				// The refusal may come before, while and after we write.
				for range 50 {
					checkProbe(t, p, c.want)
				}
			})
		}
	}
	t.Run("Unauthenticated", func(t *testing.T) {
		address := answeringGRPC(t, func(ctx context.Context) (*healthpb.HealthCheckResponse, error) {
			if _, ok := peer.FromContext(ctx); !ok {
				return nil, grpcstatus.Error(codes.Internal, "nobody")
			}
			return nil, grpcstatus.Error(codes.Unauthenticated, "not you")
		}, grpc.Creds(credentials.NewTLS(config(tls.VersionTLS13))))
		e := grpcEndpoint("grpcs://"+address, "")
		e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ClientCertificateSecretRef: ref("client")}
		check(t, f, e, secrets, inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected))
	})
}

func TestGRPCDeclaration(t *testing.T) {
	f := NewFactory(Options{})
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(servers.NewAuthority(t, "Root").PEM())}))
	seen := map[string]string{}
	for name, edit := range map[string]func(e *v1alpha1.Endpoint){
		"plain":         func(*v1alpha1.Endpoint) {},
		"service":       func(e *v1alpha1.Endpoint) { e.GRPC = &v1alpha1.GRPCCheck{Service: "a"} },
		"other service": func(e *v1alpha1.Endpoint) { e.GRPC = &v1alpha1.GRPCCheck{Service: "b"} },
		"TLS":           func(e *v1alpha1.Endpoint) { e.URL = "grpcs://mainz.test:50051" },
		"authorities": func(e *v1alpha1.Endpoint) {
			e.URL, e.TLS = "grpcs://mainz.test:50051", &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
		},
		"server name": func(e *v1alpha1.Endpoint) {
			e.URL, e.TLS = "grpcs://mainz.test:50051", &v1alpha1.TLSCheck{ServerName: "a"}
		},
		"port": func(e *v1alpha1.Endpoint) { e.URL = "grpc://mainz.test:50052" },
	} {
		e := grpcEndpoint("grpc://mainz.test:50051", "")
		edit(e)
		key := keyOf(t, f, e, secrets)
		if other, ok := seen[key]; ok {
			t.Errorf("%s asks the same as %s", name, other)
		}
		seen[key] = name
		if again := keyOf(t, f, e, secrets); again != key {
			t.Errorf("%s does not ask the same as itself", name)
		}
	}
	for _, service := range []string{"", "mainz v1", "Ä", "a\nb", strings.Repeat("a", 257)} {
		e := grpcEndpoint("grpc://mainz.test:50051", "")
		e.GRPC = &v1alpha1.GRPCCheck{Service: service}
		_, err := f.New(e, nil)
		specError(t, err, "grpc.service", SpecInvalid)
	}
	e := grpcEndpoint("grpcs://mainz.test", "")
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("missing")}
	if _, err := f.New(e, secrets); err == nil {
		t.Error("a missing Secret is no error")
	}
}
