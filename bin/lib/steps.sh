# shellcheck shell=bash
# The steps of the set-up. Each has a `…_wanted`, what its stamp should say, and a `…_make`. The
# stamp goes before the work starts and comes back when it is done, so that a step that was
# interrupted is done again.

stamped() { [ "$(cat "$1" 2> /dev/null)" = "$2" ]; }

# --- npm packages -----------------------------------------------------------------------------

npm_stamp=$root/node_modules/.libra-setup

# node-java and better-sqlite3 are compiled for one Node and one libjvm.
npm_native() {
  printf '%s %s' "$(node -p 'process.arch + process.versions.modules')" "$(cd "${JAVA_HOME:-/}" && pwd -P)"
}
npm_wanted() { printf '%s %s' "$(sha256 < "$root/package-lock.json")" "$(npm_native)"; }
npm_done() { stamped "$npm_stamp" "$(npm_wanted)"; }

# Whether node_modules holds what the lock file names, because somebody ran npm install by hand.
npm_matches_lock() {
  node -e '
    const [wanted, found] = process.argv.slice(1).map((file) => require(file).packages);
    const differs = Object.entries(wanted).some(([path, { version, optional }]) =>
      path !== "" && (found[path] ? found[path].version !== version : !optional));
    process.exit(differs ? 1 : 0);
  ' "$root/package-lock.json" "$root/node_modules/.package-lock.json" 2> /dev/null
}

# Whether what was compiled fits this Node. The JVM that comes with `java` would never end by itself.
npm_loads() {
  (cd "$root" && node -e 'require("better-sqlite3")(":memory:"); require("java"); process.exit(0)')
}

npm_make() {
  local before=''
  before=$(cat "$npm_stamp" 2> /dev/null || true)
  rm -f "$npm_stamp"
  if ! npm_matches_lock; then
    (cd "$root" && npm ci --include=dev --no-audit --no-fund --loglevel=error) >&2
  elif [ "${before:+${before#* }}" != "${before:+$(npm_native)}" ] || ! npm_loads 2> /dev/null; then
    (cd "$root" && npm rebuild java better-sqlite3 --loglevel=error) >&2
  fi
  npm_loads
  npm_wanted > "$npm_stamp"
}

# --- Spark ------------------------------------------------------------------------------------

venv=$root/.spark/venv
venv_stamp=$venv/.libra-setup
venv_unfinished=$root/.spark/unfinished
requirements=$root/bin/lib/python-requirements.txt

spark_packages() {
  [ -n "${SPARK_HOME:-}" ] || printf 'pyspark==%s\n' "$spark_version"
  grep -v '^#' "$requirements"
}
venv_needed() { [ -z "${SPARK_HOME:-}" ] || [ -n "${for_tests:-}" ]; }

spark_done() {
  venv_needed || return 0
  stamped "$venv_stamp" "$(spark_packages)" && [ -x "$venv/bin/python" ] &&
    { [ -n "${SPARK_HOME:-}" ] || [ -d "$root/.spark/home/jars" ]; }
}

spark_make() {
  local package
  rm -f "$venv_stamp"
  # Half an installation cannot be told from a whole one by looking at it.
  if [ -e "$venv_unfinished" ] || [ ! -x "$venv/bin/python" ]; then rm -rf "$venv"; fi
  mkdir -p "$root/.spark"
  : > "$venv_unfinished"
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  spark_packages > "$root/.spark/requirements.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar off \
    --requirement "$root/.spark/requirements.txt" >&2
  if [ -z "${SPARK_HOME:-}" ]; then
    package=$("$venv/bin/python" -c \
      'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("pyspark").origin))')
    ln -sfn "${package#"$root/.spark/"}" "$root/.spark/home"
  fi
  spark_packages > "$venv_stamp"
  rm -f "$venv_unfinished"
}

# The Spark that the shim is built against: the one of SPARK_HOME, or the one that package.json names.
find_spark_version() {
  local jar
  if [ -z "${SPARK_HOME:-}" ]; then
    package_value spark.version
    return
  fi
  for jar in "$SPARK_HOME"/jars/spark-core_2.13-*.jar; do
    if [ -e "$jar" ]; then
      jar=${jar##*/spark-core_2.13-}
      printf '%s\n' "${jar%.jar}"
      return
    fi
  done
  say "SPARK_HOME is $SPARK_HOME, which holds no Spark 4 for Scala 2.13 (jars/spark-core_2.13-*.jar)."
  say '      Set it to an unpacked Spark 4, or unset it and the set-up installs one.'
  return 1
}

# --- the Java shim ----------------------------------------------------------------------------

shim_stamp=$root/jvm-shim/target/.libra-setup
shim_jar=$root/jvm-shim/target/libra-driver-host.jar

shim_wanted() {
  printf '%s %s' "$spark_version" "$(cd "$root" && hash_files jvm-shim/pom.xml jvm-shim/src/main)"
}
shim_done() { [ -e "$shim_jar" ] && stamped "$shim_stamp" "$(shim_wanted)"; }

shim_make() {
  local wanted
  wanted=$(shim_wanted)
  rm -f "$shim_stamp"
  maven package -DskipTests "-Dspark.version=$spark_version" >&2
  printf '%s' "$wanted" > "$shim_stamp"
}

# --- TypeScript -------------------------------------------------------------------------------

ts_stamp=$root/dist/.libra-setup

ts_wanted() {
  (cd "$root" && hash_files src tsconfig.json tsconfig.build.json package-lock.json)
}
ts_done() { [ -d "$root/dist" ] && stamped "$ts_stamp" "$(ts_wanted)"; }

ts_make() {
  local wanted
  wanted=$(ts_wanted)
  # From nothing, so that a file that is gone in src/ does not live on.
  rm -rf "$root/dist"
  (cd "$root" && node_modules/.bin/tsc -p tsconfig.build.json) >&2
  printf '%s' "$wanted" > "$ts_stamp"
}

# --- the example programs ---------------------------------------------------------------------

examples_stamp=$root/examples/target/.libra-setup
examples_jar=$root/examples/target/libra-examples.jar

examples_wanted() {
  printf '%s %s' "$spark_version" "$(cd "$root" && hash_files examples/pom.xml examples/java examples/scala)"
}
examples_done() {
  [ -n "${for_tests:-}" ] || return 0
  [ -e "$examples_jar" ] && stamped "$examples_stamp" "$(examples_wanted)"
}

examples_make() {
  local wanted
  wanted=$(examples_wanted)
  rm -f "$examples_stamp"
  maven_in examples package "-Dspark.version=$spark_version" >&2
  printf '%s' "$wanted" > "$examples_stamp"
}

# --- tools of the tests -----------------------------------------------------------------------

# PACKAGE:COMMAND
debian_tools='prometheus:promtool shellcheck:shellcheck'

# Checkers of Dockerfiles and manifests, and a server that speaks S3.
tool_venv=$tools/python
tool_requirements=$root/bin/lib/tool-requirements.txt

tools_done() {
  local tool
  [ -n "${for_tests:-}" ] || return 0
  for tool in $debian_tools; do command -v "${tool#*:}" > /dev/null || return 1; done
  stamped "$tool_venv/.libra-setup" "$(cat "$tool_requirements")"
}

python_tools_make() {
  rm -rf "$tool_venv"
  mkdir -p "$tools"
  if python3 -m venv "$tool_venv" && "$tool_venv/bin/python" -m pip install --quiet \
    --disable-pip-version-check --progress-bar off --requirement "$tool_requirements" >&2; then
    cat "$tool_requirements" > "$tool_venv/.libra-setup"
  else
    say '  note: not all of bin/lib/tool-requirements.txt could be installed; the checks that need'
    say '        them are skipped.'
  fi
}

# Unpacked rather than installed: the prometheus package would start a server on this machine.
unpack_tool() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download "$1" && dpkg-deb -x ./*.deb "$folder/out" &&
    mkdir -p "$tools/usr/bin" && cp "$folder/out/usr/bin/$2" "$tools/usr/bin/$2.new" &&
    "$tools/usr/bin/$2.new" --version && mv "$tools/usr/bin/$2.new" "$tools/usr/bin/$2"
  ) > /dev/null 2>&1
  local code=$?
  rm -rf "$folder" "$tools/usr/bin/$2.new"
  return "$code"
}

tools_make() {
  local tool package command updated=''
  stamped "$tool_venv/.libra-setup" "$(cat "$tool_requirements")" || python_tools_make
  for tool in $debian_tools; do
    package=${tool%:*} command=${tool#*:}
    if command -v "$command" > /dev/null; then continue; fi
    if command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null; then
      if unpack_tool "$package" "$command"; then continue; fi
      if [ "$(id -u)" = 0 ] && [ -z "$updated" ]; then
        updated=yes
        apt-get update > /dev/null 2>&1 || true
        if unpack_tool "$package" "$command"; then continue; fi
      fi
    fi
    say "  note: $command is not there, and the checks that need it are skipped."
    say "        Debian, Ubuntu: apt-get install $package. macOS: brew install $package"
  done
}

# --- class data -------------------------------------------------------------------------------

# A server makes it by itself, when it has nothing else to do; the many of the tests have no time.
class_data=$root/.spark/class-data
class_data_stamp=$class_data/.libra-setup

class_data_wanted() { printf '%s %s' "$(shim_wanted)" "$(cd "${JAVA_HOME:-/}" && pwd -P)"; }
class_data_done() {
  [ -n "${for_tests:-}${for_benches:-}" ] || return 0
  stamped "$class_data_stamp" "$(class_data_wanted)"
}

class_data_make() {
  if (cd "$root" && LIBRA_CONFIG_DIR="$root/config" node dist/cli/class-data.js) >&2; then
    class_data_wanted > "$class_data_stamp"
  else
    say '  note: there is no class data; drivers take twice the time to start.'
  fi
}

# --- the peers of the benches -----------------------------------------------------------------

peers=$root/.spark/peers
peers_requirements=$root/bin/lib/bench-requirements.txt

peers_wanted() { grep -v '^#' "$peers_requirements"; }
peers_done() {
  [ -n "${for_benches:-}" ] || return 0
  stamped "$peers/.libra-setup" "$(peers_wanted)"
}

# Beside the server's own packages, which they must not change.
peers_make() {
  rm -rf "$peers"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar off \
    --target "$peers" --requirement "$peers_requirements" >&2
  peers_wanted > "$peers/.libra-setup"
}
