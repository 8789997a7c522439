# SPDX-License-Identifier: BSD-2-Clause
# echo.py HOST PORT BYTES CONNECTIONS: sends bytes on each connection and compares what comes back.
import os, socket, sys, threading
from at_once import at_once

host, port, size, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])

def one():
    s = socket.create_connection((host, port), timeout=20)
    out = os.urandom(size)

    def send():
        s.sendall(out)
        s.shutdown(socket.SHUT_WR)

    t = threading.Thread(target=send)
    t.start()
    back = b''
    while True:
        b = s.recv(1 << 16)
        if not b:
            break
        back += b
    t.join()
    return '' if back == out else f'{len(back)} of {size} bytes'

at_once(n, one)
