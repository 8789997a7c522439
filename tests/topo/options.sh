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
# RFC 5837: Linux's settings of this name are younger than most kernels; traceroute and tshark know what it looks like.
check "errors are told to name the interface" L sysctl net.ipv4.icmp_errors_extension_mask=1 net.ipv6.icmp.errors_extension_mask=1
check "traceroute -e shows an extension, IPv4" eval 'ns_exec client traceroute -e -n -q 1 -N 1 -w 2 10.77.2.2 | tee "$tmp/ext" | grep -q "10.77.1.1 <.*2/15:"'
check "traceroute -e shows an extension, IPv6" eval 'ns_exec client traceroute -e -n -q 1 -N 1 -w 2 fd77:2::2 | tee "$tmp/ext" | grep -q "fd77:1::1 <.*2/15:"'
# Where Linux finds the extension (RFC 4884) of an error about three bytes sent by UDP.
extension_begins() { # ADDRESS FAMILY LEVEL TTL RECVERR RFC4884
    ns_exec client python3 -c '
import socket, struct, sys, time
to, family, level, ttl, err, ext = sys.argv[1], *map(int, sys.argv[2:])
s = socket.socket(family, socket.SOCK_DGRAM)
for option, value in (ttl, 1), (err, 1), (ext, 1):
    s.setsockopt(level, option, value)
s.sendto(b"abc", (to, 9))
time.sleep(0.3)
data, control, flags, offender = s.recvmsg(1000, 1000, socket.MSG_ERRQUEUE)
print(struct.unpack("IBBBBIHBB", control[0][2][:16])[-3:-1])' "$@"
}
check "Linux finds the extension where it is, IPv4" eval '[ "$(extension_begins 10.77.2.2 2 0 2 11 26)" = "(100, 0)" ]'
check "Linux finds the extension where it is, IPv6" eval '[ "$(extension_begins fd77:2::2 10 41 16 25 31)" = "(80, 0)" ]'
capture_stop
check "tshark reads the interface from it" eval '
    tshark -r "$tmp/client.pcap" -Y icmp.int_info.name -T fields -e icmp.int_info.name -e icmp.ext.checksum.status \
        -e icmp.int_info.ipv4 -e icmp.int_info.ipv6 2>/dev/null | sort -u | tee "$tmp/ext" &&
    grep -q "^l0.1.10.77.1.1" "$tmp/ext" && grep -q "^l0.1..fd77:1::1" "$tmp/ext"'

# Sums of ICMP itself are the device's to finish.
check "tshark finds nothing wrong" eval '
    [ "$(tshark -r "$tmp/client.pcap" -Y "ip.src == 10.77.1.1 || ip.src == 10.77.2.2" 2>/dev/null | wc -l)" -ge 5 ] &&
    ! tshark -r "$tmp/client.pcap" -o ip.check_checksum:TRUE -Y "(ip.src == 10.77.1.1 || ip.src == 10.77.2.2) &&
        (_ws.malformed || ip.checksum.status == Bad)" 2>/dev/null | grep .'
topo_end
