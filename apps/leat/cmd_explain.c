/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat explain`: what would happen to a packet. */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/trace_text.h"
#include "leat/client.h"
#include "leat/leat.h"
#include "leat/packet_words.h"

enum { BUSY_MS = 10000, AGAIN_MS = 5 };

struct explain {
	const char *dev; /* NULL: this host makes it */
	uint8_t mac[6];
	bool json, ended, whole;
	int status;
	uint32_t last_id;
	json_t *steps;
	struct packet_words packet;
};

/* --- the packet --- */

static void take_mac(const struct answer *a, void *ctx)
{
	struct explain *x = ctx;
	if (a->attr[LEAT_A_MAC] && mnl_attr_get_payload_len(a->attr[LEAT_A_MAC]) == sizeof x->mac)
		memcpy(x->mac, mnl_attr_get_payload(a->attr[LEAT_A_MAC]), sizeof x->mac);
}

static int find_dev(struct client *c, struct explain *x)
{
	client_begin(c, LEAT_CMD_DEV_GET, false);
	leat_nl_put_str(c->nl, LEAT_A_IFNAME, x->dev);
	int err = client_run(c, take_mac, x);
	if (err == -ENODEV)
		return leat_error(
			"explain: there is no interface \"%s\" (leat dev lists them), and no word of that "
			"name (leat explain --help)",
			x->dev);
	return err ? client_refused(c, "explain", err) : 0;
}

/* The number-th packet of a capture, from 1 as tshark counts. */
static int read_pcap(char **words, struct explain *x)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h = NULL;
	const u_char *bytes = NULL;
	long number = words[1] ? strtol(words[1], NULL, 10) : 1;
	pcap_t *p = words[0] ? pcap_open_offline(words[0], why) : NULL;

	if (!words[0] || number < 1 || (words[1] && words[2]))
		return leat_error("explain: pcap takes a file, and the number of a packet in it");
	if (!p)
		return leat_error("explain: %s", why);
	int link = pcap_datalink(p);
	bool fits = x->dev ? link == DLT_EN10MB : link == DLT_RAW || link == DLT_EN10MB;
	for (long i = 0; fits && i < number; i++)
		if (pcap_next_ex(p, &h, &bytes) != 1)
			h = NULL, fits = true, i = number;
	uint32_t skip = !x->dev && link == DLT_EN10MB ? 14 : 0;
	if (fits && h && h->caplen > skip && h->caplen - skip <= sizeof x->packet.bytes) {
		x->packet.len = h->caplen - skip;
		memcpy(x->packet.bytes, bytes + skip, x->packet.len);
	}
	pcap_close(p);
	if (!fits)
		return leat_error("explain: %s has packets of another kind of link", words[0]);
	return x->packet.len
		       ? 0
		       : leat_error("explain: %s has no packet %ld that could be taken", words[0], number);
}

static int read_packet(char **words, int n, struct explain *x)
{
	char why[256] = "";
	int err;

	if (n && !strcmp(words[0], "pcap")) {
		x->whole = true;
		return read_pcap(words + 1, x);
	}
	if (n && !strcmp(words[0], "hex")) {
		x->whole = true;
		err = packet_hex_read(words + 1, n - 1, &x->packet, why, sizeof why);
	} else {
		err = packet_words_read(words, n, x->dev, x->mac, &x->packet, why, sizeof why);
	}
	return err ? leat_error("explain: %s", why) : 0;
}

/* --- what comes back --- */

static const char *str_of(const struct answer *a, int type)
{
	return a->attr[type] ? answer_str(a, type) : NULL;
}

static struct trace_words words_of(const struct answer *a)
{
	const struct nlattr *snap = a->attr[LEAT_A_SNAP];
	return (struct trace_words){
		.id = answer_u32(a, LEAT_A_TRACE_ID),
		.node = answer_str(a, LEAT_A_NODE_NAME),
		.next = str_of(a, LEAT_A_NEXT_NAME),
		.drop = str_of(a, LEAT_A_DROP),
		.in = str_of(a, LEAT_A_IN_IFNAME),
		.out = str_of(a, LEAT_A_OUT_IFNAME),
		.kept = a->attr[LEAT_A_KEPT],
		.to_worker = a->attr[LEAT_A_TO_WORKER] ? answer_u32(a, LEAT_A_TO_WORKER) + 1 : 0,
		.len = answer_u32(a, LEAT_A_LEN),
		.layer = (uint8_t)answer_u32(a, LEAT_A_LAYER),
		.ethertype = (uint16_t)answer_u32(a, LEAT_A_ETHERTYPE),
		.snap = snap ? cur_of_cut(mnl_attr_get_payload(snap), mnl_attr_get_payload_len(snap),
					  answer_u32(a, LEAT_A_LEN))
			     : cur_of(NULL, 0),
	};
}

typedef void fact_fn(void *to, const char *name, const char *value);

static void each_fact(const struct answer *a, fact_fn *fn, void *to)
{
	const struct nlattr *f, *part;
	mnl_attr_for_each (f, a->msg, 4 /* struct genlmsghdr */) {
		const char *name = NULL, *value = NULL;
		if (mnl_attr_get_type(f) != LEAT_A_FACT)
			continue;
		mnl_attr_for_each_nested(part, f)
		{
			if (mnl_attr_get_type(part) == LEAT_FACT_A_NAME)
				name = mnl_attr_get_str(part);
			else if (mnl_attr_get_type(part) == LEAT_FACT_A_VALUE)
				value = mnl_attr_get_str(part);
		}
		if (name && value)
			fn(to, name, value);
	}
}

static void print_fact(void *to, const char *name, const char *value)
{
	printf("        %-12s %s\n", name, value);
}

static void json_fact(void *to, const char *name, const char *value)
{
	json_array_append_new(to, json_pack("{s:s, s:s}", "name", name, "value", value));
}

static void print_step(const struct answer *a, struct explain *x)
{
	struct trace_words t = words_of(a);
	char packet[TRACE_PACKET_MAX], kept[32];
	trace_packet_text(&t, packet, sizeof packet);
	trace_kept_text(&t, "keeps it", kept, sizeof kept);
	if (t.id != x->last_id && x->last_id)
		putchar('\n');
	x->last_id = t.id;
	if (a->attr[LEAT_A_LEAVES])
		printf("#%" PRIu32 " ==> leaves by %s, %" PRIu32 " bytes", t.id, t.out ? t.out : "?", t.len);
	else
		printf("#%" PRIu32 " %s%s%s", t.id, t.node,
		       t.drop   ? " DROP "
		       : t.kept ? " "
		       : t.next ? " -> "
				: "",
		       t.drop   ? t.drop
		       : t.kept ? kept
		       : t.next ? t.next
				: "");
	if (*packet)
		printf(" | %s", packet);
	putchar('\n');
	each_fact(a, print_fact, NULL);
}

static const struct field step_fields[] = {
	{ LEAT_A_TRACE_ID, F_U32, "packet" },
	{ LEAT_A_WORKER, F_U32, "worker" },
	{ LEAT_A_NODE_NAME, F_STR, "node" },
	{ LEAT_A_NEXT_NAME, F_STR, "next" },
	{ LEAT_A_DROP, F_STR, "drop" },
	{ LEAT_A_KEPT, F_FLAG, "kept" },
	{ LEAT_A_TO_WORKER, F_U32, "to_worker" },
	{ LEAT_A_LEAVES, F_FLAG, "leaves" },
	{ LEAT_A_IN_IFNAME, F_STR, "in" },
	{ LEAT_A_OUT_IFNAME, F_STR, "out" },
	{ LEAT_A_LEN, F_U32, "len" },
	{ LEAT_A_ETHERTYPE, F_U32, "ethertype" },
	{ LEAT_A_GSO, F_U32, "gso" },
	{ LEAT_A_CSUM, F_U32, "csum" },
	{ 0 },
};

static void keep_step(const struct answer *a, struct explain *x)
{
	struct trace_words t = words_of(a);
	char packet[TRACE_PACKET_MAX];
	json_t *o = answer_json(a, step_fields), *facts = json_array();
	trace_packet_text(&t, packet, sizeof packet);
	json_object_set_new(o, "summary", json_string(packet));
	each_fact(a, json_fact, facts);
	json_object_set_new(o, "facts", facts);
	json_array_append_new(x->steps, o);
}

static void heard(const struct answer *a, void *ctx)
{
	struct explain *x = ctx;
	if (a->cmd == LEAT_CMD_EXPLAIN_END) {
		x->ended = true;
		if (a->attr[LEAT_A_HELP])
			x->status = leat_error("explain: %s", answer_str(a, LEAT_A_HELP));
	}
	if (a->cmd != LEAT_CMD_EXPLAIN_STEP)
		return;
	if (x->json)
		keep_step(a, x);
	else
		print_step(a, x);
}

/* --- asking --- */

static void put_question(struct client *c, const struct explain *x)
{
	const struct packet_words *p = &x->packet;
	client_begin(c, LEAT_CMD_EXPLAIN, false);
	if (x->dev)
		leat_nl_put_str(c->nl, LEAT_A_IFNAME, x->dev);
	if (p->oif)
		leat_nl_put_str(c->nl, LEAT_A_OUT_IFNAME, p->oif);
	if (p->mark)
		leat_nl_put_u32(c->nl, LEAT_A_MARK, p->mark);
	if (p->uid)
		leat_nl_put_u32(c->nl, LEAT_A_UID, p->uid);
	if (p->worker)
		leat_nl_put_u32(c->nl, LEAT_A_WORKER, p->worker);
	if (x->whole)
		leat_nl_put_flag(c->nl, LEAT_A_WHOLE);
	leat_nl_put(c->nl, LEAT_A_PACKET, p->bytes, p->len);
}

/* The daemon explains a few packets at a time, of some milliseconds each. */
static int ask(struct client *c, struct explain *x)
{
	int err = -EBUSY;
	for (unsigned tries = 0; err == -EBUSY && tries < BUSY_MS / AGAIN_MS; tries++) {
		if (tries)
			usleep(AGAIN_MS * 1000);
		put_question(c, x);
		err = client_run(c, heard, x);
	}
	if (err)
		return client_refused(c, "explain", err);
	for (err = 1; !x->ended && err == 1;)
		err = client_listen(c, heard, x);
	if (!x->ended)
		return client_refused(c, "explain", err ? err : -EPIPE);
	return x->status;
}

static bool is_word(const char *s)
{
	static const char *const first[] = { "from", "to",    "hex", "pcap", "udp",  "tcp",
					     "icmp", "icmp6", "oif", "uid",  "mark", "proto" };
	for (unsigned i = 0; i < sizeof first / sizeof first[0]; i++)
		if (!strcmp(s, first[i]))
			return true;
	return false;
}

static int run(struct leat_args *a)
{
	struct explain *x;
	struct client *c;
	char **words;

	if (leat_option(a) < 0)
		return leat_bad_usage(a);
	words = a->argv;
	if (!a->argc)
		return leat_error("explain: which packet? (see leat explain --help)");
	if (client_open(a->name, &c))
		return 1;
	x = calloc(1, sizeof *x);
	x->json = a->json;
	x->steps = json_array();
	if (!is_word(*words))
		x->dev = *words++;
	int ret = x->dev ? find_dev(c, x) : 0;
	if (!ret)
		ret = read_packet(words, a->argc - (int)(words - a->argv), x);
	if (!ret)
		ret = ask(c, x);
	if (x->json && !ret)
		ret = print_json(json_incref(x->steps));
	json_decref(x->steps);
	free(x);
	client_close(c);
	return ret;
}

const struct leat_command cmd_explain = {
	.name = "explain",
	.usage = "[DEV] PACKET [--json]",
	.what = "tell what would happen to a packet",
	.text = "The packet comes in by DEV, or, without, from this host. Nothing is sent, asked or counted: "
		"a copy "
		"of the daemon finds out. A step is a packet (#id) at a node: where it would go next, or "
		"DROP and "
		"the reason, and below it what decides: rule, route, next hop, neighbour, MTU, socket. `==>` "
		"is a "
		"frame that would leave; what the packet gives rise to (an ICMP error, a question for a "
		"neighbour) "
		"is followed, too.\n\n"
		"    leat explain eth0 from 10.0.0.1 to 10.1.2.3 udp sport 5 dport 53 ttl 1 len 100\n"
		"    leat explain to 2001:db8::7 tcp dport 443 uid 1000\n"
		"    leat explain eth0 hex 02...     leat explain eth0 pcap FILE 17\n\n"
		"PACKET is hex BYTES or pcap FILE [NUMBER], from the Ethernet header on (from this host: "
		"from that "
		"of IP), or words; what is not said is as in a ping:\n\n"
		"  from ADDRESS, to ADDRESS          either family\n"
		"  udp, tcp, icmp, icmp6, proto N    at first an echo request\n"
		"  sport N, dport N, flags LETTERS   ports; TCP's flags as tcpdump shows them (S, S., F., "
		"R)\n"
		"  type N, code N, id N, seq N       of ICMP; id of IP, seq of TCP, too\n"
		"  ttl N (hoplimit N), tos N (dsfield N), label N, df\n"
		"  len N                             of the IP packet, its header included\n"
		"  offset N, more                    a fragment\n"
		"  smac MAC, dmac MAC, vlan N        of a frame that comes in\n"
		"  worker N                          whose queue of the device it comes by\n"
		"  oif DEV, uid N, mark N            of the socket that sends it\n",
	.operands = "@dev from to hex pcap udp tcp icmp icmp6 proto sport dport flags type code id seq ttl "
		    "hoplimit "
		    "tos dsfield label df len offset more smac dmac vlan worker oif uid mark",
	.json = true,
	.run = run,
};
