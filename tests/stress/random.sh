#!/bin/bash
# random.sh LEAT LEATD TOOLS SECONDS [SEED]: random configuration from several tools at once, while three workers have traffic and others trace,
# capture, explain, save and look. With leatd built with TSan: no two lcores meet where they should not; in any build: it answers to the end, and
# comes down well.
# shellcheck source=tests/run/lib.sh
. "$(dirname "$0")/../run/lib.sh"
tools=$3 seconds=$4 seed=${5:-$RANDOM}
echo "seed $seed"
python3 - "$tmp/frames.pcap" <<'PY'
import random, struct, sys
def csum(b):
    b += b'\0' * (len(b) % 2)
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def ip4(dst, proto, ttl, body, frag=0):
    h = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), random.randrange(8), frag, ttl, proto, 0) + bytes([10, 0, 1, 2]) + bytes(dst)
    return b'\x08\x00' + h[:10] + struct.pack('!H', csum(h)) + h[12:] + body
def ip6(dst, next_header, hops, body):
    return b'\x86\xdd' + struct.pack('!IHBB', 6 << 28, len(body), next_header, hops) + bytes.fromhex('20010db8000100000000000000000002') + dst + body
random.seed(1)
out = open(sys.argv[1], 'wb')
out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
for i in range(200):
    udp = struct.pack('!HHHH', random.randrange(65536), 53, 26, 0) + bytes(18)
    echo = struct.pack('!BBHHH', 8, 0, csum(struct.pack('!BBHHH', 8, 0, 0, 1, i)), 1, i)
    dst = random.choice([[10, 0, 1, 1], [10, 0, 2, 2], [10, 0, 5, 9], [198, 51, 100, 7], [203, 0, 113, 7], [224, 0, 0, 77], [192, 0, 2, 9]])
    six = bytes.fromhex('20010db80002') + bytes(9) + bytes([random.randrange(4)])
    arp = b'\x08\x06' + struct.pack('!HHBBH', 1, 0x800, 6, 4, random.choice([1, 2])) + bytes([2, 0, 0, 0, 0, 7, 10, 0, 1, 2 + i % 8, 0, 0, 0, 0, 0, 0, 10, 0, 1, 1])
    f = random.choice([ip4(dst, 17, random.choice([1, 64]), udp), ip4(dst, 1, 64, echo), ip4(dst, 17, 64, udp[:16] + bytes(8), 0x2000),
                       ip6(six, 17, random.choice([1, 64]), udp), arp, b'\x81\x00\x00\x05' + ip4(dst, 17, 64, udp)])
    f = bytes.fromhex('020000000001' '020000000007') + f
    out.write(struct.pack('<IIII', 0, 0, len(f), len(f)) + f)
PY
chmod 644 "$tmp/frames.pcap"
devices=(--dev mem:a,peer=b)
for i in 1 2 3 4 5; do devices+=(--dev "mem:m$i,peer=n$i"); done # so that those of the generators are numbers that no tool guesses
for i in 0 1 2; do devices+=(--dev "generator:g$i,file=$tmp/frames.pcap,vec=4,worker=$i,mac=02:00:00:00:00:01"); done
"$leatd" --name "$name" --workers 3 --budget 512 "${devices[@]}" >"$tmp/leatd.log" 2>&1 </dev/null &
daemon=$!
for i in {1..200}; do grep -qs ready "$tmp/leatd.log" && break; sleep 0.1; done
grep -q ready "$tmp/leatd.log" || { cat "$tmp/leatd.log"; exit 1; }
run_long() { timeout 120 "$leat" run -n "$name" -- "$@"; }
configure() {
    printf '%s\n' 'link set lo up' 'link set dev a up' 'link set dev b up' 'address add 10.0.1.1/24 dev a' 'address add 10.0.2.1/24 dev b' \
        'address add 2001:db8:1::1/64 dev a nodad' 'address add 2001:db8:2::1/64 dev b nodad' 'address add 10.0.1.1/32 dev g0' \
        'link set g0 up' 'link set g1 up' 'link set g2 up' 'route add 198.51.100.0/24 via 10.0.2.2' 'link add link a name a.5 type vlan id 5' \
        'link set dev a.5 up' 'address add 10.0.5.1/24 dev a.5' 'nexthop add id 1 via 10.0.1.2 dev a' 'nexthop add id 2 via 10.0.2.2 dev b' \
        'nexthop add id 10 group 1/2' 'route add 203.0.113.0/24 nhid 10' 'link add red type vrf table 10' 'link set red up' 'rule add from 10.0.5.0/24 table 10' |
        run_long ip -batch -
}
check "configured" configure

L() { timeout 60 "$leat" -n "$name" "$@"; }
lookers=(
    'L stats' 'L drops' 'L graph' 'L dev' 'L sysctl -a' 'L sysctl net.ipv4.ip_forward=1' "L save $tmp/saved"
    'L explain g0 from 10.0.1.2 to 198.51.100.7 udp' 'L explain to 10.0.2.2' 'L trace -c 50' 'L trace -c 20 icmp' "L capture -c 50 -w $tmp/caught"
    "L capture --drops -c 50 -w $tmp/dropped" 'run_long ip -s link' 'run_long ip -6 route' 'run_long ethtool -k a' 'run_long cat /proc/net/route'
    'run_long ip link set g0 up' 'run_long ip link set dev a up' 'run_long ip link set dev b up'
)
look() { # one after another, from a place of its own, until the time is over
    local n=$1 end=$((SECONDS + seconds))
    while [ $SECONDS -lt $end ]; do
        timeout 10 true
        eval "${lookers[$((n % ${#lookers[@]}))]}" >/dev/null 2>&1
        n=$((n + 7))
        echo >>"$tmp/looked"
    done
}
"$tools" "$name" "$seconds" "$seed" 4 >"$tmp/tools" 2>&1 & pids=("$!")
for i in 0 5; do look $i & pids+=("$!"); done
tools_well=0
wait "${pids[0]}" || tools_well=1
wait "${pids[@]:1}"
cat "$tmp/tools"
check "the tools were answered to the end" test $tools_well = 0
check "so were $(wc -l <"$tmp/looked") that looked, traced, captured, explained, saved" eval 'L stats --json >"$tmp/stats"'
forwarded() { python3 -c 'import json, sys; print(sum(n["packets"] for n in json.load(open(sys.argv[1]))["nodes"] if n["node"] == "eth-input"))' "$tmp/stats"; }
check "under traffic: $(forwarded) packets" test "$(forwarded)" -gt 1000
kill "$daemon"
wait "$daemon"
status=$?
daemon=''
check "leatd comes down well (status $status)" test $status = 0
check "and had nothing to say" eval '! grep -v -e "^ready" -e "log lines left out" -e "leatd: warning" -e "leatd: info: ends: SIGTERM" "$tmp/leatd.log" | grep . || { head -n 100 "$tmp/leatd.log" >&2; false; }'
[ $failed = 0 ] || head -n 120 "$tmp/leatd.log"
exit $failed
