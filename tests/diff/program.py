# SPDX-License-Identifier: BSD-2-Clause
"""What runs on a device under test where a family asks for it: program.py IFINDEX WORD... until its input ends. Words:

    echo                        answers UDP at port 7, of both families
    join=GROUP[+|-SOURCE,...]   listens to a group on that interface: to all, to these sources, or to all but these
"""
import re
import selectors
import socket
import struct
import sys

ECHO_PORT = 7
BIG = 65536
SOL_IP, SOL_IPV6, MCAST_JOIN_GROUP, MCAST_BLOCK_SOURCE, MCAST_JOIN_SOURCE_GROUP = 0, 41, 42, 43, 46  # <linux/in.h>


def storage(address):
    """struct sockaddr_storage"""
    if ":" in address:
        data = struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, address) + bytes(4)
    else:
        data = struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton(address)
    return data.ljust(128, b"\0")


def join(ifindex, word):
    """RFC 3678, 5: by protocol-independent options. The socket has to stay."""
    group, sign, sources = re.fullmatch(r"([^+-]+)([+-]?)(.*)", word).groups()
    family, level = (socket.AF_INET6, SOL_IPV6) if ":" in group else (socket.AF_INET, SOL_IP)
    head = struct.pack("@I4x", ifindex) + storage(group)
    s = socket.socket(family, socket.SOCK_DGRAM)
    if sign != "+":
        s.setsockopt(level, MCAST_JOIN_GROUP, head)
    for source in filter(None, sources.split(",")):
        s.setsockopt(level, MCAST_JOIN_SOURCE_GROUP if sign == "+" else MCAST_BLOCK_SOURCE, head + storage(source))
    return s


def echo(family):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind(("", ECHO_PORT))
    s.setblocking(False)
    return s


def answer(s):
    try:
        data, who = s.recvfrom(BIG)
        s.sendto(data, who)
    except OSError:
        pass  # an error that came in for it, or no way there


def main():
    ifindex, held = int(sys.argv[1]), []
    with selectors.PollSelector() as sel:
        sel.register(sys.stdin, selectors.EVENT_READ)
        for word in sys.argv[2:]:
            if word == "echo":
                for family in (socket.AF_INET, socket.AF_INET6):
                    sel.register(echo(family), selectors.EVENT_READ)
            else:
                held.append(join(ifindex, word.removeprefix("join=")))
        print("ready", flush=True)
        while True:
            for key, _ in sel.select():
                if key.fileobj is sys.stdin:
                    return
                answer(key.fileobj)


if __name__ == "__main__":
    main()
