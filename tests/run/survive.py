#!/usr/bin/env python3
# Netlink sockets of a program inside `leat run` while its daemon is killed and another is started: says what it finds, a line
# each, and reads a line before each step.
import os
import select
import socket
import struct
import sys

NETLINK_ROUTE, SOL_NETLINK, ADD_MEMBERSHIP, EXT_ACK, LIST_MEMBERSHIPS = 0, 270, 1, 11, 9
RTM_NEWLINK, RTM_GETLINK, RTM_NEWROUTE = 16, 18, 24
GROUP_LINK, GROUP_ROUTE, GROUP_NEXTHOP = 1, 7, 32


def say(*words):
    print(*words, flush=True)


def ask_link(s, seq=1):
    s.send(struct.pack('=IHHIIBxHiII', 32, RTM_GETLINK, 1, seq, 0, 0, 0, 1, 0, 0))


def types(data):
    found = []
    while len(data) >= 16:
        length, kind = struct.unpack_from('=IH', data)
        found.append(kind)
        data = data[(length + 3) & ~3:]
    return found


def receive(s, timeout):
    """What came, a word for it."""
    if not select.select([s], [], [], timeout)[0]:
        return 'nothing'
    try:
        return types(s.recvmsg(65536)[0])
    except OSError as e:
        return os.strerror(e.errno)


def sendto(s, seq):
    s.sendto(struct.pack('=IHHIIBxHiII', 32, RTM_GETLINK, 1, seq, 0, 0, 0, 1, 0, 0), (0, 0))


idle = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
sendto(idle, 1)
assert receive(idle, 5) == [RTM_NEWLINK]
listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_ROUTE)
listener.bind((0, 1 << (GROUP_LINK - 1) | 1 << (GROUP_ROUTE - 1)))
listener.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, GROUP_NEXTHOP)
listener.setsockopt(SOL_NETLINK, EXT_ACK, 1)
name = listener.getsockname()
say('ready')
for line in sys.stdin:
    words = line.split()
    if words[0] == 'listener':
        say(receive(listener, float(words[1])))
    elif words[0] == 'idle':
        say(receive(idle, float(words[1])))
    elif words[0] == 'ask':  # waits for a daemon, if there is none
        try:
            sendto(idle, 2)
            say(receive(idle, 5))
        except OSError as e:
            say(os.strerror(e.errno))
    elif words[0] == 'same':
        options = listener.getsockopt(SOL_NETLINK, EXT_ACK) == 1
        groups = struct.unpack('=II', listener.getsockopt(SOL_NETLINK, LIST_MEMBERSHIPS, 8))
        say('same' if listener.getsockname() == name and options and groups[0] == 1 << (GROUP_LINK - 1) | 1 << (GROUP_ROUTE - 1) | 1 << 31
            else (listener.getsockname(), name, options, groups))
    elif words[0] == 'socket':
        try:
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE).close()
            say('made')
        except OSError as e:
            say(os.strerror(e.errno))
