#!/bin/sh
# Starts a container with the runtime $1, and says what it is told there of $PLACE, which is /data in it.
# Its other files are those of this machine. Status 77: the runtime cannot start one here.
set -e
runtime=$(command -v "$1") || exit 77
options=
# This one checks what it finds in /sys/fs/cgroup even if it shall not use it.
if [ "$1" = crun ]; then options=--cgroup-manager=disabled; fi

bundle=$SCRATCH/$1
mkdir -p "$bundle/rootfs/dev"
for name in bin sbin lib lib64; do
    if [ -L /$name ]; then ln -s usr/$name "$bundle/rootfs/$name"; fi
done
cat >"$bundle/config.json" <<END
{
  "ociVersion": "1.0.0",
  "process": {
    "user": { "uid": 0, "gid": 0 },
    "args": ["/bin/sh", "-c", "stat -f -c %T /data; findmnt -n -o FSTYPE /data"],
    "env": ["PATH=/usr/bin:/bin"],
    "cwd": "/",
    "noNewPrivileges": true
  },
  "root": { "path": "rootfs", "readonly": true },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"] },
    { "destination": "/data", "type": "bind", "source": "$PLACE", "options": ["rbind", "ro"] }
  ],
  "linux": {
    "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }]
  }
}
END
# crun knows no hybrid of both versions of cgroups, and needs none of them here.
unshare --mount --propagation unchanged sh -c 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh \
    "$runtime" $options --root "$bundle/state" run --bundle "$bundle" "programs-$$" \
    2>"$bundle/errors" || {
    cat "$bundle/errors"
    exit 77
}
