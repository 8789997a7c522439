#!/bin/bash
# examples.sh DIRECTORY: the examples of libleat against the kernel's programs.
#
#	client ── eth0 192.0.2.9, 2001:db8::9 ──────── veth0 192.0.2.1, 2001:db8::1 ── an example, with its stack inside
set -uo pipefail
dir=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
p=lt-library-$$ failed=0 server=''
[ "$(id -u)" = 0 ] && ip netns add "$p-client" 2>/dev/null || { echo "no rights to make a network namespace"; exit 77; }
ip netns add "$p-leat"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-library.XXXXXX")
stop() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=''
}
finish() {
    stop
    ip netns del "$p-client"
    ip netns del "$p-leat"
    rm -rf "$tmp"
}
trap finish EXIT
check() { # TEXT COMMAND...
    local text=$1 out
    shift
    if out=$("$@" 2>&1); then echo "ok: $text"; else
        failed=1
        echo "FAILED: $text"
        printf '%s\n' "$out" | tail -n 20 | sed 's/^/    /'
    fi
}
client() { timeout 60 ip netns exec "$p-client" "$@"; }
ip link add eth0 netns "$p-client" type veth peer name veth0 netns "$p-leat"
ip -n "$p-client" address add 192.0.2.9/24 dev eth0
ip -n "$p-client" address add 2001:db8::9/64 dev eth0 nodad
ip -n "$p-client" link set eth0 up
ip -n "$p-client" link set lo up
ip -n "$p-leat" link set veth0 up
options=(-n "/run/netns/$p-leat" -d af_packet:veth0
         -c "address 192.0.2.1/24 dev veth0; address 2001:db8::1/64 dev veth0 nodad")
start() { # NAME ARGUMENTS...: in the background, until it says "ready"
    local i name=$1
    shift
    stop
    "$dir/example-$name" "${options[@]}" "$@" >"$tmp/$name.log" 2>&1 </dev/null &
    server=$!
    for i in {1..100}; do
        grep -qs ready "$tmp/$name.log" && return
        sleep 0.05
    done
    cat "$tmp/$name.log"
}

start echo 7
check "echo: what comes back is what was sent" client python3 "$here/echo.py" 192.0.2.1 7 3000000 1
check "echo: eight connections at a time" client python3 "$here/echo.py" 192.0.2.1 7 300000 8
check "echo: it answers pings, too" client ping -qc 2 -i 0.2 192.0.2.1
stop
check "the kernel has the interface back" client bash -c "! ip netns exec $p-leat tc filter show dev veth0 ingress | grep -q ."
exit $failed
