# SPDX-License-Identifier: BSD-2-Clause
"""The devices under test, and the namespace we watch them from.

       driver namespace             device under test (leat or a kernel)
    leat-a, linux-a, vm-a  -------  a   10.1.0.1/24  fd01::1/64   routes to 198.18.0.0/16 and fd18::/32
    leat-b, linux-b, vm-b  -------  b   10.2.0.1/24  fd02::1/64   routes to 198.19.0.0/16 and fd19::/32, mtu 1400

Both ends have the same link-layer addresses at every dut. The driver's ends have no addresses and say nothing by themselves.
Hosts 2 to 9 of each link are permanent neighbours, so that only those cases meet resolution that are about it.
"""
import contextlib, os, re, shlex, shutil, subprocess, sys, tempfile, time

import wire

DUT_MAC = {"a": "02:00:00:00:0a:01", "b": "02:00:00:00:0b:01"}
HOST_MAC = {"a": "02:00:00:00:0a:{:02x}", "b": "02:00:00:00:0b:{:02x}"}
NET = {"a": 1, "b": 2}
MTU = {"a": 1500, "b": 1400}
HOSTS = range(2, 10)  # permanent neighbours
FENCE_HOST = 9
LEAT, LINUX, VM = "leat", "linux", "vm"
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.py")

# What Linux does not have: with leat's own value a known neighbour is asked before another is believed to be it (net/neigh_claim.c).
LEAT_SYSCTLS = [(f"net.ipv{v}.neigh.{link}.override_probe_time_ms", 0) for v in (4, 6) for link in NET]

# Everything that would make answers depend on chance or on time is off; the rest is what the kernel does at first.
SYSCTLS = [
    ("net.ipv4.icmp_msgs_per_sec", 1000000), ("net.ipv4.icmp_msgs_burst", 1000000),
    ("net.ipv4.icmp_ratelimit", 0), ("net.ipv4.icmp_ratemask", 0),
    ("net.ipv6.icmp.ratelimit", 0), ("net.ipv6.icmp.ratemask", ""),
    ("net.ipv4.ipfrag_high_thresh", 64 << 20), ("net.ipv6.ip6frag_high_thresh", 64 << 20),  # many cases leave pieces behind
    ("net.ipv4.conf.all.rp_filter", 0), ("net.ipv4.conf.a.rp_filter", 0), ("net.ipv4.conf.b.rp_filter", 0),
    ("net.ipv6.conf.a.dad_transmits", 0), ("net.ipv6.conf.b.dad_transmits", 0),
    ("net.ipv6.conf.a.accept_dad", 0), ("net.ipv6.conf.b.accept_dad", 0),
    ("net.ipv6.conf.a.router_solicitations", 0), ("net.ipv6.conf.b.router_solicitations", 0),
    ("net.ipv6.conf.a.accept_ra", 0), ("net.ipv6.conf.b.accept_ra", 0),
]
ROLE_SYSCTLS = {
    "router": [("net.ipv4.ip_forward", 1), ("net.ipv6.conf.all.forwarding", 1)],
    "host": [("net.ipv4.ip_forward", 0), ("net.ipv6.conf.all.forwarding", 0)],
}


def addresses():
    lines = []
    for link, n in NET.items():
        lines += [f"address add 10.{n}.0.1/24 brd + dev {link}", f"address add fd{n:02x}::1/64 dev {link} nodad"]
        for h in HOSTS:
            mac = HOST_MAC[link].format(h)
            lines += [f"neigh replace 10.{n}.0.{h} lladdr {mac} nud permanent dev {link}",
                      f"neigh replace fd{n:02x}::{h} lladdr {mac} nud permanent dev {link}",
                      f"neigh replace fe80::{n}:{h} lladdr {mac} nud permanent dev {link}"]
    return lines


def routes():
    lines = []
    for link, n in NET.items():
        lines += [f"route add 198.{17 + n}.0.0/16 via 10.{n}.0.2 dev {link}",
                  f"-6 route add fd{17 + n}::/32 via fd{n:02x}::2 dev {link}"]
    for i, kind in enumerate(("blackhole", "unreachable", "prohibit", "throw")):
        lines += [f"route add {kind} 203.0.113.{i * 16}/28", f"-6 route add {kind} fdbb:{i}::/48"]
    return lines


# A host has somebody for everything else; a router has routes.
ROLE_ROUTES = {"router": [], "host": ["route add default via 10.1.0.2 dev a", "-6 route add default via fd01::2 dev a"]}


class Failed(Exception):
    pass


NEIGHBOURS = 65536


@contextlib.contextmanager
def room_for_neighbours():
    """All namespaces of a kernel share one neighbour table, and where it is full nobody new is answered: there is to be room meanwhile."""
    was = {}
    for v in (4, 6):
        path = f"/proc/sys/net/ipv{v}/neigh/default/gc_thresh3"
        try:
            with open(path, "r+", encoding="ascii") as f:
                value = int(f.read())
                if value < NEIGHBOURS:
                    f.seek(0)
                    f.write(str(NEIGHBOURS))
                    was[path] = value
        except OSError:
            pass  # in a namespace of its own, or not allowed
    try:
        yield
    finally:
        for path, value in was.items():
            with open(path, "w", encoding="ascii") as f:
                f.write(str(value))


def run(*args, ok=True, text=None, **kw):
    p = subprocess.run(args, input=text, capture_output=True, text=True, check=False, **kw)
    if ok and p.returncode:
        raise Failed(f"{shlex.join(args)}: {(p.stderr or p.stdout).strip() or p.returncode}")
    return p


def write_sysctls(shell, pairs):
    """By a kernel's files; returns the names of those that it does not have."""
    lines = []
    for name, value in pairs:
        path = "/proc/sys/" + name.replace(".", "/")
        lines.append(f"{{ [ -e {path} ] && echo '{value}' >{path}; }} || echo 'lacks {name}'")
    return re.findall(r"lacks (\S+)", shell("\n".join(lines)).stdout)


class Dut:
    """Configured by ip(8) and by settings' names, whatever it is."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.ports, self.mtu = {}, MTU
        self.lacks = set()  # settings it does not have
        self.program = None

    def shell(self, script, ok=True):
        raise NotImplementedError

    def ip(self, lines):
        """One ip -batch per family, as -6 cannot be said in a line."""
        four = [x for x in lines if not x.startswith("-6 ")]
        six = [x[3:] for x in lines if x.startswith("-6 ")]
        for option, batch in (("", four), ("-6", six)):
            if batch:
                self.shell(f"ip {option} -batch - <<'END'\n" + "\n".join(batch) + "\nEND\n")

    def sysctls(self, pairs):
        """Unknown ones are noted, and no error: what differs by them shows in the answers."""
        raise NotImplementedError

    def configure(self, role, more_sysctls, more_ip):
        self.sysctls(SYSCTLS)
        self.ip([f"link set dev {link} up mtu {MTU[link]}" for link in NET])
        self.sysctls(ROLE_SYSCTLS[role])
        self.ip(addresses() + routes() + ROLE_ROUTES[role])
        self.sysctls(more_sysctls)
        self.ip(more_ip)

    def inside(self):
        """The words that start a program on the dut."""
        raise NotImplementedError

    def start_program(self, args):
        """program.py with these, when it says that it is there."""
        text = self.shell(f"ip -o link show dev {next(iter(NET))}").stdout
        self.program = subprocess.Popen([*self.inside(), sys.executable, PROGRAM, text.split(":")[0], *args], stdout=subprocess.PIPE,
                                        stdin=subprocess.PIPE, env=self.lab.env, text=True)
        if self.program.stdout.readline() != "ready\n":
            raise Failed(f"{self.name}: the program does not start")

    def alive(self):
        return True

    def stop(self):
        if self.program:
            self.program.stdin.close()  # by which it ends
            try:
                self.program.wait(5)
            except subprocess.TimeoutExpired:
                self.program.kill()
                self.program.wait()
        for p in self.ports.values():
            p.close()


class Linux(Dut):
    """The host's kernel, in a namespace."""

    def shell(self, script, ok=True):
        return run(*self.inside(), "sh", "-ec", script, ok=ok)

    def inside(self):
        return "ip", "netns", "exec", self.lab.ns(self.name)

    def sysctls(self, pairs):
        self.lacks |= set(write_sysctls(self.shell, pairs))

    def start(self):
        pass


class Leat(Dut):
    def __init__(self, lab, name, build, options=()):
        super().__init__(lab, name)
        self.leat, self.leatd = (os.path.join(build, "apps", x, x) for x in ("leat", "leatd"))
        if lab.program:
            self.leatd = os.path.join(build, "tests", "diff", "leatd-program")
        self.options, self.daemon = options, None
        self.log = os.path.join(lab.tmp, "leatd.log")

    def shell(self, script, ok=True):
        return run(*self.inside(), "sh", "-ec", script, ok=ok, env=self.lab.env)

    def inside(self):
        return self.leat, "-n", self.lab.prefix, "run", "--"

    def start_program(self, args):
        """leatd-program has begun with it."""

    def configure(self, role, more_sysctls, more_ip):
        self.sysctls(LEAT_SYSCTLS)
        super().configure(role, more_sysctls, more_ip)

    def cli(self, *args, ok=True):
        return run(self.leat, "-n", self.lab.prefix, *args, ok=ok, env=self.lab.env)

    def sysctls(self, pairs):
        for name, value in pairs:
            p = self.cli("sysctl", "-q", f"{name}={value}", ok=False)
            if p.returncode:
                if "unknown" not in p.stderr.lower() and "no such" not in p.stderr.lower():
                    raise Failed(f"leat sysctl {name}={value}: {p.stderr.strip()}")
                self.lacks.add(name)

    def start(self):
        self.started = open(self.log, "w", encoding="utf-8")
        self.daemon = subprocess.Popen(
            ["ip", "netns", "exec", self.lab.ns(self.name), self.leatd, "--name", self.lab.prefix,
             "--dev", "af_packet:a", "--dev", "af_packet:b", *self.options],
            stdin=subprocess.DEVNULL, stdout=self.started, stderr=subprocess.STDOUT,
            env=dict(self.lab.env, **({"LEAT_DIFF_PROGRAM": " ".join(self.lab.program)} if self.lab.program else {})))
        for _ in range(100):
            with open(self.log, encoding="utf-8") as f:
                if "ready\n" in f.readlines():
                    return
            if self.daemon.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed("leatd does not start: " + self.log_text())

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def alive(self):
        return self.daemon.poll() is None

    def drops(self):
        import json
        rows = json.loads(self.cli("drops", "--json").stdout)
        count = {}
        for r in rows:
            key = (r["node"], r["reason"])
            count[key] = count.get(key, 0) + r["count"]
        return count

    def stop(self):
        super().stop()
        if self.daemon:
            self.daemon.terminate()
            try:
                rc = self.daemon.wait(10)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                rc = self.daemon.wait()
            self.daemon = None
            self.started.close()
            if rc:
                raise Failed(f"leatd ended with status {rc}: " + self.log_text())


class Lab:
    """Namespaces and duts, configured alike. Use as a context; everything is gone after it."""

    def __init__(self, build, role, oracles, sysctls=(), ip=(), plant=(), leat_options=(), program=(), settle_s=0.3):
        self.build, self.role, self.oracles = build, role, oracles
        self.more = (list(sysctls), list(ip))
        self.plant = list(plant)  # settings for the oracle alone: the self-check
        self.leat_options, self.program, self.settle_s = leat_options, program, settle_s
        self.prefix = f"lt-diff-{os.getpid()}"
        self.tmp = tempfile.mkdtemp(prefix="leat-diff.")
        os.chmod(self.tmp, 0o755)
        self.env = dict(os.environ, LEAT_RUNDIR=os.path.join(self.tmp, "run"))
        os.mkdir(self.env["LEAT_RUNDIR"])
        self.namespaces, self.duts, self.exchanges = [], {}, {}

    def ns(self, name):
        return f"{self.prefix}-{name}"

    def add_ns(self, name):
        run("ip", "netns", "add", self.ns(name))
        self.namespaces.append(name)

    def add_links(self, name):
        """Pairs of veth between the driver and a namespace, with nothing offloaded: frames as on a wire."""
        ns, driver = self.ns(name), self.ns("driver")
        for link in NET:
            far = f"{name}-{link}"
            run("ip", "-n", driver, "link", "add", far, "type", "veth", "peer", "name", link, "netns", ns, "address", DUT_MAC[link])
            run("ip", "netns", "exec", driver, "sh", "-ec",
                f"echo 1 >/proc/sys/net/ipv6/conf/{far}/disable_ipv6; ip link set {far} arp off mtu 9000 up")
            for where, dev in ((driver, far), (ns, link)):
                run("ip", "netns", "exec", where, "ethtool", "-K", dev, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off",
                    "txvlan", "off", "rxvlan", "off", ok=False)

    def open_ports(self, name):
        back = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            wire.enter_netns(f"/run/netns/{self.ns('driver')}")
            return {link: wire.PacketPort(f"{name}-{link}") for link in NET}
        finally:
            wire.libc.setns(back, wire.CLONE_NEWNET)
            os.close(back)

    def __enter__(self):
        try:
            self.build_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build_up(self):
        self.add_ns("driver")
        for name in (LEAT, *self.oracles):
            if name == VM:
                import guest
                dut = guest.Guest(self, name)
            else:
                self.add_ns(name)
                self.add_links(name)
                dut = Leat(self, name, self.build, self.leat_options) if name == LEAT else Linux(self, name)
                dut.ports = self.open_ports(name)
            self.duts[name] = dut
            dut.start()
            dut.configure(self.role, *self.more)
            if name != LEAT:
                dut.sysctls(self.plant)
            if self.program:
                dut.start_program(self.program)
            self.exchanges[name] = wire.Exchange(dut, self.fence)
        time.sleep(self.settle_s)  # what a kernel reports of its groups

    def fence(self, seq):
        return wire.fence_frame(DUT_MAC["a"], HOST_MAC["a"].format(FENCE_HOST), f"10.1.0.{FENCE_HOST}", "10.1.0.1", seq)

    def __exit__(self, *_):
        problem = None
        for dut in self.duts.values():
            try:
                dut.stop()
            except Failed as e:
                problem = e
        for name in self.namespaces:
            run("ip", "netns", "del", self.ns(name), ok=False)
        shutil.rmtree(self.tmp, ignore_errors=True)
        if problem:
            raise problem
