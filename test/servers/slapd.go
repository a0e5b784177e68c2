// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Names of entries in the directory of StartSlapd.
const (
	// SlapdBase is the entry at the top.
	SlapdBase = "dc=example,dc=org"
	// SlapdUser is the entry of somebody who has a password.
	SlapdUser = "uid=monitor,ou=people,dc=example,dc=org"
	// SlapdPrivate is an entry that only SlapdUser may read; others are told
	// that they may not.
	SlapdPrivate = "ou=private,dc=example,dc=org"
	// SlapdHidden is an entry that only SlapdUser may read; others are told
	// that there is none.
	SlapdHidden = "ou=hidden,dc=example,dc=org"
	// SlapdElsewhere is a referral: it leads back to the server itself.
	SlapdElsewhere = "ou=elsewhere,dc=example,dc=org"
)

// Slapd is how to start slapd.
type Slapd struct {
	// Password of SlapdUser.
	Password string
	// Certificate of the server; nil means that it offers no TLS.
	Certificate *tls.Certificate
	// ClientAuthority vouches for the certificates that clients have to show;
	// nil means that they need none.
	ClientAuthority *Authority
}

// StartSlapd starts slapd with a small directory, and returns its addresses
// (127.0.0.1:port) for ldap and ldaps. Whoever asks for an entry outside of
// SlapdBase is referred to the server itself.
func StartSlapd(tb testing.TB, s Slapd) (plain, secure string) {
	tb.Helper()
	binary, loader := lookFor(tb, "slapd"), lookFor(tb, "slapadd")
	dir := tb.TempDir()
	plain, secure = holdPort(tb), holdPort(tb)
	urls := "ldap://" + plain + "/"
	if s.Certificate != nil {
		urls += " ldaps://" + secure + "/"
	}
	conf, tree := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "tree.ldif")
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		tb.Fatal(err)
	}
	for path, content := range map[string]string{
		conf: slapdConf(tb, s, dir, plain),
		tree: fmt.Sprintf(slapdTree, s.Password, plain),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if out, err := exec.Command(loader, "-f", conf, "-l", tree).CombinedOutput(); err != nil {
		tb.Fatalf("slapadd: %v\n%s", err, out)
	}
	start(tb, exec.Command(binary, "-f", conf, "-h", urls, "-d", "none"), func() bool {
		return listens(plain) && (s.Certificate == nil || listens(secure))
	})
	return plain, secure
}

func slapdConf(tb testing.TB, s Slapd, dir, plain string) string {
	tb.Helper()
	security := ""
	if s.Certificate != nil {
		crt, key := WriteFiles(tb, *s.Certificate, dir, "server")
		security = fmt.Sprintf("TLSCertificateFile %s\nTLSCertificateKeyFile %s\n", crt, key)
	}
	if s.ClientAuthority != nil {
		path := filepath.Join(dir, "clients.crt")
		if err := os.WriteFile(path, s.ClientAuthority.PEM(), 0o600); err != nil {
			tb.Fatal(err)
		}
		security += fmt.Sprintf("TLSCACertificateFile %s\nTLSVerifyClient demand\n", path)
	}
	return fmt.Sprintf(`
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/slapd.pid
argsfile %[1]s/slapd.args
referral ldap://%[2]s/
%[3]s
database mdb
suffix "%[4]s"
directory %[1]s/data
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to dn.base="%[5]s" by users read by * disclose
access to dn.base="%[6]s" by users read by * none
access to * by * read
`, dir, plain, security, SlapdBase, SlapdPrivate, SlapdHidden)
}

const slapdTree = `
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Mainz

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=monitor,ou=people,dc=example,dc=org
objectClass: account
objectClass: simpleSecurityObject
uid: monitor
userPassword: %s

dn: ou=private,dc=example,dc=org
objectClass: organizationalUnit
ou: private

dn: ou=hidden,dc=example,dc=org
objectClass: organizationalUnit
ou: hidden

dn: ou=elsewhere,dc=example,dc=org
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://%s/ou=elsewhere,dc=example,dc=org
`

// holdPort returns an address of loopback (127.0.0.1:port) that nobody else
// gets until the test ends: a socket is bound to it and does not listen, and a
// server that asks for SO_REUSEADDR, as they all do, may listen beside it.
func holdPort(tb testing.TB) string {
	tb.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatalf("socket: %v", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Close(fd); err != nil {
			tb.Errorf("close a port: %v", err)
		}
	})
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		tb.Fatalf("hold a port: %v", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatalf("hold a port: %v", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		tb.Fatalf("hold a port: %v", err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// listens tells whether somebody accepts connections at an address.
func listens(address string) bool {
	conn, err := net.DialTimeout("tcp", address, startTime)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
