#!/usr/bin/env bash
# run-program.sh FOLDER LOGS KIB COMMAND…
#
# Runs one program of one attempt at a job so that it needs no server: in the process session that
# this script leads, its output into files of at most KIB kibibytes each, what became of it in
# FOLDER. src/executors/spark-submit/program-folder.ts reads it there.
set -u
umask 077
# shellcheck source=bin/lib/processes.sh
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/processes.sh"
folder=$1 logs=$2 kib=$3
shift 3
cd "$folder" || exit 1
close_inherited

# Whoever makes this link runs the program, once and for all: a server that was killed may have
# started this script a moment before its successor did.
identity > "started.$$"
ln "started.$$" started 2> /dev/null
claimed=$?
rm -f "started.$$"
[ "$claimed" -eq 0 ] || exit 0

# cat, because it holds nothing back; the limit is the system's, for the file of this cat alone.
# What comes after the limit is read all the same: a program must not wait for its reader.
keep() {
  (trap '' XFSZ && ulimit -f "$kib" && exec cat >> "$1") 2> /dev/null && return
  printf '\n[the output ends here: more than %s bytes are not kept]\n' "$((kib * 1024))" >> "$1"
  exec cat > /dev/null
}

exec 3> >(keep "$logs/stdout.log")
out=$!
exec 4> >(exec 3>&- && keep "$logs/stderr.log")
err=$!

# Job control gives the program a process group, which a signal can reach as a whole.
set -m
{
  cd work && export LIBRA_PROGRAM="$folder" && exec "$@"
  exit 127
} < /dev/null >&3 2>&4 3>&- 4>&- &
program=$!
set +m
exec 3>&- 4>&-
printf '%s\n' "$program" > group.new && mv -f group.new group

# A machine that shuts down tells everybody: this script stays to tell how the program ended.
interrupted=1
trap 'interrupted=1' TERM HUP INT
while [ "$interrupted" -eq 1 ]; do
  interrupted=0
  wait "$program"
  code=$?
done
kill -KILL -- "-$program" 2> /dev/null
printf '%s\n' "$code" > exit.new && mv -f exit.new exit
wait "$out" "$err"
