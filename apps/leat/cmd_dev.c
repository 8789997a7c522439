/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"

static const struct field dev_fields[] = {
	{ LEAT_A_IFINDEX, F_U32, "ifindex" },
	{ LEAT_A_IFNAME, F_STR, "ifname" },
	{ LEAT_A_KIND, F_STR, "kind" },
	{ LEAT_A_OPTIONS, F_STR, "device" },
	{ LEAT_A_FLAGS, F_U32, "flags" },
	{ LEAT_A_MTU, F_U32, "mtu" },
	{ LEAT_A_MAC, F_MAC, "mac" },
	{ LEAT_A_FEATURES, F_STR, "features" },
	{ LEAT_A_RX_PACKETS, F_U64, "rx_packets" },
	{ LEAT_A_RX_BYTES, F_U64, "rx_bytes" },
	{ LEAT_A_RX_DROPPED, F_U64, "rx_dropped" },
	{ LEAT_A_RX_ERRORS, F_U64, "rx_errors" },
	{ LEAT_A_TX_PACKETS, F_U64, "tx_packets" },
	{ LEAT_A_TX_BYTES, F_U64, "tx_bytes" },
	{ LEAT_A_TX_DROPPED, F_U64, "tx_dropped" },
	{ LEAT_A_TX_ERRORS, F_U64, "tx_errors" },
	{ LEAT_A_MODE, F_STR, "mode" },
	{ 0 },
};

/* --- queues --- */

static const char *const queue_names[LEAT_QUEUE_A_MAX_PLUS_1] = {
	[LEAT_QUEUE_A_WORKER] = "worker",         [LEAT_QUEUE_A_RX_PACKETS] = "rx_packets",
	[LEAT_QUEUE_A_TX_PACKETS] = "tx_packets", [LEAT_QUEUE_A_TX_KICKS] = "tx_kicks",
	[LEAT_QUEUE_A_RX_COPIED] = "rx_copied",   [LEAT_QUEUE_A_TX_COPIED] = "tx_copied",
};

struct queue {
	uint64_t v[LEAT_QUEUE_A_MAX_PLUS_1];
};

static bool take_queue(const struct nlattr *at, struct queue *ret)
{
	const struct nlattr *a;

	*ret = (struct queue){ 0 };
	if (mnl_attr_get_type(at) != LEAT_A_QUEUE)
		return false;
	mnl_attr_for_each_nested(a, at)
	{
		unsigned type = mnl_attr_get_type(a), len = mnl_attr_get_payload_len(a);
		if (type < LEAT_QUEUE_A_MAX_PLUS_1 && len <= sizeof ret->v[type])
			memcpy(&ret->v[type], mnl_attr_get_payload(a), len);
	}
	return true;
}

static json_t *queues_json(const struct answer *a)
{
	json_t *list = json_array();
	const struct nlattr *at;
	struct queue q;

	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr)) {
		if (!take_queue(at, &q))
			continue;
		json_t *o = json_object();
		for (unsigned i = LEAT_QUEUE_A_WORKER; i < LEAT_QUEUE_A_MAX_PLUS_1; i++)
			json_object_set_new(o, queue_names[i], json_integer((json_int_t)q.v[i]));
		json_array_append_new(list, o);
	}
	return list;
}

static void print_queues(const struct answer *a)
{
	const struct nlattr *at;
	unsigned n = 0;
	struct queue q;

	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr)) {
		if (!take_queue(at, &q))
			continue;
		const uint64_t *v = q.v;
		uint64_t tx = v[LEAT_QUEUE_A_TX_PACKETS],
			 copied = v[LEAT_QUEUE_A_RX_COPIED] + v[LEAT_QUEUE_A_TX_COPIED];
		printf("    queue %u: worker %" PRIu64 ", rx %" PRIu64 ", tx %" PRIu64, n++,
		       v[LEAT_QUEUE_A_WORKER], v[LEAT_QUEUE_A_RX_PACKETS], tx);
		printf(" in %" PRIu64 " kicks", v[LEAT_QUEUE_A_TX_KICKS]);
		if (tx)
			printf(" (%.2f a packet)", (double)v[LEAT_QUEUE_A_TX_KICKS] / (double)tx);
		printf(", %" PRIu64 " copied\n", copied);
	}
}

/* --- devices --- */

static void print_direction(const struct answer *a, const char *name, int first)
{
	printf("    %s %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " dropped, %" PRIu64 " errors\n",
	       name, answer_u64(a, first), answer_u64(a, first + 1), answer_u64(a, first + 2),
	       answer_u64(a, first + 3));
}

static void print_dev(const struct answer *a, void *ctx)
{
	uint32_t flags = answer_u32(a, LEAT_A_FLAGS);
	const char *words = answer_str(a, LEAT_A_OPTIONS);

	if (ctx) {
		json_t *dev = answer_json(a, dev_fields);
		json_object_set_new(dev, "queues", queues_json(a));
		json_array_append_new(ctx, dev);
		return;
	}
	printf("%" PRIu32 ": %s: %s, %s%s, mtu %" PRIu32, answer_u32(a, LEAT_A_IFINDEX),
	       answer_str(a, LEAT_A_IFNAME), *words ? words : answer_str(a, LEAT_A_KIND),
	       flags & IFF_UP ? "up" : "down",
	       flags & IFF_UP && !(flags & IFF_RUNNING) ? " without carrier" : "", answer_u32(a, LEAT_A_MTU));
	if (a->attr[LEAT_A_MAC] && mnl_attr_get_payload_len(a->attr[LEAT_A_MAC]) >= 6) {
		const uint8_t *m = mnl_attr_get_payload(a->attr[LEAT_A_MAC]);
		printf(", %02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	}
	printf("\n    features: %s\n",
	       *answer_str(a, LEAT_A_FEATURES) ? answer_str(a, LEAT_A_FEATURES) : "none");
	if (a->attr[LEAT_A_MODE])
		printf("    mode: %s\n", answer_str(a, LEAT_A_MODE));
	print_direction(a, "rx", LEAT_A_RX_PACKETS);
	print_direction(a, "tx", LEAT_A_TX_PACKETS);
	print_queues(a);
}

static int show(struct client *c, const char *ifname, bool json)
{
	json_t *list = json ? json_array() : NULL;
	int err;

	client_begin(c, LEAT_CMD_DEV_GET, !ifname);
	if (ifname)
		leat_nl_put_str(c->nl, LEAT_A_IFNAME, ifname);
	err = client_run(c, print_dev, list);
	if (err)
		return client_refused(c, ifname ? ifname : "dev", err);
	return json ? print_json(list) : 0;
}

/* KIND:IFNAME[,OPTIONS], as for leatd --dev */
static int add(struct client *c, char *words)
{
	char *ifname = strchr(words, ':'), *options;
	int err;

	if (!ifname || ifname == words || !ifname[1] || ifname[1] == ',')
		return leat_error("dev add: %s is not KIND:IFNAME[,KEY=VALUE]...", words);
	*ifname++ = '\0';
	options = strchr(ifname, ',');
	if (options)
		*options++ = '\0';
	client_begin(c, LEAT_CMD_DEV_ADD, false);
	leat_nl_put_str(c->nl, LEAT_A_KIND, words);
	leat_nl_put_str(c->nl, LEAT_A_IFNAME, ifname);
	if (options)
		leat_nl_put_str(c->nl, LEAT_A_OPTIONS, options);
	err = client_run(c, NULL, NULL);
	return err ? client_refused(c, ifname, err) : 0;
}

static int del(struct client *c, const char *ifname)
{
	int err;

	client_begin(c, LEAT_CMD_DEV_DEL, false);
	leat_nl_put_str(c->nl, LEAT_A_IFNAME, ifname);
	err = client_run(c, NULL, NULL);
	return err ? client_refused(c, ifname, err) : 0;
}

static bool is_verb(const char *word)
{
	return !strcmp(word, "add") || !strcmp(word, "del");
}

static int run(struct leat_args *a)
{
	struct client *c;
	int ret;

	if (leat_option(a) < 0)
		return leat_bad_usage(a);
	if (a->argc == 1 && is_verb(a->argv[0]))
		return leat_error("dev %s: give one device (see leat dev --help)", a->argv[0]);
	if (a->argc > 2 || (a->argc == 2 && !is_verb(a->argv[0])))
		return leat_error("dev: too many words (see leat dev --help)");
	if (client_open(a->name, &c))
		return 1;
	if (a->argc == 2)
		ret = a->argv[0][0] == 'a' ? add(c, a->argv[1]) : del(c, a->argv[1]);
	else
		ret = show(c, a->argv[0], a->json);
	client_close(c);
	return ret;
}

const struct leat_command cmd_dev = {
	.name = "dev",
	.usage = "[IFNAME | add DEV | del IFNAME]",
	.what = "show, open and close devices",
	.text = "DEV is KIND:IFNAME[,KEY=VALUE]... as for leatd --dev, for example af_packet:eth1 or "
		"tap:t0.\n\n"
		"Addresses and routes are the business of ip: `leat run -- ip address add` ...\n",
	.operands = "add del @dev",
	.json = true,
	.run = run,
};
