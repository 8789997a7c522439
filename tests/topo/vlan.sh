#!/bin/bash
# VLANs against the kernel's 8021q, in a guest (this host may have none): 802.1Q, and four tags, two of them 802.1ad. leat is a
# host in both and routes between them. Skipped without the guest: PEER_VM, or ../shared/lab/peer-vm from the source tree.
#
#    guest: a  eth0.7 -----------------+
#    guest: b  eth0.100.200.300.400 ---+--- eth0 ==== the tap ==== leat
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
topo_guest "$1" vlan ltv
start() { guest_leatd "$@"; }
guest_up() {
    guest sh -ec '
        modprobe 8021q; ip link set eth0 up; ip netns add a; ip netns add b; ip netns add c
        ip link add link eth0 name eth0.7 type vlan id 7
        ip link add link eth0 name v1 type vlan proto 802.1ad id 100
        ip link add link v1 name v2 type vlan proto 802.1ad id 200
        ip link add link v2 name v3 type vlan proto 802.1Q id 300
        ip link add link v3 name v4 type vlan proto 802.1Q id 400
        ip link add link eth0 name eth0.9 type vlan id 9
        for i in v1 v2 v3; do ip link set $i up; done
        ip link set eth0.7 netns a; ip link set v4 netns b; ip link set eth0.9 netns c
        up() { ip -n $1 link set lo up; ip -n $1 link set $2 up mtu $5; ip -n $1 addr add $3.2/24 dev $2; ip -n $1 addr add $4::2/64 dev $2 nodad; }
        up a eth0.7 10.77.7 fd77:7 1500; up b v4 10.77.4 fd77:4 1484; up c eth0.9 10.77.9 fd77:9 1500
        for i in a b; do
            [ $i = a ] && n=7 || n=4
            ip -n $i route add default via 10.77.$n.1; ip -n $i -6 route add default via fd77:$n::1
        done'
}
leat_up() {
    L run -- sh -ec "
        ip link set lo up; ip link set $tap up
        ip link add link $tap name a7 type vlan id 7
        ip link add link $tap name b1 type vlan proto 802.1ad id 100
        ip link add link b1 name b2 type vlan proto 802.1ad id 200
        ip link add link b2 name b3 type vlan id 300
        ip link add link b3 name b4 type vlan id 400
        for i in b1 b2 b3; do ip link set \$i up; done
        ip link set a7 up; ip link set b4 up mtu 1484
        ip addr add 10.77.7.1/24 dev a7; ip addr add fd77:7::1/64 dev a7 nodad
        ip addr add 10.77.4.1/24 dev b4; ip addr add fd77:4::1/64 dev b4 nodad"
    L sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 >/dev/null
}
guest_pings() { # NETNS ADDRESS SIZE
    guest ip netns exec "$1" ping -n -M dont -c 3 -i 0.2 -W 2 -s "$3" "$2" | tee "$tmp/ping"
    grep -q ' 0% packet loss' "$tmp/ping"
}
fetch() { # the same bytes come out of a connection through both
    guest sh -ec 'cd /tmp; head -c 300000 /dev/urandom >file; ip netns exec b timeout 60 python3 -m http.server --bind :: 8077 >/dev/null 2>&1 & p=$!
        for i in 1 2 3 4 5 6 7 8 9 10; do ip netns exec a curl -s -o got --max-time 20 "http://'"$1"':8077/file" && break; sleep 1; done
        kill $p; cmp file got'
}

check "leatd holds the guest's tap" start
check "the guest has its VLANs" guest_up
check "leat has its VLANs" leat_up
guest sh -c 'tcpdump -i eth0 -U -w /tmp/vlan.pcap -Z root -s 0 >/dev/null 2>&1 </dev/null &'
sleep 0.5
for size in 56 1472 4000; do
    check "one tag, $size bytes" guest_pings a 10.77.7.1 $size
    check "four tags, $size bytes" guest_pings b fd77:4::1 $size
    check "from one to four tags by way of leat, $size bytes" guest_pings a 10.77.4.2 $size
done
check "a file over IPv4" fetch 10.77.4.2
check "a file over IPv6" fetch '[fd77:4::2]'
guest_pings c 10.77.9.1 56 >/dev/null 2>&1
check "what is for no VLAN of leat's is dropped by name" drops_name vlan-unknown
check "a VLAN goes and comes back under traffic" eval '
    L run -- sh -ec "ip link del b3; ip link add link b2 name b3 type vlan id 300; ip link set b3 up
        ip link add link b3 name b4 type vlan id 400; ip link set b4 up mtu 1484; ip addr add 10.77.4.1/24 dev b4" &&
    guest_pings a 10.77.4.2 56'
maps='
    what() { ip -d -j link show q | python3 -c "import json, sys; print(json.dumps(json.load(sys.stdin)[0][\"linkinfo\"][\"info_data\"], sort_keys=True))"; }
    ip link add link $dev name q type vlan id 50 ingress-qos-map 1:2 3:4 egress-qos-map 2:3 18:4 1:1 loose_binding on; what
    ip link set q type vlan ingress-qos-map 1:0 7:9 egress-qos-map 2:7 1:0 loose_binding off; what
    ip link set q type vlan id 51; what; ip link del q'
check "maps of priorities are kept and shown as the kernel does it" eval '
    L run -- sh -ec "dev=$tap; $maps" >"$tmp/leat.txt" && guest sh -ec "dev=eth0; $maps" >"$tmp/kernel.txt" &&
    diff "$tmp/kernel.txt" "$tmp/leat.txt" && [ "$(wc -l <"$tmp/leat.txt")" = 3 ]'
check "answers leave with the priority of the map" eval 'L run -- ip link set a7 type vlan egress-qos-map 0:5 && guest_pings a 10.77.7.1 56'
sleep 1
guest cat /tmp/vlan.pcap >"$tmp/vlan.pcap"
check "leat's frames had four tags" eval '
    [ "$(tshark -r "$tmp/vlan.pcap" -Y "ieee8021ad.svid == 100 && ieee8021ad.cvid == 200 && vlan.id == 300 && vlan.id == 400 && icmpv6.type == 129" 2>/dev/null | wc -l)" -ge 3 ]'
check "and with it are on the wire" eval '
    [ "$(tshark -r "$tmp/vlan.pcap" -Y "vlan.id == 7 && vlan.priority == 5 && icmp.type == 0" 2>/dev/null | wc -l)" = 3 ]'
check "tshark finds nothing wrong" wire_is_sound "$tmp/vlan.pcap" 'vlan.id == 7 && ip.src == 10.77.7.1' \
    '_ws.malformed || ip.checksum.status == Bad || ip.fragment.error || ipv6.fragment.error' -o ip.check_checksum:TRUE -o tcp.desegment_tcp_streams:FALSE
topo_end
