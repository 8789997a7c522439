#!/bin/bash
# told.sh LEAT DIR: what `leat drill` says and how it ends when the command line, a file or an expectation is wrong.
. "$(dirname "$0")/../run/lib.sh"
story=$2/icmp/echo/request-is-answered.pkt

refused() { # LINE ARGUMENT...: one line, and status 2
    local line=$1
    shift
    [ "$("$leat" drill "$@" 2>&1)" = "leat: drill: $line" ] && status 2 "$leat" drill "$@"
}
fails() { # PATTERN TEXT
    printf '%b' "$2" >"$tmp/bad.pkt"
    says "^FAILED  $tmp/bad.pkt$1" "$leat" drill "$tmp/bad.pkt" && status 1 "$leat" drill "$tmp/bad.pkt" &&
        says '^0 passed, 1 failed, 0 skipped$' "$leat" drill "$tmp/bad.pkt"
}
# Both packets below each other, and marks below what differs.
side_by_side() {
    sed 's/\(> icmp echo_reply id \)7/\18/' "$story" >"$tmp/other.pkt"
    "$leat" drill "$tmp/other.pkt" >"$tmp/out"
    grep -q '^script packet: 0.000000 icmp echo_reply id 8 ' "$tmp/out" &&
        grep -q '^actual packet: 0.000000 icmp echo_reply id 7 ' "$tmp/out" && grep -q '^ *^$' "$tmp/out"
}
# The command that a failure prints fails again, and leaves a capture.
again() {
    (cd "$tmp" && PATH=$(dirname "$leat"):$PATH && eval "$("$leat" drill --pcap=caught other.pkt | sed -n 's/^again: *//p')" >again.out)
    [ $? = 1 ] && grep -q '^FAILED  other.pkt' "$tmp/again.out" && [ -s "$tmp/caught/other.pkt-ipv4.pcapng" ]
}

check "no script is told" refused 'give the scripts to play (see leat drill --help)'
check "an unknown option is told" refused 'unknown option --frob (see leat drill --help)' --frob "$story"
check "an option without its value is told" refused '--mtu needs a value (see leat drill --help)' --mtu
check "a value that does not fit is told once" refused '--mtu: an MTU is from 68 to 65535' --mtu=67 "$story" "$story"
check "what follows -- are files" says '^1 passed' "$leat" drill -- "$story"
check "a file that is not there is told" says "^FAILED  $tmp/none: No such file" "$leat" drill "$tmp/none"
check "a directory is told" says "^FAILED  $tmp: Is a directory" "$leat" drill "$tmp"
check "what is not understood is told with its line" fails ':2: .echo_requestx. is no ICMP type' \
    '0 socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) = 3\n+0 < icmp echo_requestx id 7\n'
check "an empty script is told" fails ':1: a script without events tests nothing' ''
printf '0 frob(3) = 0\n' >"$tmp/skip.pkt"
check "an unknown call is skipped by name" says '^skipped .*skip.pkt:1: frob\(\): a call that is not known here$' "$leat" drill "$tmp/skip.pkt"
check "packets that differ stand below each other" side_by_side
check "the command below a failure fails again" again
exit $failed
