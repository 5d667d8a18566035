#!/usr/bin/env bash
# Puts Libra into the Kubernetes cluster that kubectl is set to.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

namespace=spark-platform
kubectl=${KUBECTL:-kubectl}
timeout=${DEPLOY_TIMEOUT:-10m}

usage() {
  cat << 'TEXT'
usage: k8s/deploy.sh option1 [--durable] | option3

  option1    a standalone cluster (master and workers) with three replicas of Libra, each a driver
             with a history of its own that ends with the pod
  --durable  with one replica, whose history is on a volume
  option3    Kubernetes itself runs the executors; one replica, whose history is on a volume

Makes the namespace spark-platform and the Secrets where there are none, applies the manifests, waits
for them, and prints the curl that uses the token. Run again, it applies what has changed and keeps
token and secret.

KUBECTL names the program (kubectl); DEPLOY_TIMEOUT is how long it waits (10m).
TEXT
}

say() { printf '%s\n' "$*" >&2; }

folder='' option=''
while [ $# -gt 0 ]; do
  case $1 in
    option1 | option3)
      [ -z "$option" ] || { usage >&2; exit 2; }
      option=$1
      ;;
    --durable) folder=-durable ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      say "deploy: unknown argument $1"
      usage >&2
      exit 2
      ;;
  esac
  shift
done
case $option$folder in
  option1 | option1-durable | option3) folder=$here/$option$folder ;;
  *)
    usage >&2
    exit 2
    ;;
esac

command -v "$kubectl" > /dev/null || { say "deploy: $kubectl is not there"; exit 1; }
command -v openssl > /dev/null || { say 'deploy: openssl is not there; it makes the token'; exit 1; }

in_namespace() { "$kubectl" --namespace "$namespace" "$@"; }
has_secret() { in_namespace get secret "$1" > /dev/null 2>&1; }

# Nothing secret becomes an argument, where the process list would show it.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 077

make_tokens() {
  local token hash
  # Both are of one making: what the server knows is the hash of what the operator keeps.
  if has_secret libra-tokens && has_secret libra-admin-token; then return; fi
  token=$(openssl rand -hex 32)
  hash=$(printf '%s' "$token" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  printf '%s' "$token" > "$scratch/token"
  cat > "$scratch/tokens.yml" << YAML
tokens:
  - name: admin
    sha256: $hash
    roles: [admin]
YAML
  in_namespace delete secret libra-tokens libra-admin-token --ignore-not-found > /dev/null
  in_namespace create secret generic libra-tokens --from-file="tokens.yml=$scratch/tokens.yml" >&2
  # For the operator alone: no pod mounts it.
  in_namespace create secret generic libra-admin-token --from-file="token=$scratch/token" >&2
}

make_spark_secret() {
  if has_secret libra-spark; then return; fi
  openssl rand -hex 32 | tr -d '\n' > "$scratch/authenticate-secret"
  in_namespace create secret generic libra-spark \
    --from-file="authenticate-secret=$scratch/authenticate-secret" >&2
}

apply() { "$kubectl" apply --server-side --field-manager=libra-deploy "$@" >&2; }

apply --filename "$folder/../$option/namespace.yaml"
make_tokens
if [ "$option" = option1 ]; then make_spark_secret; fi
apply --kustomize "$folder"

if [ "$option" = option1 ]; then
  in_namespace rollout status --timeout "$timeout" statefulset/spark-master >&2
  in_namespace rollout status --timeout "$timeout" statefulset/spark-worker >&2
fi
in_namespace rollout status --timeout "$timeout" deployment/libra >&2

cat << TEXT

Libra is there. From this machine:

kubectl --namespace $namespace port-forward service/libra-service 8080 &
token=\$(kubectl --namespace $namespace get secret libra-admin-token --output 'jsonpath={.data.token}' | base64 --decode)
curl --silent http://127.0.0.1:8080/api/v1/sessions/default/statements \\
  --header "Authorization: Bearer \$token" --header 'Content-Type: application/json' \\
  --data '{"kind": "sql", "code": "SELECT count(*) AS n FROM range(1000)"}'
TEXT
