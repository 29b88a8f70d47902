#!/bin/sh
# node.sh COMMAND... - in a machine of its own (a sandbox, a guest, namespaces): makes it ready for a k3s with
# pods, as docs/k3s.md says, without anything from outside, and runs the command there.
#   DATA     what k3s is given as its --data-dir
#   IMAGES   the archive of the pods' image
#   KUBELET  a directory that becomes kubelet's own; empty where /var can be written to and is on what all of
#            this is about
# Rule: an address that is not 127.0.0.1, which k3s does not take for a node's; and no route that leads out.
set -eu
pieces=$(dirname "$(readlink -f "$0")")/../../../docs/k3s
address=10.66.0.1
ip link set lo up
ip address add "$address/32" dev lo
# k3s keeps the password of a node in /etc/rancher.
cp -a /etc /run/etc
mount -t tmpfs tmpfs /etc
cp -a /run/etc/. /etc
if [ -n "$KUBELET" ]; then
    mkdir -p "$KUBELET"
    for directory in /var/lib /var/log; do mount -t tmpfs tmpfs $directory; done
    mkdir /var/lib/kubelet
    mount --bind "$KUBELET" /var/lib/kubelet
fi
sh "$pieces/prepare.sh" "$DATA" "$IMAGES"
exec "$@"
