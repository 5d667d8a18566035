#!/usr/bin/env bash
# build.sh FOLDER: builds the programs of the control plane from the modules of go.mod. Minutes, and
# gigabytes in Go's cache; afterwards seconds.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
cd "$(dirname "${BASH_SOURCE[0]}")"

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
at=k8s.io/component-base/version
flags="-s -w -X $at.gitVersion=$version -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*} -X $at.gitTreeState=clean"

# build NAME PACKAGE
build() { CGO_ENABLED=0 go build -trimpath -ldflags "$flags" -o "$folder/$1" "$2"; }

build kubelab .
build kubectl k8s.io/kubernetes/cmd/kubectl
build kwok sigs.k8s.io/kwok/cmd/kwok
