#!/bin/bash
# floods.sh BUILD FLOOD SECONDS [unbounded]: floods from a third link, SECONDS each, while flows between client and server go on.
# FLOOD is the program that sends them; tests/flood/frames.h says what each kind is made of.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server        s0: a device that takes everything (198.18.0.0/15, 2001:db8::/32)
#                            l2 ---- eth0  attacker
#
# Asserted, for each kind: leat's resident memory stays within 5 % of what it was after a sixth of the time (the ten-second mark of a
# minute); of each flow, UDP and TCP through leat and pings to it, 95 % of what was offered comes back; `ip` is answered within two
# seconds; and the flood did arrive: so many frames were taken in, and leat's counters name why they died.
#
# Conditions: one worker, polled ring of 255 slots a device; the sender has one CPU and leat's worker the other (by taskset and --pin
# where there are two), so leat takes what it can and the rest is lost in the ring of the attacker's link (rx-full). Flows are
# offered at a fixed rate, so the figures are shares, not speeds. The client's own wire is not flooded: what is lost on a full
# wire no router can bring back.
#
# unbounded: a scan alone, with leat's bounds of neighbours set out of reach: to show that the assertion about memory can fail, it must.
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1 flood=$2 seconds=$3 how=${4:-}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
here=$(dirname "$0")
name=floods$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }
R() { L run -- "$@"; }

topo_start af_packet
attacker=$prefix-attacker
trap 'topo_clean; ip netns del "$attacker" 2>/dev/null' EXIT
LEAT_RUNDIR=$tmp/run
ip netns add "$attacker" || exit 1
ip -n "$prefix-leat" link add l2 type veth peer name eth0 netns "$attacker"
ip -n "$prefix-leat" link set l2 up
ip -n "$attacker" link set eth0 up
ip -n "$attacker" address add 10.77.3.2/24 dev eth0
ip -n "$attacker" address add fd77:3::2/64 dev eth0 nodad

check "leatd starts" start_leatd "$name" --pin --dev af_packet:l2 --dev sink:s0
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'link set l2 up' 'link set s0 up' 'address add 10.77.1.1/24 dev l0' \
    'address add 10.77.2.1/24 dev l1' 'address add 10.80.0.1/16 dev l1' 'address add 10.77.3.1/24 dev l2' \
    'address add fd77:1::1/64 dev l0 nodad' \
    'address add fd77:2::1/64 dev l1 nodad' 'address add fd77:3::1/64 dev l2 nodad' \
    'route add 198.18.0.0/15 via inet 192.0.2.2 dev s0 onlink' 'neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev s0' \
    'route add 2001:db8::/32 via inet6 fe80::2 dev s0 onlink' 'neigh add fe80::2 lladdr 02:00:00:00:00:02 dev s0' >"$tmp/batch"
check "configured" R ip -batch "$tmp/batch"
check "routers are heard on the attacker's link" L sysctl net.ipv6.conf.l2.accept_ra=2 net.ipv6.conf.l2.accept_ra_rt_info_max_plen=64
# Living neighbours have to prove that they are there many times during the flood.
for link in l0 l1; do
    for f in ipv4 ipv6; do
        L sysctl net.$f.neigh.$link.base_reachable_time_ms=1000 net.$f.neigh.$link.delay_first_probe_time_ms=200 >/dev/null
    done
done
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
mac=$(L dev l2 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["mac"])')
ns_spawn server "$tmp/serve" python3 "$here/flows.py" serve
for host in 10.77.2.2 fd77:2::2; do
    for i in {1..30}; do ns_exec client ping -n -c 1 -W 1 $host >/dev/null 2>&1 && break; done
done
[ "$(nproc)" -lt 2 ] || on_cpu="taskset -c 1"

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$leatd_pid/status"; }
packets() { # DEVICE rx|tx
    L dev "$1" --json | python3 -c "import json, sys; print(sum(q['$2_packets'] for q in json.load(sys.stdin)[0]['queues']))"
}
ms() { date +%s%3N; }

# A sample each half second: resident KiB, and how long `ip` took.
watch() { # SECONDS FILE
    local end=$(($(ms) + $1 * 1000)) at
    while [ "$(ms)" -lt "$end" ]; do
        at=$(ms)
        R ip route get 10.77.2.2 >/dev/null || echo "0 99999"
        echo "$(rss) $(($(ms) - at))" >>"$2"
        sleep 0.3
    done
}
# Within 5 % of the mark, which is the sample after a sixth; a MiB is allowed on top, for pages that are touched for the first time.
rss_is_flat() { # FILE
    awk '{ kib[NR] = $1 } END {
        mark = kib[int(NR / 6) + 1]
        for (i = int(NR / 6) + 1; i <= NR; i++) if (kib[i] > most) most = kib[i]
        printf "%d KiB at the mark, %d at most after it\n", mark, most
        exit !(NR >= 4 && most <= mark * 1.05 + 1024) }' "$1"
}
answered_in_time() { awk '$2 > most { most = $2 } END { print "ip took " most " ms at most"; exit !(NR >= 4 && most < 2000) }' "$1"; }
flows_live() { # FILE
    awk 'NF == 3 { n++; share = $2 ? $3 / $2 : 0; printf "%s %.2f %%\n", $1, share * 100; if (share < 0.95) bad = 1 }
        END { exit bad || n < 4 }' "$1"
}
pings_live() { # FILE
    grep transmitted "$1"
    awk '/transmitted/ { n++; if ($4 < $1 * 0.95) bad = 1 } END { exit bad || n != 2 }' "$1"
}

# Why each kind's frames die; what is answered or forwarded does not.
declare -A dies=([random]="ip-no-route neigh-table-full icmp-rate-limited" [fragments]="reass-full" [scan]="neigh-table-full" [strangers]="nd-done" \
    [icmp]="icmp-rate-limited ip-ttl-expired udp-no-port" [malformed]="truncated ip-header-csum l4-csum ethertype-unknown" \
    [adverts]="nd-busy nd-done")

# Returns the flows' and the memory's figures in $tmp.
flood() { # KIND
    local in0 out0 pids=() host
    : >"$tmp/samples"
    : >"$tmp/pings"
    in0=$(packets l2 rx) out0=$(packets l2 tx)
    L drops --json >"$tmp/drops0"
    ns_exec client python3 "$here/flows.py" offer "$seconds" 10.77.2.2 fd77:2::2 >"$tmp/flows" 2>&1 &
    pids+=($!)
    for _ in {1..50}; do grep -q started "$tmp/flows" && break; sleep 0.1; done
    for host in 10.77.1.1 fd77:1::1; do
        ns_exec client ping -n -q -i 0.02 -w "$seconds" $host >>"$tmp/pings" 2>&1 &
        pids+=($!)
    done
    # shellcheck disable=SC2086
    ip netns exec "$attacker" ${on_cpu:-} "$flood" eth0 "$1" "$seconds" "$mac" >"$tmp/sent" &
    pids+=($!)
    watch "$seconds" "$tmp/samples"
    wait "${pids[@]}"
    arrived=$(($(packets l2 rx) - in0)) answered=$(($(packets l2 tx) - out0))
    L drops --json >"$tmp/drops1"
    python3 -c '
import collections, json, sys
was, now = collections.Counter(), collections.Counter()
for path, to in zip(sys.argv[1:], (was, now)):
    for d in json.load(open(path)):
        to[d["reason"]] += d["count"]
for reason, n in (now - was).most_common():
    print(reason, n)' "$tmp/drops0" "$tmp/drops1" >"$tmp/died"
}
died_of() { local r; for r in "$@"; do grep -q "^$r " "$tmp/died" || { cat "$tmp/died"; return 1; }; done; }

if [ "$how" = unbounded ]; then
    say "scan without bounds: $seconds seconds"
    for f in ipv4 ipv6; do
        L sysctl net.$f.neigh.default.unconfirmed_max=0 \
            net.$f.neigh.default.solicit_rate=0 net.$f.neigh.default.gc_thresh3=1000000000 >/dev/null
    done
    flood scan
    check "resident memory grows: $(rss_is_flat "$tmp/samples")" eval '! rss_is_flat "$tmp/samples"'
    kinds=none
fi
for kind in ${kinds:-random fragments scan strangers icmp malformed adverts}; do
    [ "$kind" != none ] || break
    say "$kind: $seconds seconds"
    flood "$kind"
    echo "sent $(cat "$tmp/sent"), taken in $arrived, answered $answered; died: $(head -n 6 "$tmp/died" | paste -sd,)"
    echo "memory: $(rss_is_flat "$tmp/samples"); $(answered_in_time "$tmp/samples"); $(flows_live "$tmp/flows" | paste -sd,)"
    check "the flood arrived" test "$arrived" -gt $((seconds * 10000))
    check "its frames died of what they should" eval 'died_of ${dies[$kind]}'
    [ "$kind" != icmp ] || check "what is to be answered is" test "$answered" -gt $((arrived / 10))
    check "resident memory is flat" rss_is_flat "$tmp/samples"
    check "flows lose nothing to speak of" flows_live "$tmp/flows"
    check "neither do pings" pings_live "$tmp/pings"
    check "leat answers who configures it" answered_in_time "$tmp/samples"
done
check "the end is a success" stop_leatd
ip netns del "$attacker"
topo_end
