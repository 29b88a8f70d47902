#!/bin/sh
# prepare.sh [DATA [IMAGES.tar...]] - once, before k3s is started with this data directory: a template for
# its containerd, a network for pods of nothing but iproute2 and host-local, and images. See docs/k3s.md.
# Rule: it writes to that directory and to /var/lib/cni, and nowhere else.
set -eu
pieces=$(dirname "$(readlink -f "$0")")
data=${1:-/var/lib/rancher/k3s}
[ $# -eq 0 ] || shift
mkdir -p "$data/agent/images" "$data/agent/etc/containerd" /var/lib/cni/bin /var/lib/cni/net.d
template=$data/agent/etc/containerd/config-v3.toml.tmpl
cp "$pieces/containerd.toml.tmpl" "$template"
# Root without CAP_SYS_RESOURCE, as in many containers: runc must not want to lower it.
if ! (echo -1 >/proc/self/oom_score_adj) 2>/dev/null; then
    sed -i '/^  enable_unprivileged_icmp/a\  restrict_oom_score_adj = true' "$template"
fi
install "$pieces/pod-network.sh" /var/lib/cni/bin/pod-network
cp /usr/lib/cni/host-local /var/lib/cni/bin/
cp "$pieces/pod-network.conflist" /var/lib/cni/net.d/10-pods.conflist
for images in "$@"; do cp "$images" "$data/agent/images/"; done
