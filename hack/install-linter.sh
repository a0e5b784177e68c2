#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds golangci-lint with kube-api-linter compiled in. golangci-lint's own
# way to do that (golangci-lint custom) clones its Git repository; a main
# package of a dozen lines needs the module proxy and nothing else.
#
# usage: install-linter.sh <target file> <golangci-lint version> <kube-api-linter version>
set -euo pipefail

target=$1
linter_version=$2
plugin_version=$3

mkdir -p "$(dirname "$target")"
staging=$(mktemp -d "$(dirname "$target")/.staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT
cd "$staging"

export GOFLAGS='' GOWORK=off
echo "building golangci-lint $linter_version with kube-api-linter $plugin_version ..." >&2

cat >main.go <<'GO'
// Command golangci-lint is golangci-lint with kube-api-linter as a plugin.
package main

import (
	"fmt"
	"os"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"
	_ "sigs.k8s.io/kube-api-linter"
)

var version string

func main() {
	if err := commands.Execute(commands.BuildInfo{Version: version, GoVersion: "see go version -m"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitcodes.Failure)
	}
}
GO

go mod init kdz.mainz.de/operator/hack/linter
if ! go get "github.com/golangci/golangci-lint/v2@$linter_version" "sigs.k8s.io/kube-api-linter@$plugin_version" ||
  ! go build -mod=mod -ldflags "-s -w -X main.version=${linter_version#v}" -o golangci-lint .; then
  echo "cannot build golangci-lint: is the Go module proxy reachable (go env GOPROXY: $(go env GOPROXY))?" >&2
  exit 1
fi
mv golangci-lint "$target"
