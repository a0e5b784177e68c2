// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// webServer serves HTTP.
type webServer struct {
	server   *http.Server
	listener *listener
}

func (s webServer) close() {
	s.listener.end() // at once, even if the server has not looked at it yet
	_ = s.server.Close()
}

func (p *port) serveHTTP(l *listener, config *tls.Config) webServer {
	s := webServer{listener: l, server: &http.Server{
		Handler:           http.HandlerFunc(p.answer),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0), // who asks wrongly learns it from the answer
	}}
	from := net.Listener(l)
	if config != nil {
		from = tls.NewListener(l, config)
	}
	p.lab.running.Go(func() { _ = s.server.Serve(from) }) // returns when it is closed
	return s
}

// answer answers a request as the target of its path.
func (p *port) answer(w http.ResponseWriter, r *http.Request) {
	t := p.asked(r)
	if t == nil {
		http.Error(w, "nothing of the lab is at "+r.URL.Path, http.StatusNotFound)
		return
	}
	p.lab.mu.RLock()
	now := t.condition
	p.lab.mu.RUnlock()
	switch {
	case now == away:
		http.Error(w, t.first().String()+" is stopped", http.StatusServiceUnavailable)
		return
	case now == erring:
		http.Error(w, t.first().String()+" fails on purpose", http.StatusInternalServerError)
		return
	case t.first().System != nil:
		t.answerAsSystem(w, r, now == ailing)
		return
	case t.first().Behaviour == Slow:
		timer := time.NewTimer(t.first().Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // a client that is gone needs no answer
}

// asked is the target of a request: the one of its path and server name, or
// else the first of its path; nil if there is none.
func (p *port) asked(r *http.Request) *target {
	var found *target
	for _, t := range p.targets {
		switch {
		case t.path != r.URL.Path:
		case r.TLS != nil && t.serverName == strings.ToLower(r.TLS.ServerName):
			return t
		case found == nil:
			found = t
		}
	}
	return found
}
