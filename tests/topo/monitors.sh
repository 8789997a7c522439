#!/bin/bash
# monitors.sh BUILD CROWD [CHANGES]: a hundred listeners that are stopped, then a hundred that read a datagram a second between them, while
# routes come and go: whoever else asks is answered in his turn, leatd works for them up to what their
# buffers hold and no longer, its memory is bounded by these, no packet is lost; those that missed something are told.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=$1 crowd=$2 changes=${3:-40000}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=monitors$$ crowded=100

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
check "leatd starts" start_leatd "$name"
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "everybody knows everybody" ns_exec client ping -n -q -c 3 -i 0.1 -W 2 10.77.2.2

cpu_ms() { awk '{ ns += $1 } END { printf "%d\n", ns / 1000000 }' "/proc/$leatd_pid/task/"*/schedstat; }
clients_kib() { L stats --json | python3 -c 'import json, sys; print(sum(m["used_bytes"] for m in json.load(sys.stdin)["memory"] if m["account"] == "clients") // 1024)'; }
descriptors() { find "/proc/$leatd_pid/fd" -mindepth 1 | wc -l; }
churn() { # sets worst, asked, spent_ms
    local cpu
    cpu=$(cpu_ms)
    "$crowd" "$name" churn "$1" >"$tmp/churn" || { cat "$tmp/churn"; return 1; }
    spent_ms=$(($(cpu_ms) - cpu))
    worst=$(sed -n 's/.*; \([0-9]*\) between.*/\1/p' "$tmp/churn")
    asked=$(sed -n 's/.*; \([0-9]*\) questions.*/\1/p' "$tmp/churn")
    cat "$tmp/churn"
}
begin() { # HOW
    rm -f "$tmp/fifo"
    mkfifo "$tmp/fifo"
    "$crowd" "$name" listen $crowded "$1" <"$tmp/fifo" >"$tmp/listen" 2>&1 &
    listening=$!
    children+=("$listening")
    exec 7>"$tmp/fifo"
    local i
    for i in {1..100}; do grep -q listening "$tmp/listen" && return; sleep 0.05; done
    return 1
}
end() { exec 7>&-; wait $listening; }

churn 2000 >/dev/null # what is made at first
check "$changes changes with nobody listening" churn "$changes"
alone_ms=$spent_ms alone_worst=$worst fds=$(descriptors) kib=$(clients_kib)
echo "   ($alone_ms ms of leatd's; at most $worst changes between a question and its answer, $asked questions)"

for how in stopped slow; do
    say "$crowded listeners, $how"
    begin $how
    check "they listen" grep -q listening "$tmp/listen"
    ns_spawn client "$tmp/ping" ping -n -q -i 0.01 10.77.2.2
    pinging=$!
    # What their buffers hold, some 600 messages each, is copied for each of them, once; what follows costs no more than with nobody there.
    churn $((changes / 10)) >/dev/null
    filling_ms=$spent_ms
    check "$changes changes" churn "$changes"
    echo "   ($filling_ms ms to fill them up, then $spent_ms ms; at most $worst changes between, $asked questions)"
    # leatd takes up to 16 datagrams, of 50 changes here, of one client before it is another's turn.
    check "a question is answered after few changes: $worst, alone $alone_worst" test "$worst" -le 2000
    check "and many are: $asked" test "$asked" -ge 50
    check "leatd works no more than with nobody listening: $spent_ms ms, $alone_ms ms" test "$spent_ms" -lt $((alone_ms * 2 + 200))
    held=$(($(clients_kib) - kib))
    check "what is kept for them is bounded: $held KiB" test $held -lt $((crowded * 700))
    check "leat and ip are answered" eval 'L dev l0 >"$tmp/out" && L run -- ip -o link show l0 >"$tmp/out"'
    kill -INT $pinging
    wait $pinging
    check "no ping was lost: $(grep -o '[0-9]* packets.*loss' "$tmp/ping")" grep -q ' 0% packet loss' "$tmp/ping"
    end
    cat "$tmp/listen"
    check "all were told that they missed something" grep -q "^$crowded of $crowded were told" "$tmp/listen"
    gone() { [ "$(descriptors)" -le "$fds" ] && [ "$(clients_kib)" -le $((kib + 64)) ]; }
    for i in {1..50}; do gone && break; sleep 0.1; done
    check "nothing of them stays behind" gone
done
topo_end
