#!/bin/bash
# mutate.sh LEAT DIR [TO]: changes one expectation of each script after the other (a length, a result, an error) and plays
# what comes out of it: all must fail. The changed scripts are kept in TO, when given.
set -u
leat=$1 dir=$2 to=${3:-} bad=0 n=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
[ -z "$to" ] || mkdir -p "$to"

while read -r script; do
    for ((want = 1; ; want++)); do
        changed=$work/changed.pkt
        awk -v want=$want -f "$(dirname "$0")/change.awk" "$script" > "$changed" || break
        n=$((n + 1))
        [ -z "$to" ] || cp "$changed" "$to/$n.pkt"
        out=$("$leat" drill "$changed")
        if [ "${out##*$'\n'}" != "0 passed, 1 failed, 0 skipped" ]; then
            bad=1
            echo "$script is let pass with expectation $want changed:"
            diff "$script" "$changed"
        fi
    done
done < <(find "$dir" -name '*.pkt' | sort)
echo "$n changed scripts"
[ $n -gt 0 ] && exit $bad
