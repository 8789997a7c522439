# SPDX-License-Identifier: BSD-2-Clause
"""The sides: a kernel (the host's, or a guest's) in a fresh namespace for each session, and leat in a fresh daemon."""
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(HERE, "agent.py")
MODULES = "veth dummy 8021q vrf bridge"
START_S = 30
SETTINGS = [  # what the sides' defaults differ in, or what would go on behind a command
    ("net.ipv4.ip_forward", 0),
    ("net.ipv6.conf.all.forwarding", 0),
    ("net.ipv6.conf.all.accept_dad", 0),
    ("net.ipv6.conf.default.accept_dad", 0),
    ("net.ipv6.conf.all.accept_ra", 0),
    ("net.ipv6.conf.default.accept_ra", 0),
    ("net.ipv6.conf.all.router_solicitation_delay", 0),  # Linux draws a time up to that before it looks at an address again
    ("net.ipv6.conf.default.router_solicitation_delay", 0),
]


class Broken(Exception):
    pass


def talk(proc, request):
    try:
        proc.stdin.write(json.dumps(request) + "\n")
        proc.stdin.flush()
        line = proc.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        raise Broken("the agent ended")
    return json.loads(line)


def pipes(*args, **more):
    return subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)


class Kernel:
    name = "linux"

    def __init__(self):
        self.agent = pipes(sys.executable, AGENT, "--unshare")

    def play(self, request):
        return talk(self.agent, request)

    def close(self):
        self.agent.stdin.close()
        self.agent.wait()


class Remembered:
    """An oracle whose answers are kept in a directory: those to the same requests need not be asked for again."""

    def __init__(self, make, directory, kind):
        self.make, self.directory, self.oracle, self.name = make, directory, None, kind
        os.makedirs(directory, exist_ok=True)

    def play(self, request):
        asked = request if request["first"] else {k: v for k, v in request.items() if k != "first"}
        key = hashlib.sha256(json.dumps([self.name, asked]).encode()).hexdigest()
        path = os.path.join(self.directory, key)
        try:
            with open(path, encoding="utf-8") as f:
                return json.load(f)
        except OSError:
            pass
        self.oracle = self.oracle or self.make()
        answer = self.oracle.play(request)
        if any(step[0] < 0 for step in answer):  # one that did not end: the machine was busy
            return answer
        part = f"{path}.{threading.get_ident()}"
        with open(part, "w", encoding="utf-8") as f:
            json.dump(answer, f)
        os.replace(part, path)
        return answer

    def close(self):
        if self.oracle:
            self.oracle.close()


class Guest:
    """Started when it is first asked; several may ask at a time."""
    name = "guest"

    def __init__(self):
        self.vm, self.id, self.lock, self.runs = find_guest(), "ltt" + str(os.getpid()), threading.Lock(), False
        self.first = threading.Lock()  # there is one first namespace

    def start(self):
        with self.lock:
            if self.runs:
                return
            self.runs = True
            with tempfile.TemporaryFile("w+") as log:  # the guest inherits it, and a pipe would not end before it does
                p = subprocess.run([self.vm, "start", "--name", self.id, "--addr", "none", "--mem", "512", "--share", HERE],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
                if p.returncode:
                    log.seek(0)
                    raise Broken("the guest does not start: " + log.read()[-2000:])
            self.exec(f"modprobe -a {MODULES}", "")

    def exec(self, script, text):
        return subprocess.run([self.vm, "exec", "--name", self.id, "-i", "--", "sh", "-c", script], input=text, capture_output=True, text=True,
                              check=False)

    def play(self, request):
        """Its standard input is there as a whole, so it is an agent for each session."""
        self.start()
        with self.first if request["first"] else contextlib.nullcontext():
            p = self.exec(f"exec python3 {AGENT} --unshare", json.dumps(request) + "\n")
        if not p.stdout:
            raise Broken(f"the guest's agent ended: {p.stderr[-2000:]}")
        return json.loads(p.stdout)

    def close(self):
        if self.runs:
            subprocess.run([self.vm, "stop", "--name", self.id], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def find_guest():
    path = os.environ.get("PEER_VM") or os.path.join(HERE, "..", "..", "..", "shared", "lab", "peer-vm")
    return path if os.access(path, os.X_OK) else None


class Leat:
    """A daemon for each session. Its directory is its own, so that tests side by side do not meet."""
    name = "leat"

    def __init__(self, build):
        self.leat, self.leatd = (os.path.join(build, "apps", x, x) for x in ("leat", "leatd"))
        self.tmp = tempfile.mkdtemp(prefix="leat-tools.")
        self.env = dict(os.environ, LEAT_RUNDIR=os.path.join(self.tmp, "run"))

    def start(self):
        log = open(os.path.join(self.tmp, "log"), "w", encoding="utf-8")
        daemon = subprocess.Popen([self.leatd, "--name", "tools"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        log.close()
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            line = daemon.stdout.readline()
            if line.strip() == "ready":
                return daemon
            if not line:
                break
        self.stop(daemon)
        raise Broken("leatd does not start: " + self.log())

    def log(self):
        with open(os.path.join(self.tmp, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    @staticmethod
    def stop(daemon):
        daemon.terminate()
        return daemon.wait()

    def play(self, request):
        daemon = self.start()
        try:
            for name, value in request["sysctls"]:
                subprocess.run([self.leat, "-n", "tools", "sysctl", f"{name}={value}"], env=self.env, capture_output=True, check=False)
            agent = pipes(self.leat, "-n", "tools", "run", "--", sys.executable, AGENT, env=self.env)
            try:
                answer = talk(agent, request)
            finally:
                agent.stdin.close()
                agent.wait()
        finally:
            status = self.stop(daemon)
        if status:
            raise Broken(f"leatd ended with status {status}: {self.log()}")
        return answer

    def close(self):
        shutil.rmtree(self.tmp, ignore_errors=True)
