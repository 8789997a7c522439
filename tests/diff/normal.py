# SPDX-License-Identifier: BSD-2-Clause
"""What may differ between two right answers is taken out of them, and nothing else:

- The identification that a dut chose for an IPv4 packet or an IPv6 fragment: it becomes 0, 1, 2 ... in the order of appearance
  within the case; 0 for all IPv4 packets that are no fragments (RFC 6864, 4.1: there it means nothing). One that was in a frame we
  sent stays, since then it was forwarded.
- The flow label that a dut chose for an IPv6 packet (RFC 6437, 3): 0, unless it was in a frame we sent.
- The time of day in an ICMP timestamp reply and in timestamp options: 0 when it is right to a few minutes.
- A checksum over one of these: it becomes 0 when it was right, and is noted as bad otherwise.
- The order of frames on a link, but for frames of one kind (protocol, and type of ICMP or ARP): those keep theirs.
- Solicitations for addresses, and errors about packets, that do not occur in the case: they are left from one before, whose
  resolution still goes on or has failed by now.
- Reports of multicast groups and router solicitations, which come by timers, unless the family is about them. Reports then count as a
  set: those with many records are taken apart, a frame for each, the sources in order, and what is said twice counts once.
"""
import struct
import time

import wire

ETH_IP, ETH_IP6, ETH_ARP = 0x0800, 0x86DD, 0x0806
VLAN_TYPES = (0x8100, 0x88A8)
EXTENSIONS = (0, 43, 60, 135, 139, 140)  # next headers of 8-byte units; 44 and 51 are measured otherwise
CLOCKS_APART_MS = 600000  # a guest has its own
MLD_TYPES, RS_TYPE = (130, 131, 132, 143), 133


def l3(frame):
    """(ethertype, offset) behind all tags."""
    at = 12
    while len(frame) >= at + 2:
        kind = frame[at] << 8 | frame[at + 1]
        if kind not in VLAN_TYPES:
            return kind, at + 2
        at += 4
    return None, len(frame)


def walk6(frame, at):
    """(protocol, its offset, offset of the fragment header or None) of an IPv6 packet, as far as it can be followed."""
    proto, at, fragment = frame[at + 6], at + 40, None
    while True:
        if proto in EXTENSIONS and len(frame) >= at + 2:
            proto, at = frame[at], at + 8 + 8 * frame[at + 1]
        elif proto == 44 and len(frame) >= at + 8:
            fragment = at
            if (frame[at + 2] << 8 | frame[at + 3]) & 0xFFF8:
                return None, at + 8, fragment
            proto, at = frame[at], at + 8
        elif proto == 51 and len(frame) >= at + 2:
            proto, at = frame[at], at + 8 + 4 * frame[at + 1]
        else:
            return proto, at, fragment


def label(f, at):
    return (f[at + 1] & 15) << 16 | f[at + 2] << 8 | f[at + 3]


def sent_ids(frames):
    """Identifications and flow labels in what we sent: whatever bears them was forwarded, or reflects them."""
    four, six, labels = set(), set(), set()
    for frame in frames:
        kind, at = l3(frame)
        if kind == ETH_IP and len(frame) >= at + 6:
            four.add(frame[at + 4:at + 6])
        elif kind == ETH_IP6 and len(frame) >= at + 40:
            labels.add(label(frame, at))
            fragment = walk6(frame, at)[2]
            if fragment:
                six.add(frame[fragment + 4:fragment + 8])
    return four, six, labels


def chatter(frame, keep):
    kind, at = l3(frame)
    if kind == ETH_IP and len(frame) >= at + 20 and frame[at + 9] == 2:
        return "igmp" not in keep
    if kind != ETH_IP6 or len(frame) < at + 40:
        return False
    proto, l4, _ = walk6(frame, at)
    if proto != 58 or len(frame) <= l4:
        return False
    return (frame[l4] in MLD_TYPES and "mld" not in keep) or (frame[l4] == RS_TYPE and "rs" not in keep)


class Sent:
    """What is known of the frames we sent: who could be asked for, and complained about, because of them."""

    def __init__(self, frames):
        self.bytes = b"\0".join(frames)
        self.four, self.six, self.labels = sent_ids(frames)

    def left_over(self, f):
        """Is this an echo of an earlier case?"""
        kind, at = l3(f)
        if kind == ETH_ARP and len(f) >= at + 28 and f[at + 6:at + 8] == b"\0\1":
            return f[at + 24:at + 28] not in self.bytes
        if kind == ETH_IP and len(f) >= at + 48 and f[at + 9] == 1 and f[at + 20] in (3, 4, 5, 11, 12) and f[at] == 0x45:
            return f[at + 40:at + 44] not in self.bytes or f[at + 32:at + 34] not in self.four
        if kind != ETH_IP6 or len(f) < at + 64:
            return False
        proto, l4, _ = walk6(f, at)
        if proto == 58 and len(f) >= l4 + 24 and f[l4] == 135:
            return f[l4 + 8:l4 + 24] not in self.bytes
        return proto == 58 and len(f) >= l4 + 48 and f[l4] < 128 and f[l4 + 16:l4 + 48] not in self.bytes


def is_now(word):
    """RFC 791, 792: milliseconds since midnight UT."""
    return abs(int.from_bytes(word, "big") - time.time() * 1000 % 86400000) < CLOCKS_APART_MS


def stamps(f, at, end):
    """Timestamp options of a header, at to end of them."""
    while at < end and f[at]:
        length = 1 if f[at] == 1 or at + 1 >= end else f[at + 1]
        if f[at] == 68:
            for word in range(at + 4, min(at + length, end) - 3, 4):
                if is_now(f[word:word + 4]):
                    f[word:word + 4] = bytes(4)
        at += max(length, 1)


def timestamp_reply(f, at):
    """Receive and transmit timestamps."""
    notes = () if wire.inet_sum(bytes(f[at:])) == 0xFFFF else ("ICMP checksum is bad",)
    if f[at + 12:at + 16] != f[at + 16:at + 20] or not is_now(f[at + 12:at + 16]):
        return notes
    f[at + 2:at + 4] = b"\0\0"
    f[at + 12:at + 20] = bytes(8)
    return notes


def quoted_stamps(f, at):
    """Timestamp options of the header that an ICMP error quotes."""
    notes = () if wire.inet_sum(bytes(f[at:])) == 0xFFFF else ("ICMP checksum is bad",)
    was, inner = bytes(f), at + 8
    stamps(f, inner + 20, min(inner + (f[inner] & 15) * 4, len(f)))
    if bytes(f) == was:
        return ()
    f[at + 2:at + 4] = f[inner + 10:inner + 12] = b"\0\0"
    return notes


class Normal:
    """The frames one dut sent in one case: (link, bytes, notes) of each."""

    def __init__(self, sent):
        self.four, self.six, self.labels = sent.four, sent.six, sent.labels
        self.named = {}

    def name(self, ident):
        return self.named.setdefault(ident, len(self.named))

    def ip4(self, f, at):
        if len(f) < at + 20 or f[at] >> 4 != 4:
            return ()
        hl = (f[at] & 15) * 4
        notes = () if wire.inet_sum(bytes(f[at:at + hl])) == 0xFFFF else ("header checksum is bad",)
        f[at + 10:at + 12] = b"\0\0"
        stamps(f, at + 20, min(at + hl, len(f)))
        ident = bytes(f[at + 4:at + 6])
        if ident not in self.four:
            fragment = (f[at + 6] << 8 | f[at + 7]) & 0x3FFF
            f[at + 4:at + 6] = struct.pack("!H", self.name(ident) if fragment else 0)
        if f[at + 9] == 1 and len(f) == at + hl + 20 and f[at + hl] == 14:
            notes += timestamp_reply(f, at + hl)
        if f[at + 9] == 1 and len(f) >= at + hl + 48 and f[at + hl] in (3, 4, 5, 11, 12) and f[at + hl + 8] > 0x45:
            notes += quoted_stamps(f, at + hl)
        return notes

    def ip6(self, f, at):
        if len(f) < at + 40 or f[at] >> 4 != 6:
            return
        if label(f, at) not in self.labels:
            f[at + 1] &= 0xF0
            f[at + 2:at + 4] = b"\0\0"
        fragment = walk6(f, at)[2]
        if fragment and bytes(f[fragment + 4:fragment + 8]) not in self.six:
            f[fragment + 4:fragment + 8] = struct.pack("!I", self.name(bytes(f[fragment + 4:fragment + 8])))

    def frame(self, link, data):
        f, notes = bytearray(data), ()
        kind, at = l3(f)
        if kind == ETH_IP:
            notes = self.ip4(f, at)
        elif kind == ETH_IP6:
            self.ip6(f, at)
        return link, bytes(f), notes


def report_of(f):
    """(where the message begins, size of its addresses) of a report with records, IGMPv3's or MLDv2's, else None."""
    kind, at = l3(f)
    if kind == ETH_IP and len(f) >= at + 32 and f[at + 9] == 2:
        l4 = at + (f[at] & 15) * 4
        return (l4, 4) if len(f) >= l4 + 8 and f[l4] == 0x22 else None
    if kind == ETH_IP6 and len(f) >= at + 48:
        proto, l4, fragment = walk6(f, at)
        return (l4, 16) if proto == 58 and not fragment and len(f) >= l4 + 8 and f[l4] == 143 else None
    return None


def report_sum(f, at, l4):
    end = at + (f[at + 2] << 8 | f[at + 3]) if f[at] >> 4 == 4 else at + 40 + (f[at + 4] << 8 | f[at + 5])
    pseudo = b"" if f[at] >> 4 == 4 else bytes(f[at + 8:at + 40]) + struct.pack("!II", end - l4, 58)
    return wire.inet_sum(pseudo + bytes(f[l4:end])) == 0xFFFF


def records(row):
    """The frames that stand for a report: all that is before its records, and one of them."""
    link, f, notes = row
    found = report_of(f)
    if not found:
        return [row]
    l4, size = found
    _, at = l3(f)
    notes += () if report_sum(f, at, l4) else ("report's checksum is bad",)
    head = bytearray(f[:l4 + 6])
    head[l4 + 2:l4 + 4] = b"\0\0"
    length = at + (2 if size == 4 else 4)
    head[length:length + 2] = b"\0\0"
    out, where = [], l4 + 8
    for _ in range(f[l4 + 6] << 8 | f[l4 + 7]):
        n = f[where + 2] << 8 | f[where + 3] if len(f) >= where + 4 else 0
        end = where + 4 + size * (1 + n) + 4 * f[where + 1] if len(f) >= where + 4 else len(f) + 1
        if end > len(f):
            return [*out, (link, f, (*notes, "its records are cut"))]
        addresses = [f[i:i + size] for i in range(where + 4, where + 4 + size * (1 + n), size)]
        out.append((link, bytes(head) + f[where:where + 4] + b"".join([addresses[0], *sorted(addresses[1:])]), notes))
        where = end
    return out


def as_set(rows):
    reports = sorted({r for row in rows for r in records(row) if report_like(row)})
    return reports + [row for row in rows if not report_like(row)]


def report_like(row):
    return chatter(row[1], ())


def sort_key(row):
    link, f, _ = row
    kind, at = l3(f)
    if kind == ETH_IP and len(f) >= at + 20:
        l4 = at + (f[at] & 15) * 4
        return link, kind, f[at + 9], f[l4] if f[at + 9] == 1 and len(f) > l4 and not (f[at + 6] & 31 | f[at + 7]) else 0
    if kind == ETH_IP6 and len(f) >= at + 40:
        proto, l4, fragment = walk6(f, at)
        return link, kind, f[at + 6], f[l4] if proto == 58 and len(f) > l4 and not fragment else 0
    return link, kind or 0, 0, f[at + 7] if kind == ETH_ARP and len(f) > at + 7 else 0


def normal(out, sent, keep=()):
    """By link and kind; in the order in which they came there."""
    sent = Sent(sent)
    n = Normal(sent)
    rows = [n.frame(link, f) for link, f in out if not chatter(f, keep) and not sent.left_over(f)]
    return sorted(as_set(rows) if keep else rows, key=sort_key)
