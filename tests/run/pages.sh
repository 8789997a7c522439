#!/bin/bash
# pages.sh LEAT LEATD: man pages, --help and completion tell of what is parsed, and of nothing else.
. "$(dirname "$0")/lib.sh"
commands=$("$leat" --help | sed -n 's/^  leat \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 12 ] || { echo "FAILED: --help lists commands"; exit 1; }

page_of() { # PROGRAM COMMAND: the page as roff
    if [ "$1" = leatd ]; then "$leatd" --print-man; else "$leat" --print-man "$2"; fi
}
# Options by the man page and by --help: -c and --count, one a line.
man_options() { sed -n 's/\\fR \\fI.*//; /^\\fB\\-/s/\\f[BR]//gp' | tr -d '\\' | tr -s ', ' '\n' | grep '^-' | sort; }
help_options() { sed -n 's/^  \(-.*\)/\1/p' | sed 's/  .*//' | tr -s ', ' '\n' | grep '^-' | sort; }
no_warnings() { # FILE
    local out
    out=$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$1" 2>&1 >/dev/null)
    [ -z "$out" ] || { echo "$out"; return 1; }
}
same_options() { diff <(man_options <"$1") <(help_options <"$2"); }
# Asked of a parser alone: a daemon that is not there, no operands.
parses_just_those() { # OPTIONS WORD...
    local options=$1 o bad=0 out
    shift
    for o in -{a..z} -{A..Z} -{0..9} $(grep '^--' <<<"$options") --no-such-option; do
        [ "$o" = -h ] || [ "$o" = --help ] && continue
        out=$(timeout 20 "$@" "$o" </dev/null 2>&1)
        if grep -q "unknown option $o\b\|no option is called \"$o\"" <<<"$out"; then
            ! grep -qxe "$o" <<<"$options" || { echo "told of, but not known: $o"; bad=1; }
        else
            grep -qxe "$o" <<<"$options" || { echo "known, but not told of: $o: $out"; bad=1; }
        fi
    done
    return $bad
}
completes() { # LINE WANTED...
    local got
    got=$("${leat%/*}/$(cut -d' ' -f1 <<<"$1")" --complete "$1" | sort | tr '\n' ' ')
    [ "$got" = "$(printf '%s\n' "${@:2}" | sort | tr '\n' ' ')" ] || { echo "$got"; return 1; }
}

for c in leat $commands; do
    page_of leat "$c" >"$tmp/$c.1"
    if [ "$c" = leat ]; then "$leat" --help; else "$leat" "$c" --help; fi >"$tmp/$c.help"
    command -v man >/dev/null && check "the page of $c has no warnings" no_warnings "$tmp/$c.1"
    check "$c: man page and --help tell the same" same_options "$tmp/$c.1" "$tmp/$c.help"
    [ "$c" = leat ] || check "$c: told is what is parsed" parses_just_those "$(man_options <"$tmp/$c.1")" "$leat" -n lt-none "$c"
done
"$leatd" --print-man >"$tmp/leatd.8"
"$leatd" --help >"$tmp/leatd.help"
command -v man >/dev/null && check "the page of leatd has no warnings" no_warnings "$tmp/leatd.8"
"$leatd" --print-man conf >"$tmp/leatd.conf.5"
command -v man >/dev/null && check "the page of leatd.conf has no warnings" no_warnings "$tmp/leatd.conf.5"
words_are_taken() { # each word of the page is known to the parser of the file, and no other option is told of
    local w bad=0
    while read -r w; do
        echo "$w" >"$tmp/one.conf"
        ! "$leatd" --check "$tmp/one.conf" 2>&1 | grep -q "no option is called\|for the command line alone" || { echo "not known: $w"; bad=1; }
    done < <(sed -n '/^\.TP/{n;s/^\\fB\([^\\]*\(\\-[^\\]*\)*\)\\fR.*/\1/p}' "$tmp/leatd.conf.5" | tr -d '\\' | tee "$tmp/words")
    [ "$(wc -l <"$tmp/words")" -ge 12 ] || { cat "$tmp/words"; bad=1; }
    return $bad
}
check "leatd.conf: told is what is parsed" words_are_taken
check "leatd: man page and --help tell the same" same_options "$tmp/leatd.8" "$tmp/leatd.help"
# --version ends it: everything before has then been understood
leatd_knows() { ! grep -q "no option is called" <<<"$(timeout 20 "$leatd" "$1" --version </dev/null 2>&1)"; }
leatd_just_those() {
    local o bad=0 told
    told=$(man_options <"$tmp/leatd.8")
    for o in $told -{a..z} -{A..Z} --no-such; do
        if grep -qxe "$o" <<<"$told"; then
            leatd_knows "$o" || { echo "told of, but not known: $o"; bad=1; }
        else
            ! leatd_knows "$o" || { echo "known, but not told of: $o"; bad=1; }
        fi
    done
    return $bad
}
check "leatd: told is what is parsed" leatd_just_those
check "leatd's drivers are completed" [ "$("$leatd" --complete "leatd --dev af_")" = "$(printf 'af_packet:\naf_xdp:')" ]
check "help fits into 100 columns" bash -c '! cat "$0"/*.help | grep -E "^.{101}" ' "$tmp"

start_daemon
check "commands are completed" completes "leat tr" trace
check "options" completes "leat -n $name trace --c" --count
check "daemons" completes "leat -n ${name:0:9}" "$name"
check "interfaces" completes "leat -n $name capture -i l" lo
check "nodes" completes "leat -n $name capture --node ip4-f" $("$leat" -n "$name" graph | sed -n 's/^\(ip4-f[^ ]*\) .*/\1/p')
check "settings" completes "leat -n $name sysctl net.ipv4.ip_default" net.ipv4.ip_default_ttl
check "no daemon, no word" [ -z "$("$leat" --complete "leat -n lt-none sysctl net.")" ]
# bash itself, by the file that is installed
bash_completes() { # LINE WANTED...
    local got
    got=$(PATH=${leat%/*}:$PATH bash -c '. "$0/apps/leat/completion/leat.bash"
        COMP_LINE=$1 COMP_POINT=${#1}; read -ra COMP_WORDS <<<"$1"; [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _leat; printf "%s\n" "${COMPREPLY[@]}"' "$top" "$1" | sort | tr '\n' ' ')
    [ "$got" = "$(printf '%s\n' "${@:2}" | sort | tr '\n' ' ')" ] || { echo "$got"; return 1; }
}
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
check "bash completes a command" bash_completes "leat gra" graph
check "and behind an =" bash_completes "leat sim --seed=" ""
check "and files" bash_completes "leat save $tmp/leatd.l" "$tmp/leatd.log"
check "and programs of leat run" bash -c 'grep -qx nologin <(PATH=/usr/sbin:'"${leat%/*}"':$PATH bash -c ". $0; compopt() { :; }; COMP_LINE=\"leat run nolog\" COMP_POINT=14 COMP_WORDS=(leat run nolog) COMP_CWORD=2; _leat; printf \"%s\n\" \"\${COMPREPLY[@]}\"")' "$top/apps/leat/completion/leat.bash"
exit $failed
