// SPDX-License-Identifier: Apache-2.0

// Command kubectl-kdz is the plugin of kubectl: called as `kubectl kdz` when it
// is in the PATH.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/command"
)

// version is set by the build.
var version = "dev"

func main() {
	if err := run(version, clock.RealClock{}); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run runs the command that the arguments of the process say.
func run(version string, clock clock.PassiveClock) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	return command.New(command.Options{Version: version, Streams: streams, Clock: clock}).ExecuteContext(ctx)
}
