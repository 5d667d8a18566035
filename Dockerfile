# The server. One image with all that it needs: Node.js 24, Spark, Java 21 and Python on UBI 9 minimal.
#
#   docker build -t whereq/libra .
#
# SPARK_IMAGE takes the place of the stages of Spark below, for one with the connector of a storage:
#
#   bin/build-spark-image.sh -v s3
#   docker build -t whereq/libra:s3 --build-arg SPARK_IMAGE=whereq/spark:4.0.1-s3 .
ARG UBI_IMAGE=registry.access.redhat.com/ubi9/ubi-minimal:9.7-1776833838
ARG SPARK_IMAGE=spark

# --- Python, from its source: thrown away but for what it installs ------------------------------
FROM ${UBI_IMAGE} AS python
ARG PYTHON_VERSION=3.14.0
# Of Python-3.14.0.tar.xz. Another version needs its own; an empty one leaves the check out.
ARG PYTHON_SHA256=2299dae542d395ce3883aca00d3c910307cd68e0b2f7336098c8e7b7eee9f3e9
ARG PYTHON_SOURCE_URL
ARG PYTHON_CONFIGURE=--enable-optimizations
# For a closed artifact store. Better are the secrets https_username and https_password.
ARG HTTPS_USERNAME
ARG HTTPS_PASSWORD
# hadolint ignore=DL3041
RUN microdnf install -y --nodocs gcc make tar xz gzip findutils diffutils \
    openssl-devel libffi-devel bzip2-devel xz-devel zlib-devel sqlite-devel && \
    microdnf clean all
COPY docker/scripts/store-login.sh docker/scripts/python.sh /build/
RUN --mount=type=secret,id=https_username --mount=type=secret,id=https_password \
    /build/python.sh "$PYTHON_VERSION" /usr/local

# --- Spark and the packages of Python: thrown away but for what it installs ---------------------
FROM python AS packages
ARG SPARK_VERSION=4.0.1
ARG PIP_INDEX_URL
ARG HTTPS_USERNAME
ARG HTTPS_PASSWORD
COPY docker/scripts/spark.sh /build/
COPY bin/lib/python-requirements.txt /build/requirements.txt
RUN --mount=type=secret,id=https_username --mount=type=secret,id=https_password \
    /build/spark.sh "$SPARK_VERSION" /usr/local/bin/python3 /opt/spark

# --- Spark, Java 21 and Python on UBI 9 minimal -------------------------------------------------
FROM ${UBI_IMAGE} AS spark
ARG SPARK_VERSION=4.0.1
ARG PYTHON_VERSION=3.14.0
LABEL org.opencontainers.image.title="Apache Spark" \
      org.opencontainers.image.description="Apache Spark with Java 21 and Python, for masters, workers and executors of Libra" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${SPARK_VERSION}" \
      com.whereq.libra.spark.version="${SPARK_VERSION}" \
      com.whereq.libra.python.version="${PYTHON_VERSION}" \
      io.k8s.display-name="Apache Spark ${SPARK_VERSION}"
# hadolint ignore=DL3041
RUN microdnf install -y --nodocs --setopt=install_weak_deps=0 \
    java-21-openjdk-headless openssl-libs libffi bzip2-libs xz-libs zlib sqlite-libs libstdc++ \
    findutils procps-ng tar gzip && \
    microdnf clean all
COPY --from=packages /usr/local /usr/local
COPY --from=packages /opt/spark /opt/spark
COPY docker/entrypoint.sh /opt/entrypoint.sh
RUN --mount=type=bind,source=docker/scripts/runtime.sh,target=/build/runtime.sh \
    /build/runtime.sh /opt/spark/conf /opt/spark/logs /opt/spark/work /work
ENV JAVA_HOME=/opt/java \
    SPARK_HOME=/opt/spark \
    PYSPARK_PYTHON=/usr/local/bin/python3 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/home/spark \
    LANG=C.UTF-8 \
    PATH=/opt/spark/bin:/opt/java/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /work
USER 185:0
ENTRYPOINT ["/opt/entrypoint.sh"]

# --- the Java driver host -----------------------------------------------------------------------
FROM docker.io/library/maven:3.9.11-eclipse-temurin-21 AS shim
ARG SPARK_VERSION=4.0.1
ARG MAVEN_MIRROR_URL
ARG HTTPS_USERNAME
ARG HTTPS_PASSWORD
WORKDIR /build
COPY docker/scripts/store-login.sh docker/scripts/shim.sh docker/scripts/maven-store.sh scripts/
COPY jvm-shim/pom.xml jvm-shim/
COPY jvm-shim/src/main jvm-shim/src/main
RUN --mount=type=secret,id=https_username --mount=type=secret,id=https_password \
    scripts/shim.sh "$SPARK_VERSION" jvm-shim

# --- the TypeScript, and what is compiled for this Node.js and this Java -------------------------
FROM docker.io/library/node:24.21.0-bookworm-slim AS node

FROM ${UBI_IMAGE} AS server
ARG NPM_REGISTRY_URL
ARG HTTPS_USERNAME
ARG HTTPS_PASSWORD
# hadolint ignore=DL3041
RUN microdnf install -y --nodocs gcc-c++ make java-21-openjdk-devel findutils openssl-libs libffi \
    bzip2-libs xz-libs zlib sqlite-libs && \
    microdnf clean all
# node-gyp runs on this Python.
COPY --from=python /usr/local /usr/local
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/include/node /usr/local/include/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
WORKDIR /opt/libra
COPY docker/scripts/store-login.sh docker/scripts/server.sh docker/scripts/runtime.sh /build/
RUN /build/runtime.sh
ENV JAVA_HOME=/opt/java
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN --mount=type=secret,id=https_username --mount=type=secret,id=https_password \
    /build/server.sh /opt/libra /usr/local

# --- the server on Spark ------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${SPARK_IMAGE} AS libra
ARG LIBRA_VERSION=0.1.0
LABEL org.opencontainers.image.title="Libra" \
      org.opencontainers.image.description="A REST service for Apache Spark 4 that is the Spark driver itself" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${LIBRA_VERSION}" \
      io.k8s.display-name="Libra ${LIBRA_VERSION}" \
      io.openshift.expose-services="8080:http"
USER 0
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=server /opt/libra/package.json /opt/libra/
COPY --from=server /opt/libra/node_modules /opt/libra/node_modules
COPY --from=server /opt/libra/dist /opt/libra/dist
COPY --from=shim /build/jvm-shim/target/libra-driver-host.jar /opt/libra/jvm-shim/target/
COPY bin/libra /opt/libra/bin/
COPY bin/lib /opt/libra/bin/lib
COPY config /opt/libra/config
COPY python /opt/libra/python
RUN --mount=type=bind,source=docker/scripts/runtime.sh,target=/build/runtime.sh \
    /build/runtime.sh /var/lib/libra
ENV LIBRA_SETUP=skip \
    LIBRA_DATA_DIR=/var/lib/libra \
    NODE_ENV=production \
    PATH=/opt/libra/bin:$PATH
VOLUME /var/lib/libra
# Where relative paths of jobs start; nothing of the server is in it. Other containers of the cluster
# may have the same volume there.
WORKDIR /work
# API, Spark UI, RPC and blocks of the driver.
EXPOSE 8080 4040 7078 7079
# Liveness: who acts on this ends the container. Readiness is for balancers and for compose.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["sh", "-c", "curl -fsS -o /dev/null http://127.0.0.1:${SERVER_PORT:-8080}/actuator/health/liveness"]
USER 185:0
# The entrypoint of Spark: the same image may be a master, a worker or an executor.
CMD ["libra", "serve"]
