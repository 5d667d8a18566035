#!/usr/bin/env bash
# supervise.sh SERVER.JS SWEEP.JS
#
# Stands in front of the server: passes signals on, starts it anew when it has crashed or hangs, and
# clears away what it left. Ends with the server's own exit code where the server ended as it was
# told to, or where starting it again would not help. Needs little and knows little, so that nothing
# that ends the server ends it as well; in a container it may be process 1.
#
# The times are seconds; LIBRA_SUPERVISE=off leaves all this out.
set -u
# shellcheck source=bin/lib/common.sh
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/common.sh"

program=$1 sweep=$2
first_delay=${LIBRA_RESTART_DELAY:-1}
last_delay=${LIBRA_RESTART_DELAY_MAX:-30}
# So many crashes in a row end it, where none of the runs lasted so long.
most_crashes=${LIBRA_RESTART_LIMIT:-5}
soon=${LIBRA_RESTART_SOON:-60}
# A run of this length makes the delay short again.
well=${LIBRA_RESTART_WELL:-300}
# Silence of the event loop that counts as its end.
patience=${LIBRA_RESTART_SILENCE:-30}

# How the server ends where starting it again does not help; src/exit-codes.ts.
mend_first=78

for number in "$first_delay" "$last_delay" "$most_crashes" "$soon" "$well" "$patience"; do
  case $number in
    '' | *[!0-9]*)
      say "libra: \"$number\" is no number of seconds; see LIBRA_RESTART_… in docs/configuration.md"
      exit "$mend_first"
      ;;
  esac
done

server='' stopping='' cause='' note=''

# A terminal reaches this script alone: the server has a group of its own. So it gets each wish once.
pass_on() {
  stopping=$1
  [ -z "$server" ] || kill -s "$1" "$server" 2> /dev/null
}
trap 'pass_on TERM' TERM HUP
trap 'pass_on INT' INT
trap 'pass_on QUIT' QUIT
# Whoever read our messages may be gone.
trap ':' PIPE

# Two ends of a pipe without a name: 4 for the server to write, 5 to read.
open_pipe() {
  local folder
  folder=$(mktemp -d) || return 1
  mkfifo -m 600 "$folder/pipe"
  # The first one keeps the others from waiting for each other.
  exec 3<> "$folder/pipe"
  exec 4> "$folder/pipe"
  exec 5< "$folder/pipe"
  exec 3>&-
  rm -rf "$folder"
}

# Lines of the server: "alive" from its event loop; "wait SECONDS" when it may stand still for as
# long, until "wait 0"; "note TEXT" of what may make it crash; "cause TEXT" when it knows why it ends.
#
# Silence is counted in turns of this loop: time in which the machine slept is nobody's silence.
watch() {
  local line status silence=0
  while :; do
    IFS= read -r -t 1 -u 5 line
    status=$?
    if [ "$status" -eq 0 ]; then
      [ "$silence" -lt 0 ] || silence=0
      case $line in
        'wait '*) silence=$((-${line#wait })) ;;
        'note '*) note="; ${line#note }" ;;
        'cause '*) cause=${line#cause } ;;
      esac
    elif [ "$status" -le 128 ]; then
      # Closed: nobody is left who could write.
      return
    else
      silence=$((silence + 1))
      if [ "$silence" -eq "$patience" ]; then
        cause="it did not answer for $patience s and was killed"
        kill -KILL "$server" 2> /dev/null
      fi
    fi
  done
}

# A trap ends `wait` before its time; only a status that comes without one is the server's.
await_end() {
  local before
  while :; do
    before=$stopping
    stopping=''
    wait "$server" 2> /dev/null
    code=$?
    [ -n "$stopping" ] || break
  done
  stopping=$before
}

run_server() {
  cause='' note=''
  open_pipe || return 1
  # Job control gives the server a process group, which no terminal reaches.
  set -m
  LIBRA_SUPERVISOR=3 LIBRA_LAST_END=$last_end node --enable-source-maps "$program" \
    3>&4 4>&- 5<&- < /dev/null &
  server=$!
  set +m
  exec 4>&-
  # A signal that came before there was anybody to pass it on to.
  [ -z "$stopping" ] || kill -s "$stopping" "$server" 2> /dev/null
  watch
  exec 5<&-
  await_end
  server=''
}

name_cause() {
  [ -z "$cause" ] || return
  case $code in
    137) cause='it was killed (SIGKILL), as the system does when memory runs out' ;;
    52) cause='it exited with 52: out of memory' ;;
    *)
      if [ "$code" -gt 128 ]; then
        cause="it died of SIG$(kill -l $((code - 128)) 2> /dev/null)"
      else
        cause="it exited with $code"
      fi
      ;;
  esac
}

# Ends sooner with a signal.
pause() {
  [ -z "$stopping" ] || return
  sleep "$1" &
  wait $!
  kill $! 2> /dev/null
}

delay=$first_delay crashes=0 last_end=''
while :; do
  SECONDS=0
  code=1
  run_server
  lasted=$SECONDS
  [ "$code" -eq "$mend_first" ] || node "$sweep"
  if [ -n "$stopping" ] || [ "$code" -eq 0 ] || [ "$code" -eq "$mend_first" ]; then exit "$code"; fi

  name_cause
  last_end=$cause$note
  [ "$lasted" -lt "$soon" ] || crashes=0
  [ "$lasted" -lt "$well" ] || delay=$first_delay
  crashes=$((crashes + 1))
  if [ "$crashes" -ge "$most_crashes" ]; then
    say "libra: the server ended $crashes times, each time within $soon s, and is not started again. The last time $last_end"
    exit "$code"
  fi
  say "libra: the server ended after $lasted s: $last_end. It is started again in $delay s"
  pause "$delay"
  [ -z "$stopping" ] || exit "$code"
  delay=$((delay * 2 < last_delay ? delay * 2 : last_delay))
done
