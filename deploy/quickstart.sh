#!/usr/bin/env bash
# Builds Sluice and shows it at work, on Debian bookworm:
#
#   deploy/quickstart.sh                  a demo: an object store, a stand-in for Open WebUI, Sluice between
#   deploy/quickstart.sh --config FILE    runs Sluice with this config instead: your own app and store
#
# Missing packages are installed (with sudo where we are not root); nothing else from outside is needed. All that the
# demo makes lies in build/demo. Ctrl-C stops all that was started. SLUICE_BIN=PATH takes that binary and builds nothing.
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
if [ -n "${SLUICE_BIN:-}" ]; then
    # As with --config, the path is the caller's.
    case "$SLUICE_BIN" in /*) sluice=$SLUICE_BIN ;; *) sluice=$OLDPWD/$SLUICE_BIN ;; esac
    [ -x "$sluice" ] || { echo "quickstart: cannot run $SLUICE_BIN" >&2; exit 2; }
    packages_build=""
fi
[ -z "$config" ] || packages_demo=""
# shellcheck disable=SC2086  # lists of words
install_missing $packages_build $packages_demo
[ -n "$config" ] || install_node

if [ -z "${SLUICE_BIN:-}" ]; then
    say "build"
    # A build tree that has been configured already (by tests/run.sh, with the tests) is used as it is.
    [ -f build/release/build.ninja ] || cmake --preset release -DSLUICE_TESTS=OFF
    cmake --build --preset release --target sluice
    sluice=$PWD/build/release/sluice
fi

if [ -n "$config" ]; then
    say "Sluice, with $config"
    exec "$sluice" serve --config "$config"
fi

demo=$PWD/build/demo
video=$demo/store/sample.mp4
mkdir -p "${video%/*}"
# Each demo starts cold, so that the first request is a miss.
rm -rf "$demo/cache" "$demo/downloads" "$demo"/*.log "$demo/cookies"
mkdir "$demo/cache" "$demo/downloads"

if [ ! -s "$video" ]; then
    say "sample video"
    # 60 s of about 4 Mbit/s, some 30 MB; the noise keeps the encoder from needing less.
    ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000 \
        -t 60 -vf noise=alls=8:allf=t -c:v libx264 -preset ultrafast -b:v 4M -maxrate 4M -bufsize 2M -pix_fmt yuv420p \
        -g 50 -c:a aac -b:a 96k -movflags +faststart -f mp4 "$video.part"
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

# line_in NAME PATTERN: the first line of the log of what was started last that matches, once it is there.
line_in() {
    for _ in $(seq 100); do
        grep -m 1 -E "$2" "$demo/$1.log" && return
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "quickstart: $1 did not start; its log:" >&2
    cat "$demo/$1.log" >&2
    return 1
}

# address_in NAME PATTERN: the address in that line.
address_in() { line_in "$@" | grep -oE '127\.0\.0\.1:[0-9]+'; }

say "demo"
secret_key=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
# A store at some distance: 50 ms to each answer, 40 MB/s.
start store node tests/support/s3_store.mjs --directory "$demo/store" --port 0 --access-key demo \
    --secret-key "$secret_key" --bucket media --delay 50 --rate 40000000
store=$(address_in store listening)

# The app's own variables, which Sluice is given too; none of the caller's counts.
unset S3_KEY_PREFIX S3_USE_ACCELERATE_ENDPOINT "${!SLUICE_CFG_@}"
export STORAGE_PROVIDER=s3 S3_ENDPOINT_URL="http://$store" S3_BUCKET_NAME=media S3_REGION_NAME=us-east-1 \
    S3_ACCESS_KEY_ID=demo S3_SECRET_ACCESS_KEY="$secret_key" S3_ADDRESSING_STYLE=path
size=$(stat -c %s "$video")
start app env TMPDIR="$demo/downloads" node tests/support/open_webui.mjs --port 0 --key "${video##*/}" --size "$size"
app=$(address_in app listening)

cat >"$demo/sluice.yaml" <<YAML
listeners:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
app:
  url: http://$app
limits: {shutdown_delay: 0s, drain_timeout: 2s}
cache:
  directory: "$demo/cache"
  max_size: 1GiB
  min_free: 64MiB
routes:
  - name: open-webui
    preset: open-webui
YAML
start sluice "$sluice" serve --config "$demo/sluice.yaml"
proxy=$(address_in sluice '"listening".*"client"')
admin=$(address_in sluice '"listening".*"admin"')
line_in sluice '"cache loaded"|"cache disabled: ' >/dev/null

# The log-in that the page offers, for curl; and the file that the user then has.
(umask 077 && curl -sS --fail -o /dev/null -c "$demo/cookies" -H 'Content-Type: application/json' \
    -d '{"email": "demo@example.com", "password": "demo"}' "http://$proxy/api/v1/auths/signin")
id=$(curl -sS --fail -b "$demo/cookies" "http://$proxy/api/v1/files/" | grep -oE '"id":"[^"]+' | cut -d '"' -f 4)
middle=$((size / 2))

cat <<TEXT

The page, with the video (demo@example.com, password demo); log in, play, seek:

    http://$proxy/

1 MiB from the middle of the video, twice; the first is a miss (the object store is asked), the second a hit (from the
disk cache), as is the first where the page has played that far:

    for i in 1 2; do curl -s -o /dev/null -D - -b $(printf %q "$demo/cookies") -r $middle-$((middle + 1048575)) http://$proxy/api/v1/files/$id/content | grep -i ^cache-status; done

The metrics:

    http://$admin/metrics

For comparison, the app without Sluice, which downloads the whole video for each answer:

    http://$app/

The config and the logs are in $demo. Ctrl-C stops it all.
TEXT

# Until Ctrl-C, or until one of them ends by itself.
wait -n "${pids[@]}" || true
echo "quickstart: one of the programs has ended; see $demo/*.log" >&2
exit 1
