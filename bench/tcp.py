# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark `tcp` of bench/run: a server with a stack of its own beside the same server on the kernel, against the same client over veth."""
import json, os, signal, subprocess, time

ROWS = [     # name, what, connections, unit
    ("receive", "d", 1, "GB"), ("receive-lent", "D", 1, "GB"), ("send", "s", 1, "GB"), ("send-zc", "S", 1, "GB"),
    ("requests-1", "r", 1, "request"), ("requests-100", "r", 100, "request"), ("requests-10000", "r", 10000, "request"),
    ("connections", "c", 8, "connection"),
]
TICK = os.sysconf("SC_CLK_TCK")


def sh(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


class Net:
    """client ── eth0 192.0.2.9 ── veth0 192.0.2.1 ── server"""

    def __enter__(self):
        self.name = f"lt-bench-{os.getpid()}"
        for side in ("c", "s"):
            sh("ip", "netns", "add", f"{self.name}-{side}")
        sh("ip", "link", "add", "eth0", "netns", f"{self.name}-c", "type", "veth", "peer", "name", "veth0", "netns", f"{self.name}-s")
        self.ip("c", "address", "add", "192.0.2.9/24", "dev", "eth0")
        for side, dev in (("c", "eth0"), ("s", "veth0")):
            self.ip(side, "link", "set", dev, "up")
        sh("ip", "netns", "exec", f"{self.name}-c", "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000")
        return self

    def __exit__(self, *_):
        for side in ("c", "s"):
            sh("ip", "netns", "del", f"{self.name}-{side}")

    def ip(self, side, *words):
        sh("ip", "-n", f"{self.name}-{side}", *words)

    def exec(self, side, *words, **more):
        return subprocess.Popen(["ip", "netns", "exec", f"{self.name}-{side}", *words], stdout=subprocess.PIPE, text=True, **more)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(net, program, server, what, n, seconds):
    client = net.exec("c", program, "client", what, "192.0.2.1", "7", str(n), str(seconds))
    used = 0
    for line in client.stdout:
        if line == "begin\n":
            used = -cpu_s(server.pid)
        elif line == "end\n":
            used += cpu_s(server.pid)
        else:
            got = json.loads(line)
    if client.wait():
        return None
    got["cpu"] = used
    return got


def serve(net, program, kind):
    words = ["serve", "kernel", "7"] if kind == "kernel" else \
            ["serve", f"/run/netns/{net.name}-s", "af_packet:veth0", "address 192.0.2.1/24 dev veth0", "7"]
    if kind == "kernel":
        net.ip("s", "address", "add", "192.0.2.1/24", "dev", "veth0")
    server = net.exec("s", program, *words)
    server.stdout.readline()
    return server


def rates(got, unit):
    """Units a second, CPU microseconds a unit."""
    count = got["bytes"] / 1e9 if unit == "GB" else got["ops"]
    return (count / got["seconds"], got["cpu"] * 1e6 / count) if count else (0, None)


def run(program, seconds):
    rows = []
    for name, what, n, unit in ROWS:
        row = {"name": f"tcp-{name}", "unit": unit, "connections": n}
        for kind in ("leat", "kernel"):
            with Net() as net:
                server = serve(net, program, kind)
                got = measure(net, program, server, what.lower() if kind == "kernel" else what, n, seconds)
                server.send_signal(signal.SIGTERM)
                server.wait()
                time.sleep(0.1)
            if not got:
                row[kind] = None
                continue
            rate, cost = rates(got, unit)
            row[kind] = {"rate": rate, "cpu_us": cost, "p50_us": got["p50_us"], "p99_us": got["p99_us"]}
        rows.append(row)
    return rows


def show(rows):
    print(f"{'name':20} {'unit':>10} {'leat/s':>10} {'kernel/s':>10} {'ratio':>6} {'leat cpu us':>12} {'kernel':>10} {'p50 us':>8} {'kernel':>8} {'p99 us':>8} {'kernel':>8}")
    for r in rows:
        a, b = r["leat"], r["kernel"]
        if not a or not b:
            print(f"{r['name']:20} {r['unit']:>10} failed: {'leat' if not a else 'kernel'}")
            continue
        print(f"{r['name']:20} {r['unit']:>10} {a['rate']:10.4g} {b['rate']:10.4g} {a['rate'] / b['rate'] if b['rate'] else 0:6.2f} "
              f"{a['cpu_us'] or 0:12.4g} {b['cpu_us'] or 0:10.4g} {a['p50_us']:8.0f} {b['p50_us']:8.0f} {a['p99_us']:8.0f} {b['p99_us']:8.0f}")
