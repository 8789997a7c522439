#!/bin/bash
# restore.sh BUILD [af_packet|af_xdp|tap] [WORKERS...]: a running stack is saved, its process ended, the file restored into a new one, with
# another number of workers each time (3 1 3): traffic goes on, no neighbour is resolved again, addresses, routes and neighbours are
# as they were, counters continue, and a packet that waited for its neighbour is among them by name.
set -uo pipefail
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v tcpdump >/dev/null || { echo "needs tcpdump"; exit 77; }
B=${1:-$top/build} over=${2:-af_packet}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 3 1 3
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
# shellcheck source=tests/topo/lib.sh
. "$top/tests/topo/lib.sh"
name=restore$$
topo_start "$over"
start_leatd "$name" --workers "$1" || { fail "leatd did not say ready"; topo_end; }
workers=$1
shift
L() { "$leat" -n "$name" "$@"; }
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' 'route add 192.0.2.0/24 via 10.77.2.2 metric 7' \
    'neigh add 10.77.1.200 lladdr 02:00:00:00:00:99 dev l0' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"

# A TAP device goes with its process. The host at its other end is the same one all the same.
hosts_up() {
    local h
    for h in client server; do [ "$over" != tap ] || ns_exec $h ip link set eth0 address "$(mac_of $h)"; done
    host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
    host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
}
if [ "$over" = tap ]; then
    mac_of() { [ "$1" = client ] && echo 02:00:00:00:77:01 || echo 02:00:00:00:77:02; }
else
    mac_of() { ns_exec "$1" cat /sys/class/net/eth0/address; }
fi
state() { # what must be equal before and after
    L run -- ip -o address
    L run -- ip route show table all
    L run -- ip -6 route show table all
}
neighbours() {
    L run -- ip neigh | sed 's/ \(REACHABLE\|STALE\|DELAY\|PROBE\) *$/ resolved/' | grep -v ' \(INCOMPLETE\|FAILED\) *$' | sort
}
rx_packets() { L run -- ip -s -j link show l0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'; }
saved_drops() { L drops --json | python3 -c 'import json, sys; print(sum(d["count"] for d in json.load(sys.stdin) if d["reason"] == "saved"))'; }
captures=()
capture() {
    local h
    for h in "${captures[@]}"; do kill "$h" 2>/dev/null; done
    captures=()
    for h in client server; do
        rm -f "$tmp/$h.pcap"
        capture_start $h
        captures+=("${children[-1]}")
    done
}
asked() { # leat's own multicast or broadcast solicitations: a unicast probe of a known neighbour is no resolution
    local h
    for h in client server; do
        tcpdump -nn -e -r "$tmp/$h.pcap" "not ether src $(mac_of $h) and ((arp[6:2] == 1 and ether broadcast) or (icmp6 and ip6[40] == 135 and ether multicast))" 2>/dev/null
    done
}
nobody_asked() { local a; a=$(asked); echo "$a"; [ -z "$a" ]; }

restart() { # WORKERS
    say "saved with $workers workers, restored with $1"
    state >"$tmp/before"
    neighbours >"$tmp/neigh-before"
    local rx_before drops_before rx_after drops_after
    drops_before=$(saved_drops)
    ns_spawn client /dev/null ping -n -c 1 -W 1 10.77.2.99 # it waits for its neighbour, who is not there
    for i in {1..30}; do L run -- ip neigh show 10.77.2.99 | grep -q INCOMPLETE && break; sleep 0.02; done
    rx_before=$(rx_packets)
    check "leat save" L save "$tmp/state.json"
    if stop_leatd; then pass "leatd ends cleanly"; else fail "leatd ends with status $?"; fi
    [ "$over" = tap ] || capture
    restore=$tmp/state.json start_leatd "$name" --workers "$1" || { fail "leatd --restore did not say ready"; topo_end; }
    [ "$over" != tap ] || { hosts_up; capture; }
    check "ping after" ping_all client 10.77.2.2 3
    check "ping6 after" ping_all client fd77:2::2 3
    sleep 0.5
    state >"$tmp/after"
    neighbours >"$tmp/neigh-after"
    check "addresses and routes are as they were" diff "$tmp/before" "$tmp/after"
    # The hosts may have spoken meanwhile, so there may be more of them.
    check "no neighbour was forgotten" [ -z "$(comm -23 "$tmp/neigh-before" "$tmp/neigh-after")" ]
    rx_after=$(rx_packets) drops_after=$(saved_drops)
    check "counters continue ($rx_before, then $rx_after)" [ "$rx_after" -ge $((rx_before + 6)) ]
    check "what was parked is counted as saved ($drops_before, then $drops_after)" [ "$drops_after" = $((drops_before + 1)) ]
    check "no neighbour was resolved again" nobody_asked
    workers=$1
}

hosts_up
check "ping before" ping_all client 10.77.2.2 3
check "ping6 before" ping_all client fd77:2::2 3
sleep 2.5 # link-local addresses have passed duplicate detection by then
for n in "$@"; do restart "$n"; done
topo_end
