#!/bin/bash
# slow-listener.sh BUILD [PAIRS]: `ip monitor` stopped while 200,000 routes come and go. Nobody else is slower for it, leatd's memory stays
# bounded, and when it goes on the monitor is told that it missed something (ENOBUFS), and hears what happens from then on.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=slow$$
pairs=${2:-100000} few=10000 # of an addition and a deletion each

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
check "leatd starts" start_leatd "$name"
printf '%s\n' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1

route_pairs() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) { r = "198.18." int(i / 250) % 250 "." i % 250 "/32 via 10.77.2.2"; print "route add " r; print "route del " r } }'; }
# A sanitizer keeps what was freed, and its own books: there what leatd says of its memory has to do.
if grep -q -e __asan_init -e __tsan_init "$leatd"; then
    memory_kib() { L stats --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["memory"][0]["used_bytes"] // 1024)'; }
else
    memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$leatd_pid/status"; }
fi
now_ms() { echo $(($(date +%s%N) / 1000000)); }
cpu_ms() { awk '{ ns += $1 } END { printf "%d\n", ns / 1000000 }' "/proc/$leatd_pid/task/"*/schedstat; }
descendants() { # PID: it and all below it
    local c
    echo "$1"
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do descendants "$c"; done
}
pid_of_ip() { local p; for p in $(descendants "$1"); do [ "$(cat "/proc/$p/comm" 2>/dev/null)" = ip ] && echo "$p"; done | tail -n 1; }

route_pairs $few >"$tmp/few"
route_pairs $pairs >"$tmp/many"
start=$(now_ms) cpu=$(cpu_ms)
check "$((2 * few)) changes with nobody listening" L run -- ip -batch "$tmp/few"
few_ms=$(($(now_ms) - start)) few_cpu_ms=$(($(cpu_ms) - cpu))

exec "$leat" -n "$name" run -- ip monitor route >"$tmp/monitor" 2>&1 </dev/null &
monitor=$!
children+=("$monitor")
for i in {1..50}; do ip_pid=$(pid_of_ip $monitor); [ -n "$ip_pid" ] && break; sleep 0.1; done
sleep 0.5
L run -- ip route add 192.0.2.1/32 via 10.77.2.2
for i in {1..50}; do grep -q 192.0.2.1 "$tmp/monitor" && break; sleep 0.1; done
check "the monitor hears" grep -q 192.0.2.1 "$tmp/monitor"
kill -STOP "$ip_pid"
before_kib=$(memory_kib)
start=$(now_ms) cpu=$(cpu_ms)
ns_spawn client "$tmp/ping" ping -n -q -i 0.1 -c 20 10.77.2.2
ping_pid=$!
check "$((2 * pairs)) changes while it is stopped" L run -- ip -batch "$tmp/many"
many_ms=$(($(now_ms) - start)) many_cpu_ms=$(($(cpu_ms) - cpu))
grown_kib=$(($(memory_kib) - before_kib))
# Processor time tells whether the work grew, whatever else this machine does; the time that passed, whether anybody was kept waiting.
check "in proportion: leatd worked $few_cpu_ms ms for $((2 * few)), $many_cpu_ms ms for $((2 * pairs))" \
    test $many_cpu_ms -lt $((few_cpu_ms * pairs * 2 / few))
check "in time: $few_ms ms, $many_ms ms" test $many_ms -lt $((few_ms * pairs * 5 / few))
check "leatd's memory grew by $grown_kib KiB, less than 16 MiB" test $grown_kib -lt 16384
wait "$ping_pid"
check "packets went through all the while" grep -q ' 0% packet loss' "$tmp/ping"
kill -CONT "$ip_pid"
for i in {1..50}; do grep -q 'No buffer space' "$tmp/monitor" && break; sleep 0.1; done
check "going on, it is told that it missed something" grep -q 'No buffer space' "$tmp/monitor"
# As on Linux, what happens before it has read what was kept for it is part of the gap.
for i in {1..50}; do
    L run -- ip route replace 192.0.2.2/32 via 10.77.2.2
    grep -q 192.0.2.2 "$tmp/monitor" && break
    sleep 0.2
done
check "and hears what happens then" grep -q 192.0.2.2 "$tmp/monitor"
topo_end
