// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net"
	"testing"

	"golang.org/x/crypto/ssh"
)

// knock tries to log in, and returns the fingerprint of the host's key.
func knock(t *testing.T, e Endpoint, ways ...ssh.AuthMethod) string {
	t.Helper()
	fingerprint := ""
	_, _, _, err := ssh.NewClientConn(dial(t, e), "ssh.example", &ssh.ClientConfig{
		User: "root", Auth: ways,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			fingerprint = ssh.FingerprintSHA256(key)
			return nil
		},
	})
	if err == nil {
		t.Fatal("somebody was let in")
	}
	return fingerprint
}

func TestNobodyLogsIn(t *testing.T) {
	e := at("a", "ssh://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	key, err := newHostKey()
	if err != nil {
		t.Fatal(err)
	}
	first := knock(t, e, ssh.PublicKeys(key))
	if first == "" {
		t.Fatal("no key was shown")
	}
	change(t, l.Stop, "ns/a", false)
	change(t, l.Start, "ns/a", true)
	if again := knock(t, e, ssh.Password("root")); again != first {
		t.Errorf("after a stop the key is %s, before it was %s", again, first)
	}
}

func TestEachLabHasAnotherKey(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		e := at("a", "ssh://127.0.0.1:%d", freePort(t))
		l, err := Serve(Options{Endpoints: []Endpoint{e}})
		if err != nil {
			t.Fatal(err)
		}
		seen[knock(t, e)] = true
		l.Close()
	}
	if len(seen) != 2 {
		t.Error("two labs have one key")
	}
}
