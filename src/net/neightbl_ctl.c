/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*NEIGHTBL, `ip ntable`: the settings of the neighbour tables, which sysctl has, too. Order of checks, errors and words
 * as in Linux's neighbour.c. Times travel in milliseconds.
 *
 * Linux counts lookups and hits where packets pass; leat does not, and says 0. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "net/neigh_internal.h"

static const struct nl_policy parms_policy[NDTPA_MAX + 1] = {
	[NDTPA_IFINDEX] = { NL_U32, .name = "NDTPA_IFINDEX",
			    .help = "whose; absent: what new interfaces get" },
	[NDTPA_QUEUE_LEN] = { NL_U32, .name = "NDTPA_QUEUE_LEN", .help = "packets" },
	[NDTPA_QUEUE_LENBYTES] = { NL_U32, .name = "NDTPA_QUEUE_LENBYTES" },
	[NDTPA_PROXY_QLEN] = { NL_U32, .name = "NDTPA_PROXY_QLEN" },
	[NDTPA_APP_PROBES] = { NL_U32, .name = "NDTPA_APP_PROBES" },
	[NDTPA_UCAST_PROBES] = { NL_U32, .name = "NDTPA_UCAST_PROBES" },
	[NDTPA_MCAST_PROBES] = { NL_U32, .name = "NDTPA_MCAST_PROBES" },
	[NDTPA_MCAST_REPROBES] = { NL_U32, .name = "NDTPA_MCAST_REPROBES" },
	[NDTPA_BASE_REACHABLE_TIME] = { NL_U64, .name = "NDTPA_BASE_REACHABLE_TIME" },
	[NDTPA_GC_STALETIME] = { NL_U64, .name = "NDTPA_GC_STALETIME" },
	[NDTPA_DELAY_PROBE_TIME] = { NL_U64, .name = "NDTPA_DELAY_PROBE_TIME" },
	[NDTPA_RETRANS_TIME] = { NL_U64, .name = "NDTPA_RETRANS_TIME" },
	[NDTPA_ANYCAST_DELAY] = { NL_U64, .name = "NDTPA_ANYCAST_DELAY" },
	[NDTPA_PROXY_DELAY] = { NL_U64, .name = "NDTPA_PROXY_DELAY" },
	[NDTPA_LOCKTIME] = { NL_U64, .name = "NDTPA_LOCKTIME" },
	[NDTPA_INTERVAL_PROBE_TIME_MS] = { NL_U64, .name = "NDTPA_INTERVAL_PROBE_TIME_MS" },
};
static const struct nl_policy table_policy[NDTA_MAX + 1] = {
	[NDTA_NAME] = { NL_STRING, .name = "NDTA_NAME", .help = "arp_cache, ndisc_cache" },
	[NDTA_THRESH1] = { NL_U32, .name = "NDTA_THRESH1" },
	[NDTA_THRESH2] = { NL_U32, .name = "NDTA_THRESH2" },
	[NDTA_THRESH3] = { NL_U32, .name = "NDTA_THRESH3" },
	[NDTA_GC_INTERVAL] = { NL_U64, .name = "NDTA_GC_INTERVAL" },
	[NDTA_PARMS] = { NL_NESTED, .nested = parms_policy, .max_attr = NDTPA_MAX, .name = "NDTA_PARMS" },
};

static const struct {
	uint8_t family, key_len;
	const char *name;
} tables[2] = { { AF_INET, 4, "arp_cache" }, { AF_INET6, 16, "ndisc_cache" } };

/* A row per setting: where it is, what it may be. */
static const struct parm {
	uint16_t type;
	bool is_time; /* 64 bits of milliseconds on the wire */
	uint16_t at;
	uint32_t min, max;
} parms[] = {
#define PARM(attr, is_time, member, min, max)                                \
	{                                                                    \
		attr, is_time, offsetof(struct neigh_conf, member), min, max \
	}
	PARM(NDTPA_QUEUE_LENBYTES, false, queue_bytes, 0, NEIGH_QUEUE_BYTES_MAX),
	PARM(NDTPA_PROXY_QLEN, false, proxy_queue_max, 0, NEIGH_WORKER_QUEUE_MAX),
	PARM(NDTPA_APP_PROBES, false, app_probes, 0, NEIGH_PROBES_MAX),
	PARM(NDTPA_UCAST_PROBES, false, ucast_probes, 0, NEIGH_PROBES_MAX),
	PARM(NDTPA_MCAST_PROBES, false, mcast_probes, 0, NEIGH_PROBES_MAX),
	PARM(NDTPA_MCAST_REPROBES, false, mcast_reprobes, 0, NEIGH_PROBES_MAX),
	PARM(NDTPA_BASE_REACHABLE_TIME, true, reachable_ms, 1, NEIGH_MS_MAX),
	PARM(NDTPA_GC_STALETIME, true, stale_ms, 0, NEIGH_MS_MAX),
	PARM(NDTPA_DELAY_PROBE_TIME, true, delay_ms, 0, NEIGH_MS_MAX),
	PARM(NDTPA_RETRANS_TIME, true, retrans_ms, 1, NEIGH_MS_MAX),
	PARM(NDTPA_ANYCAST_DELAY, true, anycast_delay_ms, 0, NEIGH_MS_MAX),
	PARM(NDTPA_PROXY_DELAY, true, proxy_delay_ms, 0, NEIGH_MS_MAX),
	PARM(NDTPA_LOCKTIME, true, locktime_ms, 0, NEIGH_MS_MAX),
	PARM(NDTPA_INTERVAL_PROBE_TIME_MS, true, interval_probe_ms, 0, NEIGH_MS_MAX),
#undef PARM
};

static uint32_t *member(struct neigh_conf *c, const struct parm *p)
{
	return (uint32_t *)(void *)((char *)c + p->at);
}

/* --- out --- */

static void put_parms(struct nl_buf *b, struct leat_stack *st, struct iface *i, unsigned f)
{
	struct neigh_conf c = i ? i->conf.neigh[f] : iface_conf_default(st)->neigh[f];
	size_t nest = nl_nest_noflag(b, NDTA_PARMS);
	uint64_t reachable_ms = i ? neigh_reachable_us(st, i, tables[f].family) / 1000 : c.reachable_ms;
	if (i)
		nl_put_u32(b, NDTPA_IFINDEX, i->ifindex);
	nl_put_u32(b, NDTPA_REFCNT, 1);
	for (unsigned k = 0; k < ARRAY_SIZE(parms); k++) {
		if (parms[k].type == NDTPA_BASE_REACHABLE_TIME)
			nl_put_u64(b, NDTPA_REACHABLE_TIME, reachable_ms, NDTPA_PAD);
		if (parms[k].is_time)
			nl_put_u64(b, parms[k].type, *member(&c, &parms[k]), NDTPA_PAD);
		else
			nl_put_u32(b, parms[k].type, *member(&c, &parms[k]));
		if (parms[k].type == NDTPA_QUEUE_LENBYTES)
			nl_put_u32(b, NDTPA_QUEUE_LEN, c.queue_bytes / NEIGH_PKT_BYTES);
	}
	nl_nest_end(b, nest);
}

static void put_stats(struct nl_buf *b, const struct neigh_counts *c)
{
	struct ndt_stats s = {
		.ndts_allocs = c->allocs,
		.ndts_destroys = c->destroys,
		.ndts_res_failed = c->res_failed,
		.ndts_periodic_gc_runs = c->periodic_gc_runs,
		.ndts_forced_gc_runs = c->forced_gc_runs,
		.ndts_table_fulls = c->table_fulls,
	};
	nl_put_aligned64(b, NDTA_STATS, &s, sizeof s, NDTA_PAD);
}

static void put_table(struct nl_buf *b, struct leat_stack *st, unsigned f)
{
	const struct neigh_stack *s = neigh_state(st);
	struct ndt_config c = {
		.ndtc_key_len = tables[f].key_len,
		.ndtc_entry_size = sizeof(struct neigh_entry),
		.ndtc_entries = s->n[f][NEIGH_EXEMPT] + s->n[f][NEIGH_KNOWN] + s->n[f][NEIGH_STRANGER],
		.ndtc_last_flush = (uint32_t)((neigh_now_us(st) - s->flushed_us[f]) / 1000),
	};
	nl_put_u64(b, NDTA_GC_INTERVAL, s->gc_s[f] * 1000UL, NDTA_PAD);
	nl_put_u32(b, NDTA_THRESH1, s->few[f]);
	nl_put_u32(b, NDTA_THRESH2, s->many[f]);
	nl_put_u32(b, NDTA_THRESH3, s->max[f]);
	nl_put(b, NDTA_CONFIG, &c, sizeof c);
	put_stats(b, &s->counts[f]);
}

/* i NULL: the table as a whole, with what new interfaces get. */
static int put(struct nl_req *r, unsigned f, struct iface *i)
{
	struct ndtmsg *m =
		nl_begin(r->reply, RTM_NEWNEIGHTBL, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		m->ndtm_family = tables[f].family;
	nl_put_str(r->reply, NDTA_NAME, tables[f].name);
	if (!i)
		put_table(r->reply, r->st, f);
	put_parms(r->reply, r->st, i, f);
	return nl_end(r->reply);
}

static int check_strict(const struct nl_req *r)
{
	const struct ndtmsg *m = r->hdr;
	if (m->ndtm_pad1 || m->ndtm_pad2)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Invalid values in header for neighbor table dump request");
	for (uint16_t t = 1; t <= NDTA_MAX; t++)
		if (r->attrs[t])
			return nl_bad(r->ext, NULL, -EINVAL,
				      "Invalid data after header in neighbor table dump request");
	return 0;
}

/* key[0]: the family; key[1]: 0, or 1 + the last interface. Linux: the newest first. */
static int dump(struct nl_req *r, struct nl_dump *d)
{
	const struct ndtmsg *m = r->hdr;
	int err = r->strict ? check_strict(r) : 0;
	if (err)
		return err;
	for (; d->key[0] < ARRAY_SIZE(tables); d->key[0]++, d->key[1] = 0) {
		unsigned f = (unsigned)d->key[0];
		if (m->ndtm_family && m->ndtm_family != tables[f].family)
			continue;
		if (!d->key[1] && put(r, f, NULL))
			return 1;
		if (!d->key[1])
			d->key[1] = 1 + (uint64_t)INT32_MAX + 1;
		for (struct iface *i; (i = iface_before(r->st, (uint32_t)(d->key[1] - 1)));
		     d->key[1] = 1 + (uint64_t)i->ifindex)
			if (put(r, f, i))
				return 1;
	}
	return 0;
}

/* --- in --- */

static int find_table(const struct nl_req *r)
{
	const struct ndtmsg *m = r->hdr;
	for (unsigned f = 0; f < ARRAY_SIZE(tables); f++)
		if ((!m->ndtm_family || m->ndtm_family == tables[f].family) &&
		    attr_is_name(r->attrs[NDTA_NAME], tables[f].name))
			return (int)f;
	return -ENOENT;
}

static uint64_t value(const struct parm *p, const struct nlattr *a)
{
	return p->is_time ? mnl_attr_get_u64(a) : mnl_attr_get_u32(a);
}

/* Beyond what leat can do: as much as it can. */
static void set_parms(struct neigh_conf *c, const struct nlattr *const *attrs)
{
	for (unsigned k = 0; k < ARRAY_SIZE(parms); k++) {
		const struct parm *p = &parms[k];
		if (!attrs[p->type])
			continue;
		uint64_t v = value(p, attrs[p->type]);
		racy_set(*member(c, p), (uint32_t)MIN(MAX(v, (uint64_t)p->min), (uint64_t)p->max));
	}
	if (attrs[NDTPA_QUEUE_LEN]) {
		uint64_t v = (uint64_t)mnl_attr_get_u32(attrs[NDTPA_QUEUE_LEN]) * NEIGH_PKT_BYTES;
		racy_set(c->queue_bytes, (uint32_t)MIN(v, (uint64_t)NEIGH_QUEUE_BYTES_MAX));
	}
}

static int set_nest(struct nl_req *r, unsigned f)
{
	const struct nlattr *attrs[NDTPA_MAX + 1];
	int err = nl_parse_nested(r->attrs[NDTA_PARMS], 0, parms_policy, NDTPA_MAX, attrs, r->ext);
	if (err)
		return err;
	uint32_t ifindex = attrs[NDTPA_IFINDEX] ? mnl_attr_get_u32(attrs[NDTPA_IFINDEX]) : 0;
	struct iface *i = ifindex ? iface_by_index(r->st, ifindex) : NULL;
	if (ifindex && !i)
		return -ENOENT;
	set_parms(i ? &i->conf.neigh[f] : &iface_conf_default(r->st)->neigh[f], attrs);
	return 0;
}

static void set_u32(uint32_t *to, const struct nlattr *a, uint32_t min)
{
	if (a)
		*to = MIN(MAX(mnl_attr_get_u32(a), min), (uint32_t)INT32_MAX);
}

/* Linux lets the first network namespace alone set what the whole table has; here it is the stack's own. */
static int set_table(struct nl_req *r)
{
	struct neigh_stack *s = neigh_state(r->st);
	if (!r->attrs[NDTA_NAME])
		return -EINVAL;
	int f = find_table(r), err = f < 0 ? f : 0;
	if (!err && r->attrs[NDTA_PARMS])
		err = set_nest(r, (unsigned)f);
	if (err)
		return err;
	set_u32(&s->few[f], r->attrs[NDTA_THRESH1], 0);
	set_u32(&s->many[f], r->attrs[NDTA_THRESH2], 0);
	set_u32(&s->max[f], r->attrs[NDTA_THRESH3], 1);
	if (r->attrs[NDTA_GC_INTERVAL]) {
		uint64_t seconds = mnl_attr_get_u64(r->attrs[NDTA_GC_INTERVAL]) / 1000;
		s->gc_s[f] = (uint32_t)MIN(MAX(seconds, 1UL), (uint64_t)NEIGH_S_MAX);
	}
	return 0;
}

enum { HDR = sizeof(struct ndtmsg) };
static const struct nl_msg neightbl_msgs[] = {
	{ RTM_GETNEIGHTBL, 0, HDR, NDTA_MAX, table_policy, NULL, dump, "RTM_GETNEIGHTBL" },
	{ RTM_SETNEIGHTBL, NL_ADMIN, HDR, NDTA_MAX, table_policy, set_table, NULL, "RTM_SETNEIGHTBL" },
	{ 0 },
};

const struct nl_family neightbl_family = {
	.name = "route/neightbl", .protocol = NETLINK_ROUTE, .pf = AF_UNSPEC, .msgs = neightbl_msgs
};
