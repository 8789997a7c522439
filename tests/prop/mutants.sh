#!/bin/bash
# mutants.sh PROGRAM: each planted fault is noticed, within a minute of processor time and by a property that was meant to; without one
# nothing is.
set -u
prog=$(readlink -f "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0 n=0
"$prog" --seeds 200 >out 2>&1 || { cat out; echo "FAILED: something is noticed where nothing is planted"; failed=1; }
while read -r name rest; do
    n=$((n + 1)) from=$SECONDS
    (ulimit -t 60; exec timeout 300 "$prog" --mutant "$name" --seeds 20000 --no-shrink) >out 2>&1
    rc=$? how=$(sed -n 's/^FAILED: seed [0-9]*: \([a-z-]*\).*/\1/p' out)
    if [ $rc -eq 1 ] && [ -n "$how" ] && grep -qw -- "$how" <<<"${rest%%|*}"; then
        echo "ok $name: $how, $((SECONDS - from)) s"
    else
        failed=1
        echo "FAILED $name: status $rc, \"$how\", not one of: ${rest%%|*}"
        tail -n 3 out
    fi
done < <("$prog" --list-mutants)
echo "$n mutants"
exit $failed
