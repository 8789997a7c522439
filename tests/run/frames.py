# SPDX-License-Identifier: BSD-2-Clause
"""frames.py FILE: a capture of one frame, an IPv4 packet with a bad checksum, for a generator device."""
import struct
import sys

frame = (b'\x02\0\0\0\0\x01' + b'\x02\0\0\0\0\x02' + b'\x08\x00' + b'\x45\0\0\x14' + b'\0\0\0\0' + b'\x40\x11\xff\xff' +
         b'\x0a\0\0\x01\x0a\0\0\x02')
with open(sys.argv[1], 'wb') as f:
    f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    f.write(struct.pack('<IIII', 0, 0, len(frame), len(frame)) + frame)
