#!/bin/bash
# queues.sh BUILD af_packet|af_xdp|tap: three workers, three queues a device, frames of 9,000 bytes: traffic over all of them, system
# calls counted, interfaces that vanish while they are in use.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server      each with three queues
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1 over=$2
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=queues$$
export LEAT_RUNDIR topo_queues=3 topo_mtu=9000 leatd_dev_opts=,queues=3
[ "$over" != tap ] || leatd_dev_opts+=,mtu=9000
[ "$over" != af_xdp ] || offloads_off=yes

topo_start "$over"
LEAT_RUNDIR=$tmp/run
L() { "$leat" -n "$name" "$@"; }
wait_for() { # COMMAND...: up to 5 s
    local i
    for i in {1..50}; do "$@" && return 0; sleep 0.1; done
    return 1
}
check "leatd starts" start_leatd "$name" --workers 3
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'address add fd77:1::1/64 dev l0 nodad' 'address add fd77:2::1/64 dev l1 nodad' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
wait_for ns_exec client ping -n -c 1 -W 1 10.77.2.2 >/dev/null

# of DEVICE: EXPRESSION over q, its queues
queue_sum() { L dev --json | python3 -c "
import json, sys
q = next(d for d in json.load(sys.stdin) if d['ifname'] == '$1')['queues']
print($2)"; }
tx() { queue_sum l1 'sum(x["tx_packets"] for x in q)'; }
kicks() { queue_sum l1 'sum(x["tx_kicks"] for x in q)'; }

say "queues"
check "leat dev lists three, on three workers" test "$(queue_sum l0 '[x["worker"] for x in q]')" = "[0, 1, 2]"
check "and how it works" eval 'L dev l0 | grep -q "mode: "; L dev l0'
for i in {1..40}; do # ports of their own: flows of their own
    ns_exec client python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'x', ('10.77.2.2', 4000 + $i))" || break
done
sleep 0.2
check "several receive, every worker sends by its own" eval '[ "$(queue_sum l0 "sum(x[\"rx_packets\"] > 0 for x in q)")" -ge 2 ] &&
    [ "$(queue_sum l1 "sum(x[\"tx_packets\"] > 0 for x in q)")" = 3 ] || { L dev; false; }'

say "a lone packet leaves at once, with a kick of its own; a burst shares them"
lone() { # what neighbours ask may share a kick with a ping: three tries
    local i p0 k0
    for i in 1 2 3; do
        p0=$(tx) k0=$(kicks)
        ping_all client 10.77.2.2 10 || return 1
        [ $(($(tx) - p0)) = $(($(kicks) - k0)) ] && return
    done
    echo "$(($(tx) - p0)) packets, $(($(kicks) - k0)) kicks"
    return 1
}
check "ten pings, one at a time: ten packets, ten kicks" lone
head -c 4000000 /dev/urandom >"$tmp/file"
serve_file "$tmp"
p0=$(tx) k0=$(kicks)
check "4 MB over HTTP" fetch_same http://10.77.2.2:8077/file
if [ "$over" = tap ]; then
    check "a call a frame" eval '[ $(($(tx) - p0)) = $(($(kicks) - k0)) ]'
else
    check "never more kicks than packets ($(($(kicks) - k0)) for $(($(tx) - p0)))" eval '[ $(($(kicks) - k0)) -le $(($(tx) - p0)) ]'
    p0=$(queue_sum l0 'sum(x["tx_packets"] for x in q)') k0=$(queue_sum l0 'sum(x["tx_kicks"] for x in q)')
    fetch_same "http://[fd77:2::2]:8077/file"
    p0=$(($(queue_sum l0 'sum(x["tx_packets"] for x in q)') - p0)) k0=$(($(queue_sum l0 'sum(x["tx_kicks"] for x in q)') - k0))
    check "and in bursts fewer ($k0 for $p0)" test "$k0" -lt "$p0"
fi
check "frames of 9,000 bytes" ping_all client 10.77.2.2 3 -M do -s 8972
check "and in IPv6" ping_all client fd77:2::2 3 -M do -s 8952
check "none was dropped at a device" eval '! L drops | grep -E "rx-full|rx-too-long|tx-full|truncated" || { L drops; false; }'

say "four VLAN tags, one in the other"
printf '%s\n' 'link add link l0 name v1 type vlan proto 802.1ad id 10' 'link add link v1 name v2 type vlan id 20' 'link add link v2 name v3 type vlan id 30' \
    'link add link v3 name v4 type vlan id 40' 'link set v1 up' 'link set v2 up' 'link set v3 up' 'link set v4 up' 'address add 10.88.0.1/24 dev v4' \
    'neigh add 10.88.0.2 lladdr 02:00:00:00:88:02 dev v4' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
cat >"$tmp/tags.py" <<'EOF2'
# An echo request behind four tags, and its answer behind the same. (The kernel takes the outermost one out of what it shows.)
import socket, struct, sys
def csum(b):
    n = sum(struct.unpack(f'!{len(b) // 2}H', b))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return struct.pack('!H', ~n & 0xffff)
data = bytes(range(200)) * 7
tags = struct.pack('!HHHHHHH', 0x8100, 20, 0x8100, 30, 0x8100, 40, 0x0800)
icmp = struct.pack('!BBHHH', 8, 0, 0, 7, 1) + data
icmp = icmp[:2] + csum(icmp) + icmp[4:]
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0, socket.inet_aton('10.88.0.2'), socket.inet_aton('10.88.0.1'))
ip = ip[:10] + csum(ip) + ip[12:]
us, leat = bytes.fromhex('020000008802'), bytes.fromhex(sys.argv[1].replace(':', ''))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(263, 8, 1) # SOL_PACKET, PACKET_AUXDATA
s.bind(('eth0', 0))
s.settimeout(2)
s.send(leat + us + struct.pack('!HH', 0x88a8, 10) + tags + ip + icmp)
while True:
    f, aux, _, _ = s.recvmsg(9100, 100)
    if f[:6] == us:
        break
_, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', aux[0][2])
assert (tpid, tci) == (0x88a8, 10), (hex(tpid), tci)
assert f[12:26] == tags, f[12:26].hex()
assert f[26 + 20] == 0 and f[26 + 28:] == data, f[26:].hex()
EOF2
check "an echo of 1,400 bytes comes back behind all four" ns_exec client python3 "$tmp/tags.py" "$(L dev l0 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["mac"])')"

say "its interface vanishes while it is in use"
ns_exec client ping -n -q -i 0.01 -c 300 10.77.2.2 >"$tmp/flood" 2>&1 &
flood=$!
sleep 1
ns_exec server ip link del eth0
check "no carrier" wait_for eval 'L dev l1 | grep -q "without carrier"'
wait $flood
[ "$over" = tap ] || check "said once" eval '[ "$(grep -c "l1: the interface is gone" "$tmp/leatd.log")" = 1 ]'
check "leat lives and answers on the other" ping_all client 10.77.1.1 3
check "it may be taken away" L dev del l1
ns_exec client ip link del eth0
check "the other, too" wait_for eval 'L dev l0 | grep -q "without carrier"'
sleep 1
before=$(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$leatd_pid/stat")
sleep 1
used=$(($(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$leatd_pid/stat") - before))
check "idle after that ($used ticks of CPU in a second)" test "$used" -le 1
check "the end is a success" stop_leatd
topo_end
