#!/bin/bash
# million.sh BUILD [ROUTES]: zebra, then BIRD, install ROUTES routes, withdraw them and install them again while packets flow, on the
# kernel and then on leat; a zebra that is killed finds all of them again. Prints the processor time of each process per route.
# shellcheck source=tests/daemons/lib.sh
. "$(dirname "$0")/lib.sh"
need $frr_bin/zebra vtysh bird birdc python3
B=$1
# shellcheck disable=SC2034 # lib.sh uses it
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
if [ "${2:-}" != --world ]; then
    rc=0
    for w in kernel leat; do
        printf '\n==== on %s\n' $w
        "$0" "$B" --world $w "${2:-10000}" || rc=1
    done
    exit $rc
fi
routes=$4
patience=$((20 + routes / 4000))

now_ms() { echo $(($(date +%s%N) / 1000000)); }
supervisor() { descendants "${front[$1]}" | sed -n 2p; }
declare -A spent=()
# The processes whose time counts: the daemon's, and on leat the supervisor's between them and leatd.
clocks() { # DAEMON
    echo "$1 $(cpu_ms "$(daemon_pid "$1")")"
    [ "$world" = kernel ] || { echo "supervisor $(cpu_ms "$(supervisor "$1")")"; echo "leatd $(cpu_ms "$leatd_pid")"; }
}
measured() { # DAEMON TEXT DEED UNTIL...: as soon as UNTIL says so
    local daemon=$1 text=$2 deed=$3 start out='' who ms
    shift 3
    while read -r who ms; do spent[$who]=$ms; done < <(clocks "$daemon")
    start=$(now_ms)
    $deed
    check "$text" within $patience "$@"
    out="$(($(now_ms) - start)) ms;"
    while read -r who ms; do
        out+=$(awk -v w="$who" -v ms=$((ms - ${spent[$who]})) -v n="$routes" 'BEGIN { printf " %s %d ms, %.1f us a route;", w, ms, ms * 1000 / n }')
    done < <(clocks "$daemon")
    echo "   $text: $out"
}
table_has() { [ "$(R ip -4 route show table main | grep -cE '^[23][0-9]\.')" = "$1" ]; }

world_start "$3"
: >"$tmp/vtysh.conf"
: >"$tmp/zebra.conf"
ns_spawn client "$tmp/ping-on" ping -n -q -i 0.01 10.77.2.2
ping_pid=$!

say "zebra"
# zebra's own idea of what is in the table; it has been told so for each route.
fib_has() { vty 'show ip route summary' | awk -v n="$1" '$1 == "static" { fib = $3 } END { exit fib + 0 != n }'; }
start_generator() {
    rm -f "$tmp/deeds"
    mkfifo "$tmp/deeds"
    python3 "$(dirname "$0")/zapi.py" "$tmp/d/zserv.api" "$routes" 10.77.2.2 <"$tmp/deeds" >"$tmp/generator" 2>&1 &
    children+=("$!")
    exec 9>"$tmp/deeds"
}
tell_add() { echo add >&9; }
tell_del() { echo del >&9; }
check "starts" start_zebra -s 90000000
start_generator
measured zebra "$routes routes are installed" tell_add fib_has "$routes"
check "the table has them" table_has "$routes"
measured zebra "withdrawn" tell_del fib_has 0
check "the table has none" table_has 0
measured zebra "installed again" tell_add fib_has "$routes"
check "the table has them" table_has "$routes"
check "zebra is killed" end_daemons KILL zebra
exec 9>&-
check "the table has them all the same" table_has "$routes"
check "zebra starts again" start_zebra -s 90000000 -K $patience
nothing() { :; }
measured zebra "it finds them in the table" nothing fib_has "$routes"
check "zebra ends" end_daemons TERM zebra
check "which takes its routes along" table_has 0

say "BIRD"
awk -v n="$routes" 'BEGIN { for (i = 0; i < n; i++) printf "route %d.%d.%d.0/24 via 10.77.2.2;\n", 20 + int(i / 65536), int(i / 256) % 256, i % 256 }' >"$tmp/d/routes.conf"
: >"$tmp/d/more.conf"
cat >"$tmp/d/bird.conf" <<END
log "$tmp/d/bird.log" all;
router id 10.77.1.1;
protocol device { scan time 60; }
protocol kernel k4 { learn; persist; scan time 60; ipv4 { import all; export all; }; }
protocol static s4 {
    ipv4;
include "$tmp/d/more.conf";
}
END
bird_add() { cp "$tmp/d/routes.conf" "$tmp/d/more.conf"; birdc -s "$tmp/d/bird.ctl" configure >/dev/null; }
bird_del() { : >"$tmp/d/more.conf"; birdc -s "$tmp/d/bird.ctl" configure >/dev/null; }
exported() { birdc -s "$tmp/d/bird.ctl" show protocols all k4 | grep -qE " $1 exported"; }
check "starts" start_bird "$tmp/d/bird.conf"
measured bird "$routes routes are installed" bird_add exported "$routes"
check "the table has them" within $patience table_has "$routes"
measured bird "withdrawn" bird_del exported 0
check "the table has none" within $patience table_has 0
measured bird "installed again" bird_add exported "$routes"
check "the table has them" within $patience table_has "$routes"
check "BIRD is killed" end_daemons KILL bird
check "the table has them all the same" table_has "$routes"
check "it starts again" start_bird "$tmp/d/bird.conf"
measured bird "and finds them" nothing exported "$routes"
check "BIRD ends" end_daemons TERM bird
check "and leaves them, as it was told" table_has "$routes"
kill -INT $ping_pid
wait $ping_pid
nothing_lost() { cat "$tmp/ping-on"; awk '/packets transmitted/ { ok = $1 > 100 && $1 - $4 <= 1 } END { exit !ok }' "$tmp/ping-on"; }
check "no packet was lost all the while" nothing_lost
topo_end
