#!/bin/sh
# k3s.sh server [OPTION]... - called k3s, this stands in for k3s: etcd, API server, controllers,
# scheduler, containerd and kubelet, which there are one program, as children of one. It takes the
# options that `npm run soak:k3s` gives; others of k3s are taken and mean nothing.
set -eu
. "$(dirname "$(readlink -f "$0")")/parts.sh"
[ "${1-}" = server ] || {
    echo "usage: k3s server [OPTION]..." >&2
    exit 1
}
shift

kubeconfig=$STATE/k3s.yaml
kubelet_options=
while [ $# -gt 0 ]; do
    case $1 in
    --write-kubeconfig=*) kubeconfig=${1#*=} ;;
    --write-kubeconfig)
        kubeconfig=$2
        shift
        ;;
    --kubelet-arg=*) kubelet_options="$kubelet_options --${1#*=}" ;;
    --kubelet-arg)
        kubelet_options="$kubelet_options --$2"
        shift
        ;;
    esac
    shift
done

server=https://127.0.0.1:6443
keys=$STATE/keys
prepare_machine
mkdir -p "$keys"
openssl genrsa -out "$keys/accounts.key" 2048 2>/dev/null
token=$(openssl rand -hex 16)
printf '%s,admin,admin,system:masters\n' "$token" >"$keys/tokens.csv"
cat >"$keys/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{ name: parts, cluster: { server: "$server", insecure-skip-tls-verify: true } }]
users: [{ name: admin, user: { token: $token } }]
contexts: [{ name: parts, context: { cluster: parts, user: admin } }]
current-context: parts
YAML

part etcd etcd --data-dir "$STATE/etcd" --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
part kube-apiserver "$PARTS/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
    --bind-address=127.0.0.1 --advertise-address=$address --endpoint-reconciler-type=none \
    --secure-port=6443 --cert-dir="$keys" --service-cluster-ip-range=10.43.0.0/24 \
    --token-auth-file="$keys/tokens.csv" --authorization-mode=AlwaysAllow \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$keys/accounts.key" \
    --service-account-signing-key-file="$keys/accounts.key"
until_works kube-apiserver curl -sfk -H "Authorization: Bearer $token" "$server/readyz"
# Like k3s, only when there is somebody who answers.
cp "$keys/kubeconfig" "$kubeconfig"
part kube-controller-manager "$PARTS/kube-controller-manager" --kubeconfig="$keys/kubeconfig" \
    --service-account-private-key-file="$keys/accounts.key" --leader-elect=false
part kube-scheduler "$PARTS/kube-scheduler" --kubeconfig="$keys/kubeconfig" --leader-elect=false
start_containerd
kubelet_configuration
main_part "$PARTS/kubelet" --config="$STATE/kubelet.yaml" --kubeconfig="$keys/kubeconfig" \
    --hostname-override=node --node-ip=$address $kubelet_options
