#!/usr/bin/env bash
# Builds an image of Spark for masters, workers and executors.
set -euo pipefail
# shellcheck source=bin/lib/common.sh
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/lib/common.sh"

variants='base gcs s3 minio'
variant=base tag=whereq/spark spark_version=4.0.1 python_version=3.14.0
username=${HTTPS_USERNAME:-} push='' build_options=()

usage() {
  cat << 'TEXT'
usage: bin/build-spark-image.sh [OPTIONS]

  -v, --variant NAME           base, gcs, s3 or minio (base)
  -t, --tag NAME               the name of the image (whereq/spark)
  -s, --spark-version VERSION  of Spark 4 (4.0.1)
  -p, --python-version VERSION all of it, such as 3.14.0 (3.14.0); PYTHON_SHA256 is the checksum of
                               the source of another one
  -u, --https-user NAME        for a closed artifact store
  -P, --https-pass PASSWORD    its password; "-" reads it from the standard input
      --push                   push the image when it is built
      --no-cache               build every step anew
  -h, --help                   print this

The image is NAME:VERSION-VARIANT; base is NAME:VERSION as well. The variants stand on base, which is
built first. HTTPS_USERNAME and HTTPS_PASSWORD do what -u and -P do. Name and password reach the build
as secrets, which no layer keeps.

CONTAINER_ENGINE names the engine (docker, or else podman). PYTHON_SOURCE_URL, PYTHON_SHA256,
PIP_INDEX_URL, MAVEN_MIRROR_URL, UBI_IMAGE, INSTALL_GCLOUD, GCLOUD_VERSION and GCLOUD_URL are handed
to the build where they are set.
TEXT
}

wrong() {
  say "build-spark-image: $*"
  say 'Try bin/build-spark-image.sh --help'
  exit 2
}

# What this script was called with shows in the process list: it starts again without the password.
hide_password() {
  local arguments=() value='' found=''
  while [ $# -gt 0 ]; do
    case $1 in
      -P | --https-pass)
        [ $# -ge 2 ] || wrong "$1 needs a value"
        value=$2 found=yes
        shift
        ;;
      --https-pass=*) value=${1#*=} found=yes ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  [ -n "$found" ] || return 0
  if [ "$value" = - ]; then IFS= read -r value || [ -n "$value" ] || wrong 'there is no password on the standard input'; fi
  [ -n "$value" ] || wrong 'the password is empty'
  export HTTPS_PASSWORD=$value
  exec "$BASH" "${BASH_SOURCE[0]}" ${arguments[@]+"${arguments[@]}"}
}

read_options() {
  local name value
  while [ $# -gt 0 ]; do
    name=$1
    case $name in
      -h | --help)
        usage
        exit 0
        ;;
      --push) push=yes ;;
      --no-cache) build_options+=(--no-cache) ;;
      --*=*)
        name=${1%%=*} value=${1#*=}
        shift
        set -- "$name" "$value" "$@"
        continue
        ;;
      -v | --variant | -t | --tag | -s | --spark-version | -p | --python-version | -u | --https-user)
        [ $# -ge 2 ] || wrong "$name needs a value"
        value=$2
        [ -n "$value" ] || wrong "the value of $name is empty"
        shift
        case $name in
          -v | --variant) variant=$value ;;
          -t | --tag) tag=$value ;;
          -s | --spark-version) spark_version=$value ;;
          -p | --python-version) python_version=$value ;;
          -u | --https-user) username=$value ;;
        esac
        ;;
      *) wrong "unknown option $name" ;;
    esac
    shift
  done
}

check_options() {
  case " $variants " in *" $variant "*) ;; *) wrong "the variant is one of $variants, not $variant" ;; esac
  [[ $spark_version =~ ^4\.[0-9]+\.[0-9]+$ ]] || wrong "the version of Spark is like 4.0.1, not $spark_version"
  [[ $python_version =~ ^3\.[0-9]+\.[0-9]+$ ]] || wrong "the version of Python is like 3.14.0, not $python_version"
  [[ $tag =~ ^[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?$ ]] || wrong "$tag is no name of an image"
  [[ ${tag##*/} != *:* ]] || wrong "$tag has a tag already; its tag is made of the version and the variant"
  if [ -n "$username" ] && [ -z "${HTTPS_PASSWORD:-}" ]; then wrong 'the password is missing (-P, or HTTPS_PASSWORD)'; fi
  if [ -z "$username" ] && [ -n "${HTTPS_PASSWORD:-}" ]; then wrong 'the user is missing (-u, or HTTPS_USERNAME)'; fi
}

find_engine() {
  local name
  if [ -n "${CONTAINER_ENGINE:-}" ]; then
    command -v "$CONTAINER_ENGINE" > /dev/null || wrong "CONTAINER_ENGINE is $CONTAINER_ENGINE, which is not there"
    printf '%s' "$CONTAINER_ENGINE"
    return
  fi
  for name in docker podman; do
    if command -v "$name" > /dev/null; then
      printf '%s' "$name"
      return
    fi
  done
  wrong 'neither docker nor podman is there'
}

# As files that only we can read: both engines take those.
write_secrets() {
  [ -n "$username" ] || return 0
  secrets=$(mktemp -d)
  trap 'rm -rf "$secrets"' EXIT
  (umask 077 && printf '%s' "$username" > "$secrets/username" && printf '%s' "$HTTPS_PASSWORD" > "$secrets/password")
  build_options+=(--secret "id=https_username,src=$secrets/username" --secret "id=https_password,src=$secrets/password")
  # The engine needs neither of them in its environment.
  unset HTTPS_USERNAME HTTPS_PASSWORD
}

hand_over() {
  local name
  for name in PYTHON_SOURCE_URL PIP_INDEX_URL MAVEN_MIRROR_URL UBI_IMAGE INSTALL_GCLOUD GCLOUD_VERSION GCLOUD_URL; do
    if [ -n "${!name:-}" ]; then build_options+=(--build-arg "$name=${!name}"); fi
  done
  # The checksum in the Dockerfile is that of 3.14.0.
  if [ -n "${PYTHON_SHA256:-}" ] || [ "$python_version" != 3.14.0 ]; then
    build_options+=(--build-arg "PYTHON_SHA256=${PYTHON_SHA256:-}")
  fi
}

# build VARIANT OPTIONS…
build() {
  local name=$1 tags=(--tag "$tag:$spark_version-$1")
  shift
  if [ "$name" = base ]; then tags+=(--tag "$tag:$spark_version"); fi
  DOCKER_BUILDKIT=1 "$engine" build --file "$root/docker/$name/Dockerfile" "${tags[@]}" \
    ${build_options[@]+"${build_options[@]}"} "$@" "$root"
}

hide_password "$@"
read_options "$@"
check_options
engine=$(find_engine)
write_secrets
hand_over

build base --build-arg "SPARK_VERSION=$spark_version" --build-arg "PYTHON_VERSION=$python_version"
if [ "$variant" != base ]; then build "$variant" --build-arg "SPARK_IMAGE=$tag:$spark_version-base"; fi

if [ -n "$push" ]; then
  "$engine" push "$tag:$spark_version-$variant"
  if [ "$variant" = base ]; then "$engine" push "$tag:$spark_version"; fi
fi
say "built $tag:$spark_version-$variant"
