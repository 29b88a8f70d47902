#!/bin/sh
# PID 1 of the guest once the host's / is the root: runs the scripts in /run/guest, one after the
# other, each with standard output, standard error and status in files; then powers off.
#
# Those files lie on tmpfs until the script has ended: fsync(2) of a file on 9p2000.u, which some
# programs do to their standard output, never comes back from qemu.

. /run/guest/environment
share=/run/guest
out=/run/out
mkdir $out
cd /

power_off() {
    echo o >/proc/sysrq-trigger
    # The kernel does it in the background; PID 1 must not end before that.
    while :; do sleep 60; done
}

# How much has been said: by the scripts, and by the jobs of a suite (multi.c).
said() {
    ls -ln $out /run/outputs 2>/dev/null
}

# Slow is not hung. Tells the console that something is said, which nobody sees there; after
# $GUEST_SILENCE seconds without a word says what hangs, and saves what there is.
watchdog() {
    before=
    since=0
    while :; do
        read -r uptime _ </proc/uptime
        now=$(said)
        if [ "$now" != "$before" ]; then
            before=$now
            since=${uptime%.*}
            echo "guest: goes on"
        elif [ $((${uptime%.*} - since)) -ge "$GUEST_SILENCE" ]; then
            break
        fi
        sleep $((GUEST_SILENCE / 20 + 1))
    done
    echo "guest: silent, looks why"
    {
        # Zombies have no command line, and are none of the kernel's threads, children of 2.
        for task in /proc/[0-9]*/task/*; do
            grep -q '^PPid:[[:space:]]*[02]$' "$task/status" && ! grep -q . "$task/cmdline" && continue
            echo "$task $(tr '\0' ' ' <"$task/cmdline" | cut -c1-160)"
            grep -E '^(Name|State|PPid|TracerPid|SigPnd|ShdPnd):' "$task/status"
            cat "$task/syscall" "$task/stack"
        done
        # How long each job of a suite has taken so far.
        [ ! -d /run/outputs ] || grep . /run/outputs/*.milliseconds
    } >$out/hang 2>&1
    cp $out/* $share/
    echo "guest: hung"
    power_off
}
watchdog &

echo "guest: up"
for script in "$share"/*.script; do
    step=${script##*/}
    step=${step%.script}
    echo "guest: step $step"
    (exec setsid /bin/sh "$script" </dev/null >"$out/$step.stdout" 2>"$out/$step.stderr")
    echo $? >"$out/$step.status"
    cp "$out/$step".* "$share/"
    rm "$out/$step".*
done
echo "guest: done"
power_off
