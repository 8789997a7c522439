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
killed_leaves_no_trace() {
    kill -9 "$daemon"
    wait "$daemon" 2>/dev/null
    rm "$tmp/leatd.log"
    start_daemon
    run ip link show lo
}
check "after a kill -9 the name is free" killed_leaves_no_trace
exit $failed
