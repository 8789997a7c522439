#!/bin/bash
# frr.sh BUILD: zebra and staticd of the distribution, unmodified, on the kernel and on leat: routes of every kind come and go and packets
# follow them, links, addresses, routes and VRFs that change behind zebra's back reach it, and a zebra that was ended or killed finds
# its routes again. What vtysh, ip and the logs say has to be the same.
# shellcheck source=tests/daemons/lib.sh
. "$(dirname "$0")/lib.sh"
need $frr_bin/zebra $frr_bin/staticd vtysh
B=$1
# shellcheck disable=SC2034 # lib.sh uses it
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
[ "${2:-}" = --world ] || both_worlds "$0" "$B"

routes='
ip route 10.88.0.0/16 10.77.2.2
ip route 10.89.0.0/16 Null0
ip route 10.90.0.0/16 reject
ip route 10.91.0.0/16 10.77.2.2
ip route 10.91.0.0/16 10.77.2.3
ip route 10.92.0.0/16 l1
ip route 10.93.0.0/16 10.77.2.9 l1 onlink
ip route 10.94.0.0/16 10.77.2.2 tag 7 120
ip route 10.95.0.0/16 10.77.1.9 table 100
ip route 10.96.0.0/16 10.88.0.1
ipv6 route fd88::/48 fd77:2::2
ipv6 route fd89::/48 fe80::9 l1
ipv6 route fd8a::/48 Null0
ipv6 route fd8b::/48 fd77:2::2
ipv6 route fd8b::/48 fd77:2::3'

sorted() { "$@" 2>&1 | sort; }
# Equal routes of IPv6 stand in the order they came, and link-local ones come when their address is found to be nobody else's.
look() { # TITLE
    observe "$1: show ip route" vty 'show ip route'
    observe "$1: show ipv6 route" sorted vty 'show ipv6 route'
    observe "$1: ip route" R ip -4 route show table all
    observe "$1: ip -6 route" sorted R ip -6 route show table all
    observe "$1: ip nexthop" R ip nexthop
}

end_both() { # SIGNAL: at once, so that neither sees the other go
    end_daemons "$1" zebra staticd
}
settled() { # no address is being tested any more
    shows_not tentative R ip -6 address
}

world_start "$3"
: >"$tmp/vtysh.conf"
echo 'ip nht resolve-via-default' >"$tmp/zebra.conf"
echo "$routes" >"$tmp/staticd.conf"
check "addresses are settled" within 10 settled
check "zebra starts" start_zebra
check "staticd starts" start_staticd
check "its routes are there" within 10 shows '10.88.0.0/16 .*10.77.2.2' R ip route
check "packets follow them" ping_all client 10.88.0.1 3
check "IPv6 packets, too" ping_all client fd88::1 3
look started
observe "interfaces" vty 'show interface'

# What changes behind zebra's back. `shows` waits until it has reached it, the looks compare the rest.
change() { # TITLE PATTERN-IN-ROUTES-OF-ZEBRA COMMAND...
    local title=$1 pattern=$2
    shift 2
    check "$title" R "$@"
    if [ "${pattern#!}" = "$pattern" ]; then
        check "$title: zebra hears" within 5 shows "$pattern" vty 'show ip route' 'show ipv6 route' 'show interface' 'show vrf'
    else
        check "$title: zebra hears" within 5 shows_not "${pattern#!}" vty 'show ip route' 'show ipv6 route' 'show interface' 'show vrf'
    fi
    check "$title: settled" within 10 settled
    look "$title"
}
change "a route of somebody else" 'K.* 10.99.0.0/16' ip route add 10.99.0.0/16 via 10.77.2.2
change "and one of IPv6" 'K.* fd99::/48' ip -6 route add fd99::/48 via fd77:2::2
change "the first goes" '!10.99.0.0/16' ip route del 10.99.0.0/16
change "an address" 'C>\* 10.55.0.0/24' ip address add 10.55.0.1/24 dev l0
change "goes again" '!10.55.0.0/24' ip address del 10.55.0.1/24 dev l0
change "a link goes down" '!S>\* 10.88.0.0/16' ip link set l1 down
change "and comes up" 'S>\* 10.88.0.0/16' ip link set l1 up
change "mtu" 'mtu 1400' ip link set l1 mtu 1400
change "mtu as before" '!mtu 1400' ip link set l1 mtu 1500
change "a pair of interfaces" 'Interface x0 is down' ip link add x0 address 02:00:00:00:00:20 type veth peer name x1 address 02:00:00:00:00:21
change "comes up with an address" 'C>\* 10.56.0.0/24' sh -c 'ip link set x1 up && ip link set x0 up && ip address add 10.56.0.1/24 dev x0'
change "is called otherwise" 'Interface y0' sh -c 'ip link set x0 down && ip link set x0 name y0 && ip link set y0 up'
change "and goes" '!Interface y0' ip link del y0
observe "interfaces" vty 'show interface'

# One route after the other, as an operator would.
vty_config 'no ip route 10.89.0.0/16 Null0' 'no ip route 10.91.0.0/16 10.77.2.3' 'ip route 10.97.0.0/16 10.77.2.2 200' \
    'ip route 10.97.0.0/16 10.77.2.3 100'
check "a better one wins" within 5 shows '10.97.0.0/16 .*10.77.2.3' R ip route
look "edited"
vty_config 'no ip route 10.97.0.0/16 10.77.2.3 100'
check "else the other" within 5 shows '10.97.0.0/16 .*10.77.2.2' R ip route
look "edited again"
# Refused, and told so: nobody may have such a source.
observe "a refusal" vty_config 'ip route 10.98.0.0/16 10.77.2.2 nexthop-vrf nowhere'

again() { # HOW: zebra and staticd run anew
    : >"$tmp/monitor"
    check "$1: zebra starts" start_zebra -K 3
    check "$1: staticd starts" start_staticd
}
# What was kept is found again, what staticd no longer wants goes when the time of grace is over.
ns_spawn client "$tmp/ping-on" ping -n -i 0.1 10.88.0.1
ping_pid=$!
check "zebra and staticd are killed" end_both KILL
look "killed"
sed -i '/10.94.0.0/d' "$tmp/staticd.conf"
again "after that"
check "what was not asked for again goes" within 10 shows_not '10.94.0.0/16' R ip route
look "started again"
kill -INT $ping_pid
wait $ping_pid
check "packets went through all the while" grep -q ' 0% packet loss' "$tmp/ping-on"
check "zebra and staticd are asked to end" end_both TERM
look "ended"

# Programs have no sockets for packets on leat yet: zebra says so of its router advertisements. How often something is said, and in which
# order, is a matter of time, and so is who of the two ends first.
said() { grep -vE "RTADV socket for ns: 0 failure to create|Client 'static' encountered an error" "$1" | plain_text | sed -E 's/ 0:254:[^ ]+: Failed/ 0:254:ROUTE: Failed/' | sort -u; }
observe "zebra's log" said "$tmp/d/zebra.log"
observe "staticd's log" said "$tmp/d/staticd.log"
[ "$world" = leat ] || world_end "$4"

# Messages to zebra are lost: it stands still, its buffer is small, and more happens than that holds. It holds that this cannot be mended
# from inside and ends, to be started again by watchfrr, which is us. (On the kernel it never knows: it looks for a message's length by a
# recv(), which takes the error and is not asked for it, and stays wrong. Here recv() finds a message, and recvmsg() the error.)
: >"$tmp/staticd.conf"
check "with a small buffer: zebra starts" start_zebra -s 4096
check "staticd starts" start_staticd
zebra=$(daemon_pid zebra)
kill -STOP "$zebra"
awk 'BEGIN { for (i = 0; i < 2000; i++) print "route add 198." 18 + int(i / 250) "." i % 250 ".0/24 via 10.77.2.2" }' >"$tmp/many"
sed -n '1,1000s/add/del/p' "$tmp/many" >"$tmp/fewer"
check "two thousand routes while it stands still" R ip -batch "$tmp/many"
check "a thousand of them go" R ip -batch "$tmp/fewer"
kill -CONT "$zebra"
check "it ends" within 5 sh -c "! kill -0 $zebra"
check "having said why" grep -q 'netlink-listen (NS 0) recvmsg overrun: No buffer space available' "$tmp/d/zebra.log"
end_daemons TERM staticd
again "after the overrun"
of_zebra() { vty 'show ip route' | awk '/^K.* 198/ { print $2 }' | sort; }
of_table() { R ip route show root 198.0.0.0/8 | awk '{ print $1 }' | sort; }
ends_equal() {
    of_zebra >"$tmp/of-zebra"
    of_table >"$tmp/of-table"
    diff "$tmp/of-zebra" "$tmp/of-table"
}
check "and ends with what the table has" within 10 ends_equal
check "a thousand routes" [ "$(wc -l <"$tmp/of-zebra")" = 1000 ]
check "zebra and staticd are asked to end" end_both TERM
world_end "$4"
