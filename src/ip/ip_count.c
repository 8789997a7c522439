/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip/ip_count.h"

#include <stdio.h>

#include "core/save.h"
#include "ip/ip6_internal.h"
#include "wire/ip.h"

struct ip_counts *ip_counts(const struct worker *w, uint8_t family)
{
	struct ip4_worker *w4 = family == AF_INET ? worker_state(w, MODULE_ip4) : NULL;
	struct ip6_worker *w6 = family == AF_INET6 ? worker_state(w, MODULE_ip6) : NULL;
	return w4 ? &w4->counts : w6 ? &w6->counts : NULL;
}

void ip_count_icmp_in(struct worker *w, uint8_t family, uint8_t type)
{
	struct ip_counts *c = ip_counts(w, family);
	int slot = ip_count_slot(type);
	if (c && slot >= 0)
		racy_add(c->icmp_in[slot], 1);
}

static void icmp_out(struct ip_counts *c, const struct pkt *p)
{
	racy_add(c->icmp_out_all, 1);
	if (p->l4_off <= p->l3_off || p->l4_off >= p->headroom + p->head_len) /* somebody else wrote it */
		return;
	int slot = ip_count_slot(*(const uint8_t *)pkt_l4(p));
	if (slot >= 0)
		racy_add(c->icmp_out[slot], 1);
}

void ip_count_out(struct worker *w, uint8_t family, const struct pkt *p, uint8_t proto)
{
	struct ip_counts *c = ip_counts(w, family);
	if (c && proto == (family == AF_INET ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6))
		icmp_out(c, p);
}

uint64_t ip_count(const struct leat_stack *st, uint8_t family, size_t at)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct ip_counts *c = ip_counts(st->worker[i], family);
		sum += c ? racy_get(*(const uint64_t *)(const void *)((const char *)c + at)) : 0;
	}
	return sum;
}

/* --- saved state: those that are not 0, by name --- */

static const struct row {
	const char *name;
	size_t at;
	unsigned n;
} rows[] = {
	{ "icmp-in", offsetof(struct ip_counts, icmp_in), IP_COUNT_TYPES },
	{ "icmp-out", offsetof(struct ip_counts, icmp_out), IP_COUNT_TYPES },
	{ "icmp-out-all", offsetof(struct ip_counts, icmp_out_all), 1 },
	{ "reassembled", offsetof(struct ip_counts, reass_ok), 1 },
	{ "direct", offsetof(struct ip_counts, direct), 1 },
	{ "fragments", offsetof(struct ip_counts, frag_created), 1 },
};
enum { NAME_ROOM = 32 };

static void name_of(const struct row *r, unsigned k, char to[NAME_ROOM])
{
	if (r->n == 1)
		snprintf(to, NAME_ROOM, "%s", r->name);
	else
		snprintf(to, NAME_ROOM, "%s-%u", r->name, ip_count_type(k));
}

int ip_count_save(struct leat_stack *st, struct saver *s, uint8_t family)
{
	char name[NAME_ROOM];
	save_begin(s, "counters");
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		for (unsigned k = 0; k < r->n; k++) {
			uint64_t v = ip_count(st, family, r->at + k * sizeof v);
			name_of(r, k, name);
			if (v)
				save_u64(s, name, v);
		}
	}
	save_end(s);
	return save_error(s);
}

int ip_count_restore(struct leat_stack *st, struct loader *l, uint8_t family)
{
	char *counts = (char *)ip_counts(st->worker[0], family), name[NAME_ROOM];
	uint64_t v;
	if (!load_has(l, "counters") || !load_begin(l, "counters"))
		return load_error(l);
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		for (unsigned k = 0; k < r->n; k++) {
			name_of(r, k, name);
			if (load_has(l, name) && load_u64(l, name, 0, UINT64_MAX, &v))
				racy_add(*(uint64_t *)(void *)(counts + r->at + k * sizeof v), v);
		}
	}
	load_end(l);
	return load_error(l);
}
