#!/usr/bin/env bash
# Checks that every C++ file is as clang-format leaves it. `tests/tools/format.sh --fix` rewrites those that are not.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -d '' files < <(find src include tests -name node_modules -prune -o \( -name '*.cpp' -o -name '*.hpp' \) -print0 | sort -z)
if [ "${1:-}" = --fix ]; then
    clang-format -i "${files[@]}"
    exit
fi
found=$(clang-format --dry-run -Werror "${files[@]}" 2>&1) || {
    echo "not formatted (tests/tools/format.sh --fix does it):"
    printf '%s\n' "$found" | grep 'error:' | cut -d: -f1-2 | uniq || printf '%s\n' "$found"
    exit 1
}
echo "${#files[@]} files: formatted"
