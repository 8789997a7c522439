#!/bin/bash
# restore.sh BUILD: a running stack is saved, its process ended, the file restored into a new one: traffic goes on, no neighbour is
# resolved again, addresses, routes and neighbours are as they were, counters continue.
set -uo pipefail
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v tcpdump >/dev/null || { echo "needs tcpdump"; exit 77; }
B=${1:-$top/build}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
# shellcheck source=tests/topo/lib.sh
. "$top/tests/topo/lib.sh"
name=restore$$
topo_start af_packet
start_leatd "$name" --workers 1 || { fail "leatd did not say ready"; topo_end; }
L() { "$leat" -n "$name" "$@"; }
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' 'route add 192.0.2.0/24 via 10.77.2.2 metric 7' \
    'neigh add 10.77.1.200 lladdr 02:00:00:00:00:99 dev l0' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "ping before" ping_all client 10.77.2.2 3
check "ping6 before" ping_all client fd77:2::2 3

state() { # what must be equal before and after
    L run -- ip -o address
    L run -- ip route show table all
    L run -- ip -6 route show table all
}
neighbours() {
    L run -- ip neigh | sed 's/ \(REACHABLE\|STALE\|DELAY\|PROBE\) *$/ resolved/' | sort
}
rx_packets() { L run -- ip -s -j link show l0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'; }
sleep 2.5 # link-local addresses have passed duplicate detection by then
state >"$tmp/before"
neighbours >"$tmp/neigh-before"
rx_before=$(rx_packets)
check "leat save" L save "$tmp/state.json"
if stop_leatd; then pass "leatd ends cleanly"; else fail "leatd ends with status $?"; fi
capture_start client
capture_start server
restore=$tmp/state.json start_leatd "$name" --workers 1 || { fail "leatd --restore did not say ready"; topo_end; }
check "ping after" ping_all client 10.77.2.2 3
check "ping6 after" ping_all client fd77:2::2 3
sleep 0.5
state >"$tmp/after"
neighbours >"$tmp/neigh-after"
check "addresses and routes are as they were" diff "$tmp/before" "$tmp/after"
# The hosts may have spoken meanwhile, so there may be more of them.
check "no neighbour was forgotten" [ -z "$(comm -23 "$tmp/neigh-before" "$tmp/neigh-after")" ]
rx_after=$(rx_packets)
check "counters continue ($rx_before, then $rx_after)" [ "$rx_after" -ge $((rx_before + 6)) ]
# leat's own multicast or broadcast solicitations: a unicast probe of a known neighbour is no resolution.
asked=$(for h in client server; do
    mac=$(ns_exec $h cat /sys/class/net/eth0/address)
    tcpdump -nn -e -r "$tmp/$h.pcap" "not ether src $mac and ((arp[6:2] == 1 and ether broadcast) or (icmp6 and ip6[40] == 135 and ether multicast))" 2>/dev/null
done)
check "no neighbour was resolved again" [ -z "$asked" ]
[ -z "$asked" ] || echo "$asked"
topo_end
