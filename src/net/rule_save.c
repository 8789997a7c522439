/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules in a saved stack: all of a family, when they are others than a stack begins with. */
#include <errno.h>
#include <netinet/in.h>

#include "core/save.h"
#include "net/rule_internal.h"

/* The numbers of a rule by name. */
static const struct field {
	const char *name;
	uint16_t off;
	uint8_t size;
} fields[] = {
#define FIELD(member)                                                                      \
	{                                                                                  \
#member, offsetof(struct rule, member), sizeof(((struct rule *)0)->member) \
	}
	FIELD(action),     FIELD(protocol),    FIELD(src_plen),      FIELD(dst_plen),
	FIELD(l3mdev),     FIELD(ip_proto),    FIELD(dsfield),       FIELD(dsmask),
	FIELD(flags),      FIELD(priority),    FIELD(table),         FIELD(target),
	FIELD(mark),       FIELD(mark_mask),   FIELD(flow),          FIELD(flow_mask),
	FIELD(uid_first),  FIELD(uid_last),    FIELD(suppress_plen), FIELD(suppress_group),
	FIELD(tun_id),     FIELD(has_uids),    FIELD(sport.first),   FIELD(sport.last),
	FIELD(sport.mask), FIELD(dport.first), FIELD(dport.last),    FIELD(dport.mask),
#undef FIELD
};

static void save_one(struct saver *s, const struct rule *r)
{
	save_item(s);
	save_u64(s, "family", r->family);
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t v = 0;
		memcpy(&v, (const char *)r + fields[i].off, fields[i].size);
		save_u64(s, fields[i].name, v);
	}
	if (r->realms)
		save_u64(s, "realms", r->realms);
	save_str(s, "iif", r->iif);
	save_str(s, "oif", r->oif);
	save_bytes(s, "src", r->src.b, sizeof r->src.b);
	save_bytes(s, "dst", r->dst.b, sizeof r->dst.b);
	save_end(s);
}

static void save_family(struct leat_stack *st, struct saver *s, uint8_t family, const char *key)
{
	if (rules_are_built_in(st, family) && !fib_state(st)->had_vrf) /* which would bring its own */
		return;
	save_list(s, key);
	for (const struct rule *r = NULL; (r = rule_next(st, family, r));)
		save_one(s, r);
	save_end(s);
}

void rules_save(struct leat_stack *st, struct saver *s)
{
	save_family(st, s, AF_INET, "rules4");
	save_family(st, s, AF_INET6, "rules6");
	if (fib_state(st)->had_rules)
		save_u64(s, "had_rules", 1);
}

static bool load_fields(struct loader *l, struct rule *r)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t v, max = fields[i].size < 8 ? ((uint64_t)1 << 8 * fields[i].size) - 1 : UINT64_MAX;
		if (!load_u64(l, fields[i].name, 0,
			      fields[i].off == offsetof(struct rule, has_uids) ? 1 : max, &v))
			return false;
		memcpy((char *)r + fields[i].off, &v, fields[i].size);
	}
	uint64_t realms = 0;
	if (load_has(l, "realms") && !load_u64(l, "realms", 0, UINT32_MAX, &realms))
		return false;
	r->realms = (uint32_t)realms;
	return load_str(l, "iif", r->iif, sizeof r->iif) && load_str(l, "oif", r->oif, sizeof r->oif) &&
	       load_bytes(l, "src", r->src.b, sizeof r->src.b) &&
	       load_bytes(l, "dst", r->dst.b, sizeof r->dst.b);
}

/* What netlink would have refused and workers rely on. */
static bool is_sound(struct loader *l, const struct rule *r)
{
	unsigned bits = r->family == AF_INET6 ? 128 : 32;
	if (r->src_plen > bits || r->dst_plen > bits)
		return !load_bad(l, "src_plen", "too long");
	if (r->action == FR_ACT_GOTO && r->target <= r->priority)
		return !load_bad(l, "target", "backward");
	return true;
}

static int restore_family(struct leat_stack *st, struct loader *l, uint8_t family, const char *key)
{
	size_t n;
	int err = 0;
	if (!load_has(l, key))
		return 0;
	if (!load_list(l, key, &n))
		return -EINVAL;
	rules_clear(st, family);
	for (size_t k = 0; k < n && !err; k++) {
		struct rule r = { .family = family };
		if (!load_item(l, k))
			return -EINVAL;
		err = load_fields(l, &r) && is_sound(l, &r) ? rule_add(st, &r) : -EINVAL;
		load_end(l);
	}
	load_end(l);
	return err ? err : rules_renew(st, family);
}

int rules_restore(struct leat_stack *st, struct loader *l)
{
	int err = restore_family(st, l, AF_INET, "rules4");
	if (!err)
		err = restore_family(st, l, AF_INET6, "rules6");
	fib_state(st)->had_rules = load_has(l, "had_rules");
	return err;
}
