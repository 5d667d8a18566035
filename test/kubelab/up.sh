#!/usr/bin/env bash
# up.sh FOLDER: starts a control plane of Kubernetes on loopback, with one node that runs nothing: its
# pods are ready at once. FOLDER/admin.kubeconfig leads to it; down.sh FOLDER ends it.
#
# KUBELAB_BIN      where build.sh has put the programs (.spark/kubelab)
# API_PORT         16443; the controller manager and the scheduler take the next two
# ETCD_PORT        12379 and the next
# KCM_CONTROLLERS  which controllers run; all but those of nodes that are machines
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
programs=${KUBELAB_BIN:-$here/../../.spark/kubelab}
api=${API_PORT:-16443} etcd=${ETCD_PORT:-12379}
mkdir -p "$1/log"
cd "$1"

start() {
  local name=$1
  shift
  setsid "$@" > "log/$name.log" 2>&1 < /dev/null &
  echo $! > "$name.pid"
}

# until_done COMMAND… A minute, then the log of what did not come.
until_done() {
  local try
  for ((try = 0; try < 600; try++)); do
    if "$@" > /dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "kubelab: gave up: $*" >&2
  tail -n 20 log/*.log >&2
  exit 1
}

openssl genrsa -out service-accounts.key 2048 2> /dev/null
cat > tokens.csv << CSV
admin-token,admin,1,system:masters
controllers-token,system:kube-controller-manager,2
scheduler-token,system:kube-scheduler,3
nobody-token,nobody,4
CSV

start etcd "$programs/kubelab" etcd etcd-data "http://127.0.0.1:$etcd" "http://127.0.0.1:$((etcd + 1))"
# It makes a certificate of its own, which is its authority as well.
start apiserver "$programs/kubelab" kube-apiserver "--etcd-servers=http://127.0.0.1:$etcd" \
  --bind-address=127.0.0.1 --advertise-address=127.0.0.1 "--secure-port=$api" --cert-dir=certificates \
  --endpoint-reconciler-type=none --token-auth-file=tokens.csv --authorization-mode=RBAC \
  --anonymous-auth=false --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file=service-accounts.key --service-account-signing-key-file=service-accounts.key \
  --service-cluster-ip-range=10.0.0.0/24 --profiling=false

until_done test -s certificates/apiserver.crt
for user in admin:admin controllers:system:kube-controller-manager scheduler:system:kube-scheduler nobody:nobody; do
  name=${user%%:*}
  cat > "$name.kubeconfig" << YAML
apiVersion: v1
kind: Config
clusters:
  - name: lab
    cluster:
      server: https://127.0.0.1:$api
      certificate-authority-data: $(base64 -w 0 < certificates/apiserver.crt)
users:
  - name: $name
    user: { token: $name-token }
contexts:
  - name: lab
    context: { cluster: lab, user: $name }
current-context: lab
YAML
done
ask() { "$programs/kubectl" --kubeconfig admin.kubeconfig "$@"; }
until_done ask get --raw /readyz

start kcm "$programs/kubelab" kube-controller-manager --kubeconfig=controllers.kubeconfig \
  --authentication-kubeconfig=controllers.kubeconfig --authorization-kubeconfig=controllers.kubeconfig \
  --bind-address=127.0.0.1 "--secure-port=$((api + 1))" --leader-elect=false \
  --use-service-account-credentials=true --service-account-private-key-file=service-accounts.key \
  --root-ca-file=certificates/apiserver.crt --profiling=false \
  "--controllers=${KCM_CONTROLLERS:-*,-node-ipam-controller,-node-route-controller,-cloud-node-lifecycle-controller}"
start scheduler "$programs/kubelab" kube-scheduler --kubeconfig=scheduler.kubeconfig \
  --authentication-kubeconfig=scheduler.kubeconfig --authorization-kubeconfig=scheduler.kubeconfig \
  --bind-address=127.0.0.1 "--secure-port=$((api + 2))" --leader-elect=false --profiling=false
start kwok "$programs/kwok" --kubeconfig=admin.kubeconfig "--config=$here/kwok.yaml" --manage-all-nodes=true \
  --server-address=127.0.0.1:$((api + 3)) --node-ip=127.0.0.1 --node-port=$((api + 3)) \
  --node-lease-duration-seconds=40

ask create --filename - > /dev/null << 'YAML'
apiVersion: v1
kind: Node
metadata:
  name: node
status:
  allocatable: { cpu: '32', memory: 256Gi, pods: '110', ephemeral-storage: 500Gi }
  capacity: { cpu: '32', memory: 256Gi, pods: '110', ephemeral-storage: 500Gi }
YAML
until_done ask wait --for condition=Ready node/node --timeout 0
until_done ask --namespace default get serviceaccount default
