#!/bin/sh
# A CNI plugin of nothing but iproute2 and host-local: a bridge, and a pair of ends for each pod. Others
# want of a bridge what gVisor has not (hairpin mode). https://www.cni.dev/docs/spec says what is asked.
# Rule: the answer alone goes to standard output, and an error is an answer, too.
set -eu
bridge=pods0
fail() {
    printf '{ "cniVersion": "1.0.0", "code": 999, "msg": "pod-network: %s" }\n' "$*"
    exit 1
}

configuration=$(cat)
addresses() { printf '%s' "$configuration" | "${CNI_PATH%%:*}/host-local"; }
in_pod() { nsenter "--net=$CNI_NETNS" "$@"; }
# Fifteen characters are the longest name; the last ones of the id tell pods apart.
end=pod$(printf '%s' "${CNI_CONTAINERID-}" | tail -c 10)

# One chain: after || in its caller the shell would go on behind what fails.
connect() {
    # Two pods may come at the same time; the second one finds the bridge.
    { ip link add "$bridge" type bridge || ip link show "$bridge"; } &&
        { ip address add "$gateway/${address#*/}" dev "$bridge" || ip address show "$bridge"; } &&
        ip link set "$bridge" up &&
        ip link add "$end" type veth peer name "e$end" &&
        ip link set "e$end" netns "$CNI_NETNS" &&
        ip link set "$end" master "$bridge" &&
        ip link set "$end" up &&
        in_pod ip link set "e$end" name "$CNI_IFNAME" &&
        in_pod ip address add "$address" dev "$CNI_IFNAME" &&
        in_pod ip link set "$CNI_IFNAME" up &&
        in_pod ip route add default via "$gateway"
}

case ${CNI_COMMAND-} in
VERSION) echo '{ "cniVersion": "1.0.0", "supportedVersions": ["1.0.0"] }' ;;
CHECK) ;;
DEL)
    addresses >/dev/null || :
    # With a namespace both ends go.
    ip link delete "$end" 2>/dev/null || :
    ;;
ADD)
    answer=$(addresses) || fail "host-local: $answer"
    value() { printf '%s' "$answer" | tr -d ' \n' | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
    address=$(value address)
    gateway=$(value gateway)
    [ -n "$address" ] && [ -n "$gateway" ] || fail "no address in what host-local says"
    connect >&2 || fail 'see the log of containerd'
    printf '%s\n' "$answer"
    ;;
*) fail "CNI_COMMAND is ${CNI_COMMAND-not set}" ;;
esac
