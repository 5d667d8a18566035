#!/usr/bin/env bash
# run-driver.sh FOLDER WORK KIB COMMAND…
#
# Becomes a driver process in the working directory WORK, in the process session that it leads: what
# identifies it lies in FOLDER as `process`, its output as `driver.log`, of the newest at least KIB
# kibibytes and at most twice as many. Its standard input is the command's.
set -u
umask 077
# Before anything changes the working directory.
# shellcheck source=bin/lib/processes.sh
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/processes.sh"
folder=$1 work=$2 kib=$3
shift 3
cd "$folder" || exit 1
close_inherited
identity > process.new && mv -f process.new process

# cat, because it holds nothing back; the limit is the system's, for the file of this cat alone.
keep() {
  until (trap '' XFSZ && ulimit -f "$kib" && exec cat >> "$1") 2> /dev/null; do
    # A driver must not wait for its reader, not even when the folder is gone.
    mv -f "$1" "$1.1" 2> /dev/null || exec cat > /dev/null
  done
}

exec > >(keep "$folder/driver.log") 2>&1
export LIBRA_DRIVER=$folder
cd "$work" && exec "$@"
