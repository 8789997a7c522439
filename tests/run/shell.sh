#!/bin/bash
# shell.sh LEAT LEATD: a shell in `leat run` behaves as in `ip netns exec`: on a terminal (shell.py), and without.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
[ "$(id -u)" = 0 ] || can_unshare_user || skip "no user namespaces"
start_daemon
check "without a command \$SHELL reads what comes" bash -c 'echo "echo in \$LEAT_NAME; exit 5" | SHELL=/bin/sh timeout 10 "$0" run -n "$1"; [ $? = 5 ]' "$leat" "$name"
check "or /bin/sh" bash -c '[ "$(echo "echo in \$LEAT_NAME" | env -u SHELL timeout 10 "$0" run -n "$1")" = "in $1" ]' "$leat" "$name"
check "input and output pass through" bash -c 'head -c 3000000 /dev/zero | timeout 10 "$0" run -n "$1" cat | wc -c | grep -qx 3000000' "$leat" "$name"
check "LEAT_NAME names the daemon" env LEAT_NAME="$name" "$leat" stats
check "and -n goes first" status 1 env LEAT_NAME="$name" "$leat" -n lt-none stats
timeout -k 1 100 python3 "$here/shell.py" "$leat" "$name" || failed=1
exit $failed
