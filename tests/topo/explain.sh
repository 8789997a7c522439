#!/bin/bash
# explain.sh BUILD: `leat explain` and the daemon: what it says of a packet is what `leat trace` shows when the packet comes, with three
# workers; nothing is sent and nothing counted by asking; what cannot be explained is refused in words.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
/usr/bin/python3 -c "import scapy" 2>/dev/null || { echo "scapy is wanted"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=explain$$

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
check "leatd starts" start_leatd "$name" --workers 3
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' \
    'route add 10.77.9.0/24 via 10.77.2.2' 'route add prohibit 10.77.8.0/24' 'rule add fwmark 7 lookup 77 priority 77' \
    'route add default via 10.77.2.9 table 77' >"$tmp/batch"
for worker in 0 2; do
    check "an interface that is down takes nothing in, and says why, worker $worker" eval "L explain l1 from 10.77.2.2 to 10.77.1.2 worker $worker |
        grep -A 9 'iface-input DROP if-down' | grep -q 'because .*administratively down'"
done
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "everybody knows everybody" ns_exec client ping -n -q -c 1 -W 2 10.77.2.2
check "in IPv6, too" ns_exec client ping -n -q -c 1 -W 2 fd77:2::2

# --- in words ---

E() { L explain "$@"; }
says() { # PATTERN COMMAND...
    local pattern=$1 out
    shift
    out=$("$@" 2>&1)
    grep -qE -- "$pattern" <<<"$out" || { printf '%s\n' "$out"; return 1; }
}
refuted() { ! "$@"; }
check "forwarded: rule, route, neighbour" says 'rule +32766: lookup main' E l0 from 10.77.1.2 to 10.77.9.1 udp dport 53
check "the route that is taken" says 'route +10\.77\.9\.0/24 via 10\.77\.2\.2 dev l1' E l0 from 10.77.1.2 to 10.77.9.1
check "the neighbour's address and state" says 'neighbour +[0-9a-f:]{17} (REACHABLE|STALE|DELAY|PROBE)' E l0 from 10.77.1.2 to 10.77.9.1
check "the frame that leaves" says '==> leaves by l1, 42 bytes' E l0 from 10.77.1.2 to 10.77.9.1
check "a hop too many: dropped, and why" says 'DROP ip-ttl-expired' E l0 from 10.77.1.2 to 10.77.9.1 ttl 1
check "and what its sender is told" says '==> leaves by l0.*icmp time exceeded' E l0 from 10.77.1.2 to 10.77.9.1 ttl 1
check "prohibited" says 'DROP ip-prohibit' E l0 from 10.77.1.2 to 10.77.8.1
check "too long, not to be cut" says 'mtu +1500 .*: too long' E l0 from 10.77.1.2 to 10.77.9.1 len 1600
check "who is not known is asked for" says '==> leaves by l1.*arp who-has 10\.77\.2\.77' E l0 from 10.77.1.2 to 10.77.2.77
check "and the packet waits" says 'neigh-output waits for a neighbour' E l0 from 10.77.1.2 to 10.77.2.77
check "a flow of another worker's goes there" eval 'for i in 0 1 2; do E l0 from 10.77.1.2 to 10.77.9.1 udp dport 53 worker $i; done | grep -qE "iface-input to worker [0-2]"'
check "that was not done" refuted says '10\.77\.2\.77' L run -- ip neigh show
check "our own, by a mark" says 'rule +77: lookup 77' E to 10.99.0.1 udp dport 9 mark 7
check "our own, its source" says 'source +10\.77\.2\.1' E to 10.77.9.9 tcp dport 80
check "to ourselves, by lo and back" says 'ip4-local' E to 10.77.1.1
check "to ourselves, nobody listens" says 'port' E to 10.77.1.1 udp dport 9
check "IPv6" says '==> leaves by l1' E l0 from fd77:1::2 to fd77:2::2 udp dport 9
check "JSON" eval 'L explain l0 from 10.77.1.2 to 10.77.9.1 --json | python3 -c "import json,sys; j=json.load(sys.stdin); assert [s for s in j if s.get(\"leaves\") and s[\"out\"]==\"l1\"] and any(f[\"name\"]==\"route\" for s in j for f in s[\"facts\"])"'
check "hexadecimal" says '10\.77\.1\.2 > 10\.77\.1\.1' E l0 hex 020000000001020000000002 0800 4500001c0001000040116332 0a4d0102 0a4d0101 0007000700080000
check "no such interface" says '^leat: explain: there is no interface "l7"' E l7 to 10.0.0.1
check "no such word" says '^leat: explain: what is "via"' E l0 to 10.0.0.1 via 10.0.0.2
check "a source is wanted" says '^leat: explain: what comes by an interface has a source' E l0 to 10.0.0.1
check "a packet without IP" says '^leat: explain: the packet has no proper IP header' E hex 00112233

# --- for real ---

cat >"$tmp/send.py" <<'PY'
import sys
from scapy.all import *
mac, path = sys.argv[1], sys.argv[2]
c, e = "10.77.1.2", Ether(src="02:00:00:00:00:77", dst=mac)
packets = [e / p for p in [
    IP(src=c, dst="10.77.9.1", ttl=9) / UDP(sport=5, dport=53) / Raw(b"x" * 50),
    IP(src=c, dst="10.77.9.1", ttl=1) / UDP(sport=6, dport=53),
    IP(src=c, dst="10.77.8.1") / ICMP(),
    IP(src=c, dst="10.77.1.1") / ICMP(id=3, seq=4) / b"hello",
    IP(src=c, dst="10.77.1.1") / UDP(sport=7, dport=9),
    IP(src=c, dst="10.77.9.1", flags="DF") / UDP(sport=8, dport=9) / Raw(b"y" * 1400),
    IP(src="10.77.2.2", dst=c) / UDP(sport=8, dport=9),
    IP(src=c, dst="224.0.0.9") / UDP(sport=520, dport=520),
    IPv6(src="fd77:1::2", dst="fd77:2::2", hlim=7) / UDP(sport=5, dport=53),
    IPv6(src="fd77:1::2", dst="fd77:2::2", hlim=1) / UDP(sport=5, dport=53),
    IPv6(src="fd77:1::2", dst="fd77:9::1") / TCP(sport=5, dport=80),
    IPv6(src="fd77:1::2", dst="fd77:1::1") / ICMPv6EchoRequest(id=1, seq=2),
]]
wrpcap(path, packets)
print(len(packets))
PY
cat >"$tmp/replay.py" <<'PY'
import sys
from scapy.all import *
packets, out = rdpcap(sys.argv[1]), conf.L2socket(iface="eth0")
for line in sys.stdin:
    out.send(packets[int(line) - 1])
    print("sent", flush=True)
PY
cat >"$tmp/judge.py" <<'PY'
import json, sys
keys = ("node", "next", "drop", "kept", "in", "out", "len", "ethertype", "csum")
def way(steps): # of one packet: by worker, since between them there is no order
    # Which queue the device gives it to only the device knows; from iface-input on, flows have their own worker.
    return sorted([(s["worker"], [s.get(k) for k in keys]) for s in steps if s["node"] != "iface-input"], key=lambda x: x[0])
n, traced = int(sys.argv[1]), {}
for line in open(sys.argv[3]):
    r = json.loads(line)
    traced.setdefault(r["packet"], []).append(r)
steps = json.load(open(sys.argv[2]))
said = way([s for s in steps if s["packet"] == 1 and not s.get("leaves")])
was = way(list(traced.values())[n - 1])
if said != was:
    sys.exit("explained:\n%s\nwas:\n%s" % ("\n".join(map(str, said)), "\n".join(map(str, was))))
PY
mac=$(L dev --json | python3 -c 'import json,sys; print(next(d["mac"] for d in json.load(sys.stdin) if "l0" in d.values()))')
packets=$(/usr/bin/python3 "$tmp/send.py" "$mac" "$tmp/packets.pcap")
timeout 30 "$leat" -n "$name" trace --json -c "$packets" 'ether src 02:00:00:00:00:77' >"$tmp/was" & tracing=$!
mkfifo "$tmp/in" "$tmp/out"
ns_exec client /usr/bin/python3 "$tmp/replay.py" "$tmp/packets.pcap" <"$tmp/in" >"$tmp/out" & replaying=$!
exec 7>"$tmp/in" 8<"$tmp/out"
for n in $(seq "$packets"); do
    L explain l0 pcap "$tmp/packets.pcap" "$n" --json >"$tmp/said.$n" 2>&1
    echo "$n" >&7
    read -r _ <&8
    sleep 0.05
done
exec 7>&- 8<&-
wait $replaying $tracing
for n in $(seq "$packets"); do check "packet $n does what was said" python3 "$tmp/judge.py" "$n" "$tmp/said.$n" "$tmp/was"; done

# --- nothing else ---

counts() { L stats --json | python3 -c '
import json, sys
def nodes(x):
    if isinstance(x, dict):
        if "vectors" in x: yield x["node"] if "node" in x else x.get("name"), x["vectors"], x["packets"]
        for v in x.values(): yield from nodes(v)
    elif isinstance(x, list):
        for v in x: yield from nodes(v)
print(*nodes(json.load(sys.stdin)), sep="\n")'; L drops; L dev --json; }
forty() { local i; for i in $(seq 40); do L explain l0 pcap "$tmp/packets.pcap" $((i % packets + 1)) >/dev/null || return 1; done; }
nothing() { # some other packet may come meanwhile: ten tries
    local i
    for i in {1..10}; do
        counts >"$tmp/before"
        forty || return 1
        counts >"$tmp/after"
        cmp -s "$tmp/before" "$tmp/after" && [ -s "$tmp/before" ] && return
    done
    diff "$tmp/before" "$tmp/after"
}
check "forty explained: nothing is counted" nothing
many() {
    local i p=()
    for i in $(seq 6); do L explain l0 from 10.77.1.2 to 10.77.9.1 >"$tmp/many.$i" & p+=("$!"); done
    for i in "${p[@]}"; do wait "$i" || return 1; done
    [ "$(grep -l '==> leaves by l1' "$tmp"/many.? | wc -l)" = 6 ]
}
check "six at a time" many
left() { [ "$(pgrep -c -P "$leatd_pid")" -le 1 ]; } # the helper
check "no process is left behind" left
topo_end
