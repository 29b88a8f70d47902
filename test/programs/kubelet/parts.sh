# The parts of a node, for kubelet.sh and k3s.sh, which read this file. Each is started in the
# background, with what it says in a log of its own, and ends with the script.
#
#   PARTS  the directory with kubelet, kube-apiserver, kube-controller-manager, kube-scheduler
#   STATE  a directory on a filesystem that databases can lie on (memory, or a local disk)
#   IMAGES the archive of an image with a pause program in it, for containerd (test/programs/k3s/image.ts)
#   DATA   a directory that becomes /var/lib/kubelet: this is what all of this is about; empty where /var
#          is on what it is about already, and can be written to

# Ends what was started, the last one first; a signal ends the script by its handler, too.
started=
finish() {
    trap '' TERM INT
    for pid in $started; do kill "$pid" 2>/dev/null || :; done
    for pid in $started; do wait "$pid" 2>/dev/null || :; done
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# NAME COMMAND...
part() {
    name=$1
    shift
    "$@" >>"$STATE/$name.log" 2>&1 </dev/null &
    started="$! $started"
}

# COMMAND... - the last part, whose output is that of the script, and its status. Not in the foreground,
# where a shell hears of signals only when it has ended.
main_part() {
    "$@" &
    started="$! $started"
    wait "$!"
}

# Until a command succeeds; there is no event that one could wait for.
until_works() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 1200 ]; then
            echo "$what does not answer; its log ends with:" >&2
            tail -n 20 "$STATE/$what.log" >&2
            exit 1
        fi
        sleep 0.5
    done
}

# In a mount namespace and a network namespace of its own: what kubelet writes to, and an address that
# is not 127.0.0.1, which it does not take for a node's.
address=10.66.0.1
prepare_machine() {
    mkdir -p "$STATE"
    if [ -n "$DATA" ]; then
        mkdir -p "$DATA"
        mount -t tmpfs tmpfs /var/log
        mount -t tmpfs tmpfs /var/lib
        mkdir /var/lib/kubelet
        mount --bind "$DATA" /var/lib/kubelet
    fi
    ip link set lo up
    ip address add $address/32 dev lo
}

# Debian's, on its own directories, with the network of docs/k3s.
start_containerd() {
    pods=$(dirname "$(readlink -f "$0")")/../../../docs/k3s
    mkdir -p "$STATE/cni" "$STATE/cni-bin"
    cp "$pods/pod-network.conflist" "$STATE/cni/10-pods.conflist"
    install "$pods/pod-network.sh" "$STATE/cni-bin/pod-network"
    cp /usr/lib/cni/host-local "$STATE/cni-bin/"
    # It is asked for with each pod, and containerd 1.6 cannot do without.
    printf '#!/bin/sh\nnsenter "--net=$CNI_NETNS" ip link set lo up >&2 || :\necho "{}"\n' \
        >"$STATE/cni-bin/loopback"
    chmod +x "$STATE/cni-bin/loopback"
    cat >"$STATE/containerd.toml" <<TOML
version = 2
root = "$STATE/containerd"
state = "$STATE/containerd-state"
[grpc]
  address = "$STATE/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$STATE/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pods:1"
  enable_unprivileged_ports = false
  enable_unprivileged_icmp = false
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$STATE/cni-bin"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
TOML
    part containerd containerd --config "$STATE/containerd.toml"
    until_works containerd ctr --address "$STATE/containerd.sock" version
    [ -z "${IMAGES-}" ] || ctr --address "$STATE/containerd.sock" --namespace k8s.io images import \
        --snapshotter native "$IMAGES" >>"$STATE/containerd.log" 2>&1
}

# Its configuration, for a node that asks nobody who is calling.
kubelet_configuration() {
    cat >"$STATE/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
containerRuntimeEndpoint: unix://$STATE/containerd.sock
readOnlyPort: 10255
failSwapOn: false
failCgroupV1: false
volumePluginDir: $STATE/volume-plugins
YAML
}
