#!/bin/bash
# rooms.sh SOURCE BUILD: a forbidden include between rooms fails to compile; an allowed one does not (W:M10).
set -u
src=$1 build=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '#include "core/stack.h"\nint x;\n' >"$dir/x.c"
compile() { command ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -include "$build/leat_config.h" -c "$dir/x.c" -o "$dir/x.o" "$@" 2>"$dir/err"; }
room() { echo "-I$build/rooms/$1"; }
compile "$(room base)" && { echo "base could include core/stack.h"; exit 1; }
grep -q 'core/stack.h' "$dir/err" || { echo "it failed for another reason:"; cat "$dir/err"; exit 1; }
compile "$(room base)" "$(room core)" || { echo "core could not include its own header:"; cat "$dir/err"; exit 1; }
# And meson gives each room just its row: no object of base, wire or nlmsg was compiled with a path to a room below it.
python3 - "$build/compile_commands.json" <<'EOF'
import json, re, sys
above = {'base': [], 'nlmsg': ['base'], 'core': ['base'], 'wire': ['base'], 'rt': ['base', 'core'],
         'pkt': ['base', 'core', 'wire'], 'graph': ['base', 'core', 'wire', 'pkt']}
seen = 0
for c in json.load(open(sys.argv[1])):
    room = re.search(r'libleat_(\w+)\.a\.p/', c['command'])
    if not room or room[1] not in above:
        continue
    seen += 1
    got = set(re.findall(r'/rooms/(\w+)', c['command'])) - {room[1]}
    if got - set(above[room[1]]):
        sys.exit(f"{room[1]} was given {got - set(above[room[1]])}: {c['file']}")
    if re.search(r' -I\S*\bsrc ', c['command']):
        sys.exit(f"{room[1]} was given all of src: {c['file']}")
if seen < 10:
    sys.exit(f"only {seen} objects looked at")
EOF
