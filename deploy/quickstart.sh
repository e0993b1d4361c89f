#!/usr/bin/env bash
# Builds Sluice and shows it at work, on Debian bookworm:
#
#   deploy/quickstart.sh                  a demo: an object store, an app with a log-in and a video, Sluice between
#   deploy/quickstart.sh --config FILE    runs Sluice with this config instead: your own app and store
#
# Missing packages are installed (with sudo where we are not root); nothing else from outside is needed. All that the
# demo makes lies in build/demo. Ctrl-C stops all that was started.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

config=""
case "${1:-}" in
"") ;;
--config)
    [ $# -eq 2 ] || { usage >&2; exit 2; }
    # The path is the caller's, not the clone's.
    case "$2" in /*) config=$2 ;; *) config=$OLDPWD/$2 ;; esac
    [ -r "$config" ] || { echo "quickstart: cannot read $config" >&2; exit 2; }
    ;;
-h | --help) usage; exit ;;
*) usage >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$*"; }

say "packages"
# shellcheck disable=SC2086  # lists of words
install_missing $packages_build $packages_demo
install_node

say "build"
# A build tree that has been configured already (by tests/run.sh, with the tests) is used as it is.
[ -f build/release/build.ninja ] || cmake --preset release -DSLUICE_TESTS=OFF
cmake --build --preset release --target sluice
sluice=build/release/sluice

if [ -n "$config" ]; then
    say "Sluice, with $config"
    exec "$sluice" serve --config "$config"
fi

demo=$PWD/build/demo
video=$demo/store/demo/sample.mp4
mkdir -p "${video%/*}"
# Each demo starts cold, so that the first request is a miss.
rm -rf "$demo/cache" "$demo"/*.log "$demo/cookies"
mkdir "$demo/cache"

if [ ! -s "$video" ]; then
    say "sample video"
    ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000 \
        -t 60 -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k -movflags +faststart \
        -f mp4 "$video.part"
    mv "$video.part" "$video"
    ls -lh "$video"
fi

pids=()
# Called by the trap below, whatever ends this script.
# shellcheck disable=SC2317  # it is reached by that trap alone
stop() {
    trap - EXIT INT TERM
    # Sluice first, so that it drains while what is behind it still answers.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
}
trap stop EXIT
trap 'echo; exit 0' INT TERM

# start NAME COMMAND...: runs it in the background, its output in build/demo/NAME.log.
start() {
    local name=$1
    shift
    "$@" >"$demo/$name.log" 2>&1 </dev/null &
    pids+=($!)
}

# address_in NAME PATTERN: the address in the first line of the log that matches, once it is there.
address_in() {
    local found
    for _ in $(seq 100); do
        found=$(grep -m 1 -E "$2" "$demo/$1.log" | grep -oE '127\.0\.0\.1:[0-9]+' | head -n 1) || true
        [ -z "$found" ] || { echo "$found"; return; }
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "quickstart: $1 did not start; its log:" >&2
    cat "$demo/$1.log" >&2
    return 1
}

say "demo"
access_key=demo
secret_key=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
start store node tests/support/s3_store.mjs --directory "$demo/store" --port 0 \
    --access-key "$access_key" --secret-key "$secret_key" --bucket media
store=$(address_in store listening)
start app node tests/support/app.mjs --port 0 --media-url /media/demo/sample.mp4 --store "http://$store" \
    --bucket media --access-key "$access_key" --secret-key "$secret_key"
app=$(address_in app listening)

(umask 077 && cat >"$demo/sluice.yaml") <<YAML
listeners:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
app:
  url: http://$app
limits: {shutdown_delay: 0s, drain_timeout: 2s}
stores:
  demo:
    type: s3
    bucket: media
    region: us-east-1
    endpoint: http://$store
    addressing: path
    credentials:
      access_key_id: $access_key
      secret_access_key: $secret_key
cache:
  directory: $demo/cache
  max_size: 1GiB
  min_free: 64MiB
routes:
  - name: lectures
    path: "/media/{course}/{file*}"
    store: demo
    object: "{course}/{file}"
    authorize: {subrequest: "/api/may-read/{course}", ttl: 10s}
YAML
start sluice "$sluice" serve --config "$demo/sluice.yaml"
proxy=$(address_in sluice '"listening".*"client"')
admin=$(address_in sluice '"listening".*"admin"')

# The log-in that the page offers, for curl.
curl -sS -o /dev/null -c "$demo/cookies" -d user=demo -d password=demo "http://$proxy/login"

cat <<TEXT

The page, with the video (user demo, password demo):

    http://$proxy/

A range of the video, twice; the first is a miss (the object store is asked), the second a hit (from the disk cache):

    for i in 1 2; do curl -s -o /dev/null -D - -b $demo/cookies -r 0-1048575 http://$proxy/media/demo/sample.mp4 | grep -i ^cache-status; done

The metrics:

    http://$admin/metrics

The config and the logs are in $demo. Ctrl-C stops it all.
TEXT

# Until Ctrl-C, or until one of them ends by itself.
wait -n "${pids[@]}" || true
echo "quickstart: one of the programs has ended; see $demo/*.log" >&2
exit 1
