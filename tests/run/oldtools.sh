#!/bin/bash
# oldtools.sh LEAT LEATD: ifconfig, route, arp, sysctl, cat and shell scripts, as Debian has them, do the same in a namespace of the
# kernel and on leat: each command below runs in both, and what it prints and returns is the same. @ begins a command
# whose lines are compared in order of their text.
. "$(dirname "$0")/lib.sh"
start_daemon
[ "$(id -u)" = 0 ] || skip "needs root for a namespace of the kernel"
for tool in ifconfig route arp sysctl; do command -v $tool >/dev/null || skip "there is no $tool (net-tools, procps)"; done

ns=lt-oldtools-$$
ip netns add $ns || skip "no network namespaces here"
trap 'ip netns del $ns; finish' EXIT
in_kernel() { timeout 20 ip netns exec $ns "$@"; }
in_leat() { timeout 20 "$leat" run -n "$name" -- "$@"; }

has_files=1
in_leat sh -c '[ -e /sys/class/net/lo/queues/rx-0 ] && readlink /proc/net' 2>/dev/null | grep -q 1/net || has_files=
ioctls=$(cat <<'END'
ip link add d0 type veth peer name d1
ip link set d1 address 02:00:00:00:0d:ff up
sysctl -w net.ipv6.conf.d0.accept_dad=0
ip link set d0 address 02:00:00:00:0d:00
ifconfig lo 127.0.0.1 up
ifconfig d0 192.0.2.1
ifconfig d0 netmask 255.255.255.128
ifconfig d0 up
ip -4 addr show dev d0
ifconfig d0:1 10.1.2.3
ip -4 addr show dev d0
ifconfig d0:1 netmask 255.255.255.0 broadcast 10.1.2.0
ip -4 addr show dev d0
ifconfig d0:1 down
ifconfig d0:1 down
ifconfig d0 mtu 1400
ifconfig d0 mtu 10
ifconfig d0 txqueuelen 77
ifconfig d0 hw ether 02:00:00:00:0d:01
ifconfig d0 metric 5
ifconfig d0 promisc
ifconfig d0 -promisc
ifconfig nowhere
ifconfig nowhere up
ifconfig d0 224.0.0.1
ifconfig d0 192.0.2.1 netmask 255.0.255.0
ifconfig d0 add 2001:db8::1/64
ip -6 addr show dev d0 scope global
ifconfig d0 del 2001:db8::1/64
ifconfig d0 del 2001:db8::1/64
ip -6 addr show dev d0 scope global
route add -net 10.0.0.0/8 gw 192.0.2.9
route add -net 10.0.0.0/8 gw 192.0.2.9
route add default gw 192.0.2.9 metric 5
route add -host 203.0.113.5 dev d0
route add -host 203.0.113.6 reject
route add -net 203.0.113.0 netmask 255.255.255.0 gw 198.51.100.1
route add -net 203.0.113.1 netmask 255.255.255.0 dev d0
route add -net 198.18.0.0/15 dev d0 mss 1000 window 5000
ip -4 route
route del -net 198.18.0.0/15
route del -net 198.18.0.0/15
route -A inet6 add 2001:db8:5::/48 dev d0
route -A inet6 add 2001:db8:6::/48 gw fe80::1 dev d0
ip -6 route show dev d0 proto boot
route -A inet6 del 2001:db8:5::/48 dev d0
arp -s 192.0.2.7 02:00:00:00:00:07
arp -i d0 -s 192.0.2.8 02:00:00:00:00:08 temp
ip neigh show nud permanent
arp -d 192.0.2.7
arp -s 1.2.3.4 02:00:00:00:00:09 pub
nameif -c /dev/null
ip -4 route
END
)
# what leat cannot have, or numbers that are nobody's: the queues of packets, the time
same() { sed -e 's/qdisc [a-z]* //' -e 's/ qlen [0-9]*//' -e 's/^[0-9]*: /N: /' -e 's/if[0-9]*//'; }
compare() { # NAME, commands on standard input
    local n=0 bad=0 line a b sort
    while IFS= read -r line; do
        sort=cat
        [ "${line#@}" = "$line" ] || sort=sort
        a=$(in_kernel sh -c "${line#@}" </dev/null 2>&1; echo "status $?")
        b=$(in_leat sh -c "${line#@}" </dev/null 2>&1; echo "status $?")
        n=$((n + 1))
        diff <(same <<<"$a" | $sort) <(same <<<"$b" | $sort) >"$tmp/diff" && continue
        bad=$((bad + 1))
        echo "  differs: $line"
        sed 's/^/    /' "$tmp/diff"
    done
    echo "$1: $n commands, $bad differ"
    [ $bad = 0 ] || failed=1
}
compare "ioctls" <<<"$ioctls"
exit $failed
