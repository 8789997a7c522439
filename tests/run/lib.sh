# shellcheck shell=bash
# Shared by the tests of `leat run`: a daemon without devices in a directory of its own. Sets $leat, $leatd, $tmp, $name.
set -uo pipefail
leat=$(readlink -f "$1") leatd=$(readlink -f "$2")
name=lt-run-$$ failed=0 daemon=''
tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-run.XXXXXX")
chmod 755 "$tmp"
export LEAT_RUNDIR=$tmp/run
unset XDG_RUNTIME_DIR
export LEAT_SECCOMP=${LEAT_SECCOMP:-kill} # a call that leatd has no use for ends it, and the test

finish() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$tmp"
}
trap finish EXIT

skip() { echo "$*"; exit 77; }
check() { # TEXT COMMAND...
    local text=$1 out rc
    shift
    out=$("$@" 2>&1)
    rc=$?
    if [ $rc = 0 ]; then
        echo "ok: $text"
    else
        failed=1
        echo "FAILED ($rc): $text"
        printf '%s\n' "$out" | tail -n 30 | sed 's/^/    /'
    fi
}
status() { # WANTED COMMAND...: succeeds when the command's exit status is that
    local want=$1 rc
    shift
    "$@"
    rc=$?
    [ $rc = "$want" ] || { echo "exit status $rc instead of $want"; return 1; }
}
says() { # PATTERN COMMAND...
    local pattern=$1 out
    shift
    out=$("$@" 2>&1)
    grep -qE -- "$pattern" <<<"$out" || { printf '%s\n' "$out"; return 1; }
}
refuted() { ! "$@"; }

start_daemon() {
    local i
    "$leatd" --name "$name" >"$tmp/leatd.log" 2>&1 </dev/null &
    daemon=$!
    for i in {1..100}; do
        grep -qs ready "$tmp/leatd.log" && return
        sleep 0.05
    done
    cat "$tmp/leatd.log"
    exit 1
}
can_unshare_user() { as_user unshare -Ur true 2>/dev/null; }
# Runs as nobody when we are root, else as who we are.
as_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
# For the background: $! is then the program itself.
exec_as_user() {
    if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else exec "$@"; fi
}
run() { timeout 20 "$leat" run -n "$name" -- "$@"; }
run_user() { as_user timeout 20 "$tmp/leat" run -n "$name" -- "$@"; }
# Build trees may be readable by their owner only.
share() {
    local f
    for f in "$leat" "$@"; do install -m 755 "$f" "$tmp/$(basename "$f")"; done
}
