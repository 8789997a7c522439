# shellcheck shell=bash disable=SC2154 # $name, $world and what ../topo/lib.sh sets
# Shared by the tests of routing daemons: the same scenario in two worlds, on the kernel and on leat, and what can be seen of it
# compared. Daemons are started by hand, with files of their own below $tmp, never as services of the system.
#
#    client 10.77.1.2  eth0 ---- l0  router (kernel or leat)  l1 ---- eth0  10.77.2.2 server, 10.88.0.1, fd88::1, 192.0.2.1
# shellcheck source=tests/topo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../topo/lib.sh"
frr_bin=/usr/lib/frr

need() { # PROGRAM...: else the test is skipped
    local p
    [ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
    for p in "$@"; do command -v "$p" >/dev/null || { echo "needs $p"; exit 77; }; done
}

# Each world is this script again, by itself; both at the same time. What they observed is compared.
both_worlds() { # SCRIPT BUILD ARG...
    local script=$1 build=$2 dir rc=0 w
    shift 2
    dir=$(mktemp -d "${TMPDIR:-/tmp}/leat-worlds.XXXXXX") || exit 1
    for w in kernel leat; do
        "$script" "$build" --world $w "$dir/$w" "$@" >"$dir/$w.log" 2>&1 &
        eval "pid_$w=\$!"
    done
    # shellcheck disable=SC2154
    for w in "$pid_kernel" "$pid_leat"; do wait "$w" || rc=1; done
    for w in kernel leat; do
        printf '\n==== on %s\n' $w
        cat "$dir/$w.log"
    done
    printf '\n==== compared\n'
    if diff -U 3 "$dir/kernel" "$dir/leat"; then
        echo "ok: what was seen on the kernel and on leat is the same, $(grep -c '^## ' "$dir/leat") looks, $(wc -l <"$dir/leat") lines"
    else
        echo "FAILED: what was seen differs"
        rc=1
    fi
    rm -rf "$dir"
    exit $rc
}

R() { # COMMAND...: in the router's network
    if [ "$world" = leat ]; then "$leat" -n "$name" run -- "$@"; else ip netns exec "$prefix-leat" "$@"; fi
}
# Both worlds have the same link-layer addresses, so link-local ones are the same, too.
world_start() { # kernel|leat
    world=$1 name=daemons$$
    topo_start af_packet
    ip -n "$prefix-leat" link set l0 address 02:00:00:00:00:10
    ip -n "$prefix-leat" link set l1 address 02:00:00:00:00:11
    mkdir "$tmp/d"
    chown frr:frr "$tmp/d" 2>/dev/null
    if [ "$world" = leat ]; then
        check "leatd starts" start_leatd "$name"
    else
        ip -n "$prefix-leat" link set l0 down
        ip -n "$prefix-leat" link set l1 down
        ip netns exec "$prefix-leat" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    fi
    printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' \
        'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
        'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' >"$tmp/batch"
    check "the router has addresses" R ip -batch "$tmp/batch"
    host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
    host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
    for a in 10.88.0.1/32 192.0.2.1/32; do ns_exec server ip address add $a dev lo; done
    ns_exec server ip address add fd88::1/128 dev lo
}

# What there is to see, without what is told by chance: times, ages, numbers of processes.
plain_text() {
    sed -E -e '/^  (Interface Type|Parent interface|Link ups:|Link downs:)/d' -e 's/client [0-9]+ /client N /' -e 's/HWaddr: .*/HWaddr/' \
        -e 's/index [0-9]+ /index N /' -e 's/\b(nhid|id|group) [0-9\/]+/\1 N/g' -e 's/Nexthop ID \([0-9]+\)/Nexthop ID (N)/' \
        -e 's/[0-9]{4}[-\/][0-9]{2}[-\/][0-9]{2} //' -e 's/\b[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?\b/TIME/g' -e "s|$tmp|TMP|g" -e 's/ *$//'
}
observe() { # TITLE COMMAND...
    { echo "## $1"; shift; "$@" 2>&1 | plain_text; } >>"$tmp/seen"
}
world_end() { # OUT
    cp "$tmp/seen" "$1"
    topo_end
}

# --- daemons ---

declare -A front=()
spawn_daemon() { # NAME COMMAND...: in the router's network
    local n=$1
    shift
    if [ "$world" = leat ]; then
        "$leat" -n "$name" run -- "$@" >>"$tmp/d/$n.out" 2>&1 </dev/null &
    else
        ip netns exec "$prefix-leat" "$@" >>"$tmp/d/$n.out" 2>&1 </dev/null &
    fi
    front[$n]=$!
    children+=("$!")
}
descendants() { # PID: it and all below it
    local c
    echo "$1"
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do descendants "$c"; done
}
daemon_pid() { # NAME: of the daemon itself
    local p
    for p in $(descendants "${front[$1]}"); do [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$1" ] && echo "$p"; done | tail -n 1
}
end_daemons() { # SIGNAL NAME...: and waits for them
    local n sig=$1 pids=()
    shift
    for n in "$@"; do pids+=("$(daemon_pid "$n")"); done
    [ "${#pids[@]}" = $# ] || return 1
    kill "-$sig" "${pids[@]}"
    for n in "$@"; do wait "${front[$n]}" 2>/dev/null; done
    return 0
}
cpu_ms() { # PID
    awk '{ ns += $1 } END { printf "%d\n", ns / 1000000 }' "/proc/$1/task/"*/schedstat
}
within() { # SECONDS COMMAND...: as soon as it succeeds, at the latest then
    local until=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || { "$@"; return; }
        sleep 0.1
    done
}
shows() { # PATTERN COMMAND...: its output has it
    local pattern=$1
    shift
    "$@" 2>&1 | grep -qE -- "$pattern"
}
shows_not() { ! shows "$@"; }

# --- FRR ---

start_zebra() { # OPTION...
    spawn_daemon zebra $frr_bin/zebra -i "$tmp/d/zebra.pid" -z "$tmp/d/zserv.api" --vty_socket "$tmp/d" -f "$tmp/zebra.conf" \
        --log "file:$tmp/d/zebra.log" --log-level debugging -P 0 "$@"
    within 10 vty 'show zebra'
}
start_staticd() {
    spawn_daemon staticd $frr_bin/staticd -i "$tmp/d/staticd.pid" -z "$tmp/d/zserv.api" --vty_socket "$tmp/d" -f "$tmp/staticd.conf" \
        --log "file:$tmp/d/staticd.log" --log-level debugging -P 0
    within 10 vtysh --vty_socket "$tmp/d" --config_dir "$tmp" -d staticd -c 'show version'
}
vty() { # COMMAND...
    local c args=()
    for c in "$@"; do args+=(-c "$c"); done
    vtysh --vty_socket "$tmp/d" --config_dir "$tmp" "${args[@]}"
}
vty_config() { vty 'configure terminal' "$@"; }

# --- BIRD ---

start_bird() { # CONFIG
    spawn_daemon bird bird -f -c "$1" -s "$tmp/d/bird.ctl" -P "$tmp/d/bird.pid"
    within 10 birdc -s "$tmp/d/bird.ctl" show status
}
bird_shows() { birdc -s "$tmp/d/bird.ctl" "$@" | grep -v '^BIRD .* ready'; }
