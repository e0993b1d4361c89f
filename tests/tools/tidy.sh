#!/usr/bin/env bash
# Runs clang-tidy over src/ (or the files named), with the checks of .clang-tidy. A configuration of its own
# (build/tidy, clang++) only writes the compile commands: those of g++ hold options that clang does not know.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build
cmake -S . -B build/tidy -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release -DSLUICE_TESTS=OFF \
    -DSLUICE_CCACHE= -DSLUICE_WERROR=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >build/tidy.log 2>&1 ||
    { cat build/tidy.log; exit 1; }
# A *_impl.cpp only compiles a library (Asio, Beast, Boost.JSON): there is no code of ours in it.
mapfile -t files < <(if [ $# -gt 0 ]; then realpath "$@"; else
    find "$PWD/src" -name '*.cpp' ! -name '*_impl.cpp' | sort; fi)
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/tidy --quiet 2> >(grep -v 'warnings generated' >&2)
echo "${#files[@]} files: clang-tidy finds nothing"
