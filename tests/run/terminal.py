# SPDX-License-Identifier: BSD-2-Clause
"""A program on a terminal of its own, for tests: typed to, read from, resized, waited for."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Terminal:
    def __init__(self, argv, env=None, rows=24, cols=100):
        self.out = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, {**os.environ, 'TERM': 'xterm', **(env or {})})
        self.resize(rows, cols)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        """What comes within so many seconds, until the end."""
        end = time.monotonic() + seconds
        got = b''
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            got += piece
            self.out += piece
        return got.decode(errors='replace')

    def wait_for(self, text, seconds=10):
        """Reads until text is there, in what has come since the last call that found something."""
        end = time.monotonic() + seconds
        while text.encode() not in self.out:
            if time.monotonic() > end:
                raise AssertionError(f'no {text!r} within {seconds} s in {self.out[-3000:]!r}')
            self.read(0.05)
        self.out = self.out[self.out.index(text.encode()) + len(text):]

    def status(self, seconds=10):
        """Of the program, as a shell has it; killed when it does not end in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f'still running after {seconds} s: {self.out[-2000:]!r}')
