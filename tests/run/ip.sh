#!/bin/bash
# ip.sh LEAT LEATD: Debian's own ip, as it is, on a stack of one loopback.
. "$(dirname "$0")/lib.sh"
share
start_daemon
if [ "$(id -u)" != 0 ] && ! can_unshare_user; then skip "no user namespaces here"; fi

check "ip link" says '^1: lo: <LOOPBACK' run ip link
check "ip -d -s link" says 'RX: +bytes' run ip -d -s link
check "ip link set up" run ip link set lo up
check "ip addr add" run ip addr add 192.0.2.1/24 dev lo
check "ip addr" says 'inet 192.0.2.1/24' run ip addr
check "ip -j addr" says '"local":"192.0.2.1"' run ip -j addr
check "ip neigh add" run ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev lo
check "ip neigh: on a loopback all are one, as on Linux" says '^0.0.0.0 dev lo .*PERMANENT' run ip neigh
batch() { printf '%s\n' 'route add 198.51.100.0/24 via 192.0.2.7' 'addr add 2001:db8::1/64 dev lo' | run ip -batch -; }
check "ip -batch" batch
check "ip route" says '198.51.100.0/24 via 192.0.2.7' run ip route
check "ip route get" says '198.51.100.9 via 192.0.2.7' run ip route get 198.51.100.9
check "an error is explained" says '^(RTNETLINK answers|Error): ' run ip route add 198.51.100.0/24 via 192.0.2.7
flush() {
    run ip -6 route add unreachable 2001:db8:ff::/48 && run ip route add 203.0.113.0/24 via 192.0.2.7 table 100 &&
        refuted says 'error' run ip -6 route && says 'No route to host' run ip route get 2001:db8:ff::1 &&
        run ip -6 route flush proto boot && run ip route flush table 100 && refuted says 2001:db8:ff run ip -6 route
}
check "ip route flush" flush
check "ip route get from" says '198.51.100.9 from 192.0.2.1 via' run ip route get 198.51.100.9 from 192.0.2.1
dummy() { # RFC 2863 by ip's words
    run ip link add d0 type dummy && run ip addr add 198.18.0.1/24 dev d0 && run ip link set d0 up &&
        says 'd0: <BROADCAST,NOARP,UP,LOWER_UP> .*state UNKNOWN' run ip link show d0 &&
        run ip link set d0 mode dormant && run ip link set d0 carrier off && says 'NO-CARRIER.*state DOWN' run ip link show d0 &&
        run ip link set d0 carrier on && says 'LOWER_UP,DORMANT|state DORMANT mode DORMANT' run ip link show d0 &&
        run ip link set d0 state UP && says 'state UP mode DORMANT' run ip link show d0 &&
        says 'carrier_changes":2|"carrier_changes": 2' run ip -j -d -s -s link show d0 && run ip link del d0
}
check "ip link add type dummy: carrier, dormancy, state" dummy
monitor() {
    timeout 5 "$leat" run -n "$name" -- ip monitor address >"$tmp/monitor" 2>&1 &
    local pid=$!
    sleep 1
    run ip addr add 192.0.2.99/32 dev lo
    run ip addr del 192.0.2.99/32 dev lo
    sleep 0.5
    kill $pid
    wait $pid
    grep -q '^1: lo *inet 192.0.2.99/32' "$tmp/monitor" && grep -q '^Deleted 1: lo *inet 192.0.2.99/32' "$tmp/monitor" || {
        cat "$tmp/monitor"
        return 1
    }
}
check "ip monitor hears of changes in another run" monitor
if [ "$(id -u)" = 0 ] && can_unshare_user; then
    check "an unprivileged user may look" says '^1: lo: <LOOPBACK' run_user ip link
    check "and not touch" says 'Operation not permitted' run_user ip addr add 192.0.2.2/24 dev lo
fi
no_namespaces() {
    says 'Cannot create namespace file "/run/netns/lt-x": Operation not supported' run ip netns add lt-x &&
        status 0 run ip netns && refuted says . run ip netns && says 'Cannot open network namespace "lt-x"' run ip netns exec lt-x true
}
if [ "$(id -u)" = 0 ]; then check "ip netns: refused, and says so" no_namespaces; fi
own_daemon() { # one's own daemon is one's own to configure
    local n=$name-u i rc
    as_user mkdir -p "$tmp/user" 2>/dev/null || { mkdir "$tmp/user" && chmod 777 "$tmp/user"; }
    exec_as_user env LEAT_RUNDIR="$tmp/user" "$tmp/leatd" --user --name "$n" >"$tmp/user.log" 2>&1 </dev/null &
    local pid=$!
    for i in {1..100}; do grep -qs ready "$tmp/user.log" && break; sleep 0.05; done
    as_user env LEAT_RUNDIR="$tmp/user" "$tmp/leat" run -n "$n" -- ip link set lo up
    rc=$?
    kill $pid
    wait $pid 2>/dev/null
    [ $rc = 0 ] || cat "$tmp/user.log"
    return $rc
}
if can_unshare_user; then
    install -m 755 "$leatd" "$tmp/leatd"
    check "leatd --user is configured by its user" own_daemon
fi
exit $failed
