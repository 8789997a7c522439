#!/bin/bash
# sockets.sh LEAT LEATD SOCKETS: netlink sockets behave as the kernel's, call by call. sockets.c is tried on the kernel first.
. "$(dirname "$0")/lib.sh"
sockets=$(readlink -f "$3")
share "$sockets"
start_daemon
check "outside, on the kernel's" timeout 60 "$sockets"
[ "$(id -u)" != 0 ] || check "inside, as root" run "$sockets"
! can_unshare_user || check "inside, as an unprivileged user" run_user "$tmp/sockets"
leaves_nothing() { # no descriptor or socket is left behind by 20 runs
    local i before after
    before=$("$leat" -n "$name" stats --json | grep -c netlink-socket)
    for i in {1..20}; do run ip link >/dev/null || return 1; done
    after=$("$leat" -n "$name" stats --json | grep -c netlink-socket)
    [ "$before" = "$after" ] || { echo "$before sockets before, $after after"; return 1; }
}
check "nothing is left behind in the daemon" leaves_nothing
exit $failed
