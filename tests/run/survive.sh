#!/bin/bash
# survive.sh LEAT LEATD: the daemon is killed and started anew below running programs. Their sockets stay what they were, those that listen are
# told that they missed something, nobody spins, and who waits for an answer is not kept waiting.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
command -v python3 >/dev/null || skip "needs python3"
[ "$(id -u)" = 0 ] || skip "needs root"
start_daemon
coproc program { "$leat" run -n "$name" -- "$here/survive.py" 2>&1; }
# shellcheck disable=SC2154
program_pid=$program_PID
tell() { # WORDS: the program's answer
    local line
    echo "$*" >&"${program[1]}"
    read -r -t 20 line <&"${program[0]}" && echo "$line"
}
answers() { # WANTED WORDS...
    local want=$1 got
    shift
    got=$(tell "$@")
    [ "$got" = "$want" ] || { echo "$* says: $got"; return 1; }
}
cpu_ms() { awk '{ ns += $1 } END { printf "%d\n", ns / 1000000 }' /proc/"$1"/task/*/schedstat; }
descendants() {
    local c
    echo "$1"
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do descendants "$c"; done
}
all_cpu_ms() { local p n=0; for p in $(descendants "$program_pid"); do n=$((n + $(cpu_ms "$p"))); done; echo $n; }
kill_daemon() {
    kill -9 "$daemon"
    wait "$daemon" 2>/dev/null
    daemon=''
}

read -r -t 20 line <&"${program[0]}"
drained() { local i; for i in {1..50}; do [ "$(tell listener 0.3)" != nothing ] || return 0; done; return 1; }
check "the program is ready" [ "$line" = ready ]
check "its listener hears" says '' run ip link add x0 type veth peer name x1
check "of a new link" answers '[16]' listener 5
check "it has read all there is" drained

"$leat" run -n "$name" -- ip monitor link >"$tmp/monitor" 2>&1 </dev/null &
monitor=$!
sleep 0.5
kill_daemon
check "nothing is read while there is no daemon" answers nothing listener 1
check "a call is told so after a while" answers 'Network is down' ask
before=$(all_cpu_ms)
sleep 2
after=$(all_cpu_ms)
check "nobody spins: $((after - before)) ms in two seconds" [ $((after - before)) -lt 200 ]
start_daemon
check "the listener is told that it missed something" answers 'No buffer space available' listener 5
check "once" answers nothing listener 0.5
check "it has its name, groups and options" answers same same
check "it hears" run ip link add y0 type veth peer name y1
check "of a link of the new daemon" answers '[16]' listener 5
check "the other socket is asked as if nothing had been" answers '[16]' ask
for i in {1..50}; do grep -q y0 "$tmp/monitor" && break; sleep 0.1; done
check "ip monitor goes on" grep -q y0 "$tmp/monitor"
check "having been told" grep -q 'No buffer space' "$tmp/monitor"
kill $monitor

# At once: a request finds the next daemon.
check "it has read all there is" drained
kill_daemon
(
    sleep 1
    echo "$BASHPID" >"$tmp/pid"
    exec "$leatd" --name "$name" >"$tmp/leatd.log" 2>&1 </dev/null
) &
check "a request waits for the next daemon" answers '[16]' ask
check "and so does a new socket" answers made socket
daemon=$(cat "$tmp/pid")

# In the middle of a request.
kill -STOP "$daemon"
echo ask >&"${program[1]}"
sleep 0.5
kill_daemon
read -r -t 2 line <&"${program[0]}"
check "who waits for an answer is not kept waiting" [ "$line" = 'No buffer space available' ]
exec {program[1]}>&-
exit $failed
