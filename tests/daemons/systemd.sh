#!/bin/bash
# systemd.sh BUILD: leatd@.service and leat-metrics@.service under a real systemd: started, reloaded, restarted three times without a packet
# lost, killed, stuck, stopped. systemd runs in a container (systemd-nspawn) over this machine's own files, of which it changes
# nothing, in networks of its own.
set -uo pipefail
B=$(readlink -f "$1")
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
for p in systemd-nspawn nsenter unshare meson; do command -v $p >/dev/null || { echo "needs $p"; exit 77; }; done
tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-systemd.XXXXXX") failed=0 front=''
group=/sys/fs/cgroup/lt-systemd-$$
finish() {
    [ -z "$front" ] || { kill "$front" 2>/dev/null; wait "$front" 2>/dev/null; }
    unshare -m bash -c "mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && rmdir $group" 2>/dev/null
    rm -rf "$tmp"
}
trap finish EXIT

check() { # TEXT COMMAND...
    local out
    if out=$("${@:2}" 2>&1); then echo "ok: $1"; else
        echo "FAILED: $1"
        printf '%s\n' "$out" | tail -n 20 | sed 's/^/    /'
        failed=1
    fi
}
within() { # SECONDS COMMAND...
    local n=$(($1 * 5))
    while ! "${@:2}" >/dev/null 2>&1; do
        n=$((n - 1))
        [ $n -gt 0 ] || { "${@:2}"; return 1; }
        sleep 0.2
    done
}

# --- a machine with systemd and leat installed ---
DESTDIR=$tmp/tree meson install --no-rebuild -C "$B" >"$tmp/install" 2>&1 || { tail "$tmp/install"; exit 1; }
prefix=$(meson introspect --buildoptions "$B" | python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
mkdir "$tmp/root"
boot() {
    exec unshare -m bash -c '
        mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && mkdir "$1" && echo $$ >"$1/cgroup.procs" && mount --bind / "$2" || exit 1
        exec systemd-nspawn -D "$2" --volatile=overlay --register=no --keep-unit --private-network -b --console=pipe --link-journal=no \
            --capability=all --system-call-filter="pidfd_getfd @debug @mount bpf" --bind=/dev/fuse "--bind-ro=$3:$4"' \
        boot "$group" "$tmp/root" "$tmp/tree$prefix" "$prefix"
}
boot </dev/null >"$tmp/console" 2>&1 &
front=$!
init=''
inside() { nsenter -t "$init" -a "$@"; }
is_up() { init=$(pgrep -P "$front" -x systemd) && [[ $(inside systemctl is-system-running 2>/dev/null) =~ running|degraded ]]; }
for ((i = 0; i < 300; i++)); do is_up && break || sleep 0.2; done
is_up || { echo "no container here:"; tail -n 3 "$tmp/console"; exit 77; }

inside bash -e <<'X' || { echo "FAILED: the container is made ready"; exit 1; }
ldconfig
for x in a:1 b:2; do
    n=${x%:*} k=${x#*:}
    ip link add "lt$k" type veth peer name e0 address 02:00:00:00:00:0$k
    ip netns add "$n"
    ip link set e0 netns "$n"
    ip -n "$n" address add "10.$k.0.2/24" dev e0
    ip -n "$n" link set e0 up
    ip -n "$n" route add default via "10.$k.0.1"
    ip link set "lt$k" up
done
mkdir -p /etc/leat /etc/systemd/system/leatd@.service.d
printf '[Service]\nWatchdogSec=6\n' >/etc/systemd/system/leatd@.service.d/test.conf
cat >/etc/leat/r1.conf <<Y
name r1
dev af_packet:lt1
dev af_packet:lt2
sysctl net.ipv4.ip_forward = 1
ip link set lt1 up
ip link set lt2 up
ip address add 10.1.0.1/24 dev lt1
ip address add 10.2.0.1/24 dev lt2
Y
systemctl daemon-reload
X

# --- the service ---
show() { inside systemctl show -p "$1" --value "${2:-leatd@r1}"; }
is() { [ "$(show "$1")" = "$2" ] || { echo "$1 is $(show "$1"), not $2"; inside journalctl -u leatd@r1 --no-pager -n 15; return 1; }; }
reach() { inside ip netns exec a ping -n -q -c 2 -W 2 10.2.0.2; }
reload() {
    inside sh -c "echo 'ip address add 10.1.9.1/24 dev lt1' >>/etc/leat/r1.conf" && inside systemctl reload leatd@r1 &&
        inside leat run -n r1 -- ip address show lt1 | grep 10.1.9.1
}
restarts() {
    local before now i
    inside ip netns exec a ping -n -q -i 0.01 -c 500 10.2.0.2 >"$tmp/pings" 2>&1 &
    local pings=$!
    for i in 1 2 3; do
        before=$(show MainPID)
        inside leat -n r1 restart || return 1
        now=$(show MainPID)
        [ "$now" != "$before" ] && [ "$now" != 0 ] || { echo "main process $before, then $now"; return 1; }
        sleep 0.5
    done
    wait $pings
    grep ' 0% packet loss' "$tmp/pings" || { cat "$tmp/pings"; return 1; }
    is NRestarts 0 && is ActiveState active
}
keeps_its_watchdog() {
    local before
    before=$(show MainPID)
    sleep 8
    is MainPID "$before"
}
comes_back() { # SIGNAL HOW_OFTEN
    inside kill "-$1" "$(show MainPID)" && within 20 is NRestarts "$2" && within 10 is ActiveState active && within 10 reach
}
given_back() { is ActiveState inactive && is Result success && ! inside tc filter show dev lt1 ingress | grep .; }

check "starts" inside systemctl start leatd@r1
check "packets pass" within 10 reach
check "systemctl reload applies what was added" reload
check "leat restart, three times: no packet is lost, and systemd knows who is there" restarts
check "the new one answers to the watchdog" keeps_its_watchdog
check "killed, it is started again" comes_back KILL 1
check "stuck, it is, too" comes_back STOP 2
inside systemctl start leat-metrics@r1
check "metrics" within 5 is ActiveState active leat-metrics@r1
check "stops" inside systemctl stop leatd@r1
check "interfaces are given back" given_back
exit $failed
