# docker build -t nullworker .
# docker run -e MASTER_TOKEN=… -e CONTAINER_ID=… -e PUBLIC_IPADDR=… -e VAST_TCP_PORT_3000=… -p 3000:3000 nullworker
# docker run --entrypoint nullworker nullworker demo
#
# The programs alone, to be copied into an image of your own:
# docker build -t nullworker-programs --target programs .
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
ARG VERSION=0.1.0
# Also that the label below is true.
RUN mkdir build/programs \
    && for program in nullworkerd nullworker; do \
           strip -o "build/programs/$program" "build/release/$program" \
           && "build/programs/$program" --version | grep -qxF "$program ${VERSION}" || exit 1; \
       done
# What else the image has: users by name, the CA certificates, a home, and room for temporary files.
RUN mkdir -p build/root/etc/ssl/certs build/root/usr/share/doc/nullworker build/root/var/lib/nullworker build/root/tmp \
    && echo 'nullworker:x:10001:10001::/var/lib/nullworker:/nonexistent' >build/root/etc/passwd \
    && echo 'nullworker:x:10001:' >build/root/etc/group \
    && cp /etc/ssl/certs/ca-certificates.crt build/root/etc/ssl/certs/ \
    && cp build/release/copyright build/root/usr/share/doc/nullworker/ \
    && chown 10001:10001 build/root/var/lib/nullworker \
    && chmod 1777 build/root/tmp

FROM scratch AS programs
COPY --from=build /src/build/programs/ /

FROM scratch
COPY --from=build /src/build/root/ /
COPY --from=build /src/build/programs/ /usr/local/bin/

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="nullworker" \
      org.opencontainers.image.description="Reserve one Vast.ai Serverless machine per unit of work" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

USER 10001:10001
WORKDIR /var/lib/nullworker
# The defaults are in folders where only root may write.
ENV PATH=/usr/local/bin \
    NULLWORKER_STATE_DIR=/var/lib/nullworker \
    NULLWORKER_TLS_CERTIFICATE=/var/lib/nullworker/instance.crt \
    NULLWORKER_TLS_KEY=/var/lib/nullworker/instance.key \
    NULLWORKER_FORCE_UPDATE_FILE=/var/lib/nullworker/.force_update
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["nullworker", "status"]
ENTRYPOINT ["nullworkerd"]
