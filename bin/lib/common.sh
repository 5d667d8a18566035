# shellcheck shell=bash
# What the scripts of bin/ share. Sourced; works with the bash 3.2 of macOS.

# Set here, used by whoever sources this.
# shellcheck disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# Messages go to stderr: stdout belongs to the server's log.
say() { printf '%s\n' "$*" >&2; }

sha256() {
  if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# One hash over names and contents of all files in the given files and folders.
hash_files() {
  find "$@" -type f ! -name '*.tsbuildinfo' 2> /dev/null | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s\0' "$file"
  done | xargs -0 cksum | sha256
}

# The value at a dotted path of package.json, or nothing.
package_value() {
  node -p "process.argv[2].split('.').reduce((at, key) => at?.[key], require(process.argv[1])) ?? ''" \
    "$root/package.json" "$1"
}

resolve_links() {
  local path=$1 target
  while [ -L "$path" ]; do
    target=$(readlink "$path")
    case $target in
      /*) path=$target ;;
      *) path=$(dirname "$path")/$target ;;
    esac
  done
  printf '%s/%s\n' "$(cd "$(dirname "$path")" && pwd -P)" "$(basename "$path")"
}

# JAVA_HOME as it is set, otherwise the home of the javac on the PATH; nothing when there is neither.
find_java_home() {
  local compiler
  if [ -n "${JAVA_HOME:-}" ]; then
    printf '%s\n' "$JAVA_HOME"
  elif [ -x /usr/libexec/java_home ]; then
    /usr/libexec/java_home -v 17+ 2> /dev/null || true
  elif compiler=$(command -v javac); then
    dirname "$(dirname "$(resolve_links "$compiler")")"
  fi
}

export_java_home() {
  local home
  home=$(find_java_home)
  if [ -n "$home" ]; then export JAVA_HOME=$home; fi
}

# The major version that the JDK's own release file names; starting a JVM to ask takes much longer.
java_major() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2> /dev/null
}

# maven_in FOLDER ARGUMENTS… Maven resets colours at its end, even where it was told to use none.
maven_in() {
  local folder=$1
  shift
  mvn --quiet --batch-mode -Dstyle.color=never --file "$root/$folder/pom.xml" "$@" 2>&1 |
    sed $'s/\033\\[0m//g'
}
maven() { maven_in jvm-shim "$@"; }

# The tools of the tests lie here where they are not installed.
tools=$root/.spark/tools
export PATH="$PATH:$tools/usr/bin:$tools/python/bin"
