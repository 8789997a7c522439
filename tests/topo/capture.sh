#!/bin/bash
# capture.sh BUILD: `leat capture` beside tcpdump at the peer: the same packets, byte for byte, with their directions; drops with their reason; into
# a pipe; ended by a signal; as a Wireshark extcap; and a reader who does not read slows nothing.
#
#    client  eth0 ---- l0  leat  l1 ---- eth0  server
# shellcheck source=tests/topo/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v tshark >/dev/null && command -v tcpdump >/dev/null || { echo "tshark and tcpdump are wanted"; exit 77; }
/usr/bin/python3 -c 'import scapy' 2>/dev/null || { echo "scapy is wanted"; exit 77; }
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=capture$$

topo_start af_packet
L() { "$leat" -n "$name" "$@"; }
check "leatd starts" start_leatd "$name" --workers 2
printf '%s\n' 'link set lo up' 'link set l0 up' 'link set l1 up' 'address add 10.77.1.1/24 dev l0' 'address add 10.77.2.1/24 dev l1' \
    'route add prohibit 10.77.8.0/24' >"$tmp/batch"
check "configured" L run -- ip -batch "$tmp/batch"
host_up client 10.77.1.2/24 fd77:1::2/64 10.77.1.1 fd77:1::1
host_up server 10.77.2.2/24 fd77:2::2/64 10.77.2.1 fd77:2::1
ns_exec client ethtool -K eth0 tx off rx off >/dev/null 2>&1
known() { local i; for i in 1 2 3 4 5; do ns_exec client ping -n -q -c 1 -W 2 10.77.2.2 && return; done; }
check "everybody knows everybody" known

capturing='' # the pid of one that runs
capture_on() { # FILE OPTIONS...
    local file=$1
    shift
    "$leat" -n "$name" capture -w "$file" "$@" 2>"$tmp/capture.err" & capturing=$!
    sleep 0.4
}
capture_off() { kill -INT "$capturing"; wait "$capturing"; }
T() { tshark "$@" 2>/dev/null; }

# --- beside tcpdump ---

ns_spawn client "$tmp/tcpdump.out" tcpdump -i eth0 -w "$tmp/peer.pcap" --immediate-mode -U 'icmp or udp'
dumping=$!
capture_on "$tmp/leat.pcapng" -i l0 'icmp or udp'
check "traffic" ns_exec client ping -n -q -c 5 -i 0.05 -s 900 10.77.2.2
check "and some that is dropped" eval 'ns_exec client ping -n -q -c 2 -W 1 -i 0.05 10.77.8.1; ns_exec client ping -n -q -c 2 -t 1 -W 1 -i 0.05 10.77.2.2; true'
sleep 0.3
check "a signal ends it well" capture_off
kill "$dumping"
wait "$dumping"
cat >"$tmp/judge.py" <<'PY'
import sys
from scapy.all import rdpcap
a, b = ([bytes(p) for p in rdpcap(f)] for f in sys.argv[1:3])
if sorted(a) != sorted(b) or len(a) < 14:
    sys.exit(f"{len(a)} packets here, {len(b)} there, {len(set(a) & set(b))} of them the same")
PY
check "the same packets as at the peer, byte for byte" /usr/bin/python3 "$tmp/judge.py" "$tmp/leat.pcapng" "$tmp/peer.pcap"
check "requests are inbound, replies outbound" eval '[ "$(T -r "$tmp/leat.pcapng" -Y "icmp.type == 8 and not icmp.type == 3 and not icmp.type == 11" -T fields -e frame.packet_flags_direction | sort -u)" = 0x00000001 ] &&
    [ "$(T -r "$tmp/leat.pcapng" -Y "icmp.type == 0" -T fields -e frame.packet_flags_direction | sort -u)" = 0x00000002 ]'
check "on the interface l0" eval '[ "$(T -r "$tmp/leat.pcapng" -T fields -e frame.interface_name | sort -u)" = l0 ]'
check "nothing malformed" eval '[ -z "$(T -r "$tmp/leat.pcapng" -Y _ws.malformed)" ]'
check "at the hour it is" eval 'n=$(T -r "$tmp/leat.pcapng" -c 1 -T fields -e frame.time_epoch); n=${n%%.*}; d=$(($(date +%s) - n)); [ $d -ge 0 ] && [ $d -lt 60 ]'
check "it says how many" grep -qE '^[0-9]+ packets captured, 0 lost' "$tmp/capture.err"
check "and the file does" eval 'capinfos -c "$tmp/leat.pcapng" >/dev/null && grep -q . <(od -An -tx4 -v "$tmp/leat.pcapng" | tr -s " " "\n" | grep -x 00000005)'

# --- drops, nodes, limits ---

capture_on "$tmp/drops.pcapng" -Q none --drops 'icmp and dst 10.77.8.1'
ns_exec client ping -n -q -c 1 -W 1 10.77.8.1 >/dev/null
check "drops" capture_off
check "with their node and reason" eval 'T -r "$tmp/drops.pcapng" -T fields -e frame.comment | grep -q "^dropped at icmp4-error: ip-prohibit"'
capture_on "$tmp/node.pcapng" --node ip4-forward icmp
ns_exec client ping -n -q -c 2 -i 0.05 10.77.2.2 >/dev/null
check "at a node" capture_off
check "it stands in the comment" eval '[ "$(T -r "$tmp/node.pcapng" -Y icmp -T fields -e frame.comment | sort -u)" = "at ip4-forward" ]'
check "both ways" eval '[ "$(T -r "$tmp/node.pcapng" -Y icmp | wc -l)" = 4 ]'
capture_on "$tmp/snap.pcapng" -i l1 -s 60 -c 3 icmp
ns_exec client ping -n -q -c 5 -i 0.05 -s 500 10.77.2.2 >/dev/null
check "-c ends it" wait "$capturing"
check "three packets of 60 bytes, which were 542" eval '[ "$(T -r "$tmp/snap.pcapng" -T fields -e frame.cap_len -e frame.len | sort | uniq -c | xargs)" = "3 60 542" ]'
ns_spawn client "$tmp/ping.out" ping -n -q -c 600 -i 0.1 10.77.2.2
pinging=$!
check "-w - into tshark" eval '[ "$(timeout 10 "$leat" -n "$name" capture -q -i l0 -c 4 -w - icmp | tshark -r - 2>/dev/null | grep -c "Echo (ping)")" = 4 ]'
check "its reader may go" eval 'timeout 10 "$leat" -n "$name" capture -q -i l0 -w - icmp | head -c 100 >/dev/null; [ "${PIPESTATUS[0]}" = 0 ]'
check "lines" eval 'timeout 10 "$leat" -n "$name" capture -q -c 1 -i l0 -Q in icmp | grep -qE "^[0-9:.]+ l0 In +\| 98 bytes \| .*10\.77\.1\.2 > 10\.77\.2\.2 .*icmp echo"'
kill $pinging
wait $pinging 2>/dev/null

# --- mistakes ---

says() { local p=$1; shift; "$@" 2>&1 | grep -qE -- "$p"; }
check "no such device" says '^leat: capture: There is no interface of that name' L capture -i l9
check "no such node" says '^leat: capture: There is no node of that name' L capture --node ip9-input
check "no filter" says '^leat: capture: .*syntax' L capture -i l0 not a filter
check "no such option" says '^leat: capture: unknown option -x' L capture -x
check "a file that cannot be" says '^leat: capture: /nosuch/x: ' L capture -w /nosuch/x

# --- an extcap ---

mkdir -p "$tmp/extcap"
ln -s "$leat" "$tmp/extcap/leat-extcap"
X() { "$tmp/extcap/leat-extcap" "$@"; }
check "extcap: interfaces" says "^interface \{value=leat-$name-l0\}" X --extcap-interfaces
check "extcap: link types" says '^dlt \{number=1\}' X --extcap-dlts --extcap-interface="leat-$name-l0"
check "extcap: options" says '^arg \{number=1\}\{call=--drops\}' X --extcap-config --extcap-interface "leat-$name-l0"
check "extcap: a filter that is none" says syntax X --extcap-interface="leat-$name-l0" --extcap-capture-filter='not a filter'
mkfifo "$tmp/fifo"
"$tmp/extcap/leat-extcap" --capture --extcap-interface "leat-$name-l0" --fifo "$tmp/fifo" --extcap-capture-filter icmp --direction in & capturing=$!
ns_spawn client "$tmp/ping.out" ping -n -q -c 600 -i 0.1 10.77.2.2
pinging=$!
check "extcap: a capture" eval '[ "$(timeout 10 tshark -i - -c 3 <"$tmp/fifo" 2>/dev/null | grep -c request)" = 3 ]'
kill $pinging
wait $pinging 2>/dev/null
check "extcap: it ends when its reader goes, without a packet" wait "$capturing"
if WIRESHARK_EXTCAP_DIR=$tmp/extcap T -D | grep -q "leat-$name-l0"; then # not every build looks there
    ns_spawn client "$tmp/ping.out" ping -n -q -c 300 -i 0.2 10.77.2.2
    pinging=$!
    check "tshark knows the interface by itself" eval 'WIRESHARK_EXTCAP_DIR=$tmp/extcap timeout 20 tshark -i "leat-$name-l0" -c 3 icmp 2>/dev/null | grep -c Echo | grep -qx 3'
    kill $pinging 2>/dev/null
    wait $pinging 2>/dev/null
fi

# --- a reader who does not read ---

cat >"$tmp/flood.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
start = time.monotonic()
for i in range(int(sys.argv[1])):
    s.sendto(bytes(1400), ("10.77.2.2", 9))
    while i / 3000 > time.monotonic() - start: # 3,000 a second
        time.sleep(0.001)
PY
received() { ns_exec server cat /proc/net/dev | awk '/eth0/ { print $3 }'; }
arrived=0
arrives() { # N: sets how many of them arrive
    local before
    before=$(received)
    ns_exec client python3 "$tmp/flood.py" "$1" || return 1
    sleep 0.3
    arrived=$(($(received) - before))
}
as_many() { arrives 6000 && echo "$arrived instead of $alone" && [ $arrived -ge $((alone * 8 / 10)) ]; } # the machine has others, too
check "6,000 packets when nobody looks" arrives 6000
alone=$arrived
check "arrive" test "$alone" -gt 3000
mkfifo "$tmp/slow"
sleep 60 <"$tmp/slow" & sleeping=$!
"$leat" -n "$name" capture -i l0 -w "$tmp/slow" udp 2>"$tmp/slow.err" & capturing=$!
sleep 0.5
check "as many when somebody does not keep up" as_many
check "other captures see them" eval '"$leat" -n "$name" capture -q -i l0 -c 100 -w "$tmp/other.pcapng" udp & o=$!; sleep 0.3; arrives 500; wait $o'
kill $sleeping
wait $sleeping 2>/dev/null
check "its end is an end" wait "$capturing"
capture_on /dev/null -i l0 udp
kill -STOP "$capturing"
check "a stopped one, too, slows nothing" as_many
kill -CONT "$capturing"
check "it ends" capture_off
lost=$(sed -n 's/^[0-9]* packets captured, \([0-9]*\) lost.*/\1/p' "$tmp/capture.err") got=$(sed -n 's/^\([0-9]*\) packets captured.*/\1/p' "$tmp/capture.err")
check "and knows what it has lost: $lost of $((lost + got))" test "$lost" -gt 500 -a $((lost + got)) -ge $((arrived * 9 / 10))
topo_end
