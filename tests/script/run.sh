#!/bin/bash
# run.sh LEAT DIR: plays every script, as it stands and for IPv6 where it does not say. None may fail, and none be skipped.
set -u
leat=$1 dir=$2 bad=0
mapfile -t scripts < <(find "$dir" -name '*.pkt' | sort)
for version in ipv4 ipv6; do
    out=$("$leat" drill --quiet --ip_version=$version "${scripts[@]}")
    echo "$version: $out"
    [ "${out##*$'\n'}" = "${#scripts[@]} passed, 0 failed, 0 skipped" ] || bad=1
done
exit $bad
