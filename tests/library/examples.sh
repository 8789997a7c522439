#!/bin/bash
# examples.sh DIRECTORY: the examples of libleat against the kernel's programs.
#
#	client ── eth0 192.0.2.9, 2001:db8::9 ──────── veth0 192.0.2.1, 2001:db8::1 ── an example, with its stack inside
set -uo pipefail
dir=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
p=lt-library-$$ failed=0 server=''
[ "$(id -u)" = 0 ] && ip netns add "$p-client" 2>/dev/null || { echo "no rights to make a network namespace"; exit 77; }
ip netns add "$p-leat"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/leat-library.XXXXXX")
stop() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=''
}
finish() {
    stop
    ip netns del "$p-client"
    ip netns del "$p-leat"
    rm -rf "$tmp"
}
trap finish EXIT
check() { # TEXT COMMAND...
    local text=$1 out
    shift
    if out=$("$@" 2>&1); then echo "ok: $text"; else
        failed=1
        echo "FAILED: $text"
        printf '%s\n' "$out" | tail -n 20 | sed 's/^/    /'
    fi
}
client() { timeout 60 ip netns exec "$p-client" "$@"; }
ip link add eth0 netns "$p-client" type veth peer name veth0 netns "$p-leat"
ip -n "$p-client" address add 192.0.2.9/24 dev eth0
ip -n "$p-client" address add 2001:db8::9/64 dev eth0 nodad
ip -n "$p-client" link set eth0 up
ip -n "$p-client" link set lo up
ip -n "$p-leat" link set veth0 up
options=(-n "/run/netns/$p-leat" -d af_packet:veth0
         -c "address 192.0.2.1/24 dev veth0; address 2001:db8::1/64 dev veth0 nodad")
start() { # NAME ARGUMENTS...: in the background, until it says "ready"
    local i name=$1
    shift
    stop
    "$dir/example-$name" "${options[@]}" "$@" >"$tmp/$name.log" 2>&1 </dev/null &
    server=$!
    for i in {1..100}; do
        grep -qs ready "$tmp/$name.log" && return
        sleep 0.05
    done
    cat "$tmp/$name.log"
}

start echo 7
check "echo: what comes back is what was sent" client python3 "$here/echo.py" 192.0.2.1 7 3000000 1
check "echo: eight connections at a time" client python3 "$here/echo.py" 192.0.2.1 7 300000 8
check "echo: it answers pings, too" client ping -qc 2 -i 0.2 192.0.2.1
check "echo: by IPv6" client ping -qc 1 2001:db8::1
start echo -w 3 7
check "echo: three workers, one thread" client python3 "$here/echo.py" 192.0.2.1 7 300000 12
options[3]=af_xdp:veth0
client ethtool -K eth0 tx off gso off tso off >/dev/null # what a veth pair leaves undone for its other end, no program of XDP learns (docs/devices.md)
start echo 7
check "echo: over AF_XDP" client python3 "$here/echo.py" 192.0.2.1 7 300000 4
client ethtool -K eth0 tx on gso on tso on >/dev/null
options[3]=af_packet:veth0

mkdir "$tmp/www"
head -c 3000000 /dev/urandom >"$tmp/www/file"
echo hello >"$tmp/www/index.html"
start http 80 "$tmp/www"
check "http: curl gets a file" client bash -c "curl -sf http://192.0.2.1/file | cmp - $tmp/www/file"
check "http: two requests on one connection" client bash -c "curl -sf http://192.0.2.1/ http://192.0.2.1/index.html | sort | uniq -c | grep -q '2 hello'"
check "http: what is not there is 404" client bash -c "curl -s -o /dev/null -w '%{http_code}' http://192.0.2.1/nothing | grep -q 404"
check "http: wget gets it, too" client bash -c "wget -q -O - http://192.0.2.1/file | cmp - $tmp/www/file"
check "http: python, twenty at a time" client python3 "$here/fetch.py" http://192.0.2.1/file "$tmp/www/file" 20

ip netns exec "$p-client" python3 -m http.server -b 192.0.2.9 -d "$tmp/www" 8000 >"$tmp/python.log" 2>&1 &
python=$!
for i in {1..100}; do client curl -so /dev/null http://192.0.2.9:8000/ && break; sleep 0.05; done
start proxy 8080 192.0.2.9 8000
check "proxy: through it to the client's own server" client bash -c "curl -sf http://192.0.2.1:8080/file | cmp - $tmp/www/file"
check "proxy: five at a time" client python3 "$here/fetch.py" http://192.0.2.1:8080/file "$tmp/www/file" 5
kill $python
wait $python 2>/dev/null

start receive 9000 "$tmp/received"
check "receive: a file that bash sends" client bash -c "cat $tmp/www/file >/dev/tcp/192.0.2.1/9000"
for i in {1..100}; do grep -qs bytes "$tmp/receive.log" && break; sleep 0.05; done
check "receive: it is the same" cmp "$tmp/received" "$tmp/www/file"
stop
check "the kernel has the interface back" client bash -c "! ip netns exec $p-leat tc filter show dev veth0 ingress | grep -q ."
exit $failed
