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
check "dev add of no name is refused in a line" says 'is not KIND:IFNAME' L dev add tap:
check "dev add needs a device" says '^leat: dev add: give one device' L dev add
check "dev of no option is refused in a line" says '^leat: dev: unknown option --x' L dev --x
check "graph in one form at a time" says '^leat: graph: choose --dot or --json' L graph --dot --json
check "-n needs a name" says '^leat: -n needs a value ' "$leat" -n
check "leatd --version" says '^leatd [0-9.]+$' "$leatd" --version
check "graph prints nodes and edges" says '^    -> ' L graph
check "graph --dot" says '^digraph leat' L graph --dot
check "graph --json" json L graph -- 'any(n["edges"] for n in d)'
check "stats" says '^memory account' L stats
check "stats --json" json L stats -- "d['stack']['name'] == '$name' and d['memory'] and d['lcores'] and d['nodes']"
check "drops is empty at first" json L drops -- 'd == [] or all(x["count"] for x in d)'
check "drops -a explains every reason" says 'no-module +[a-z]' L drops -a
check "save writes a file" L save "$tmp/save/d"
check "which is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/save/d"
chmod 666 "$tmp/save/d" && ln -s d "$tmp/save/link" && mkfifo "$tmp/save/pipe"
check "save through a link leaves the link" L save "$tmp/save/link"
check "and makes a file of one's own of what it leads to" bash -c '[ -L "$0/link" ] && [ "$(stat -c %a "$0/d")" = 600 ] && [ "$(ls "$0" | wc -l)" = 3 ]' "$tmp/save"
check "save writes to a pipe" bash -c 'timeout 10 "$1" -n "$2" save "$0" & timeout 10 python3 -m json.tool "$0" >/dev/null && wait && [ -p "$0" ]' "$tmp/save/pipe" "$leat" "$name"
check "save to a full device is refused in a line" says '^leat: save: /dev/full: No space' L save /dev/full
check "which is still there" [ -c /dev/full ]
check "what cannot be written is no success" status 1 bash -c '"$1" -n "$2" stats >/dev/full' - "$leat" "$name"
check "save to no directory is refused in a line" says '^leat: save: /nosuch/x: ' L save /nosuch/x
check "trace refuses a filter that is none" says '^leat: trace: .*syntax' L trace not a filter
check "trace runs until it is ended" status 124 timeout 0.5 "$leat" -n "$name" trace icmp
check "a second trace runs after it" status 124 timeout 0.5 "$leat" -n "$name" trace
check "sysctl shows one" says '^net.ipv4.ip_forward = 1$' L sysctl net.ipv4.ip_forward
check "sysctl -w sets it, and says so" says '^net.ipv4.ip_forward = 0$' L sysctl -w net.ipv4.ip_forward=0
check "which holds" says '^0$' L sysctl -n net/ipv4/ip_forward
check "and is told by ip" bash -c '"$1" -n "$2" run -- ip -4 netconf show dev lo | grep -q "forwarding off"' - "$leat" "$name"
check "sysctl with a beginning of names shows what is below it" says '^net.ipv6.neigh.lo.retrans_time_ms = 1000$' L sysctl net.ipv6.neigh
check "sysctl -a is sorted" bash -c '"$1" -n "$2" sysctl -aN | LC_ALL=C sort -c' - "$leat" "$name"
check "sysctl -d explains" says '^    time to live .*; 1 to 255, at first 64$' L sysctl -d net.ipv4.ip_default_ttl
check "and words, which there are" says "of: reno cubic bic dctcp bbr, at first cubic\$" L sysctl -d net.ipv4.tcp_congestion_control
check "sysctl --json" json L sysctl -a -- 'len(d) > 40 and all(x["help"] and x["module"] for x in d)'
check "sysctl takes pairs" says '^net.ipv4.ip_local_port_range = 2000 3000$' L sysctl "net.ipv4.ip_local_port_range=2000 3000"
printf '# comment\nnet.ipv4.ip_default_ttl = 33\n-net.none = 1\n\nnet/ipv4/ip_forward=1\n' >"$tmp/sysctl.conf"
check "sysctl -p reads a file" status 0 L sysctl -p "$tmp/sysctl.conf"
check "all of it" says '^33$' L sysctl -n net.ipv4.ip_default_ttl
check "sysctl of no such name is refused in a line" says '^leat: net.none: there is no such setting' L sysctl net.none=1
check "and has a status of its own" status 1 L sysctl net.none
check "but for -e" status 0 L sysctl -e net.none=1
check "sysctl of a bad value is refused in a line" says '^leat: net.ipv4.ip_default_ttl: 0 is not between 1 and 255$' L sysctl net.ipv4.ip_default_ttl=0
check "sysctl of no number is refused in a line" says '^leat: net.ipv4.ip_default_ttl takes a number, not "x"$' L sysctl net.ipv4.ip_default_ttl=x
check "settings are saved" bash -c '"$1" -n "$2" save "$3/s" && grep -q "\"net.ipv4.ip_default_ttl\": \"33\"" "$3/s"' - "$leat" "$name" "$tmp/save"
check "a name behind sysctl -n is told where it goes" says "name goes before: leat -n $name sysctl" "$leat" -n "$name" sysctl -n "$name" net.ipv4.ip_forward
check "and without its daemon" says 'name goes before: leat -n r1 sysctl' "$leat" sysctl -n r1 net.ipv4.ip_forward
check "behind top -n, too" says 'name goes before: leat -n r1 top' "$leat" top -n r1
check "trace refuses a count that is none" says '^leat: trace: -c takes a number of packets, 1 or more, not x$' L trace -c x
check "explain wants a packet" says '^leat: explain: which packet' L explain
check "explain tells what is no word" says '^leat: explain: what is "ttl5"' L explain to 10.0.0.1 ttl5
check "explain tells what is no value" says '^leat: explain: "ttl 256" is not understood' L explain to 10.0.0.1 ttl 256
check "explain tells addresses of two families" says '^leat: explain: "to ::1" is not understood' L explain from 10.0.0.1 to ::1
check "explain tells what is missing" says '^leat: explain: where does it go' L explain udp
check "explain tells bytes that are none" says 'no row of bytes' L explain hex 45 4g
check "explain tells a file that is none" says '^leat: explain: .*/nosuch' L explain pcap /nosuch
check "explain finds that there is no route" says 'DROP ip-no-route' L explain to 10.9.9.9 udp dport 9
check "an unknown command is told" says '^leat: unknown command' "$leat" nosuch
check "no daemon is told" says '^leat: no daemon named lt-none' "$leat" -n lt-none dev
check "and which ones run" says "; running: .*$name" "$leat" -n lt-none dev
check "those are what completion offers" bash -c '"$1" --complete "leat -n " | grep -qx "$2"' - "$leat" "$name"
for c in run dev graph stats drops trace explain capture sysctl save; do
    check "$c --help" says '^Usage: leat .*'"$c" "$leat" "$c" --help
done
exit $failed
