// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/test/servers"
)

type specCase struct {
	name  string
	edit  func(e *v1alpha1.Endpoint)
	field string
}

func commonSpecCases() []specCase {
	url := func(u string) func(e *v1alpha1.Endpoint) { return func(e *v1alpha1.Endpoint) { e.URL = u } }
	return []specCase{
		{"no url", url(""), "url"},
		{"no scheme", url("www.mainz.test"), "url"},
		{"no host", url("https:///path"), "url"},
		{"unparsable", url("https://[::1/"), "url"},
		{"password", url("https://a:" + hiddenValue + "@www.mainz.test/"), "url"},
		{"unparsable password", url("https://a:" + hiddenValue + "%zz@www.mainz.test/"), "url"},
		{"port 0", url("https://www.mainz.test:0/"), "url"},
		{"port too large", url("https://www.mainz.test:65536/"), "url"},
		{"tcp without port", url("tcp://www.mainz.test"), "url"},
		{"tcp with path", url("tcp://www.mainz.test:22/x"), "url"},
		{"host with space", url("http://www%20mainz.test/"), "url"},
		{"interval", func(e *v1alpha1.Endpoint) { e.Interval = "1d" }, "interval"},
		{"interval too short", func(e *v1alpha1.Endpoint) { e.Interval = "1s" }, "interval"},
		{"interval too long", func(e *v1alpha1.Endpoint) { e.Interval = "25h" }, "interval"},
		{"interval beyond numbers", func(e *v1alpha1.Endpoint) { e.Interval = "99999999h" }, "interval"},
		{"timeout", func(e *v1alpha1.Endpoint) { e.Timeout = "soon" }, "timeout"},
		{"timeout too short", func(e *v1alpha1.Endpoint) { e.Timeout = "9ms" }, "timeout"},
		{"timeout not shorter than interval", func(e *v1alpha1.Endpoint) { e.Timeout = "60s" }, "timeout"},
		{"maxLatency", func(e *v1alpha1.Endpoint) { e.MaxLatency = "fast" }, "maxLatency"},
		{"maxLatency of nothing", func(e *v1alpha1.Endpoint) { e.MaxLatency = "0s" }, "maxLatency"},
		{"http for tcp", func(e *v1alpha1.Endpoint) { e.URL = "tcp://a:1"; e.HTTP = &v1alpha1.HTTPCheck{} }, "http"},
		{"tls for http", func(e *v1alpha1.Endpoint) { e.URL = "http://a"; e.TLS = &v1alpha1.TLSCheck{} }, "tls"},
		{"dns for https", func(e *v1alpha1.Endpoint) { e.DNS = &v1alpha1.DNSCheck{} }, "dns"},
	}
}

func httpSpecCases() []specCase {
	http := func(h v1alpha1.HTTPCheck) func(e *v1alpha1.Endpoint) {
		return func(e *v1alpha1.Endpoint) { e.HTTP = &h }
	}
	header := func(h ...v1alpha1.HTTPHeader) func(e *v1alpha1.Endpoint) {
		return http(v1alpha1.HTTPCheck{Headers: h})
	}
	return []specCase{
		{"method", http(v1alpha1.HTTPCheck{Method: "DELETE"}), "http.method"},
		{"HEAD with body", http(v1alpha1.HTTPCheck{Method: "HEAD", BodyPattern: "x"}), "http.method"},
		{"status", http(v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"200", "6"}}), "http.expectedStatuses[1]"},
		{"status range", http(v1alpha1.HTTPCheck{ExpectedStatuses: []v1alpha1.HTTPStatusRange{"299-200"}}), "http.expectedStatuses[0]"},
		{"pattern", http(v1alpha1.HTTPCheck{BodyPattern: "("}), "http.bodyPattern"},
		{"pattern too large", http(v1alpha1.HTTPCheck{BodyPattern: ".{600}.{600}"}), "http.bodyPattern"},
		{"expression", http(v1alpha1.HTTPCheck{BodyExpression: "body."}), "http.bodyExpression"},
		{"expression of unknown name", http(v1alpha1.HTTPCheck{BodyExpression: "answer.ok"}), "http.bodyExpression"},
		{"expression that is no truth", http(v1alpha1.HTTPCheck{BodyExpression: "1 + 1"}), "http.bodyExpression"},
		{"expression that binds", http(v1alpha1.HTTPCheck{BodyExpression: "body.map(a, a).size() > 1"}), "http.bodyExpression"},
		{"expression that multiplies", http(v1alpha1.HTTPCheck{BodyExpression: "[[body, body]].all(a, a == a)"}), "http.bodyExpression"},
		{"expression that makes maps", http(v1alpha1.HTTPCheck{BodyExpression: "{'a': body}.all(a, a == a)"}), "http.bodyExpression"},
		{"regular expression in expression", http(v1alpha1.HTTPCheck{BodyExpression: "body.matches('a')"}), "http.bodyExpression"},
		{"header name", header(v1alpha1.HTTPHeader{Name: "X Y", Value: "1"}), "http.headers[0].name"},
		{"header value", header(v1alpha1.HTTPHeader{Name: "X", Value: "1\r\nY: 2"}), "http.headers[0].value"},
		{"header without value", header(v1alpha1.HTTPHeader{Name: "X"}), "http.headers[0]"},
		{"header twice", header(v1alpha1.HTTPHeader{Name: "x-a", Value: "1"}, v1alpha1.HTTPHeader{Name: "X-A", Value: "1"}), "http.headers[1].name"},
		{"host twice", header(v1alpha1.HTTPHeader{Name: "Host", Value: "a"}, v1alpha1.HTTPHeader{Name: "HOST", Value: "b"}), "http.headers[1].name"},
		{"unusable host", header(v1alpha1.HTTPHeader{Name: "Host", Value: "a b/c"}), "http.headers[0].value"},
		{"secret host", header(v1alpha1.HTTPHeader{Name: "Host", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "token", Key: KeyToken}}), "http.headers[0].secretKeyRef"},
		{"content length", header(v1alpha1.HTTPHeader{Name: "content-length", Value: "1"}), "http.headers[0].name"},
		{"transfer encoding", header(v1alpha1.HTTPHeader{Name: "Transfer-Encoding", Value: "chunked"}), "http.headers[0].name"},
		{"connection", header(v1alpha1.HTTPHeader{Name: "Connection", Value: "keep-alive"}), "http.headers[0].name"},
		{"accept encoding", header(v1alpha1.HTTPHeader{Name: "Accept-Encoding", Value: "gzip"}), "http.headers[0].name"},
		{"two credentials", http(v1alpha1.HTTPCheck{BasicAuthSecretRef: ref("token"), BearerTokenSecretRef: ref("token")}), "http.bearerTokenSecretRef"},
		{"credential and header", http(v1alpha1.HTTPCheck{BearerTokenSecretRef: ref("token"), Headers: []v1alpha1.HTTPHeader{{Name: "authorization", Value: "x"}}}), "http.bearerTokenSecretRef"},
		{"trust in all and some", func(e *v1alpha1.Endpoint) {
			e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true, CASecretRef: ref("token")}
		}, "tls.insecureSkipVerify"},
		{"server name", func(e *v1alpha1.Endpoint) { e.TLS = &v1alpha1.TLSCheck{ServerName: "a b"} }, "tls.serverName"},
	}
}

func TestSpecErrors(t *testing.T) {
	f := NewFactory(Options{})
	secrets := secretsOf(secretOf("token", map[string]string{KeyToken: "x"}))
	for _, c := range slices.Concat(commonSpecCases(), httpSpecCases()) {
		t.Run(c.name, func(t *testing.T) {
			e := endpointOf("https://www.mainz.test/")
			c.edit(e)
			_, err := f.New(e, secrets)
			specError(t, err, c.field, SpecInvalid)
			if err != nil && strings.Contains(err.Error(), hiddenValue) {
				t.Errorf("error holds the password: %v", err)
			}
		})
	}
	_, err := f.New(endpointOf("gopher://www.mainz.test"), nil)
	specError(t, err, "url", SpecInvalid)
}

type secretCase struct {
	name    string
	e       *v1alpha1.Endpoint
	secrets Secrets
	want    SecretError
}

var errReading = errors.New("the API server is away")

func secretCases(t *testing.T) []secretCase {
	crt, key := servers.PEM(t, servers.SelfSigned(t, servers.Certificate{Client: true}))
	_, otherKey := servers.PEM(t, servers.SelfSigned(t, servers.Certificate{Client: true}))
	pair := func(crt, key string) map[string]string {
		return map[string]string{KeyCertificate: crt, KeyPrivateKey: key}
	}
	unlabelled := secretOf("secret", map[string]string{KeyToken: hiddenValue})
	unlabelled.Labels = map[string]string{v1alpha1.LabelProbe: "yes"}
	basic := &v1alpha1.Endpoint{HTTP: &v1alpha1.HTTPCheck{BasicAuthSecretRef: ref("secret")}}
	bearer := &v1alpha1.Endpoint{HTTP: &v1alpha1.HTTPCheck{BearerTokenSecretRef: ref("secret")}}
	header := &v1alpha1.Endpoint{HTTP: &v1alpha1.HTTPCheck{Headers: []v1alpha1.HTTPHeader{{Name: "X", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "secret", Key: "key"}}}}}
	ca := &v1alpha1.Endpoint{TLS: &v1alpha1.TLSCheck{CASecretRef: ref("secret")}}
	client := &v1alpha1.Endpoint{TLS: &v1alpha1.TLSCheck{ClientCertificateSecretRef: ref("secret")}}
	return []secretCase{
		{"missing", bearer, secretsOf(), SecretError{Name: "secret", Reason: SecretNotFound}},
		{"nobody reads Secrets", bearer, nil, SecretError{Name: "secret", Reason: SecretNotFound}},
		{"nil", bearer, func(string) (*corev1.Secret, error) { return nil, nil }, SecretError{Name: "secret", Reason: SecretNotFound}},
		{"unreadable", bearer, func(string) (*corev1.Secret, error) { return nil, errReading }, SecretError{Name: "secret", Reason: SecretUnreadable}},
		{"not labelled", bearer, secretsOf(unlabelled), SecretError{Name: "secret", Reason: SecretNotLabelled}},
		{"no token", bearer, secretsOf(secretOf("secret", nil)), SecretError{Name: "secret", Key: KeyToken, Reason: SecretKeyMissing}},
		{"empty token", bearer, secretsOf(secretOf("secret", map[string]string{KeyToken: "\n"})), SecretError{Name: "secret", Key: KeyToken, Reason: SecretKeyMissing}},
		{"token of two lines", bearer, secretsOf(secretOf("secret", map[string]string{KeyToken: hiddenValue + "\nX: y"})), SecretError{Name: "secret", Key: KeyToken, Reason: SecretUnusable}},
		{"no header", header, secretsOf(secretOf("secret", nil)), SecretError{Name: "secret", Key: "key", Reason: SecretKeyMissing}},
		{"no user", basic, secretsOf(secretOf("secret", map[string]string{KeyPassword: hiddenValue})), SecretError{Name: "secret", Key: KeyUsername, Reason: SecretKeyMissing}},
		{"no password", basic, secretsOf(secretOf("secret", map[string]string{KeyUsername: "a"})), SecretError{Name: "secret", Key: KeyPassword, Reason: SecretKeyMissing}},
		{"user with colon", basic, secretsOf(secretOf("secret", map[string]string{KeyUsername: hiddenValue + ":", KeyPassword: "x"})), SecretError{Name: "secret", Key: KeyUsername, Reason: SecretUnusable}},
		{"no authorities", ca, secretsOf(secretOf("secret", nil)), SecretError{Name: "secret", Key: KeyCA, Reason: SecretKeyMissing}},
		{"authorities without PEM", ca, secretsOf(secretOf("secret", map[string]string{KeyCA: hiddenValue})), SecretError{Name: "secret", Key: KeyCA, Reason: SecretUnusable}},
		{"authorities with a key", ca, secretsOf(secretOf("secret", map[string]string{KeyCA: string(crt) + string(key)})), SecretError{Name: "secret", Key: KeyCA, Reason: SecretUnusable}},
		{"broken authority", ca, secretsOf(secretOf("secret", map[string]string{KeyCA: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})), SecretError{Name: "secret", Key: KeyCA, Reason: SecretUnusable}},
		{"no certificate", client, secretsOf(secretOf("secret", map[string]string{KeyPrivateKey: string(key)})), SecretError{Name: "secret", Key: KeyCertificate, Reason: SecretKeyMissing}},
		{"no key", client, secretsOf(secretOf("secret", map[string]string{KeyCertificate: string(crt)})), SecretError{Name: "secret", Key: KeyPrivateKey, Reason: SecretKeyMissing}},
		{"somebody else's key", client, secretsOf(secretOf("secret", pair(string(crt), string(otherKey)))), SecretError{Name: "secret", Key: KeyCertificate, Reason: SecretUnusable}},
	}
}

func TestSecretErrors(t *testing.T) {
	for _, c := range secretCases(t) {
		t.Run(c.name, func(t *testing.T) {
			e := c.e.DeepCopy()
			e.URL = "https://www.mainz.test/"
			if diff := cmp.Diff([]string{"secret"}, SecretNames(e)); diff != "" {
				t.Errorf("SecretNames: %s", diff)
			}
			_, err := NewFactory(Options{}).New(e, c.secrets)
			var got *SecretError
			if !errors.As(err, &got) {
				t.Fatalf("error is %v", err)
			}
			if got.Name != c.want.Name || got.Key != c.want.Key || got.Reason != c.want.Reason {
				t.Errorf("error is %+v, want %+v", got, c.want)
			}
			if text := got.Error(); strings.Contains(text, hiddenValue) || !strings.Contains(text, `Secret "secret"`) {
				t.Errorf("error says %q", text)
			}
			if c.name == "unreadable" && !errors.Is(err, errReading) {
				t.Error("the error of reading is lost")
			}
		})
	}
}

func TestSecretNames(t *testing.T) {
	e := &v1alpha1.Endpoint{
		HTTP: &v1alpha1.HTTPCheck{
			Headers:            []v1alpha1.HTTPHeader{{Name: "A", Value: "b"}, {Name: "B", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "one", Key: "k"}}},
			BasicAuthSecretRef: ref("two"),
		},
		TLS: &v1alpha1.TLSCheck{CASecretRef: ref("three"), ClientCertificateSecretRef: ref("one")},
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, SecretNames(e)); diff != "" {
		t.Error(diff)
	}
	if names := SecretNames(&v1alpha1.Endpoint{}); len(names) != 0 {
		t.Errorf("names of nothing: %v", names)
	}
}

func TestEffectiveTimes(t *testing.T) {
	for _, c := range []struct {
		interval, timeout v1alpha1.Duration
		wantI, wantT      time.Duration
	}{
		{"", "", time.Minute, 10 * time.Second},
		{"5s", "", 5 * time.Second, 2500 * time.Millisecond},
		{"20s", "", 20 * time.Second, 10 * time.Second},
		{"1h30m", "", 90 * time.Minute, 10 * time.Second},
		{"24h", "23h", 24 * time.Hour, 23 * time.Hour},
		{"5s", "4999ms", 5 * time.Second, 4999 * time.Millisecond},
		{"10s", "10ms", 10 * time.Second, 10 * time.Millisecond},
	} {
		e := &v1alpha1.Endpoint{Interval: c.interval, Timeout: c.timeout}
		i, errI := Interval(e)
		d, errT := Timeout(e)
		if i != c.wantI || d != c.wantT || errI != nil || errT != nil {
			t.Errorf("interval %q, timeout %q: got %v %v, %v %v", c.interval, c.timeout, i, errI, d, errT)
		}
	}
	if d, err := MaxLatency(&v1alpha1.Endpoint{}); d != 0 || err != nil {
		t.Errorf("maxLatency of nothing is %v, %v", d, err)
	}
}

func TestTargets(t *testing.T) {
	f := NewFactory(Options{})
	for url, want := range map[string]string{
		"http://WWW.Mainz.test":         "www.mainz.test:80",
		"HTTPS://www.mainz.test/a?b#c":  "www.mainz.test:443",
		"https://www.mainz.test:0443":   "www.mainz.test:443",
		"tls://www.mainz.test":          "www.mainz.test:443",
		"tls://www.mainz.test:993":      "www.mainz.test:993",
		"tcp://db.mainz.test:5432":      "db.mainz.test:5432",
		"tcp://[::1]:22":                "[::1]:22",
		"https://bürger.mainz.test/":    "xn--brger-kva.mainz.test:443",
		"http://127.0.0.1:8080/a?b c=ä": "127.0.0.1:8080",
	} {
		p, err := f.New(endpointOf(url), nil)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if p.Target() != want {
			t.Errorf("target of %s is %s, want %s", url, p.Target(), want)
		}
	}
	u, err := parseTarget("http://127.0.0.1:80/ü?b c=ä&d")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.url.String(); got != "http://127.0.0.1/%C3%BC?b%20c=%C3%A4&d" {
		t.Errorf("asked for is %s", got)
	}
}
