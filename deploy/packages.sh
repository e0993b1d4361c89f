# shellcheck shell=sh
# The Debian bookworm packages of this project, and how they are installed. To be sourced, by any POSIX shell:
# deploy/quickstart.sh, tests/run.sh, .ci/run, deploy/test-image.sh and the Dockerfile share these lists.
# shellcheck disable=SC2034  # the lists are used by those who source this file

# To build the program (CMake with SLUICE_TESTS=OFF). curl is asked for by prometheus-cpp's CMake file.
packages_build="g++ cmake ninja-build libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev
    libyaml-cpp-dev prometheus-cpp-dev zlib1g-dev libcurl4-openssl-dev libspdlog-dev libcli11-dev
    libxxhash-dev libpugixml-dev libbrotli-dev libzstd-dev ca-certificates"

# To run it.
packages_runtime="libboost-json1.81.0 libboost-url1.81.0 libboost-container1.81.0 libssl3 libyaml-cpp0.7
    libprometheus-cpp-core1.0 libspdlog1.10 libfmt9 libxxhash0 libpugixml1v5
    zlib1g libbrotli1 libzstd1 ca-certificates"

# For the demo of deploy/quickstart.sh.
packages_demo="ffmpeg curl"

# To build and run all tests (beside packages_build).
packages_test="libboost-test1.81-dev nginx prometheus chromium ffmpeg curl openssl procps python3 python3-venv python3-yaml
    docker-compose gunicorn swift-proxy swift-account swift-container swift-object memcached aria2 gdal-bin"

# For the checks of .ci/run (beside packages_build and packages_test).
packages_check="clang clang-format clang-tidy shellcheck"

# To build and start the image without a container engine (deploy/test-image.sh).
packages_image="buildah debootstrap curl python3"

# Runs a command as root: as it is where we are root, with sudo where not.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the named packages that are not installed. Asks for no network, and no root, where none is missing.
# Services that packages bring (nginx, Prometheus) are not started: a tool must not open ports on its machine unasked.
install_missing() {
    missing=""
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then policy=""; else as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"; fi
    # shellcheck disable=SC2086  # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -q && apt-get install -y -q --no-install-recommends "$@" </dev/null' sh $missing && status=0 || status=$?
    [ -z "$policy" ] || as_root rm -f "$policy"
    return "$status"
}

# Node 18 or later, from Debian where there is none yet.
install_node() {
    command -v node >/dev/null || install_missing nodejs
}

# Debian's npm brings some hundred packages: only where there is no npm at all.
install_npm() {
    command -v npm >/dev/null || install_missing npm
}
