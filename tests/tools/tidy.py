# SPDX-License-Identifier: BSD-2-Clause
"""What nobody can compare is taken out of answers, as little as that may be: counters, ages, times that pass, the order of hashes."""
import json
import re

FIELDS = ("status", "stdout", "stderr", "events")
SLACK = 2  # seconds and fractions that may pass between one side and the other

COUNTED = re.compile(r"^(\s+(?:RX|TX)(?: errors)?:.*)\n(\s+[\d ]+)$", re.M)
STATS_JSON = re.compile(r'"(?:stats64|stats|rx|tx)":\s*\{[^{}]*\}')
NUMBER = re.compile(r"\d+")
AGES = [
    (re.compile(r"\bused \d+/\d+/\d+"), "used N/N/N"),
    (re.compile(r"\bref \d+"), "ref N"),
    (re.compile(r" ref N"), ""),  # Linux shows how many hold an entry, when more than one does
    (re.compile(r"numtxqueues \d+ numrxqueues \d+"), "numtxqueues N numrxqueues N"),  # one for each processor
    (re.compile(r'"num_([tr])x_queues":\s*\d+'), r'"num_\1x_queues":N'),
    (re.compile(r'"refcnt":\s*\d+'), '"refcnt":N'),
    (re.compile(r'"(used|confirmed|updated)":\s*\d+'), r'"\1":N'),
    (re.compile(r"\brefcnt \d+"), "refcnt N"),
    (re.compile(r"entry_size \d+ entries \d+"), "entry_size N entries N"),  # Linux's tables are all namespaces' together
    (re.compile(r"last_flush .* last_rand .*"), "last_flush N last_rand N"),
    (re.compile(r"hash_rnd \d+ hash_mask [0-9a-f]+ "), "hash_rnd N hash_mask N "),
    (re.compile(r"(stats|rcv_probes_mcast|periodic_gc_runs|allocs|destroys|hash_grows|res_failed|lookups|hits|rcv_probes_ucast|forced_gc_runs|table_fulls) \d+"), r"\1 N"),
    (re.compile(r"\breachable \d+"), "reachable N"),
    (re.compile(r'"reachable":\s*\d+'), '"reachable":N'),
    (re.compile(r"(?:idle_time|unbalanced_time) [\d.]+"), "idle N"),
    (re.compile(r'"(idle_time|unbalanced_time)":\s*[\d.]+'), r'"\1":N'),
]
TIMES = re.compile(r'((?:expires |valid_lft |preferred_lft |"expires":\s?|"valid_life_time":\s?|"preferred_life_time":\s?))(\d+)')


# Linux keeps neighbours for groups it has sent to, and makes one whenever it reports what it listens to; leat has no need of them.
GROUP = r"(?:ff0\d::|22[4-9]\.|23\d\.)"
GROUPS = re.compile(r"^(?:\[NEIGH\])?(?:Deleted )?" + GROUP + r"\S* .*\b(?:33:33|01:00:5e):\S*.*\n", re.M)
GROUP_START = re.compile(GROUP)


# Addresses that are drawn: all that no command sets.
MAC = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b")
SET = re.compile(r"0[0-2]:(?:00|02|11|16):|ff:ff|33:33")
EUI64 = re.compile(r"\bfe80::(?!ff:|11:22|216:3e)[0-9a-f]{1,4}:[0-9a-f]{0,2}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}\b")


def drawn(text):
    return EUI64.sub("fe80::MAC", MAC.sub(lambda m: m[0] if SET.match(m[0]) else "MAC", text))


def counters(text):
    text = COUNTED.sub(lambda m: re.sub(r" +", " ", m[1]) + "\n" + re.sub(r" +", " ", NUMBER.sub("N", m[2])).rstrip(), text)
    return STATS_JSON.sub(lambda m: NUMBER.sub("N", m[0]), text)


def by_line(text):
    return "".join(sorted(text.splitlines(True)))


# In Linux's first namespace its device that swallows everything has settings for neighbours, too.
NOBODYS_TABLE = re.compile(r"^inet6? \w+ \n    dev \* \n(?:    .*\n)*\n", re.M)
NOBODYS_TABLE_JSON = re.compile(r',?\{"family":"\w+","name":"\w+","dev":"\*"[^{}]*\}')


def neighbours_of(text):
    try:
        rows = json.loads(text)
    except ValueError:
        return text
    rows = [r for r in rows if not (GROUP_START.match(r.get("dst", "")) and "NOARP" in r.get("state", ()))]
    return "".join(sorted(json.dumps(r) + "\n" for r in rows))


def of_text(command, field, text):
    text = drawn(text)
    for pattern, to in AGES:
        text = pattern.sub(to, text)
    if field in ("stdout", "events"):
        text = GROUPS.sub("", counters(text))
    if field == "stdout" and " ntable " in command + " ":
        text = NOBODYS_TABLE_JSON.sub("", NOBODYS_TABLE.sub("", text))
    if field == "stdout" and " neigh " in command + " ":  # the table is a hash with a secret
        text = neighbours_of(text) if "-j" in command else by_line(text)
    return text


def times(text):
    return TIMES.sub(r"\1T", text), [int(m[2]) for m in TIMES.finditer(text)]


def same_text(one, other):
    (one, a), (other, b) = times(one), times(other)
    return one == other and all(abs(x - y) <= SLACK for x, y in zip(a, b))


def events_of(text):
    """Each with its further lines."""
    return re.split(r"\n(?=\[)", text.rstrip("\n"))


def same_events(command, one, other):
    """What follows from an interface's state Linux does in work queues, some of it before and some after the rest; neighbours are in a
    hash with a secret."""
    if same_text(one, other):
        return True
    return ("link " in command or " neigh flush" in command) and same_text("\n".join(sorted(events_of(one))), "\n".join(sorted(events_of(other))))


def tidy(command, answer):
    return [answer[0], *(of_text(command, f, t) for f, t in zip(FIELDS[1:], answer[1:]))]


def differing(command, one, other):
    """Names of the fields in which two tidied answers differ."""
    same = {"status": lambda a, b: a == b, "events": lambda a, b: same_events(command, a, b)}
    return [f for f, a, b in zip(FIELDS, one, other) if not same.get(f, same_text)(a, b)]
