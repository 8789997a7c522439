# shellcheck shell=bash
# Shared by scripts/demo and the tests beside this file: two hosts in namespaces with leatd between them. Set $leat, $leatd
# before use. All that is made here is gone after topo_end, which also runs when the script is interrupted.

passed=0 failed=0 tmp='' keep=${keep:-} children=() topo_over='' leatd_pid='' ns_pid_client='' ns_pid_server='' ns_pid_leat=''
prefix=lt-$$
export LEAT_SECCOMP=${LEAT_SECCOMP:-kill} # a call that leatd has no use for ends it, and the test
topo_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

say() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); echo "ok: $*"; }
fail() { failed=$((failed + 1)); echo "FAILED: $*"; }
check() { # TEXT COMMAND...: runs it quietly, in this shell; its output is shown when it fails
    local text=$1 out=${tmp:-/tmp}/check.$$
    shift
    if "$@" >"$out" 2>&1; then pass "$text"; else fail "$text"; sed 's/^/    /' "$out" | tail -n 30; fi
    rm -f "$out"
}

# As whom the daemon and its client run: root, or nobody when everything is unprivileged.
user_exec() {
    if [ "$topo_over" = user ] && [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups env LEAT_RUNDIR="$tmp/run" "$@"
    elif [ "$topo_over" = user ]; then
        LEAT_RUNDIR=$tmp/run "$@"
    else
        "$@"
    fi
}

ns_exec() { # client|server|leat COMMAND...
    local ns=$1 pid
    shift
    if [ "$topo_over" = user ]; then
        pid=ns_pid_$ns
        user_exec nsenter --preserve-credentials -U -n -t "${!pid}" "$@"
    else
        ip netns exec "$prefix-$ns" "$@"
    fi
}
# The same in the background, remembered for the end; $! is its pid.
ns_spawn() { # CLIENT|.. OUTPUT COMMAND...
    local ns=$1 out=$2 pid
    shift 2
    if [ "$topo_over" = user ]; then
        pid=ns_pid_$ns
        user_exec_bg nsenter --preserve-credentials -U -n -t "${!pid}" "$@" >"$out" 2>&1 </dev/null &
    else
        ip netns exec "$prefix-$ns" "$@" >"$out" 2>&1 </dev/null &
    fi
    children+=("$!")
}
user_exec_bg() { # execs, so that $! is the command itself
    if [ "$(id -u)" = 0 ] && [ -e "$tmp/tun" ]; then
        exec unshare -m sh -c 'mount --bind "$0" /dev/net/tun && exec "$@"' "$tmp/tun" \
            setpriv --reuid=65534 --regid=65534 --clear-groups env LEAT_RUNDIR="$tmp/run" "$@"
    elif [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=65534 --regid=65534 --clear-groups env LEAT_RUNDIR="$tmp/run" "$@"
    else
        LEAT_RUNDIR=$tmp/run exec "$@"
    fi
}

# What the links take: as much as hosts send, and the tags.
link_mtu() { echo $((${topo_mtu:-1500} + 4 * ${topo_vlans:-0})); }

topo_start() { # af_packet|af_xdp|tap|user
    topo_over=$1
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-topo.XXXXXX")
    chmod 755 "$tmp"
    mkdir -p "$tmp/run"
    if [ "$topo_over" = user ] && [ "$(id -u)" = 0 ]; then chown 65534:65534 "$tmp" "$tmp/run"; fi
    trap topo_clean EXIT
    trap 'exit 130' INT TERM
    # The build tree may lie where nobody may look, below /root or in a closed home.
    if [ "$topo_over" = user ] && [ "$(id -u)" = 0 ]; then
        cp "$leat" "$leatd" "$tmp/" || exit 1
        leat=$tmp/leat leatd=$tmp/leatd
    fi
    # Debian lets everybody open /dev/net/tun; where only root may, the unprivileged daemon sees a node of our own instead.
    if [ "$topo_over" = user ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %a /dev/net/tun)" != 666 ]; then
        mknod -m 666 "$tmp/tun" c 10 200
    fi
    case $topo_over in
        af_packet | af_xdp)
            for n in client leat server; do ip netns add "$prefix-$n" || exit 1; done
            local q="mtu $(link_mtu) numrxqueues ${topo_queues:-1} numtxqueues ${topo_queues:-1}"
            # shellcheck disable=SC2086
            ip -n "$prefix-leat" link add l0 $q type veth peer name eth0 $q netns "$prefix-client"
            # shellcheck disable=SC2086
            ip -n "$prefix-leat" link add l1 $q type veth peer name eth0 $q netns "$prefix-server"
            ip -n "$prefix-leat" link set l0 up
            ip -n "$prefix-leat" link set l1 up
            ;;
        tap) for n in client leat server; do ip netns add "$prefix-$n" || exit 1; done ;;
        user) ;; # leatd makes its own; client and server follow in start_leatd
    esac
}

# Ends what this script started, by pid, and removes its namespaces and files.
topo_clean() {
    local p i
    for p in "${children[@]}" ${leatd_pid:+"$leatd_pid"}; do kill "$p" 2>/dev/null; done
    for i in {1..50}; do
        local alive=''
        for p in "${children[@]}" ${leatd_pid:+"$leatd_pid"}; do kill -0 "$p" 2>/dev/null && alive=yes; done
        [ -n "$alive" ] || break
        sleep 0.1
    done
    for p in "${children[@]}" ${leatd_pid:+"$leatd_pid"}; do kill -9 "$p" 2>/dev/null; done
    children=() leatd_pid=''
    if [ "$topo_over" != user ]; then
        for p in client leat server; do
            [ ! -e "/run/netns/$prefix-$p" ] || ip netns del "$prefix-$p"
        done
    fi
    [ -z "$tmp" ] || rm -rf "$tmp"
}

topo_end() {
    if [ -n "$keep" ]; then
        mkdir -p "$keep"
        capture_stop
        cp "$tmp"/*.pcap "$tmp"/leatd.log "$keep" 2>/dev/null
    fi
    if [ $failed -gt 0 ] && [ -s "$tmp/leatd.log" ]; then echo "--- leatd's log"; tail -n 30 "$tmp/leatd.log"; fi
    topo_clean
    trap - EXIT
    echo
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}

start_leatd() { # NAME OPTIONS...: returns when it is ready. With $restore set, devices come from that file.
    local n=$1 i kind=tap devs=()
    shift
    : >"$tmp/leatd.out"
    case $topo_over in af_packet | af_xdp) kind=$topo_over ;; esac
    if [ -n "${restore:-}" ]; then
        devs=(--restore "$restore")
    else
        devs=(--dev "$kind:l0${leatd_dev_opts:-}" --dev "$kind:l1${leatd_dev_opts:-}")
    fi
    if [ "$topo_over" = user ]; then
        user_exec_bg "$leatd" --user --name "$n" "${devs[@]}" "$@" >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    else
        ip netns exec "$prefix-leat" "$leatd" --name "$n" "${devs[@]}" "$@" >"$tmp/leatd.out" 2>>"$tmp/leatd.log" </dev/null &
    fi
    leatd_pid=$!
    for i in {1..50}; do
        grep -qx ready "$tmp/leatd.out" && break
        kill -0 "$leatd_pid" 2>/dev/null || break
        sleep 0.1
    done
    grep -qx ready "$tmp/leatd.out" || return 1
    ns_pid_leat=$leatd_pid
    case $topo_over in
        tap)
            ip -n "$prefix-leat" link set l0 netns "$prefix-client" name eth0
            ip -n "$prefix-leat" link set l1 netns "$prefix-server" name eth0
            ;;
        user)
            host_ns_unprivileged client l0 && host_ns_unprivileged server l1
            ;;
    esac
}

# A network namespace that belongs to leatd's user namespace, held by a sleeping process; the TAP moves into it.
host_ns_unprivileged() { # client|server TAP
    local pid i
    ns_spawn leat /dev/null unshare -n sleep 600
    pid=${children[-1]}
    for i in {1..50}; do
        [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/$leatd_pid/ns/net")" ] &&
            [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sleep ] && break
        sleep 0.1
    done
    printf -v "ns_pid_$1" %s "$pid"
    ns_exec leat ip link set "$2" netns "$pid" name eth0
}

stop_leatd() { # by SIGTERM; returns its status
    local rc
    kill "$leatd_pid"
    wait "$leatd_pid"
    rc=$?
    leatd_pid=''
    return $rc
}

host_up() { # client|server ADDR4 ADDR6 GATEWAY4 GATEWAY6
    ns_exec "$1" ip link set lo up
    # Each segment then crosses the link by itself with its checksum complete, as on a wire.
    [ -z "${offloads_off:-}" ] || ns_exec "$1" ethtool -K eth0 tx off rx off sg off tso off gso off gro off >/dev/null 2>&1
    [ "$(link_mtu)" = 1500 ] || ns_exec "$1" ip link set eth0 mtu "$(link_mtu)"
    [ "${topo_vlans:-0}" = 0 ] || host_tags "$1"
    ns_exec "$1" ip link set eth0 up
    ns_exec "$1" ip address add "$2" dev eth0
    ns_exec "$1" ip address add "$3" dev eth0 nodad
    ns_exec "$1" ip route add default via "$4"
    ns_exec "$1" ip -6 route add default via "$5"
    [ "${topo_vlans:-0}" = 0 ] || host_leaves_room "$@"
}
# From then on the host speaks in VLANs; where its kernel cannot be made to, nothing can be shown.
host_tags() { # client|server
    local why
    # shellcheck disable=SC2046
    why=$(ns_exec "$1" python3 "$topo_dir/tagger.py" eth0 $(vlan_tags) 2>&1) && return
    topo_clean
    echo "$why"
    exit 77
}
# The tagger adds its tags to what the host believes to be whole frames.
host_leaves_room() { # as host_up
    local mtu=${topo_mtu:-1500}
    ns_exec "$1" ip route replace "${2%.*}.0/24" dev eth0 proto kernel scope link src "${2%/*}" mtu "$mtu"
    ns_exec "$1" ip route replace default via "$4" mtu "$mtu"
    ns_exec "$1" sysctl -qw net.ipv6.conf.eth0.mtu="$mtu"
    # XDP sees no tag that is not in the frame.
    [ -z "${offloads_off:-}" ] || ns_exec "$1" ethtool -K eth0 txvlan off rxvlan off tx-vlan-stag-hw-insert off rx-vlan-stag-hw-parse off >/dev/null 2>&1
}

# The tags of $topo_vlans, the outermost first: 802.1ad:100, ..., the inner half 802.1Q.
vlan_tags() {
    local i n=$topo_vlans
    for ((i = 1; i <= n; i++)); do
        [ $((2 * i)) -le "$n" ] && echo "802.1ad:${i}00" || echo "802.1Q:${i}00"
    done
}
leat_vlans() { # INTERFACE: lines for ip -batch, VLAN in VLAN; the innermost takes what hosts send
    local tag below=$1 i=0
    for tag in $(vlan_tags); do
        i=$((i + 1))
        echo "link add link $below name $1.$i type vlan proto ${tag%:*} id ${tag#*:}"
        [ $i = "$topo_vlans" ] || echo "link set $1.$i addrgenmode none"
        echo "link set $1.$i up"
        below=$1.$i
    done
    [ $i = 0 ] || echo "link set $below mtu ${topo_mtu:-1500}"
}

capture_start() { # client|server
    [ "$topo_over" != user ] || return 0
    command -v tcpdump >/dev/null || return 0
    # Each packet is handed over and written as it comes, so that nothing is lost when it is stopped; for bursts of them there is room.
    ip netns exec "$prefix-$1" tcpdump -i eth0 --immediate-mode -B 65536 -U -w "$tmp/$1.pcap" -Z root -s 0 >/dev/null 2>&1 </dev/null &
    children+=("$!")
    local i
    for i in {1..50}; do [ -s "$tmp/$1.pcap" ] && break; sleep 0.1; done
}
capture_stop() { sleep 0.3; }

ping_all() { # client|server ADDRESS COUNT OPTIONS...: every one of COUNT is answered
    local ns=$1 to=$2 n=$3
    shift 3
    ns_exec "$ns" ping -n -c "$n" -i 0.2 -W 2 "$@" "$to" >"$tmp/ping" 2>&1
    cat "$tmp/ping"
    grep -q "$n packets transmitted, $n received, 0% packet loss" "$tmp/ping"
}

traceroute_shows() { # client TO VIA [BYTES]: exactly two hops, the first is VIA
    # One probe at a time: a host answers a burst of them only up to its ICMP rate limit.
    ns_exec "$1" traceroute -n -q 1 -N 1 -w 2 "$2" ${4:+"$4"} >"$tmp/traceroute" 2>&1
    cat "$tmp/traceroute"
    awk -v via="$3" -v to="$2" 'NR == 2 && $2 == via { a = 1 } NR == 3 && $2 == to { b = 1 } END { exit !(a && b && NR == 3) }' \
        "$tmp/traceroute"
}

serve_file() { # DIR: HTTP on port 8077 of the server, both families
    local i
    ns_spawn server "$tmp/http.log" python3 -m http.server --bind :: --directory "$1" 8077
    for i in {1..50}; do
        ns_exec server curl -s -o /dev/null --max-time 1 "http://10.77.2.2:8077/" && return 0
        sleep 0.1
    done
    return 1
}

fetch_same() { # URL OPTIONS...: what arrives is $tmp/file
    ns_exec client curl -sS --max-time 60 "$@" >"$tmp/fetched" || return 1
    cmp "$tmp/file" "$tmp/fetched"
}

leat_settled() { # no address of leat's is being tested any more
    local i
    for i in {1..60}; do
        L run -- ip -6 address | grep -q tentative || return 0
        sleep 0.1
    done
    return 1
}

# Datagrams that the client put together out of fragments.
put_together() { # Ip|Ip6
    case $1 in
        Ip) ns_exec client awk '$1 == "Ip:" { if (!n) for (i = 2; i <= NF; i++) { if ($i == "ReasmOKs") n = i } else print $n }' /proc/net/snmp ;;
        Ip6) ns_exec client awk '$1 == "Ip6ReasmOKs" { print $2 }' /proc/net/snmp6 ;;
    esac
}

trace_a_ping() { # ADDRESS OPTIONS...: leat trace shows an echo request passing ip4-forward
    local t i tags=''
    for ((i = 0; i < ${topo_vlans:-0}; i++)); do tags+='vlan and '; done
    # shellcheck disable=SC2086
    L trace -c 2 $tags icmp >"$tmp/trace" 2>"$tmp/trace.err" &
    t=$!
    for i in {1..30}; do
        ns_exec client ping -n -c 1 -W 1 "$@" >/dev/null 2>&1
        kill -0 $t 2>/dev/null || break
        sleep 0.1
    done
    kill $t 2>/dev/null
    wait $t 2>/dev/null
    grep -q ip4-forward "$tmp/trace" || { cat "$tmp/trace" "$tmp/trace.err"; return 1; }
}

drops_name() { L drops | grep -q "$1"; }

# The start of a capture, pings and traceroutes, is all that these look at.
wire_is_tagged() { # client|server: every frame has the tags of $topo_vlans and no more
    local tag n f=''
    for tag in $(vlan_tags); do
        case $tag in
            802.1ad:*) f+=" && (ieee8021ad.svid == ${tag#*:} || ieee8021ad.cvid == ${tag#*:} || ieee8021ad.id == ${tag#*:})" ;;
            *) f+=" && vlan.id == ${tag#*:}" ;;
        esac
    done
    # But for what the interfaces below say of their own groups, which routers have without an address, too.
    f="(${f# && }) || (ipv6.src == :: && icmpv6.type == 143)"
    n=$(tshark -c 300 -r "$tmp/$1.pcap" -Y "$f" 2>/dev/null | wc -l)
    echo "$n of 300 frames match $f"
    [ "$n" = 300 ] && ! tshark -c 300 -r "$tmp/$1.pcap" -Y _ws.malformed 2>/dev/null | grep .
}
wire_has_fragments() { # client|server
    local f
    for f in 'ip.flags.mf == 1 && ip.src == 10.77.1.2' 'ip.flags.mf == 1 && ip.src == 10.77.2.2' \
        'ip.flags.mf == 1 && ip.src == 10.77.1.1' 'ipv6.fraghdr && ipv6.src == fd77:1::2' \
        'ipv6.fraghdr && ipv6.src == fd77:2::2' 'ipv6.fraghdr && ipv6.src == fd77:2::1'; do
        [ -n "$(tshark -c 300 -r "$tmp/$1.pcap" -Y "$f" 2>/dev/null)" ] || { echo "none: $f"; return 1; }
    done
    ! tshark -c 300 -r "$tmp/$1.pcap" -Y '_ws.malformed || ip.fragment.error || ipv6.fragment.error' 2>/dev/null | grep .
}

# leat beside a guest of the lab's peer-vm (PEER_VM, or ../shared/lab/peer-vm from the source tree), whose eth0 is leat's interface $tap in a
# namespace of its own. Sets $leat, $leatd, $name, $tap; exits with 77 where there is no guest. `guest COMMAND...` runs there, `L ...` is leat.
topo_guest() { # BUILD NAME TAP
    [ "$(id -u)" = 0 ] || exit 77
    peer_vm=${PEER_VM:-$topo_dir/../../../shared/lab/peer-vm}
    [ -x "$peer_vm" ] || { echo "no guest: set PEER_VM"; exit 77; }
    leat=$1/apps/leat/leat leatd=$1/apps/leatd/leatd
    name=$2$$ tap=$3$$
    export LEAT_RUNDIR
    topo_start none
    eval "$(echo "base_clean() {"; declare -f topo_clean | tail -n +3)" # the guest goes first
    topo_clean() {
        "$peer_vm" stop --name "$tap" >/dev/null 2>&1
        base_clean
    }
    LEAT_RUNDIR=$tmp/run
    ip netns add "$prefix-leat" || exit 1
    "$peer_vm" start --name "$tap" --netns "$prefix-leat" --addr none >"$tmp/vm" 2>&1 || { cat "$tmp/vm"; exit 77; }
}
L() { "$leat" -n "$name" "$@"; }
guest() { "$peer_vm" exec --name "$tap" -- "$@"; }
guest_leatd() { # ARG...
    local i
    ip netns exec "$prefix-leat" "$leatd" --name "$name" --dev "af_packet:$tap" "$@" >"$tmp/leatd.out" 2>"$tmp/leatd.log" </dev/null &
    leatd_pid=$!
    for i in {1..50}; do grep -qx ready "$tmp/leatd.out" && return 0; sleep 0.1; done
    return 1
}

# Who looks at no frame of leat's finds nothing wrong with them: some must be in the capture, and then nothing that is wrong.
wire_is_sound() { # PCAP LEATS WRONG [TSHARK OPTION]...: LEATS and WRONG are display filters
    local pcap=$1 ours=$2 wrong=$3
    shift 3
    [ -n "$(tshark -r "$pcap" -Y "$ours" 2>/dev/null | head -n 1)" ] || { echo "no frame of leat's in $pcap: $ours"; return 1; }
    ! tshark -r "$pcap" "$@" -Y "$wrong" 2>/dev/null | grep .
}
