// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a server on loopback that can be stopped and started again at the
// same address.
type server struct {
	t       *testing.T
	address string
	tls     *tls.Config
	// serve serves connections until the listener is closed; it may return a
	// function that ends what is left.
	serve func(net.Listener) (end func())

	mu       sync.Mutex
	listener net.Listener
	end      func()
}

// silent is for servers that are meant to be asked badly.
var silent = log.New(io.Discard, "", 0)

// startHTTP starts a server of HTTP, or of HTTPS if it has a certificate.
func startHTTP(t *testing.T, address string, handler http.Handler, certificates ...tls.Certificate) *server {
	t.Helper()
	s := &server{t: t, address: address, serve: func(l net.Listener) func() {
		h := &http.Server{Handler: handler, ErrorLog: silent}
		go func() { _ = h.Serve(l) }()
		return func() { _ = h.Close() }
	}}
	if len(certificates) > 0 {
		s.tls = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// startTCP starts a server that does something with each connection, and then
// closes it.
func startTCP(t *testing.T, address string, handle func(net.Conn)) *server {
	t.Helper()
	s := &server{t: t, address: address, serve: func(l net.Listener) func() {
		var open sync.Map
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				open.Store(c, nil)
				go func() {
					defer func() { open.Delete(c); _ = c.Close() }()
					handle(c)
				}()
			}
		}()
		return func() {
			open.Range(func(c, _ any) bool {
				_ = c.(net.Conn).Close()
				return true
			})
		}
	}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// start starts the server. It has been told where: that somebody else is there
// is a failure.
func (s *server) start() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = l
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	s.end = s.serve(l)
}

// stop stops the server: from now on connections are refused.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return
	}
	_ = s.listener.Close()
	s.end()
	s.listener = nil
}

// answers is a handler that answers a text to everything.
func answers(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// hang holds a connection until the other side gives up.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// greet says a word and closes, as many servers of lines do.
func greet(c net.Conn) { _, _ = io.WriteString(c, "220 ready\r\n") }

// nginx is Debian's nginx, serving what example 03 expects of it.
type nginx struct {
	t       *testing.T
	address string
	process *process
}

const nginxConfig = `
%s
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	server { listen %s; location = /health { return 200 "ok\n"; } }
}
`

// startNginx starts nginx at a given address.
func startNginx(t *testing.T, address string) *nginx {
	t.Helper()
	n := &nginx{t: t, address: address}
	n.start()
	return n
}

// start starts nginx and returns when it answers.
func (n *nginx) start() {
	n.t.Helper()
	binary := "/usr/sbin/nginx"
	if _, err := os.Stat(binary); err != nil {
		if binary, err = exec.LookPath("nginx"); err != nil {
			n.t.Fatal("nginx is not installed: run hack/install-test-servers.sh (Debian's own package), then this test again")
		}
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // else the worker becomes somebody who may not read the test's files
	}
	dir := n.t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConfig, user, n.address), 0o600); err != nil {
		n.t.Fatal(err)
	}
	n.process = startProcess(n.t, "nginx", exec.Command(binary, "-p", dir, "-c", conf, "-e", "stderr"))
	n.t.Cleanup(n.process.quit) // killed, it leaves its worker behind, which keeps the port
	late := time.After(startWithin)
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		_, err := get("http://" + n.address + "/health")
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-n.process.done:
			n.t.Fatalf("nginx ended: %v\n%s", n.process.err, n.process.tail(5))
		case <-late:
			n.t.Fatalf("nginx does not answer after %s: %v", startWithin, err)
		}
	}
}

// stop stops nginx and returns when it is gone.
func (n *nginx) stop() {
	n.t.Helper()
	n.process.stop(n.t, syscall.SIGTERM, stopWithin)
}

// awaitFree waits until addresses that are not ours to choose are free: the
// demonstration's lab uses some of them too.
func awaitFree(t *testing.T, within time.Duration, addresses ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for _, address := range addresses {
		for {
			l, err := net.Listen("tcp", address)
			if err == nil {
				_ = l.Close()
				break
			}
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatal(err)
			}
			select {
			case <-ctx.Done():
				t.Fatalf("somebody else has used %s for %s; is a demonstration running?", address, within)
			case <-time.After(tick):
			}
		}
	}
}
