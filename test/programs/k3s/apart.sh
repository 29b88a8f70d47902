#!/bin/sh
# apart.sh SCRATCH COMMAND... - runs a command in namespaces and cgroups of its own, in which SCRATCH/view is on
# FUSE (bindfs), so that k3s and its containers leave nothing on this machine.
# Rule: everything that is started here ends with its pid namespace, and its cgroups are empty then.
set -eu

# Lines "PLACE TYPE OPTIONS" of the mounts of cgroups.
hierarchies() { awk '$3 ~ /^cgroup2?$/ { print $2, $3, $4 }' /proc/mounts; }

if [ "$1" = --inside ]; then
    scratch=$2
    shift 2
    mount -t proc proc /proc
    # Once more, each with our group as its root.
    before=$(hierarchies)
    echo "$before" | while read -r top type options; do
        [ "$type" = cgroup ] || options=rw
        umount "$top"
        mount -t "$type" -o "$(echo "$options" | sed 's/,release_agent=[^,]*//')" cgroup "$top"
    done
    # The values that kubelet sets get files of their own, so that those of the machine stay.
    for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
        kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
        own=$scratch/$(echo $name | tr / .)
        cat "/proc/sys/$name" >"$own"
        mount --bind "$own" "/proc/sys/$name"
    done
    mount -t tmpfs tmpfs /run
    mkdir -p "$scratch/below" "$scratch/view"
    bindfs -f "$scratch/below" "$scratch/view" &
    until mountpoint -q "$scratch/view"; do sleep 0.1; done
    status=0
    "$@" || status=$?
    exit $status
fi

group=k3s-$$
tops=$(hierarchies | cut -d ' ' -f 1)
clean() {
    for top in $tops; do
        # Deepest first. What has just ended is in its group for a moment.
        find "$top/$group" -depth -type d 2>/dev/null | while read -r directory; do
            for _ in 1 2 3 4 5 6 7 8 9 10; do
                rmdir "$directory" 2>/dev/null && break
                sleep 0.2
            done
        done
    done
}
trap clean EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
for top in $tops; do
    mkdir "$top/$group"
    # Empty ones take no process.
    for file in cpuset.cpus cpuset.mems; do
        [ ! -e "$top/$file" ] || cat "$top/$file" >"$top/$group/$file"
    done
done
# In the groups before they become roots.
sh -c '
group=$1
tops=$2
shift 2
for top in $tops; do echo $$ >"$top/$group/cgroup.procs"; done
exec unshare --mount --net --pid --ipc --cgroup --fork --kill-child --propagation private -- "$@"
' sh "$group" "$tops" "$(readlink -f "$0")" --inside "$@"
