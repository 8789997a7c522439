/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat trace`: matching packets through every node, as they come. */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/trace_text.h"
#include "leat/client.h"
#include "leat/leat.h"

enum { SNAP = 65535 };

struct trace {
	bool json, ended;
	uint64_t lost;
	uint32_t last_id; /* of the packet printed last */
};

/* NULL: not there. */
static const char *str_of(const struct answer *a, int type)
{
	return a->attr[type] ? answer_str(a, type) : NULL;
}

/* The packet was longer than the bytes that came, as a rule. */
static struct cursor snap_of(const struct answer *a)
{
	const struct nlattr *snap = a->attr[LEAT_A_SNAP];
	return snap ? cur_of_cut(mnl_attr_get_payload(snap), mnl_attr_get_payload_len(snap),
				 answer_u32(a, LEAT_A_LEN))
		    : cur_of(NULL, 0);
}

static struct trace_words words_of(const struct answer *a)
{
	return (struct trace_words){
		.time_us = answer_u64(a, LEAT_A_TIME_US),
		.id = answer_u32(a, LEAT_A_TRACE_ID),
		.node = answer_str(a, LEAT_A_NODE_NAME),
		.next = str_of(a, LEAT_A_NEXT_NAME),
		.drop = str_of(a, LEAT_A_DROP),
		.in = str_of(a, LEAT_A_IN_IFNAME),
		.out = str_of(a, LEAT_A_OUT_IFNAME),
		.text = str_of(a, LEAT_A_TEXT),
		.kept = a->attr[LEAT_A_KEPT],
		.to_worker = a->attr[LEAT_A_TO_WORKER] ? answer_u32(a, LEAT_A_TO_WORKER) + 1 : 0,
		.gso = answer_u32(a, LEAT_A_GSO),
		.len = answer_u32(a, LEAT_A_LEN),
		.layer = (uint8_t)answer_u32(a, LEAT_A_LAYER),
		.ethertype = (uint16_t)answer_u32(a, LEAT_A_ETHERTYPE),
		.snap = snap_of(a),
	};
}

static const struct field record_fields[] = {
	{ LEAT_A_TIME_US, F_U64, "time_us" },
	{ LEAT_A_TRACE_ID, F_U32, "packet" },
	{ LEAT_A_WORKER, F_U32, "worker" },
	{ LEAT_A_NODE_NAME, F_STR, "node" },
	{ LEAT_A_NEXT_NAME, F_STR, "next" },
	{ LEAT_A_DROP, F_STR, "drop" },
	{ LEAT_A_KEPT, F_FLAG, "kept" },
	{ LEAT_A_TO_WORKER, F_U32, "to_worker" },
	{ LEAT_A_IN_IFNAME, F_STR, "in" },
	{ LEAT_A_OUT_IFNAME, F_STR, "out" },
	{ LEAT_A_LEN, F_U32, "len" },
	{ LEAT_A_LAYER, F_U32, "layer" },
	{ LEAT_A_ETHERTYPE, F_U32, "ethertype" },
	{ LEAT_A_GSO, F_U32, "gso" },
	{ LEAT_A_CSUM, F_U32, "csum" },
	{ LEAT_A_TEXT, F_STR, "text" },
	{ 0 },
};

/* One object a line, so that it can be read while it comes. */
static void print_record_json(const struct answer *a, const char *packet)
{
	json_t *o = answer_json(a, record_fields);

	json_object_set_new(o, "summary", json_string(packet));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

static void record(const struct answer *a, void *ctx)
{
	struct trace *t = ctx;
	char packet[TRACE_PACKET_MAX];

	if (a->cmd == LEAT_CMD_TRACE_END) {
		t->ended = true;
		t->lost = answer_u64(a, LEAT_A_LOST);
	}
	if (a->cmd != LEAT_CMD_TRACE_RECORD)
		return;
	struct trace_words words = words_of(a);
	if (!t->json) {
		trace_print(stdout, &words, &t->last_id);
		return;
	}
	trace_packet_text(&words, packet, sizeof packet);
	print_record_json(a, packet);
}

/* Joins the words of the filter, as tcpdump does, and compiles them. 0, or 1 after a line on standard error. */
static int compile(char **words, int n, struct bpf_program *ret)
{
	char text[4096] = "";
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAP);
	int err = 0;

	for (int i = 0; i < n; i++) {
		if (strlen(text) + strlen(words[i]) + 2 > sizeof text) {
			err = leat_error("trace: the filter is too long");
			break;
		}
		strcat(strcat(text, i ? " " : ""), words[i]);
	}
	if (!err && pcap_compile(p, ret, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
		err = leat_error("trace: %s: %s", text, pcap_geterr(p));
	pcap_close(p);
	return err;
}

static int start(struct client *c, char **words, int n_words, uint64_t limit, struct trace *t)
{
	struct bpf_program prog = { 0 };
	int err;

	client_begin(c, LEAT_CMD_TRACE_START, false);
	if (n_words) {
		if (compile(words, n_words, &prog))
			return 1;
		leat_nl_put(c->nl, LEAT_A_FILTER, prog.bf_insns, prog.bf_len * sizeof prog.bf_insns[0]);
		pcap_freecode(&prog);
	}
	if (limit)
		leat_nl_put_u64(c->nl, LEAT_A_LIMIT_PACKETS, limit);
	err = client_run(c, record, t);
	return err ? client_refused(c, "trace", err) : 0;
}

static int follow(struct client *c, struct trace *t)
{
	int err = 1;

	while (!t->ended && err == 1)
		err = client_listen(c, record, t);
	if (t->lost)
		fprintf(stderr, "leat: %" PRIu64 " records were lost\n", t->lost);
	return t->ended ? 0 : client_refused(c, "trace", err ? err : -EPIPE);
}

static bool read_count(const char *s, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = s && *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : 0;
	return *ret && !errno && !*end;
}

static int run(struct leat_args *a)
{
	struct trace t = { 0 };
	uint64_t limit = 0;
	struct client *c;
	int id, ret;

	while ((id = leat_option(a)) > 0)
		if (!read_count(a->value, &limit))
			return leat_error("trace: -c takes a number of packets, 1 or more, not %s", a->value);
	if (id < 0)
		return leat_bad_usage(a);
	t.json = a->json;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (client_open(a->name, &c))
		return 1;
	ret = start(c, a->argv, a->argc, limit, &t);
	if (!ret)
		ret = follow(c, &t);
	client_close(c);
	return ret;
}

static const struct cli_option options[] = {
	{ .letter = 'c', .name = "count", .arg = "N", .help = "end after N packets; else ^C does" },
	{ 0 },
};

const struct leat_command cmd_trace = {
	.name = "trace",
	.usage = "[-c N] [--json] [FILTER]",
	.what = "follow packets through the nodes",
	.text = "FILTER is in pcap-filter(7) syntax and looks at frames as they come from a device; without "
		"it "
		"every packet is followed.\n\n"
		"A line is a packet (#id) at a node: where it went next, or DROP and the reason, | its "
		"devices and "
		"length | what it was | what the node says beyond that. With --json each line is an object. "
		"One "
		"trace at a time.\n",
	.options = options,
	.json = true,
	.run = run,
};
