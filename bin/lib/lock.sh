# shellcheck shell=bash
# One set-up at a time in a checkout. The lock is a link to the number of its process: made with its
# content in one step, on every system.

lock=$root/.spark/setup.lock

lock_owner_lives() {
  kill -0 "$1" 2> /dev/null && ps -p "$1" -o args= 2> /dev/null | grep -q setup
}

take_lock() {
  local owner told=''
  mkdir -p "$root/.spark"
  until ln -s "$$" "$lock" 2> /dev/null; do
    owner=$(readlink "$lock" || true)
    if [ -z "$owner" ]; then continue; fi
    if lock_owner_lives "$owner"; then
      [ -n "$told" ] || say "setup: waiting for another set-up (process $owner)"
      told=yes
      sleep 0.2
    elif mv "$lock" "$lock.$$" 2> /dev/null; then
      # Somebody may have been quicker: then it was a living lock that moved, and it goes back.
      if [ "$(readlink "$lock.$$")" = "$owner" ]; then rm -f "$lock.$$"; else mv "$lock.$$" "$lock"; fi
    fi
  done
  trap release_lock EXIT
}

release_lock() {
  if [ "$(readlink "$lock" 2> /dev/null)" = "$$" ]; then rm -f "$lock"; fi
}
