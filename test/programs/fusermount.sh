#!/bin/sh
# fusermount.py in a mount namespace of its own, where everybody may open /dev/fuse, as udev has it.
set -e
# (Propagation stays: old gVisor cannot change it, and the lanes are in private namespaces.)
exec unshare --mount --propagation unchanged sh -c '
    mknod "$SCRATCH/fuse" c 10 229 && chmod 666 "$SCRATCH/fuse" &&
        mount --bind "$SCRATCH/fuse" /dev/fuse || exit 77
    exec python3 "$0" "$PLACE/mounted"
' "$HERE/fusermount.py"
