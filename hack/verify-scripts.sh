#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every shell script of the repository parses, starts with strict mode and is
# executable; shellcheck judges them too where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
scripts=()
while IFS= read -r file; do
  [ -f "$file" ] || continue
  case "$(head -c 64 "$file" | head -n 1 | tr -d '\0')" in
    '#!'*bash | '#!'*/sh) scripts+=("$file") ;;
  esac
done < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci hack)

for script in "${scripts[@]}"; do
  case "$(head -n 1 "$script")" in
    *bash) shell=bash strict='set -euo pipefail' ;;
    *) shell=sh strict='set -eu' ;;
  esac
  "$shell" -n "$script" || failed=1
  grep -qxF "$strict" "$script" || { echo "$script: no '$strict'"; failed=1; }
  [ -x "$script" ] || { echo "$script: not executable"; failed=1; }
done

if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}" || failed=1
else
  echo "shellcheck is not installed: ${#scripts[@]} scripts were only parsed" >&2
fi
exit "$failed"
