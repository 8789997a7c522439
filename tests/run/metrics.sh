#!/bin/bash
# metrics.sh LEAT LEATD: what `leat metrics` serves (metrics.py), from a daemon with traffic that is dropped.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$(readlink -f "$0")")
python3 "$here/frames.py" "$tmp/frames.pcap"
start_daemon
"$leat" -n "$name" dev add "generator:g0,file=$tmp/frames.pcap"
run ip link set g0 up
check "leat metrics --once" says '^leat_up 1$' "$leat" -n "$name" metrics --once
check "leat metrics --open" says '^# EOF$' "$leat" -n "$name" metrics --open
check "any user may" as_user bash -c '"$0" -n "$1" metrics --once | grep -q "^leat_up 1$"' "$(share && echo "$tmp/leat")" "$name"
timeout 60 /usr/bin/python3 "$here/metrics.py" "$leat" "$name" "$daemon" || failed=1
kill $daemon 2>/dev/null; wait $daemon 2>/dev/null; daemon=''
exit $failed
