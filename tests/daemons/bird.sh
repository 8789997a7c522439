#!/bin/bash
# bird.sh BUILD: BIRD of the distribution, unmodified, with its kernel, device, direct and static protocols, on the kernel and on leat: routes of
# every kind, packets that follow them, what changes behind its back, what it learns, what it finds again when it was killed, and what
# it does when messages to it were lost. What birdc, ip and its log say has to be the same.
# shellcheck source=tests/daemons/lib.sh
. "$(dirname "$0")/lib.sh"
need bird birdc
B=$1
# shellcheck disable=SC2034 # lib.sh uses it
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
[ "${2:-}" = --world ] || both_worlds "$0" "$B"

config() { # 10.94 as it is now
    cat >"$tmp/d/bird.conf" <<END
log "$tmp/d/bird.log" all;
router id 10.77.1.1;
ipv4 table t100;
protocol device { scan time 2; }
protocol direct { ipv4; ipv6; }
protocol kernel k4 { learn; persist; scan time 2; netlink rx buffer ${rx:-1048576}; ipv4 { import all; export where source != RTS_DEVICE; }; merge paths yes; }
protocol kernel k6 { learn; persist; scan time 2; ipv6 { import all; export where source != RTS_DEVICE; }; }
protocol kernel k100 { kernel table 100; persist; scan time 2; ipv4 { table t100; export all; }; }
protocol static s4 {
    ipv4;
    route 10.88.0.0/16 via 10.77.2.2;
    route 10.89.0.0/16 blackhole;
    route 10.90.0.0/16 unreachable;
    route 10.91.0.0/16 via 10.77.2.2 weight 2 via 10.77.2.3;
    route 10.92.0.0/16 via "l1";
    route 10.93.0.0/16 via 10.77.3.9%l1 onlink;
    $1
    route 10.96.0.0/16 via 10.77.2.2 { krt_metric = 77; krt_prefsrc = 10.77.1.1; krt_mtu = 1300; krt_advmss = 1200; };
    route 10.97.0.0/16 prohibit;
}
protocol static s100 { ipv4 { table t100; }; route 10.95.0.0/16 via 10.77.1.9; }
protocol static s6 {
    ipv6;
    route fd88::/48 via fd77:2::2;
    route fd89::/48 via fe80::9%l1;
    route fd8a::/48 blackhole;
    route fd8b::/48 via fd77:2::2 via fd77:2::3;
}
END
}
sorted() { "$@" 2>&1 | sort; }
look() { # TITLE
    observe "$1: show route" sorted bird_shows show route table all
    observe "$1: ip route" R ip -4 route show table all
    observe "$1: ip -6 route" sorted R ip -6 route show table all
}
settled() { shows_not tentative R ip -6 address; }
change() { # TITLE PATTERN-IN-ROUTES-OF-BIRD COMMAND...
    local title=$1 pattern=$2
    shift 2
    check "$title" R "$@"
    if [ "${pattern#!}" = "$pattern" ]; then
        check "$title: BIRD hears" within 10 shows "$pattern" bird_shows show route
    else
        check "$title: BIRD hears" within 10 shows_not "${pattern#!}" bird_shows show route
    fi
    check "$title: settled" within 10 settled
    look "$title"
}
start() { check "BIRD starts" start_bird "$tmp/d/bird.conf"; }

world_start "$3"
config 'route 10.94.0.0/16 via 10.77.2.2;'
check "addresses are settled" within 10 settled
R ip route add 10.98.0.0/16 via 10.77.2.9
start
check "its routes are there" within 10 shows '10.88.0.0/16 .*10.77.2.2' R ip route
check "packets follow them" ping_all client 10.88.0.1 3
check "IPv6 packets, too" ping_all client fd88::1 3
check "it has learnt" within 10 shows 10.98.0.0/16 bird_shows show route
check "and has all" within 10 shows fd8b::/48 R ip -6 route
look started
observe "interfaces" bird_shows show interfaces summary

change "a route of somebody else" '10.99.0.0/16' ip route add 10.99.0.0/16 via 10.77.2.2
change "and one of IPv6" 'fd99::/48' ip -6 route add fd99::/48 via fd77:2::2
change "the first goes" '!10.99.0.0/16' ip route del 10.99.0.0/16
change "an address" '10.55.0.0/24' ip address add 10.55.0.1/24 dev l0
change "goes again" '!10.55.0.0/24' ip address del 10.55.0.1/24 dev l0
change "a link goes down" '!10.88.0.0/16 ' ip link set l1 down
change "and comes up" '10.88.0.0/16 ' ip link set l1 up
check "with its routes" within 10 shows '10.88.0.0/16 .*10.77.2.2' R ip route
R ip route del 10.88.0.0/16
check "a route that somebody takes away comes again" within 10 shows '10.88.0.0/16 .*10.77.2.2' R ip route

ns_spawn client "$tmp/ping-on" ping -n -i 0.1 10.88.0.1
ping_pid=$!
check "BIRD is killed" end_daemons KILL bird
observe "killed: ip route" R ip -4 route show table all
config '' # and started without one of its routes
start
check "what is no longer wanted goes" within 10 shows_not '10.94.0.0/16' R ip route
look "started again"

# Messages to it are lost: it stands still, its buffer is small, and more happens than that holds.
end_daemons TERM bird
rx=1 config ''
start
check "all is there" within 10 shows 'fd89::/48' R ip -6 route
sleep 1
bird=$(daemon_pid bird)
kill -STOP "$bird"
awk 'BEGIN { for (i = 0; i < 2000; i++) print "route add 198." 18 + int(i / 250) "." i % 250 ".0/24 via 10.77.2.2" }' >"$tmp/many"
sed -n '1,1000s/add/del/p' "$tmp/many" >"$tmp/fewer"
check "two thousand routes while it stands still" R ip -batch "$tmp/many"
check "a thousand of them go" R ip -batch "$tmp/fewer"
kill -CONT "$bird"
check "it is told that it missed something" within 10 grep -q 'Kernel dropped some netlink messages' "$tmp/d/bird.log"
of_bird() { bird_shows show route table master4 | awk '/^198/ { print $1 }' | sort; }
of_table() { R ip route show root 198.0.0.0/8 | awk '{ print $1 }' | sort; }
ends_equal() {
    of_bird >"$tmp/of-bird"
    of_table >"$tmp/of-table"
    diff "$tmp/of-bird" "$tmp/of-table"
}
check "and looks again, and ends with what the table has" within 20 ends_equal
check "a thousand routes" [ "$(wc -l <"$tmp/of-bird")" = 1000 ]
kill -INT $ping_pid
wait $ping_pid
check "packets went through all the while" grep -q ' 0% packet loss' "$tmp/ping-on"
end_daemons TERM bird
observe "ended: ip route" R ip -4 route show table all
said() { plain_text <"$1" | sort -u; }
observe "its log" said "$tmp/d/bird.log"
world_end "$4"
