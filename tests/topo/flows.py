# SPDX-License-Identifier: BSD-2-Clause
"""Flows at fixed, moderate rates, and how much of what they offered came back.

  flows.py serve                  answers on port 7007: UDP message by message, TCP byte by byte; IPv4 and IPv6
  flows.py offer SECONDS HOST...  says "started" before the first message and, when all are back or had two seconds to come,
                                  NAME OFFERED RETURNED of each flow

To each HOST go 100 UDP messages a second and 50 writes of 1,000 bytes a second over one TCP connection, made before. So the ratio
of the two numbers does not depend on how fast the machine is, as long as that little is not too much for it.
"""
import select, socket, sys, time

PORT, TICK, GRACE, WRITE = 7007, 0.01, 2.0, 1000


def address(host):
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, PORT)


def serve():
    watched = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind(("" if family == socket.AF_INET else "::", PORT))
            if kind == socket.SOCK_STREAM:
                s.listen()
            watched.append(s)
    while True:
        for s in select.select(watched, [], [])[0]:
            if s.type == socket.SOCK_DGRAM:
                try:
                    s.sendto(*s.recvfrom(2000))
                except OSError:  # what comes back about a stranger
                    pass
            elif s in watched[:4]:
                watched.append(s.accept()[0])
            else:
                data = s.recv(65536)
                if data:
                    s.sendall(data)
                else:
                    watched.remove(s)
                    s.close()


class Udp:
    def __init__(self, host):
        family, to = address(host)
        self.name, self.offered, self.returned = f"udp-{host}", 0, 0
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect(to)
        self.socket.setblocking(False)

    def offer(self, tick):
        self.offered += 1
        try:
            self.socket.send(tick.to_bytes(8, "big") * 8)
        except OSError:  # an ICMP error about an earlier one
            pass

    def take(self):
        try:
            while self.socket.recv(2000):
                self.returned += 1
        except OSError:
            pass


class Tcp:
    def __init__(self, host):
        family, to = address(host)
        self.name, self.offered, self.returned, self.rest = f"tcp-{host}", 0, 0, b""
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.connect(to)
        self.socket.setblocking(False)

    def offer(self, tick):
        if tick % 2 == 0:
            self.rest += bytes(WRITE)
            self.offered += WRITE
        self.push()

    def push(self):
        try:
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest):]
        except OSError:
            pass

    def take(self):
        self.push()
        try:
            while data := self.socket.recv(65536):
                self.returned += len(data)
        except OSError:
            pass


def offer(seconds, hosts):
    flows = [kind(host) for host in hosts for kind in (Udp, Tcp)]
    print("started", flush=True)
    start, tick = time.monotonic(), 0
    end = start + seconds
    while (now := time.monotonic()) < end or (now < end + GRACE and any(f.returned < f.offered for f in flows)):
        while now < end and tick <= (now - start) / TICK:
            for flow in flows:
                flow.offer(tick)
            tick += 1
        select.select([flow.socket for flow in flows], [], [], TICK / 2)
        for flow in flows:
            flow.take()
    for flow in flows:
        print(flow.name, flow.offered, flow.returned)


if sys.argv[1] == "serve":
    serve()
offer(float(sys.argv[2]), sys.argv[3:])
