#!/bin/bash
# attacks.sh BUILD [--short] [--write FILE] [--only PATTERN] [ROUND...]
# The tools of thc-ipv6, ipv6toolkit and nmap against leat, one row of the table beside this file after the other.
#
#    client   eth0 ---+
#    attacker eth0 ---+-- br0 (wire) ---- l0  leat  l1 ---- eth0  server
#    victim   eth0 ---+
#
# Rounds, with the settings leat has at first: router (it forwards between client and server), host (it configures itself from the
# client, which is a router). Hardened, as docs/howto/harden.md has it: pinned (a router), wary (a host). And victim (controls: the same
# attacks against a kernel, where they have to succeed).
#
# What is checked of each row: the attacker has sent something; leatd lives; its memory has not grown; client and server are
# answered during and after; and what an attacker wants to change is what it was: addresses, routes, path MTUs, next hops and
# MACs of the partners. In rows marked "quiet" the attacker waits for questions that do not come. Those marked "may" are those where the standard has the host believe: the outcome says what changed.
#
# --short        only the rows that name the round in the second column, with a third of the time
# --write FILE   the outcomes as tables in Markdown, in place of what FILE has from "## Outcomes" on
# --only PATTERN only rows whose command matches
# shellcheck source=tests/topo/lib.sh
here=$(dirname "$(readlink -f "$0")")
. "$here/../topo/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
B=$1 short='' write='' only='' rounds=()
shift
while [ $# -gt 0 ]; do
    case $1 in
        --short) short=yes ;;
        --write) write=$2; shift ;;
        --only) only=$2; shift ;;
        *) rounds+=("$1") ;;
    esac
    shift
done
[ ${#rounds[@]} -gt 0 ] || rounds=(victim router pinned host wary)
for tool in atk6-alive6 na6 nmap radvd; do
    command -v $tool >/dev/null || { echo "no $tool: packages thc-ipv6, ipv6toolkit, nmap, radvd"; exit 77; }
done
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=attacks$$ offloads_off=yes
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }
R() { L run -- "$@"; }
wire=$prefix-wire attacker=$prefix-attacker victim=$prefix-victim
asan=$(grep -c __asan_init "$leatd")
# The words of the table.
leat4=10.77.1.1 leat6=fd77:1::1 leatll=fe80::77 client4=10.77.1.2 client6=fd77:1::2 clientll=fe80::2
server4=10.77.2.2 server6=fd77:2::2 far6=fd77:9::2 stranger=fe80::bad victim6=fd77:1::9 victimll=fe80::9
lmac=02:00:00:00:77:01 cmac=02:00:00:00:77:02 vmac=02:00:00:00:77:09 smac=02:00:00:00:77:22 amac=02:00:00:00:77:66 nomac=02:00:00:00:77:ee
router=$leatll # of the victim; in the rounds of the host it is the client

plug() { # NAMESPACE DEVICE MAC PORT: onto the bridge
    ip -n "$wire" link add "$4" type veth peer name "$2" address "$3" netns "$1"
    ip -n "$wire" link set "$4" master br0 up
    # The switch learns nothing: to take somebody's MAC is an attack on switches.
    ip -n "$wire" link set "$4" type bridge_slave learning off
    bridge -n "$wire" fdb replace "$3" dev "$4" master static
}
wire_up() {
    local n
    for n in $wire $attacker; do ip netns add "$n" || return 1; done
    ip -n "$wire" link add br0 type bridge mcast_snooping 0
    ip -n "$wire" link set br0 up
    ip -n "$prefix-leat" link del l0
    plug "$prefix-leat" l0 $lmac p0
    plug "$prefix-client" eth0 $cmac p1
    plug "$attacker" eth0 $amac p2
    ip -n "$prefix-leat" link set l0 up
    ip -n "$prefix-server" link set eth0 address $smac
    for n in "$prefix-leat" "$prefix-client" "$prefix-server" "$attacker"; do
        ip netns exec "$n" sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
            net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.default.accept_redirects=0 net.ipv4.conf.all.accept_redirects=0 \
            net.ipv6.conf.eth0.accept_ra=0 net.ipv6.conf.eth0.accept_redirects=0 net.ipv4.ping_group_range="0 2147483647" 2>/dev/null
    done
    host_up client $client4/24 $client6/64 $leat4 $leat6
    host_up server $server4/24 $server6/64 10.77.2.1 fd77:2::1
    ip -n "$prefix-client" address add $clientll/64 dev eth0 nodad
    ip -n "$prefix-client" address add $far6/128 dev lo nodad
    # The partners themselves are out of the attackers' reach: what breaks is leat.
    for n in $leat4 $leat6 $leatll; do ip -n "$prefix-client" neigh replace $n lladdr $lmac dev eth0 nud permanent; done
    ip -n "$attacker" link set lo up
    ip -n "$attacker" link set eth0 up
    ip netns exec "$attacker" ethtool -K eth0 tx off >/dev/null 2>&1
    ip -n "$attacker" address add 10.77.1.66/24 dev eth0
    ip -n "$attacker" address add fd77:1::66/64 dev eth0 nodad
    ip -n "$attacker" address add $stranger/64 dev eth0 nodad
    ip -n "$attacker" route add default via $leat4
    ip -n "$attacker" -6 route add default via $leat6
    ns_spawn server "$tmp/serve.log" python3 "$here/life.py" serve 7007
}
victim_up() {
    ip -n "$wire" link del p3 2>/dev/null
    [ ! -e "/run/netns/$victim" ] || ip netns del "$victim"
    ip netns add "$victim"
    plug "$victim" eth0 $vmac p3
    ip netns exec "$victim" sysctl -qw net.ipv6.conf.all.accept_ra=1 net.ipv6.conf.eth0.accept_ra=1 net.ipv6.conf.all.accept_redirects=1 \
        net.ipv6.conf.eth0.accept_redirects=1
    ip -n "$victim" link set lo up
    ip -n "$victim" link set eth0 up
    ip -n "$victim" address add $victim6/64 dev eth0 nodad
    ip -n "$victim" address add $victimll/64 dev eth0 nodad
    ip -n "$victim" -6 route add default via $leatll dev eth0
    ip netns exec "$victim" ping -6 -c 1 -W 1 $client6 >/dev/null
    ip netns exec "$victim" ping -6 -c 1 -W 1 $server6 >/dev/null
}
clean_all() {
    local n
    topo_clean
    for n in $wire $attacker $victim; do [ ! -e "/run/netns/$n" ] || ip netns del "$n"; done
}

# What an attacker wants to change, as text: equal texts mean that nothing has changed. $1: who, then how to run ip there.
state() {
    local d=l0
    [ "$1" = leat ] || d=eth0
    on "$1" sh -c '
        d=$1; shift
        ip -o link show $d | grep -o "mtu [0-9]*"
        ip -o address show $d
        ip -4 route; ip -6 route
        while [ $# -gt 0 ]; do
            case $1 in to) ip -o route get $2 ;; mac) ip neigh show to ${2%,*} | grep lladdr | grep -v "lladdr ${2#*,}" | cut -d" " -f1,4,5 ;; esac
            shift 2
        done 2>&1' sh $d to $client4 to $client6 to $server4 to $server6 to $far6 \
        mac $client4,$cmac mac $client6,$cmac mac $clientll,$cmac mac $server4,$smac mac $server6,$smac mac $leat6,$lmac mac $leatll,$lmac |
        sed -E 's/ expires -?[0-9]+sec//; s/ tentative//; s/ *valid_lft.*//; s/ (REACHABLE|STALE|DELAY|PROBE|FAILED|router).*//; s/ pref medium//; s/ uid [0-9]+//; s/ cache//; s/\\//g; s/ +/ /g; s/ $//'
}
dad_trial() { # leat|victim DEVICE: a new address while somebody claims it, and what became of it
    on "$1" ip address add fd77:1::dad/64 dev "$2"
    sleep 4
    on "$1" ip -o address show dev "$2" to fd77:1::dad
    [ "$1" = leat ] && on "$1" ip address del fd77:1::dad/64 dev "$2"
}
on() { local who=$1; shift; if [ "$who" = leat ]; then R "$@"; else ip netns exec "$victim" "$@"; fi; }
changed() { diff <(echo "$1") <(echo "$2") | sed -n 's/^< /- /p; s/^> /+ /p'; }

rss() { awk '/VmRSS/ { print $2 }' "/proc/$leatd_pid/status"; }
alive() { kill -0 "$leatd_pid" && ! grep -E 'AddressSanitizer|runtime error' "$tmp/leatd.log"; }
sent() { ip netns exec "$attacker" cat /sys/class/net/eth0/statistics/tx_packets 2>/dev/null || ip -n "$attacker" -s -o link show eth0 | sed 's/.*TX:[^0-9]*[0-9]* *\([0-9]*\).*/\1/'; }
lives() { cat "$tmp/life"; }
kept() { # BEFORE: the least share of answers any partner got since, in percent
    paste -d' ' <(echo "$1") <(lives) | awk 'BEGIN { least = 100 } { a = $5 - $1; p = a > 0 ? 100 * ($6 - $2) / a : 0
        if (p < least) least = p } END { if (least < 0) least = 0; printf "%d\n", least }'
}
recovered() { # within three seconds everybody is answered again
    local i before share
    for i in {1..6}; do
        before=$(lives)
        sleep 0.5
        share=$(kept "$before")
        [ "${share:-0}" -lt 80 ] || return 0
    done
    lives
    return 1
}

harden() { # what docs/howto/harden.md says, for both links
    local d
    for d in l0 l1; do
        grep -E '^net\.' "$here/../../docs/howto/harden.md" | sed "s/\bIF\b/$d/; s/ .*//" | xargs "$leat" -n "$name" sysctl >/dev/null || return 1
    done
}
router_up() { # learnt|permanent
    L sysctl net.ipv4.conf.all.forwarding=1 net.ipv6.conf.all.forwarding=1 >/dev/null
    [ "$1" = learnt ] || harden || return 1
    R sh -ec "
        ip link set lo up; ip link set l0 up; ip link set l1 up
        ip address add $leat4/24 dev l0; ip address add $leat6/64 dev l0 nodad; ip address add $leatll/64 dev l0 nodad
        ip address add 10.77.2.1/24 dev l1; ip address add fd77:2::1/64 dev l1 nodad
        ip -6 route add fd77:9::/64 via $clientll dev l0"
    if [ "$1" = permanent ]; then
        R sh -ec "for a in $client4 $client6 $clientll; do ip neigh replace \$a lladdr $cmac dev l0 nud permanent; done
            for a in $server4 $server6; do ip neigh replace \$a lladdr $smac dev l1 nud permanent; done"
    fi
    life ping:$leat4 ping:$leat6 ping:$leatll%eth0 ping:$server4 udp:$server4 udp:$server6 tcp:$server4 tcp:$server6
}
radvd_up() {
    [ -z "${radvd_pid:-}" ] || return 0
    ns_exec client sysctl -qw net.ipv6.conf.all.forwarding=1
    echo "interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 1800; AdvRASrcAddress { $clientll; };
        prefix fd77:1::/64 { AdvValidLifetime 7200; AdvPreferredLifetime 3600; }; };" >"$tmp/radvd.conf"
    ns_spawn client "$tmp/radvd.log" radvd -n -C "$tmp/radvd.conf" -p "$tmp/radvd.pid" -m stderr
    radvd_pid=$!
}
host_configured() { R ip -6 -o address show dev l0 scope global | grep -v tentative | grep -q dynamic && R ip -6 route show default | grep -q via; }
leat_host_up() { # wary or not
    local i
    L sysctl net.ipv4.conf.all.forwarding=0 net.ipv6.conf.all.forwarding=0 >/dev/null
    if [ "$1" = wary ]; then harden || return 1; else radvd_up; fi
    R sh -ec "ip link set lo up; ip link set l0 up; ip address add $leat4/24 dev l0; ip address add $leatll/64 dev l0 nodad"
    if [ "$1" = wary ]; then
        R sh -ec "ip address add $leat6/64 dev l0 nodad; ip -6 route add default via $clientll dev l0
            for a in $client4 $client6 $clientll; do ip neigh replace \$a lladdr $cmac dev l0 nud permanent; done"
        mine=$leat6
    else
        for i in {1..60}; do host_configured && break; sleep 0.2; done
        mine=$(R ip -6 -o address show dev l0 scope global dynamic | sed 's/.*inet6 \([^/]*\).*/\1/' | head -n 1)
        ip -n "$prefix-client" neigh replace "$mine" lladdr $lmac dev eth0 nud permanent
    fi
    life ping:$leat4 "ping:$mine" ping:$leatll%eth0 "ping:$mine@$far6"
}
life() { # KIND:ADDRESS...: live traffic to these
    local i
    : >"$tmp/life"
    ns_spawn client "$tmp/life.log" python3 "$here/life.py" live "$tmp/life" "$@"
    life_pid=$!
    for i in {1..50}; do [ -s "$tmp/life" ] && break; sleep 0.1; done
    for i in {1..5}; do recovered >/dev/null && return 0; done
    cat "$tmp/life.log"
    lives
    return 1
}
life_end() { [ -z "${life_pid:-}" ] || { kill "$life_pid"; wait "$life_pid"; life_pid=''; } 2>/dev/null; }
round_up() {
    start_leatd "$name" --workers 2 || return 1
    case $1 in
        router | victim) router_up learnt; router=$leatll mine=$leat6 ;;
        pinned) router_up permanent; router=$leatll mine=$leat6 ;;
        host) leat_host_up ''; router=$clientll ;;
        wary) leat_host_up wary; router=$clientll ;;
    esac
}
round_down() { life_end; [ -z "$leatd_pid" ] || stop_leatd; }

strike() { # SECONDS COMMAND: status as timeout's
    ip netns exec "$attacker" nice -n 19 timeout -k 1 "$1" sh -c "$2" >"$tmp/attack.out" 2>&1 </dev/null
}
# One row. The outcome goes to the table that --write makes.
attack() {
    local round=$1 secs=$2 may=$3 trigger=$4 aim=$5 why=$6 command who=leat
    command=$(eval "echo \"$7\"")
    [ "$round" != victim ] || who=victim
    [ -z "$short" ] || [ "$may" = must ] || secs=$(((secs + 2) / 3))
    local before after live mem tx drops diff share grown rc least=50 problems=''
    before=$(state $who) live=$(lives) mem=$(rss) tx=$(sent)
    L drops >"$tmp/drops.before"
    if [ -n "$trigger" ]; then
        (sleep 0.4; eval "$trigger") >"$tmp/trigger.out" 2>&1 &
        local trigger_pid=$!
    fi
    strike "$secs" "$command"
    rc=$?
    [ -z "$trigger" ] || wait "$trigger_pid"
    sleep 0.2
    share=$(kept "$live") after=$(state $who) tx=$(($(sent) - tx)) grown=$(($(rss) - mem))
    diff=$(changed "$before" "$after")
    # On a busy machine a tool may come to nothing in its time.
    if [ "$may" = must ] && [ -z "$diff" ]; then
        strike $((3 * secs)) "$command"
        sleep 0.5
        diff=$(changed "$before" "$(state $who)")
    fi
    # Here a flood and what it is to harm share the processors; tests of floods say more of that.
    [ $tx -gt 20000 ] && least=10
    drops=$(drops_since)
    alive >/dev/null 2>&1 || problems+=" leatd is gone;"
    [ $tx -gt 0 ] || [ "$may" = quiet ] || problems+=" the attacker sent nothing;"
    case $rc in 132 | 134 | 136 | 139) echo "    the tool itself crashed, having sent $tx frames" ;; esac
    [ $tx -gt 4 ] || tail -n 5 "$tmp/attack.out" | cut -c1-150 | sed 's/^/    /'
    [ "$asan" -gt 0 ] || [ $grown -lt 8192 ] || problems+=" memory grew by $grown KiB;"
    [ $mem -gt 0 ] || problems+=" no memory to look at;"
    case $may in
        must) [ -n "$diff" ] || problems+=" a control without effect;" ;;
        no | quiet) [ -z "$diff" ] || problems+=" changed: $diff;"; recovered >/dev/null || problems+=" traffic is broken: $(lives | tr '\n' ' ');" ;;
        may) ;;
    esac
    if [[ $may =~ ^(no|quiet)$ ]] && grep -q dadfailed "$tmp/trigger.out" 2>/dev/null; then problems+=" a new address is a duplicate;"; fi
    if [ "$who" = leat ] && [ "$share" -lt $least ] && [ "$may" = no ]; then problems+=" only $share % answered meanwhile;"; fi
    [ "$(wc -l <<<"$after")" -lt 100 ] || problems+=" $(wc -l <<<"$after") lines of state;"
    if [ -z "$problems" ]; then pass "$round: $command: $tx sent, $share % answered${diff:+, changed: ${diff//$'\n'/, }}"; else fail "$round: $command:$problems"; fi
    [ ! -s "$tmp/trigger.out" ] || sed 's/^/    /' "$tmp/trigger.out" | tail -n 2
    row "$round" "$command" "$aim" "$tx" "$share" "$drops" "$diff" "$problems" "$why"
    rm -f "$tmp/trigger.out"
    [ -z "$diff$problems" ] || again "$round"
}
again() { # as it was before the attack
    case $1 in
        victim) victim_up ;;
        *) round_down; round_up "$1" || fail "leatd starts again" ;;
    esac
}
drops_since() { # the names whose counters grew most
    L drops >"$tmp/drops.after"
    awk 'NF >= 3 && $NF !~ /^[0-9]+$/ { } { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) { n = $i; $i = ""; k = $0; if (FNR == NR) was[k] = n; else if (n > was[k]) print n - was[k], k; break } }' \
        "$tmp/drops.before" "$tmp/drops.after" | sort -rn | head -n 2 | tr -s ' ' | paste -sd, 
}
sections() {
    local round
    for round in "${rounds[@]}"; do
        printf '\n### Round %s%s\n\n| attack | aim | outcome | why | frames | answered meanwhile | what leat counted most |\n|---|---|---|---|---|---|---|\n' "$round" "$(case $round in pinned | wary) echo ", hardened" ;; router | host) echo ", as it is at first" ;; esac)"
        cat "$tmp/rows.$round"
    done
}
row() {
    [ -n "$write" ] || return 0
    local outcome
    [ "$(wc -l <<<"$7")" -lt 8 ] || set -- "${@:1:6}" "$(grep -c '^+' <<<"$7") lines more, $(grep -c '^-' <<<"$7") less" "${@:8}"
    if [ -n "$8" ]; then outcome="**succeeds**:$8"
    elif [ "$1" = victim ]; then outcome="succeeds, as it must here: $7"
    elif [ -n "$7" ]; then outcome="**believed**, as its standard has it: $7"
    elif grep -q dadfailed "$tmp/trigger.out" 2>/dev/null; then outcome="**believed**, as its standard has it: a new address is a duplicate"
    elif [ "$may" = may ] && [ "$5" -lt 80 ]; then outcome="**believed** for a while, then as before"
    else outcome="fails"; fi
    outcome=$(tr '\n' ' ' <<<"$outcome")
    printf '| `%s` | %s | %s | %s | %s | %s | %s |\n' "$2" "$3" "${outcome% }" "$9" "$4" "$5 %" "$6" >>"$tmp/rows.$1"
}

topo_start af_packet
LEAT_RUNDIR=$tmp/run leatd_dev_opts=,vnet=0
trap clean_all EXIT
check "namespaces on a bridge" wire_up
for round in "${rounds[@]}"; do
    say "round $round"
    check "leat is up, its partners are answered" round_up "$round"
    [ "$round" != victim ] || victim_up
    [ -z "$leatd_pid" ] && continue
    while IFS='|' read -r where when secs may trigger aim why command; do
        case $where in '#'* | '') continue ;; esac
        [[ " $where " == *" $round "* ]] || continue
        [ -z "$short" ] || [[ " $when " == *" $round "* ]] || continue
        [ -z "$only" ] || [[ $command =~ $only ]] || continue
        case $may in *=*) may=$(sed -nE "s/(.* )?$round=([a-z]+).*/\2/p" <<<"$may"); may=${may:-no} ;; esac
        attack "$round" "$secs" "$may" "$trigger" "$aim" "$why" "$command"
    done <"$here/table"
    round_down
done
if [ -n "$write" ]; then
    { sed '/^## Outcomes/,$d' "$write" 2>/dev/null; echo "## Outcomes"; sections; } >"$tmp/written"
    cp "$tmp/written" "$write"
fi
clean_all
topo_end
