#!/bin/bash
# daemon.sh LEAT LEATD: how leatd starts, as an admin meets it: names, configuration, what it says.
. "$(dirname "$0")/lib.sh"
start_daemon

# --- a name is one daemon's
second() { "$leatd" --name "$name" >"$tmp/second" 2>&1; }
said_once() { [ "$(wc -l <"$tmp/second")" = 1 ] && grep -q "$1" "$tmp/second"; }
check "a second leatd of the name is refused" status 1 second
check "in one line that says what to do" said_once "a leatd named \"$name\" is running already (.*): choose another with --name, or take its place"
check "the first one serves on" run ip link show lo
of_many_one() { # started at the same moment
    local i n=0 pids=()
    for i in {1..8}; do
        "$leatd" --name "$name-race" >"$tmp/race.$i" 2>&1 </dev/null &
        pids+=($!)
    done
    sleep 2
    for i in {1..8}; do grep -qx ready "$tmp/race.$i" && n=$((n + 1)); done
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    cat "$tmp"/race.*
    [ $n = 1 ]
}
check "of eight that start at once one runs" of_many_one
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
rm "$tmp/leatd.log"
start_daemon
check "after a kill -9 the name is free" run ip link show lo

# --- the configuration file
stop() { kill "$daemon"; wait "$daemon"; }
with_file() { # TEXT: starts a daemon with that file
    printf '%s\n' "$1" >"$tmp/conf"
    rm -f "$tmp/leatd.log"
    "$leatd" --name "$name" -c "$tmp/conf" >"$tmp/leatd.log" 2>&1 </dev/null &
    daemon=$!
    local i
    for i in {1..100}; do
        grep -qsx ready "$tmp/leatd.log" && return
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.05
    done
    cat "$tmp/leatd.log"
    return 1
}
shows() { # PATTERN COMMAND...
    local pattern=$1
    shift
    run "$@" >"$tmp/shown" 2>&1
    grep -qE -- "$pattern" "$tmp/shown" || { cat "$tmp/shown"; return 1; }
}
check_says() { # PATTERN TEXT
    printf '%s\n' "$2" >"$tmp/bad"
    says "$1" "$leatd" --check "$tmp/bad" && status 1 test_bad
}
test_bad() { "$leatd" --check "$tmp/bad" >/dev/null 2>&1 && return 0; return 1; }
stop
check "what ended it is logged" grep -q "ends: SIGTERM from process $$" "$tmp/leatd.log"
base='# a router
dev dummy:d0
dev dummy:d1
sysctl net.ipv4.ip_forward = 1

ip link set d0 up
ip address add 192.0.2.1/24 dev d0
ip -6 address add 2001:db8::1/64 dev d0 nodad
ip route add 198.51.100.0/24 via 192.0.2.2
ip link set d0 alias "two words"'
with_file "$base"
check "devices, settings and lines of ip are applied before it is ready" grep -qx ready "$tmp/leatd.log"
check "  (the address)" shows 192.0.2.1/24 ip address show d0
check "  (the IPv6 address)" shows 2001:db8::1/64 ip address show d0
check "  (the route)" shows 'via 192.0.2.2 dev d0' ip route show 198.51.100.0/24
check "  (a quoted word)" shows 'two words' ip link show d0
check "a file without mistakes passes" says "nothing is wrong with it \(2 devices, 1 settings, 5 lines of ip\)" "$leatd" --check "$tmp/conf"

check "an unknown option is named with its line" check_says 'bad:2: no option is called "devv"' 'workers 1
devv dummy:d0'
printf '%s\n' 'dev af_paket:veth1' 'devv dummy:d0' 'sysctl net.ipv4.ip_fwd = 1' 'sysctl net.ipv4.ip_forward = 7' \
    'sysctl net.ipv4.conf.nothere.forwarding = 7' 'sysctl net.ipv4.conf.nothere.forwarding = 1' 'sysctl net.ipv4.ip_forward = on' \
    'dev af_packet:veth1' >"$tmp/bad"
check "a file with mistakes does not pass" status 2 "$leatd" --check "$tmp/bad"
"$leatd" --check "$tmp/bad" >"$tmp/said" 2>&1
check "  (a driver that is none)" grep -q 'bad:1: dev af_paket:veth1: there is no driver "af_paket"' "$tmp/said"
check "  (an option that is none)" grep -q 'bad:2: no option is called "devv"' "$tmp/said"
check "  (a setting that is none)" grep -q 'bad:3: sysctl net.ipv4.ip_fwd: there is no such setting' "$tmp/said"
check "  (a value out of bounds)" grep -q 'bad:4: sysctl net.ipv4.ip_forward: 7 is not between 0 and 1' "$tmp/said"
check "  (one of an interface)" grep -q 'bad:5: sysctl net.ipv4.conf.nothere.forwarding: 7 is not between' "$tmp/said"
check "  (a value that is no number)" grep -q 'bad:7: sysctl net.ipv4.ip_forward takes a number' "$tmp/said"
check "  (and nothing else)" test "$(wc -l <"$tmp/said")" = 6
check "an object ip does not have, too" check_says 'bad:1: ip takes an object and a command' 'ip roote add 192.0.2.0/24 dev lo'
check "take-over belongs to the command line" check_says 'is for the command line alone' 'take-over'

reload() { "$leat" -n "$name" reload "$@"; }
check "a reload without a change changes nothing" reload "$tmp/conf"
check "  (the route is there once)" test "$(run ip route show 198.51.100.0/24 | wc -l)" = 1
printf '%s\n' "${base/dev dummy:d1/dev dummy:d2}" 'ip route add 203.0.113.0/24 via 192.0.2.3' | sed '/198.51.100.0/d' >"$tmp/conf"
check "a reload applies the difference, and knows the file" reload
check "  (a new device)" shows d2 ip link show d2
check "  (one that is gone)" refuted run ip link show d1
check "  (a new route)" shows 192.0.2.3 ip route show 203.0.113.0/24
check "  (one that is gone)" test -z "$(run ip route show 198.51.100.0/24)"
check "  (what stayed)" shows 192.0.2.1/24 ip address show d0
echo 'workers 2' >>"$tmp/conf"
check "what only a new process can have is said" says 'conf: workers stays as it is until .leat -n .* restart' reload
check "  (again, as long as it is so)" says 'conf: workers stays' reload
sed -i '$s/2/1/' "$tmp/conf"
check "  (not of what runs that way)" test -z "$(reload 2>&1)"
sed -i '$s/1/2/' "$tmp/conf"
echo 'ip route add 192.0.2.128/25 via 10.9.9.9' >>"$tmp/conf"
check "a line that fails is named, with the daemon's words" says 'conf:[0-9]+: ip route add 192.0.2.128/25 via 10.9.9.9: .*Nexthop has invalid gateway' reload
check "  (and fails the reload)" status 1 reload
sed -i '$d' "$tmp/conf"
cp "$tmp/conf" "$tmp/good"
printf '%s\n' 'ip link set d0 upp' 'ip address add 192.0.2.7/33 dev d0' 'ip -6 address add 2001:db8::7/64 dev' 'ip route add default via' \
    'ip address add 192.0.2.8/24 dev d0' >"$tmp/wrong"
cat "$tmp/wrong" >>"$tmp/conf"
check "lines that ip does not understand fail the reload" status 1 reload
reload >"$tmp/said" 2>&1
at=$(wc -l <"$tmp/good")
check "  (a word too many is named)" grep -q "conf:$((at + 1)): ip link set d0 upp: Error: either \"dev\" is duplicate" "$tmp/said"
check "  (a prefix that is none)" grep -q "conf:$((at + 2)): ip address add 192.0.2.7/33 dev d0: Error: any valid prefix is expected" "$tmp/said"
check "  (a word that is missing)" grep -q "conf:$((at + 4)): ip route add default via: Command line is not complete" "$tmp/said"
check "  (each once, and no other)" test "$(grep -c 'conf:[0-9]*: ' "$tmp/said")" = 4
check "  (the line behind them is applied)" shows 192.0.2.8/24 ip address show d0

old=$daemon
cp "$tmp/good" "$tmp/conf"
reload >/dev/null 2>&1
kill -HUP "$daemon"
check "SIGHUP changes nothing" shows 192.0.2.1/24 ip address show d0
check "  (and says what does)" grep -q "SIGHUP changes nothing: .leat -n $name reload" "$tmp/leatd.log"
"$leat" -n "$name" restart >"$tmp/said" 2>&1
check "leat restart puts a new leatd in its place" test $? = 0
check "  (nothing waits for another)" test ! -s "$tmp/said"
restarted() { ! kill -0 "$old" 2>/dev/null && shows 192.0.2.3 ip route show 203.0.113.0/24; }
wait "$old"
check "  with what there was" restarted
daemon=$(pgrep -f "leatd --name $name .*--take-over" | head -n 1)
check "  and two workers, as the file says" says '^ *1 ' "$leat" -n "$name" stats
printf 'ip route add 198.51.100.0/33 dev d0\n' >>"$tmp/conf"
old=$daemon
"$leat" -n "$name" restart >"$tmp/said" 2>&1
check "a restart with a line that fails ends with 1" test $? = 1
check "  (and says so)" grep -q 'restarted, but not all of .*conf could be applied' "$tmp/said"
check "  (behind the line)" grep -q 'conf:[0-9]*: ip route add 198.51.100.0/33 dev d0: Error: any valid prefix' "$tmp/said"
wait "$old" 2>/dev/null
while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
cp "$tmp/good" "$tmp/conf"
daemon=$(pgrep -f "leatd --name $name .*--take-over" | head -n 1)
check "a restart that cannot be leaves the old one" says 'goes on' "$leat" -n "$name" restart -- --workers 99
check "  (it serves)" shows 192.0.2.3 ip route show 203.0.113.0/24
kill "$daemon"
while kill -0 "$daemon" 2>/dev/null; do sleep 0.05; done
check "a first start with a line that fails ends, and names it" refuted with_file 'ip route add 192.0.2.0/24 dev nothere'
check "  (the line)" says 'conf:1: ip route add 192.0.2.0/24 dev nothere: Cannot find device' cat "$tmp/leatd.log"

# --- under a service manager
cat >"$tmp/manager.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
PY
python3 "$tmp/manager.py" "$tmp/manager" >"$tmp/heard" &
manager=$!
for i in {1..50}; do [ -S "$tmp/manager" ] && break; sleep 0.05; done
export NOTIFY_SOCKET=$tmp/manager WATCHDOG_USEC=400000
rm -f "$tmp/leatd.log"
start_daemon
unset NOTIFY_SOCKET WATCHDOG_USEC
heard() { local i; for i in {1..40}; do grep -qE "$1" "$tmp/heard" && return; sleep 0.05; done; cat "$tmp/heard"; return 1; }
check "the manager hears when it is ready" heard "^READY=1 MAINPID=$daemon "
check "and from time to time that all lcores go on" heard '^WATCHDOG=1'
old=$daemon
"$leat" -n "$name" restart || failed=1
wait "$old"
check "of a restart it hears before" heard '^RELOADING=1 MONOTONIC_USEC=[0-9]+'
daemon=$(pgrep -f "leatd --name $name .*--take-over" | head -n 1)
check "and who the main process is from then on" heard "^READY=1 MAINPID=$daemon "
: >"$tmp/heard"
check "the new one tells how it is, too" heard '^WATCHDOG=1'
: >"$tmp/heard"
kill -STOP "$(ls "/proc/$daemon/task" | tail -n 1)"
stuck_says_nothing() { sleep 1; : >"$tmp/heard"; sleep 0.5; ! grep -q WATCHDOG "$tmp/heard"; }
check "a process that does not run tells nothing" stuck_says_nothing
kill -CONT "$daemon"
check "and goes on telling when it does" heard '^WATCHDOG=1'
kill "$daemon"
check "the manager hears that it stops" heard '^STOPPING=1'
while kill -0 "$daemon" 2>/dev/null; do sleep 0.05; done
kill "$manager"
daemon=''

unit=$(dirname "$leat")/../../dist/leatd@.service
unit_is_fine() {
    sed 's|^\(Exec[A-Za-z]*\)=.*|\1=/bin/true|; /^Documentation/d' "$unit" >"$tmp/leatd@r1.service"
    [ -z "$(systemd-analyze verify "$tmp/leatd@r1.service" 2>&1 | tee "$tmp/verify")" ] || { cat "$tmp/verify"; return 1; }
}
if command -v systemd-analyze >/dev/null && [ -e "$unit" ]; then check "systemd finds nothing wrong with the unit" unit_is_fine; fi
exit $failed
