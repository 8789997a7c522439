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

for run in in_kernel in_leat; do # leat is a router at first, and Linux is not
    $run sysctl -qw net.ipv4.ip_forward=1
    $run ip link add d0 type veth peer name d1 || exit 1
done
in_kernel sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.d0.accept_dad=0 net.ipv6.conf.d1.accept_dad=0
"$leat" -n "$name" sysctl -q net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.d0.accept_dad=0 net.ipv6.conf.d1.accept_dad=0
ioctls=$(cat <<'END'
ip link set d1 address 02:00:00:00:0d:ff up
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
ethtool -i d0 | grep driver
python3 -c "import fcntl, socket, array, struct; a = array.array('B', struct.pack('I', 1) + bytes(40)); fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, struct.pack('16sQ16x', b'd0', a.buffer_info()[0])); print(a[12] + 256 * a[13], a[14])"
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

in_leat sh -c 'readlink /proc/net' 2>/dev/null | grep -q '^1/net' || { echo "no FUSE here: the files are not compared"; exit $failed; }
files=$(cat <<'END'
cat /proc/sys/net/ipv4/ip_forward
sysctl net.ipv4.conf.d0.forwarding
sysctl -w net.ipv4.conf.d0.rp_filter=2
sysctl net.ipv4.conf.d0.rp_filter
sysctl -w net.ipv4.ip_local_port_range="20000 30000"
cat /proc/sys/net/ipv4/ip_local_port_range
sysctl -w net.ipv4.ip_local_port_range="3 2"
sysctl -w net.ipv4.ip_default_ttl=0
sysctl -w net.ipv4.ip_default_ttl=61
echo 62 >/proc/sys/net/ipv4/ip_default_ttl
cat /proc/sys/net/ipv4/ip_default_ttl
echo nonsense >/proc/sys/net/ipv4/ip_default_ttl
echo -n 63 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl
cat /proc/sys/net/ipv4/nothing
cat /proc/sys/net/ipv6/conf/nowhere/forwarding
cat /proc/sys/net/ipv6/conf/d0/stable_secret
ls -d /proc/sys/net/ipv4/conf/d0 /proc/sys/net/ipv6/neigh/d0
cat /proc/sys/net/ipv4/route/flush
echo 1 >/proc/sys/net/ipv4/route/flush
ls /proc/sys/net/ipv4/conf
stat -c '%A %s %n' /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/route/flush
head -c 1 /proc/sys/net/ipv4/ip_default_ttl
ls /sys/class/net
readlink -f /sys/class/net/d0
cd /sys/class/net/d0; for f in addr_len address broadcast carrier dev_id dev_port dormant flags ifalias ifindex link_mode mtu netdev_group operstate proto_down speed duplex testing tx_queue_len type uevent; do cat $f; done
cd /sys/class/net/lo; for f in addr_len address broadcast carrier flags ifindex iflink mtu name_assign_type operstate type uevent; do cat $f; done
cat /sys/class/net/nowhere/mtu
echo 1300 >/sys/class/net/d0/mtu; cat /sys/class/net/d0/mtu
echo 10 >/sys/class/net/d0/mtu
echo some words >/sys/class/net/d0/ifalias; cat /sys/class/net/d0/ifalias; ip -o link show d0 | grep -o 'alias.*'
echo 5 >/sys/class/net/d0/netdev_group; cat /sys/class/net/d0/netdev_group
echo 0 >/sys/class/net/d0/netdev_group
echo 9 >/sys/class/net/d0/ifindex
ls /sys/class/net/d0/statistics
ls /sys/class/net/d0/queues | grep -c -- -0
cut -c 1-7 /proc/net/dev | head -2
@cut -d: -f 1 /proc/net/dev
cat /proc/net/route
@cat /proc/net/arp
@cat /proc/net/if_inet6
@cat /proc/net/ipv6_route | grep -v ' 00200200 ' | cut -d ' ' -f 1-6,9-
@sed 's/^[0-9]*//' /proc/net/igmp
@grep -v ' lo ' /proc/net/igmp6
@cat /proc/net/dev_mcast
cat /proc/net/mcfilter /proc/net/mcfilter6
@cat /proc/net/anycast6
cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/udplite /proc/net/udplite6 /proc/net/raw /proc/net/raw6 /proc/net/icmp /proc/net/icmp6
cat /proc/net/rt_cache /proc/net/packet
sed 's/[0-9]//g' /proc/net/snmp | grep -v IcmpMsg
cut -f 1 /proc/net/snmp6 | grep -v Type
head -1 /proc/net/ptype; head -1 /proc/net/netlink
awk '{ print NF }' /proc/net/softnet_stat | head -1
@awk '/32 host/ { print f } { f = $2 }' /proc/net/fib_trie | sort -u
head -1 /proc/self/net/dev; cat /proc/self/net/route; cat /proc/thread-self/net/route
@cut -d: -f 1 /proc/self/net/dev
readlink /sys/class/net/d0/subsystem
ls /sys/class/net/d0/queues/rx-0 /sys/class/net/d0/queues/tx-0 | grep -v -e traffic_class -e xps_rxqs
cat /sys/class/net/d0/threaded /sys/class/net/d0/gro_flush_timeout
echo 0x1003 >/sys/class/net/d0/flags; cat /sys/class/net/d0/flags
echo 33 >/sys/class/net/d0/tx_queue_len; cat /sys/class/net/d0/tx_queue_len
echo -1 >/sys/class/net/d0/tx_queue_len
echo 0 >/sys/class/net/d0/carrier
python3 -c "import socket; print(sorted(n for _, n in socket.if_nameindex()))"
printf 'net.ipv4.ip_forward = 0\nnet.ipv4.conf.d0.rp_filter=1\n' | sysctl -p -; sysctl net.ipv4.ip_forward; sysctl -qw net.ipv4.ip_forward=1
sysctl -w net.ipv4.nothing=1
ip maddr show dev lo
cut -f 1 /proc/net/dev_snmp6/d0 | tr -d ' ' | grep -v Type
sed 's/[0-9]//g' /proc/net/sockstat6
grep Forwarding -A 1 /proc/net/snmp | cut -d ' ' -f 1-3
route -n
@route -6 -n | grep -v '!n' | awk '{ print $1, $2, $3, $4, $7 }'
@arp -n
@arp -an
arp -n 192.0.2.99
@ifconfig d0 | grep -v packets
@ifconfig -a | grep -E '^[a-z]|inet' | grep -v errors
@ifconfig -s | awk '{ print $1, $2, $NF }'
netstat -rn
@netstat -i | awk '{ print $1, $2, $NF }'
@netstat -gn | grep -v '^lo'
netstat -tuan
@ip maddr show dev d0
cat /proc/net/nothing
head -c 20 /proc/net/route
END
)
compare "files" <<<"$files"

# The daemon goes while programs read, and comes again.
mkfifo "$tmp/go"
in_leat sh -c 'for i in 1 2 3; do read -r x; cat /proc/net/if_inet6 /proc/sys/net/ipv4/ip_forward; echo "status $?"; done' <"$tmp/go" >"$tmp/out" 2>&1 &
reader=$!
exec 9>"$tmp/go"
step() { # WANTED
    local i
    : >"$tmp/out"
    echo >&9
    for i in {1..100}; do grep -q status "$tmp/out" && break; sleep 0.05; done
    grep -q "$1" "$tmp/out" || { cat "$tmp/out"; return 1; }
}
check "files are read" step 'status 0'
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check "without a daemon they are EIO" step 'Input/output error'
rm "$tmp/leatd.log"
start_daemon
check "and with the next one they are read again" step 'status 0'
exec 9>&-
wait $reader

# Who is not root sees the same and sets nothing, if he may open /dev/fuse: here he may, in a mount namespace of his own.
share
unprivileged() {
    unshare -m bash -c 'mount --make-rprivate / && rm -f "$1/fuse" && mknod "$1/fuse" c 10 229 && chmod 666 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse &&
        setpriv --reuid=65534 --regid=65534 --clear-groups timeout 20 "$1/leat" run -n "$2" -- sh -c "$3"' - "$tmp" "$name" "$1"
}
if can_unshare_user; then
    check "an unprivileged user reads files" unprivileged 'grep -q lo: /proc/net/dev && grep -q lo: /proc/self/net/dev && grep -q 1 /proc/sys/net/ipv4/ip_forward && [ "$(ls /sys/class/net)" = lo ]'
    check "and sets nothing" unprivileged '! sysctl -w net.ipv4.ip_forward=0 && ! ifconfig lo up && grep -q 1 /proc/sys/net/ipv4/ip_forward'
fi
exit $failed
