/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: two token buckets, as Linux has them. One is for all destinations (icmp_msgs_per_sec, icmp_msgs_burst), one for
 * each (a token every icmp_ratelimit milliseconds, at most six). A bucket is one number, the time at which it will be full.
 *
 * Every worker has its own buckets and its share of the rate for all, so no counter is shared; a destination that several workers
 * have to tell something has a bucket at each of them.
 *
 * What a message costs of the bucket for all is drawn: none, one or two tokens. Else whoever sends a burst of packets and counts the
 * answers learns whether we answered somebody else meanwhile, and so whether his guess of a port was right (CVE-2020-25705). And what
 * the destination's own bucket refuses costs nothing of the one for all.
 *
 * Destinations are remembered in a table of fixed size, whoever they are: in a set of four the one that is nearest to being full
 * makes room, which loses least. What a flood of made-up sources can do by that is to be told a little more often, and the
 * bucket for all bounds that. */
#include "ip/icmp_limit.h"

/* full_us: since when or until when. Has the bucket a token now? */
static bool has_token(uint64_t full_us, uint64_t token_us, uint32_t burst, uint64_t now_us)
{
	return full_us <= now_us || full_us - now_us <= (burst - 1) * token_us;
}

static void spend(uint64_t *full_us, uint64_t token_us, unsigned n, uint64_t now_us)
{
	*full_us = MAX(*full_us, now_us) + n * token_us;
}

static uint32_t share(const struct worker *w, uint32_t of)
{
	unsigned n = w->st->n_workers;
	return of ? MAX((of + n - 1 - w->index) / n, 1U) : 0;
}

/* The place of a destination, made if there is none. */
static struct icmp_peer *peer_of(struct icmp_limit *l, uint64_t who)
{
	struct icmp_peer *set = l->peer[who % ICMP_PEER_SETS], *oldest = set;
	for (struct icmp_peer *p = set; p < set + ICMP_PEER_WAYS; p++) {
		if (p->who == who)
			return p;
		if (p->full_us < oldest->full_us)
			oldest = p;
	}
	*oldest = (struct icmp_peer){ .who = who };
	return oldest;
}

static bool peer_take(struct icmp_limit *l, uint64_t who, uint32_t peer_ms, uint64_t now_us)
{
	uint64_t token_us = (uint64_t)peer_ms * 1000;
	struct icmp_peer *p = peer_of(l, who | 1);
	if (!has_token(p->full_us, token_us, ICMP_PEER_BURST, now_us))
		return false;
	spend(&p->full_us, token_us, 1, now_us);
	return true;
}

bool icmp_limit_take(const struct worker *w, struct icmp_limit *l, uint64_t who, uint32_t peer_ms)
{
	static const struct icmp_limit_conf first = { ICMP_LIMIT_PER_SEC, ICMP_LIMIT_BURST };
	const struct icmp_limit_conf *c = stack_state(w->st, MODULE_icmp4); /* NULL: built without */
	uint32_t per_sec = share(w, racy_get((c ? c : &first)->per_sec));
	uint32_t burst = share(w, racy_get((c ? c : &first)->burst));
	uint64_t now_us = w->lc->now_us, token_us = per_sec ? MAX(1000000 / per_sec, 1U) : 0;
	if (!per_sec || !burst || !has_token(l->full_us, token_us, burst, now_us))
		return false;
	if (peer_ms && !peer_take(l, who, peer_ms, now_us))
		return false;
	uint64_t dice = siphash_2u64(&w->st->hash_key, l->n++, (uint64_t)w->index << 32 | 0x1c3f);
	spend(&l->full_us, token_us, (unsigned)(dice % 3), now_us);
	return true;
}
