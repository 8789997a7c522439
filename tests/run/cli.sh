#!/bin/bash
# cli.sh LEAT LEATD: every command of `leat` against a daemon with a stack of one loopback.
. "$(dirname "$0")/lib.sh"
start_daemon
mkdir -m 700 "$tmp/save" # the client writes, with its own rights
L() { "$leat" -n "$name" "$@"; }
json() { # COMMAND... -- PYTHON: its output is JSON (d) of which the expression holds
    local out
    out=$("${@:1:$#-2}" --json) || return 1
    python3 -c 'import json, sys; d = json.loads(sys.argv[1]); assert eval(sys.argv[2]), d' "$out" "${*: -1}"
}

check "dev shows the loopback" says '^1: lo: loopback, .*mtu 65536' L dev
check "dev lo" says '^1: lo' L dev lo
check "dev --json" json L dev -- 'd[0]["ifname"] == "lo" and d[0]["mtu"] == 65536 and d[0]["rx_packets"] == 0'
check "dev of no device is refused in a line" status 1 L dev nosuch
check "dev add of no kind is refused in a line" says '^leat: ' L dev add nosuch:x0
check "dev add needs a colon" says 'is not KIND:IFNAME' L dev add x0
check "graph prints nodes and edges" says '^    -> ' L graph
check "graph --dot" says '^digraph leat' L graph --dot
check "graph --json" json L graph -- 'any(n["edges"] for n in d)'
check "stats" says '^memory account' L stats
check "stats --json" json L stats -- "d['stack']['name'] == '$name' and d['memory'] and d['lcores'] and d['nodes']"
check "drops is empty at first" json L drops -- 'd == [] or all(x["count"] for x in d)'
check "drops -a explains every reason" says 'no-module +[a-z]' L drops -a
check "save writes a file" L save "$tmp/save/d"
check "which is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/save/d"
check "save to no directory is refused in a line" says '^leat: save: /nosuch/x: ' L save /nosuch/x
check "trace refuses a filter that is none" says '^leat: trace: .*syntax' L trace not a filter
check "trace runs until it is ended" status 124 timeout 0.5 "$leat" -n "$name" trace icmp
check "a second trace runs after it" status 124 timeout 0.5 "$leat" -n "$name" trace
check "an unknown command is told" says '^leat: unknown command' "$leat" nosuch
check "no daemon is told" says '^leat: no daemon named lt-none' "$leat" -n lt-none dev
for c in run dev graph stats drops trace save; do
    check "$c --help" says '^Usage: leat .*'"$c" "$leat" "$c" --help
done
exit $failed
