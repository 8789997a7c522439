#!/bin/bash
# datagrams.sh DATAGRAMS [DRIVER]: the kernel's UDP and UDP-Lite against those of a program with a stack of its own, large sends both ways; tshark sums
# every frame that came from leat and finds nothing wrong.
#
#	client ── eth0 192.0.2.9, 2001:db8::9 ──────── veth0 192.0.2.1, 2001:db8::1 ── datagrams, with its stack inside
set -uo pipefail
program=$(readlink -f "$1")
over=${2:-af_packet}
here=$(dirname "$(readlink -f "$0")")
p=lt-datagrams-$$ failed=0 server='' dump=''
command -v tshark >/dev/null && command -v tcpdump >/dev/null || { echo "needs tshark and tcpdump"; exit 77; }
[ "$(id -u)" = 0 ] && ip netns add "$p-client" 2>/dev/null || { echo "no rights to make a network namespace"; exit 77; }
ip netns add "$p-leat"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-datagrams.XXXXXX")
stop() { # PID
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
finish() {
    stop "$dump"
    stop "$server"
    ip netns del "$p-client"
    ip netns del "$p-leat"
    rm -rf "$tmp"
}
trap finish EXIT
client() { timeout 100 ip netns exec "$p-client" "$@"; }
wait_for() { # TEXT FILE
    local i
    for i in {1..100}; do
        grep -qs "$1" "$2" && return
        sleep 0.05
    done
    cat "$2"
    exit 1
}
ip link add eth0 netns "$p-client" type veth peer name veth0 netns "$p-leat"
ip -n "$p-client" address add 192.0.2.9/24 dev eth0
ip -n "$p-client" address add 2001:db8::9/64 dev eth0 nodad
ip -n "$p-client" link set eth0 up
ip -n "$p-client" link set lo up
ip -n "$p-leat" link set veth0 up
client python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)' 2>/dev/null || { echo "this kernel has no UDP-Lite"; exit 77; }
offloads() { # on|off
    ip netns exec "$p-leat" ethtool -K veth0 tx "$1" gso "$1" gro "$1" tx-udp-segmentation "$1" >/dev/null 2>&1
    client ethtool -K eth0 tx "$1" gso "$1" gro "$1" tx-udp-segmentation "$1" >/dev/null 2>&1
}
start() {
    "$program" "/run/netns/$p-leat" "$over:veth0" "address 192.0.2.1/24 dev veth0; address 2001:db8::1/64 dev veth0 nodad" >"$tmp/log" 2>&1 </dev/null &
    server=$!
    wait_for ready "$tmp/log"
}
both() { # plain|large
    local address out
    for address in 192.0.2.1 2001:db8::1; do
        if out=$(client python3 "$here/datagrams.py" $address "$1" 2>&1); then echo "ok: $1, $address"; else
            failed=1
            echo "FAILED: $1, $address: $out"
        fi
    done
    grep -q joined "$tmp/log" || { failed=1; echo "FAILED: $1: leat read nothing joined"; }
}

# As on a wire: whoever makes a frame cuts and sums it himself.
offloads off
start
ip netns exec "$p-client" tcpdump -i eth0 -s 0 -B 65536 -U -w "$tmp/pcap" >"$tmp/tcpdump.log" 2>&1 </dev/null &
dump=$!
wait_for listening "$tmp/tcpdump.log"
both plain
sleep 0.5
stop "$dump"
dump=''
# Large packets whole, both ways. AF_XDP takes frames alone.
if [ "$over" = af_packet ]; then
    stop "$server"
    offloads on
    start
    both large
fi

theirs="ip.src == 192.0.2.1 || ipv6.src == 2001:db8::1"
n=$(tshark -r "$tmp/pcap" -Y "$theirs" 2>/dev/null | wc -l)
[ "$n" -gt 1000 ] || { failed=1; echo "FAILED: only $n frames of leat's looked at"; }
bad=$(tshark -r "$tmp/pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o udplite.check_checksum:TRUE \
-o udplite.ignore_checksum_coverage:FALSE -Y "($theirs) && (_ws.malformed || ip.checksum.status == \"Bad\" || \
udp.checksum.status == \"Bad\" || _ws.expert.severity == error || frame.len > 1514)" 2>/dev/null | head -n 10)
[ -z "$bad" ] && echo "ok: $n frames of leat's, nothing wrong" || { failed=1; echo "FAILED: tshark objects:"; echo "$bad"; }
lite=$(tshark -r "$tmp/pcap" -Y "($theirs) && udp.checksum_coverage == 12" 2>/dev/null | wc -l)
[ "$lite" -gt 20 ] && echo "ok: $lite of UDP-Lite, twelve bytes of each covered" || { failed=1; echo "FAILED: $lite frames of UDP-Lite"; }
exit $failed
