# SPDX-License-Identifier: BSD-2-Clause
"""tftp.py DIR PORT: a TFTP server (RFC 1350, with the options blksize and tsize of RFC 2348 and 2349) on both families, one reader at a
time. Blocks longer than a frame leave as fragments, which is what it is for."""
import os, socket, struct, sys

RRQ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6


def request(datagram):
    """Name and options of a read request."""
    op, rest = struct.unpack("!H", datagram[:2])[0], datagram[2:].split(b"\0")
    if op != RRQ or len(rest) < 3:
        raise ValueError("no read request")
    words = [w.decode().lower() for w in rest[2:-1]]
    return os.path.basename(rest[0].decode()), dict(zip(words[::2], words[1::2]))


def ask(s, to, datagram, block):
    """Sends until block is acknowledged, a second apart."""
    for _ in range(10):
        s.sendto(datagram, to)
        try:
            while True:
                answer, who = s.recvfrom(2048)
                if who[:2] == to[:2] and answer[:4] == struct.pack("!HH", ACK, block):
                    return
                if who[:2] == to[:2] and answer[:2] == struct.pack("!H", ERROR):
                    raise OSError(answer[4:])
        except TimeoutError:
            pass
    raise TimeoutError


def send(path, options, to):
    size, said = int(options.get("blksize", 512)), b""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s, open(path, "rb") as f:
        s.settimeout(1)
        s.bind(("::", 0))
        if "blksize" in options:
            said += b"blksize\0%d\0" % size
        if "tsize" in options:
            said += b"tsize\0%d\0" % os.path.getsize(path)
        if said:
            ask(s, to, struct.pack("!H", OACK) + said, 0)
        block, bytes_ = 0, b"x" * size
        while len(bytes_) == size:
            block, bytes_ = (block + 1) & 0xFFFF, f.read(size)
            ask(s, to, struct.pack("!HH", DATA, block) + bytes_, block)


def main(directory, port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    while True:
        datagram, to = s.recvfrom(2048)
        try:
            name, options = request(datagram)
            send(os.path.join(directory, name), options, to)
        except (OSError, ValueError) as e:
            print(e, file=sys.stderr, flush=True)
            s.sendto(struct.pack("!HH", ERROR, 1) + b"no\0", to)


main(sys.argv[1], int(sys.argv[2]))
