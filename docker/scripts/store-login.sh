# shellcheck shell=bash
# Who may read from a closed artifact store: secrets of the build (https_username, https_password),
# or else the variables HTTPS_USERNAME and HTTPS_PASSWORD. Sourced. Nothing of it becomes an argument
# of a program, where the process list would show it, or outlives the script.

say() { printf '%s\n' "$*" >&2; }

secret() {
  local file=${SECRETS_DIR:-/run/secrets}/$1
  if [ -r "$file" ]; then cat "$file"; else printf '%s' "${2:-}"; fi
}

# STORE_USERNAME and STORE_PASSWORD are exported for Maven, whose settings name them.
STORE_USERNAME=$(secret https_username "${HTTPS_USERNAME:-}")
STORE_PASSWORD=$(secret https_password "${HTTPS_PASSWORD:-}")
export STORE_USERNAME STORE_PASSWORD
unset HTTPS_USERNAME HTTPS_PASSWORD

login_folder=$(mktemp -d)
trap 'rm -rf "$login_folder"' EXIT

has_login() { [ -n "$STORE_USERNAME" ] && [ -n "$STORE_PASSWORD" ]; }

host_of() {
  local rest=${1#*://}
  rest=${rest%%/*}
  printf '%s' "${rest%%:*}"
}

# login_at URL…: curl and pip send the name and the password to these hosts and to no other.
login_at() {
  local url file=$login_folder/netrc
  (umask 077 && : > "$file")
  export NETRC=$file
  has_login || return 0
  for url in "$@"; do
    case $url in
      https://*) printf 'machine %s login %s password %s\n' "$(host_of "$url")" "$STORE_USERNAME" "$STORE_PASSWORD" >> "$file" ;;
      http://*)
        say "A password is not sent to $url: it is not https."
        return 1
        ;;
    esac
  done
}
