// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// StartNameServer starts a name server of Debian (nsd) with these zones: the
// content of a zone file by the name of the zone. It answers over UDP and TCP
// at the returned address, for its zones only, and refuses all else.
func StartNameServer(tb testing.TB, zones map[string]string) string {
	tb.Helper()
	binary := lookFor(tb, "nsd")
	dir := tb.TempDir()
	host, port := freeBoth(tb)
	var declared strings.Builder
	names := make([]string, 0, len(zones))
	for name := range zones {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		file := filepath.Join(dir, fmt.Sprintf("%d.zone", i))
		if err := os.WriteFile(file, []byte(zones[name]), 0o600); err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&declared, "zone:\n  name: %q\n  zonefile: %q\n", name, file)
	}
	conf := filepath.Join(dir, "nsd.conf")
	// It runs as whoever runs the test, in the foreground, and writes nothing
	// outside the test's folder. Limits on the rate would fail repeated tests.
	content := fmt.Sprintf(`server:
  ip-address: %[1]s@%[2]s
  username: ""
  chroot: ""
  database: ""
  pidfile: ""
  zonesdir: %[3]q
  zonelistfile: "%[3]s/zone.list"
  xfrdfile: "%[3]s/xfrd.state"
  xfrdir: %[3]q
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
%[4]s`, host, port, dir, declared.String())
	if err := os.WriteFile(conf, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	address := net.JoinHostPort(host, port)
	start(tb, exec.Command(binary, "-d", "-c", conf), func() bool { return answersDNS(address) })
	return address
}

// freeBoth returns an address whose port is free for UDP and TCP. The server
// binds it a moment later: an address of loopback that nobody else uses keeps
// others from taking the port in between.
func freeBoth(tb testing.TB) (host, port string) {
	tb.Helper()
	pid := os.Getpid()
	host = fmt.Sprintf("127.%d.%d.%d", 64+pid>>16&63, pid>>8&255, pid&255|1)
	for range 16 {
		tcp, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			tb.Fatalf("listen for a name server: %v", err)
		}
		_, port, _ = net.SplitHostPort(tcp.Addr().String())
		udp, busy := net.ListenPacket("udp", tcp.Addr().String())
		if err := tcp.Close(); err != nil {
			tb.Fatal(err)
		}
		if busy != nil {
			continue
		}
		if err := udp.Close(); err != nil {
			tb.Fatal(err)
		}
		return host, port
	}
	tb.Fatal("no port is free for UDP and TCP")
	return "", ""
}

// answersDNS: whether a name server answers anything at all, over TCP, where
// nobody listens before it is ready.
func answersDNS(address string) bool {
	conn, err := net.DialTimeout("tcp", address, startTime)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(startTime)); err != nil {
		return false
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 1},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("."), Type: dnsmessage.TypeNS, Class: dnsmessage.ClassINET}},
	}
	packed, err := m.Pack()
	if err != nil {
		return false
	}
	if _, err := conn.Write(append([]byte{byte(len(packed) >> 8), byte(len(packed))}, packed...)); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 2))
	return err == nil && n > 0
}
