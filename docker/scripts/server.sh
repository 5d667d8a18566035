#!/usr/bin/env bash
# server.sh FOLDER NODE: builds the TypeScript in FOLDER and leaves there the packages that the server
# runs with, compiled for the Node.js in NODE and the Java of JAVA_HOME.
#
# NPM_REGISTRY_URL  a mirror of the npm registry
set -euo pipefail
# shellcheck source=docker/scripts/store-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/store-login.sh"

folder=$1 node=$2
cd "$folder"

npmrc=$login_folder/npmrc
# Addons are compiled against the headers of this very Node.js, rather than with fetched ones.
(umask 077 && printf 'nodedir=%s\n' "$node" > "$npmrc")
if [ -n "${NPM_REGISTRY_URL:-}" ]; then
  printf 'registry=%s\n' "$NPM_REGISTRY_URL" >> "$npmrc"
  if has_login; then
    case $NPM_REGISTRY_URL in
      https://*) ;;
      *)
        say "A password is not sent to $NPM_REGISTRY_URL: it is not https."
        exit 1
        ;;
    esac
    printf '%s/:_auth=%s\n' "$(printf '%s' "${NPM_REGISTRY_URL#https:}" | sed 's|/*$||')" \
      "$(printf '%s:%s' "$STORE_USERNAME" "$STORE_PASSWORD" | base64 -w 0)" >> "$npmrc"
  fi
fi
export NPM_CONFIG_USERCONFIG=$npmrc
npm() { "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
export PATH="$node/bin:$PATH"
# What a package would fetch ready-made comes from elsewhere, and no lock file has its checksum.
export npm_config_build_from_source=true
# On all cores.
export JOBS=max

npm ci --include=dev --no-audit --no-fund --loglevel=error
node_modules/.bin/tsc -p tsconfig.build.json
npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
# Whether what was compiled fits. The JVM that comes with `java` would never end by itself.
"$node/bin/node" -e 'require("better-sqlite3")(":memory:"); require("java"); process.exit(0)'
# What compiling has left.
rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
  node_modules/*/build/Release/obj node_modules/*/build/Release/obj.target node_modules/*/build/Release/.deps
