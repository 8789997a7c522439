#!/bin/bash
# ways-diff.sh BUILD [FILE]: the same `ip` commands to the kernel, in a namespace, and to leat: routes of several ways and nexthop
# objects (ways.txt, a command a line). What they print, errors and all, must be the same. 77: not root, or no `ip`.
set -uo pipefail
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
B=${1:-$top/build} file=${2:-$top/tests/linux/ways.txt}
if [ "$(id -u)" != 0 ]; then echo "needs root"; exit 77; fi
command -v ip >/dev/null || { echo "needs ip"; exit 77; }
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd ns=lt-ways-$$ tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-ways.XXXXXX")
clean() {
    [ -n "${daemon:-}" ] && kill "$daemon" && wait "$daemon"
    ip netns del "$ns" 2>/dev/null
    rm -r "$tmp"
}
trap clean EXIT
ip netns add "$ns" || exit 77
"$leatd" --name "ways$$" >"$tmp/leatd" 2>"$tmp/log" &
daemon=$!
for _ in $(seq 100); do grep -qx ready "$tmp/leatd" && break; sleep 0.05; done
# Whole files at once: a batch goes on after errors, and its output says where they were.
run() { # kernel|leat
    if [ "$1" = kernel ]; then
        ip netns exec "$ns" bash "$tmp/script"
    else
        "$leat" -n "ways$$" run -- bash "$tmp/script"
    fi
}
{
    echo 'exec 2>&1'
    n=0
    while IFS= read -r line; do
        n=$((n + 1))
        case $line in '' | '#'*) continue ;; esac
        printf "echo '%d> %s'\n%s\necho \"= \$?\"\n" "$n" "$line" "$line"
    done <"$file"
} >"$tmp/script"
tidy() { # what nobody can compare: interface numbers, times
    sed -E 's/@if[0-9]+|@[a-z0-9]+//; s/(expires|idle_time|unbalanced_time) [0-9.]+(sec)?/\1 N/g; s/ +$//'
}
run kernel | tidy >"$tmp/kernel"
run leat | tidy >"$tmp/leat"
if diff -U2 "$tmp/kernel" "$tmp/leat"; then
    echo "$(grep -c '^=' "$tmp/leat") commands, the same answers"
    [ -s "$tmp/leat" ]
else
    exit 1
fi
