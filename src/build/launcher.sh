#!/bin/sh
# What npm links to as seccomp-spoof: one file for all machines, which becomes the program of this one.
# Rule: whatever a shell changes is handed on, so that the program can undo it
# (docs/decisions/0022-one-package-for-all-machines.md).
refuse() {
    echo "seccomp-spoof: $1" >&2
    [ "$verb" = exec ] && exit 125
    exit 2
}
verb=$1
# These two are needed whatever the command is to find.
tool() (PATH=$PATH:/usr/bin:/bin && "$@")
case $(tool uname -sm) in
# A 32-bit name is what a kernel of these calls itself below setarch(8).
'Linux x86_64' | 'Linux i'?'86') machine=x64 ;;
'Linux aarch64' | 'Linux armv8l') machine=arm64 ;;
*) refuse "there is no program for $(tool uname -sm), only for Linux on x86_64 and aarch64; run it in a virtual machine of these" ;;
esac
self=$(tool readlink -f -- "$0")
program=${self%/*}/native/linux-$machine/seccomp-spoof
[ -x "$program" ] || refuse "$program is missing; install the package again"
SECCOMP_SPOOF_ENVIRONMENT=$("$program" --environment-of-shell)
export SECCOMP_SPOOF_ENVIRONMENT
exec "$program" "$@"
