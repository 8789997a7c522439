#!/bin/bash
# pcap.sh LEAT LEATD: files as a wire. scapy writes what arrives, as pcap and as pcapng; tshark reads what leat answered, likewise.
. "$(dirname "$0")/lib.sh"
share
if [ "$(id -u)" != 0 ] && ! can_unshare_user; then skip "no user namespaces here"; fi
python=/usr/bin/python3 # Debian's, which has Debian's scapy
"$python" -c 'import scapy' 2>/dev/null && command -v tshark >/dev/null || skip "scapy and tshark are wanted"

write() { # OUT.pcap|OUT.pcapng: who asks for leat's address, then pings it, a second apart
    "$python" - "$1" <<'END'
import sys
from scapy.all import *
me, peer = "02:00:00:00:00:01", "02:00:00:00:00:02"
ask = Ether(src=peer, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=peer, psrc="10.9.8.2", pdst="10.9.8.1")
ping = [Ether(src=peer, dst=me) / IP(src="10.9.8.2", dst="10.9.8.1") / ICMP(id=7, seq=i) / (b"x" * n) for i, n in enumerate((40, 1400))]
frames = [ask] + ping
for i, f in enumerate(frames):
    f.time = 1000 + i * 0.5
(PcapNgWriter if sys.argv[1].endswith("ng") else PcapWriter)(sys.argv[1]).write(frames)
END
}
answers() { # IN OUT
    local i rc=1
    write "$tmp/$1" || return 1
    touch "$tmp/$2" && chmod 666 "$tmp/$2"
    "$leatd" --name "$name" --dev "pcap:p0,in=$tmp/$1,out=$tmp/$2,mac=02:00:00:00:00:01" >"$tmp/leatd.log" 2>&1 </dev/null &
    daemon=$!
    for i in {1..100}; do grep -qs ready "$tmp/leatd.log" && break; sleep 0.05; done
    run ip addr add 10.9.8.1/24 dev p0 && run ip link set p0 up || { cat "$tmp/leatd.log"; return 1; }
    for i in {1..60}; do
        tshark -r "$tmp/$2" 2>/dev/null >"$tmp/read"
        [ "$(grep -c 'Echo (ping) reply' "$tmp/read")" = 2 ] && rc=0 && break
        sleep 0.1
    done
    kill $daemon
    wait $daemon 2>/dev/null
    daemon=''
    cat "$tmp/read"
    # The distances are those of the capture, and nothing is wrong with what leat sent.
    [ $rc = 0 ] && grep -q '10.9.8.1 is at 02:00:00:00:00:01' "$tmp/read" &&
        tshark -r "$tmp/$2" -Y icmp -T fields -e frame.time_relative 2>/dev/null |
        awk 'NR == 1 { a = $1 } NR == 2 { exit !($1 - a > 0.45) }' &&
        ! tshark -r "$tmp/$2" -o ip.check_checksum:TRUE -Y '_ws.malformed || ip.checksum.status == Bad || icmp.checksum.status == Bad' 2>/dev/null | grep .
}
check "a pcap file in, a pcapng file out" answers in.pcap out.pcapng
check "a pcapng file in, a pcap file out" answers in.pcapng out.pcap
check "no file: one line says so" eval 'says "in=PATH" "$leatd" --name "$name" --dev pcap:p0'
exit $failed
