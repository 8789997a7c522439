#!/bin/bash
# status.sh LEAT LEATD: exit statuses, signals, pipelines and daemons of `leat run`.
. "$(dirname "$0")/lib.sh"
share
if [ "$(id -u)" != 0 ]; then
    can_unshare_user || skip "no user namespaces here"
fi
start_daemon

check "the exit status is the command's" status 7 run sh -c 'exit 7'
check "128 + n when a signal ended it" status 137 run sh -c 'kill -9 $$'
check "127 when there is no such command" status 127 run lt-no-such-command
check "126 when it cannot be executed" status 126 run /etc/passwd
check "125 without a daemon" status 125 "$leat" run -n lt-none -- true
check "which is said in a line" says "no daemon named lt-none \(looked at $LEAT_RUNDIR/lt-none.sock\): start one with .leatd --name lt-none." \
    "$leat" run -n lt-none -- true
check "a bad name is told" says 'cannot have the name' "$leat" run -n ../x -- true
check "SIGTERM is handed on" status 143 bash -c '"$0" run -n "$1" -- sleep 20 & sleep 0.5; kill -TERM $!; wait $!' "$leat" "$name"
check "a handler in the command runs" says '^handled$' bash -c \
    '"$0" run -n "$1" -- bash -c "trap \"echo handled; exit\" TERM; sleep 20 & wait" & sleep 0.5; kill -TERM $!; wait $!' "$leat" "$name"
killed_with_front() {
    "$leat" run -n "$name" -- sleep 4321 &
    local pid=$!
    sleep 0.5
    pgrep -fx 'sleep 4321' >/dev/null || return 1
    kill -9 $pid
    sleep 0.5
    ! pgrep -fx 'sleep 4321'
}
check "the command dies with a killed leat run" killed_with_front
daemon_is_served() {
    run bash -c "(sleep 1; ip link >'$tmp/later') >/dev/null 2>&1 </dev/null &" || return 1
    [ ! -s "$tmp/later" ] || return 1
    sleep 2
    grep -q lo: "$tmp/later"
}
check "what the command leaves behind is still served" daemon_is_served
check "a pipeline ends with its command" says '^done$' timeout 5 bash -c \
    '"$0" run -n "$1" -- sh -c "echo done; sleep 8 >/dev/null 2>&1 &" | cat' "$leat" "$name"
check "standard input reaches the command" says '^word$' bash -c 'echo word | "$0" run -n "$1" -- cat' "$leat" "$name"
check "inside a run, leat run finds the same daemon" says 'LOOPBACK' run "$leat" run -- ip link
check "and another one is refused in a line" says 'is not supported' run "$leat" run -n other -- true
check "leat dev works inside, too" says 'lo: loopback' run "$leat" dev
check "64 at a time" bash -c 'for i in {1..64}; do "$0" run -n "$1" -- ip link >/dev/null & p="${p-} $!"; done; for i in $p; do wait $i || exit 1; done' "$leat" "$name"
[ "$(id -u)" != 0 ] || {
    setuid_is_served() { # a set-user-ID program keeps its rights and meets the filter all the same
        install -m 4755 "$(command -v id)" "$tmp/setuid-id"
        run setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/setuid-id" | grep -q 'euid=0'
    }
    check "set-user-ID programs keep their rights when root started the run" setuid_is_served
    check "without CAP_NET_ADMIN nothing can be configured" says 'Operation not permitted' \
        run setpriv --reuid=65534 --regid=65534 --clear-groups ip link set lo up
    check "with it, it can" run ip link set lo up
    ! can_unshare_user || check "a user who is not the daemon's cannot configure it" says 'Operation not permitted' run_user ip link set lo down
}
exit $failed
