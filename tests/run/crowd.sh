#!/bin/bash
# crowd.sh LEAT LEATD CROWD [RUNS]: a thousand tools at once; and what is heard where there are more than there may be.
. "$(dirname "$0")/lib.sh"
crowd=$(readlink -f "$3") runs=${4:-24}
# A sanitizer's process is ten times as large.
grep -q -e __asan_init -e __tsan_init "$leatd" && small=yes || small=''

answered() { # N OF: that many of so many clients at once
    "$crowd" "$name" ask "$2" >"$tmp/asked" || return 1
    cat "$tmp/asked"
    grep -qx "$1 answered" "$tmp/asked"
}
clients_gone() { # none of theirs stays behind: descriptors are as they were
    local i
    for i in {1..50}; do
        now=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
        [ "$now" -gt "$fds" ] || return 0
        sleep 0.1
    done
    echo "$fds descriptors before, $now now"
    return 1
}
ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }

ulimit -Sn 1024 # as most systems begin
start_daemon
awk 'BEGIN { print "link set lo up"; for (i = 0; i < 2000; i++) printf "route add 198.18.%d.%d/32 dev lo\n", i / 250, i % 250 }' >"$tmp/batch"
check "2000 routes" run ip -batch "$tmp/batch"
fds=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
check "a thousand clients in the middle of a dump, all answered" answered 1000 1000
check "nothing of them stays behind" clients_gone
thousand_ips() { # one run, a thousand times ip
    run_long bash -c 'for i in {1..1000}; do ip -o link show lo & done >"$0" 2>&1; wait' "$tmp/ips"
    [ "$(grep -c '^1: lo:' "$tmp/ips")" = 1000 ] || { grep -v '^1: lo:' "$tmp/ips" | sort | uniq -c; return 1; }
}
run_long() { timeout 300 "$leat" run -n "$name" -- "$@"; }
[ -n "$small" ] || check "a thousand ips in one leat run" thousand_ips
many_runs() {
    local i
    for ((i = 0; i < runs; i++)); do run_long ip -o link show lo & done >"$tmp/runs" 2>&1
    wait $(jobs -p | grep -vx "$daemon")
    [ "$(grep -c '^1: lo:' "$tmp/runs")" = "$runs" ] || { grep -v '^1: lo:' "$tmp/runs" | sort | uniq -c; return 1; }
}
check "$runs leat runs at once" many_runs
explains=$((runs * 4))
many_explains() { # more than leatd explains at a time: they wait for each other
    local i
    for ((i = 0; i < explains; i++)); do "$leat" -n "$name" explain to 127.0.0.1 >"$tmp/explain.$i" 2>&1 & done
    wait $(jobs -p | grep -vx "$daemon")
    [ "$(grep -l 'ip4-output' "$tmp"/explain.* | wc -l)" = $explains ] || { cat "$tmp"/explain.* | sort | uniq -c | head -n 20; return 1; }
}
check "$explains leat explains at once" many_explains
check "nothing of all these stays behind" clients_gone

# More than there may be: some 50 descriptors left for clients, who take two each.
kill "$daemon"
wait "$daemon" 2>/dev/null
printf '#!/bin/sh\nexec prlimit --nofile=64:64 "%s" "$@"\n' "$leatd" >"$tmp/leatd64"
chmod +x "$tmp/leatd64"
leatd=$tmp/leatd64
start_daemon
run true
fds=$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)
mkfifo "$tmp/fifo"
"$crowd" "$name" listen 100 stopped <"$tmp/fifo" >"$tmp/listen" 2>&1 &
crowded=$!
exec 7>"$tmp/fifo"
for i in {1..100}; do [ -s "$tmp/listen" ] && break; sleep 0.05; done
check "a hundred come to a daemon of 64 descriptors: some listen" grep -q listening "$tmp/listen"
refused_in_a_line() { # COMMAND...
    ! "$@" >"$tmp/out" 2>"$tmp/err" && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "$said" "$tmp/err" || { cat "$tmp/err"; return 1; }
}
said='serves as many clients as it can: try again when one has gone'
check "leat is refused in a line" refused_in_a_line timeout 10 "$leat" -n "$name" dev
said='Too many open files'
check "so is ip" refused_in_a_line timeout 10 "$leat" run -n "$name" -- ip link
before=$(ticks)
sleep 1
check "leatd sleeps meanwhile" test $(($(ticks) - before)) -lt 10
check "it has said so, in one line" eval '[ "$(grep -c "more are refused until one goes" "$tmp/leatd.log")" = 1 ] || { cat "$tmp/leatd.log"; false; }'
exec 7>&-
wait $crowded
check "those who were refused know why" eval 'grep -q "refused: Too many open files" "$tmp/listen" && ! grep -q "Broken pipe\|reset" "$tmp/listen" || { cat "$tmp/listen"; false; }'
check "when they have gone all is as before" eval 'clients_gone && says "lo: loopback" "$leat" -n "$name" dev && says "^1: lo" run ip link'
exit $failed
