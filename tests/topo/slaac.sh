#!/bin/bash
# slaac.sh BUILD: a host that learns from a foreign router (radvd), beside a kernel that learns the same.
#
#    leat                     client                    server
#    l0 ------------------ eth0 radvd rk -------------- k0        leatd holds l0; k0 is the kernel's own
#
# Both have to come to the same addresses and routes but for identifiers, names and seconds; then the router changes its mind.
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
command -v radvd >/dev/null || { echo "no radvd"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=slaac$$
export LEAT_RUNDIR

topo_start af_packet
LEAT_RUNDIR=$tmp/run
L() { "$leat" -n "$name" "$@"; }
kernel() { ip netns exec "$prefix-server" "$@"; }
router() { ip netns exec "$prefix-client" "$@"; }
wait_for() { # COMMAND...: up to 10 s
    local i
    for i in {1..50}; do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
    "$@"
}

ip -n "$prefix-client" link add rk type veth peer name k0 netns "$prefix-server"
for d in lo eth0 rk; do router ip link set $d up; done
router sysctl -qw net.ipv6.conf.all.forwarding=1
conf() { # LIFETIME VALID PREFERRED
    for d in eth0 rk; do
        cat <<EOF
interface $d {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime $1; AdvDefaultPreference high;
    AdvLinkMTU 1400; AdvCurHopLimit 61; AdvReachableTime 20000; AdvRetransTimer 900; AdvOtherConfigFlag on;
    prefix 2001:db8:5::/64 { AdvValidLifetime $2; AdvPreferredLifetime $3; };
    prefix 2001:db8:6::/64 { AdvAutonomous off; AdvValidLifetime 600; AdvPreferredLifetime 500; };
    prefix 2001:db8:7::/64 { AdvOnLink off; AdvValidLifetime infinity; AdvPreferredLifetime infinity; };
    route 2001:db8:9::/48 { AdvRoutePreference low; AdvRouteLifetime 700; };
    RDNSS 2001:db8:5::53 { AdvRDNSSLifetime 300; };
};
EOF
    done >"$tmp/radvd.conf"
}
radvd_start() {
    ns_spawn client "$tmp/radvd.log" radvd -n -C "$tmp/radvd.conf" -p "$tmp/radvd.pid" -m stderr
    radvd_pid=$!
}
knob() { # NAME VALUE: of both hosts
    L sysctl "net.ipv6.conf.l0.$1=$2" >/dev/null && kernel sysctl -qw "net.ipv6.conf.k0.$1=$2"
}
# What is left when identifiers, names and seconds are taken away.
plain() {
    sed -E 's/\b(l0|k0)\b/DEV/g; s/via fe80::[0-9a-f:]+/via ROUTER/; s/expires [0-9]+sec/expires/; s/(2001:db8:[0-9]+|fe80::?):[0-9a-f:]*:[0-9a-f:]*\//\1:ID\//; s/fe80::[0-9a-f:]+\//fe80:ID\//' |
        sed -E 's/[0-9]+sec/SEC/g; s/^[0-9]+: //; s/ +/ /g; s/ ?\\//g; s/ $//' | sort
}
addrs() { # COMMAND...: through which to ask, for which device
    local d=$1
    shift
    "$@" ip -6 -o address show dev "$d" | plain
}
routes() {
    local d=$1
    shift
    "$@" ip -6 route show dev "$d" | plain
}
in_leat() { L run -- "$@"; }
same() { # WHAT
    "$1" l0 in_leat >"$tmp/leat.$1"
    "$1" k0 kernel >"$tmp/kernel.$1"
    diff "$tmp/kernel.$1" "$tmp/leat.$1"
}
has() { in_leat ip -6 -o address show dev l0 | grep -v tentative | grep -q "$1"; }

start_leatd "$name" || fail "leatd did not start"
L run -- true 2>/dev/null || { echo "leat run does not work here"; topo_clean; exit 77; }
kernel ip link set lo up
L sysctl net.ipv6.conf.all.forwarding=0 >/dev/null
for k in use_tempaddr=1 accept_ra_rt_info_max_plen=64; do check "both take $k" knob "${k%=*}" "${k#*=}"; done

say "a router speaks"
conf 1800 3600 1800
exec "$leat" -n "$name" run -- ip -6 monitor prefix >"$tmp/monitor" 2>&1 </dev/null &
children+=("$!")
radvd_start
in_leat ip link set l0 up
kernel ip link set k0 up
check "an address of the prefix" wait_for has "2001:db8:5:.*temporary"
check "the same addresses as the kernel" wait_for same addrs
check "the same routes as the kernel" wait_for same routes
of_prefix=$(in_leat ip -6 -o address show dev l0 | grep -o '2001:db8:5:[0-9a-f:]*' | head -n 1)
router ip route add 2001:db8:5::/64 dev eth0
check "the address answers" wait_for router ping -6 -n -c 1 -W 1 "$of_prefix"
check "hop limit, MTU and timers are heeded" eval '[ "$(L sysctl -n net.ipv6.conf.l0.hop_limit)" = 61 ] &&
    in_leat ip -d -6 link show l0 >/dev/null && [ "$(L sysctl -n net.ipv6.neigh.l0.retrans_time_ms)" = 900 ] &&
    [ "$(L sysctl -n net.ipv6.neigh.l0.base_reachable_time_ms)" = 20000 ]'
check "listeners hear of the prefix" wait_for grep -q "prefix 2001:db8:5::/64 *dev l0 onlink autoconf" "$tmp/monitor"

say "a token, and no temporary addresses"
check "both take the token" eval 'in_leat ip token set ::42 dev l0 && kernel ip token set ::42 dev k0'
check "which makes an address" wait_for has "2001:db8:5::42/64"
check "the same addresses as the kernel" wait_for same addrs

say "the router is one no longer, and its prefixes are old"
kill "$radvd_pid" && wait "$radvd_pid" 2>/dev/null
gone() { ! in_leat ip -6 route show default | grep -q . && ! kernel ip -6 route show default | grep -q .; }
check "neither host has a way out" wait_for gone
conf 0 60 0
radvd_start
deprecated() { in_leat ip -6 -o address show dev l0 | grep "2001:db8:5:" | grep -q deprecated; }
check "addresses are deprecated" wait_for deprecated
check "the same addresses as the kernel" wait_for same addrs
check "the same routes as the kernel" wait_for same routes
two_hours() { # what is left of 3600 s is kept: nobody may shorten it to a minute
    in_leat ip -6 -o address show dev l0 | grep 2001:db8:5 | grep -qv "valid_lft [0-9][0-9]sec"
}
check "but nobody took them away" two_hours
topo_end
