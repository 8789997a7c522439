#!/bin/bash
# seeds.sh PROGRAM DIR: plans that have failed once hold now.
set -u
failed=0 n=0
for plan in "$2"/*.plan; do
    n=$((n + 1))
    out=$("$1" --replay "$plan" 2>&1) || { failed=1; echo "FAILED $plan:"; tail -n 5 <<<"$out"; }
done
echo "$n plans"
exit $failed
