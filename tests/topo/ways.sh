#!/bin/bash
# ways.sh BUILD: unmodified `ip route` and `ip nexthop` steer leat, and a kernel sees which link each flow comes by.
#
#    client              leat                 server
#    eth0 ------------ l0    l1 ------------- eth0   10.77.2.2  fd77:2::2
#    10.77.1.2               l2 ------------- eth1   10.77.3.2  fd77:3::2
#    fd77:1::2                                lo     10.99.0.1  fd99::1
#
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd name=ways$$
topo_start af_packet
ip -n "$prefix-leat" link add l2 type veth peer name eth1 netns "$prefix-server"
ip -n "$prefix-leat" link set l2 up
: >"$tmp/leatd.out"
ip netns exec "$prefix-leat" "$leatd" --name "$name" --dev af_packet:l0 --dev af_packet:l1 --dev af_packet:l2 \
    >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
leatd_pid=$!
for _ in {1..50}; do grep -qx ready "$tmp/leatd.out" && break; sleep 0.1; done
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
ns_exec server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
ns_exec server ip link set eth1 up
for a in '10.77.3.2/24 dev eth1' 'fd77:3::2/64 dev eth1 nodad' '10.99.0.1/32 dev lo' 'fd99::1/128 dev lo'; do
    # shellcheck disable=SC2086
    ns_exec server ip address add $a
done
L() { "$leat" -n "$name" run -- "$@"; }
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'link set l2 up' 'address add 10.77.1.1/24 dev l0' \
    'address add 10.77.2.1/24 dev l1' 'address add 10.77.3.1/24 dev l2' 'address add fd77:1::1/64 dev l0 nodad' \
    'address add fd77:2::1/64 dev l1 nodad' 'address add fd77:3::1/64 dev l2 nodad' >"$tmp/batch"
check "addresses" L ip -batch "$tmp/batch"
check "flows are told apart by ports" "$leat" -n "$name" sysctl net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1

FLOWS=400
cat >"$tmp/send.py" <<'PY'
import socket, sys, time
to, flows = sys.argv[1], int(sys.argv[2])
for port in range(20000, 20000 + flows):
    s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    s.sendto(b"x", (to, 9))
    s.close()
    if port % 20 == 0: time.sleep(0.002)
PY
cat >"$tmp/count.py" <<'PY'
# Which of the flows came by each interface, as a set of source ports.
import json, socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
open(sys.argv[1], "w").close()
s.settimeout(1.5)
seen = {"eth0": set(), "eth1": set()}
try:
    while True:
        b, (dev, proto, kind, *_) = s.recvfrom(2048)
        at = 20 if proto == 0x800 else 40
        udp = b[9] == 17 if proto == 0x800 else proto == 0x86DD and b[6] == 17
        if kind == 0 and udp and dev in seen and struct.unpack_from("!H", b, at + 2)[0] == 9:
            seen[dev].add(struct.unpack_from("!H", b, at)[0])
except TimeoutError:
    pass
json.dump({k: sorted(v) for k, v in seen.items()}, open(sys.argv[2], "w"))
PY
run_flows() { # TO FILE
    rm -f "$tmp/listening"
    ns_spawn server "$tmp/count.log" python3 "$tmp/count.py" "$tmp/listening" "$2"
    local counter=${children[-1]} i
    for i in {1..50}; do [ -e "$tmp/listening" ] && break; sleep 0.1; done
    ns_exec client python3 "$tmp/send.py" "$1" $FLOWS
    wait "$counter"
}
share() { # FILE EXPR: over eth0 (a) and eth1 (b)
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); a, b = len(d["eth0"]), len(d["eth1"]); print(a, b); sys.exit(not eval(sys.argv[2]))' "$1" "$2"
}
kept() { # BEFORE AFTER: no flow has changed to eth1 or away from it but those of eth0
    python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:3]); sys.exit(not set(a["eth1"]) <= set(b["eth1"]))' "$1" "$2"
}
warm_up() { # neighbours are known before flows are counted
    local a
    for a in 10.77.2.2 10.77.3.2 fd77:2::2 fd77:3::2; do ns_exec client ping -n -c 1 -W 2 "$a" >/dev/null; done
}
warm_up
try() { # FAMILY TO A B WAYS
    local f=$1 to=$2 a=$3 b=$4
    say "IPv$f"
    check "a route of two ways, 3 to 1" L ip "-$f" route add "$to" nexthop via "$a" weight 3 nexthop via "$b"
    run_flows "$to" "$tmp/one"
    check "flows come over both links by weight" share "$tmp/one" "a + b == $FLOWS and abs(a - b * 3) < $FLOWS * 0.25"
    run_flows "$to" "$tmp/two"
    check "each by the same as before" cmp "$tmp/one" "$tmp/two"
    check "the route goes" L ip "-$f" route del "$to"
    check "nexthop objects" L ip nexthop add id "${f}1" via "$a" dev l1
    check "" L ip nexthop add id "${f}2" via "$b" dev l2
    check "a resilient group" L ip nexthop add id "${f}0" group "${f}1/${f}2" type resilient buckets 64
    check "a route by it" L ip "-$f" route add "$to" nhid "${f}0"
    run_flows "$to" "$tmp/one"
    check "flows come over both links" share "$tmp/one" "a + b == $FLOWS and abs(a - b) < $FLOWS * 0.35"
    check "one way goes" L ip nexthop del id "${f}1"
    run_flows "$to" "$tmp/two"
    check "all flows come by the other, which kept its own" share "$tmp/two" "a == 0 and b == $FLOWS"
    check "none of its own had moved" kept "$tmp/one" "$tmp/two"
    check "the object is replaced" L ip nexthop replace id "${f}2" via "$a" dev l1
    run_flows "$to" "$tmp/two"
    check "and with it the way of the route" share "$tmp/two" "b == 0 and a == $FLOWS"
}
try 4 10.99.0.1 10.77.2.2 10.77.3.2
try 6 fd99::1 fd77:2::2 fd77:3::2
say "IPv4 by an IPv6 next hop"
check "a route via inet6" L ip route add 10.99.0.2/32 via inet6 fd77:3::2 dev l2
ns_exec server ip address add 10.99.0.2/32 dev lo
run_flows 10.99.0.2 "$tmp/one"
check "leads there" share "$tmp/one" "a == 0 and b == $FLOWS"
topo_end
