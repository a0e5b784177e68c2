#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target of this module for a time, one after the other:
# hack/fuzz.sh 30s. Targets are found in the sources, so that none is forgotten.
# Go keeps inputs that reach new code in its cache, and writes to the package's
# testdata only one that fails: commit it with what mends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

length=${1:?how long each target runs, such as 30s}

# Of the repository, and of what is new in it: "file:func FuzzName(".
targets=$(git grep --untracked -o '^func Fuzz[A-Za-z0-9_]*(' -- '*_test.go') || {
  echo "no fuzz target was found: there should be some" >&2
  exit 1
}

while IFS=: read -r file function; do
  name=${function#func }
  name=${name%(}
  printf '%s, %s\n' "$(dirname "$file")" "$name"
  go test -vet=off -run '^$' -fuzz "^$name\$" -fuzztime "$length" "./$(dirname "$file")"
done <<<"$targets"
