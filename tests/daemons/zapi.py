#!/usr/bin/env python3
# zapi.py SOCKET COUNT GATEWAY: a client of zebra's that installs or withdraws COUNT routes, 20.0.0.0/24 and on, at each line "add" or "del"
# of its input, in zebra's own language (ZAPI, version 6, FRR 8.4): what sharpd is for, which Debian does not have. staticd takes minutes for
# ten thousand. Its routes go when it does.
import socket
import struct
import sys
import threading

ROUTE_ADD, ROUTE_DELETE, HELLO = 8, 9, 18
STATIC, USE_DISTANCE_AND_RECURSION, NEXTHOP_AND_DISTANCE, UNICAST, IPV4 = 3, 0x41, 3, 1, 2


def message(command, body):
    return struct.pack('!HBBIH', 10 + len(body), 254, 6, 0, command) + body


def route(command, i, gateway):
    n = (20 << 16) + i
    body = struct.pack('!BHIIBBB3s', STATIC, 0, USE_DISTANCE_AND_RECURSION, NEXTHOP_AND_DISTANCE, UNICAST, socket.AF_INET, 24,
                       struct.pack('!I', n)[1:])
    if command == ROUTE_ADD:
        body += struct.pack('!HIBB4sI', 1, 0, IPV4, 0, gateway, 0)
    else:
        body += struct.pack('!H', 0)
    return message(command, body + b'\1')  # the distance


def drain(s):
    while s.recv(65536):
        pass


count, gateway = int(sys.argv[2]), socket.inet_aton(sys.argv[3])
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(message(HELLO, struct.pack('!BHIBB', STATIC, 0, 0, 0, 0)))
threading.Thread(target=drain, args=(s,), daemon=True).start()
for line in sys.stdin:
    command = ROUTE_ADD if line.strip() == 'add' else ROUTE_DELETE
    for first in range(0, count, 1000):
        s.sendall(b''.join(route(command, i, gateway) for i in range(first, min(first + 1000, count))))
    print('sent', flush=True)
