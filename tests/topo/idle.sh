#!/bin/bash
# idle.sh BUILD [af_packet|af_xdp]: leatd starts within a second, holds no rights, and costs under 1 % of a CPU while nothing happens.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=idle$$
export LEAT_RUNDIR
seconds=5

topo_start "${2:-af_packet}"
LEAT_RUNDIR=$tmp/run
cpu_ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; } # utime + stime, children left out

say "without devices"
: >"$tmp/out0"
start=$(date +%s%N)
"$leatd" --name "$name-0" >"$tmp/out0" 2>>"$tmp/leatd.log" &
p=$!
children+=("$p")
for i in {1..100}; do grep -qx ready "$tmp/out0" && break; sleep 0.01; done
took_ms=$((($(date +%s%N) - start) / 1000000))
check "ready within a second ($took_ms ms)" test $took_ms -lt 1000
check "one line on stdout" eval '[ "$(wc -l <"$tmp/out0")" = 1 ]'
kill "$p"

say "with two interfaces and three workers"
check "leatd starts" start_leatd "$name" --workers 3
check "it runs as somebody else" eval '[ "$(stat -c %u "/proc/$leatd_pid")" != 0 ] || [ "$(awk "/^Uid/ { print \$2 }" "/proc/$leatd_pid/status")" != 0 ]'
check "without capabilities" eval '[ "$(awk "/^Cap(Prm|Eff|Bnd|Amb)/ { print \$2 }" "/proc/$leatd_pid/status" | sort -u)" = 0000000000000000 ]'
check "and cannot get any" grep -q "NoNewPrivs:.*1" "/proc/$leatd_pid/status"
sleep 1
before=$(cpu_ticks "$leatd_pid")
sleep $seconds
used=$(($(cpu_ticks "$leatd_pid") - before))
limit=$((seconds * $(getconf CLK_TCK) / 100))
check "idle: $used ticks of CPU in $seconds s, under $limit" test "$used" -lt "$limit"
topo_end
