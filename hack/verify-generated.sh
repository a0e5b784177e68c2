#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs generating make targets on a copy of the working tree and compares. The
# working tree itself is not touched, so this holds for uncommitted work too,
# and a failure leaves nothing to undo.
#
# usage: verify-generated.sh <make target>...
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' file; do
    if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
  done >"$work/files"
for side in before after; do
  mkdir "$work/$side"
  tar --create --null --files-from="$work/files" --file=- | tar --extract --directory="$work/$side" --file=-
done

make -C "$work/after" "$@"

if ! diff --recursive --unified --new-file "$work/before" "$work/after"; then
  echo "generated files are out of date: run make $*" >&2
  exit 1
fi
