// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// StartSMTP starts a mail server (Exim) with this certificate. It accepts no
// mail, delivers none, and asks nobody about its clients.
func StartSMTP(tb testing.TB, c tls.Certificate) MailServer {
	tb.Helper()
	dir := tb.TempDir()
	// A program that changes its user when it starts would not end with this
	// process; a copy does not.
	content, err := os.ReadFile(lookFor(tb, "exim4"))
	if err != nil {
		tb.Fatal(err)
	}
	binary := filepath.Join(dir, "exim4")
	if err := os.WriteFile(binary, content, 0o700); err != nil {
		tb.Fatal(err)
	}
	crt, key := WriteFiles(tb, c, dir, "smtp")
	secured := fmt.Sprintf("tls_advertise_hosts = *\ntls_certificate = %s\ntls_privatekey = %s\n", crt, key)
	return MailServer{
		Clear:    startExim(tb, binary, dir, "clear", "tls_advertise_hosts =\n"),
		StartTLS: startExim(tb, binary, dir, "starttls", secured),
		TLS:      startExim(tb, binary, dir, "tls", secured, "-tls-on-connect"),
	}
}

// startExim starts Exim with a socket that listens already, which is one for
// each process (-bw), and returns its address.
func startExim(tb testing.TB, binary, dir, name, config string, args ...string) string {
	tb.Helper()
	spool := filepath.Join(dir, name)
	if err := os.Mkdir(spool, 0o700); err != nil {
		tb.Fatal(err)
	}
	conf := filepath.Join(dir, name+".conf")
	content := fmt.Sprintf(`
primary_hostname = localhost
exim_user = %[1]d
exim_group = %[2]d
spool_directory = %[3]s
log_file_path = %[3]s/%%slog
queue_only
keep_environment =
host_lookup =
rfc1413_hosts =
%[4]s
begin acl
begin routers
begin transports
`, os.Geteuid(), os.Getegid(), spool, config)
	if err := os.WriteFile(conf, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	socket, address := listening(tb, "127.0.0.1")
	cmd := exec.Command(binary, append([]string{"-C", conf, "-bw"}, args...)...)
	cmd.Stdin = socket
	// One that waits for a handshake greets nobody; that it is there is known
	// from the ones before, and its socket listens.
	start(tb, cmd, func() bool { return len(args) > 0 || greets(address) })
	if err := socket.Close(); err != nil {
		tb.Fatal(err)
	}
	return address
}
