/* SPDX-License-Identifier: BSD-2-Clause */
/* SIOCETHTOOL: the table of commands. What devices are is in netlink/ethtool.h; newer programs ask by netlink. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <stdio.h>

#include "netlink/ethtool.h"

/* Room for the longest answer: a name for each counter of 64 queues. */
enum { ANSWER_MAX = 16384 };

static_assert(IOCTL_IFREQ == sizeof(struct ifreq), "where the rest begins");

struct ask {
	struct leat_stack *st;
	struct iface *i;
	uint8_t *data; /* the command's structure, filled up with zeroes to ANSWER_MAX; becomes the answer */
	size_t len; /* of the answer */
};

static void give(struct ask *a, const void *from, size_t len)
{
	memcpy(a->data, from, len);
	a->len = len;
}
/* Behind what has been given. */
static void add(struct ask *a, const void *from, size_t len)
{
	if (a->len + len > ANSWER_MAX)
		return;
	memcpy(a->data + a->len, from, len);
	a->len += len;
}

static uint32_t word(const struct ask *a, unsigned n)
{
	uint32_t v;
	memcpy(&v, a->data + n * sizeof v, sizeof v);
	return v;
}

static int give_value(struct ask *a, uint32_t value)
{
	struct ethtool_value v = { .cmd = word(a, 0), .data = value };
	give(a, &v, sizeof v);
	return 0;
}

/* A structure that a function of netlink/ethtool.h fills in behind its command. */
#define FACTS(name, type, of)               \
	static int name(struct ask *a)      \
	{                                   \
		struct type s;              \
		memset(&s, 0, sizeof s);    \
		if (!of(a->i, &s))          \
			return -EOPNOTSUPP; \
		s.cmd = word(a, 0);         \
		give(a, &s, sizeof s);      \
		return 0;                   \
	}
FACTS(get_driver, ethtool_drvinfo, ethtool_driver)
FACTS(get_rings, ethtool_ringparam, ethtool_rings)
FACTS(get_channels, ethtool_channels, ethtool_channels)
FACTS(get_coalesce, ethtool_coalesce, ethtool_coalesce)
#undef FACTS

static int get_link(struct ask *a)
{
	return give_value(a, iface_is_up(a->i));
}

static int get_settings(struct ask *a)
{
	struct iface_link l;
	struct ethtool_cmd s;
	if (!ethtool_link(a->i, &l))
		return -EOPNOTSUPP;
	memset(&s, 0, sizeof s);
	s.cmd = ETHTOOL_GSET;
	s.duplex = l.duplex;
	s.port = l.port;
	ethtool_cmd_speed_set(&s, l.speed);
	give(a, &s, sizeof s);
	return 0;
}

/* Sets of modes are words, of which leat has none; Linux: who names another number of them is told ours, as a negative one. */
static int get_link_settings(struct ask *a)
{
	enum { WORDS = 4 };
	const uint32_t no_modes[3 * WORDS] = { 0 };
	struct ethtool_link_settings s;
	struct iface_link l;
	if (!ethtool_link(a->i, &l))
		return -EOPNOTSUPP;
	int8_t asked = ((const struct ethtool_link_settings *)(const void *)a->data)->link_mode_masks_nwords;
	memset(&s, 0, sizeof s);
	s.cmd = ETHTOOL_GLINKSETTINGS;
	s.link_mode_masks_nwords = asked == WORDS ? WORDS : -WORDS;
	if (asked == WORDS) {
		s.speed = l.speed;
		s.duplex = l.duplex;
		s.port = l.port;
	}
	give(a, &s, sizeof s);
	if (asked == WORDS)
		add(a, no_modes, sizeof no_modes);
	return 0;
}

static int get_perm_addr(struct ask *a)
{
	const uint8_t none[6] = { 0 };
	struct ethtool_perm_addr p = { .cmd = ETHTOOL_GPERMADDR, .size = sizeof none };
	if (word(a, 1) < sizeof none)
		return -EINVAL;
	give(a, &p, sizeof p);
	add(a, none, sizeof none);
	return 0;
}

/* --- names and what they stand for --- */

static int get_set_sizes(struct ask *a)
{
	struct ethtool_sset_info s;
	memcpy(&s, a->data, sizeof s);
	uint64_t asked = s.sset_mask;
	s.sset_mask = s.reserved = 0;
	give(a, &s, sizeof s);
	for (uint32_t set = 0; set < 64; set++) {
		uint32_t n = asked >> set & 1 ? ethtool_n_names(a->i, set) : 0;
		if (!n)
			continue;
		s.sset_mask |= 1ull << set;
		add(a, &n, sizeof n);
	}
	memcpy(a->data, &s, sizeof s);
	return 0;
}

static int get_strings(struct ask *a)
{
	char name[ETH_GSTRING_LEN];
	struct ethtool_gstrings s = { .cmd = ETHTOOL_GSTRINGS, .string_set = word(a, 1) };
	s.len = ethtool_n_names(a->i, s.string_set);
	if (!s.len)
		return -EOPNOTSUPP;
	give(a, &s, sizeof s);
	for (unsigned n = 0; n < s.len; n++) {
		ethtool_name(a->i, s.string_set, n, name);
		add(a, name, sizeof name);
	}
	return 0;
}

static int get_stats(struct ask *a)
{
	struct ethtool_stats s = { .cmd = ETHTOOL_GSTATS, .n_stats = ethtool_n_names(a->i, ETH_SS_STATS) };
	if (!s.n_stats)
		return -EOPNOTSUPP;
	give(a, &s, sizeof s);
	for (unsigned n = 0; n < s.n_stats; n++) {
		uint64_t v = ethtool_counter(a->i, n);
		add(a, &v, sizeof v);
	}
	return 0;
}

/* As many blocks of 32 as there is room for; how many there are is said in any case. */
static int get_feature_blocks(struct ask *a)
{
	uint32_t room = word(a, 1), n = (ethtool_n_names(NULL, ETH_SS_FEATURES) + 31) / 32;
	struct ethtool_gfeatures s = { .cmd = ETHTOOL_GFEATURES, .size = n };
	struct ethtool_features f;
	ethtool_features_of(a->i, &f);
	give(a, &s, sizeof s);
	for (unsigned k = 0; k < MIN(n, room); k++) {
		struct ethtool_get_features_block b = { .available = (uint32_t)(f.can >> 32 * k),
							.requested = (uint32_t)(f.wanted >> 32 * k),
							.active = (uint32_t)(f.active >> 32 * k) };
		add(a, &b, sizeof b);
	}
	return 0;
}

static uint64_t bit_named(const char *name)
{
	char own[ETH_GSTRING_LEN];
	for (unsigned n = 0; n < ethtool_n_names(NULL, ETH_SS_FEATURES); n++) {
		ethtool_name(NULL, ETH_SS_FEATURES, n, own);
		if (!strcmp(own, name))
			return 1ull << n;
	}
	return 0;
}

/* Older commands, for one feature each, or some that Linux takes together. */
static const struct old_feature {
	uint32_t get, set;
	const char *names[3];
} old_features[] = {
	{ ETHTOOL_GRXCSUM, ETHTOOL_SRXCSUM, { "rx-checksum" } },
	{ ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, { "tx-checksum-ip-generic" } },
	{ ETHTOOL_GSG, ETHTOOL_SSG, { "tx-scatter-gather" } },
	{ ETHTOOL_GTSO, ETHTOOL_STSO, { "tx-tcp-segmentation", "tx-tcp6-segmentation" } },
	{ ETHTOOL_GGSO, ETHTOOL_SGSO, { "tx-generic-segmentation" } },
	{ ETHTOOL_GGRO, ETHTOOL_SGRO, { "rx-gro" } },
};

static uint64_t old_bits(uint32_t cmd)
{
	uint64_t bits = 0;
	for (const struct old_feature *o = old_features; o < old_features + ARRAY_SIZE(old_features); o++)
		for (unsigned k = 0; (cmd == o->get || cmd == o->set) && k < 3 && o->names[k]; k++)
			bits |= bit_named(o->names[k]);
	return bits;
}

static int get_old_feature(struct ask *a)
{
	struct ethtool_features f;
	ethtool_features_of(a->i, &f);
	return give_value(a, !!(f.active & old_bits(word(a, 0))));
}

static int set_old_feature(struct ask *a)
{
	struct ethtool_features f;
	uint64_t bits = old_bits(word(a, 0));
	ethtool_features_of(a->i, &f);
	if (!(f.can & bits)) /* Linux: nothing of it can be switched */
		return -EOPNOTSUPP;
	ethtool_features_want(a->i, word(a, 1) ? bits : 0, bits);
	return 0;
}

/* --- how flows are spread --- */

static int get_n_rings(struct ask *a)
{
	struct ethtool_spread s;
	struct ethtool_rxnfc n;
	if (!ethtool_spread(a->i, &s))
		return -EOPNOTSUPP;
	memset(&n, 0, sizeof n);
	n.cmd = ETHTOOL_GRXRINGS;
	n.data = s.n_rings;
	give(a, &n, sizeof n);
	return 0;
}

/* What of a packet is looked at; net/flow.c has ports of these. */
static int get_flow_fields(struct ask *a)
{
	enum { ADDRESSES = RXH_IP_SRC | RXH_IP_DST, PORTS = RXH_L4_B_0_1 | RXH_L4_B_2_3 };
	struct ethtool_spread s;
	struct ethtool_rxnfc n;
	if (!ethtool_spread(a->i, &s))
		return -EOPNOTSUPP;
	memset(&n, 0, sizeof n);
	n.cmd = ETHTOOL_GRXFH;
	n.flow_type = word(a, 1);
	switch (n.flow_type) {
	case TCP_V4_FLOW:
	case UDP_V4_FLOW:
	case SCTP_V4_FLOW:
	case TCP_V6_FLOW:
	case UDP_V6_FLOW:
	case SCTP_V6_FLOW:
		n.data = ADDRESSES | PORTS;
		break;
	case IPV4_FLOW:
	case IPV6_FLOW:
	case AH_ESP_V4_FLOW:
	case AH_ESP_V6_FLOW:
		n.data = ADDRESSES;
		break;
	default:
		return -EINVAL;
	}
	give(a, &n, offsetof(struct ethtool_rxnfc, data) + sizeof n.data);
	return 0;
}

static void add_table(struct ask *a, const struct ethtool_spread *s)
{
	for (unsigned k = 0; k < s->n_buckets; k++) {
		uint32_t ring = s->ring[k];
		add(a, &ring, sizeof ring);
	}
}

/* Linux: sizes are said first; who has room for none wants only them. */
static int get_spread(struct ask *a)
{
	struct ethtool_spread s;
	struct ethtool_rxfh h;
	memcpy(&h, a->data, sizeof h);
	if (!ethtool_spread(a->i, &s))
		return -EOPNOTSUPP;
	if (h.rss_context)
		return -EOPNOTSUPP;
	bool table = h.indir_size, key = h.key_size;
	if ((table && h.indir_size != s.n_buckets) || (key && h.key_size != TOEPLITZ_KEY))
		return -EINVAL;
	h.indir_size = s.n_buckets;
	h.key_size = TOEPLITZ_KEY;
	h.hfunc = ETHTOOL_SPREAD_FUNCTION;
	give(a, &h, sizeof h);
	if (table)
		add_table(a, &s);
	if (key)
		add(a, s.key, TOEPLITZ_KEY);
	return 0;
}

static int get_table(struct ask *a)
{
	struct ethtool_rxfh_indir h = { .cmd = ETHTOOL_GRXFHINDIR };
	struct ethtool_spread s;
	uint32_t room = word(a, 1);
	if (!ethtool_spread(a->i, &s))
		return -EOPNOTSUPP;
	h.size = s.n_buckets;
	give(a, &h, sizeof h);
	if (room == s.n_buckets)
		add_table(a, &s);
	return room && room != s.n_buckets ? -EINVAL : 0;
}

/* --- all --- */

enum { ADMIN = 1 };

static const struct row {
	uint32_t cmd;
	uint32_t flags;
	int (*fn)(struct ask *a);
} rows[] = {
	{ ETHTOOL_GSET, 0, get_settings },
	{ ETHTOOL_GLINKSETTINGS, 0, get_link_settings },
	{ ETHTOOL_GDRVINFO, 0, get_driver },
	{ ETHTOOL_GLINK, 0, get_link },
	{ ETHTOOL_GPERMADDR, 0, get_perm_addr },
	{ ETHTOOL_GSSET_INFO, 0, get_set_sizes },
	{ ETHTOOL_GSTRINGS, 0, get_strings },
	{ ETHTOOL_GSTATS, 0, get_stats },
	{ ETHTOOL_GFEATURES, 0, get_feature_blocks },
	{ ETHTOOL_GRXCSUM, 0, get_old_feature },
	{ ETHTOOL_GTXCSUM, 0, get_old_feature },
	{ ETHTOOL_GSG, 0, get_old_feature },
	{ ETHTOOL_GTSO, 0, get_old_feature },
	{ ETHTOOL_GGSO, 0, get_old_feature },
	{ ETHTOOL_GGRO, 0, get_old_feature },
	{ ETHTOOL_STXCSUM, ADMIN, set_old_feature },
	{ ETHTOOL_SRXCSUM, ADMIN, set_old_feature },
	{ ETHTOOL_SSG, ADMIN, set_old_feature },
	{ ETHTOOL_STSO, ADMIN, set_old_feature },
	{ ETHTOOL_SGSO, ADMIN, set_old_feature },
	{ ETHTOOL_SGRO, ADMIN, set_old_feature },
	{ ETHTOOL_GRINGPARAM, 0, get_rings },
	{ ETHTOOL_GCHANNELS, 0, get_channels },
	{ ETHTOOL_GCOALESCE, 0, get_coalesce },
	{ ETHTOOL_GRXRINGS, 0, get_n_rings },
	{ ETHTOOL_GRXFH, 0, get_flow_fields },
	{ ETHTOOL_GRSSH, 0, get_spread },
	{ ETHTOOL_GRXFHINDIR, 0, get_table },
};

static int answer(struct ask *a, const struct nl_creds *who)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (row->cmd != word(a, 0))
			continue;
		return row->flags & ADMIN && !who->may_configure ? -EPERM : row->fn(a);
	}
	return -EOPNOTSUPP;
}

/* The answer is made anew for each piece of it. */
int ioctl_ethtool(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct ask a = { .st = st, .i = i, .data = mem_zalloc(&st->mem, ANSWER_MAX) };
	struct ioctl_ethtool at;
	size_t head = IOCTL_ETHTOOL_AT;
	if (!a.data)
		return -ENOMEM;
	memcpy(&at, c->data + sizeof *r, sizeof at);
	memcpy(a.data, c->data + head, c->len_bytes - head);
	int err = answer(&a, &c->creds);
	if (!err && at.at > a.len)
		err = -EINVAL;
	if (!err) {
		size_t n = MIN(a.len - at.at, IOCTL_DATA_MAX - head);
		memcpy(c->data + head, a.data + at.at, n);
		at.at += (uint32_t)n;
		at.more = at.at < a.len;
		memcpy(c->data + sizeof *r, &at, sizeof at);
		c->len_bytes = head + n;
	}
	mem_free(a.data);
	return err;
}
