// SPDX-License-Identifier: Apache-2.0

// Command demo shows what the operator does, on a machine with nothing but Go:
// a real control plane with the Mainz catalogue, servers that answer for the
// catalogue's endpoints, the operator as a process of its own, and the state of
// units and Applications as it changes.
//
// With -once it prints the state once it has settled and exits with 0, or tells
// what is missing and exits with 1.
//
// Whatever it starts listens on loopback only and ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	options, err := parseFlags(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, stop := notifyContext(context.Background(), os.Stderr, os.Exit)
	err = run(ctx, options, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
