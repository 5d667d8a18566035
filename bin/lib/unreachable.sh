# shellcheck shell=bash
# Of the paths that are its arguments, those that this user cannot read, each with the first part of
# it that stands in the way. A path that ends with a slash is a folder to pass through. Read from
# standard input by a bash of that user.
for path in "$@"; do
  through=''
  [ "${path%/}" = "$path" ] || through=yes
  path=${path%/}
  at=''
  IFS=/ read -r -a parts <<< "${path#/}"
  for part in "${parts[@]}"; do
    [ -x "${at:-/}" ] || break
    at=$at/$part
  done
  if [ "$at" != "$path" ] || { [ -z "$through" ] && [ ! -r "$at" ]; } || { [ -d "$at" ] && [ ! -x "$at" ]; }; then
    printf '%s\t%s\n' "$path" "${at:-/}"
  fi
done
