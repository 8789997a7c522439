#!/bin/bash
# options.sh LEAT LEATD: what leatd says to options and configuration files that it cannot use: one line, status 2, whatever it is fed.
. "$(dirname "$0")/lib.sh"

config() { "$leatd" -c "$tmp/config" --help; } # --help is printed once everything else was understood
refused() { # PATTERN COMMAND...: one line, which has PATTERN in it, and nothing that a terminal would choke on
    local pattern=$1 rc
    shift
    "$@" >/dev/null 2>"$tmp/why"
    rc=$?
    cat -v "$tmp/why"
    [ $rc = 2 ] && [ "$(wc -l <"$tmp/why")" = 1 ] && grep -qE -- "$pattern" "$tmp/why" && ! grep -q '[^[:print:]]' "$tmp/why"
}
bad_line() { # PATTERN TEXT: a file of a good line and TEXT
    printf 'workers 2\n%b' "$2" >"$tmp/config"
    refused "$1" config
}

printf '# a comment\n\nname x # another\nworkers\t2\r\nverbose\ndev tap:t0,mtu=1400\nsysctl net.ipv4.ip_local_port_range = 9 10\nbudget 64' >"$tmp/config"
check "a file is read, the last line without an end too" status 0 config
check "what stands in it holds" bash -c 'echo "workers 99" >>"$0/config"; ! "$1" -c "$0/config" --help 2>&1 | grep -q "^usage"' "$tmp" "$leatd"
: >"$tmp/config"
check "an empty file is none" status 0 config

check "a directory" refused "cannot read $tmp: Is a directory; --config takes a file" "$leatd" -c "$tmp" --help
check "a file that is not there" refused 'none: No such file or directory; --config takes a file' "$leatd" -c "$tmp/none" --help
check "a file that may not be read" refused 'Permission denied|No such file' as_user "$leatd" -c /proc/1/environ --help
check "a program" refused ':1: this is not text' "$leatd" -c "$leatd" --help
check "a file of zeros without end" refused ':1: this is not text' timeout 10 "$leatd" -c /dev/zero --help
check "a NUL in a line" bad_line ':2: this is not text' 'name a\0b\n'
check "an escape sequence" bad_line ':2: this is not text' 'name \033[2J\n'
check "a line without end" bad_line ':2: the line is longer than 1023 characters' "$(printf '%0100000d' 0)"
check "a value that is too long" bad_line 'the value of .*:2: name is too long' "name $(printf '%0300d' 0)"
check "an option that there is none of" bad_line ':2: no option is called "nane"' 'nane x\n'
check "too many values" bad_line ':2: name takes NAME' 'name a b\n'
check "no value" bad_line ':2: workers takes N' 'workers\n'
check "a number out of range" bad_line ':2: workers takes a number from 1 to 16, not "17"' 'workers 17\n'
check "a file in a file" bad_line ':2: config is for the command line alone' "config $tmp/config\n"

check "a setting without a value" bad_line ':2: sysctl takes NAME=VALUE as in net.ipv4.ip_forward=1, not "net.x"' 'sysctl net.x\n'
check "a setting that there is none of" bash -c '! "$1" --name "lt-none-$$" --sysctl net.none=1 2>"$0/why" && [ "$(wc -l <"$0/why")" = 1 ] &&
    grep -q "sysctl: net.none: there is no such setting" "$0/why"' "$tmp" "$leatd"

check "a restore from a directory" bash -c '! "$1" --name lt-none --restore "$0" 2>"$0/why" && [ "$(wc -l <"$0/why")" = 1 ] &&
    grep -q "cannot restore $0: Is a directory; --restore takes" "$0/why"' "$tmp" "$leatd"
check "a restore from a file without end" bash -c '! timeout 20 "$1" --name lt-none --budget 16 --restore /dev/zero 2>"$0/why" &&
    [ "$(wc -l <"$0/why")" = 1 ] && grep -q "cannot restore /dev/zero: File too large; --restore takes" "$0/why"' "$tmp" "$leatd"
exit $failed
