#!/usr/bin/env bash
# The benchmark: Sluice beside Debian's nginx, tuned, in one alternating run. See README.md here.
#
#   tests/bench/run.sh [--quick] [--rounds N] [--only sluice|nginx] [--before BINARY] [ROW...]
#
# Rows: hits cold collapse segments relay memory sign identity open_webui playback overlaps sequences windows fast_reader
# unstorable outages stale (all of them without a name); `related`: the last seven. Ends with 0 where every target is met,
# 1 where one is not, 2 where it could not run. SLUICE_BIN, BENCH_LOAD, BENCH_ORIGIN and
# BENCH_SIGN name other binaries than those of build/release; BENCH_DIR another directory (on a real disk) for the caches.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/build/release"
export PATH="$PATH:/usr/sbin:/sbin" # nginx, sysctl and ip, where a user lacks them
export BENCH_LOAD="${BENCH_LOAD:-$build/tests/bench_load}"
export BENCH_ORIGIN="${BENCH_ORIGIN:-$build/tests/bench_origin}"
export BENCH_SIGN="${BENCH_SIGN:-$build/tests/bench_sign}"
export SLUICE_BIN="${SLUICE_BIN:-$build/sluice}"

if [[ ! -x $BENCH_LOAD || ! -x $BENCH_ORIGIN || ! -x $BENCH_SIGN || ! -x $SLUICE_BIN ]]; then
    (cd "$root" && cmake --preset release && cmake --build --preset release --target sluice bench_load bench_origin bench_sign) || {
        echo "bench: the release build failed" >&2
        exit 2
    }
fi

# A network namespace of its own: its loopback has no other traffic, and reno instead of BBR, which halves loopback
# throughput at 1 MiB and distorts ratios.
setup='ip link set lo up
sysctl -qw net.ipv4.tcp_congestion_control=reno || echo "bench: reno is not to be had here, ratios may be distorted" >&2
export BENCH_NETNS=1
exec python3 -B "$0" "$@"'
if unshare -n true 2>/dev/null; then
    exec unshare -n -- bash -c "$setup" "$here/bench.py" "$@"
elif unshare -rn true 2>/dev/null; then
    exec unshare -rn -- bash -c "$setup" "$here/bench.py" "$@"
fi
echo "bench: no network namespace (not root?): using the machine's own loopback and congestion control" >&2
exec python3 -B "$here/bench.py" "$@"
