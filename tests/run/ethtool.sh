#!/bin/bash
# ethtool.sh LEAT LEATD: Debian's own ethtool on a pair of leat's, and on a veth of the kernel's where one may make it: where both
# have a thing they say the same of it.
. "$(dirname "$0")/lib.sh"
command -v ethtool >/dev/null || skip "no ethtool"
share
start_daemon
if [ "$(id -u)" != 0 ] && ! can_unshare_user; then skip "no user namespaces here"; fi
run ip link add v0 type veth peer name v1
run ip link set v0 up
run ip link set v1 up

both_of() { # COMMAND...
    unshare -rn sh -c 'ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; exec "$@"' sh "$@" >"$tmp/kernel" 2>&1
    run "$@" >"$tmp/leat" 2>&1
}
same() { same_of ethtool "$@" v0; } # ARGS...: of v0
same_of() { both_of "$@"; diff "$tmp/kernel" "$tmp/leat"; }
# Of features, those that leat has a word for; what the kernel can switch is not the same.
alike='tx-checksumming|scatter-gather:|tcp-segmentation-offload|tx-tcp6|tx-tcp-seg|tx-udp-seg|tx-vlan-offload|hw-tc|gro-hw|tls|rx-fcs|rx-all|lro|large'
same_features() {
    both_of ethtool -k v0
    grep -oE '^\t?[a-z0-9-]+: (on|off)' "$tmp/leat" | grep -E "$alike" >"$tmp/ours"
    [ "$(wc -l <"$tmp/ours")" -ge 10 ] && ! grep -vxFf <(grep -oE '^\t?[a-z0-9-]+: (on|off)' "$tmp/kernel") "$tmp/ours"
}
if unshare -rn ip link add v0 type veth peer name v1 2>/dev/null; then
    check "the link" same
    check "no ring sizes" same -g
    check "no pauses" same -a
    check "no private flags" same --show-priv-flags
    check "no speed to choose" same_of ethtool -s v0 speed 100 duplex full
    check "standard counters, of which there are none" same_of ethtool --json -S v0 --groups eth-mac rmon
    check "no moderation" same -c
    check "no energy saved" same --show-eee
    check "no error correction" same --show-fec
    check "features, by their names" same_features
fi
check "the link of one that is down" eval 'run ip link set v1 down; says "Link detected: no" run ethtool v0; run ip link set v1 up'
switched() {
    says "tx-checksumming: on" run ethtool -k v0 && run ethtool -K v0 tx off && says "tx-checksumming: off" run ethtool -k v0 &&
        says "tx-tcp-segmentation: off .requested on" run ethtool -k v0 && run ethtool -K v0 tx on && says "tx-tcp-segmentation: on$" run ethtool -k v0
}
check "-K switches, and takes with it what cannot be without" switched
check "-K of what cannot be switched says so" says "Could not change any device features" run ethtool -K v0 lro on
check "a device that is not there" says "No such device" run ethtool -k nothere
check "a switch survives" eval 'run ethtool -K v0 sg off && "$leat" -n "$name" save "$tmp/state" && grep -qE "\"off\": ?16" "$tmp/state"'
watch() {
    timeout 5 "$leat" run -n "$name" -- stdbuf -oL ethtool --monitor >"$tmp/monitor" 2>&1 &
    local pid=$!
    sleep 1
    run ethtool -K v0 sg on
    sleep 0.5
    kill $pid
    wait $pid
    grep -q "scatter-gather: on" "$tmp/monitor" || { cat "$tmp/monitor"; return 1; }
}
check "--monitor hears of it" watch
exit $failed
