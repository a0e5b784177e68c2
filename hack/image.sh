#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: image.sh build <name:tag> <version>   builds the image with docker or podman
#        image.sh verify                       checks the Dockerfile and the program it
#                                              ships, without a container engine
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "image: $*" >&2
  exit 1
}

build() {
  local image=$1 version=$2 engine
  for engine in docker podman; do
    if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then
      "$engine" build --build-arg "VERSION=$version" --tag "$image" .
      return
    fi
  done
  fail "building an image needs a running docker or podman; 'make build' needs neither"
}

# The promises of the Dockerfile that a change could break unnoticed.
verify_dockerfile() {
  local last user go_version
  last=$(grep '^FROM ' Dockerfile | tail -n 1)
  [ "$last" = 'FROM scratch' ] || fail "the last stage is '$last', not FROM scratch"
  user=$(sed -n '/^FROM scratch/,$ s/^USER //p' Dockerfile)
  [[ "$user" =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || fail "USER '$user' is not a number other than root, so runAsNonRoot cannot be checked"
  grep -q "runAsUser: ${user%%:*}\$" config/manager/manager.yaml || fail "USER $user is not the runAsUser of config/manager/manager.yaml"
  go_version=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
  grep -q "^FROM golang:$go_version-" Dockerfile || fail "go.mod asks for Go $go_version, the Dockerfile builds with another"
  grep -q '^RUN make build ' Dockerfile || fail "the image is not built by make build, so building it here proves nothing"
}

# What the build stage copies has to be enough: build from that alone, as the
# Dockerfile does, and start the program where there is nothing else.
verify_program() {
  local work entry
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  mkdir "$work/src" "$work/root"

  while IFS= read -r entry; do
    entry=${entry#!}
    [ -e "$entry" ] || continue
    mkdir -p "$work/src/$(dirname "$entry")"
    cp -R "$entry" "$work/src/$entry"
  done < <(grep '^!' .dockerignore)
  find "$work/src" \( -name '*_test.go' -o -name testdata \) -prune -exec rm -rf {} +

  make -C "$work/src" build BIN_DIR="$work/root" VERSION=verify
  [ -x "$work/root/kdz-operator" ] || fail "make build left no kdz-operator"

  go version -m "$work/root/kdz-operator" | grep 'CGO_ENABLED=0' >/dev/null || fail "kdz-operator is built with cgo"
  go list -deps ./cmd/kdz-operator | grep -x 'time/tzdata' >/dev/null ||
    fail "cmd/kdz-operator does not import time/tzdata: in an empty root it would know no time zone"

  run_in_empty_root "$work/root"
}

# Starts the program where neither a library nor a file is to be found.
run_in_empty_root() {
  local root=$1 said
  if said=$(chroot "$root" /kdz-operator --version 2>&1) ||
    said=$(unshare --map-root-user chroot "$root" /kdz-operator --version 2>&1); then
    [[ "$said" == *verify* ]] || fail "kdz-operator --version says '$said', not the version it was built with"
    echo "image: static, starts in an empty root, $(stat -c %s "$root/kdz-operator") bytes"
    return
  fi
  # Neither root nor user namespaces: ask the file itself.
  if command -v ldd >/dev/null && ldd "$root/kdz-operator" >/dev/null 2>&1; then
    fail "kdz-operator is linked dynamically"
  fi
  said=$("$root/kdz-operator" --version 2>&1) || fail "kdz-operator --version fails: $said"
  [[ "$said" == *verify* ]] || fail "kdz-operator --version says '$said', not the version it was built with"
  echo "image: static, starts (no right to try an empty root here)"
}

case "${1:-}" in
build) build "$2" "$3" ;;
verify)
  verify_dockerfile
  verify_program
  ;;
*) fail "usage: image.sh build <name:tag> <version> | verify" ;;
esac
