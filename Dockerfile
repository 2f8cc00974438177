# SPDX-License-Identifier: BSL-1.0
FROM debian:trixie-slim AS page
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src/dashboard-ui
COPY dashboard-ui/package.json dashboard-ui/package-lock.json ./
# Behind a TLS-intercepting proxy, npm must trust the CA of the network. Its certificate is a build secret, so no layer
# contains it.
RUN --mount=type=secret,id=extra_ca \
    if [ -s /run/secrets/extra_ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/extra_ca; fi \
 && npm ci --no-audit --no-fund --loglevel=error
COPY dashboard-ui ./
COPY monitoring/RUNBOOK.md /src/monitoring/RUNBOOK.md
RUN node build.mjs --out /page

FROM debian:trixie-slim AS toolchain
# KAFKA=yes: the services accept kafka:// URLs. librdkafka and its dependencies take 15 MB.
ARG KAFKA=
RUN case "$KAFKA" in '' | yes) ;; *) echo "KAFKA is \"$KAFKA\", but must be yes or empty" >&2; exit 1 ;; esac \
 && apt-get update \
 && apt-get install -y --no-install-recommends ${KAFKA:+librdkafka-dev} \
      binutils ca-certificates ccache clang cmake lld libboost1.88-dev libboost-url1.88-dev libbrotli-dev libcli11-dev \
      libsimdjson-dev libssl-dev libutf8proc-dev ninja-build pkgconf prometheus-cpp-dev tzdata zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*

FROM toolchain AS build
WORKDIR /src
COPY CMakeLists.txt ./
COPY core core
COPY services services
COPY loadgen loadgen
COPY --from=page /page/page_assets.cpp /page/page_assets.cpp
# A changed source invalidates this layer. The ccache directory is a cache mount, so unchanged files are not recompiled.
# Warnings are not errors here: the compiler, its options and the libraries differ from those of the tests.
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
      -DCMAKE_CXX_COMPILER=clang++ -DCOHORT_HARDENING=ON -DCOHORT_PROFILE=use -DCOHORT_WERROR=OFF \
      -DCOHORT_STATIC="$([ -n "$KAFKA" ] && echo OFF || echo ON)" -DCOHORT_TESTS=OFF \
      -DCOHORT_EXAMPLES=OFF -DCOHORT_SIMULATION=OFF -DCOHORT_INSTALL=OFF \
      -DCOHORT_PAGE_SOURCE=/page/page_assets.cpp \
 && cmake --build /build --target cohort-stack loadgen \
 && install -D --strip -t /rootfs/bin /build/bin/* \
 # These are links to cohort-stack, which selects the service by the name of the program file.
 && for program in dashboard-service gateway-service system-info-service time-service weather-service; do \
      ln -sf cohort-stack "/rootfs/bin/$program" && "/rootfs/bin/$program" --help | grep -qF "$program" || exit; \
    done \
 && install -D -t /loadgen/bin /rootfs/bin/loadgen && rm /rootfs/bin/loadgen
# Copies the shared libraries. Static programs have none.
RUN for program in /rootfs/bin/* /loadgen/bin/*; do ldd "$program" || true; done \
      | grep -oE '/[^ ]+ \(0x' | cut -d ' ' -f 1 | sort -u | xargs -r cp -L --parents -t /rootfs \
 && mkdir -p /rootfs/etc /rootfs/usr/share /rootfs/usr/lib/ssl \
 && cp -a /usr/share/zoneinfo /rootfs/usr/share/ \
 && cd /rootfs/usr/share/zoneinfo && rm -f ./*.tab ./*.zi ./*.list leapseconds localtime posixrules \
 # The default certificate file of OpenSSL (SSL_CERT_FILE overrides it).
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/usr/lib/ssl/cert.pem \
 && echo 'cohort:x:65532:65532::/:' >/rootfs/etc/passwd \
 && echo 'cohort:x:65532:' >/rootfs/etc/group

# Checks the hardening of the programs, and lists the packages of all other files.
FROM build AS inspect
COPY tests/hardening/check deploy/image/image_packages ./
RUN ./check /build/bin/* && ./image_packages /rootfs >/packages.tsv

# For deploy/image/sbom.
FROM scratch AS packages
COPY --from=inspect /packages.tsv /

FROM scratch AS services
COPY --from=build /rootfs /
COPY services/gateway/routes.json /etc/cohort/routes.json
USER 65532:65532
EXPOSE 5000-5004
CMD ["/bin/cohort-stack", "--host", "0.0.0.0"]

# loadgen needs only the libraries of the services image.
FROM services AS loadgen
COPY --from=build /loadgen /
ENTRYPOINT ["/bin/loadgen"]
CMD []

FROM debian:trixie-slim AS haproxy
RUN apt-get update \
 && apt-get install -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/*
# Copies only the libraries that the services image lacks.
RUN --mount=type=bind,from=services,target=/services \
    mkdir -p /rootfs/etc && cp --parents /usr/sbin/haproxy /rootfs \
 && for library in $(ldd /usr/sbin/haproxy | grep -oE '/[^ ]+ \(0x' | cut -d ' ' -f 1); do \
      [ -e "/services$library" ] || cp -L --parents "$library" /rootfs || exit; \
    done
COPY services/gateway/haproxy.cfg /rootfs/etc/haproxy.cfg
RUN haproxy -c -f /rootfs/etc/haproxy.cfg

FROM services AS gateway
COPY --from=haproxy /rootfs /
STOPSIGNAL SIGUSR1
CMD ["/usr/sbin/haproxy", "-db", "-f", "/etc/haproxy.cfg"]

# The default target of `docker build .`.
FROM services
