#!/bin/bash
# Neighbours with the kernel as the other side: it moves to another MAC and back, asks for whom leat stands in for, stands in
# itself, tests addresses, announces. Then settings, and what leat announces of its own.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
command -v arping >/dev/null || { echo "skipped: no arping (iputils-arping)"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=neighbours$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }
LI() { L run -- ip "$@"; }
# What leat knows of ADDRESS matches WORDS, now or within three seconds.
knows() { # ADDRESS WORDS
    local i
    for i in {1..15}; do
        LI neigh show "$1" >"$tmp/known"
        grep -Eq "$2" "$tmp/known" && return 0
        sleep 0.2
    done
    cat "$tmp/known"
    return 1
}
seen() { # FILTER: tshark finds it in what the client saw
    local i
    for i in {1..15}; do
        [ -n "$(tshark -r "$tmp/client.pcap" -Y "$1" 2>/dev/null | head -n 1)" ] && return 0
        sleep 0.2
    done
    return 1
}

topo_start af_packet
LEAT_RUNDIR=$tmp/run
check "leatd starts" start_leatd "$name" --workers 3
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
capture_start client
check "leat is configured" L run -- sh -ec '
    ip link set lo up; ip link set l0 up; ip link set l1 up
    ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad
    ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad'
check "its addresses are tested" leat_settled
check "through leat" ping_all server 10.77.1.2 3
check "through leat, IPv6" ping_all server fd77:1::2 3

move() { # MAC: the client comes back with that one, as a machine that was replaced
    local i
    ns_exec client ip link set eth0 down
    for i in {1..50}; do LI link show l0 | grep -q NO-CARRIER && break; sleep 0.1; done
    ns_exec client ip link set eth0 address "$1"
    host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1 2>/dev/null
}
ns_exec client sysctl -qw net.ipv4.conf.eth0.arp_notify=1 net.ipv6.conf.eth0.ndisc_notify=1
check "the client has another MAC, and says so" ns_exec client ip link set eth0 address 02:77:00:00:00:88
check "leat hears of it" knows 10.77.1.2 'lladdr 02:77:00:00:00:88'
check "leat hears of it by IPv6" knows fd77:1::2 'lladdr 02:77:00:00:00:88'
check "packets find it there" ping_all server 10.77.1.2 3
check "the client is replaced by another" move 02:77:00:00:00:99
check "leat's addresses are tested again" leat_settled
check "packets find it" ping_all server 10.77.1.2 3
check "packets find it, IPv6" ping_all server fd77:1::2 3
check "leat knows it by IPv6, too" knows fd77:1::2 'lladdr 02:77:00:00:00:99'

say "claims"
forge() { # somebody at 02:77:00:00:00:66 says to be the client, in all the ways there are; by Debian's python, which has scapy
    ns_exec client /usr/bin/python3 -c '
from scapy.all import *
conf.verb = 0
liar, leat, group = "02:77:00:00:00:66", "'"$(ip -n "$prefix-leat" -br link show l0 | awk '{ print $3 }')"'", "33:33:00:00:00:01"
def arp(op, dst, **kw): return Ether(src=liar, dst=dst) / ARP(op=op, hwsrc=liar, psrc="10.77.1.2", **kw)
def six(dst, mac, body): return Ether(src=liar, dst=mac) / IPv6(src="fd77:1::2", dst=dst, hlim=255) / body
sendp([arp(1, "ff:ff:ff:ff:ff:ff", pdst="10.77.1.2"), arp(2, "ff:ff:ff:ff:ff:ff", pdst="10.77.1.2", hwdst=liar), arp(2, leat, pdst="10.77.1.1", hwdst=leat),
       arp(1, leat, pdst="10.77.1.1"),
       six("ff02::1", group, ICMPv6ND_NA(tgt="fd77:1::2", R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=liar)),
       six("fd77:1::1", leat, ICMPv6ND_NA(tgt="fd77:1::2", R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=liar)),
       six("fd77:1::1", leat, ICMPv6ND_NS(tgt="fd77:1::1") / ICMPv6NDOptSrcLLAddr(lladdr=liar))] * 3, iface="eth0")'
}
stays() { # for longer than a claim takes: leat knows the client where it is
    local i
    for i in {1..12}; do
        LI neigh show | grep -F 02:77:00:00:00:66 && return 1
        sleep 0.2
    done
    LI neigh show 10.77.1.2 | grep -qF 02:77:00:00:00:99 && LI neigh show fd77:1::2 | grep -qF 02:77:00:00:00:99
}
if /usr/bin/python3 -c 'import scapy.all' 2>/dev/null; then
    check "somebody says to be the client, which lives" forge
    check "leat does not believe it" stays
    check "and says so" eval 'L drops | grep -q neigh-claim && grep -q "claims to be .*: refused" "$tmp/leatd.log"'
    L sysctl net.ipv4.neigh.l0.override_probe_time_ms=0 net.ipv6.neigh.l0.override_probe_time_ms=0 >/dev/null
    believed() { # the client may speak in between
        local i
        for i in 1 2 3; do forge && knows 10.77.1.2 'lladdr 02:77:00:00:00:66' && return 0; done
        return 1
    }
    check "where others are believed at once, so is this one (that the check above can fail)" believed
    check "in both families" knows fd77:1::2 'lladdr 02:77:00:00:00:66'
    L sysctl net.ipv4.neigh.l0.override_probe_time_ms=1000 net.ipv6.neigh.l0.override_probe_time_ms=1000 >/dev/null
    ns_exec client ping -n -c 1 -W 1 10.77.1.1 >/dev/null # it speaks, and the liar is not there
    ns_exec client arping -q -U -c 3 -I eth0 10.77.1.2
    check "the client speaks, and the liar does not answer" knows 10.77.1.2 'lladdr 02:77:00:00:00:99'
    LI neigh flush dev l0
else
    echo "skipped: claims (no python3-scapy)"
fi

check "somebody tests an address of leat's: it is taken" eval '! ns_exec client arping -q -D -c 2 -w 2 -I eth0 10.77.1.1'
check "and one of nobody's: it is free" ns_exec client arping -q -D -c 1 -w 2 -I eth0 10.77.1.77
check "who tests is no neighbour" eval '! LI neigh show 10.77.1.77 | grep lladdr'

say "proxies"
ns_exec client ip route replace 10.77.2.0/24 dev eth0
ns_exec client ip -6 route replace fd77:2::/64 dev eth0
check "nobody answers for the server" eval '! ping_all client 10.77.2.2 1'
L sysctl -w net.ipv4.conf.l0.proxy_arp=1 net.ipv4.neigh.l0.proxy_delay=10 >/dev/null
ns_exec client ip neigh flush dev eth0
check "leat stands in for it (proxy_arp)" ping_all client 10.77.2.2 3
L sysctl -w net.ipv4.conf.l0.proxy_arp=0 >/dev/null
ns_exec client ip neigh flush dev eth0
check "and no more" eval '! ping_all client 10.77.2.2 1'
check "ip neigh add proxy" LI neigh add proxy 10.77.2.2 dev l0
ns_exec client ip neigh flush dev eth0 # it may still be asking in vain
check "leat stands in for that address" ping_all client 10.77.2.2 3
check "ip neigh add proxy, IPv6" LI neigh add proxy fd77:2::2 dev l0
check "not without proxy_ndp" eval '! ping_all client fd77:2::2 1'
L sysctl -w net.ipv6.conf.l0.proxy_ndp=1 net.ipv6.neigh.l0.proxy_delay=10 >/dev/null
ns_exec client ip neigh flush dev eth0
check "leat stands in for it by neighbour discovery" ping_all client fd77:2::2 3
check "ip neigh show proxy" eval 'LI neigh show proxy | grep -Eq "10.77.2.2 dev l0 +proxy" && LI -6 neigh show proxy | grep -Eq "fd77:2::2 dev l0 +proxy"'
# The kernel stands in for an address that it would forward to.
ns_exec client sh -ec 'ip link add p0 type veth peer name p1; ip link set p0 up; ip link set p1 up
    ip route add 10.77.1.9/32 dev p0; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.neigh.eth0.proxy_delay=0
    ip neigh add proxy 10.77.1.9 dev eth0'
ns_exec server ping -n -c 1 -W 1 10.77.1.9 >/dev/null 2>&1 # leat asks, the kernel answers, and nobody is behind it
check "the kernel stands in, and leat believes it" knows 10.77.1.9 'lladdr 02:77:00:00:00:99 '

say "the administrator"
check "permanent, and it stays" eval 'LI neigh replace 10.77.1.50 lladdr 02:00:00:00:00:50 dev l0 nud permanent && LI neigh flush dev l0 && knows 10.77.1.50 PERMANENT'
check "learned from outside" eval 'LI neigh replace 10.77.1.51 lladdr 02:00:00:00:00:51 dev l0 nud reachable extern_learn && knows 10.77.1.51 extern_learn'
check "managed" eval 'LI neigh replace 10.77.1.2 dev l0 managed && knows 10.77.1.2 "managed.*(REACHABLE|DELAY|PROBE)"'
check "ip ntable change" eval 'LI ntable change name arp_cache dev l0 queue 7 ucast_probes 5 && LI ntable show name arp_cache dev l0 | tr "\n" " " | grep -q "queue 7.*ucast_probes 5"'
check "which sysctl shows, too" eval '[ "$(L sysctl -n net.ipv4.neigh.l0.ucast_solicit)" = 5 ]'

say "anycast"
check "leat is a router of the client's subnet" ns_exec client ping -n -i 0.3 -c 3 -W 3 fd77:1::
check "and answers from an address of its own" eval 'ns_exec client ping -n -c 1 -W 3 fd77:1:: | grep -q "bytes from fd77:1::1:"'
check "its advertisement overrides nothing" seen 'icmpv6.type == 136 && icmpv6.nd.na.target_address == fd77:1:: && ipv6.src == fd77:1::1 && icmpv6.nd.na.flag.o == 0 && icmpv6.nd.na.flag.r == 1'
check "it is shown as the kernel shows it" eval '[ "$(LI -6 route show table local type anycast fd77:1:: | tr -s " ")" = "anycast fd77:1:: dev l0 proto kernel metric 0 pref medium" ]'
ns_exec server sysctl -qw net.ipv6.conf.all.forwarding=1 # two with one address: each its own
check "the server is one, too" eval 'ns_exec server ip -6 route show table local type anycast | grep -q "fd77:2:: dev eth0"'
ns_exec client ip -6 route replace fd77:2::/64 via fd77:1::1
check "the nearest answers" eval 'ns_exec client ping -n -c 1 -W 3 fd77:2:: | grep -q "bytes from fd77:1::1:"'
check "and for the server itself its own" ns_exec server ping -n -c 1 -W 3 fd77:2::
ns_exec server sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.eth0.accept_ra=0
ns_exec server ip -6 route replace default via fd77:2::1
check "leat is, for a host" ns_exec server ping -n -c 1 -W 3 fd77:2::
L sysctl -w net.ipv6.conf.all.forwarding=0 >/dev/null
ns_exec client ip neigh flush dev eth0
check "and no more, once it is none" eval '! ns_exec client ping -n -c 1 -W 2 fd77:1::'
L sysctl -w net.ipv6.conf.all.forwarding=1 >/dev/null

say "announcements"
L sysctl -w net.ipv4.conf.l0.arp_notify=1 net.ipv6.conf.l0.ndisc_notify=1 >/dev/null
check "leat's interface goes down and up" LI link set l0 down
LI link set l0 up
LI address add fd77:1::5/64 dev l0
check "its address is announced" seen 'arp.isgratuitous == 1 && arp.src.proto_ipv4 == 10.77.1.1'
check "and an IPv6 one when it is tested" seen 'icmpv6.type == 136 && icmpv6.nd.na.target_address == fd77:1::5 && icmpv6.nd.na.flag.s == 0'
capture_stop
check "tshark finds nothing malformed" wire_is_sound "$tmp/client.pcap" 'icmpv6 && ipv6.src == fd77:1::1' '_ws.malformed || icmpv6.checksum.status == Bad'
check "in ARP neither" wire_is_sound "$tmp/client.pcap" 'arp.src.proto_ipv4 == 10.77.1.1' _ws.malformed
topo_end
