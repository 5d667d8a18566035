#!/usr/bin/env bash
# runtime.sh FOLDER…
#
# The last step of an image: a user, Java at a fixed place, and rights that any user id has, because
# OpenShift picks one that nobody knows beforehand, always in group 0.
#
# ROOT  where the image lies; empty in an image
set -euo pipefail
root=${ROOT:-}

# 185 is the user of Spark's own images, so that volumes written by either fit.
if ! grep -q '^spark:' "$root/etc/passwd"; then
  printf 'spark:x:185:0:Spark:/home/spark:/sbin/nologin\n' >> "$root/etc/passwd"
fi
mkdir -p "$root/home/spark"

# The distribution's own path has the number of the build in it.
java=$(readlink -f "$root/usr/bin/java")
home=${java%/bin/java}
mkdir -p "$root/opt"
ln -sfn "${home#"$root"}" "$root/opt/java"

for folder in /home/spark "$@"; do
  mkdir -p "$root$folder"
  chgrp -R 0 "$root$folder"
  chmod -R g=u "$root$folder"
done

# For docker/entrypoint.sh: Java, Hadoop and Python ask for the name of a user who has none. Nobody
# can become another user by it, since no program here changes users.
chgrp 0 "$root/etc/passwd"
chmod g=u "$root/etc/passwd"
find "${root:-/}" -xdev -type f -perm /6000 -exec chmod a-s {} +
