#!/usr/bin/env python3
# Requests by every way a program has, in any mixture, inside `leat run`: each is answered, once, in order. Some of these ways the supervisor
# sees and may take through memory that it shares with the daemon, others it does not. A line on standard input ends each of the
# last two parts; prints what was wrong.
import errno
import random
import select
import socket
import struct
import sys
import threading

NETLINK_ROUTE, RTM_GETLINK, RTM_NEWLINK, NLMSG_ERROR = 0, 18, 16, 2
SEED = int(sys.argv[1])


def request(seq):
    return struct.pack('=IHHIIBxHiII', 32, RTM_GETLINK, 1 | 4, seq, 0, 0, 0, 1, 0, 0)


SEND = (lambda s, m: s.send(m), lambda s, m: s.sendto(m, (0, 0)), lambda s, m: s.sendmsg([m]), lambda s, m: s.sendmsg([m[:16], m[16:]]))
RECV = (lambda s: s.recv(65536), lambda s: s.recvmsg(65536)[0], lambda s: s.recvfrom(65536)[0])


def answers(data):
    """(sequence number, type) of each message."""
    while len(data) >= 16:
        length, kind, _, seq = struct.unpack_from('=IHHI', data)
        yield seq, kind
        data = data[(length + 3) & ~3:]


def rounds(rng, n, most, send=SEND, recv=RECV):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    s.settimeout(20)
    seq = 0
    for _ in range(n):
        first = seq + 1
        for _ in range(rng.randint(1, most)):
            seq += 1
            rng.choice(send)(s, request(seq))
        wanted = [(q, kind) for q in range(first, seq + 1) for kind in (RTM_NEWLINK, NLMSG_ERROR)]
        got = []
        while len(got) < len(wanted):
            if rng.random() < 0.2:
                assert select.select([s], [], [], 20)[0], 'nothing comes'
            got += answers(rng.choice(recv)(s))
        assert got == wanted, (got, wanted)
    s.setblocking(False)
    try:
        raise AssertionError(s.recv(65536))
    except BlockingIOError:
        s.close()


problems = []


def tried(what, *args):
    try:
        rounds(*args)
    except Exception as e:
        problems.append(f'{what}: {e!r}')


tried('a few at a time', random.Random(SEED), 600, 6)
tried('more than a pair holds', random.Random(SEED), 8, 160)
print('half' if not problems else problems, flush=True)
threads = [threading.Thread(target=tried, args=(f'thread {i}', random.Random(SEED + i), 300, 6)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print('good' if not problems else problems, flush=True)


def told():
    """An answer to all, or word that there will be none. What nobody has seen being sent, nobody can speak for."""
    try:
        rounds(random.Random(SEED + turn), 20, 6, SEND[1:], RECV[1:2])
    except OSError as e:
        if e.errno not in (errno.ENOBUFS, errno.ENETDOWN):
            problems.append(f'turn {turn}: {e!r}')


turn = 0
while not problems and not select.select([sys.stdin], [], [], 0)[0]:  # while its daemon gives way to another
    tried(f'turn {turn}', random.Random(SEED + turn), 20, 6)
    turn += 1
sys.stdin.readline()
print('good' if not problems else problems, flush=True)
while not problems and not select.select([sys.stdin], [], [], 0)[0]:  # while daemons are killed
    turn += 1
    told()
print('good' if not problems else problems, flush=True)
