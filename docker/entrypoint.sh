#!/usr/bin/env bash
# entrypoint.sh master | worker [URL] | executor | driver ARGUMENTS… | history | COMMAND…
#
# What a container of Spark does. Kubernetes starts executors by `executor` and spark-submit in
# cluster mode drivers by `driver`, with the variables of Spark's own images.
#
# SPARK_AUTHENTICATE_SECRET, or …_FILE  the secret that all of a cluster share
# SPARK_MASTER_URL, SPARK_MASTER_HOST, SPARK_MASTER_PORT, SPARK_MASTER_WEBUI_PORT
# SPARK_WORKER_CORES, SPARK_WORKER_MEMORY, SPARK_WORKER_PORT, SPARK_WORKER_WEBUI_PORT, SPARK_WORKER_HOST
# SPARK_DAEMON_JAVA_OPTS, SPARK_MASTER_OPTS, SPARK_WORKER_OPTS, SPARK_HISTORY_OPTS
set -euo pipefail

SPARK_HOME=${SPARK_HOME:-/opt/spark}
export SPARK_HOME
passwd=${PASSWD_FILE:-/etc/passwd}

say() { printf 'entrypoint: %s\n' "$*" >&2; }

# Hadoop fails for a user without a name.
if ! id -un > /dev/null 2>&1 && [ -w "$passwd" ] && ! grep -q "^[^:]*:[^:]*:$(id -u):" "$passwd"; then
  printf 'container:x:%s:0:container:%s:/sbin/nologin\n' "$(id -u)" "${HOME:-/}" >> "$passwd"
fi

# Kubernetes and old links of Docker set SPARK_MASTER_PORT to an address for a service of that name.
for name in SPARK_MASTER_PORT SPARK_WORKER_PORT; do
  case ${!name:-} in *[!0-9]*) unset "$name" ;; esac
done

if [ -n "${SPARK_AUTHENTICATE_SECRET_FILE:-}" ]; then
  SPARK_AUTHENTICATE_SECRET=$(cat "$SPARK_AUTHENTICATE_SECRET_FILE")
  export SPARK_AUTHENTICATE_SECRET
fi

hand_out_secret() {
  [ -n "${SPARK_AUTHENTICATE_SECRET:-}" ] || return 0
  # As a variable: arguments show in the process list, and a master that has it as a setting
  # refuses its REST server.
  export _SPARK_AUTH_SECRET=$SPARK_AUTHENTICATE_SECRET
  export SPARK_DAEMON_JAVA_OPTS="-Dspark.authenticate=true ${SPARK_DAEMON_JAVA_OPTS:-}"
}

# Drivers that a worker starts look for the secret among their settings alone.
secret_for_drivers() {
  local file
  [ -n "${_SPARK_AUTH_SECRET:-}" ] || return 0
  file=$(mktemp)
  printf -- '-Dspark.authenticate.secret=%s\n' "$_SPARK_AUTH_SECRET" > "$file"
  export JDK_JAVA_OPTIONS="@$file ${JDK_JAVA_OPTIONS:-}"
}

# option NAME VALUE: both, where the value is not empty.
options=()
option() { if [ -n "$2" ]; then options+=("$1" "$2"); fi; }

# The bucket that a variant of the image names: for event logs and what spark-submit uploads.
bucket_url() {
  if [ -n "${GCS_BUCKET:-}" ]; then
    printf 'gs://%s' "$GCS_BUCKET"
  elif [ -n "${MINIO_BUCKET:-${S3_BUCKET:-}}" ]; then
    printf 's3a://%s' "${MINIO_BUCKET:-$S3_BUCKET}"
  fi
}

name_bucket() {
  local url defaults=$SPARK_HOME/conf/spark-defaults.conf key value
  url=$(bucket_url)
  [ -n "$url" ] && [ -w "$SPARK_HOME/conf" ] || return 0
  while read -r key value; do
    grep -qs "^${key}[ =]" "$defaults" || printf '%s %s\n' "$key" "$value" >> "$defaults"
  done << TEXT
spark.eventLog.dir $url/spark-events
spark.history.fs.logDirectory $url/spark-events
spark.kubernetes.file.upload.path $url/spark-upload
TEXT
}

# The key of Google's storage, where one was mounted.
find_key() {
  local key
  [ -z "${GOOGLE_APPLICATION_CREDENTIALS:-}" ] || return 0
  for key in "$SPARK_HOME"/conf/gcs-json-key/*.json; do
    [ -r "$key" ] || continue
    export GOOGLE_APPLICATION_CREDENTIALS=$key
    return
  done
}

# In Kubernetes the name of a pod leads nowhere for its first seconds.
await_name() {
  local second
  for ((second = 0; second < 60; second++)); do
    if getent hosts "$1" > /dev/null; then return; fi
    sleep 1
  done
  say "$1 is no name of this machine (SPARK_MASTER_HOST)"
}

daemon() {
  local class=$1
  shift
  hand_out_secret
  exec "$SPARK_HOME/bin/spark-class" "$class" ${options[@]+"${options[@]}"} "$@"
}

name_bucket
find_key

case ${1:-} in
  master)
    shift
    # No button that ends an application of others.
    export SPARK_MASTER_OPTS="-Dspark.ui.killEnabled=false ${SPARK_MASTER_OPTS:-}"
    if [ -n "${SPARK_MASTER_HOST:-}" ]; then await_name "$SPARK_MASTER_HOST"; fi
    option --host "${SPARK_MASTER_HOST:-}"
    option --port "${SPARK_MASTER_PORT:-7077}"
    option --webui-port "${SPARK_MASTER_WEBUI_PORT:-8081}"
    daemon org.apache.spark.deploy.master.Master "$@"
    ;;
  worker)
    shift
    export SPARK_WORKER_OPTS="-Dspark.ui.killEnabled=false -Dspark.worker.cleanup.enabled=true ${SPARK_WORKER_OPTS:-}"
    option --host "${SPARK_WORKER_HOST:-}"
    option --port "${SPARK_WORKER_PORT:-}"
    option --webui-port "${SPARK_WORKER_WEBUI_PORT:-8081}"
    option --cores "${SPARK_WORKER_CORES:-}"
    option --memory "${SPARK_WORKER_MEMORY:-}"
    option --work-dir "${SPARK_WORKER_DIR:-}"
    hand_out_secret
    secret_for_drivers
    exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker \
      ${options[@]+"${options[@]}"} "${@:-${SPARK_MASTER_URL:-spark://spark-master:7077}}"
    ;;
  history)
    shift
    daemon org.apache.spark.deploy.history.HistoryServer "$@"
    ;;
  driver)
    shift
    exec "$SPARK_HOME/bin/spark-submit" --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
      --deploy-mode client "$@"
    ;;
  executor)
    shift
    java_options=()
    # SPARK_JAVA_OPT_0, …_1 and so on, in the order of their numbers.
    while read -r name; do java_options+=("${!name}"); done < <(compgen -v SPARK_JAVA_OPT_ | sort -t _ -k 4 -n)
    # SPARK_CLASSPATH holds what the driver's settings ask for (spark.executor.extraClassPath).
    class_path="${SPARK_CONF_DIR:-$SPARK_HOME/conf}:$SPARK_HOME/jars/*"
    for more in "${HADOOP_CONF_DIR:-}" "${SPARK_CLASSPATH:-}" "${SPARK_EXTRA_CLASSPATH:-}"; do
      if [ -n "$more" ]; then class_path=$more:$class_path; fi
    done
    java=java
    if [ -n "${JAVA_HOME:-}" ]; then java=$JAVA_HOME/bin/java; fi
    exec "$java" ${java_options[@]+"${java_options[@]}"} \
      "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" -cp "$class_path" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" \
      --cores "$SPARK_EXECUTOR_CORES" --app-id "$SPARK_APPLICATION_ID" \
      --hostname "$SPARK_EXECUTOR_POD_IP" --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
      --podName "$SPARK_EXECUTOR_POD_NAME" "$@"
    ;;
  '')
    say 'nothing to do: master, worker, executor, driver, history, or a command'
    exit 2
    ;;
  *) exec "$@" ;;
esac
