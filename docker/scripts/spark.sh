#!/usr/bin/env bash
# spark.sh VERSION PYTHON TARGET
#
# Installs Spark as the set-up of Libra does, by the package pyspark, which holds the whole
# distribution: TARGET is SPARK_HOME, and `import pyspark` finds it there as well. With it come the
# packages of requirements.txt beside this script.
#
# PIP_INDEX_URL  where pip looks, as pip itself reads it
set -euo pipefail
# shellcheck source=docker/scripts/store-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/store-login.sh"

version=$1 python=$2 target=$3
requirements=$(dirname "${BASH_SOURCE[0]}")/requirements.txt

login_at "${PIP_INDEX_URL:-}"
# An empty one is an address to pip.
[ -n "${PIP_INDEX_URL:-}" ] || unset PIP_INDEX_URL
"$python" -m pip install --no-cache-dir --no-compile --disable-pip-version-check --progress-bar off \
  --root-user-action=ignore "pyspark==$version" --requirement "$requirements"

package=$("$python" -c 'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("pyspark").origin))')
mkdir -p "$(dirname "$target")"
mv "$package" "$target"
ln -s "$target" "$package"
mkdir -p "$target/conf" "$target/logs" "$target/work"
rm -rf "$target/examples" "$target"/bin/*.cmd
found=$("$python" -c 'import pyspark; print(pyspark.__version__)')
[ "$found" = "$version" ] || { say "Spark is $found, not $version"; exit 1; }
