# The image of Sluice: the program, the libraries it is linked to and the CA certificates, on Debian bookworm.
#
#   docker build -t sluice .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -p 9180:9180 \
#       -v ./sluice.yaml:/etc/sluice/sluice.yaml:ro -v sluice-cache:/var/cache/sluice sluice
#
# Nothing is written outside /var/cache/sluice (where the config puts the cache), so the root filesystem may be
# read-only. deploy/test-image.sh builds and starts it where there is no container engine.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /source
COPY deploy/packages.sh deploy/
RUN . deploy/packages.sh && apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages_build \
    && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY include include
COPY src src
RUN cmake --preset release -DSLUICE_TESTS=OFF \
    && cmake --build --preset release --target sluice \
    && strip build/release/sluice

FROM ${BASE}
COPY deploy/packages.sh /tmp/packages.sh
RUN . /tmp/packages.sh && apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages_runtime \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /tmp/packages.sh \
    && install -d -o 65532 -g 65532 -m 0700 /var/cache/sluice
COPY --from=build /source/build/release/sluice /usr/local/bin/sluice
# A library that packages_runtime does not name fails here, not at the first start.
RUN sluice --version

# Numeric, so that Kubernetes' runAsNonRoot can check it. Nobody's name in /etc/passwd is needed.
USER 65532:65532
VOLUME /var/cache/sluice
EXPOSE 8080 9180
# No HEALTHCHECK: it would need a client in the image. Probe GET /livez and /readyz on the admin port.
STOPSIGNAL SIGTERM
ENTRYPOINT ["sluice"]
CMD ["serve", "--config", "/etc/sluice/sluice.yaml"]
