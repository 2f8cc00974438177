FROM debian:trixie-slim AS page
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src/dashboard-ui
COPY dashboard-ui/package.json dashboard-ui/package-lock.json ./
# Behind a proxy that opens TLS, npm must trust that network's own authority: the secret brings it, and no layer keeps it.
RUN --mount=type=secret,id=extra_ca \
    if [ -s /run/secrets/extra_ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/extra_ca; fi \
 && npm ci --no-audit --no-fund --loglevel=error
COPY dashboard-ui ./
COPY monitoring/RUNBOOK.md /src/monitoring/RUNBOOK.md
RUN node build.mjs --out /page

FROM debian:trixie-slim AS toolchain
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      binutils ca-certificates ccache cmake g++ libboost1.88-dev libboost-url1.88-dev libcli11-dev libsimdjson-dev \
      libspdlog-dev libssl-dev ninja-build prometheus-cpp-dev tzdata zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*

FROM toolchain AS build
WORKDIR /src
COPY CMakeLists.txt ./
COPY core core
COPY services services
COPY loadgen loadgen
COPY --from=page /page/page_assets.cpp /page/page_assets.cpp
# Any changed source drops this whole layer; ccache's folder is not part of it, so that the rest is not compiled again.
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOHORT_TESTS=OFF \
      -DCOHORT_PAGE_SOURCE=/page/page_assets.cpp \
 && cmake --build /build \
 && install -D --strip -t /rootfs/bin /build/bin/* \
 && install -D -t /loadgen/bin /rootfs/bin/loadgen && rm /rootfs/bin/loadgen
RUN ldd /rootfs/bin/* /loadgen/bin/* | grep -oE '/[^ ]+ \(0x' | cut -d ' ' -f 1 | sort -u | xargs cp -L --parents -t /rootfs \
 && mkdir -p /rootfs/etc /rootfs/usr/share /rootfs/usr/lib/ssl \
 && cp -a /usr/share/zoneinfo /rootfs/usr/share/ \
 && cd /rootfs/usr/share/zoneinfo && rm -f ./*.tab ./*.zi ./*.list leapseconds localtime posixrules \
 # OpenSSL looks here unless SSL_CERT_FILE says otherwise.
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/usr/lib/ssl/cert.pem \
 && echo 'cohort:x:65532:65532::/:' >/rootfs/etc/passwd \
 && echo 'cohort:x:65532:' >/rootfs/etc/group

FROM scratch AS services
COPY --from=build /rootfs /
USER 65532:65532
EXPOSE 5000-5003
CMD ["/bin/cohort-stack", "--host", "0.0.0.0"]

# Its libraries are those of the services.
FROM services AS loadgen
COPY --from=build /loadgen /
ENTRYPOINT ["/bin/loadgen"]
CMD []

FROM debian:trixie-slim AS haproxy
RUN apt-get update \
 && apt-get install -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/*
# What the services' image has already would be in this one twice.
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

# What `docker build .` gives.
FROM services
