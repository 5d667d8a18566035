#!/usr/bin/env bash
# connectors.sh s3|gcs SPARK_HOME TARGET
#
# Puts the connector into TARGET that fits the Hadoop that this Spark was built with. Nobody writes
# the numbers down: hadoop-aws has the version of Hadoop itself, and its own description names the
# AWS SDK that it was built with.
#
# MAVEN_MIRROR_URL  a mirror of Maven Central
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=docker/scripts/store-login.sh
source "$scripts/store-login.sh"
# shellcheck source=docker/scripts/maven-store.sh
source "$scripts/maven-store.sh"

variant=$1 spark_home=$2 target=$3

hadoop=''
for jar in "$spark_home"/jars/hadoop-client-api-*.jar; do
  [ -e "$jar" ] || continue
  jar=${jar##*/hadoop-client-api-}
  hadoop=${jar%.jar}
done
if [ -z "$hadoop" ]; then
  say "$spark_home holds no Spark with a Hadoop of its own: there is no jars/hadoop-client-api-*.jar"
  exit 1
fi
case $hadoop in
  3.4.*) ;;
  *)
    say "Hadoop is $hadoop; the connectors of docker/connectors/pom.xml are made for 3.4"
    exit 1
    ;;
esac

mkdir -p "$target"
maven_at_store --file "${CONNECTORS_POM:-$scripts/pom.xml}" --activate-profiles "$variant" \
  "-Dhadoop.version=$hadoop" dependency:copy-dependencies "-DoutputDirectory=$target" -DincludeScope=runtime

for jar in "$target"/*.jar; do
  [ -e "$jar" ] || { say "Maven has brought no connector into $target"; exit 1; }
  say "connector for Hadoop $hadoop: ${jar##*/}"
done
