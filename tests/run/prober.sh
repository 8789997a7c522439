#!/bin/bash
# prober.sh LEAT LEATD PROBER: what a program inside of `leat run` can see of the host's network: nothing. Around it: a host
# namespace with a link of its own name and an abstract Unix socket that listens.
if [ "$(id -u)" = 0 ] && [ -z "${LT_RUN_INNER:-}" ]; then
    LT_RUN_INNER=1 exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
prober=$(readlink -f "$3")
share "$prober"
if [ "$(id -u)" = 0 ]; then
    ip link set lo up
    ip link add lt-run-secret type veth peer name lt-run-other && ip link set lt-run-secret up || skip "no veth devices here"
fi
abstract=lt-run-secret-$$
python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind("\0" + sys.argv[1]); s.listen(9)
print("listening", flush=True); time.sleep(600)' "$abstract" >"$tmp/listener" &
listener=$!
trap 'kill $listener; finish' EXIT
until grep -qs listening "$tmp/listener"; do sleep 0.05; done
netns=$(stat -Lc %i /proc/self/ns/net)
start_daemon

# A file for each: outside, where a clone with a new network succeeds, the clone goes on probing, and writing, by itself.
no_leak() {
    local out
    out=$(mktemp "$tmp/out.XXXXXX")
    "$@" "$tmp/prober" "$netns" "$abstract" >"$out" 2>&1 && tail -n 1 "$out" | grep -qx '0 leaks' || { grep -av ^ok "$out"; return 1; }
}
# A test that cannot fail says nothing: the same program outside must find a lot.
check "outside, the prober finds the host" refuted no_leak timeout 60 unshare -m --propagation private
[ "$(id -u)" != 0 ] || check "root sees nothing of the host" no_leak run
if can_unshare_user; then
    check "an unprivileged user sees nothing of the host" no_leak run_user
elif [ "$(id -u)" != 0 ]; then
    skip "no user namespaces here"
fi
exit $failed
