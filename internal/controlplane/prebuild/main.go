// SPDX-License-Identifier: Apache-2.0

// Command prebuild builds the embedded control plane, unless it is built
// already, and prints the folder with its programs: a value for
// KUBEBUILDER_ASSETS. How far it is it says on standard error.
//
// It is worth running before `go test`, whose time limit and hidden output
// suit a build of minutes badly.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"kdz.mainz.de/operator/internal/controlplane"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := controlplane.Assets(ctx, os.Stderr)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
	fmt.Println(dir)
}
