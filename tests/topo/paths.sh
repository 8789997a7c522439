#!/bin/bash
# Paths narrower than the link, and better first hops, between leat and the kernel.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server  n0 ---- (mtu 1300) ---- n0  far
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=paths$$ far=$prefix-far
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }
R() { L run -- "$@"; }

far_up() {
    ip netns add "$far" || return 1
    ip -n "$prefix-server" link add n0 mtu 1300 type veth peer name n0 netns "$far" mtu 1300
    ip -n "$prefix-server" address add 10.77.3.1/24 dev n0
    ip -n "$prefix-server" address add fd77:3::1/64 dev n0 nodad
    ip -n "$far" address add 10.77.3.2/24 dev n0
    ip -n "$far" address add fd77:3::2/64 dev n0 nodad
    for n in "$prefix-server" "$far"; do ip -n "$n" link set lo up; ip -n "$n" link set n0 up; done
    ip -n "$far" route add default via 10.77.3.1
    ip -n "$far" -6 route add default via fd77:3::1
    ns_exec server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ns_exec client sysctl -qw net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.eth0.send_redirects=1 \
        net.ipv4.conf.all.accept_redirects=1 net.ipv4.conf.eth0.accept_redirects=1 net.ipv6.conf.eth0.accept_redirects=1
}
route_of() { R ip route get "$1" | tee "$tmp/route"; }
mtu_is() { route_of "$1" | grep -q "expires .*mtu $2"; }
via_is() { route_of "$1" | grep -q "via $2 "; }
kernel_via_is() { ns_exec client ip route get "$1" | tee "$tmp/route"; grep -q "via $2 " "$tmp/route"; }

topo_start af_packet
LEAT_RUNDIR=$tmp/run
trap 'topo_clean; ip netns del "$far" 2>/dev/null' EXIT
leatd_dev_opts=,vnet=0 # sums complete, as on a wire
check "leatd starts" start_leatd "$name" --workers 2
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "a narrow link behind the server" far_up
check "leat is configured" L run -- sh -ec '
    ip link set lo up; ip link set l0 up; ip link set l1 up
    ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad; ip address add fe80::77/64 dev l0 nodad
    ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad
    ip route add 10.77.3.0/24 via 10.77.2.2; ip route add fd77:3::/64 via fd77:2::2'
capture_start client
for i in {1..30}; do ns_exec client ping -c 1 -W 1 fd77:2::2 >/dev/null 2>&1 && break; done

# Its own packets: as long as leat serves programs no sockets of IP, those are its answers.
ip netns exec "$far" ping -n -c 3 -W 1 -i 0.3 -s 8000 fd77:2::1 >/dev/null 2>&1
check "echo replies of 8000 bytes reach who asked over the narrow link (IPv6)" \
    ip netns exec "$far" ping -n -c 2 -W 2 -i 0.3 -s 8000 fd77:2::1
check "and what leat learned of that" mtu_is fd77:3::2 1300
check "the cache shows it" eval 'R ip -6 route show cache | tee "$tmp/cache"; grep -q "expires .*mtu 1300" "$tmp/cache"'
check "flushing the cache forgets it" eval 'R ip -6 route flush cache; ! R ip -6 route show cache | grep .'
check "echo replies of 60 KB, too (IPv4)" ip netns exec "$far" ping -n -c 2 -W 2 -i 0.3 -s 60000 10.77.2.1

# Through it.
for to in 10.77.3.2 fd77:3::2; do
    check "the kernel finds 1300 on the way to $to through leat" eval '
        ns_exec client traceroute --mtu -n -w 2 '$to' | tee "$tmp/traceroute"; grep -q "F=1300" "$tmp/traceroute"'
    ns_exec client ping -n -c 2 -W 1 -i 0.3 -M do -s 1400 $to >/dev/null 2>&1
    check "and pings of 8000 bytes pass" ping_all client $to 3 -M want -s 8000
done

# leat tells the kernel of a better first hop: 10.77.1.3 need not be there for that, but the kernel wants to know it.
mac=02:00:00:00:77:03
ns_exec client ip neigh add 10.77.1.3 lladdr $mac dev eth0
R sh -ec "ip route add 10.88.0.0/16 via 10.77.1.3; ip neigh add 10.77.1.3 lladdr $mac dev l0
    ip -6 route add fd88::/64 via fe80::3 dev l0; ip -6 neigh add fe80::3 lladdr $mac dev l0"
ns_exec client ip -6 route add fd88::/64 via fe80::77 dev eth0
ns_exec client ping -n -c 2 -W 1 -i 0.3 10.88.0.1 >/dev/null 2>&1
check "the kernel follows leat's redirect (IPv4)" kernel_via_is 10.88.0.1 10.77.1.3
check "... for that destination alone" kernel_via_is 10.88.0.2 10.77.1.1
ns_exec client ping -n -c 2 -W 1 -i 0.3 fd88::1 >/dev/null 2>&1
check "the kernel follows leat's redirect (IPv6)" kernel_via_is fd88::1 fe80::3

# The kernel tells leat, whose echo reply to fd99::1 goes by the client; IPv4's would prove nothing.
ns_exec client sysctl -qw net.ipv6.conf.all.forwarding=1
ns_exec client ip -6 neigh replace fe80::3 lladdr $mac dev eth0
ns_exec client ip -6 route add fd99::/64 via fe80::3 dev eth0
ll=$(ns_exec client ip -6 -o address show dev eth0 scope link | sed 's/.*inet6 \([^/]*\).*/\1/')
R ip -6 route add fd99::/64 via "$ll" dev l0
L sysctl net.ipv6.conf.all.forwarding=0 >/dev/null
ask='import socket, struct, sys, time
pton = lambda a: socket.inet_pton(socket.AF_INET6, a)
src, dst, icmp = pton("fd99::1"), pton("fd77:1::1"), bytes([128, 0, 0, 0, 0, 7, 0, 1]) + bytes(32)
pseudo = src + dst + struct.pack(">II", len(icmp), 58) + icmp
total = sum(struct.unpack(">%dH" % (len(pseudo) // 2), pseudo))
while total >> 16: total = (total & 0xffff) + (total >> 16)
icmp = icmp[:2] + struct.pack(">H", ~total & 0xffff) + icmp[4:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
me, leat = s.getsockname()[4], bytes.fromhex(sys.argv[1].replace(":", ""))
for i in range(2):
    s.send(leat + me + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(icmp), 58, 64) + src + dst + icmp)
    time.sleep(0.5)'
ns_exec client python3 -c "$ask" "$(R ip -o link show l0 | sed 's/.*ether \([^ ]*\).*/\1/')"
check "leat follows the kernel's redirect (IPv6)" via_is fd99::1 fe80::3
check "... for that destination alone" via_is fd99::2 "$ll"

capture_stop
check "tshark finds nothing wrong in what was sent" eval '
    [ "$(tshark -r "$tmp/client.pcap" -Y "icmp.type == 5 || icmpv6.type == 137" 2>/dev/null | wc -l)" -ge 2 ] &&
    ! tshark -r "$tmp/client.pcap" -o ip.check_checksum:TRUE -Y "_ws.malformed || ip.checksum.status == Bad ||
        icmp.checksum.status == Bad || icmpv6.checksum.status == Bad" 2>/dev/null | grep .'
ip netns del "$far"
topo_end
