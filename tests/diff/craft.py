# SPDX-License-Identifier: BSD-2-Clause
"""Scapy, and frames made with it."""
import logging

logging.getLogger("scapy").setLevel(logging.ERROR)
# pylint: disable=wildcard-import,unused-wildcard-import,unused-import,wrong-import-position
from scapy.config import conf
conf.ipv6_enabled = True
from scapy.layers.inet import IP, ICMP, UDP, TCP, IPOption, in4_chksum
from scapy.layers.inet6 import *
from scapy.layers.l2 import ARP, Dot1Q, Dot1AD, Ether, LLC, SNAP
from scapy.packet import Padding, Raw
from scapy.utils import checksum

import lab as L


def eth(link, packet, host=2, dst=None, src=None, type=None):  # pylint: disable=redefined-builtin
    """The step that sends this packet to the dut's own address on a link, from one of our hosts."""
    e = Ether(dst=dst or L.DUT_MAC[link], src=src or L.HOST_MAC[link].format(host))
    if type is not None:
        e.type = type
    return link, bytes(e / packet)


def with_code(frame, at, code):
    """The same with another ICMP code, the message beginning there; its sum follows (RFC 1624)."""
    total = (~int.from_bytes(frame[at + 2:at + 4], "big") & 0xFFFF) + code - frame[at + 1]
    total = (total & 0xFFFF) + (total >> 16)
    return frame[:at + 1] + bytes([code]) + (~total & 0xFFFF).to_bytes(2, "big") + frame[at + 4:]


def every_code(step, at):
    """That message with each code there is."""
    link, frame = step
    return paced([(link, with_code(frame, at, code)) for code in range(256)])


def paced(steps, n=32):
    """Not more at once than a dut's queue holds for sure."""
    out = []
    for i, s in enumerate(steps):
        out += [s, "sync"] if i % n == n - 1 else [s]
    return out


def payload(n, first=0):
    return bytes((first + i) & 255 for i in range(n))
