#!/bin/bash
# held.sh BUILD [af_packet|af_xdp]: a held interface is deaf and mute to the kernel, and given back whatever happens.
#
#    client                        leat
#    eth0 ---------------------- l0        the kernel of "leat" has addresses on l0; leatd holds l0
#    10.8.0.2/24                   10.8.0.1/24
#    fd08::2/64                    fd08::1/64
#
# What leaves l0 is seen on eth0: all of it is leat's or none.
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1 over=${2:-af_packet}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=held$$
export LEAT_RUNDIR

topo_start "$over"
LEAT_RUNDIR=$tmp/run
ip -n "$prefix-leat" link set l1 down # comes back down

in_leat() { ip netns exec "$prefix-leat" "$@"; }
in_client() { ip netns exec "$prefix-client" "$@"; }
answers() { in_client ping -n -c 1 -W 1 10.8.0.1 && in_client ping -n -c 1 -W 1 fd08::1; }
silent() { ! in_client ping -n -c 1 -W 1 10.8.0.1 && ! in_client ping -n -c 1 -W 1 fd08::1; }
filters() { in_leat tc filter show dev "$1" ingress; in_leat tc filter show dev "$1" egress; in_leat tc qdisc show dev "$1" clsact; }
has_program() { in_leat ip link show "$1" | grep -q xdp; }
is_held() { filters "$1" | grep -q 0x1ea7; } # of a killed helper's hold this much stays, and no program
is_free() { [ -z "$(filters "$1")" ] && ! has_program "$1"; }
state_of() { in_leat ip -o link show "$1" | sed 's/ state [A-Z]* / /'; in_leat ip -o -4 address show "$1"; }
wait_for() { # COMMAND...: up to 5 s
    local i
    for i in {1..30}; do "$@" && return 0; sleep 0.1; done
    return 1
}
start() { # DEVICES...
    local d args=()
    : >"$tmp/leatd.out"
    for d in "$@"; do args+=(--dev "$over:$d"); done
    ip netns exec "$prefix-leat" "$leatd" --name "$name" "${args[@]}" >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    leatd_pid=$!
    wait_for grep -qx ready "$tmp/leatd.out"
}
stop() { # SIGNAL
    kill "-$1" "$leatd_pid"
    wait "$leatd_pid" 2>/dev/null
    local status=$?
    leatd_pid=''
    return $status
}
helper_of() { pgrep -P "$1"; }

for n in leat client; do
    dev=$([ $n = leat ] && echo l0 || echo eth0)
    last=$([ $n = leat ] && echo 1 || echo 2)
    ip -n "$prefix-$n" link set lo up
    ip -n "$prefix-$n" link set "$dev" up
    ip -n "$prefix-$n" address add "10.8.0.$last/24" dev "$dev"
    ip -n "$prefix-$n" address add "fd08::$last/64" dev "$dev" nodad
done
mac=$(in_leat cat /sys/class/net/l0/address)
wait_for answers >/dev/null 2>&1
check "before: the kernel answers on l0" answers
before=$(state_of l0) before_l1=$(state_of l1)

say "held"
check "leatd holds l0 and l1" start l0 l1
check "both have the filter" eval 'is_held l0 && is_held l1'
[ "$over" != af_xdp ] || check "and the program" eval 'has_program l0 && has_program l1'
ip netns exec "$prefix-client" tcpdump -i eth0 -U -w "$tmp/held.pcap" -Z root ether src "$mac" >/dev/null 2>&1 </dev/null &
children+=("$!")
wait_for test -s "$tmp/held.pcap"
check "the kernel no longer answers ARP, ND, ping" silent
in_leat ping -n -c 1 -W 1 10.8.0.2 >/dev/null 2>&1
in_leat ping -n -c 1 -W 1 fd08::2 >/dev/null 2>&1
in_leat ip link set l0 down # brings MLD, DAD and router solicitations when it comes up again
in_leat ip link set l0 up
in_leat ip address add fd08::1/64 dev l0 nodad # going down took it away
in_leat ip address add fd08::99/64 dev l0
in_leat ip address add 10.8.0.99/24 dev l0
sleep 2.5
in_leat ip address del fd08::99/64 dev l0
in_leat ip address del 10.8.0.99/24 dev l0
check "not one frame of the kernel left l0" eval '[ "$(tcpdump -r "$tmp/held.pcap" 2>/dev/null | wc -l)" = 0 ] ||
    { tcpdump -nr "$tmp/held.pcap"; false; }'
L() { "$leat" -n "$name" "$@"; }
if L run -- true 2>/dev/null; then
    L run -- ip link set l0 up
    L run -- ip address add 10.8.0.3/24 dev l0
    check "leat answers through the same interface" in_client ping -n -c 3 -i 0.2 -W 1 10.8.0.3
    check "with frames that left it" eval 'wait_for eval "tcpdump -r $tmp/held.pcap 2>/dev/null | grep -q 10.8.0.3"'
    check "and the kernel still does not" silent
fi
check "a second daemon of the name is refused in one line" eval '! in_leat "$leatd" --name "$name" 2>"$tmp/second" &&
    [ "$(wc -l <"$tmp/second")" = 1 ] && grep -q "running already" "$tmp/second"'
check "another daemon does not get l0" eval '! in_leat "$leatd" --name "$name-2" --dev "$over:l0" 2>"$tmp/second" &&
    [ "$(wc -l <"$tmp/second")" = 1 ] && grep -q "held" "$tmp/second" && is_held l0'
check "SIGTERM ends it with status 0" stop TERM
check "l0 and l1 are as they were" eval 'is_free l0 && is_free l1 && [ "$before" = "$(state_of l0)" ] &&
    [ "$before_l1" = "$(state_of l1)" ]'
check "the control socket is gone" eval '[ ! -e "$tmp/run/$name.sock" ]'
check "the kernel answers again" wait_for answers

say "kill -9 of the daemon"
start l0 l1
stop KILL
check "the helper gives everything back" wait_for eval 'is_free l0 && is_free l1 && [ "$before" = "$(state_of l0)" ] &&
    [ "$before_l1" = "$(state_of l1)" ]'
check "the kernel answers again" wait_for answers
check "the control socket is gone" wait_for test ! -e "$tmp/run/$name.sock"

say "kill -9 of the helper, then of the daemon"
start l0 l1
kill -9 "$(helper_of "$leatd_pid")"
stop KILL
check "nobody was left to give l0 back" is_held l0
check "but no program is left on it" wait_for eval '! has_program l0 && ! has_program l1'
start
check "the next start cleans up, whatever it opens itself" wait_for eval 'is_free l0 && is_free l1 && [ "$before" = "$(state_of l0)" ] &&
    [ "$before_l1" = "$(state_of l1)" ]'
check "the kernel answers again" wait_for answers
stop TERM

say "kill -9 of the helper, and the daemon goes on"
start l0 l1
: >"$tmp/leatd.log"
kill -9 "$(helper_of "$leatd_pid")"
said() { [ "$(grep -c "$1" "$tmp/leatd.log")" = 1 ] || { cat "$tmp/leatd.log"; return 1; }; }
check "that is said, in one line" wait_for said 'privileged helper has ended (killed by signal 9): traffic goes on'
L run -- ip link set l0 up
L run -- ip address add 10.8.0.3/24 dev l0
check "leat still answers" wait_for in_client ping -n -c 1 -W 1 10.8.0.3
check "and the kernel does not" silent
check "another device is refused in a line" eval '! L dev add tap:t0 2>"$tmp/why" && [ "$(wc -l <"$tmp/why")" = 1 ] &&
    grep -q "helper does not answer.*restart leatd" "$tmp/why"'
stop TERM
check "the end is no success" test $? = 1
check "and names what stays held" said 'not given back.*: l[01], l[01]; the next leatd'
check "as it does" eval 'is_held l0 && is_held l1'
start
check "the next start gives it back" wait_for eval 'is_free l0 && is_free l1 && [ "$before" = "$(state_of l0)" ]'
stop TERM

if [ "$over" = af_packet ]; then
say "offloads"
gro() { in_leat python3 -c '
import socket, fcntl, struct, array, sys
v = array.array("B", struct.pack("II", 0x2b, 0))  # ETHTOOL_GGRO
fcntl.ioctl(socket.socket(), 0x8946, struct.pack("16sP", b"l0", v.buffer_info()[0]))
print(struct.unpack("II", v.tobytes())[1])'; }
in_leat python3 -c '
import socket, fcntl, struct, array
v = array.array("B", struct.pack("II", 0x2c, 1))  # ETHTOOL_SGRO
fcntl.ioctl(socket.socket(), 0x8946, struct.pack("16sP", b"l0", v.buffer_info()[0]))'
check "vnet=0 switches GRO off" eval 'start l0,vnet=0 && [ "$(gro)" = 0 ]'
stop KILL
check "and the helper switches it on again" wait_for eval '[ "$(gro)" = 1 ] && is_free l0'
fi

say "what cannot be held"
refused() { # DEVICE TEXT: one line that has TEXT in it
    ! in_leat "$leatd" --name "$name" --dev "$1" 2>"$tmp/why" >/dev/null && [ "$(wc -l <"$tmp/why")" = 1 ] && grep -q "$2" "$tmp/why"
}
check "an interface that is not there" refused "$over:nosuch" "no interface nosuch"
check "the loopback" refused "$over:lo" "not an Ethernet interface"
check "an unknown driver" refused foo:l0 "no driver"
check "an unknown key" refused "$over:l0,foo=1" foo
check "an lcore that is not there" refused "$over:l0,lcore=5" "lcore=5"
check "queues beyond number" refused "$over:l0,queues=65" queues
if [ "$over" = af_xdp ]; then
    check "more queues than it has" refused af_xdp:l0,queues=2 "queues=2: it has 1"
    check "a ring that is no power of two" refused af_xdp:l0,slots=1000 "power of two"
    check "a mode that is none" refused af_xdp:l0,mode=fast "auto, zerocopy, copy or generic"
    check "zero-copy where there is none" refused af_xdp:l0,mode=zerocopy "refuses"
else
    check "a fanout that is none" refused af_packet:l0,fanout=x "hash, cpu or qm"
fi
check "nothing stays behind" is_free l0
topo_end
