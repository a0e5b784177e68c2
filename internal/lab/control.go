// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"text/tabwriter"
)

// control is the interface through which a person stops and starts endpoints:
//
//	GET  /                                      all endpoints and their state
//	POST /stop/<namespace>/<application>[/<endpoint>]
//	POST /start/<namespace>/<application>[/<endpoint>]
//
// It answers in plain text. It asks nobody who they are: it listens on
// loopback only, and refuses what a browser sends for a foreign page.
type control struct {
	lab      *Lab
	listener net.Listener
	server   *http.Server
}

func serveControl(l *Lab, address string) (*control, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the lab's control interface: %w", err)
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("the lab's control interface: %s is not on loopback, where everybody who can reach it may use it", address)
	}
	listener, err := listen(address, "the lab's control interface")
	if err != nil {
		return nil, err
	}
	c := &control{lab: l, listener: listener}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.list)
	mux.HandleFunc("POST /stop/{name...}", c.change(l.Stop))
	mux.HandleFunc("POST /start/{name...}", c.change(l.Start))
	mux.HandleFunc("/", c.refuse)
	c.server = &http.Server{
		Handler:           http.NewCrossOriginProtection().Handler(mux),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	l.running.Go(func() { _ = c.server.Serve(listener) }) // returns when it is closed
	return c, nil
}

func (c *control) url() string { return "http://" + c.listener.Addr().String() }

func (c *control) close() { _ = c.server.Close() }

func (c *control) usage() string {
	return fmt.Sprintf("curl %s/\ncurl -X POST %s/stop/<namespace>/<application>[/<endpoint>]\n"+
		"curl -X POST %s/start/<namespace>/<application>[/<endpoint>]\n", c.url(), c.url(), c.url())
}

// list writes all endpoints.
func (c *control) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ENDPOINT\tURL\tSTATE")
	for _, s := range c.lab.Statuses() {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", s.Endpoint, s.Endpoint.URL, s.Message)
	}
	_ = t.Flush() // a client that is gone needs no answer
	_, _ = fmt.Fprintf(w, "\n%s", c.usage())
}

// change stops or starts what the path names.
func (c *control) change(do func(string) ([]Status, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		statuses, err := do(strings.TrimSuffix(r.PathValue("name"), "/"))
		var notFound *NotFoundError
		var unchangeable *UnchangeableError
		switch {
		case errors.As(err, &notFound):
			http.Error(w, fmt.Sprintf("%v\ncurl %s/ lists all", err, c.url()), http.StatusNotFound)
			return
		case errors.As(err, &unchangeable):
			http.Error(w, err.Error(), http.StatusConflict)
			return
		case err != nil:
			http.Error(w, fmt.Sprintf("%v\n\n%s", err, c.usage()), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, s := range statuses {
			line := fmt.Sprintf("%s (%s): %s", s.Endpoint, s.Endpoint.URL, s.Message)
			if !s.Works && s.Endpoint.Notice > 0 {
				line += fmt.Sprintf("; noticed within %s", s.Endpoint.Notice)
			}
			_, _ = fmt.Fprintln(w, line)
		}
	}
}

// refuse answers what is no request of the interface.
func (c *control) refuse(w http.ResponseWriter, r *http.Request) {
	status := http.StatusNotFound
	if r.Method != http.MethodPost && (strings.HasPrefix(r.URL.Path, "/stop/") || strings.HasPrefix(r.URL.Path, "/start/")) {
		w.Header().Set("Allow", http.MethodPost)
		status = http.StatusMethodNotAllowed
	}
	http.Error(w, fmt.Sprintf("no such request: %s %q; there are\n\n%s", r.Method, r.URL.Path, c.usage()), status)
}
