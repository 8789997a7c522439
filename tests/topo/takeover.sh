#!/bin/bash
# takeover.sh BUILD [af_packet|af_xdp|tap|user] [WORKERS] [TIMES]: a leatd takes the place of the one that runs, TIMES times over, while packets
# flow: none is lost, the interfaces are never given back to the kernel in between, who listens to netlink goes on listening, who has
# a request under way gets its answer, and what is configured stays. One that is killed on its way changes nothing.
set -uo pipefail
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=${1:-$top/build} over=${2:-af_packet} workers=${3:-1} times=${4:-20}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
# shellcheck source=tests/topo/lib.sh
. "$top/tests/topo/lib.sh"
name=takeover$$
topo_start "$over"
# Room for what arrives while, on a busy machine, nobody is given a processor: that is not what is looked at here.
[ "$over" != af_packet ] || leatd_dev_opts=,vnet=0,slots=4096
[ "$over" != af_xdp ] || offloads_off=1 # sums that a card would make are none there
start_leatd "$name" --workers "$workers" || { fail "leatd did not say ready"; topo_end; }
L() { user_exec "$leat" -n "$name" "$@"; }
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' 'route add 192.0.2.0/24 via 10.77.2.2 metric 7' \
    'link add d0 type dummy' 'link set d0 alias "stays as it is"' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
sleep 2.5 # link-local addresses have passed duplicate detection by then
check "ping before" ping_all client 10.77.2.2 3
check "ping6 before" ping_all client fd77:2::2 3

state() {
    L run -- ip -o address
    L run -- ip route show table all
    L run -- ip -6 route show table all
    L run -- ip -o link show d0
}
# What makes them deaf and mute, with the id of the helper that did it: were they given back meanwhile, it would be another.
held() { local d; for d in l0 l1; do ns_exec leat tc filter show dev $d ingress; ns_exec leat tc filter show dev $d egress; done; }
rx_packets() { L run -- ip -s -j link show l0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'; }
# The old one ends by itself, and with status 0.
take_over() { # OPTIONS...
    local i old=$leatd_pid new
    : >"$tmp/leatd.out"
    if [ "$over" = user ]; then
        user_exec_bg "$leatd" --user --name "$name" --workers "$workers" --take-over "$@" >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    else
        "$leatd" --name "$name" --workers "$workers" --take-over "$@" >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    fi
    new=$!
    for i in {1..100}; do
        grep -qx ready "$tmp/leatd.out" && break
        kill -0 "$new" 2>/dev/null || { wait "$new"; return 1; }
        sleep 0.05
    done
    grep -qx ready "$tmp/leatd.out" || return 1
    leatd_pid=$new ns_pid_leat=$new
    wait "$old"
}
take_over_many() { local i; for ((i = 0; i < times; i++)); do take_over || return 1; done; }

# --- those who are there before and after
ns_pid=$leatd_pid
if [ "$over" = user ]; then
    user_exec_bg "$leat" -n "$name" run -- ip monitor link >"$tmp/monitor" 2>&1 </dev/null &
else
    "$leat" -n "$name" run -- ip monitor link >"$tmp/monitor" 2>&1 </dev/null &
fi
children+=("$!")
commands() { echo 'link show d0'; until [ -e "$tmp/go" ]; do sleep 0.1; done; echo 'link show d0'; }
commands | user_exec "$leat" -n "$name" run -- ip -batch - >"$tmp/batch.out" 2>&1 &
batch=$!

# --- traffic: a ping each 2 ms in both families, and a stream of numbered datagrams
ns_spawn server "$tmp/got" python3 "$top/tests/topo/stream.py" receive 10.77.2.2
sleep 0.3
state >"$tmp/before"
held >"$tmp/held-before"
rx_before=$(rx_packets)
ns_spawn client "$tmp/ping4" ping -n -q -i 0.002 10.77.2.2
ping4=$!
ns_spawn client "$tmp/ping6" ping -n -q -i 0.002 fd77:2::2
ping6=$!
ns_spawn client "$tmp/sent" python3 "$top/tests/topo/stream.py" send 10.77.2.2 2000
stream=$!
sleep 0.5
check "its place is taken $times times" take_over_many
sleep 0.5
kill -INT "$ping4" "$ping6"
kill -TERM "$stream"
wait "$ping4" "$ping6" "$stream"
sleep 0.3
nothing_lost() { # FILE
    cat "$1"
    awk '/packets transmitted/ { ok = $1 > 300 && $1 - $4 <= 1 } END { exit !ok }' "$1" # the last may be under way when ping ends
}
check "no ping was lost" nothing_lost "$tmp/ping4"
check "no ping6 was lost" nothing_lost "$tmp/ping6"
stream_whole() {
    local sent i
    sent=$(awk '{ print $2 }' "$tmp/sent")
    for i in {1..30}; do grep -qx "received $sent" "$tmp/got" && break; sleep 0.1; done
    cat "$tmp/sent" "$tmp/got"
    L drops
    [ "$sent" -gt 1000 ] && awk -v n="$sent" '{ got = $2 } END { exit !(got == n) }' "$tmp/got"
}
check "no datagram of the stream was lost" stream_whole
check "addresses, routes, the dummy are as they were" diff "$tmp/before" <(state)
case $over in
    af_packet | af_xdp)
        check "the interfaces were held all the time" diff "$tmp/held-before" <(held)
        check "and are held" test -s "$tmp/held-before"
        ;;
esac
rx_after=$(rx_packets)
check "counters continue ($rx_before, then $rx_after)" test "$rx_after" -ge $((rx_before + 1000))

# --- who was there
L run -- ip link set d0 mtu 1234
touch "$tmp/go"
wait "$batch"
batch_goes_on() { cat "$tmp/batch.out"; [ "$(grep -c 'd0: ' "$tmp/batch.out")" = 2 ] && grep -q 'mtu 1234' "$tmp/batch.out"; }
check "a program that has its socket open asks on, and is answered" batch_goes_on
monitor_hears() { local i; for i in {1..20}; do grep -q 'd0: .*mtu 1234' "$tmp/monitor" && return; sleep 0.1; done; cat "$tmp/monitor"; return 1; }
check "ip monitor hears of what happens now" monitor_hears
configures() { L run -- ip route add 198.51.100.0/24 via 10.77.2.2 && L run -- ip route get 198.51.100.1 | grep -q 'dev l1'; }
check "it can be configured" configures

# --- what goes wrong changes nothing
goes_on() { kill -0 "$leatd_pid" && ping_all client 10.77.2.2 3 && L run -- ip link show d0; }
killed_on_its_way() { # SECONDS
    local new
    if [ "$over" = user ]; then
        user_exec_bg "$leatd" --user --name "$name" --take-over >"$tmp/killed" 2>&1 </dev/null &
    else
        "$leatd" --name "$name" --workers "$workers" --take-over >"$tmp/killed" 2>&1 </dev/null &
    fi
    new=$!
    sleep "$1"
    kill -9 "$new"
    wait "$new" 2>/dev/null
    ! grep -qx ready "$tmp/killed"
}
case $over in user) socket=$tmp/run/$name.sock ;; *) socket=${LEAT_RUNDIR:-/run/leat}/$name.sock ;; esac
for step in 1 2 3 4; do
    check "one that ends halfway, after step $step, changes nothing" user_exec python3 "$top/tests/topo/halfway.py" "$socket" "$step"
    check "  (it goes on)" goes_on
done
for ms in 001 003; do
    check "one that is killed after $ms ms changes nothing" killed_on_its_way 0.$ms
    check "  (it goes on)" goes_on
done
check "then its place is taken all the same" take_over
check "and all goes on" goes_on
refused() { ! take_over_alone "$@" && cat "$tmp/refused" && grep -q "$wanted" "$tmp/refused"; }
take_over_alone() { user_exec "$leatd" --take-over "$@" >"$tmp/refused" 2>&1; }
wanted='no leatd named'
check "nobody to take over from is said" refused --name "no$name"
check "and all goes on" goes_on
stop_leatd
check "at the end the interfaces are given back" test -z "$(case $over in af_packet | af_xdp) held ;; esac)"
topo_end
