// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"sync"

	"github.com/go-ldap/ldap/v3"
)

// ldapWire is the connection that the library sees. What it reads are whole
// messages that passed the ldapReader, and it keeps the error that ended the
// reading, of which the library leaves only the text.
type ldapWire struct {
	net.Conn
	in *ldapReader
	// rest of a message that was read in part.
	rest []byte

	mu  sync.Mutex
	err error
}

// Read implements io.Reader.
func (w *ldapWire) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		message, err := w.in.next()
		if err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.err == nil {
				w.err = err
			}
			return 0, err
		}
		w.rest = message
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// Write implements io.Writer. It never fails: if nothing can be written the
// connection is over, and its reading end, which knows what the server said
// last, tells why.
func (w *ldapWire) Write(b []byte) (int, error) {
	_, _ = w.Conn.Write(b)
	return len(b), nil
}

// ended returns why nothing more can be read; nil if nobody knows of an end.
func (w *ldapWire) ended() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// directory is a conversation with an LDAP server.
type directory struct {
	client *ldap.Conn
	wire   *ldapWire
}

// openDirectory begins a conversation over a guarded connection.
func openDirectory(conn net.Conn) *directory {
	wire := &ldapWire{Conn: conn, in: newLDAPReader(conn)}
	d := &directory{client: ldap.NewConn(wire, false), wire: wire}
	d.client.Start()
	return d
}

// leave ends the conversation and what the library runs for it. It takes leave
// of the server (RFC 4511, section 4.3); whether that arrives does not matter.
func (d *directory) leave() {
	_ = d.client.Unbind()
	_ = d.client.Close()
}
