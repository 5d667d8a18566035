# shellcheck shell=bash
# What the scripts share that start a program of Spark for the server. Sourced.

script=$(cd "$(dirname "$0")" && pwd -P)/${0##*/}

# The JVM of the server does not close its sockets and pipes to those that Node starts. A program
# that outlives the server would hold its ports, and keep alive what ends with a pipe.
close_inherited() {
  local open
  for open in /dev/fd/*; do
    # Not the one from which bash reads its script.
    if [ "${open##*/}" -gt 2 ] && [ ! "$open" -ef "$script" ]; then eval "exec ${open##*/}>&-"; fi
  done
}

# This process so that no other is taken for it: a pid alone would be, later on.
identity() {
  local start=- boot=- stat fields
  if [ -r "/proc/$$/stat" ]; then
    stat=$(< "/proc/$$/stat")
    read -r -a fields <<< "${stat##*) }"
    start=${fields[19]}
    boot=$(< /proc/sys/kernel/random/boot_id)
  fi
  printf '%s %s %s\n' "$$" "$start" "$boot"
}
