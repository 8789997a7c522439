#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The live traffic that attacks must not harm.

    life.py serve PORT                    echoes datagrams and streams on PORT, both families
    life.py live FILE KIND:ADDRESS[@SOURCE]...   KIND: ping, udp or tcp

live asks everybody 25 times a second and keeps in FILE a line of two numbers for each: questions and answers. A stream is
one connection for the whole time: once it has broken, it stays silent.
"""
import os
import select
import socket
import struct
import sys
import threading
import time

PORT = 7007
PERIOD = 0.04


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(port):
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", port))
    tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(("::", port))
    tcp.listen(16)

    def stream(s):
        try:
            while data := s.recv(65536):
                s.sendall(data)
        except OSError:
            pass

    def streams():
        while True:
            threading.Thread(target=stream, args=(tcp.accept()[0],), daemon=True).start()

    threading.Thread(target=streams, daemon=True).start()
    while True:
        try:
            udp.sendto(*udp.recvfrom(65536))
        except OSError:
            pass


class Flow:
    """One partner: what was asked and what came back."""

    def __init__(self, word):
        self.kind, rest = word.split(":", 1)
        self.to, _, source = rest.partition("@")
        self.asked = self.answered = 0
        af = family(self.to)
        self.stream = self.kind == "tcp"
        self.address = socket.getaddrinfo(self.to, PORT, af)[0][4]
        if self.kind == "ping":
            proto = socket.IPPROTO_ICMPV6 if af == socket.AF_INET6 else socket.IPPROTO_ICMP
            self.head = struct.pack(">BBHH", 128 if af == socket.AF_INET6 else 8, 0, 0, 0)
            self.sock = socket.socket(af, socket.SOCK_DGRAM, proto)
        else:
            self.head = b""
            self.sock = socket.socket(af, socket.SOCK_STREAM if self.stream else socket.SOCK_DGRAM)
        if source:
            self.sock.bind((source, 0))
        if self.stream:
            self.sock.settimeout(5)
            self.sock.connect(self.address)
        self.sock.setblocking(False)

    def ask(self):
        self.asked += 1
        number = struct.pack(">H", self.asked & 0xffff)
        try:
            if self.stream:
                self.sock.send(number + bytes(398))
            else:
                self.sock.sendto(self.head + number + bytes(400), self.address)
        except OSError:
            pass  # counts as not answered

    def hear(self):
        try:
            data = self.sock.recv(65536)
            self.answered += len(data) / 400 if self.stream else 1
        except OSError:
            pass


def live(path, words):
    flows = [Flow(w) for w in words]
    by_fd = {f.sock.fileno(): f for f in flows}
    due = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            due = max(due + PERIOD, now - 1)
            for f in flows:
                f.ask()
            with open(path + ".new", "w") as out:
                for f in flows:
                    print(f.asked, int(f.answered), f.kind, f.to, file=out)
            os.rename(path + ".new", path)
        for fd in select.select(list(by_fd), [], [], max(0, due - now))[0]:
            by_fd[fd].hear()


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    live(sys.argv[2], sys.argv[3:])
