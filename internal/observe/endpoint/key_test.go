// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/test/servers"
)

// question asked by the tests of the key, with everything that can be declared.
func fullEndpoint() *v1alpha1.Endpoint {
	e := endpointOf("https://www.mainz.test/health?a=b")
	e.MaxLatency = "1s"
	e.HTTP = &v1alpha1.HTTPCheck{
		Method: "POST", ExpectedStatuses: []v1alpha1.HTTPStatusRange{"200-299", "401"}, BodyPattern: "a", BodyExpression: "body.a",
		Headers: []v1alpha1.HTTPHeader{
			{Name: "X-A", Value: "a"}, {Name: "X-B", SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "secret", Key: "token"}}, {Name: "Host", Value: "h"},
		},
		BasicAuthSecretRef: ref("secret"),
	}
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ClientCertificateSecretRef: ref("client"), ServerName: "s"}
	return e
}

// namespace holds the Secrets of fullEndpoint.
type namespace struct{ ca, otherCA, client, secret *corev1.Secret }

func newNamespace(t *testing.T) *namespace {
	crt, key := servers.PEM(t, servers.SelfSigned(t, servers.Certificate{Client: true}))
	return &namespace{
		ca:      secretOf("ca", map[string]string{KeyCA: string(servers.NewAuthority(t, "A").PEM())}),
		otherCA: secretOf("ca", map[string]string{KeyCA: string(servers.NewAuthority(t, "B").PEM())}),
		client:  secretOf("client", map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)}),
		secret:  secretOf("secret", map[string]string{KeyUsername: "u", KeyPassword: hiddenValue, KeyToken: hiddenValue, "other": "o"}),
	}
}

func (n *namespace) secrets() Secrets { return secretsOf(n.ca, n.client, n.secret) }

func keyOf(t interface {
	Helper()
	Fatalf(string, ...any)
}, f *Factory, e *v1alpha1.Endpoint, secrets Secrets,
) string {
	t.Helper()
	p, err := f.New(e, secrets)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return p.Key()
}

// TestKeyDiffers: each of these makes another question of it, and no two the
// same.
func TestKeyDiffers(t *testing.T) {
	f := NewFactory(Options{})
	n := newNamespace(t)
	seen := map[string]string{keyOf(t, f, fullEndpoint(), n.secrets()): "unchanged"}
	note := func(name, key string) {
		if other, ok := seen[key]; ok {
			t.Errorf("%s asks the same as %s", name, other)
		}
		seen[key] = name
	}
	for name, edit := range map[string]func(e *v1alpha1.Endpoint){
		"host":          func(e *v1alpha1.Endpoint) { e.URL = "https://mainz.test/health?a=b" },
		"port":          func(e *v1alpha1.Endpoint) { e.URL = "https://www.mainz.test:8443/health?a=b" },
		"path":          func(e *v1alpha1.Endpoint) { e.URL = "https://www.mainz.test/?a=b" },
		"query":         func(e *v1alpha1.Endpoint) { e.URL = "https://www.mainz.test/health?a=c" },
		"timeout":       func(e *v1alpha1.Endpoint) { e.Timeout = "9s" },
		"maxLatency":    func(e *v1alpha1.Endpoint) { e.MaxLatency = "2s" },
		"method":        func(e *v1alpha1.Endpoint) { e.HTTP.Method = "OPTIONS" },
		"statuses":      func(e *v1alpha1.Endpoint) { e.HTTP.ExpectedStatuses = nil },
		"pattern":       func(e *v1alpha1.Endpoint) { e.HTTP.BodyPattern = "b" },
		"no pattern":    func(e *v1alpha1.Endpoint) { e.HTTP.BodyPattern = "" },
		"expression":    func(e *v1alpha1.Endpoint) { e.HTTP.BodyExpression = "body.b" },
		"redirects":     func(e *v1alpha1.Endpoint) { e.HTTP.FollowRedirects = true },
		"header name":   func(e *v1alpha1.Endpoint) { e.HTTP.Headers[0].Name = "X-C" },
		"header value":  func(e *v1alpha1.Endpoint) { e.HTTP.Headers[0].Value = "b" },
		"host header":   func(e *v1alpha1.Endpoint) { e.HTTP.Headers[2].Value = "i" },
		"key of header": func(e *v1alpha1.Endpoint) { e.HTTP.Headers[1].SecretKeyRef.Key = "other" },
		"bearer": func(e *v1alpha1.Endpoint) {
			e.HTTP.BasicAuthSecretRef, e.HTTP.BearerTokenSecretRef = nil, ref("secret")
		},
		"no credential":      func(e *v1alpha1.Endpoint) { e.HTTP.BasicAuthSecretRef = nil },
		"no authorities":     func(e *v1alpha1.Endpoint) { e.TLS.CASecretRef = nil },
		"no verification":    func(e *v1alpha1.Endpoint) { e.TLS.CASecretRef, e.TLS.InsecureSkipVerify = nil, true },
		"no client":          func(e *v1alpha1.Endpoint) { e.TLS.ClientCertificateSecretRef = nil },
		"server name":        func(e *v1alpha1.Endpoint) { e.TLS.ServerName = "t" },
		"another check":      func(e *v1alpha1.Endpoint) { e.URL, e.HTTP = "tls://www.mainz.test", nil },
		"yet another check":  func(e *v1alpha1.Endpoint) { e.URL, e.HTTP, e.TLS = "tcp://www.mainz.test:443", nil, nil },
		"without encryption": func(e *v1alpha1.Endpoint) { e.URL, e.TLS = "http://www.mainz.test/health?a=b", nil },
	} {
		e := fullEndpoint()
		edit(e)
		note(name, keyOf(t, f, e, n.secrets()))
	}
	for name, edit := range map[string]func(n *namespace){
		"version of Secret":             func(n *namespace) { n.secret.ResourceVersion = "2" },
		"recreated Secret":              func(n *namespace) { n.secret.UID = "new" },
		"version of client certificate": func(n *namespace) { n.client.ResourceVersion = "2" },
		"other authorities":             func(n *namespace) { n.ca = n.otherCA },
	} {
		changed := &namespace{n.ca.DeepCopy(), n.otherCA, n.client.DeepCopy(), n.secret.DeepCopy()}
		edit(changed)
		note(name, keyOf(t, f, fullEndpoint(), changed.secrets()))
	}
	for key, name := range seen {
		if len(key) != 32 || strings.Contains(key, hiddenValue) {
			t.Errorf("key of %s is %q", name, key)
		}
	}
}

// TestKeyIsStable: what is only about when and for whom to ask, or another way
// to write the same, makes no other question, in whatever combination.
func TestKeyIsStable(t *testing.T) {
	n := newNamespace(t)
	first := keyOf(t, NewFactory(Options{}), fullEndpoint(), n.secrets())
	f := NewFactory(Options{})
	edits := []func(e *v1alpha1.Endpoint, m *namespace){
		func(e *v1alpha1.Endpoint, _ *namespace) { e.Name = "other" },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.Interval = "5m" },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.FailureThreshold, e.SuccessThreshold = 7, 8 },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.Importance = v1alpha1.ImportanceSupporting },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.TLS.RenewBefore = "24h" },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.URL = "HTTPS://WWW.mainz.TEST:443/health?a=b#top" },
		func(e *v1alpha1.Endpoint, _ *namespace) { e.Timeout = "10000ms" },
		func(e *v1alpha1.Endpoint, _ *namespace) {
			e.HTTP.Headers[0], e.HTTP.Headers[2] = e.HTTP.Headers[2], e.HTTP.Headers[0]
		},
		func(e *v1alpha1.Endpoint, _ *namespace) {
			e.HTTP.ExpectedStatuses = []v1alpha1.HTTPStatusRange{"401-401", "200-299"}
		},
		func(e *v1alpha1.Endpoint, m *namespace) {
			m.ca.Name, m.ca.UID, m.ca.ResourceVersion = "ca2", "uid2", "2"
			e.TLS.CASecretRef.Name = "ca2"
		},
		func(_ *v1alpha1.Endpoint, m *namespace) { m.secret.Labels["more"] = "x" },
	}
	rapid.Check(t, func(t *rapid.T) {
		e, m := fullEndpoint(), &namespace{n.ca.DeepCopy(), n.otherCA, n.client.DeepCopy(), n.secret.DeepCopy()}
		for i := range edits {
			if rapid.Bool().Draw(t, fmt.Sprintf("edit %d", i)) {
				edits[i](e, m)
			}
		}
		if key := keyOf(t, f, e, m.secrets()); key != first {
			t.Fatalf("key changed from %s to %s", first, key)
		}
	})
}

// TestQuestionIsInjective: no two lists of properties digest alike, wherever
// the borders between their parts are.
func TestQuestionIsInjective(t *testing.T) {
	digest := func(parts [][]string) string {
		q := newQuestion(target{}, 0, 0)
		for _, p := range parts {
			q.add(p[0], p[1:]...)
		}
		return q.key()
	}
	part := rapid.SliceOfN(rapid.StringMatching("[ab]{0,2}"), 1, 3)
	parts := rapid.SliceOfN(part, 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if same := fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b); same != (digest(a) == digest(b)) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}
