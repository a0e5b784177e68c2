#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target of this module for a time, on one processor each and as
# many side by side as there are: hack/fuzz.sh 30s. Targets are found in the
# sources, so that none is forgotten. Go keeps inputs that reach new code in its
# cache, and writes to the package's testdata only one that fails: commit it with
# what mends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

length=${1:?how long each target runs, such as 30s}

# Of the repository, and of what is new in it: "file:func FuzzName(".
targets=$(git grep --untracked -o '^func Fuzz[A-Za-z0-9_]*(' -- '*_test.go') || {
  echo "no fuzz target was found: there should be some" >&2
  exit 1
}

# Runs one target, and says all of it at once.
run() {
  local length=$1 file=${2%%:*} name=${2##*:func } said
  name=${name%(}
  said=$(go test -vet=off -run '^$' -fuzz "^$name\$" -fuzztime "$length" -parallel 1 "./$(dirname "$file")" 2>&1) || {
    printf '%s, %s\n%s\n' "$(dirname "$file")" "$name" "$said" >&2
    return 1
  }
  printf '%s, %s: %s\n' "$(dirname "$file")" "$name" "$(grep '^fuzz: elapsed' <<<"$said" | tail -n 1)"
}
export -f run

# xargs ends with 123 if one of them failed.
xargs -d '\n' -P "$(getconf _NPROCESSORS_ONLN)" -I '{}' bash -euo pipefail -c 'run "$@"' run "$length" '{}' <<<"$targets"
