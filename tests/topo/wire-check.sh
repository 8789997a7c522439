#!/bin/bash
# wire-check.sh BUILD [af_packet|af_xdp|tap]: runs the demo's checks with all offloads off and no virtio-net header, captures both links, and
# lets tshark, with every checksum validated, judge each frame that leat sent. It must find nothing wrong.
set -uo pipefail
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
export LEAT_BUILD=${1:-$top/build}
over=${2:-af_packet}
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v tshark >/dev/null && command -v tcpdump >/dev/null || { echo "needs tshark and tcpdump"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/leat-wire.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$top/scripts/demo" --no-build --over "$over" --plain-wire --keep "$dir" >"$dir/demo.log" 2>&1 || { cat "$dir/demo.log"; exit 1; }
total=0
for host in client server; do
    f=$dir/$host.pcap
    # What comes from leat is what the host at this end did not send itself.
    own=$(tshark -r "$f" -Y 'arp.opcode == 1 || icmpv6.type == 135 || ip || ipv6' -T fields -e eth.src -e ip.src -e ipv6.src 2>/dev/null |
        awk -v a="10.77.$([ $host = client ] && echo 1 || echo 2).2" '$2 == a { print $1; exit }')
    [ -n "$own" ] || { echo "$host: no frame of the host itself in the capture"; exit 1; }
    n=$(tshark -r "$f" -Y "eth.src != $own" 2>/dev/null | wc -l)
    total=$((total + n))
    # Linux: a host without checksum offload writes a TCP sum of 0 as 0xffff, its equal in ones' complement, and leat passes the
    # segment on. Such a frame is excused only if the host at the other end is seen to have sent it just so.
    other=$([ $host = client ] && echo server || echo client)
    ffff() { tshark -r "$dir/$1.pcap" -Y "tcp.checksum == 0xffff && ($2)" -T fields -e tcp.srcport -e tcp.seq_raw -e tcp.ack_raw 2>/dev/null | sort -u; }
    forged=$(comm -23 <(ffff $host "eth.src != $own") <(ffff $other "ip.ttl == 64 || ipv6.hlim == 64"))
    [ -z "$forged" ] || { echo "$host: leat itself made a TCP checksum of 0xffff:"; echo "$forged"; exit 1; }
    bad=$(tshark -r "$f" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y "eth.src != $own && \
(_ws.malformed || ip.checksum.status == \"Bad\" || (tcp.checksum.status == \"Bad\" && tcp.checksum != 0xffff) || udp.checksum.status == \"Bad\" || \
icmp.checksum.status == \"Bad\" || icmpv6.checksum.status == \"Bad\" || (_ws.expert.severity == error && !(tcp.checksum == 0xffff)))" 2>/dev/null)
    long=$(tshark -r "$f" -Y "eth.src != $own && frame.len > 1514" 2>/dev/null | head -n 3)
    [ -z "$bad" ] || { echo "$host: tshark objects:"; echo "$bad" | head -n 20; exit 1; }
    [ -z "$long" ] || { echo "$host: frames longer than the MTU:"; echo "$long"; exit 1; }
    echo "$host: $n frames of leat's, nothing wrong"
done
# 20 MB in each family cross both links: a test that looked at nothing would not come this far.
[ "$total" -gt 20000 ] || { echo "only $total frames looked at"; exit 1; }
