#!/bin/bash
# full.sh LEAT LEATD: a daemon whose memory is used up by routes says so, can be asked, and be relieved.
. "$(dirname "$0")/lib.sh"
"$leatd" --name "$name" --budget 16 >"$tmp/leatd.log" 2>&1 </dev/null &
daemon=$!
for i in {1..100}; do grep -qs ready "$tmp/leatd.log" && break; sleep 0.05; done
awk 'BEGIN { print "link set lo up"; for (i = 0; i < 200000; i++) printf "route add 10.%d.%d.%d/32 dev lo\n", i / 65536, i / 256 % 256, i % 256 }' >"$tmp/batch"

says_no_memory() { run_long ip -batch "$tmp/batch" >"$tmp/said" 2>&1; grep 'Cannot allocate memory' "$tmp/said"; }
run_long() { timeout 120 "$leat" run -n "$name" -- "$@"; }
n_routes() { run_long ip route | wc -l; }
check "the route that finds no memory is refused by that name" says_no_memory
full=$(n_routes)
check "all others are there ($full), and can be listed" test "$full" -gt 10000
refusals_are_told() { "$leat" -n "$name" stats | awk -v n="$name" '$1 == n && $5 > 0 { ok = 1 } END { exit !ok }'; }
check "statistics are told, the refusals among them" refusals_are_told
check "many can ask at once" bash -c 'for i in {1..16}; do "$0" run -n "$1" -- ip link >/dev/null & p="${p-} $!"; done; for i in $p; do wait $i || exit 1; done' "$leat" "$name"
relieved() { run_long ip route flush root 10.0.0.0/16 && run ip route add 192.0.2.0/24 dev lo && [ "$(n_routes)" -lt "$full" ]; }
check "routes can be taken away, and then added" relieved
check "the daemon lives" kill -0 "$daemon"
exit $failed
