# SPDX-License-Identifier: BSD-2-Clause
"""metrics.py LEAT NAME DAEMON_PID: what `leat metrics` serves is what Prometheus' own parsers read, and hostile clients harm nothing."""
import atexit
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

leat, name, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3])
OPEN = 'application/openmetrics-text; version=1.0.0'


def ok(text):
    print('ok:', text, flush=True)


def start(*args):
    p = subprocess.Popen([leat, '-n', name, 'metrics', *args], stderr=subprocess.PIPE, text=True)
    atexit.register(p.kill)
    return p


class UnixHTTP(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(self.host)


def get(path='/metrics', method='GET', accept=None, conn=None):
    c = conn or http.client.HTTPConnection('127.0.0.1', port, timeout=5)
    c.request(method, path, headers={'Accept': accept} if accept else {})
    r = c.getresponse()
    body = r.read().decode()
    c.close()
    return r.status, r.getheader('Content-Type'), body


def ready(fn):
    for _ in range(100):
        try:
            return fn()
        except OSError:
            time.sleep(0.05)
    raise AssertionError('nobody listens')


def families(text, openmetrics):
    if openmetrics:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    else:
        from prometheus_client.parser import text_string_to_metric_families
    return {f.name: f for f in text_string_to_metric_families(text)}


def one_of(text, sample):
    return float(re.search(r'^' + re.escape(sample) + r' (\S+)$', text, re.M).group(1))


with socket.socket() as s:
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
p = start('--listen', f'127.0.0.1:{port}')
status, kind, text = ready(get)
assert status == 200 and kind == 'text/plain; version=0.0.4; charset=utf-8', (status, kind)
assert 'leat_up 1\n' in text
for want in ('leat_interface_receive_packets_total{device="g0"}', 'leat_drops_total{node="', 'leat_routes{family="ip4"}',
             'leat_neighbours{family="ip6"}', 'leat_memory_used_bytes{account="runtime"}', 'leat_lcore_busy_turns_total{lcore="0"}',
             'leat_node_packets_total{node="ip4-input"}', 'leat_netlink_sockets '):
    assert want in text, (want, text)
ok('counters by Prometheus\' names')
time.sleep(0.3)
later = get()[2]
sample = 'leat_interface_receive_packets_total{device="g0"}'
assert one_of(later, sample) > one_of(text, sample)
ok('they grow')
status, kind, text = get(accept=OPEN)
assert kind.startswith('application/openmetrics-text; version=1.0.0') and text.endswith('# EOF\n'), kind
names = [l.split()[2] for l in text.splitlines() if l.startswith('# TYPE')]
assert len(names) == len(set(names)) > 30, names
try:
    for openmetrics in (False, True):
        f = families(get(accept=OPEN if openmetrics else None)[2], openmetrics)
        assert f['leat_interface_receive_packets'].type == 'counter' and f['leat_up'].type == 'gauge', f
        assert all(x.documentation for x in f.values())
        assert {s.labels['device'] for s in f['leat_interface_receive_packets'].samples} == {'lo', 'g0'}
    ok('Prometheus\' parsers read both forms')
except ModuleNotFoundError as e:
    print('not judged by Prometheus\' parsers:', e)
assert get('/')[0] == 200 and get('/nosuch')[0] == 404
assert get(method='POST')[0] == 405 and get(method='DELETE', path='/nosuch')[0] == 405
assert get(method='HEAD')[2] == ''
ok('other paths and methods are told')

# --- hostile clients ---


def rss_kb():
    return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{p.pid}/status').read()).group(1))


def ticks(pid):
    f = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return int(f[11]) + int(f[12])


def raw(data=b''):
    s = socket.create_connection(('127.0.0.1', port), timeout=5)
    try:
        s.sendall(data)
    except OSError:
        pass
    return s


begin = time.monotonic()
before = rss_kb()
slow = [raw(b'GET /metrics HTTP/1.1\r\nHost: x\r\nX-') for _ in range(200)]
for s in slow[::2]:
    try:
        s.sendall(b'y')
    except OSError:
        pass
t = time.monotonic()
assert get()[0] == 200 and time.monotonic() - t < 3
ok('200 who never finish do not keep others out')
garbage = [raw(b'GET /' + b'a' * 4000000 + b' HTTP/1.1\r\n\r\n'), raw(b'\x16\x03\x01' * 10000), raw(b'\0' * 100000),
           raw(b'GET /metrics HTTP/1.1\r\n' + b'H: v\r\n' * 200000), raw(b'POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n'),
           raw(b'GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n'), raw(b'GET http://[::1 HTTP/9.9\r\n\r\n'), raw()]
assert get()[0] == 200
assert rss_kb() - before < 8192, (before, rss_kb())
ok('requests without end, and what is none, take no memory')
deaf = [raw(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n') for _ in range(30)]  # and nobody reads
assert get()[0] == 200
cost = ticks(f'{daemon}/task/{daemon}')  # of the control lcore; g0 keeps the worker busy
end = time.monotonic() + 1.5
n = 0
while time.monotonic() < end:
    assert get()[0] == 200
    n += 1
cost = ticks(f'{daemon}/task/{daemon}') - cost
assert cost <= 7, cost
ok(f'{n} scrapes in 1.5 s cost the daemon {cost * 10} ms')
slow_end = begin + 17
for s in slow[-20:]:
    s.settimeout(max(0.1, slow_end - time.monotonic()))
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
assert time.monotonic() < slow_end + 1
ok('who is slow is hung up on after ten seconds')
for s in slow + garbage + deaf:
    s.close()
assert get()[0] == 200
p.send_signal(signal.SIGTERM)
assert p.wait(5) == 0
ok('SIGTERM ends it')

# --- a Unix socket, and a daemon that goes ---
path = os.path.join(tempfile.mkdtemp(), 'm.sock')
p = start('--listen', 'unix:' + path)
assert 'leat_up 1\n' in ready(lambda: get(conn=UnixHTTP(path)))[2]
two = start('--listen', 'unix:' + path)
assert two.wait(5) == 1 and 'Address already in use' in two.stderr.read()
os.kill(daemon, signal.SIGTERM)
for _ in range(100):
    text = get(conn=UnixHTTP(path))[2]
    if 'leat_up 0\n' in text:
        break
    time.sleep(0.1)
assert 'leat_up 0\n' in text and 'leat_workers' not in text, text
time.sleep(0.3)
assert 'leat_up 0\n' in get(conn=UnixHTTP(path))[2]
p.send_signal(signal.SIGINT)
assert p.wait(5) == 0 and not os.path.exists(path)
err = p.stderr.read()
assert err.count('\n') == 1 and 'does not answer' in err, err
ok('a Unix socket; a daemon that goes is told of once')
for bad in ('nowhere', '127.0.0.1', '127.0.0.1:99999', '[::1:80', 'unix:' + 'x' * 200, '192.0.2.77:1'):
    r = subprocess.run([leat, 'metrics', '--listen', bad], capture_output=True, text=True, timeout=10)
    assert r.returncode == 1 and r.stderr.startswith('leat: metrics: ') and r.stderr.count('\n') == 1, (bad, r)
ok('where it cannot listen is told in a line')
