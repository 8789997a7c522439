#!/bin/bash
# top.sh LEAT LEATD: `leat top` in lines, as JSON, on a terminal; and what it costs the daemon.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
python3 "$here/frames.py" "$tmp/frames.pcap"
start_daemon
L() { "$leat" -n "$name" "$@"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }

check "top --batch prints its samples" bash -c '[ "$("$0" -n "$1" top -b -n 2 -d 0.2 | grep -c "^leat $1")" = 2 ]' "$leat" "$name"
before=$(ticks)
sleep 2
idle=$(($(ticks) - before)) before=$(ticks)
L top --batch -n 8 -d 0.25 >"$tmp/lines"
cost=$(($(ticks) - before))
check "eight looks in two seconds cost the daemon less than a hundredth of them ($cost ticks, $idle without)" [ $((cost - idle)) -le 2 ]

L dev add "generator:g0,file=$tmp/frames.pcap"
run ip link set g0 up
L top --json -n 3 -d 0.3 >"$tmp/json"
check "top --json is an object a line, with rates" python3 - "$tmp/json" "$name" <<'END'
import json, sys
d = [json.loads(l) for l in open(sys.argv[1])]
assert len(d) == 3, d
for s in d:
    assert s['name'] == sys.argv[2] and 0.2 < s['seconds'] < 3, s
    dev = {x['ifname']: x for x in s['devices']}
    assert dev['g0']['up'] and not dev['lo']['up'] and dev['g0']['rx_packets_per_s'] > 1000, dev
    assert any(x['packets_per_s'] > 1000 for x in s['nodes']), s['nodes']
    assert s['drops'][0]['count_per_s'] > 1000, s['drops']
    assert any(x['busy_turns_per_s'] > 0 for x in s['lcores'])
a, b = d[1]['devices'][0], d[2]['devices'][0]
assert abs(b['rx_packets'] - a['rx_packets'] - b['rx_packets_per_s'] * d[2]['seconds']) < 2, (a, b)
END
L top -b -n 2 -d 0.2 >"$tmp/lines"
check "its lines fit 80 columns" awk 'length > 80 { print; bad = 1 } END { exit bad }' "$tmp/lines"
check "and so does an interface's state" grep -qE '^lo +.* down$' "$tmp/lines"
check "what is counted is whole" bash -c 'grep -A 9 "^lcore" "$0" | grep -qE "^control +[0-9.k]+ +[0-9.k]+ +0$" && ! grep -E "[0-9]\.0%" "$0"' "$tmp/lines"
check "a filter leaves the rest out" bash -c '"$0" -n "$1" top -b -n 1 -d 0.1 -f g0 | tee "$2" | grep -q "^g0 " && ! grep -q "^lo " "$2"' "$leat" "$name" "$tmp/filtered"
check "sorted by name" bash -c '"$0" -n "$1" top --json -n 1 -d 0.1 -s name | python3 -c "import json, sys; n = [x[\"node\"] for x in json.load(sys.stdin)[\"nodes\"]]; assert n == sorted(n) and n"' "$leat" "$name"
check "a key that is none is told" says '^leat: top: -s takes rate, total or name, not x$' L top -s x
check "-n goes with --batch" says '^leat: top: -n goes with --batch$' L top -n 3
check "a terminal: keys, filter, pause, sizes, ends" python3 "$here/top.py" "$leat" "$name"
"$leat" -n "$name" top -b -d 0.1 >"$tmp/lines" 2>"$tmp/err" &
pid=$!
sleep 0.3
kill $daemon; wait $daemon 2>/dev/null; daemon=''
check "the end of the daemon is told" bash -c 'for i in {1..50}; do grep -q "went away\|top:" "$0" && exit; sleep 0.1; done; cat "$0"; exit 1' "$tmp/err"
wait $pid
exit $failed
