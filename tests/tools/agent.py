#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One side of the test: runs the commands it is told and says what came of each. It is the same program in a namespace of the kernel
and under `leat run`. Standard input and output are lines of JSON: {"monitor": ..., "steps": [[command, settle_s], ...]} in, a list of
[status, stdout, stderr, events] out. With --unshare each request gets a network namespace of its own.

Events are what `ip monitor all` prints between two fences. A fence is an object that nobody uses, made and removed through a socket of
ours; what a command caused was told before it."""
import ctypes
import json
import os
import queue
import re
import shlex
import socket
import struct
import subprocess
import sys
import threading
import time

FENCE = 4294900000  # and what comes after
RTM_NEWNEXTHOP, RTM_DELNEXTHOP = 104, 105
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 1, 4, 0x400
NHA_ID, NHA_BLACKHOLE = 1, 4
RTM_NEWNEIGH, RTM_DELNEIGH, NUD_PERMANENT, NDA_DST = 28, 29, 0x80, 1
FENCE_NEIGH = "2001:db8:ffff::"
IS_FENCE = re.compile(r"\bid 429490\d{4} |" + FENCE_NEIGH)
FENCE_WAIT_S = 30
NO_FENCE_WAIT_S = 0.05
STEP_WAIT_S = 100


def say(obj):
    sys.stdout.write(json.dumps(obj) + "\n")
    sys.stdout.flush()


class Fence:
    """A nexthop object that nobody uses, or, while the loopback interface is down, a neighbour on it."""

    def __init__(self):
        self.n = 0
        self.nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.nl.settimeout(FENCE_WAIT_S)

    def ask(self, kind, flags, body):
        self.nl.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + body)
        return struct.unpack_from("=i", self.nl.recv(4096), 16)[0] == 0

    def put(self):
        """What to look for, another one each time: on a slow machine the last one's end may still be on its way. None when nothing can be
        put up: the interface can have neither."""
        self.n += 1
        hop = struct.pack("=BBBBI", socket.AF_INET, 0, 0, 0, 0) + struct.pack("=HHI", 8, NHA_ID, FENCE + self.n)
        if self.ask(RTM_NEWNEXTHOP, NLM_F_CREATE, hop + struct.pack("=HH", 4, NHA_BLACKHOLE)):
            return self.ask(RTM_DELNEXTHOP, 0, hop) and f"id {FENCE + self.n} "
        address = f"{FENCE_NEIGH}{self.n:x}"
        neigh = struct.pack("=BBHiHBB", socket.AF_INET6, 0, 0, 1, NUD_PERMANENT, 0, 0)
        neigh += struct.pack("=HH", 20, NDA_DST) + socket.inet_pton(socket.AF_INET6, address)
        return self.ask(RTM_NEWNEIGH, NLM_F_CREATE, neigh) and self.ask(RTM_DELNEIGH, 0, neigh) and address + " "

    def close(self):
        self.nl.close()


class Monitor:
    """`ip monitor all`, read by a thread, a line at a time."""

    def __init__(self, command, fence):
        self.fence = fence
        self.lines = queue.Queue()
        self.proc = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()
        for _ in range(100):  # it hears from some moment on
            fence.put()
            time.sleep(0.02)
            if not self.lines.empty():
                break
        time.sleep(0.02)
        while not self.lines.empty():
            self.lines.get()

    def read(self):
        for line in self.proc.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def events(self):
        mine = self.fence.put()
        wait_s = FENCE_WAIT_S if mine else NO_FENCE_WAIT_S
        out = []
        while True:
            try:
                line = self.lines.get(timeout=wait_s)
            except queue.Empty:
                return "".join(out) + ("(the monitor fell silent)\n" if wait_s == FENCE_WAIT_S else "")
            if line is None:
                self.lines.put(None)
                return "".join(out) + "(the monitor ended)\n"
            if not IS_FENCE.search(line):
                out.append(line)
            elif mine and mine in line and "eleted" in line:
                return "".join(out)

    def close(self):
        self.proc.kill()
        self.proc.wait()


def step(command, settle_s, monitor):
    words, _, text = command.partition(" <<< ")
    try:
        p = subprocess.run(shlex.split(words), input=text.replace("\\n", "\n"), capture_output=True, text=True, timeout=STEP_WAIT_S,
                           errors="replace", check=False)
        done = [p.returncode, p.stdout, p.stderr]
    except subprocess.TimeoutExpired:
        done = [-1, "", "(it did not end)\n"]
    if settle_s:
        time.sleep(settle_s)
    return [*done, monitor.events()]


def settings(pairs):
    """What the kernel has is set; the other side's settings come from outside."""
    for name, value in pairs:
        try:
            with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as f:
                f.write(str(value))
        except OSError:
            pass


TABLES = {"arp_cache": 1000, "ndisc_cache": 0}  # and their locktime
TABLE_SETTINGS = "thresh1 128 thresh2 512 thresh3 1024 gc_int 30000"
DEVICE_SETTINGS = ("base_reachable 30000 retrans 1000 gc_stale 60000 delay_probe 5000 queue 101 app_probes 0 ucast_probes 3 mcast_probes 3 "
                   "anycast_delay 1000 proxy_delay 800 proxy_queue 64")


def run(words):
    subprocess.run(words.split(), capture_output=True, check=False)


def make_first():
    """A machine's first network namespace, where alone some settings are to be had, is made like one that is new; for a machine that
    is there for that."""
    rest = [d for d in os.listdir("/sys/class/net") if d != "lo"]
    for d in rest:
        run(f"ip link del {d}")
    rest = [d for d in os.listdir("/sys/class/net") if d != "lo"]
    if rest:  # what cannot be deleted; it would come back if its new place went
        away = subprocess.Popen(["unshare", "-n", "sleep", "inf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)
        time.sleep(0.2)
        for d in rest:
            run(f"ip link set {d} netns {away.pid}")
    run("ip link set lo down")
    for table, locktime in TABLES.items():
        for dev in ("", "dev lo"):
            run(f"ip ntable change name {table} {dev} {DEVICE_SETTINGS} locktime {locktime}")
        run(f"ip ntable change name {table} {TABLE_SETTINGS}")


def session(request, own):
    if own and request.get("first"):
        make_first()
        settings(request["sysctls"])
    elif own:
        ctypes.CDLL(None).unshare(0x40000000)  # CLONE_NEWNET; the last one goes with its last process
        settings(request["sysctls"])
    fence = Fence()
    monitor = Monitor(request["monitor"], fence)
    out = [step(command, settle_s, monitor) for command, settle_s in request["steps"]]
    monitor.close()
    fence.close()
    return out


def main():
    own = "--unshare" in sys.argv
    os.environ["LC_ALL"] = "C"
    for line in sys.stdin:
        say(session(json.loads(line), own))


if __name__ == "__main__":
    main()
