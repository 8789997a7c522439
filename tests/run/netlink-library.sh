#!/bin/bash
# netlink-library.sh LEAT LEATD EXAMPLE: the example of libleat-netlink says the same of the kernel and of leat.
. "$(dirname "$0")/lib.sh"
example=$(readlink -f "$3")
start_daemon
timeout 60 "$example" "leat:$name" >"$tmp/leat" 2>&1
check "the example runs to its end on leat" grep -q "^delete the link, and what hangs on it: ok" "$tmp/leat"
check "its cache hears of each route of a batch" grep -q "^  297 routes new, 0 gone" "$tmp/leat"
check "and of what a link takes along" grep -q "^  gone    route 203.0.113.0/24" "$tmp/leat"
check "inside of a run, leat is the surrounding one's" bash -c 'timeout 60 "$0" run -n "$1" -- "$2" leat | cmp - "$3"' "$leat" "$name" "$example" "$tmp/leat"
check "and so is the kernel" bash -c 'timeout 60 "$0" run -n "$1" -- "$2" kernel | cmp - "$3"' "$leat" "$name" "$example" "$tmp/leat"
check "no such daemon is told" says '^leat:lt-none: (No such file|Connection refused)' "$example" leat:lt-none
[ $failed = 0 ] || cat "$tmp/leat"
unshare -n true 2>/dev/null || { [ $failed = 0 ] && skip "no network namespace for the kernel's half"; exit 1; }
unshare -n "$example" kernel >"$tmp/kernel" 2>&1
check "the kernel says the same" diff "$tmp/kernel" "$tmp/leat"
exit $failed
