#!/bin/busybox sh
# PID 1 in the initramfs: loads modules, mounts the host's / as 9p, goes on there with main.sh.
# Where the host's programs cannot run the root is a tmpfs with busybox, and has the host's / below it.
# Kernel command line: guest.root=host|own guest.version=9p2000.u|9p2000.L guest.cache=none|loose

export PATH=/bin

fail() {
    echo "guest: failed: $*"
    echo o >/proc/sysrq-trigger
    sleep 60
}

/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox --install -s /bin

mount -t proc proc /proc || fail proc
mount -t sysfs sysfs /sys || fail sysfs
mount -t devtmpfs devtmpfs /dev || fail devtmpfs

root=host
version=9p2000.u
cache=loose
for word in $(cat /proc/cmdline); do
    case $word in
    guest.root=*) root=${word#*=} ;;
    guest.version=*) version=${word#*=} ;;
    guest.cache=*) cache=${word#*=} ;;
    esac
done

while read -r module; do
    insmod "/modules/$module" || fail "insmod $module"
done </modules/order

transport="trans=virtio,version=$version,msize=512000"
host=/root
if [ "$root" = own ]; then
    host=/root/host
    mount -t tmpfs -o mode=755 tmpfs /root || fail root
    cd /root && mkdir bin dev etc host proc run sys tmp || fail "make a root"
    cp -a /bin/. bin
    cd /
fi
mount -t 9p -o "ro,$transport,cache=$cache" root "$host" || fail "9p root ($version)"

mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts || fail devpts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm || fail /dev/shm
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr

mkdir -p /results /checkout
mount -t 9p -o "rw,$transport" results /results || fail "9p results ($version)"

# The checkout is where it is on the host, though /tmp and /run are not.
checkout=$(cat /results/checkout)
case $root$checkout in
host/tmp/* | host/run/* | own/*) mount --bind "$host$checkout" /checkout || fail "keep $checkout" ;;
*) checkout= ;;
esac
mount -t tmpfs -o mode=1777 tmpfs /root/tmp || fail /tmp
mount -t tmpfs -o mode=755 tmpfs /root/run || fail /run
if [ -n "$checkout" ]; then
    mkdir -p "/root$checkout"
    mount --move /checkout "/root$checkout" || fail "move $checkout"
fi
mkdir -p /root/run/guest /root/run/9p /root/tmp/home
mount --move /results /root/run/guest || fail "move results"
mount -t 9p -o "rw,$transport" work /root/run/9p || fail "9p work ($version)"

mount -t cgroup2 cgroup2 /sys/fs/cgroup || fail cgroup2
ip link set lo up || fail lo
hostname guest

mount --move /proc /root/proc || fail "move /proc"
mount --move /sys /root/sys || fail "move /sys"
mount --move /dev /root/dev || fail "move /dev"
exec switch_root /root /bin/sh /run/guest/main.sh
fail switch_root
