// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

const (
	// maxLine is the longest line that is read, its end included. SMTP asks
	// for 512 (RFC 5321, section 4.5.3.1.4).
	maxLine = 1024
	// maxRequests is how many a client may send on one connection.
	maxRequests = 64
)

// errPipelined: bytes follow STARTTLS that were sent in the clear. To take them
// for part of what is secured would let anybody on the way slip in commands
// (RFC 3207, section 6).
var errPipelined = errors.New("there is text after STARTTLS")

// dialogue is a talk in lines.
type dialogue struct {
	*exchange
	in *bufio.Reader
}

func newDialogue(x *exchange) *dialogue {
	return &dialogue{exchange: x, in: bufio.NewReaderSize(x.conn, maxLine)}
}

// read returns the next line without its end. A line that is too long ends
// with bufio.ErrBufferFull.
func (d *dialogue) read() (string, error) {
	line, err := d.in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// say sends lines.
func (d *dialogue) say(lines ...string) error {
	_, err := io.WriteString(d.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err
}

// startTLS secures the dialogue after its client has been told to go ahead.
func (d *dialogue) startTLS(goAhead string) error {
	if d.in.Buffered() > 0 {
		return errPipelined
	}
	if err := d.say(goAhead); err != nil {
		return err
	}
	if err := d.secure(); err != nil {
		return err
	}
	d.in.Reset(d.conn)
	return nil
}

// converse greets, and answers line by line until an answer ends with an error
// or the client goes. It says why when it ends the dialogue by itself.
func (d *dialogue) converse(greeting, tooLong, tooMany string, answer func(line string) error) {
	if d.say(greeting) != nil {
		return
	}
	for range maxRequests {
		line, err := d.read()
		if errors.Is(err, bufio.ErrBufferFull) {
			_ = d.say(tooLong) // whoever sends that may well be gone
			return
		}
		if err != nil || answer(line) != nil {
			return
		}
	}
	_ = d.say(tooMany)
}
