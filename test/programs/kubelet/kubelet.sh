#!/bin/sh
# kubelet.sh [OPTION]... - kubelet without a cluster, beside containerd. EXEC, if it is not empty, are
# the words that start it (`seccomp-spoof exec`, or a soak); containerd is started without them.
set -eu
. "$(dirname "$(readlink -f "$0")")/parts.sh"
prepare_machine
start_containerd
kubelet_configuration
main_part ${EXEC-} "$PARTS/kubelet" --config="$STATE/kubelet.yaml" --hostname-override=node --node-ip=$address \
    "$@"
