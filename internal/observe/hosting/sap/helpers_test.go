// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "p01adm"
	password = "not-a-real-password"
)

// world is a Source, the clock by which its credentials rest, and Secrets.
type world struct {
	*testing.T
	source  *Source
	clock   *testingclock.FakePassiveClock
	secrets map[string]*corev1.Secret
}

func newWorld(t *testing.T) *world {
	t.Helper()
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	w := &world{T: t, clock: testingclock.NewFakePassiveClock(time.Now()), secrets: map[string]*corev1.Secret{}}
	w.source = NewSource(Options{Factory: endpoint.NewFactory(endpoint.Options{Egress: egress}), Clock: w.clock})
	return w
}

// secret puts a Secret into the world; another version of it is another state.
func (w *world) secret(name, version string, data map[string]string) {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID("uid-" + name), ResourceVersion: version,
			Labels: map[string]string{v1alpha1.LabelProbe: "true"},
		},
		Data: map[string][]byte{},
	}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	w.secrets[name] = s
}

func (w *world) credentials(version, user, password string) {
	w.secret("login", version, map[string]string{endpoint.KeyUsername: user, endpoint.KeyPassword: password})
}

func (w *world) get(name string) (*corev1.Secret, error) { return w.secrets[name], nil }

// probe returns the probe of an instance of h.
func (w *world) probe(h *v1alpha1.SAPHosting, place int) observe.Probe {
	w.Helper()
	return w.probeWithin(h, place, 5*time.Second)
}

func (w *world) probeWithin(h *v1alpha1.SAPHosting, place int, timeout time.Duration) observe.Probe {
	w.Helper()
	p, err := w.source.New(h, &h.Instances[place], w.get, timeout)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// ask asks an instance once, and reads the answer as its declaration does.
func (w *world) ask(h *v1alpha1.SAPHosting, place int) observe.Result {
	w.Helper()
	return w.read(h, place, w.probe(h, place).Run(w.Context()))
}

func (w *world) read(h *v1alpha1.SAPHosting, place int, r observe.Result) observe.Result {
	w.Helper()
	sound(w.T, r)
	if r.Outcome != observe.OutcomeSuccess {
		return r
	}
	if _, ok := r.Facts.(*Facts); !ok {
		w.Fatalf("a success has Facts: %+v", r)
	}
	r = Reader(h, &h.Instances[place])(r)
	sound(w.T, r)
	return r
}

// sound checks what holds for every result.
func sound(t *testing.T, r observe.Result) {
	t.Helper()
	plain := r.Outcome == observe.OutcomeSuccess && !r.Degraded
	if plain != (r.Reason == "") || plain != (r.Message == "") {
		t.Errorf("a success has no reason and no message unless degraded, all else has both: %+v", r)
	}
	if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) {
		t.Errorf("message of %d bytes: %q", len(r.Message), r.Message)
	}
	if strings.Contains(fmt.Sprintf("%+v", r), password) {
		t.Errorf("the result holds the password: %+v", r)
	}
}

// want compares the outcome and the reason of a result.
func want(t *testing.T, r observe.Result, outcome observe.Outcome, reason string) {
	t.Helper()
	if r.Outcome != outcome || r.Reason != reason {
		t.Fatalf("outcome %d, reason %q: %s; want outcome %d, reason %q", r.Outcome, r.Reason, r.Message, outcome, reason)
	}
}

// serve serves each instance of a system, and returns its declaration.
func serve(t *testing.T, s *sapcontrol.System, instances int) *v1alpha1.SAPHosting {
	t.Helper()
	h := &v1alpha1.SAPHosting{SystemID: "P01"}
	for place := range instances {
		h.Instances = append(h.Instances, v1alpha1.SAPInstance{
			Host: "sapapp1", Number: fmt.Sprintf("%02d", place), URL: v1alpha1.HTTPURL(listen(t, s.Instance(place))),
		})
	}
	return h
}

func listen(t *testing.T, handler http.Handler) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// system returns a system with so many instances, all of them well.
func system(instances int) *sapcontrol.System {
	o := sapcontrol.Options{SystemID: "P01", User: user, Password: password}
	for place := range instances {
		o.Instances = append(o.Instances, sapcontrol.InstanceOptions{Host: "sapapp1", Number: fmt.Sprintf("%02d", place)})
	}
	return sapcontrol.New(o)
}

// login declares credentials.
func login(h *v1alpha1.SAPHosting) *v1alpha1.SAPHosting {
	h.CredentialsSecretRef = &v1alpha1.SecretReference{Name: "login"}
	return h
}
