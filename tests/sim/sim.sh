#!/bin/bash
# sim.sh LEAT DIR THREE_NODES: `leat sim` on the files of DIR: outcomes, digests, captures, errors that are told.
. "$(dirname "$0")/../run/lib.sh"
dir=$2 three_nodes=$(readlink -f "$3")
unshare -Urn true 2>/dev/null || [ "$(id -u)" = 0 ] || skip "no user namespaces"

digest() { timeout 60 "$leat" sim "$@" | sed -n 's/.*digest //p'; }
same_ten_times() {
    local first i
    first=$(digest "$@") && [ -n "$first" ] || return 1
    for i in {1..9}; do
        [ "$(digest "$@")" = "$first" ] || return 1
    done
}
differs() { [ "$(digest "$1" --seed 1)" != "$(digest "$1" --seed 2)" ]; }
pings() { timeout 60 "$leat" sim "$@" | grep -E '^(ok|FAILED)'; }
same_outcome() { [ -n "$(pings "$1")" ] && [ "$(pings "$1")" = "$(pings "$1" --workers 3)" ]; }
refused() { # PATTERN TEXT
    printf '%b' "$2" >"$tmp/bad.sim"
    says "$1" "$leat" sim "$tmp/bad.sim" && status 2 "$leat" sim "$tmp/bad.sim"
}
# The command that a failure prints, run by a shell: the same failure, a trace and a capture.
sees_it_again() {
    local again
    again=$("$leat" sim "$tmp/fail.sim" --seed 9 | sed -n 's/.*to see it again: leat //p')
    (cd "$tmp" && PATH=$(dirname "$leat"):$PATH && eval "leat $again" >again.out)
    [ $? = 1 ] && grep -q '^0.000000 #1 a: ip4-output DROP ip-no-route' "$tmp/again.out" && [ -s "$tmp"/fail-9/1-*.pcapng ]
}
same_with_trace() { [ "$(digest "$dir/faults.sim")" = "$(digest "$dir/faults.sim" --trace '')" ]; }
# The first request from a to b and back, over two wires; times never go back.
traced() {
    "$leat" sim "$dir/three-nodes.sim" --trace icmp | grep -E '^[0-9]+\.[0-9]{6} #' >"$tmp/trace" || return 1
    sort -c -n -s -k1,1 "$tmp/trace" && [ "$(sed -n 's/^[^ ]* #1 wire \(. -> .\) .*/\1/p' "$tmp/trace" | tr '\n' ' ')" = \
        '1 -> r 2 -> b 2 -> r 1 -> a ' ] && grep -q ' #1 r: ip4-forward -> ' "$tmp/trace" &&
        grep -q ' wire 2 DROP loss | r:eth1 > b:eth0, 98 bytes | ' "$tmp/trace" &&
        tail -n 1 "$tmp/trace" | grep -q ' a: sim-reply4 DROP icmp-done'
}
# What chance did, copied into the file, is the same run.
chance_becomes_script() {
    "$leat" sim "$dir/chaos.sim" --seed 3 >"$tmp/chaos.out" || return 1
    { grep -v '^chaos ' "$dir/chaos.sim"; grep '^at ' "$tmp/chaos.out"; } >"$tmp/scripted.sim"
    [ "$(grep -c '^at ' "$tmp/chaos.out")" -ge 50 ] &&
        [ "$(digest "$tmp/scripted.sim" --seed 3)" = "$(sed -n 's/.*digest //p' "$tmp/chaos.out")" ]
}
# A line of the file takes over what chance has broken; chance breaks nothing but what it was asked to, and ends in time.
chance_is_overruled() {
    printf 'node a b\nwire a:x b:x up\nchaos 1s 9s every 100ms cut\nat 5s wire 1 cut\nat 20s wire 1 heal\n' >"$tmp/over.sim"
    "$leat" sim "$tmp/over.sim" >"$tmp/over.out" || return 1
    grep -q '^at [1-4]\..* wire 1 cut' "$tmp/over.out" && ! grep -qE '^at ([5-9]|1.)\..* heal' "$tmp/over.out" &&
        [ "$(grep '^at ' "$tmp/over.out" | grep -cvE ' wire 1 (cut|heal)$')" = 0 ]
}
# Several lines of one instant, of several nodes and both families, are each heard, in their order.
instant_is_told_whole() {
    printf '%s\n' 'node a b' 'wire a:x b:x up' 'a ip address add 10.0.0.1/24 dev x' 'at 1s a ip route add 10.1.0.0/16 via 10.0.0.2' \
        'at 1s b ip -6 rule add from fd00::/16 table 9' 'at 1s a ip route add 10.2.0.0/16 via 10.0.0.2' 'at 1s a ip -6 rule add from fd00::/16 table 9' \
        'at 1s a ip route replace 10.2.0.0/16 dev x' 'at 2s a ip route del 10.2.0.0/16 dev x' 'at 2s a ip route del 10.1.0.0/16' \
        'at 2s a ip -6 rule del from fd00::/16 table 9' 'at 2s b ip -6 rule del from fd00::/16 table 9' >"$tmp/instant.sim"
    status 0 "$leat" sim "$tmp/instant.sim"
}
frames() { tshark -r "$1" -Y "$2" 2>/dev/null | wc -l; }
# 100 requests leave a, and what arrives at r is inbound there, 5 ms later; one of them is lost on the second wire.
readable() {
    local first second
    "$leat" sim "$dir/three-nodes.sim" --pcap "$tmp/pcap" >/dev/null || return 1
    first=$tmp/pcap/1-a.eth0-r.eth0.pcapng second=$tmp/pcap/2-r.eth1-b.eth0.pcapng
    [ "$(find "$tmp/pcap" -type f | wc -l)" = 2 ] && [ -s "$first" ] && [ -s "$second" ] || return 1
    command -v tshark >/dev/null && command -v capinfos >/dev/null || return 0
    says 'Name = r:eth0' capinfos "$first" && says 'Time precision = microseconds' capinfos "$first" &&
        says 'Capture comment: *seed 1$' capinfos "$first" || return 1
    [ "$(frames "$first" 'icmp.type == 8 && frame.interface_name == "a:eth0" && frame.packet_flags_direction == 2')" = 100 ] &&
        [ "$(frames "$first" 'icmp.type == 8 && frame.interface_name == "r:eth0" && frame.packet_flags_direction == 1')" = 100 ] &&
        [ "$(frames "$second" 'icmp.type == 8 && frame.interface_name == "b:eth0" && frame.packet_flags_direction == 1')" = 99 ] &&
        [ "$(frames "$first" _ws.malformed)" = 0 ] && [ "$(frames "$second" _ws.malformed)" = 0 ]
}

for f in "$dir"/*.sim; do
    check "$(basename "$f")" timeout 60 "$leat" sim "$f"
    check "$(basename "$f"): three workers, same outcome" same_outcome "$f"
done
for seed in 1 2 3 4 5; do check "chaos by seed $seed ends whole" timeout 60 "$leat" sim "$dir/chaos.sim" --seed $seed; done
check "lines of one instant are all told" instant_is_told_whole
check "a random schedule can be made a scripted one" chance_becomes_script
check "and the file has the last word" chance_is_overruled
check "ten runs, one digest" same_ten_times "$dir/three-nodes.sim"
check "from C it is the same run" says "digest $(digest "$dir/three-nodes.sim")\$" "$three_nodes" "$leat"
check "another seed, another digest where loss matters" differs "$dir/three-nodes.sim"
check "captures are readable and well formed" readable
printf 'node a\nnode b\nwire a:x b:x\nping a 10.0.0.1\nexpect ping a 10.0.0.1 received 1\n' >"$tmp/fail.sim"
check "what fails says how to see it again" \
    says "leat sim $tmp/fail.sim --seed 9 --trace 'host 10.0.0.1' --pcap fail-9\$" "$leat" sim "$tmp/fail.sim" --seed 9
check "and that command does" sees_it_again
check "a traced run is the same run" same_with_trace
check "what a trace shows, in the order of time" traced
check "a bad filter is told" says '^cannot trace "nonsense": ' "$leat" sim "$tmp/fail.sim" --trace nonsense
check "and its status is 1" status 1 "$leat" sim "$tmp/fail.sim"
check "an unknown word is told with its line" refused 'bad.sim:2: "foo" starts no line; what does: node, wire, ' '\nfoo bar\n'
check "an unknown node is told" refused 'bad.sim:1: there is no node "x"; `node x` makes one' 'ping x 10.0.0.1\n'
check "a wire's bad value is told" refused 'bad.sim:3: loss: "2" does not fit, it is a chance' 'node a\nnode b\nwire a:x b:x loss 2\n'
check "an unknown setting is told" refused 'bad.sim:2: a wire has no "los"; it has up, ' 'node a b\nwire a:x b:x los 2%\n'
check "what ip refuses is told with its line" refused 'bad.sim:3: ip refuses "a ip link set nosuch up": Cannot find device' \
    'node a\na ip link set lo up\na ip link set nosuch up\n'
check "and nothing else is said" [ "$(timeout 20 "$leat" sim "$tmp/bad.sim" 2>&1 | wc -l)" = 1 ]
check "a bad address is told" refused 'bad.sim:2: cannot ping "10.0.0" from 1.2.3.4: addresses are written' \
    'node a\nping a 10.0.0 from 1.2.3.4\n'
check "a bad port is told" refused 'bad.sim:2: "a:0" is not NODE:PORT' 'node a\nudp a a:0\n'
check "chaos backwards is told" refused 'bad.sim:1: chaos lasts from one time to a later one' 'chaos 5s 4s\n'
check "a number of workers that cannot be is told" refused 'bad.sim:1: usage: node NAME... .workers N., where N is 1 to 16' \
    'node a workers 17\n'
check "what cannot be read is told" says "^$tmp: Is a directory" "$leat" sim "$tmp"
check "and its status is 2" status 2 "$leat" sim "$tmp"
no_pcap() { "$leat" sim "$dir/three-nodes.sim" --pcap /proc/none 2>&1; }
check "captures that cannot be are told in a line" [ "$(no_pcap)" = \
    "$dir/three-nodes.sim:2: cannot make the wire: /proc/none/1-a.eth0-r.eth0.pcapng: No such file or directory" ]
check "no file is told" says '^leat: sim: no file' "$leat" sim
exit $failed
