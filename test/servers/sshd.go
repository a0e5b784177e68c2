// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// HostKey is a kind of key by which an SSH server is known.
type HostKey string

// Kinds of keys, as sshd's host keys are usually called.
const (
	HostKeyED25519 HostKey = "ed25519"
	HostKeyECDSA   HostKey = "ecdsa"
	HostKeyRSA     HostKey = "rsa"
)

// StartSSHD starts sshd with a new host key of each kind, and settings that
// are added to its configuration. It returns its address (127.0.0.1:port) and
// the fingerprint of each key, SHA256:… Nobody can log in.
func StartSSHD(tb testing.TB, settings string, kinds ...HostKey) (address string, fingerprints map[HostKey]string) {
	tb.Helper()
	binary := lookFor(tb, "sshd")
	separatePrivileges(tb)
	dir := tb.TempDir()
	address, fingerprints = holdPort(tb), make(map[HostKey]string)
	var conf strings.Builder
	fmt.Fprintf(&conf, "ListenAddress %s\nPidFile none\nUsePAM no\nDenyUsers *\nPrintMotd no\n", address)
	for _, kind := range kinds {
		path := filepath.Join(dir, "host_"+string(kind))
		fingerprints[kind] = writeHostKey(tb, kind, path)
		fmt.Fprintf(&conf, "HostKey %s\n", path)
	}
	conf.WriteString(settings)
	path := filepath.Join(dir, "sshd_config")
	if err := os.WriteFile(path, []byte(conf.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	start(tb, exec.Command(binary, "-D", "-e", "-f", path), func() bool { return listens(address) })
	return address, fingerprints
}

// separatePrivileges makes the empty directory that sshd wants to lock its
// children in when root starts it. It is not configurable; on a running system
// the service makes it, with these permissions.
func separatePrivileges(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Mkdir("/run/sshd", 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		tb.Fatalf("sshd needs a directory: %v", err)
	}
}

func writeHostKey(tb testing.TB, kind HostKey, path string) (fingerprint string) {
	tb.Helper()
	var (
		key crypto.Signer
		err error
	)
	switch kind {
	case HostKeyED25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case HostKeyECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case HostKeyRSA:
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	default:
		tb.Fatalf("there is no host key of kind %q", kind)
	}
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		tb.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return ssh.FingerprintSHA256(public)
}
