// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// web is nginx with what the checks of HTTP need, and the authorities behind
// its certificate.
type web struct {
	http, https, mutual string
	root                *servers.Authority
	clients             *servers.Authority
	leaf                time.Time
}

func startWeb(tb testing.TB) *web {
	tb.Helper()
	w := &web{root: servers.NewAuthority(tb, "Root"), clients: servers.NewAuthority(tb, "Clients"), leaf: time.Now().Add(48 * time.Hour).Truncate(time.Second)}
	certificate := w.root.Issue(tb, servers.Certificate{Hosts: []string{"127.0.0.1", "www.mainz.test"}, NotAfter: w.leaf})
	addresses := servers.StartNginx(tb, 3, func(dir string, a []string) string {
		crt, key := servers.WriteFiles(tb, certificate, dir, "server")
		write(tb, filepath.Join(dir, "users"), "monitor:{PLAIN}"+hiddenValue+"\n")
		write(tb, filepath.Join(dir, "clients.crt"), string(w.clients.PEM()))
		tls := fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s;", crt, key)
		locations := fmt.Sprintf(`
			location = / { return 200 "Willkommen in Mainz\n"; }
			location = /health { default_type application/json; return 200 '{"status":"UP","checks":3}'; }
			location = /down { return 503 "down\n"; }
			location = /empty { return 204; }
			location = /post { limit_except POST { deny all; } return 200 "posted"; }
			location = /to-root { return 302 /; }
			location = /to-down { return 301 /down; }
			location = /loop { return 302 /loop2; }
			location = /loop2 { return 307 /loop; }
			location = /to-mail { return 302 mailto:it@mainz.test; }
			location ~ ^/count/(?<n>.*)$ { absolute_redirect off; return 302 /count/x$n; }
			location = /to-https { return 301 https://%s/; }
			location = /to-http { return 301 http://%s/; }
			location = /agent { return 200 "$http_user_agent|$http_accept_encoding|$http_x_unit|$host|$http_connection"; }
			location = /private { auth_basic "Mainz"; auth_basic_user_file %s/users; try_files /none =404; }
			location = /token { if ($http_authorization != "Bearer %s") { return 401; } return 200 "ok"; }
		`, a[1], a[0], dir, hiddenValue)
		return fmt.Sprintf(`
			server { listen %s; %s }
			server { listen %s ssl http2; %s %s }
			server { listen %s ssl; %s ssl_client_certificate %s/clients.crt; ssl_verify_client on; %s }`,
			a[0], locations, a[1], tls, locations, a[2], tls, dir, locations)
	})
	w.http, w.https, w.mutual = addresses[0], addresses[1], addresses[2]
	return w
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func (w *web) secrets(tb testing.TB) Secrets {
	client := w.clients.Issue(tb, servers.Certificate{Client: true})
	stranger := servers.NewAuthority(tb, "Strangers").Issue(tb, servers.Certificate{Client: true})
	pair := func(name string, crt, key []byte) *corev1.Secret {
		return secretOf(name, map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)})
	}
	crt, key := servers.PEM(tb, client)
	strangeCrt, strangeKey := servers.PEM(tb, stranger)
	return secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(w.root.PEM())}),
		secretOf("login", map[string]string{KeyUsername: "monitor", KeyPassword: hiddenValue + "\n"}),
		secretOf("wrong", map[string]string{KeyUsername: "monitor", KeyPassword: hiddenValue + "?"}),
		secretOf("token", map[string]string{KeyToken: hiddenValue + "\n", "header": "Bearer " + hiddenValue}),
		secretOf("other-token", map[string]string{KeyToken: hiddenValue + "?"}),
		pair("client", crt, key), pair("stranger", strangeCrt, strangeKey),
	)
}

func ref(name string) *v1alpha1.SecretReference { return &v1alpha1.SecretReference{Name: name} }

type webCase struct {
	name, path string
	http       v1alpha1.HTTPCheck
	want       want
}

func plainCases() []webCase {
	return []webCase{
		{"status as expected", "/", v1alpha1.HTTPCheck{}, success},
		{"without path", "", v1alpha1.HTTPCheck{}, success},
		{"no content", "/empty", v1alpha1.HTTPCheck{BodyPattern: "^$"}, success},
		{"HEAD", "/", v1alpha1.HTTPCheck{Method: "HEAD"}, success},
		{"OPTIONS", "/", v1alpha1.HTTPCheck{Method: "OPTIONS"}, success},
		{"POST", "/post", v1alpha1.HTTPCheck{Method: "POST", BodyPattern: "posted"}, success},
		{"GET where POST is needed", "/post", v1alpha1.HTTPCheck{}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"status", "/down", v1alpha1.HTTPCheck{}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"status that is expected", "/down", v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"200", "500-503"}}, success},
		{"pattern", "/", v1alpha1.HTTPCheck{BodyPattern: `^Willkommen in \w+`}, success},
		{"pattern that does not match", "/", v1alpha1.HTTPCheck{BodyPattern: "Wiesbaden"}, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"expression", "/health", v1alpha1.HTTPCheck{BodyExpression: `body.status == "UP" && body.checks > 2`}, success},
		{"expression that is false", "/health", v1alpha1.HTTPCheck{BodyExpression: `body.checks > 3`}, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"pattern and expression", "/health", v1alpha1.HTTPCheck{BodyPattern: "UP", BodyExpression: `body.checks > 3`}, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"expression without JSON", "/", v1alpha1.HTTPCheck{BodyExpression: "body.ok"}, failed(observe.StepExpectation, ReasonBodyNotJSON)},
	}
}

func redirectCases() []webCase {
	follow := v1alpha1.HTTPCheck{FollowRedirects: true}
	return []webCase{
		{"redirect is an answer", "/to-root", v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"302"}}, success},
		{"redirect is no success", "/to-root", v1alpha1.HTTPCheck{}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"redirect followed", "/to-root", v1alpha1.HTTPCheck{FollowRedirects: true, BodyPattern: "Mainz"}, success},
		{"redirect to a failure", "/to-down", follow, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"redirect loop", "/loop", follow, failed(observe.StepRequest, ReasonRedirectLoop)},
		{"redirects without end", "/count/", follow, failed(observe.StepRequest, ReasonTooManyRedirects)},
		{"redirect to another scheme", "/to-mail", follow, failed(observe.StepRequest, ReasonRedirectRefused)},
	}
}

func credentialCases() []webCase {
	refused := inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected)
	return []webCase{
		{"basic authentication", "/private", v1alpha1.HTTPCheck{BasicAuthSecretRef: ref("login"), ExpectedStatuses: []v1alpha1.HTTPStatusRange{"404"}}, success},
		{"wrong password", "/private", v1alpha1.HTTPCheck{BasicAuthSecretRef: ref("wrong")}, refused},
		{"401 without credentials", "/private", v1alpha1.HTTPCheck{}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"401 that is expected", "/private", v1alpha1.HTTPCheck{BasicAuthSecretRef: ref("wrong"), ExpectedStatuses: []v1alpha1.HTTPStatusRange{"401"}}, success},
		{"bearer token", "/token", v1alpha1.HTTPCheck{BearerTokenSecretRef: ref("token")}, success},
		{"wrong bearer token", "/token", v1alpha1.HTTPCheck{BearerTokenSecretRef: ref("other-token")}, refused},
		{"header from a Secret", "/token", v1alpha1.HTTPCheck{Headers: []v1alpha1.HTTPHeader{
			{Name: "authorization", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "token", Key: "header"}},
		}}, success},
		{"wrong header from a Secret", "/token", v1alpha1.HTTPCheck{Headers: []v1alpha1.HTTPHeader{
			{Name: "authorization", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "token", Key: KeyToken}},
		}}, refused},
		{"wrong header in the clear", "/token", v1alpha1.HTTPCheck{Headers: []v1alpha1.HTTPHeader{
			{Name: "authorization", Value: "Bearer abc"},
		}}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"own headers", "/agent", v1alpha1.HTTPCheck{BodyPattern: `^kdz-operator\|identity\|\|127.0.0.1\|close$`}, success},
		{"declared headers", "/agent", v1alpha1.HTTPCheck{BodyPattern: `^mine\|identity\|16\|www.mainz.test\|close$`, Headers: []v1alpha1.HTTPHeader{
			{Name: "User-Agent", Value: "mine"}, {Name: "X-Unit", Value: "16"}, {Name: "host", Value: "www.mainz.test"},
		}}, success},
	}
}

func TestHTTPAgainstNginx(t *testing.T) {
	w := startWeb(t)
	secrets := w.secrets(t)
	f := NewFactory(Options{})
	for _, c := range slices.Concat(plainCases(), redirectCases(), credentialCases()) {
		for _, scheme := range []string{"http", "https"} {
			t.Run(scheme+" "+c.name, func(t *testing.T) {
				e := endpointOf("http://" + w.http + c.path)
				if scheme == "https" {
					e.URL = "https://" + w.https + c.path
					e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
				}
				e.HTTP = &c.http
				r := check(t, f, e, secrets, c.want)
				if r.Took[observe.StepConnect] <= 0 || r.Took[observe.StepRequest] <= 0 || r.Took[observe.StepResolve] != 0 {
					t.Errorf("steps took %v", r.Took)
				}
				if https := scheme == "https"; https != (r.Took[observe.StepHandshake] > 0) || https != r.CertificateNotAfter.Equal(w.leaf) {
					t.Errorf("handshake took %v, certificate ends %v", r.Took[observe.StepHandshake], r.CertificateNotAfter)
				}
				if r.Address != strings.TrimSuffix(strings.SplitN(e.URL, "//", 2)[1], c.path) {
					t.Errorf("address is %q", r.Address)
				}
			})
		}
	}
}

func TestRedirectBetweenSchemes(t *testing.T) {
	w := startWeb(t)
	secrets := w.secrets(t)
	f := NewFactory(Options{})

	e := endpointOf("https://" + w.https + "/to-http")
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
	e.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true}
	check(t, f, e, secrets, failed(observe.StepRequest, ReasonRedirectRefused))

	// The image's authorities do not know the server's.
	e = endpointOf("http://" + w.http + "/to-https")
	e.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true}
	r := check(t, f, e, secrets, failed(observe.StepHandshake, ReasonCertificateUnknownAuthority))
	if !r.CertificateNotAfter.Equal(w.leaf) || r.Address != w.http {
		t.Errorf("certificate ends %v at %s", r.CertificateNotAfter, r.Address)
	}
	if strings.Contains(r.Message, "Root") || !strings.HasPrefix(r.Message, "Where a redirect led to: ") {
		t.Errorf("message of a redirect: %s", r.Message)
	}
}

func TestClientCertificateAgainstNginx(t *testing.T) {
	w := startWeb(t)
	secrets := w.secrets(t)
	f := NewFactory(Options{})
	for _, c := range []struct {
		name, client string
		want         want
	}{
		// nginx accepts the handshake and answers with status 400.
		{"accepted", "client", success},
		{"of another authority", "stranger", failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"none", "", failed(observe.StepExpectation, ReasonUnexpectedStatus)},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := endpointOf("https://" + w.mutual + "/")
			e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
			if c.client != "" {
				e.TLS.ClientCertificateSecretRef = ref(c.client)
			}
			check(t, f, e, secrets, c.want)
			// As far as TLS goes, nginx takes anybody.
			e.URL = "tls://" + w.mutual
			check(t, f, e, secrets, success)
		})
	}
}
