#!/bin/bash
# What iputils and traceroute of the kernel's side see of leat as a router and as a host: options recorded there and back, every hop.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=options$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }

records() { # TO OPTIONS... -- what the answer's options say, line by line
    local to=$1 want=() opts=()
    shift
    while [ "$1" != -- ]; do opts+=("$1") && shift; done
    shift
    want=("$@")
    ns_exec client ping -n -c 1 -W 2 "${opts[@]}" "$to" >"$tmp/options" 2>&1
    cat "$tmp/options"
    for line in "${want[@]}"; do grep -qF -- "$line" "$tmp/options" || return 1; done
}
# Both ends and leat twice: on the way there and on the way back.
route_there_and_back() {
    records 10.77.2.2 -R -- "bytes from 10.77.2.2" || return 1
    [ "$(grep -oE '10\.77\.[0-9]+\.[0-9]+$' "$tmp/options" | tr '\n' ' ')" = \
        "10.77.1.2 10.77.2.1 10.77.2.2 10.77.2.2 10.77.1.1 10.77.1.2 " ]
}

topo_start af_packet
LEAT_RUNDIR=$tmp/run
check "leatd starts" start_leatd "$name" --workers 3
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "leat is configured" L run -- sh -ec '
    ip link set lo up; ip link set l0 up; ip link set l1 up
    ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad
    ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad'
check "the way is open" ping_all client 10.77.2.2 2
capture_start client
check "ping -R records the way there and back" route_there_and_back
check "ping -R to leat" records 10.77.1.1 -R -- "bytes from 10.77.1.1" "10.77.1.1"
check "ping -T tsonly through leat" records 10.77.2.2 -T tsonly -- "bytes from 10.77.2.2" "TS:"
check "ping -T tsandaddr to leat, which stamps" records 10.77.1.1 -T tsandaddr -- "bytes from 10.77.1.1" "10.77.1.1"
check "ping -T tsprespec names leat" records 10.77.2.2 -T tsprespec 10.77.1.1 -- "bytes from 10.77.2.2" "10.77.1.1"
check "traceroute sees leat, IPv4" traceroute_shows client 10.77.2.2 10.77.1.1
check "traceroute sees leat, IPv6" traceroute_shows client fd77:2::2 fd77:1::1
# Sums of ICMP itself are the device's to finish.
check "tshark finds nothing wrong" eval '
    ! tshark -r "$tmp/client.pcap" -o ip.check_checksum:TRUE -Y "(ip.src == 10.77.1.1 || ip.src == 10.77.2.2) &&
        (_ws.malformed || ip.checksum.status == Bad)" 2>/dev/null | grep .'
topo_end
