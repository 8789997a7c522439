#!/bin/bash
# killed.sh BUILD [ROUNDS]: kill -9 of tools in the middle of what they do: leatd forgets them, and nobody else notices. Then of leatd while all of
# them are at it: each ends, saying so in a line, no process stays behind, and the interfaces are the kernel's again.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
#    10.77.1.2         10.77.1.1  10.77.2.1    10.77.2.2
# shellcheck source=tests/topo/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=$1 rounds=${2:-3}
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=killed$$

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
run() { timeout 60 "$leat" run -n "$name" -- "$@"; }
wait_for() { # COMMAND...: up to 10 s
    local i
    for i in {1..100}; do "$@" && return 0; sleep 0.1; done
    return 1
}
configure() {
    { printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1'
      awk 'BEGIN { for (i = 0; i < 10000; i++) printf "route add 198.18.%d.%d/32 via 10.77.2.2\n", i / 250, i % 250 }'; } | run ip -batch -
}
descriptors() { find "/proc/$leatd_pid/fd" -mindepth 1 2>/dev/null | wc -l; }
clients_kib() { L stats --json | python3 -c 'import json, sys; print(sum(m["used_bytes"] for m in json.load(sys.stdin)["memory"] if m["account"] == "clients") // 1024)'; }
copies() { pgrep -P "$leatd_pid" | grep -vx "$helper"; } # of the process, for leat explain and leat save
is_as_before() { [ "$(descriptors)" -le "$fds" ] && [ -z "$(copies)" ] && [ "$(clients_kib)" -le $((kib + 64)) ]; }
forgotten() { wait_for is_as_before || { echo "descriptors: $fds, now $(descriptors); copies: $(copies); clients: $kib KiB, now $(clients_kib)"; false; }; }

check "leatd starts" start_leatd "$name" --workers 2
helper=$(pgrep -P "$leatd_pid")
check "configured" configure
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
check "everybody knows everybody" wait_for ns_exec client ping -n -q -c 1 -W 1 10.77.2.2
run true
L stats >/dev/null
fds=$(descriptors) kib=$(clients_kib)
ns_spawn client "$tmp/ping" ping -n -q -i 0.02 10.77.2.2
pinging=$!

say "kill -9 of tools"
tools=() # pids of those that are at it
stuck() { # COMMAND...: its output goes where nobody reads
    "$@" >"$tmp/fifo" 2>>"$tmp/said" </dev/null & tools+=("$!")
}
begin() { # dump|batch|monitor|...
    case $1 in
        dump) stuck "$leat" run -n "$name" -- ip route show ;;
        monitor) stuck "$leat" run -n "$name" -- ip monitor route; monitor=$! ;;
        batch)
            "$leat" run -n "$name" -- ip -batch "$tmp/lines" >/dev/null 2>>"$tmp/said" & tools+=("$!")
            awk 'BEGIN { for (i = 0; i < 400; i++) print "route add 198.19." int(i / 250) "." i % 250 "/32 via 10.77.2.2" }' >&8
            ;;
        trace) stuck "$leat" -n "$name" trace ;;
        capture) stuck "$leat" -n "$name" capture -w - ;;
        save) stuck "$leat" -n "$name" save "$tmp/saved" ;;
        explain) # what it says is short, so it is caught on its way: again and again, a little later each time
            bash -c 'while "$0" -n "$1" explain l0 from 10.77.1.2 to 198.18.3.4; do :; done' "$leat" "$name" >/dev/null 2>>"$tmp/said" & tools+=("$!")
            "$leat" -n "$name" explain l0 from 10.77.1.2 to 198.18.3.4 >/dev/null 2>&1 & tools+=("$!")
            ;;
    esac
}
family() { # PID: it and all below it, the lowest first
    local c
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do family "$c"; done
    echo "$1"
}
end_tools() { # how: the tool itself with what it has started, or the first of them alone
    local p
    for p in "${tools[@]}"; do
        # shellcheck disable=SC2046
        if [ "$1" = all ]; then kill -9 $(family "$p") 2>/dev/null; else kill -9 "$p" 2>/dev/null; fi
    done
    wait "${tools[@]}" 2>/dev/null
    tools=()
}
mkfifo "$tmp/fifo" "$tmp/lines"
exec 7<>"$tmp/fifo" 8<>"$tmp/lines" # open at both ends, and read by nobody
churn() { # so that monitors, traces and captures have something to tell
    run ip route add 192.0.2.1/32 via 10.77.2.2 && run ip route del 192.0.2.1/32
}
kinds='dump batch monitor trace capture save explain'
killed_in_the_middle() { # KIND HOW
    local round
    for ((round = 0; round < rounds; round++)); do
        begin "$1"
        sleep "0.$((2 + round * 17 % 8))"
        churn || return 1
        end_tools "$2"
        run ip -o link show l0 >/dev/null || return 1
    done
    : >"$tmp/said"
}
for kind in $kinds; do
    check "$kind" killed_in_the_middle "$kind" all
    check "$kind: leatd has forgotten it" forgotten
    dd if="$tmp/fifo" of=/dev/null bs=64k iflag=nonblock 2>/dev/null
    dd if="$tmp/lines" of=/dev/null bs=64k iflag=nonblock 2>/dev/null
done
check "the supervisor alone, in a dump" killed_in_the_middle dump first
check "leatd has forgotten it" forgotten
dd if="$tmp/fifo" of=/dev/null bs=64k iflag=nonblock 2>/dev/null
all_at_once() { for kind in $kinds; do begin "$kind"; done; sleep 1; }
all_at_once
check "with all at it others are served" churn
end_tools all
check "all at once: leatd has forgotten them" forgotten
dd if="$tmp/fifo" of=/dev/null bs=64k iflag=nonblock 2>/dev/null
kill -INT $pinging
wait $pinging
check "no ping was lost all the while: $(grep -o '[0-9]* packets.*loss' "$tmp/ping")" grep -q ' 0% packet loss' "$tmp/ping"

say "kill -9 of leatd with all of them at it"
: >"$tmp/said"
all_at_once
before=$(pgrep -P "$leatd_pid" | tr '\n' ' ')
family=()
for p in "${tools[@]}"; do mapfile -t -O "${#family[@]}" family < <(family "$p"); done
kill -9 "$leatd_pid"
wait "$leatd_pid" 2>/dev/null
leatd_pid=''
cat <&7 >/dev/null & draining=$! # whoever was stuck goes on
children+=("$draining")
free() { [ -z "$(ip netns exec "$prefix-leat" tc filter show dev l0 ingress)$(ip netns exec "$prefix-leat" tc filter show dev l1 ingress)" ]; }
check "the interfaces are given back" wait_for free
gone() { local p; for p in $before; do ! kill -0 "$p" 2>/dev/null || return 1; done; }
check "neither helper nor copy stays behind" wait_for gone
exec 8>&-
ended() { local p; for p in "${tools[@]}"; do [ "$p" = "$monitor" ] || ! kill -0 "$p" 2>/dev/null || { echo "$p runs: $(tr '\0' ' ' <"/proc/$p/cmdline")"; return 1; }; done; }
check "every tool that asked has ended" wait_for ended
check "who listens goes on: there may be another leatd soon" kill -0 "$monitor"
end_tools all
check "in a line each" eval '[ "$(wc -l <"$tmp/said")" -le 8 ] || { cat "$tmp/said"; false; }'
check "a new one starts, and is configured" eval 'start_leatd "$name" --workers 2 && configure'
check "and forwards" wait_for ns_exec client ping -n -q -c 1 -W 1 10.77.2.2

say "kill -9 of the helper in the middle of a request"
helper=$(pgrep -P "$leatd_pid")
adding() { # one after another, of which some meet the end
    local i
    for i in {1..500}; do
        L dev add "tap:t$i" 2>>"$tmp/adding" || return 0
        L dev del "t$i" 2>>"$tmp/adding" || return 0
    done
}
: >"$tmp/adding"
adding & p=$!
sleep 0.3
kill -9 "$helper"
check "who asked ends" eval 'wait_for eval "! kill -0 $p 2>/dev/null"'
wait $p
check "told so in a line" eval '[ "$(wc -l <"$tmp/adding")" = 1 ] && grep -q "helper" "$tmp/adding" || { cat "$tmp/adding"; false; }'
check "the rest goes on" eval 'churn && ns_exec client ping -n -q -c 3 -i 0.05 -W 1 10.77.2.2'
topo_end
