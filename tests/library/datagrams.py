# SPDX-License-Identifier: BSD-2-Clause
# datagrams.py ADDRESS plain|large: the kernel's UDP and UDP-Lite against who sends everything back: many datagrams of a call (UDP_SEGMENT) and one at a time, read
# joined (UDP_GRO) and not; every byte and, where it reads them one by one, every length must be the same. large: the way takes
# large packets, so what is read joined must have come joined.
import os, socket, struct, sys

SEGMENT, GRO, LITE, SEND_CSCV, RECV_CSCV = 103, 104, 136, 10, 11
address, large = sys.argv[1], sys.argv[2] == 'large'
family = socket.AF_INET6 if ':' in address else socket.AF_INET
wrong = []


def open_one(proto):
    s = socket.socket(family, socket.SOCK_DGRAM, proto)
    s.settimeout(3)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.connect((address, 7))
    return s


def come_back(s, n, joined):
    back, lens = b'', []
    while len(back) < n:
        try:
            b, control, _, _ = s.recvmsg(1 << 16, 64)
        except TimeoutError:
            break
        back += b
        lens.append(len(b))
        for level, kind, data in control:
            if (level, kind) == (socket.IPPROTO_UDP, GRO):
                joined.append(struct.unpack('i', data)[0])
    return back, lens


def many(gro, length, each):
    s, joined = open_one(socket.IPPROTO_UDP), []
    s.setsockopt(socket.IPPROTO_UDP, GRO, gro)
    out = os.urandom(length)
    s.sendmsg([out], [(socket.IPPROTO_UDP, SEGMENT, struct.pack('H', each))])
    back, lens = come_back(s, length, joined)
    if back != out:
        wrong.append(f'{length} bytes in segments of {each}: {len(back)} others came back')
    if not gro and any(n != each for n in lens[:-1]):
        wrong.append(f'{length} bytes in segments of {each}: {lens}')
    if gro and large and length > each and not joined:
        wrong.append(f'{length} bytes in segments of {each}: none came back joined')


def single(proto, length, coverage=None):
    s = open_one(proto)
    if coverage is not None:
        s.setsockopt(LITE, SEND_CSCV, coverage)
        s.setsockopt(LITE, RECV_CSCV, 12)
    out = os.urandom(length)
    s.send(out)
    back = s.recv(1 << 16)
    if back != out:
        wrong.append(f'protocol {proto}, {length} bytes, coverage {coverage}: {len(back)} others came back')


for gro in 0, 1:
    for length, each in (60000, 1400), (60000, 1452), (12800, 100), (1280, 10), (3000, 1000), (1001, 1000), (500, 1000), (65000, 600):
        many(gro, length, each)
for length in 1, 2, 1000, 1452, 1473, 9000, 60000:
    single(socket.IPPROTO_UDP, length)
    for coverage in 0, 12, 13, 500, 65535:
        single(LITE, length, coverage)

# What the other demands more of than is covered is not answered.
s = open_one(LITE)
s.setsockopt(LITE, SEND_CSCV, 11)
s.settimeout(0.5)
s.send(b'not heard: eleven bytes')
try:
    s.recv(100)
    wrong.append('what is covered too little was heard')
except TimeoutError:
    pass
sys.exit('; '.join(wrong) or None)
