// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// usedPorts are those that a test of this process was given.
var usedPorts sync.Map

// freePort is a port that nobody listens on, below those that the kernel gives
// to outgoing connections.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if _, used := usedPorts.LoadOrStore(port, true); used {
			continue
		}
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return 0
}

// at makes an endpoint of the namespace ns; name is also its Application's.
func at(name, format string, port int) Endpoint {
	return Endpoint{
		Namespace: "ns", Application: name, Name: "web",
		URL: fmt.Sprintf(format, port), Behaviour: Up, Notice: 10 * time.Second,
	}
}

func (e Endpoint) as(b Behaviour, f Fault) Endpoint {
	e.Behaviour, e.Fault = b, f
	return e
}

func (e Endpoint) named(serverName string) Endpoint {
	e.ServerName = serverName
	return e
}

func serve(t *testing.T, o Options) *Lab {
	t.Helper()
	l, err := Serve(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func failure(t *testing.T, err error) string {
	t.Helper()
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "closed"
	}
	t.Logf("%T %v", err, err)
	return err.Error()
}

// change stops or starts one endpoint and checks what is said of it.
func change(t *testing.T, do func(string) ([]Status, error), name string, works bool) {
	t.Helper()
	statuses, err := do(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(statuses) != 1 || statuses[0].Works != works {
		t.Fatalf("%s: %+v, want works %v", name, statuses, works)
	}
}

// awaitTimer returns when somebody waits for the clock.
func awaitTimer(t *testing.T, clock *clocktesting.FakeClock) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !clock.HasWaiters() {
		select {
		case <-t.Context().Done():
			t.Fatal("nobody waits for the clock")
		case <-tick.C:
		}
	}
}
