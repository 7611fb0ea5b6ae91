# docker build -t nullworker .
# docker run -e MASTER_TOKEN=… -e CONTAINER_ID=… -e PUBLIC_IPADDR=… -e VAST_TCP_PORT_3000=… -p 3000:3000 nullworker
# docker run --entrypoint nullworker nullworker demo
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS build
WORKDIR /src
# First the packages, by the one list there is: they change less often than the sources.
COPY scripts/lib.sh scripts/
RUN bash -c '. scripts/lib.sh && install "${build_packages[@]}" "${test_packages[@]}"'
COPY . .
# The tests run the programs that go into the image, so not the dev preset: no sanitizers, and one build for both.
RUN bash -c '. scripts/lib.sh && build release -DBUILD_TESTING=ON' \
    && ctest --test-dir build/release --output-on-failure --no-tests=error --timeout 300
# The packages of the shared libraries they need, whatever this release calls them.
RUN ldd build/release/nullworkerd build/release/nullworker \
    | awk '$2 == "=>" { sub(".*/", "*/", $3); print $3 }' | sort -u \
    | xargs dpkg -S | cut -d: -f1 | sort -u >build/packages \
    && strip -o build/nullworkerd build/release/nullworkerd \
    && strip -o build/nullworker build/release/nullworker

FROM ${BASE}
COPY --from=build /src/build/packages /tmp/packages
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive \
       apt-get install -q -y --no-install-recommends ca-certificates $(cat /tmp/packages) \
    && rm -rf /var/lib/apt/lists/* /tmp/packages \
    && useradd --uid 10001 --user-group --shell /usr/sbin/nologin --create-home --home-dir /var/lib/nullworker nullworker
COPY --from=build /src/build/nullworkerd /src/build/nullworker /usr/local/bin/
COPY LICENSE /usr/share/doc/nullworker/copyright

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="nullworker" \
      org.opencontainers.image.description="Reserve one Vast.ai Serverless machine per unit of work" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
# That the label is true, and that no library is missing.
RUN nullworkerd --version | grep -qxF "nullworkerd ${VERSION}" && nullworker --version

USER nullworker
WORKDIR /var/lib/nullworker
# The default is in /, where only root may write.
ENV NULLWORKER_FORCE_UPDATE_FILE=/var/lib/nullworker/.force_update
EXPOSE 3000
ENTRYPOINT ["nullworkerd"]
