// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// StartIMAP starts an IMAP server (Dovecot) with this certificate. There is
// nobody who could log in.
func StartIMAP(tb testing.TB, c tls.Certificate) MailServer {
	tb.Helper()
	binary := lookFor(tb, "dovecot")
	dir := tb.TempDir()
	crt, key := WriteFiles(tb, c, dir, "imap")
	me, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		tb.Fatal(err)
	}
	// Whoever is root must leave the logins to the package's own user, and
	// nobody else can.
	login, chroot := me.Username, "chroot ="
	if os.Geteuid() == 0 {
		login, chroot = "dovenull", ""
	}
	var server MailServer
	var (
		sockets   []*os.File
		listeners strings.Builder
	)
	for _, l := range []struct {
		name, ip, ssl string
		address       *string
	}{
		// Settings can differ by the address that is connected to.
		{"clear", "127.0.0.2", "no", &server.Clear},
		{"imap", "127.0.0.1", "no", &server.StartTLS},
		{"imaps", "127.0.0.1", "yes", &server.TLS},
	} {
		socket, address := listening(tb, l.ip)
		sockets = append(sockets, socket)
		*l.address = address
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&listeners, "inet_listener %s {\n address = %s\n port = %s\n ssl = %s\n}\n", l.name, l.ip, port, l.ssl)
	}
	conf := filepath.Join(dir, "dovecot.conf")
	content := fmt.Sprintf(`
protocols = imap
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = /dev/stderr
default_internal_user = %[2]s
default_internal_group = %[3]s
default_login_user = %[4]s
mail_location = maildir:%[1]s/mail/%%u
ssl = yes
ssl_cert = <%[6]s
ssl_key = <%[7]s
local 127.0.0.2 {
 ssl = no
}
passdb {
 driver = static
 args = nopassword=no
}
service anvil {
 chroot =
}
service imap-login {
 %[5]s
 %[8]s
}
`, dir, me.Username, group.Name, login, chroot, crt, key, listeners.String())
	if err := os.WriteFile(conf, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	// Sockets are handed over as systemd does it (sd_listen_fds(3)), which
	// wants to know the process by its number.
	const command = `LISTEN_PID=$$ exec "$@"`
	cmd := exec.Command("/bin/sh", "-c", command, "sh", binary, "-F", "-c", conf)
	cmd.Env = append(os.Environ(), fmt.Sprintf("LISTEN_FDS=%d", len(sockets)))
	cmd.ExtraFiles = sockets
	start(tb, cmd, func() bool { return greets(server.StartTLS) })
	for _, s := range sockets {
		if err := s.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return server
}
