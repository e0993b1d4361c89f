#!/usr/bin/env bash
# Builds the release preset and runs the tests, on Debian bookworm:
#
#   tests/run.sh             all tests
#   tests/run.sh REGEX       those whose ctest name matches (ctest -R), e.g. unit_ or integration_deploy
#   tests/run.sh --build     only builds
#   tests/run.sh --apps      all tests, and those with the real apps (tests/apps), which it installs from PyPI below build;
#                            with REGEX behind it those of them whose name matches, e.g. --apps apps_
#
# Missing packages are installed first (with sudo where we are not root). Ends with ctest's summary and status.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

build_only="" apps=OFF names=()
if [ "${1:-}" = --apps ]; then
    apps=ON
    shift
fi
case "${1:-}" in
"") ;;
--build) build_only=yes ;;
-h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit ;;
-*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
*) names=(-R "$1") ;;
esac
[ $# -le 1 ] || { echo "run.sh: one argument at most" >&2; exit 2; }

# shellcheck disable=SC2086  # lists of words
install_missing $packages_build $packages_test
install_node
# The npm packages of the tests, as their lock file has them; again only where that changed.
if [ -f tests/package-lock.json ] && ! [ tests/node_modules/.package-lock.json -nt tests/package-lock.json ]; then
    install_npm
    npm ci --prefix tests --no-audit --no-fund </dev/null
    touch tests/node_modules/.package-lock.json
fi

cmake --preset release -DSLUICE_TESTS=ON -DSLUICE_APPS="$apps"
cmake --build --preset release
[ -z "$build_only" ] || exit 0
exec ctest --preset release --no-tests=error --parallel "$(nproc)" "${names[@]}" </dev/null
