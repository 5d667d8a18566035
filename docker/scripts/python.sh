#!/usr/bin/env bash
# python.sh VERSION PREFIX
#
# Builds Python from its source, because distributions have minor versions of their own and the
# server and the executors must have the same one.
#
# PYTHON_SOURCE_URL  the folder that holds VERSION/Python-VERSION.tar.xz
# PYTHON_SHA256      the checksum of that file; empty leaves the check out
# PYTHON_CONFIGURE   options of configure
set -euo pipefail
# shellcheck source=docker/scripts/store-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/store-login.sh"

version=$1 prefix=$2
base=${PYTHON_SOURCE_URL:-https://www.python.org/ftp/python}
minor=${version%.*}
work=$login_folder/python
mkdir -p "$work/source"

login_at "$base"
curl --fail --silent --show-error --location --netrc-file "$NETRC" \
  --output "$work/python.tar.xz" "${base%/}/$version/Python-$version.tar.xz"
if [ -n "${PYTHON_SHA256:-}" ]; then
  if ! printf '%s  %s\n' "$PYTHON_SHA256" "$work/python.tar.xz" | sha256sum --check --status; then
    say "Python-$version.tar.xz is not the file that PYTHON_SHA256 names. Another version needs"
    say 'its own checksum in PYTHON_SHA256, or an empty one.'
    exit 1
  fi
else
  say "Python $version: the checksum is not checked (PYTHON_SHA256 is empty)."
fi
tar -xJf "$work/python.tar.xz" -C "$work/source" --strip-components=1

cd "$work/source"
# Word by word: these are options.
# shellcheck disable=SC2086
./configure --prefix="$prefix" --with-ensurepip=upgrade ${PYTHON_CONFIGURE---enable-optimizations} > "$work/log" 2>&1 ||
  { tail -n 40 "$work/log" >&2; exit 1; }
make -j "$(nproc)" > "$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
make install > "$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }

python=$prefix/bin/python$minor
# Where a library was missing, configure leaves its module out and says so nowhere.
"$python" -c 'import bz2, ctypes, lzma, sqlite3, ssl, zlib'
ln -sf "python$minor" "$prefix/bin/python3"
ln -sf python3 "$prefix/bin/python"

# What nobody runs in an image: tests, the static library, compiled files.
rm -rf "$prefix/lib/python$minor/test" "$prefix/lib/python$minor/idlelib" "$prefix/share/man" \
  "$prefix/lib/libpython$minor.a" "$prefix"/lib/python"$minor"/config-*
find "$prefix/lib/python$minor" -depth -name __pycache__ -exec rm -rf {} +
