#!/usr/bin/env bash
# down.sh FOLDER [--wipe]: ends what up.sh has started, by the ids that it wrote down.
set -uo pipefail

for name in kwok scheduler kcm apiserver etcd; do
  file=$1/$name.pid
  [ -f "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2> /dev/null
  for ((try = 0; try < 50; try++)); do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2> /dev/null
  rm -f "$file"
done
[ "${2:-}" != --wipe ] || rm -rf "$1"
