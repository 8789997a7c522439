#!/bin/bash
# VRFs beside the kernel's, in a guest (this host may have none). leat routes between hosts of the guest, two in each of two VRFs that are
# called the same, and one in none. Then what ip shows of leat is compared with what it shows of the guest, configured by the
# same commands. Skipped without the guest: PEER_VM, or ../shared/lab/peer-vm from the source tree.
#
#    guest: ra 10.77.1.2  eth0.11 ---+                      v11 10.77.1.1 --- red
#    guest: rb 10.77.2.2  eth0.12 ---+                      v12 10.77.2.1 --- red
#    guest: ba 10.77.1.2  eth0.21 ---+--- eth0 ==== leat    v21 10.77.1.1 --- blue
#    guest: bb 10.77.2.2  eth0.22 ---+                      v22 10.77.2.1 --- blue
#    guest: c  10.77.3.2  eth0.31 ---+                      v31 10.77.3.1
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
topo_guest "$1" vrf ltr
start() { guest_leatd --workers 2; }
guest_up() {
    guest sh -ec '
        modprobe 8021q; modprobe vrf; ip link set eth0 up
        host() { # NAME VLAN NET
            ip netns add $1; ip link add link eth0 name eth0.$2 type vlan id $2; ip link set eth0.$2 netns $1
            ip -n $1 link set lo up; ip -n $1 link set eth0.$2 up
            ip -n $1 addr add 10.77.$3.2/24 dev eth0.$2; ip -n $1 addr add fd77:$3::2/64 dev eth0.$2 nodad
            ip -n $1 route add default via 10.77.$3.1; ip -n $1 -6 route add default via fd77:$3::1
        }
        host ra 11 1; host rb 12 2; host ba 21 1; host bb 22 2; host c 31 3'
}
# The same for leat and for the guest's kernel: $dev is what carries the VLANs.
vrfs='
    ip link set lo up; ip link set $dev addrgenmode none; ip link set $dev up
    ip link add red type vrf table 10; ip link add blue type vrf table 20
    ip link set red up; ip link set blue up
    for i in 11 12 21 22 31; do ip link add link $dev name v$i type vlan id $i; ip link set v$i addrgenmode none; done
    ip link set v11 master red; ip link set v12 master red; ip link set v21 master blue; ip link set v22 master blue
    port() { ip link set $1 up; ip addr add 10.77.$2.1/24 dev $1; ip addr add fd77:$2::1/64 dev $1 nodad; }
    port v11 1; port v12 2; port v21 1; port v22 2; port v31 3'
routes='
    ip route add 192.0.2.0/24 via 10.77.2.2 vrf red; ip route add 192.0.2.0/24 via 10.77.1.2 vrf blue
    ip -6 route add 2001:db8::/32 via fd77:2::2 vrf red; ip -6 route add 2001:db8::/32 via fd77:1::2 vrf blue
    ip route add unreachable default metric 4278198272 vrf red
    ip neigh replace 10.77.1.77 lladdr 02:00:00:00:00:77 dev v11; ip neigh replace 10.77.1.78 lladdr 02:00:00:00:00:78 dev v21'
leat_up() { L run -- sh -ec "dev=$tap; $vrfs" && L sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 >/dev/null; }
kernel_up() {
    guest sh -ec "ip netns add k; ip -n k link add $tap type veth peer name other; ip -n k link set other addrgenmode none; ip -n k link set other up
        ip netns exec k sh -ec 'dev=$tap; $vrfs; $routes; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1'"
}
ping_from() { # HOST ADDRESS...
    local host=$1 to
    shift
    for to in "$@"; do
        guest ip netns exec "$host" ping -n -c 3 -i 0.2 -W 5 "$to" >/dev/null || { echo "$host cannot reach $to"; return 1; }
    done
}
not_from() { ! guest ip netns exec "$1" ping -n -c 1 -W 1 "$2" >/dev/null; }
trace_from() { # HOST TO VIA
    guest ip netns exec "$1" traceroute -n -q 1 -N 1 -w 2 "$2" | tee "$tmp/traceroute" | awk -v via="$3" -v to="$2" '
        NR == 2 && $2 == via { a = 1 } NR == 3 && $2 == to { b = 1 } END { exit !(a && b && NR == 3) }' || { cat "$tmp/traceroute"; false; }
}

check "leatd holds the guest's tap" start
check "the guest has its hosts" guest_up
check "leat has its VRFs" leat_up
for h in r b; do
    check "from ${h}a to ${h}b, and to leat's own" ping_from ${h}a 10.77.2.2 10.77.1.1 10.77.2.1 fd77:2::2 fd77:1::1 fd77:2::1
    check "and back" ping_from ${h}b 10.77.1.2 fd77:1::2 10.77.1.1
    check "traceroute" trace_from ${h}a 10.77.2.2 10.77.1.1
    check "traceroute6" trace_from ${h}b fd77:1::2 fd77:2::1
done
check "fragments" eval "guest ip netns exec ba ping -n -c 2 -W 2 -s 4000 10.77.2.2 | grep -q ' 0% packet loss'"
check "who is in no VRF reaches none of theirs" eval 'ping_from c 10.77.3.1 && not_from c 10.77.1.2 && not_from ra 10.77.3.2 && not_from ba fd77:3::2'
check "what is lost to one is not to the other" eval '
    guest ip -n rb link set eth0.12 down && not_from ra 10.77.2.2 && ping_from ba 10.77.2.2 fd77:2::2 &&
    guest sh -ec "ip -n rb link set eth0.12 up; ip -n rb addr replace fd77:2::2/64 dev eth0.12 nodad
        ip -n rb route add default via 10.77.2.1; ip -n rb -6 route replace default via fd77:2::1" && ping_from ra 10.77.2.2'
check "a file inside of blue" eval '
    guest sh -ec "cd /tmp; head -c 300000 /dev/urandom >file; ip netns exec bb timeout 60 python3 -m http.server --bind :: 8077 >/dev/null 2>&1 & p=\$!
        for i in 1 2 3 4 5 6 7 8 9 10; do ip netns exec ba curl -s -o got --max-time 20 http://10.77.2.2:8077/file && break; sleep 1; done
        kill \$p; cmp file got"'

say "leaks"
check "by routes" L run -- sh -ec '
    ip route add 10.77.3.0/24 dev v31 vrf red; ip route add 10.77.1.0/24 dev v11
    ip -6 route add fd77:3::/64 dev v31 vrf red; ip -6 route add fd77:1::/64 dev v11'
check "between red and c" eval 'ping_from c 10.77.1.2 fd77:1::2 && ping_from ra 10.77.3.2 fd77:3::2'
check "but not blue" eval 'not_from ba 10.77.3.2 && not_from c 10.77.2.2'
check "they go" L run -- sh -ec '
    ip route del 10.77.3.0/24 vrf red; ip route del 10.77.1.0/24 dev v11
    ip -6 route del fd77:3::/64 dev v31 vrf red; ip -6 route del fd77:1::/64 dev v11'
check "nothing passes any more" eval 'not_from c 10.77.1.2 && not_from ra fd77:3::2'
check "by rules" L run -- sh -ec '
    ip rule add to 10.77.1.0/24 iif v31 lookup 10 priority 500; ip rule add to 10.77.3.0/24 iif v11 lookup main priority 501
    ip -6 rule add to fd77:1::/64 iif v31 lookup 10 priority 500; ip -6 rule add to fd77:3::/64 iif v11 lookup main priority 501'
check "between red and c" eval 'ping_from c 10.77.1.2 fd77:1::2 && ping_from ra 10.77.3.2 fd77:3::2'
check "but not blue" eval 'not_from ba 10.77.3.2'
check "the rules go" L run -- sh -ec 'for f in -4 -6; do ip $f rule del priority 500; ip $f rule del priority 501; done'

say "what ip shows"
check "routes and neighbours in both" L run -- sh -ec "$routes"
check "the guest's kernel is configured as leat is" kernel_up
plain() { # without what nobody can compare: numbers of interfaces, link-layer addresses, what the guest learned or is asking
    sed -E 's/^[0-9]+: //; s/link-netnsid [0-9]+//; s/if[0-9]+//; s/[0-9a-f]{2}(:[0-9a-f]{2}){5}/MAC/g; s/ +$//; /^ *$/d; / dev other /d' |
        grep -vE ' (STALE|REACHABLE|DELAY|PROBE|INCOMPLETE|FAILED) *$| (STALE|REACHABLE|DELAY|PROBE|INCOMPLETE|FAILED) *proto' | LC_ALL=C sort
}
asked=('vrf show' 'vrf show red' '-o -br link show vrf red' '-br address show vrf blue' '-br address show master red' 'route show vrf red'
    'route show vrf blue' '-6 route show vrf red' '-6 route show vrf blue' 'route show table all' '-6 route show table all' 'rule'
    '-6 rule' 'neigh show vrf red' 'neigh show vrf blue' 'neigh show nomaster' 'route get 10.77.2.9 vrf red'
    'route get 10.77.2.9 vrf blue' 'route get 192.0.2.1 oif red' '-6 route get 2001:db8::1 vrf blue' 'route get 10.77.2.9 iif v21 from 10.77.1.2'
    'route get 10.77.2.9' 'link set red type vrf table 30' 'link add green type vrf' 'link set red master blue' 'link set lo master red'
    'link del red' 'route show table all' '-6 route show table all' 'rule' 'vrf show')
commands() { # each with a line in front of what it says
    printf '%s' 'ip -d link show type vrf | grep -o "vrf table [0-9]*"; '
    local c
    for c in "${asked[@]}"; do printf 'echo "@ %s"; ip %s 2>&1; ' "$c" "$c"; done
}
answer() { # FILE NUMBER: of that command
    awk -v n="$2" '/^@ / { at++; next } at == n' "$1" | plain
}
L run -- sh -c "$(commands)" >"$tmp/leat.txt"
guest ip netns exec k sh -c "$(commands)" >"$tmp/kernel.txt"
same() { # NUMBER
    answer "$tmp/leat.txt" "$1" >"$tmp/a"
    answer "$tmp/kernel.txt" "$1" >"$tmp/b"
    diff "$tmp/b" "$tmp/a"
}
check "ip -d link show type vrf" same 0
for i in "${!asked[@]}"; do check "ip ${asked[i]}" same $((i + 1)); done
check "there were answers" eval '[ "$(grep -c "^@ " "$tmp/kernel.txt")" = ${#asked[@]} ] && [ "$(wc -l <"$tmp/kernel.txt")" -gt 150 ]'
topo_end
