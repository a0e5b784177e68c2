// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// city is what the examples of the documentation are asked of: real servers,
// known by the names and ports that the examples use.
type city struct {
	// hosts by name; each has an address of loopback of its own, so that who
	// dials is known by where.
	hosts map[string]netip.Addr
	// services are the real addresses by "host:port".
	services map[string]string
	// hostKey that the SSH server presents.
	hostKey v1alpha1.SSHFingerprint
	secrets Secrets
}

// cityHosts are the hosts of the examples.
var cityHosts = []string{"web", "database", "ns1", "gateway", "register", "mail", "directory", "transfer"}

func startCity(t *testing.T) *city {
	t.Helper()
	c := &city{hosts: map[string]netip.Addr{}, services: map[string]string{}}
	var names []string
	for i, host := range cityHosts {
		names = append(names, host+".example.org")
		c.hosts[host+".example.org"] = netip.AddrFrom4([4]byte{127, 1, 1, byte(i + 1)})
	}
	authority := servers.NewAuthority(t, "City")
	certificate := authority.Issue(t, servers.Certificate{Hosts: names, NotAfter: time.Now().Add(90 * 24 * time.Hour)})
	c.secrets = secretsOf(
		secretOf("city-ca", map[string]string{KeyCA: string(authority.PEM())}),
		secretOf("directory-probe", map[string]string{KeyUsername: servers.SlapdUser, KeyPassword: hiddenValue}),
	)
	web := servers.StartNginx(t, 2, func(dir string, a []string) string {
		crt, key := servers.WriteFiles(t, certificate, dir, "city")
		return fmt.Sprintf(`
			server { listen %s; location = /health { default_type application/json; return 200 '{"status":"UP"}'; } }
			server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; location = / { return 200 "Willkommen in Mainz"; } }`,
			a[0], a[1], crt, key)
	})
	c.services["web.example.org:8080"], c.services["web.example.org:443"] = web[0], web[1]
	c.services["database.example.org:5432"], c.services["database.example.org:6432"] = web[0], web[1]
	c.services["ns1.example.org:53"] = servers.StartNameServer(t, map[string]string{"example.org": `
$ORIGIN example.org.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
@ MX 10 mail
portal A 192.0.2.10
`})
	c.services["register.example.org:50051"] = serveHealth(t, "mainz.v1.Register")
	c.services["register.example.org:50052"] = serveHealth(t, "", grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	smtp, imap := servers.StartSMTP(t, certificate), servers.StartIMAP(t, certificate)
	c.services["mail.example.org:25"], c.services["mail.example.org:465"] = smtp.StartTLS, smtp.TLS
	c.services["mail.example.org:143"], c.services["mail.example.org:993"] = imap.StartTLS, imap.TLS
	c.services["directory.example.org:389"], c.services["directory.example.org:636"] = servers.StartSlapd(t, servers.Slapd{Password: hiddenValue, Certificate: &certificate})
	ssh, keys := servers.StartSSHD(t, "", servers.HostKeyED25519)
	c.services["transfer.example.org:22"], c.hostKey = ssh, v1alpha1.SSHFingerprint(keys[servers.HostKeyED25519])
	return c
}

// serveHealth starts gRPC's own server, which says that a service is serving.
func serveHealth(t *testing.T, service string, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, status := grpc.NewServer(options...), health.NewServer()
	status.SetServingStatus(service, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, status)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// LookupNetIP implements Resolver.
func (c *city) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := c.hosts[host]; ok {
		return []netip.Addr{a}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// dial connects to the real server behind an address.
func (c *city) dial(ctx context.Context, network, address string) (net.Conn, error) {
	at := netip.MustParseAddrPort(address)
	for host, a := range c.hosts {
		if real := c.services[fmt.Sprintf("%s:%d", host, at.Port())]; a == at.Addr() && real != "" {
			return (&net.Dialer{}).DialContext(ctx, network, real)
		}
	}
	return nil, fmt.Errorf("nobody is at %s", address)
}

// examplesOf returns the endpoints of the Applications in a page.
func examplesOf(t *testing.T, page, from, to string) []v1alpha1.Endpoint {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, raw, found := bytes.Cut(raw, []byte(from))
	raw, _, ended := bytes.Cut(raw, []byte(to))
	if !found || !ended {
		t.Fatalf("%s lacks %q or, after it, %q", page, from, to)
	}
	var all []v1alpha1.Endpoint
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(raw, -1) {
		content, err := yaml.YAMLToJSON(block[1])
		if err != nil {
			t.Fatal(err)
		}
		var app v1alpha1.Application
		if err := v1alpha1.UnmarshalStrict(content, &app); err != nil {
			t.Fatalf("%s\n%v", block[1], err)
		}
		all = append(all, app.Spec.Endpoints...)
	}
	return all
}

// TestExamples: every scheme has an example in the documentation, and each
// example works as it stands.
func TestExamples(t *testing.T) {
	c := startCity(t)
	f := NewFactory(Options{Resolver: c, Dial: c.dial})
	shown := map[string]int{}
	for _, e := range examplesOf(t, "../../../docs/spec/application.md", "### A check for every scheme", "\n### ") {
		scheme, _, _ := bytes.Cut([]byte(e.URL), []byte(":"))
		shown[string(scheme)]++
		t.Run(e.URL+" "+string(e.Name), func(t *testing.T) {
			if e.Interval == "" {
				e.Interval = "60s"
			}
			if e.SSH != nil {
				// Whose key that is, no server has the other half of.
				check(t, f, &e, c.secrets, failed(observe.StepExpectation, ReasonHostKeyMismatch))
				e.SSH.HostKeyFingerprints = []v1alpha1.SSHFingerprint{c.hostKey}
			}
			p, err := f.New(&e, c.secrets)
			if err != nil {
				t.Fatal(err)
			}
			w := success
			if string(scheme) == schemeICMP && !mayEcho(p) {
				w = inconclusive(observe.ClassLocal, observe.StepRequest, ReasonEchoNotPermitted)
			}
			r := checkProbe(t, p, w)
			if (e.TLS != nil) == r.CertificateNotAfter.IsZero() {
				t.Errorf("the certificate expires at %v", r.CertificateNotAfter)
			}
		})
	}
	for scheme := range schemes {
		if shown[scheme] == 0 {
			t.Errorf("there is no example of %s", scheme)
		}
	}
}

// mayEcho: whether this process may send echo requests at all.
func mayEcho(p observe.Probe) bool {
	return p.Run(context.Background()).Reason != ReasonEchoNotPermitted
}
