#!/bin/bash
# mutate.sh LEAT DIR [TO]: changes one expectation of each script after the other (a length, a result, an error) and plays
# what comes out of it: all must fail. The changed scripts are kept in TO, when given.
set -u
leat=$1 dir=$2 to=${3:-} bad=0 n=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
[ -z "$to" ] || mkdir -p "$to"

# change.awk -v want=N: the N-th expectation changed; status 1 when there are fewer.
cat > "$work/change.awk" <<'AWK'
function hit() { return ++seen == want }
{
    line = $0; note = ""
    if (match(line, /[ \t]*\/\/.*$/)) { note = substr(line, RSTART); line = substr(line, 1, RSTART - 1) }
    if (line ~ /^[^"`]*[ \t]>[ \t].*\([0-9]+\)/ && hit()) {
        # the last length in parentheses, one more
        match(line, /.*\(/); head = substr(line, 1, RLENGTH); rest = substr(line, RLENGTH + 1)
        match(rest, /^[0-9]+/); line = head (substr(rest, 1, RLENGTH) + 1) substr(rest, RLENGTH + 1)
    } else if (line ~ /\) *= *-1 +E[A-Z0-9]+/ && hit()) {
        sub(/-1 +E[A-Z0-9]+.*$/, "-1 EXDEV (Invalid cross-device link)", line)
    } else if (line ~ /\) *= *[0-9]+ *$/ && hit()) {
        match(line, /[0-9]+ *$/); line = substr(line, 1, RSTART - 1) (substr(line, RSTART) + 1)
    }
    print line note
}
END { exit seen < want }
AWK

while read -r script; do
    for ((want = 1; ; want++)); do
        changed=$work/changed.pkt
        awk -v want=$want -f "$work/change.awk" "$script" > "$changed" || break
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
