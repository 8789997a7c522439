/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
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
	{ 0 },
};

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
		json_array_append_new(ctx, answer_json(a, dev_fields));
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
	print_direction(a, "rx", LEAT_A_RX_PACKETS);
	print_direction(a, "tx", LEAT_A_TX_PACKETS);
}

static int show(struct client *c, const char *ifname, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct nlmsghdr *h = client_begin(c, LEAT_CMD_DEV_GET, !ifname);
	int err;

	if (ifname)
		mnl_attr_put_strz(h, LEAT_A_IFNAME, ifname);
	err = client_run(c, h, print_dev, list);
	if (err)
		return client_refused(c, ifname ? ifname : "dev", err);
	return json ? print_json(list) : 0;
}

/* KIND:IFNAME[,OPTIONS], as for leatd --dev */
static int add(struct client *c, char *words)
{
	char *ifname = strchr(words, ':'), *options;
	struct nlmsghdr *h;
	int err;

	if (!ifname || ifname == words || !ifname[1] || ifname[1] == ',')
		return leat_error("dev add: %s is not KIND:IFNAME[,KEY=VALUE]...", words);
	*ifname++ = '\0';
	options = strchr(ifname, ',');
	if (options)
		*options++ = '\0';
	h = client_begin(c, LEAT_CMD_DEV_ADD, false);
	mnl_attr_put_strz(h, LEAT_A_KIND, words);
	mnl_attr_put_strz(h, LEAT_A_IFNAME, ifname);
	if (options)
		mnl_attr_put_strz(h, LEAT_A_OPTIONS, options);
	err = client_run(c, h, NULL, NULL);
	return err ? client_refused(c, ifname, err) : 0;
}

static int del(struct client *c, const char *ifname)
{
	struct nlmsghdr *h = client_begin(c, LEAT_CMD_DEV_DEL, false);
	int err;

	mnl_attr_put_strz(h, LEAT_A_IFNAME, ifname);
	err = client_run(c, h, NULL, NULL);
	return err ? client_refused(c, ifname, err) : 0;
}

static bool is_verb(const char *word)
{
	return !strcmp(word, "add") || !strcmp(word, "del");
}

static int run(const struct leat_args *a)
{
	struct client *c;
	int ret;

	if (a->argc && a->argv[0][0] == '-')
		return leat_error("dev: unknown word %s (see leat dev --help)", a->argv[0]);
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
	.help = "DEV is KIND:IFNAME[,KEY=VALUE]... as for leatd --dev, for example af_packet:eth1 or "
		"tap:t0.\n"
		"Addresses and routes are the business of ip: leat run -- ip address add ...\n",
	.run = run,
};
