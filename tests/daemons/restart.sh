#!/bin/bash
# restart.sh BUILD: zebra, staticd and BIRD at the same time on one leat. Another leatd takes the place of the first while routes come and go
# and packets flow: no daemon notices anything, nothing is lost, and all of them hear what happens then. Then leatd is killed, and one that
# knows none of the routes comes: the daemons are told that they missed something, and make the table what it was.
# shellcheck source=tests/daemons/lib.sh
. "$(dirname "$0")/lib.sh"
need $frr_bin/zebra $frr_bin/staticd vtysh bird birdc
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
routes=${2:-500}

topo_lines() { # FIRST: as many addresses as there are routes
    awk -v n="$routes" -v first="$1" 'BEGIN { for (i = 0; i < n; i++) print first "." int(i / 250) "." i % 250 "/32" }'
}
bird_config() {
    cat >"$tmp/d/bird.conf" <<END
log "$tmp/d/bird.log" all;
router id 10.77.1.1;
protocol device { scan time 2; }
protocol kernel k4 { learn; persist; scan time 2; ipv4 { import all; export all; }; }
protocol static s4 {
    ipv4;
    route 192.0.2.1/32 via 10.77.2.2;
include "$tmp/d/more.conf";
}
END
}
take_over() {
    local i old=$leatd_pid
    : >"$tmp/leatd.out"
    "$leatd" --name "$name" --take-over >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    leatd_pid=$!
    for i in {1..100}; do grep -qx ready "$tmp/leatd.out" && break; sleep 0.05; done
    grep -qx ready "$tmp/leatd.out" && wait "$old"
}
# What the daemons have put there, and nothing else: their processes, and how much they have had to say.
table() { R ip -4 route show table all | grep -E 'proto (static|bird)' | plain_text | sort; }
who() { for n in zebra staticd bird; do echo "$n $(daemon_pid $n)"; done; }
logs() { grep -ch . "$tmp/d/zebra.log" "$tmp/d/staticd.log" "$tmp/d/bird.log"; }
zebra_has() { vty 'show ip route' | grep -cE "^S>\* *10.101."; }
complete() { # each has what it was told, and the table has it
    local t
    t=$(table)
    [ "$(grep -c '^10.101' <<<"$t")" = "$routes" ] && [ "$(grep -c '^10.102' <<<"$t")" = "$routes" ] &&
        grep -q '^10.88.0.0/16 ' <<<"$t" && grep -q '^192.0.2.1 ' <<<"$t" && [ "$(zebra_has)" = "$routes" ] &&
        [ "$(bird_shows show route table master4 | grep -c '^10.102.*s4')" = "$routes" ] && return
    grep -cE '^10.10[12]' <<<"$t"
    zebra_has
    return 1
}
gone() { ! table | grep -q '^10.10[12]'; }
hears() { # PREFIX: both daemons do
    vty 'show ip route' | grep -q "^K.* $1" && bird_shows show route table master4 | grep -q "^$1 .*k4"
}

world_start leat
: >"$tmp/vtysh.conf"
: >"$tmp/zebra.conf"
echo 'ip route 10.88.0.0/16 10.77.2.2' >"$tmp/staticd.conf"
: >"$tmp/d/more.conf"
bird_config
check "zebra starts" start_zebra -s 16777216
check "staticd starts" start_staticd
check "BIRD starts" start_bird "$tmp/d/bird.conf"
check "their routes are there" within 10 sh -c "test \$($leat -n $name run -- ip route | grep -cE '^(10.88.0.0/16|192.0.2.1) ') = 2"
topo_lines 10.101 | sed 's/\(.*\)/ip route \1 10.77.2.2/' >"$tmp/add.vty"
topo_lines 10.101 | sed 's/\(.*\)/no ip route \1 10.77.2.2/' >"$tmp/del.vty"
frr_does() { vtysh --vty_socket "$tmp/d" --config_dir "$tmp" -f "$tmp/$1.vty" >/dev/null; }
bird_does() { # add|del
    if [ "$1" = add ]; then topo_lines 10.102 | sed 's/.*/route & via 10.77.2.2;/' >"$tmp/d/more.conf"; else : >"$tmp/d/more.conf"; fi
    birdc -s "$tmp/d/bird.ctl" configure >/dev/null
}
churn() { # DEEDS: both do each, over and over
    local deed
    for deed in "$@"; do
        frr_does "$deed" &
        bird_does "$deed"
        wait $!
    done
    touch "$tmp/churned"
}

say "another leatd takes its place, while $routes routes of each come, go, and come again"
who >"$tmp/who"
ns_spawn client "$tmp/ping1" ping -n -q -i 0.005 10.88.0.1
ping1=$!
ns_spawn client "$tmp/ping2" ping -n -q -i 0.005 192.0.2.1
ping2=$!
sleep 0.3
churn add del add &
churning=$!
times=0
while [ ! -e "$tmp/churned" ] || [ $times -lt 3 ]; do
    take_over || { fail "leatd was not taken over from"; break; }
    times=$((times + 1))
    sleep 0.1
done
wait $churning
check "after $times times all of them are there" within 20 complete
kill -INT $ping1 $ping2
wait $ping1 $ping2
nothing_lost() { cat "$@"; awk '/packets transmitted/ { n++; ok += $1 > 100 && $1 - $4 <= 1 } END { exit !(n == 2 && ok == 2) }' "$@"; }
check "no packet was lost" nothing_lost "$tmp/ping1" "$tmp/ping2"
check "the daemons are the same processes" diff "$tmp/who" <(who)
quiet() { ! grep -hE 'EC |rror|fail|dropp|overrun|EOF' "$tmp/d/zebra.log" "$tmp/d/bird.log" | grep -vE 'no kernel support|RTADV socket'; }
check "and have nothing to complain of" quiet
R ip route add 10.99.0.0/16 via 10.77.2.9
check "they hear what happens now" within 5 hears 10.99.0.0/16
R ip route del 10.99.0.0/16
R ip link set l1 down
check "of a link that goes" within 5 gone
R ip link set l1 up
check "and comes" within 20 complete
table >"$tmp/table"

say "leatd is killed, and one comes that knows no routes"
kill -9 "$leatd_pid"
wait "$leatd_pid" 2>/dev/null
sleep 1
busy=$(cpu_ms "$(daemon_pid zebra)")
sleep 1
busy=$(($(cpu_ms "$(daemon_pid zebra)") - busy))
check "zebra does not spin meanwhile: $busy ms in a second" [ "$busy" -lt 100 ]
check "the next leatd starts" start_leatd "$name"
check "has its addresses" R ip -batch "$tmp/batch"
# zebra holds that an overrun cannot be mended from inside, and leaves it to watchfrr to start it anew (frr.sh).
check "zebra ends, as after any overrun" within 10 sh -c "! kill -0 ${front[zebra]}"
end_daemons TERM staticd
{ echo 'ip route 10.88.0.0/16 10.77.2.2'; cat "$tmp/add.vty"; } >"$tmp/staticd.conf"
check "is started again" start_zebra -s 16777216
check "and staticd" start_staticd
check "BIRD has stayed" [ "$(daemon_pid bird)" = "$(awk '$1 == "bird" { print $2 }' "$tmp/who")" ]
check "and was told" grep -q 'Kernel dropped some netlink messages' "$tmp/d/bird.log"
check "all routes are there again" within 20 complete
check "the table is what it was" diff "$tmp/table" <(table)
check "and packets follow it" ping_all client 10.88.0.1 3
check "both ways" ping_all client 192.0.2.1 3
end_daemons TERM bird
end_daemons TERM zebra staticd
topo_end
