# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark `scale` of bench/run: a full table of IPv4 and one of IPv6 by `ip -batch`, while packets are forwarded and a routing daemon listens."""
import os, re, subprocess, tempfile, time

ZEBRA = "/usr/lib/frr/zebra"
BATCH = {4: "route add {} via 192.0.2.2\n", 6: "route add {} via 2001:db8::2\n"}
COMMANDS = ("link set lo up", "link set g0 up", "link set s0 up", "address add 10.77.1.1/24 dev g0", "address add 192.0.2.1/24 dev s0",
            "address add 2001:db8::1/64 dev s0 nodad", "neigh add 192.0.2.2 lladdr 02:00:00:00:00:99 dev s0 nud permanent",
            "route add 198.18.0.0/21 via 192.0.2.2")
OWN = {"10.77.1.0/24", "192.0.2.0/24", "198.18.0.0/21", "2001:db8::/64"}     # that the router has anyway
EXPLAINS = 5


def threads(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            yield int(task), f.read().strip()


def cpu_ns(pid, workers=True):
    """Of a process's threads; without those that carry packets."""
    total = 0
    for task, name in threads(pid):
        if workers or not name.startswith("lcore-"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total


def descendants(pid):
    yield pid
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            for child in f.read().split():
                yield from descendants(int(child))


class Router:
    """leatd with a generator that forwards for ever into a sink. Packets have a processor of their own, control and tools another."""

    def __init__(self, run, build, pcap, cpus):
        self.run_module, self.name = run, f"scale{os.getpid()}"
        self.dir = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.dir.name, "log")
        self.leat, self.leatd = (os.path.join(build, f"apps/{p}/{p}") for p in ("leat", "leatd"))
        self.env = {**os.environ, "LEAT_RUNDIR": self.dir.name}
        self.process = self.start(["--verbose", "--dev", f"generator:g0,file={pcap}", "--dev", "sink:s0", "--sysctl", "net.ipv4.ip_forward=1"])
        for task, name in threads(self.process.pid):
            os.sched_setaffinity(task, {cpus[0] if name.startswith("lcore-") else cpus[-1]})
        os.sched_setaffinity(0, {cpus[-1]})
        for words in COMMANDS:
            self.ip(words.split())
        self.listener = None

    def start(self, words):
        with open(self.log, "a") as log:
            process = subprocess.Popen([self.leatd, "--name", self.name, "--budget", "2048", *words], stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        if process.stdout.readline().strip() != "ready":
            with open(self.log) as log:
                raise self.run_module.Failed(f"leatd does not start: {log.read()}")
        return process

    def command(self, words, **more):
        done = subprocess.run([self.leat, "-n", self.name, *words], env=self.env, stdout=subprocess.PIPE, text=True, **more)
        if done.returncode:
            raise self.run_module.Failed(f"leat {' '.join(words)} failed")
        return done.stdout

    def ip(self, words):
        return self.command(["run", "--", "ip", *words])

    def listen(self):
        """zebra, else `ip monitor`: what it is."""
        if os.path.exists(ZEBRA):
            conf, vty = os.path.join(self.dir.name, "zebra.conf"), os.path.join(self.dir.name, "vty")
            os.mkdir(vty)
            open(conf, "w").close()
            os.chmod(self.dir.name, 0o755)
            subprocess.run(["chown", "-R", "frr:frr", vty, conf], check=True)
            words = [ZEBRA, "-i", f"{vty}/pid", "-z", f"{vty}/api", "--vty_socket", vty, "-f", conf, "-P", "0"]
        else:
            words = ["ip", "monitor", "route"]
        self.listener = subprocess.Popen([self.leat, "-n", self.name, "run", "--", *words], env=self.env, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        time.sleep(2)
        if self.listener.poll() is not None:
            raise self.run_module.Failed(f"{words[0]} does not run")
        return os.path.basename(words[0])

    def forwarded(self):
        return int(re.search(r"TX:.*\n\s+\d+\s+(\d+)", self.ip(["-s", "link", "show", "s0"])).group(1))

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) * 1024

    def measure(self, work):
        """Nanoseconds: of the daemon's threads but workers, passed."""
        cpu, start = cpu_ns(self.process.pid, workers=False), time.monotonic_ns()
        work()
        return cpu_ns(self.process.pid, workers=False) - cpu, time.monotonic_ns() - start

    def dump(self, family):
        """Nanoseconds: of the daemon's, passed, and of all processes. bash says what ip took; the supervisor is asked while it lives."""
        script = f"TIMEFORMAT='%U %S'; time ip -{family} route show >/dev/null; read"
        front = subprocess.Popen([self.leat, "-n", self.name, "run", "--", "bash", "-c", script], env=self.env, stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        cpu, start = cpu_ns(self.process.pid, workers=False), time.monotonic_ns()
        line = front.stderr.readline()
        while line and not re.match(r"[\d.]+ [\d.]+$", line):     # "Dump was interrupted ..."
            line = front.stderr.readline()
        passed, ours = time.monotonic_ns() - start, cpu_ns(self.process.pid, workers=False) - cpu
        others = sum(cpu_ns(p) for p in descendants(front.pid)) + sum(float(s) for s in line.split()) * 1e9
        front.communicate("\n")
        return ours, passed, ours + others

    def waits(self):
        """Microseconds that packets waited for each copy of the process, so far."""
        with open(self.log) as f:
            return [int(us) for us in re.findall(r"packets waited (\d+) us", f.read())]

    def end(self, process):
        process.terminate()
        process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in filter(None, (self.listener, self.process)):
            self.end(process)
        self.dir.cleanup()


def batches(run, opts, build, tmp):
    """{family: (file for ip -batch, number of routes)}."""
    data, tables, made = os.path.join(build, "bench-data"), run.find_tables(), {}
    for family in (4, 6):
        path = run.load_of(tables, data, family, "table")[1] if tables else run.anywhere_load(data, family)[1]
        with open(path) as f:
            prefixes = [p for p in f.read().split()[::opts.every] if p not in OWN]
        made[family] = (os.path.join(tmp, f"batch{family}"), len(prefixes))
        with open(made[family][0], "w") as f:
            f.write("".join(BATCH[family].format(p) for p in prefixes))
    return made


def with_kernel(run, made):
    """{(family, phase): (nanoseconds in the kernel, passed)}, or none without root."""
    got = {}
    for family, (path, _) in made.items() if os.geteuid() == 0 else ():
        with run.Kernel(family) as kernel:
            got[family, "load"] = kernel.run(["ip", "-batch", path])
            got[family, "dump"] = kernel.run(["ip", f"-{family}", "route", "show"])
    return got


def say(run, what, ns, seconds, n, kernels, floor_ns=None):
    text = f"{what}: {ns / n:.0f} ns of the daemon's a route, {n * 1e9 / ns:,.0f} a second; {seconds / 1e9:.2f} s passed"
    if floor_ns:
        text += f"; {ns / n - floor_ns:.0f} ns above a bare exchange"
    if kernels:
        text += f"; the kernel: {kernels[0] / n:.0f} ns, {kernels[1] / 1e9:.2f} s"
    run.note(text)


def copies(run, router, total):
    before = len(router.waits())
    for _ in range(EXPLAINS):
        router.command(["explain", "g0", "from", "10.77.1.9", "to", "198.18.0.1"])
    explained = router.waits()[before:]
    run.note(f"explain with {total} routes: packets waited {sorted(explained)} us")
    saved = os.path.join(router.dir.name, "saved")
    ours, passed = router.measure(lambda: router.command(["save", saved]))
    run.note(f"save: {passed / 1e9:.2f} s passed, {ours / 1e9:.2f} s of the daemon's, {os.path.getsize(saved) / total:.0f} bytes a route in the file, "
             f"packets waited {router.waits()[-1]} us")
    for process in filter(None, (router.listener, router.process)):
        router.end(process)
    router.listener, start = None, time.monotonic_ns()
    router.process = router.start(["--restore", saved])
    run.note(f"restored and ready after {(time.monotonic_ns() - start) / 1e9:.2f} s, {cpu_ns(router.process.pid, workers=False) / 1e9:.2f} s of the daemon's")


def scale(run, opts, build):
    cpus = sorted(os.sched_getaffinity(0))
    os.makedirs(os.path.join(build, "bench-data"), exist_ok=True)
    pcap = run.make(os.path.join(build, "bench-data", "4-builtin.pcap"), lambda p: run.builtin_pcap(4, p))
    for name in ("leatd", "leat"):
        subprocess.run(["ninja", "-C", build, f"apps/{name}/{name}"], stdout=subprocess.DEVNULL, check=True)
    with tempfile.TemporaryDirectory() as tmp:
        made = batches(run, opts, build, tmp)
        total = sum(n for _, n in made.values())
        os.sched_setaffinity(0, {cpus[-1]})
        bare = run.run_json([run.program(build, "pair"), "200000"])
        floor = bare["ns"] / bare["requests"]
        yield {**run.route_row("pair", bare["requests"], "-", bare["ns"]), "routes": None}
        kernels = with_kernel(run, made)
        with Router(run, build, pcap, cpus) as router:
            run.note(f"{router.listen()} listens; packets are forwarded by another processor" if len(cpus) > 1 else "one processor for everything")
            empty = router.rss()
            for phase in ("load", "dump"):
                for family, (path, n) in made.items():
                    packets, start = router.forwarded(), time.monotonic_ns()
                    if phase == "load":
                        ours, passed = router.measure(lambda: router.ip(["-batch", path]))
                    else:
                        ours, passed, everybody = router.dump(family)
                        run.note(f"dump of IPv{family}: {everybody / 1e9:.2f} s of all processes together")
                    kernel = kernels.get((family, phase))
                    say(run, f"IPv{family}, {phase}", ours, passed, n, kernel, floor if phase == "load" else None)
                    rate = (router.forwarded() - packets) * 1e3 / (time.monotonic_ns() - start)
                    run.note(f"meanwhile {rate:.2f} million packets a second were forwarded")
                    row = run.route_row(f"scale{family}", n, phase, ours)
                    peer = run.route_row("", n, phase, kernel[0])["mpps"] if kernel and kernel[0] else None
                    yield {**row, "peer": "the kernel", "peer_mpps": peer, "ratio": round(row["mpps"] / peer, 3)} if peer else row
            run.note(f"memory: {(router.rss() - empty) / total:.0f} bytes a route ({router.rss() >> 20} MiB resident)")
            copies(run, router, total)
    os.sched_setaffinity(0, set(cpus))
