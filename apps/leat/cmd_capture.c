/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat capture`: packets into a file, a pipe, or lines; and the same as a Wireshark extcap (extcap.c). */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "graph/trace_text.h"
#include "leat/capture_file.h"
#include "leat/extcap.h"

enum { SNAP = 262144 };

struct capture {
	const struct capture_opts *o;
	struct client *client;
	struct capture_file *file; /* NULL: lines */
	bool ended, deaf; /* nobody reads what we write */
	uint64_t count, matched, lost;
	int signals;
};

/* --- lines --- */

static void print_time(uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000U);
	char to[32];
	struct tm tm;
	localtime_r(&s, &tm);
	strftime(to, sizeof to, "%H:%M:%S", &tm);
	printf("%s.%06u ", to, (unsigned)(ns % 1000000000U / 1000));
}

static void print_packet(const struct answer *a)
{
	const struct nlattr *snap = a->attr[LEAT_A_SNAP];
	uint32_t what = answer_u32(a, LEAT_A_WHAT);
	const struct trace_words t = {
		.layer = (uint8_t)answer_u32(a, LEAT_A_LAYER),
		.ethertype = (uint16_t)answer_u32(a, LEAT_A_ETHERTYPE),
		.snap = snap ? cur_of_cut(mnl_attr_get_payload(snap), mnl_attr_get_payload_len(snap),
					  answer_u32(a, LEAT_A_LEN))
			     : cur_of(NULL, 0),
	};
	char packet[TRACE_PACKET_MAX];
	trace_packet_text(&t, packet, sizeof packet);
	print_time(answer_u64(a, LEAT_A_TIME_NS));
	if (what == LEAT_CAPTURE_DROPS)
		printf("%s DROP %s", answer_str(a, LEAT_A_NODE_NAME), answer_str(a, LEAT_A_DROP));
	else if (what == LEAT_CAPTURE_NODE)
		printf("%s", answer_str(a, LEAT_A_NODE_NAME));
	else
		printf("%s %s", answer_str(a, what == LEAT_CAPTURE_IN ? LEAT_A_IN_IFNAME : LEAT_A_OUT_IFNAME),
		       what == LEAT_CAPTURE_IN ? "In " : "Out");
	printf(" | %" PRIu32 " bytes | %s\n", answer_u32(a, LEAT_A_LEN), packet);
}

/* --- what comes --- */

static void heard(const struct answer *a, void *ctx)
{
	struct capture *c = ctx;
	if (a->cmd == LEAT_CMD_CAPTURE_END) {
		c->ended = true;
		c->matched = answer_u64(a, LEAT_A_PACKETS);
		c->lost = answer_u64(a, LEAT_A_LOST);
	}
	if (a->cmd != LEAT_CMD_CAPTURE_RECORD || c->deaf || (c->o->count && c->count >= c->o->count))
		return;
	c->count++;
	if (c->file)
		capture_file_put(c->file, a);
	else
		print_packet(a);
}

/* --- asking --- */

static int compile(const char *text, struct bpf_program *ret)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAP);
	int err = pcap_compile(p, ret, text, 1, PCAP_NETMASK_UNKNOWN) < 0
			  ? leat_error("capture: %s: %s", text, pcap_geterr(p))
			  : 0;
	pcap_close(p);
	return err;
}

int capture_check_filter(const char *text)
{
	struct bpf_program prog = { 0 };
	int err = compile(text, &prog);
	if (!err)
		pcap_freecode(&prog);
	return err;
}

static int start(struct capture *c)
{
	const struct capture_opts *o = c->o;
	struct bpf_program prog = { 0 };
	client_begin(c->client, LEAT_CMD_CAPTURE_START, false);
	if (o->filter[0]) {
		if (compile(o->filter, &prog))
			return 1;
		leat_nl_put(c->client->nl, LEAT_A_FILTER, prog.bf_insns,
			    prog.bf_len * sizeof prog.bf_insns[0]);
		pcap_freecode(&prog);
	}
	leat_nl_put_u32(c->client->nl, LEAT_A_WHAT, o->what);
	if (o->dev)
		leat_nl_put_str(c->client->nl, LEAT_A_IFNAME, o->dev);
	if (o->node)
		leat_nl_put_str(c->client->nl, LEAT_A_NODE_NAME, o->node);
	if (o->snap)
		leat_nl_put_u32(c->client->nl, LEAT_A_SNAP_LEN, o->snap);
	int err = client_run(c->client, heard, c);
	return err ? client_refused(c->client, "capture", err) : 0;
}

static int ask_to_stop(struct capture *c)
{
	client_begin(c->client, LEAT_CMD_CAPTURE_STOP, false);
	int err = client_run(c->client, heard, c);
	return err ? client_refused(c->client, "capture", err) : 0;
}

static int flushed(struct capture *c)
{
	if (c->file && !c->deaf && !capture_file_flush(c->file))
		c->deaf = true;
	return 0;
}

static bool is_enough(const struct capture *c)
{
	return c->deaf || (c->o->count && c->count >= c->o->count);
}

/* Until a signal, the count, or the end of who reads; then what is under way comes, and the end. */
static int follow(struct capture *c)
{
	bool stopping = false;
	int err = 1;
	while (!c->ended && err == 1) {
		struct pollfd p[] = { { .fd = leat_nl_fd(c->client->nl), .events = POLLIN },
				      { .fd = stopping ? -1 : c->signals, .events = POLLIN },
				      { .fd = c->file && !stopping ? capture_file_fd(c->file) : -1 } };
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return leat_error("capture: %s", strerror(errno));
		if (p[0].revents)
			err = client_listen(c->client, heard, c);
		flushed(c);
		if (p[2].revents & POLLERR) /* a pipe that nobody reads */
			c->deaf = true;
		if (!stopping && !c->ended && (p[1].revents || is_enough(c))) {
			stopping = true;
			if (ask_to_stop(c))
				return 1;
		}
	}
	return c->ended ? 0 : client_refused(c->client, "capture", err ? err : -EPIPE);
}

static int watch_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int capture_run(const struct capture_opts *o)
{
	struct capture c = { .o = o };
	if (client_open(o->daemon, &c.client))
		return 1;
	c.signals = watch_signals();
	int ret = o->path ? capture_file_open(o->path, c.client->name, o->snap, &c.file) : 0;
	if (!o->path)
		setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ret)
		ret = start(&c);
	if (!ret)
		flushed(&c);
	if (!ret)
		ret = follow(&c);
	if (capture_file_close(c.file, c.matched, c.lost))
		ret = 1;
	if (!ret && !o->quiet)
		fprintf(stderr, "%" PRIu64 " packets captured, %" PRIu64 " lost for want of room\n", c.count,
			c.lost);
	close(c.signals);
	client_close(c.client);
	return ret;
}

/* --- words --- */

static bool read_number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	errno = 0;
	*ret = s && *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : 0;
	return s && *s >= '0' && *s <= '9' && !errno && !*end && *ret <= max;
}

static int read_direction(const char *v, struct capture_opts *o)
{
	o->what &= ~(LEAT_CAPTURE_IN | LEAT_CAPTURE_OUT);
	if (!strcmp(v, "in"))
		o->what |= LEAT_CAPTURE_IN;
	else if (!strcmp(v, "out"))
		o->what |= LEAT_CAPTURE_OUT;
	else if (!strcmp(v, "inout"))
		o->what |= LEAT_CAPTURE_IN | LEAT_CAPTURE_OUT;
	else if (strcmp(v, "none") != 0)
		return leat_error("capture: -Q takes in, out, inout or none");
	return 0;
}

enum { OPT_NODE = 256, OPT_DROPS };

/* 0, or 1 after a line. */
static int read_option(int id, const char *v, struct capture_opts *o)
{
	uint64_t n;
	switch (id) {
	case 'i':
		o->dev = strcmp(v, "any") != 0 ? v : NULL;
		return 0;
	case OPT_NODE:
		o->node = v;
		o->what |= LEAT_CAPTURE_NODE;
		return 0;
	case 'a':
		o->what |= LEAT_CAPTURE_CONSUMED;
		return 0;
	case 'w':
		o->path = v;
		return 0;
	case 'Q':
		return read_direction(v, o);
	case 'q':
		o->quiet = true;
		return 0;
	case 's':
		if (!read_number(v, UINT32_MAX, &n))
			return leat_error("capture: -s takes a number of bytes, not %s", v);
		o->snap = (uint32_t)n;
		return 0;
	case 'c':
		if (!read_number(v, UINT64_MAX, &o->count) || !o->count)
			return leat_error("capture: -c takes a number of packets, 1 or more, not %s", v);
	}
	return 0;
}

static int read_filter(char **words, struct capture_opts *o)
{
	for (; *words; words++) {
		size_t len = strlen(o->filter);
		int n = snprintf(o->filter + len, sizeof o->filter - len, "%s%s", len ? " " : "", *words);
		if (n < 0 || (size_t)n >= sizeof o->filter - len)
			return leat_error("capture: the filter is too long");
	}
	return 0;
}

static int read_words(struct leat_args *a, struct capture_opts *o)
{
	bool directions = false, drops = false;
	int id;
	while ((id = leat_option(a)) > 0) {
		directions |= id == 'Q';
		drops |= id == OPT_DROPS;
		if (read_option(id, a->value, o))
			return 1;
	}
	if (id < 0)
		return leat_bad_usage(a);
	if (!directions && !o->node) /* at devices, unless a node was asked for */
		o->what |= LEAT_CAPTURE_IN | LEAT_CAPTURE_OUT;
	o->what |= drops ? LEAT_CAPTURE_DROPS : 0;
	o->daemon = a->name;
	return o->what & ~(uint32_t)LEAT_CAPTURE_CONSUMED
		       ? read_filter(a->argv, o)
		       : leat_error("capture: -Q none leaves nothing but --drops or --node");
}

static int run(struct leat_args *a)
{
	struct capture_opts o = { 0 };
	if (extcap_is_wanted(a->words.argv))
		return extcap_run(a->words.argv);
	return read_words(a, &o) ? 1 : capture_run(&o);
}

static const struct cli_option options[] = {
	{ .letter = 'i',
	  .arg = "DEV",
	  .help = "packets of that device (any: all of them)",
	  .values = "any @dev" },
	{ .letter = 'Q',
	  .arg = "WAY",
	  .help = "in, out, inout, or none; at first both ways",
	  .values = "in out inout none" },
	{ .id = OPT_DROPS,
	  .name = "drops",
	  .help = "packets that are dropped, too, each with its node and reason" },
	{ .letter = 'a',
	  .name = "all",
	  .help = "with --drops, also what ends for a reason that is no loss (arp-done)" },
	{ .id = OPT_NODE,
	  .name = "node",
	  .arg = "NODE",
	  .help = "packets as they come to that node (`leat graph`), in place of those of devices",
	  .values = "@node" },
	{ .letter = 'w',
	  .arg = "FILE",
	  .help = "write pcapng; - is standard output; without, a line for each packet is printed",
	  .values = "@file" },
	{ .letter = 's', .arg = "BYTES", .help = "of each packet (at first 60,000)" },
	{ .letter = 'c', .arg = "N", .help = "end after N packets" },
	{ .letter = 'q', .help = "without the line about how many there were" },
	{ 0 },
};

const struct leat_command cmd_capture = {
	.name = "capture",
	.usage = "[-i DEV] [-w FILE] ... [FILTER]",
	.what = "write packets to a file or a pipe",
	.text = "FILTER is in pcap-filter(7) syntax. ^C ends it, and the file is then whole.\n\n"
		"    leat capture -i eth0 -w - icmp | tshark -r -\n"
		"    leat capture --drops -Q none            what is dropped, and why\n",
	.options = options,
	.more = "Who reads slowly loses packets, and is told how many; leat does not wait. In Wireshark: "
		"link leat "
		"to leat-extcap in its folder of extcap programs (docs/watch.md).\n",
	.run = run,
	.in_order = true,
};
