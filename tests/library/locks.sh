#!/bin/bash
# locks.sh BUILD: which functions of the rooms that packets pass have an instruction with a lock prefix, or an xchg with memory. Those below and
# no others: memory accounts (nothing is allocated per packet: ring/ring_test.c), references of next hops (the control lcore's), and the
# fence between "I wrote" and "do you sleep?", once a turn or a batch.
set -uo pipefail
build=$1
objdump --version >/dev/null 2>&1 || { echo "no objdump"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "not for this processor"; exit 77; }
expected="base mem_charge
base mem_uncharge
base shared_get
base shared_put
core lcore_turn
ring leat_arm
ring leat_submit
ring wake_all"
found=$(for room in base core pkt graph net link ip l4 tcp sock ring dev; do
    objdump -d --no-show-raw-insn "$build/src/libleat_$room.a" | awk -v room=$room '
        /^[0-9a-f]+ </ { f = $2; gsub(/[<>:]|\.part.*|\.constprop.*|\.isra.*|\.cold/, "", f) }
        /[ \t]lock[ \t]/ || /[ \t]xchg[ \t].*\(/ { print room, f }'
done | sort -u)
[ -n "$found" ] || { echo "nothing was looked at"; exit 1; }
other=$(comm -13 <(sort <<<"$expected") <(sort <<<"$found"))
echo "$found"
[ -z "$other" ] || { echo "not expected: $other"; exit 1; }
