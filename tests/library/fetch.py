# SPDX-License-Identifier: BSD-2-Clause
# fetch.py URL FILE N: gets it N times at once, and compares.
import sys, urllib.request
from at_once import at_once

url, want = sys.argv[1], open(sys.argv[2], 'rb').read()

def one():
    got = urllib.request.urlopen(url, timeout=30).read()
    return '' if got == want else f'{len(got)} bytes'

at_once(int(sys.argv[3]), one)
