// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errInterrupted is why everything ends when somebody wants that.
var errInterrupted = errors.New("interrupted")

// parentPoll is the time between two looks at the parent.
const parentPoll = 500 * time.Millisecond

// notifyContext ends at Ctrl-C and SIGTERM; at the second one it calls exit,
// and what this process started ends with it.
//
// `go run` passes Ctrl-C on, since the terminal sends it to both, but not what
// kills it: a demo whose go command is gone ends as well.
func notifyContext(parent context.Context, output io.Writer, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		var look <-chan time.Time
		before := os.Getppid()
		if runByGo() {
			tick := time.NewTicker(parentPoll)
			defer tick.Stop()
			look = tick.C
		}
		for {
			select {
			case <-done:
				return
			case <-signals:
				if ctx.Err() != nil {
					_, _ = fmt.Fprintln(output, "demo: ending at once")
					exit(130)
				}
				cancel(errInterrupted)
			case <-look:
				if os.Getppid() != before {
					cancel(errInterrupted)
					look = nil
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// runByGo is whether this program was built by `go run` just now.
func runByGo() bool {
	name, err := os.Executable()
	return err == nil && strings.Contains(filepath.ToSlash(name), "/go-build")
}
