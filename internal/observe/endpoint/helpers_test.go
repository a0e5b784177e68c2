// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hiddenValue is in every credential of these tests, and must be in no message.
const hiddenValue = "geheim-4711"

// want is what a result must be, as far as it is fixed.
type want struct {
	outcome observe.Outcome
	class   observe.FailureClass
	step    observe.Step
	reason  string
}

var success = want{outcome: observe.OutcomeSuccess}

func failed(step observe.Step, reason string) want {
	return want{observe.OutcomeFailure, observe.ClassTarget, step, reason}
}

func inconclusive(class observe.FailureClass, step observe.Step, reason string) want {
	return want{observe.OutcomeInconclusive, class, step, reason}
}

// check runs a probe of e and compares.
func check(t *testing.T, f *Factory, e *v1alpha1.Endpoint, secrets Secrets, w want) observe.Result {
	t.Helper()
	p, err := f.New(e, secrets)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return checkProbe(t, p, w)
}

func checkProbe(t *testing.T, p observe.Probe, w want) observe.Result {
	t.Helper()
	r := p.Run(context.Background())
	sound(t, r)
	if got := (want{r.Outcome, r.Class, r.Step, r.Reason}); got != w {
		t.Errorf("result is %+v, want %+v; message: %s", got, w, r.Message)
	}
	return r
}

// sound checks what holds for every result.
func sound(t *testing.T, r observe.Result) {
	t.Helper()
	var sum time.Duration
	for _, d := range r.Took {
		sum += d
	}
	if sum != r.Latency {
		t.Errorf("the steps took %v, the check %v", sum, r.Latency)
	}
	if r.Outcome == observe.OutcomeSuccess {
		if r.Class != observe.ClassNone || r.Step != observe.StepNone || r.Reason != "" || r.Message != "" {
			t.Errorf("a success has a fault: %+v", r)
		}
		return
	}
	if r.Step == observe.StepNone || r.Reason == "" || r.Message == "" || r.Slow {
		t.Errorf("a failure says too little: %+v", r)
	}
	if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) || !strings.HasSuffix(r.Message, ".") {
		t.Errorf("message is not a bounded sentence: %q", r.Message)
	}
	for _, c := range r.Message {
		if !unicode.IsPrint(c) {
			t.Errorf("message is not printable: %q", r.Message)
		}
	}
	if strings.Contains(r.Message, hiddenValue) {
		t.Errorf("message holds a credential: %q", r.Message)
	}
}

// endpointOf returns an endpoint with a timeout that no healthy server needs.
func endpointOf(url string) *v1alpha1.Endpoint {
	return &v1alpha1.Endpoint{Name: "web", URL: url, Interval: "60s", Timeout: "10s"}
}

// impatient returns an endpoint for servers that never answer.
func impatient(url string) *v1alpha1.Endpoint {
	e := endpointOf(url)
	e.Timeout = "200ms"
	return e
}

func secretOf(name string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: types.UID("uid-" + name), ResourceVersion: "1", Labels: map[string]string{v1alpha1.LabelProbe: "true"},
	}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

// secretsOf is a namespace with these Secrets.
func secretsOf(list ...*corev1.Secret) Secrets {
	return func(name string) (*corev1.Secret, error) {
		for _, s := range list {
			if s.Name == name {
				return s, nil
			}
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
	}
}

// rawServer accepts connections on loopback and hands each to serve, which may
// do as it likes; the connection is closed when it returns, or at the end of
// the test. It returns the address.
func rawServer(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveRaw(t, l, serve)
	return l.Addr().String()
}

func serveRaw(t *testing.T, l net.Listener, serve func(conn net.Conn)) {
	var (
		mu    sync.Mutex
		conns []net.Conn
		all   sync.WaitGroup
	)
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			all.Go(func() {
				defer closeQuietly(conn)
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		closeQuietly(l)
		mu.Lock()
		for _, c := range conns {
			closeQuietly(c)
		}
		mu.Unlock()
		all.Wait()
	})
}

// closeQuietly closes what the other side may have closed before.
func closeQuietly(c io.Closer) { _ = c.Close() }

// silence reads until the other side goes.
func silence(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// readRequest reads one HTTP request; nil means that the other side went.
func readRequest(conn net.Conn) *http.Request {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return nil
	}
	return req
}

// answers is a raw HTTP server that sends the same bytes to everybody, and
// closes the connection.
func answers(response string) func(conn net.Conn) {
	return func(conn net.Conn) {
		if readRequest(conn) != nil {
			_, _ = io.WriteString(conn, response)
		}
	}
}

// endless sends head, and then part again and again until the other side goes.
func endless(head, part string, pause time.Duration) func(conn net.Conn) {
	return func(conn net.Conn) {
		if readRequest(conn) == nil {
			return
		}
		_, err := io.WriteString(conn, head)
		tick := time.NewTicker(max(pause, 1))
		defer tick.Stop()
		for err == nil {
			if pause > 0 {
				<-tick.C
			}
			_, err = io.WriteString(conn, part)
		}
	}
}

func specError(t *testing.T, err error, field string, reason SpecReason) {
	t.Helper()
	var spec *SpecError
	if !errors.As(err, &spec) {
		t.Fatalf("error is %v, want a SpecError of field %s", err, field)
	}
	if spec.Field != field || spec.Reason != reason || spec.Detail == "" {
		t.Errorf("error is %+v, want field %s and reason %s", spec, field, reason)
	}
}

// calledOff asks a server, and goes shortly after it connected: the check must
// end at once, at the step at which it waited.
func calledOff(t *testing.T, serve func(conn net.Conn), declare func(address string) *v1alpha1.Endpoint, step observe.Step) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e := declare(rawServer(t, func(conn net.Conn) {
		time.AfterFunc(50*time.Millisecond, cancel)
		serve(conn)
	}))
	e.Timeout = "50s"
	p, err := NewFactory(Options{}).New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r := p.Run(ctx)
	sound(t, r)
	if r.Reason != ReasonCancelled || r.Step != step || time.Since(begun) > 5*time.Second {
		t.Errorf("result is %+v after %v", r, time.Since(begun))
	}
}

// frugal asks a hostile server, and fails if that is a success or if it made
// anybody in this process allocate more than so many bytes. It is not for
// tests that run beside others.
func frugal(t *testing.T, e *v1alpha1.Endpoint, most uint64) {
	t.Helper()
	p, err := NewFactory(Options{}).New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := p.Run(context.Background())
	runtime.ReadMemStats(&after)
	sound(t, r)
	if spent := after.TotalAlloc - before.TotalAlloc; r.Outcome == observe.OutcomeSuccess || spent > most {
		t.Errorf("%d bytes were allocated for %+v", spent, r)
	} else {
		t.Logf("%d KiB: %s", spent>>10, r.Message)
	}
}

// unimpressed asks a hostile server: the check must end within seconds, as
// wanted, and say so in these words.
func unimpressed(t *testing.T, f *Factory, e *v1alpha1.Endpoint, w want, words string) {
	t.Helper()
	begun := time.Now()
	r := check(t, f, e, nil, w)
	if !strings.Contains(r.Message, words) {
		t.Errorf("message is %q, want %q in it", r.Message, words)
	}
	if limit := 5 * time.Second; time.Since(begun) > limit {
		t.Errorf("the check took %v", time.Since(begun))
	}
}
