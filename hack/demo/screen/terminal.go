// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Control sequences of ECMA-48 (ANSI), which every terminal of the last decades
// knows.
const (
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	toTop       = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseBelow  = "\x1b[J"
	defaultRows = 24
	defaultCols = 80
)

// Terminal draws frames in place.
type Terminal struct {
	out   io.Writer
	size  func() (width, height int, err error)
	drawn bool
}

// NewTerminal returns the terminal that a file is, or nil if it is none that
// can move its cursor.
func NewTerminal(f *os.File) *Terminal {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &Terminal{out: f, size: func() (int, int, error) { return term.GetSize(fd) }}
}

// Draw draws a snapshot over the one before, in one write so that nothing
// flickers. The first one scrolls what was there before out of sight. It
// adapts to the size that the terminal has at the moment.
func (t *Terminal) Draw(s Snapshot) error {
	width, height, err := t.size()
	if err != nil || width <= 0 || height <= 0 {
		width, height = defaultCols, defaultRows
	}
	var b strings.Builder
	if !t.drawn {
		b.WriteString(hideCursor + strings.Repeat("\r\n", height))
		t.drawn = true
	}
	b.WriteString(toTop)
	// The last line stays free, so that nothing scrolls.
	for _, line := range Frame(s, width, height-1) {
		b.WriteString(line + eraseLine + "\r\n")
	}
	b.WriteString(eraseBelow)
	_, err = io.WriteString(t.out, b.String())
	return err
}

// Leave shows the cursor again, below the last frame. It may be called at any
// time, and several times.
func (t *Terminal) Leave() error {
	if !t.drawn {
		return nil
	}
	t.drawn = false
	_, err := io.WriteString(t.out, showCursor)
	return err
}
