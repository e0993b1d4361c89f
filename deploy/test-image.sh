#!/usr/bin/env bash
# Builds the image of the Dockerfile and starts it for real, where no container engine runs and no registry is reached:
# the base image is made by debootstrap, buildah builds and runs in chroot isolation. As root, on Debian bookworm.
# Checks: the program runs as the image's user and that is not root, /readyz answers 200, a media range is a miss and
# then a hit with the right bytes, nothing of the root filesystem was written, and SIGTERM ends it with status 0.
#
#   deploy/test-image.sh           all that it makes is in build/image, and is removed at the end
#   deploy/test-image.sh --keep    keeps the storage, base image included, for the next time
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

keep=""
case "${1:-}" in
"") ;;
--keep) keep=yes ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$@"

# shellcheck disable=SC2086  # a list of words
install_missing $packages_image
install_node

work=$PWD/build/image
base=docker.io/library/debian:bookworm-slim
mkdir -p "$work"
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
pids=()
container=""
# shellcheck disable=SC2013  # words it is
descendants() { for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do echo "$child"; descendants "$child"; done; }
# shellcheck disable=SC2317  # called by the trap
clean() {
    # With what they started: buildah does not pass signals on.
    for pid in "${pids[@]}"; do for each in $(descendants "$pid") "$pid"; do kill "$each" 2>/dev/null || true; done; done
    wait || true
    [ -z "$container" ] || buildah rm "$container" >/dev/null || true
    rm -rf "$work/base" "$work/test"
    [ -n "$keep" ] || { buildah rm --all >/dev/null; buildah rmi --all --force >/dev/null; rm -rf "$work"; } || true
}
trap clean EXIT
fail() { echo "test-image: $*" >&2; exit 1; }

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    echo "== base image"
    debootstrap --variant=minbase bookworm "$work/base" >"$work/debootstrap.log"
    rm -rf "$work/base"/var/cache/apt/archives/*.deb "$work/base"/var/lib/apt/lists/*
    # The security archive, which the official image has too.
    printf 'deb http://deb.debian.org/debian bookworm main\ndeb http://deb.debian.org/debian bookworm-updates main\ndeb http://deb.debian.org/debian-security bookworm-security main\n' \
        >"$work/base/etc/apt/sources.list"
    made=$(buildah from scratch)
    buildah add -q "$made" "$work/base" / >/dev/null
    buildah config --cmd bash "$made"
    buildah commit -q "$made" "$base" >/dev/null
    buildah rm "$made" >/dev/null
    rm -rf "$work/base"
fi

echo "== image"
buildah bud --pull-never -t sluice .

echo "== start"
test=$work/test
rm -rf "$test"
mkdir -p "$test/store" "$test/config"
install -d -o 65532 -g 65532 -m 0700 "$test/cache"
head -c 3000000 /dev/urandom >"$test/store/film.mp4"

# address_in FILE PATTERN: the address in the first line that matches, once it is there.
address_in() {
    local found
    for _ in $(seq 200); do
        found=$(grep -m 1 -E "$2" "$1" | grep -oE '127\.0\.0\.1:[0-9]+' | head -n 1) || true
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.1
    done
    cat "$1" >&2
    fail "nothing like $2 in $1"
}
node tests/support/s3_store.mjs --directory "$test/store" --port 0 --access-key AK --secret-key SK --bucket media >"$test/store.log" 2>&1 &
pids+=($!)
store=$(address_in "$test/store.log" listening)
cat >"$test/config/sluice.yaml" <<YAML
listeners: [{address: "127.0.0.1:0"}]
admin: {address: "127.0.0.1:0"}
app: {url: "http://$store"}
limits: {shutdown_delay: 0s}
stores:
  media:
    type: s3
    bucket: media
    region: us-east-1
    endpoint: http://$store
    addressing: path
    credentials: {access_key_id: AK, secret_access_key: SK}
cache: {directory: /var/cache/sluice, max_size: 1GiB, min_free: 0B}
routes:
  - {name: media, path: "/media/{file*}", store: media, object: "{file}", authorize: none}
YAML

container=$(buildah from --pull-never sluice)
root=$(buildah mount "$container")
# Runs what the image says: its entry point, its command and its user.
mapfile -t command < <(buildah inspect --type image sluice |
    python3 -c 'import json, sys; c = json.load(sys.stdin)["OCIv1"]["config"]; print("\n".join(c["Entrypoint"] + c["Cmd"]))')
echo "runs: ${command[*]}"
touch "$test/started"
buildah run -v "$test/config:/etc/sluice:ro" -v "$test/cache:/var/cache/sluice" "$container" -- "${command[@]}" >"$test/sluice.log" 2>&1 &
runner=$!
pids+=("$runner")
proxy=$(address_in "$test/sluice.log" '"listening".*"client"')
admin=$(address_in "$test/sluice.log" '"listening".*"admin"')

# The process itself is a descendant of buildah's.
process=$(for pid in $(descendants "$runner"); do [ "$(cat "/proc/$pid/comm")" != sluice ] || echo "$pid"; done | tail -n 1)
[ -n "$process" ] || fail "the process is not to be found"
uid=$(awk '$1 == "Uid:" {print $2 $3 $4 $5}' "/proc/$process/status")
[ "$uid" = 65532655326553265532 ] || fail "it runs as $uid"
echo "user: 65532"

[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$admin/readyz")" = 200 ] || fail "/readyz is not 200"
echo "readyz: 200"
expected=$(head -c 1100000 "$test/store/film.mp4" | tail -c 1000000 | sha256sum)
for result in fwd=miss hit; do
    got=$(curl -s -D "$test/head" -r 100000-1099999 "http://$proxy/media/film.mp4" | sha256sum)
    [ "$got" = "$expected" ] || fail "wrong bytes"
    grep -i '^cache-status' "$test/head" | tee "$test/status"
    grep -q "sluice; $result" "$test/status" || fail "no $result"
done

kill -TERM "$process"
wait "$runner" || fail "it ended with status $?"
written=$(find "$root" -xdev -newer "$test/started" ! -type d ! -path "$root/etc/*" | head)
[ -z "$written" ] || fail "written to the root filesystem: $written"
echo "nothing written outside the volume; SIGTERM: status 0"
buildah umount "$container" >/dev/null
du -sh "$root" 2>/dev/null || true
echo "test-image: passed"
