#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds one tool from its Go module and puts it into place whole or not at
# all, so that an interrupted build leaves nothing that looks like a tool.
#
# usage: install-tool.sh <target file> <package>@<version>
set -euo pipefail

target=$1
package=$2

mkdir -p "$(dirname "$target")"
staging=$(mktemp -d "$(dirname "$target")/.staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT

echo "building $package ..." >&2
# The tool is built as its authors pinned it, whatever flags and module mode
# the caller's environment asks for.
if ! (cd "$staging" && GOBIN="$staging" GOFLAGS='' GOWORK=off go install "$package"); then
  echo "cannot build $package: is the Go module proxy reachable (go env GOPROXY: $(go env GOPROXY))?" >&2
  exit 1
fi

built=("$staging"/*)
if [ "${#built[@]}" -ne 1 ] || [ ! -x "${built[0]}" ]; then
  echo "go install $package left no single program in $staging" >&2
  exit 1
fi
mv "${built[0]}" "$target"
