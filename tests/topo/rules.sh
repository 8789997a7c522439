#!/bin/bash
# Policy routing and VRFs by unmodified iproute2, with real packets between leat and hosts.
#
#    client  eth0 10.77.1.2 ---- l0  leat  l1 ---- eth0 10.77.2.2  server
#
# First two uplinks and rules, then l0 and l1 in a VRF, then each in one of its own.
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=rules$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }
R() { L run -- "$@"; }
reaches() { ping_all client "$1" 3; }
reaches_not() { ! ns_exec client ping -c 2 -W 1 "$1"; }

topo_start af_packet
LEAT_RUNDIR=$tmp/run
check "leatd starts" start_leatd "$name" --workers 2
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "leat is configured" R sh -ec '
    ip link set lo up; ip link set l0 up; ip link set l1 up
    ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad
    ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad'
check "without rules" eval 'reaches 10.77.2.2 && reaches fd77:2::2'
check "a rule that prohibits" R sh -ec '
    ip rule add from 10.77.1.0/24 to 10.77.2.0/24 prohibit priority 100
    ip -6 rule add iif l0 to fd77:2::/64 blackhole priority 100'
check "what it prohibits passes no more" eval 'reaches_not 10.77.2.2 && reaches_not fd77:2::2'
check "its sender is told" eval 'ns_exec client ping -c 1 -W 1 10.77.2.2 | grep -q "Packet filtered"'
check "a table of its own in front of it" R sh -ec '
    ip route add 10.77.2.0/24 dev l1 table 4000000000
    ip rule add ipproto icmp lookup 4000000000 priority 50
    ip -6 rule del priority 100'
check "passes again" eval 'reaches 10.77.2.2 && reaches fd77:2::2'
check "the rules are shown" eval '[ "$(R ip rule show | tr -s "\t " " ")" = "0: from all lookup local
50: from all ipproto icmp lookup 4000000000
100: from 10.77.1.0/24 to 10.77.2.0/24 prohibit
32766: from all lookup main
32767: from all lookup default" ]'
check "ip route get asks by rules" eval '
    R ip route get 10.77.2.2 ipproto icmp | grep -q "dev l1 table 4000000000" &&
    R ip route get 10.77.2.2 from 10.77.1.2 iif l0 ipproto icmp | grep -q "dev l1" &&
    ! R ip route get 10.77.2.2 from 10.77.1.2 iif l0 ipproto udp'
check "ip route get asks by mark and owner" eval '
    R ip rule add fwmark 7 unreachable priority 60 && R ip rule add uidrange 5-9 prohibit priority 61 &&
    R ip route get 10.77.2.2 && ! R ip route get 10.77.2.2 mark 7 && ! R ip route get 10.77.2.2 uid 6'
check "rules are flushed" eval 'R ip rule flush && [ "$(R ip rule show | wc -l)" = 1 ] && reaches_not 10.77.2.2'
check "and made again" eval 'R sh -ec "ip rule add lookup main priority 32766; ip rule add lookup default priority 32767" &&
    reaches 10.77.2.2'

check "a VRF" R sh -ec '
    ip link add red type vrf table 10; ip link set red up
    ip link set l0 master red; ip link set l1 master red
    ip address add fd77:1::1/64 dev l0 nodad 2>/dev/null || true; ip address add fd77:2::1/64 dev l1 nodad 2>/dev/null || true'
check "it is shown" eval '
    R ip -d link show red | grep -q "vrf table 10" && R ip -d link show l0 | grep -q "master red" &&
    R ip -d link show l0 | grep -q "vrf_slave table 10" && [ "$(R ip -o link show vrf red | wc -l)" = 2 ] &&
    R ip rule show | grep -q "^1000:.*l3mdev-table"'
check "its routes have moved" eval '
    R ip route show table 10 | grep -q "10.77.1.0/24 dev l0" && R ip route show table 10 | grep -q "local 10.77.1.1 dev l0" &&
    ! R ip route show table main | grep -q 10.77'
check "forwarding inside" eval 'reaches 10.77.2.2 && reaches fd77:2::2'
check "its own addresses answer" eval 'reaches 10.77.1.1 && reaches 10.77.2.1 && reaches fd77:1::1'
check "its errors come back" eval 'ns_exec client ping -c 1 -W 1 -t 1 10.77.2.2 | grep -q "From 10.77.1.1"'
check "saved" L save "$tmp/saved.json"
check "two VRFs are apart" R sh -ec '
    ip link add blue type vrf table 20; ip link set blue up; ip link set l1 master blue'
check "nothing passes between them" reaches_not 10.77.2.2
check "but by routes that lead across" R sh -ec '
    ip route add 10.77.2.0/24 dev l1 table 10; ip route add 10.77.1.0/24 dev l0 table 20'
check "passes" reaches 10.77.2.2
check "a VRF goes and frees its own" R sh -ec '
    ip link del red; ip link del blue; ip route show table main | grep -q "10.77.1.0/24 dev l0"'
check "forwarding as before" reaches 10.77.2.2
topo_end
