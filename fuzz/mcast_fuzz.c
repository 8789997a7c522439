/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of IGMP and MLD through their parsers, whole and cut in two (the last byte says where): the answers must be equal. A query's
 * sources are as many as it says; the group of an old report is given back by emit. */
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "wire/mcast.h"
#include "wire/text.h"

struct input {
	const uint8_t *p;
	uint32_t len, cut;
};

static const uint8_t *piece(const void *ctx, unsigned i, uint32_t *ret_len)
{
	const struct input *in = ctx;
	if (i > 1)
		return NULL;
	*ret_len = i ? in->len - in->cut : in->cut;
	return in->p + (i ? in->cut : 0);
}

static void check_query(struct cursor c, struct cursor d, uint8_t family)
{
	struct mcast_query q, r;
	struct ipaddr a, b;
	unsigned n = 0;
	enum drop why = family == AF_INET ? igmp_query_parse(c, &q) : mld_query_parse(c, &q);
	fuzz_check(why == (family == AF_INET ? igmp_query_parse(d, &r) : mld_query_parse(d, &r)));
	if (why)
		return;
	fuzz_check(q.version >= 1 && q.version <= 3 && q.version == r.version &&
		   ipaddr_eq(&q.group, &r.group));
	fuzz_check(q.max_resp_us == r.max_resp_us && q.interval_s == r.interval_s &&
		   q.n_sources == r.n_sources);
	while (mcast_source_next(&q.sources, family, &a)) {
		fuzz_check(mcast_source_next(&r.sources, family, &b) && ipaddr_eq(&a, &b));
		n++;
	}
	fuzz_check(n == q.n_sources);
}

static void check_report(struct cursor c, struct cursor d, uint8_t family)
{
	struct ipaddr g, h, again;
	uint8_t to[MCAST_OLD_MAX];
	enum drop why = family == AF_INET ? igmp_report_parse(c, &g) : mld_report_parse(c, &g);
	fuzz_check(why == (family == AF_INET ? igmp_report_parse(d, &h) : mld_report_parse(d, &h)));
	if (why)
		return;
	fuzz_check(ipaddr_eq(&g, &h));
	struct cursor e = cur_of(to, mcast_old_emit(family, 2, false, &g, to));
	fuzz_check((family == AF_INET ? igmp_report_parse(e, &again) : mld_report_parse(e, &again)) ==
		   DROP_NONE);
	fuzz_check(ipaddr_eq(&g, &again));
}

/* The input as a list of sources of one record. */
static void check_emit(const uint8_t *p, size_t len, uint8_t family)
{
	static struct mcast_report r;
	struct ipaddr a = { 0 };
	size_t n = family == AF_INET ? 4 : 16;
	mcast_report_begin(&r, family, len % 2 ? 1400 : 60);
	for (; len >= n; p += n, len -= n) {
		memcpy(&a, p, n);
		if (a.b[0] % 4 == 0 ? !mcast_report_record(&r, MCAST_IS_EX, &a, a.b[1] % 8)
				    : r.record && !mcast_report_source(&r, &a))
			mcast_report_begin(&r, family, 500);
		fuzz_check(r.len <= r.max && r.max <= sizeof r.b);
	}
}

static void check_print(struct cursor c, struct cursor d)
{
	char whole[300], cut[300];
	struct text t = text_of(whole, sizeof whole), u = text_of(cut, sizeof cut);
	igmp_print(c, &t);
	mld_print(c, &t);
	igmp_print(d, &u);
	mld_print(d, &u);
	fuzz_check(t.len < sizeof whole && strcmp(whole, cut) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 4096)
		return 0;
	const struct input in = { .p = data,
				  .len = (uint32_t)size,
				  .cut = data[size - 1] % (uint32_t)(size + 1) };
	const struct cursor whole = cur_of(data, in.len);
	const struct cursor cut = { .p = in.p, .left = in.len, .more = piece, .ctx = &in };
	for (unsigned i = 0; i < 2; i++) {
		check_query(whole, cut, i ? AF_INET6 : AF_INET);
		check_report(whole, cut, i ? AF_INET6 : AF_INET);
		check_emit(data, size, i ? AF_INET6 : AF_INET);
	}
	check_print(whole, cut);
	return 0;
}
