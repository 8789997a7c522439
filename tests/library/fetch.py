# SPDX-License-Identifier: BSD-2-Clause
# fetch.py URL FILE N: gets it N times at once, and compares.
import sys, threading, urllib.request

url, want, n = sys.argv[1], open(sys.argv[2], 'rb').read(), int(sys.argv[3])
wrong = []

def one():
    got = urllib.request.urlopen(url, timeout=30).read()
    if got != want:
        wrong.append(f'{len(got)} bytes')

threads = [threading.Thread(target=one) for _ in range(n)]
for t in threads:
    t.start()
for t in threads:
    t.join()
sys.exit('; '.join(wrong) or None)
