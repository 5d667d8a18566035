#!/usr/bin/env bash
# gcloud.sh true|false VERSION TARGET: Google's command line, or an empty folder in its place.
#
# GCLOUD_URL  the folder that holds google-cloud-cli-VERSION-linux-x86_64.tar.gz
set -euo pipefail
# shellcheck source=docker/scripts/store-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/store-login.sh"

wanted=$1 version=$2 target=$3
mkdir -p "$target/bin"
case $wanted in
  true) ;;
  false | '') exit 0 ;;
  *)
    say "INSTALL_GCLOUD is true or false, not $wanted"
    exit 2
    ;;
esac

base=${GCLOUD_URL:-https://dl.google.com/dl/cloudsdk/channels/rapid/downloads}
machine=$(uname -m)
if [ "$machine" = aarch64 ]; then machine=arm; fi
login_at "$base"
curl --fail --silent --show-error --location --netrc-file "$NETRC" \
  --output "$login_folder/gcloud.tar.gz" "${base%/}/google-cloud-cli-$version-linux-$machine.tar.gz"
tar -xzf "$login_folder/gcloud.tar.gz" -C "$target" --strip-components=1
"$target/bin/gcloud" --version > /dev/null
