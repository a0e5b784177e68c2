// SPDX-License-Identifier: Apache-2.0

// Command kubectl-kdz is the plugin of kubectl: called as `kubectl kdz` when it
// is in the PATH.
package main

import (
	"os"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/command"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(command.Main(version, clock.RealClock{})) }
