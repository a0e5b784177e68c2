// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// TestDialTLS: others who look at the world get a connection after the
// handshake, or the fault as checks tell it.
func TestDialTLS(t *testing.T) {
	authority := servers.NewAuthority(t, "A")
	certificate := authority.Issue(t, servers.Certificate{})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		}
	}()
	defer func() {
		_ = l.Close()
		<-done
	}()
	f := NewFactory(Options{})
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(authority.PEM())}))
	trusting, err := f.NewTLS(&v1alpha1.TLSCheck{CASecretRef: ref("ca")}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	// The connection outlives the context by which it was made.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	conn, ends, err := f.DialTLS(ctx, l.Addr().String(), trusting)
	cancel()
	if err != nil || !ends.Equal(certificate.Leaf.NotAfter) {
		t.Fatalf("%v, %v", ends, err)
	}
	got := make([]byte, 5)
	if _, err := conn.Read(got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	_ = conn.Close()

	wary, err := f.NewTLS(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if wary.Key() == trusting.Key() {
		t.Error("two declarations have one key")
	}
	_, ends, err = f.DialTLS(t.Context(), l.Addr().String(), wary)
	dial, ok := errors.AsType[*DialError](err)
	if !ok || dial.Reason != ReasonCertificateUnknownAuthority || dial.Step != observe.StepHandshake || !ends.Equal(certificate.Leaf.NotAfter) {
		t.Errorf("%v, %+v", ends, err)
	}
	if _, _, err = f.DialTLS(t.Context(), "no address", wary); err == nil {
		t.Error("there is an address that there is not")
	}
}

// TestDialTLSEnds: with its context, if the server says nothing.
func TestDialTLSEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing of it matters any more
	f := NewFactory(Options{})
	settings, err := f.NewTLS(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = f.DialTLS(ctx, l.Addr().String(), settings)
	if dial, ok := errors.AsType[*DialError](err); !ok || dial.Reason != ReasonHandshakeTimeout || dial.Step != observe.StepHandshake {
		t.Errorf("%+v", err)
	}
}

// TestBasicAuth: what is sent, and what of an answer is not to be shown.
func TestBasicAuth(t *testing.T) {
	secret := secretOf("login", map[string]string{KeyUsername: "p01adm\n", KeyPassword: hiddenValue})
	auth, err := NewBasicAuth("login", secretsOf(secret))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	auth.Set(header)
	user, password, ok := (&http.Request{Header: header}).BasicAuth()
	if !ok || user != "p01adm" || password != hiddenValue {
		t.Errorf("%q, %q", user, password)
	}
	for text, want := range map[string]bool{
		"": false, "Running": false, "p01adm": false, "<" + hiddenValue + ">": true, "a " + header.Get("Authorization"): true,
	} {
		if got := auth.Repeated(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if v := auth.Version(); strings.Contains(v, hiddenValue) || v != string(secret.UID)+"/"+secret.ResourceVersion {
		t.Errorf("version %q", v)
	}
	if _, err := NewBasicAuth("none", secretsOf(secret)); err == nil {
		t.Error("there is a Secret that there is not")
	}
}
