// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
	"k8s.io/utils/clock"
)

// plainInterval is the least time between two lines where lines stay.
const plainInterval = 15 * time.Second

// reporter says how far something is: on a terminal in one line that it
// rewrites, elsewhere in a line now and then. A nil reporter says nothing.
type reporter struct {
	out      io.Writer
	clock    clock.PassiveClock
	terminal bool
	start    time.Time
	last     time.Time // of the last plain line; zero before the first
	width    int       // of the line that is being rewritten, in bytes
}

func newReporter(out io.Writer, c clock.PassiveClock) *reporter {
	f, ok := out.(*os.File)
	return &reporter{out: out, clock: c, start: c.Now(), terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// report says text, with the time since the start, unless a line has been
// written just now.
func (r *reporter) report(text string) {
	now := r.clock.Now()
	text = fmt.Sprintf("%s … %s", text, now.Sub(r.start).Round(time.Second))
	switch {
	case r.terminal:
		r.rewrite(text)
	case r.last.IsZero() || now.Sub(r.last) >= plainInterval:
		r.last = now
		_, _ = fmt.Fprintln(r.out, text) // nobody to tell that nobody can be told
	}
}

// finish ends the line that is being rewritten, and says text unless that is
// empty.
func (r *reporter) finish(text string) {
	if r == nil {
		return
	}
	if text != "" {
		text = fmt.Sprintf("%s … %s", text, r.clock.Since(r.start).Round(time.Second))
	}
	if r.terminal {
		r.rewrite(text)
		text = ""
	}
	if r.terminal || text != "" {
		_, _ = fmt.Fprintln(r.out, text)
	}
}

func (r *reporter) rewrite(text string) {
	blank := strings.Repeat(" ", max(0, r.width-len(text)))
	r.width = len(text)
	_, _ = fmt.Fprint(r.out, "\r", text, blank)
}

// buildLog reads what go build -v says. It counts the packages and keeps the
// end of everything else.
type buildLog struct {
	reporter *reporter

	mu        sync.Mutex
	partial   []byte
	modules   int
	packages  int
	remaining []string
}

// keptLines is how many lines of go build's output a failure shows.
const keptLines = 30

func newBuildLog(r *reporter) *buildLog { return &buildLog{reporter: r} }

// Write takes a piece of output.
func (l *buildLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.line(string(line))
		l.partial = rest
	}
}

// line sorts one line: a module fetched, a package compiled, or something that
// a human should read if the build fails.
func (l *buildLog) line(s string) {
	switch {
	case strings.HasPrefix(s, "go: downloading "):
		l.modules++
	case s != "" && !strings.ContainsAny(s, " \t:") && !strings.HasPrefix(s, "#"):
		l.packages++
	default:
		l.remaining = append(l.remaining, s)
		l.remaining = l.remaining[max(0, len(l.remaining)-keptLines):]
	}
}

// tail is the end of what was neither a module nor a package.
func (l *buildLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.remaining
	if len(l.partial) > 0 {
		lines = append(slices.Clip(lines), string(l.partial))
	}
	return "\t" + strings.Join(lines, "\n\t")
}

// report says how far the build is.
func (l *buildLog) report() {
	l.reporter.report("building the embedded control plane (the first time 5 to 11 minutes on 2 cores)" + l.counts())
}

// finish says how the build ended.
func (l *buildLog) finish(how string) {
	l.reporter.finish("embedded control plane " + how + l.counts())
}

func (l *buildLog) counts() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var s string
	if l.modules > 0 {
		s += fmt.Sprintf(", %d modules fetched", l.modules)
	}
	if l.packages > 0 {
		s += fmt.Sprintf(", %d packages compiled", l.packages)
	}
	return s
}
