# SPDX-License-Identifier: BSD-2-Clause
"""A guest with a full kernel as the oracle for what the host's kernel lacks: VLANs, VRFs. It is started by the lab's peer-vm ($PEER_VM,
else ../shared/lab/peer-vm beside the project); links a and b are Unix datagram sockets, a message is a frame."""
import os
import shlex
import subprocess

import lab as L
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "8021q vrf dummy"
OFFLOADS = "csum gso mrg_rxbuf guest_csum guest_tso4 guest_tso6 guest_ecn guest_ufo host_tso4 host_tso6 host_ecn host_ufo"


def find():
    path = os.environ.get("PEER_VM") or os.path.join(HERE, "..", "..", "..", "shared", "lab", "peer-vm")
    return path if os.access(path, os.X_OK) else None


class Guest(L.Dut):
    def __init__(self, lab, name):
        super().__init__(lab, name)
        self.vm = find()
        self.guest = "ltd" + str(os.getpid())

    def start(self):
        more = []
        off = "".join(f",{x}=off" for x in OFFLOADS.split())
        for link in L.NET:
            here, there = (os.path.join(self.lab.tmp, f"{side}-{link}") for side in ("driver", "guest"))
            self.ports[link] = wire.DgramPort(here, there)
            more += ["-netdev", f"dgram,id={link},local.type=unix,local.path={there},remote.type=unix,remote.path={here}",
                     "-device", f"virtio-net-pci,netdev={link},mac={L.DUT_MAC[link]}{off}"]
        # Its outputs go to a file: the guest inherits them, and a pipe would not end before it does.
        log = os.path.join(self.lab.tmp, "guest.log")
        with open(log, "w", encoding="utf-8") as f:
            p = subprocess.run([self.vm, "start", "--name", self.guest, "--addr", "none", "--mem", "512", "--qemu", " ".join(more)],
                               stdin=subprocess.DEVNULL, stdout=f, stderr=f, check=False)
        if p.returncode:
            with open(log, encoding="utf-8") as f:
                raise L.Failed("the guest does not start: " + f.read()[-2000:])
        self.shell(f"modprobe -a {MODULES}; ip link set eth1 name a; ip link set eth2 name b\n"
                   "echo 0 >/proc/sys/net/ipv4/route/error_cost")

    def shell(self, script, ok=True):
        p = subprocess.run([self.vm, "exec", "--name", self.guest, "--", "sh", "-ec", script], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False)
        if ok and p.returncode:
            raise L.Failed(f"guest: {shlex.quote(script)}: {p.stderr.strip() or p.returncode}")
        return p

    def sysctls(self, pairs):
        self.lacks |= set(L.write_sysctls(self.shell, pairs))

    def stop(self):
        super().stop()
        subprocess.run([self.vm, "stop", "--name", self.guest], stdin=subprocess.DEVNULL, capture_output=True, check=False)
