#!/bin/bash
# fragments.sh BUILD [af_packet|af_xdp]: datagrams larger than the link, between leat and the kernel: each puts together what the other cut, first packet included.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
[ "${2:-}" != af_xdp ] || offloads_off=yes
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=fragments$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }

topo_start "${2:-af_packet}"
LEAT_RUNDIR=$tmp/run
check "leatd starts" start_leatd "$name" --workers 3
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "leat is configured" L run -- sh -ec '
    ip link set lo up; ip link set l0 up; ip link set l1 up
    ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad
    ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad'
capture_start client
for to in 10.77.1.1 fd77:1::1 10.77.2.2 fd77:2::2; do
    for size in 1473 8000 65000; do
        check "$size bytes to $to and back" ping_all client "$to" 5 -s "$size"
    done
done
check "leat put together what was for itself" eval 'L drops -a | grep -qE "^ *[1-9][0-9]* +ip[46]-reass[^ ]* +reassembled"'
check "which is no drop" eval '! L drops | grep reassembled'
replies() { tshark -r "$tmp/client.pcap" -Y "icmp.type == 0 || icmpv6.type == 129" 2>/dev/null | wc -l; }
for i in {1..20}; do [ "$(replies)" = 60 ] && break; sleep 0.3; done # tcpdump may lag behind
check "tshark puts together what leat sent, and finds nothing wrong" eval '
    [ "$(replies)" = 60 ] &&
    ! tshark -r "$tmp/client.pcap" -o ip.check_checksum:TRUE -Y "_ws.malformed || ip.checksum.status == Bad ||
        icmp.checksum.status == Bad || icmpv6.checksum.status == Bad || ip.fragment.error || ipv6.fragment.error" 2>/dev/null | grep .'
topo_end
