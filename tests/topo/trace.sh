#!/bin/bash
# trace.sh BUILD: `leat trace` live with three workers: every packet of pings through leat, from four addresses so that flows fall on
# different workers, is shown whole (each node of its way), none twice, none missing.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=trace$$

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
check "leatd starts" start_leatd "$name" --workers 3
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
for n in 3 4 5; do
    ns_exec client ip address add "10.77.1.$n/24" dev eth0
    ns_exec client ip address add "fd77:1::$n/64" dev eth0 nodad
done
pings() { # COUNT: from each address, all at once
    local n p=()
    for n in 2 3 4 5; do
        ns_exec client ping -n -q -c "$1" -i 0.1 -W 2 -I "10.77.1.$n" 10.77.2.2 >"$tmp/ping4.$n" 2>&1 & p+=("$!")
        ns_exec client ping -n -q -c "$1" -i 0.1 -W 2 -I "fd77:1::$n" fd77:2::2 >"$tmp/ping6.$n" 2>&1 & p+=("$!")
    done
    for n in "${p[@]}"; do wait "$n" || { cat "$tmp"/ping?.?; return 1; }; done
}
check "everybody knows everybody" pings 1

count=5 packets=80 # 8 pings of 5, and their answers
timeout 20 "$leat" -n "$name" trace --json -c $packets 'icmp or (icmp6 and (ip6[40] == 128 or ip6[40] == 129))' >"$tmp/trace" 2>"$tmp/trace.err" &
tracing=$!
sleep 0.5
check "pings" pings $count
wait $tracing
check "the trace ends by itself after $packets packets" test $? = 0
check "nothing was lost" eval '[ ! -s "$tmp/trace.err" ] || { cat "$tmp/trace.err"; false; }'

cat >"$tmp/judge.py" <<'EOF'
import collections, json, re, sys
count, packets = int(sys.argv[2]), collections.defaultdict(list)
for line in open(sys.argv[1]):
    r = json.loads(line)
    packets[r["packet"]].append(r)
bad, seen, workers = [], collections.Counter(), set()
for number, way in packets.items():
    last = way[-1]
    said = re.search(r"(\S+) > (\S+) (?:ttl|hlim) \d+, icmp6? (echo|echo reply) id (\d+) seq (\d+)", way[0]["summary"])
    seen[said.groups() if said else way[0]["summary"]] += 1
    family = "ip6" if said and ":" in said[1] else "ip4"
    workers |= {r["worker"] for r in way}
    nodes = [r["node"] for r in way]
    broken = [f"{a['node']} -> {b['node']}" for a, b in zip(way, way[1:]) if a.get("next", b["node"]) != b["node"]
              or (a["worker"] != b["worker"] and not a.get("kept"))]
    if broken or len(set(nodes)) < len(nodes) or nodes[0] != "iface-input" or nodes[-1] != "iface-output" or "next" in last \
            or any("drop" in r for r in way) or not {"eth-input", family + "-input", family + "-forward", "neigh-output"} <= set(nodes):
        bad.append(f"packet {number}: {' '.join(nodes)} {broken}")
want = {(s, d, what, str(seq)) for n in "2345" for a, b in ((f"10.77.1.{n}", "10.77.2.2"), (f"fd77:1::{n}", "fd77:2::2"))
        for seq in range(1, count + 1) for s, d, what in ((a, b, "echo"), (b, a, "echo reply"))}
got = collections.Counter((k[0], k[1], k[2], k[4]) if isinstance(k, tuple) else k for k in seen.elements())
bad += [f"missing: {k}" for k in want - set(got)] + [f"{n} times: {k}" for k, n in got.items() if n != 1] + [f"unasked: {k}" for k in set(got) - want]
if len(workers) < 2:
    bad.append(f"only the workers {workers} took part")
print("\n".join(bad))
sys.exit(bool(bad))
EOF
check "each packet whole, none twice, none missing" python3 "$tmp/judge.py" "$tmp/trace" $count
topo_end
