// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// maxNotices is how many notices are remembered.
const maxNotices = 20

// notices tell of events: as lines, until a screen takes them over.
type notices struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	out   io.Writer
	lines []string
}

func newNotices(c clock.PassiveClock, out io.Writer) *notices {
	return &notices{clock: c, out: out}
}

// add tells of an event.
func (n *notices) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line := n.clock.Now().Format(time.TimeOnly) + " " + text
	n.lines = append(n.lines, line)
	n.lines = n.lines[max(0, len(n.lines)-maxNotices):]
	_, _ = fmt.Fprintln(n.out, line)
}

// divert writes lines elsewhere from now on, and returns where they went.
func (n *notices) divert(out io.Writer) io.Writer {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.out
	n.out = out
	return before
}

// all are those that are remembered, the newest last.
func (n *notices) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}
