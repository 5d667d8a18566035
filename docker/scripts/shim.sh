#!/usr/bin/env bash
# shim.sh SPARK_VERSION FOLDER: builds the Java driver host against this Spark.
#
# MAVEN_MIRROR_URL  a mirror of Maven Central
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=docker/scripts/store-login.sh
source "$scripts/store-login.sh"
# shellcheck source=docker/scripts/maven-store.sh
source "$scripts/maven-store.sh"

maven_at_store --file "$2/pom.xml" package -DskipTests "-Dspark.version=$1"
