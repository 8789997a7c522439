#!/bin/bash
# slots.sh LEAT LEATD: a program's requests by every way it has, in any mixture, by shared memory and not: each is answered, once, in order; also
# while its daemon gives way to another.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
command -v python3 >/dev/null || skip "needs python3"
[ "$(id -u)" = 0 ] || skip "needs root"
start_daemon
seed=${SEED:-$RANDOM}
echo "seed $seed"
coproc program { "$leat" run -n "$name" -- "$here/slots.py" "$seed" 2>&1; }
said() { # WANTED
    local line=''
    read -r -t 60 line <&"${program[0]}"
    [ "$line" = "$1" ] || { echo "$line"; return 1; }
}
shares() { grep -q leat-slots "/proc/$daemon/maps"; }
next_daemon() { # the one that has taken this one's place
    local i next
    for i in {1..100}; do
        next=$(pgrep -f "leatd --name $name .*--take-over" | head -n 1)
        [ -n "$next" ] && [ "$next" != "$daemon" ] && ! kill -0 "$daemon" 2>/dev/null && { daemon=$next; return; }
        sleep 0.1
    done
    return 1
}

check "one thread" said half
check "several" said good
check "by memory that it shares with the daemon" shares
for i in 1 2 3; do
    check "restart $i" "$leat" -n "$name" restart
    next_daemon
    check "another daemon $i" [ $? = 0 ]
    check "which has the memory $i" shares
done
echo >&"${program[1]}"
check "restarted meanwhile" said good
for i in 1 2 3; do
    kill -9 "$daemon"
    while kill -0 "$daemon" 2>/dev/null; do sleep 0.02; done
    sleep 0.2
    start_daemon
    sleep 0.5
done
echo >&"${program[1]}"
check "killed meanwhile, nobody waits in vain" said good
exit $failed
