#!/bin/bash
# Who listens to which group, told to a router that is not ours: a bridge of the kernel's that snoops and queries, IGMPv2 and v3, MLDv1
# and v2. What it has learned stands in its table (`bridge mdb`).
#
#    client  eth0 ---- br0 (snooping, querier) ---- l0  leat
# shellcheck source=tests/topo/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
B=$1
leat=$B/apps/leat/leat leatd=$B/apps/leatd/leatd
name=groups$$
export LEAT_RUNDIR
L() { "$leat" -n "$name" "$@"; }

topo_start af_packet
LEAT_RUNDIR=$tmp/run
ns_exec client ip link add br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_query_interval 500 \
    mcast_query_response_interval 100 mcast_startup_query_interval 100 mcast_last_member_interval 30 mcast_membership_interval 1500 2>/dev/null || { echo "no bridge here"; topo_clean; exit 77; }
ns_exec client ip link set eth0 master br0 up
ns_exec client ip link set br0 up
ns_exec client ip addr add 10.77.1.2/24 dev br0
ns_exec client ip addr add fd77:1::2/64 dev br0 nodad
check "leatd starts" start_leatd "$name"
check "leat is configured" L run -- sh -ec 'ip link set l0 up; ip address add 10.77.1.1/24 dev l0; ip address add fd77:1::1/64 dev l0 nodad'

mdb() { ns_exec client bridge -d mdb show dev br0; }
soon() { # [!] PATTERN: the table holds it, or not, within some seconds
    local want=0 i
    [ "$1" != ! ] || { want=1; shift; }
    for i in {1..150}; do
        mdb | grep -qE "$1"
        [ $? = $want ] && return 0
        sleep 0.1
    done
    mdb
    return 1
}
versions() { # IGMP MLD
    ns_exec client ip link set br0 type bridge mcast_igmp_version "$1" mcast_mld_version "$2"
}
join() { L run -- ip address add "$1" dev l0 autojoin; }
part() { L run -- ip address del "$1" dev l0; }

ns_spawn client /dev/null tcpdump -i br0 -U -w "$tmp/groups.pcap" -Z root -s 0 igmp or 'ip6 proto 0'
for i in {1..50}; do [ -s "$tmp/groups.pcap" ] && break; sleep 0.1; done
check "the group of leat's own address is known" soon 'port eth0 grp ff02::1:ff00:1 '
for v in '3 2' '2 1'; do
    # shellcheck disable=SC2086
    versions $v
    sleep 1.2 # the querier has spoken in the new words
    check "IGMPv${v% *}: a group is told" eval 'join 239.7.7.7/32 && soon "port eth0 grp 239.7.7.7 "'
    check "MLDv${v#* }: a group is told" eval 'join ff05::7/128 && soon "port eth0 grp ff05::7 "'
    sleep 2 # longer than the bridge believes it without being told again
    check "and goes on being told, as it is asked for" eval 'soon "grp 239.7.7.7 " && soon "grp ff05::7 "'
    check "who leaves is forgotten at once" eval 'part 239.7.7.7/32 && part ff05::7/128 && soon ! "grp (239.7.7.7|ff05::7) "'
done
sleep 0.5 # tcpdump may lag behind
leats_mac=$(L run -- cat /sys/class/net/l0/address)
check "tshark knows what was said, and finds nothing wrong" eval '
    [ "$(tshark -r "$tmp/groups.pcap" -Y "ip.src == 10.77.1.1 && igmp.type && ip.opt.type == 148" 2>/dev/null | wc -l)" -ge 2 ] &&
    wire_is_sound "$tmp/groups.pcap" "(icmpv6.type == 143 || icmpv6.type == 131) && eth.src == $leats_mac" \
        "_ws.malformed || ip.checksum.status == Bad || igmp.checksum.status == Bad || icmpv6.checksum.status == Bad" -o ip.check_checksum:TRUE'
topo_end
