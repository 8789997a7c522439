/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what waits in front of a wire's rate. There are three kinds. Drop-tail refuses what comes when the queue is
 * full. CoDel (RFC 8289) also looks, when a frame is taken out, how long it has waited: when that has been more than 5 ms for
 * 100 ms, it drops, and drops again after ever shorter times, 100 ms / sqrt(count), until the wait is short. FQ-CoDel (RFC 8290) gives
 * each flow a queue under CoDel of its own and serves them by deficit round robin, flows that have just begun first; when all
 * of them together are full the longest loses half of its frames, from the head.
 *
 * A flow is addresses, protocol and, for TCP and UDP that are no fragments, ports; what is not IP is one flow. The square root is that of
 * integers: interval / sqrt(n) = sqrt(interval^2 / n).
 *
 * Left out: ECN marks (what CoDel would mark it drops), hosts' keys for the hash (the seed is the key). */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_internal.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum {
	QUEUE_DEFAULT = 1000,
	TARGET_US = 5000, /* RFC 8289, 4.4 */
	INTERVAL_US = 100000,
	QUANTUM = 1514, /* RFC 8290, 5.2.3 */
	FLOWS = 1024, /* RFC 8290, 5.2.5 */
	SHED_MAX = 64, /* RFC 8290, 4.1 */
	L4_PORTS_LEN = 4,
};

/* --- flows --- */

static uint64_t hash_bytes(const struct sim_dir *d, const uint8_t *addrs, unsigned len, uint8_t proto,
			   const uint8_t *ports)
{
	uint8_t key[2 * 16 + 1 + L4_PORTS_LEN] = { 0 };
	struct sipkey k = { { d->wire->sim->opts.seed, 0 } };
	memcpy(key, addrs, len);
	key[2 * 16] = proto;
	if (ports)
		memcpy(key + 2 * 16 + 1, ports, L4_PORTS_LEN);
	return siphash(&k, key, sizeof key);
}

static const uint8_t *ports_at(const struct sim_frame *f, uint32_t off, uint8_t proto)
{
	bool has = proto == IP_PROTO_TCP || proto == IP_PROTO_UDP;
	return has && f->len >= off + L4_PORTS_LEN ? f->b + off : NULL;
}

static unsigned flow_of(const struct sim_dir *d, const struct sim_frame *f)
{
	const uint8_t *ip = f->b + ETH_HLEN;
	uint32_t len = f->len - MIN(f->len, (uint32_t)ETH_HLEN);
	unsigned type = len ? (unsigned)f->b[12] << 8 | f->b[13] : 0;
	if (type == ETH_P_IP && len >= sizeof(struct ip4_hdr)) {
		const struct ip4_hdr *h = (const void *)ip;
		uint32_t l4 = ETH_HLEN + (uint32_t)(h->ver_ihl & 15) * 4;
		const uint8_t *ports = ip4_is_fragment(h) ? NULL : ports_at(f, l4, h->proto);
		return (unsigned)(hash_bytes(d, h->src.b, 8, h->proto, ports) % FLOWS);
	}
	if (type == ETH_P_IPV6 && len >= sizeof(struct ip6_hdr)) {
		const struct ip6_hdr *h = (const void *)ip;
		const uint8_t *ports = ports_at(f, ETH_HLEN + sizeof *h, h->next);
		return (unsigned)(hash_bytes(d, (const uint8_t *)&h->src, 32, h->next, ports) % FLOWS);
	}
	return 0;
}

static void flow_push(struct sim_queue *q, struct sim_flow *fl, struct sim_frame *f)
{
	f->next = NULL;
	if (fl->tail)
		fl->tail->next = f;
	else
		fl->head = f;
	fl->tail = f;
	fl->bytes += f->len;
	q->n++;
	q->bytes += f->len;
}

static struct sim_frame *flow_pop(struct sim_queue *q, struct sim_flow *fl)
{
	struct sim_frame *f = fl->head;
	if (!f)
		return NULL;
	fl->head = f->next;
	if (!fl->head)
		fl->tail = NULL;
	fl->bytes -= f->len;
	q->n--;
	q->bytes -= f->len;
	return f;
}

static void drop(struct sim_dir *d, struct sim_frame *f, enum sim_drop why)
{
	d->stats.held--;
	d->stats.dropped[why]++;
	follow_dropped(d, f, why);
	free(f);
}

/* --- CoDel, in the words of RFC 8289, 5 --- */

static uint64_t isqrt(uint64_t v)
{
	uint64_t root = 0;
	for (uint64_t bit = 1ULL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= v)
			root |= bit;
	return root;
}

static uint64_t control_law(uint64_t t, uint32_t count)
{
	return t + isqrt((uint64_t)INTERVAL_US * INTERVAL_US / count);
}

static struct sim_frame *do_dequeue(struct sim_queue *q, struct sim_flow *fl, uint64_t now, bool *ret_drop)
{
	struct sim_frame *f = flow_pop(q, fl);
	*ret_drop = false;
	if (!f || now - f->since_ns / 1000 < TARGET_US || fl->bytes <= QUANTUM)
		fl->first_above_us = 0;
	else if (!fl->first_above_us)
		fl->first_above_us = now + INTERVAL_US;
	else
		*ret_drop = now >= fl->first_above_us;
	return f;
}

static struct sim_frame *go_on_dropping(struct sim_dir *d, struct sim_flow *fl, struct sim_frame *f,
					uint64_t now)
{
	bool more;
	while (fl->dropping && now >= fl->drop_next_us) {
		drop(d, f, SIM_DROP_AQM);
		fl->count++;
		f = do_dequeue(&d->queue, fl, now, &more);
		if (more)
			fl->drop_next_us = control_law(fl->drop_next_us, fl->count);
		else
			fl->dropping = false;
	}
	return f;
}

static struct sim_frame *start_dropping(struct sim_dir *d, struct sim_flow *fl, struct sim_frame *f,
					uint64_t now)
{
	bool more;
	uint32_t delta = fl->count - fl->last_count;
	drop(d, f, SIM_DROP_AQM);
	f = do_dequeue(&d->queue, fl, now, &more);
	fl->dropping = true;
	/* If it dropped until just now, it begins where it had come to. */
	fl->count = delta > 1 && now - fl->drop_next_us < 16 * INTERVAL_US ? delta : 1;
	fl->drop_next_us = control_law(now, fl->count);
	fl->last_count = fl->count;
	return f;
}

static struct sim_frame *codel_pop(struct sim_dir *d, struct sim_flow *fl, uint64_t now)
{
	bool ok_to_drop;
	struct sim_frame *f = do_dequeue(&d->queue, fl, now, &ok_to_drop);
	if (fl->dropping && !ok_to_drop)
		fl->dropping = false;
	if (fl->dropping)
		return go_on_dropping(d, fl, f, now);
	return ok_to_drop ? start_dropping(d, fl, f, now) : f;
}

/* --- FQ-CoDel: RFC 8290, 4 --- */

static void fq_push(struct sim_dir *d, struct sim_frame *f)
{
	struct sim_queue *q = &d->queue;
	struct sim_flow *fl = &q->flow[flow_of(d, f)];
	flow_push(q, fl, f);
	if (list_empty(&fl->link)) {
		fl->deficit = QUANTUM;
		list_append(&q->fresh, &fl->link);
	}
}

/* The flow whose turn it is, or NULL. */
static struct sim_flow *fq_next(struct sim_queue *q, bool *ret_fresh)
{
	for (;;) {
		*ret_fresh = !list_empty(&q->fresh);
		struct list *l = *ret_fresh ? &q->fresh : &q->old;
		if (list_empty(l))
			return NULL;
		struct sim_flow *fl = list_first(l, struct sim_flow, link);
		if (fl->deficit > 0)
			return fl;
		fl->deficit += QUANTUM;
		list_remove(&fl->link);
		list_append(&q->old, &fl->link);
	}
}

static struct sim_frame *fq_pop(struct sim_dir *d, uint64_t now)
{
	struct sim_queue *q = &d->queue;
	struct sim_flow *fl;
	bool fresh;
	while ((fl = fq_next(q, &fresh))) {
		struct sim_frame *f = codel_pop(d, fl, now);
		if (f) {
			fl->deficit -= (int32_t)f->len;
			return f;
		}
		list_remove(&fl->link);
		if (fresh) /* it may not come back as a new one at once */
			list_append(&q->old, &fl->link);
	}
	return NULL;
}

/* RFC 8290, 4.1: half of the frames of the queue with most bytes, 64 at most, from its head. */
static void fq_shed(struct sim_dir *d)
{
	struct sim_flow *fat = &d->queue.flow[0];
	unsigned n = 0;
	for (unsigned i = 1; i < FLOWS; i++)
		if (d->queue.flow[i].bytes > fat->bytes)
			fat = &d->queue.flow[i];
	for (const struct sim_frame *f = fat->head; f; f = f->next)
		n++;
	for (n = MIN((n + 1) / 2, (unsigned)SHED_MAX); n; n--)
		drop(d, flow_pop(&d->queue, fat), SIM_DROP_QUEUE);
}

/* --- what the wire calls --- */

static bool is_full(const struct sim_dir *d, uint32_t more, uint32_t more_bytes)
{
	const struct sim_wire_conf *c = &d->wire->conf;
	uint32_t packets = c->queue_packets || c->queue_bytes ? c->queue_packets : (uint32_t)QUEUE_DEFAULT;
	return (packets && d->queue.n + more > packets) ||
	       (c->queue_bytes && d->queue.bytes + more_bytes > c->queue_bytes);
}

void queue_push(struct sim_dir *d, struct sim_frame *f)
{
	struct sim_queue *q = &d->queue;
	d->stats.held++;
	if (q->aqm == SIM_AQM_FQ_CODEL) {
		fq_push(d, f);
		while (is_full(d, 0, 0))
			fq_shed(d);
	} else if (is_full(d, 1, f->len)) {
		drop(d, f, SIM_DROP_QUEUE);
	} else {
		flow_push(q, &q->flow[0], f);
	}
}

struct sim_frame *queue_pop(struct sim_dir *d)
{
	struct sim_queue *q = &d->queue;
	uint64_t now = sim_now_us(d->wire->sim);
	struct sim_frame *f = q->aqm == SIM_AQM_FQ_CODEL ? fq_pop(d, now)
			      : q->aqm == SIM_AQM_CODEL  ? codel_pop(d, &q->flow[0], now)
							 : flow_pop(q, &q->flow[0]);
	if (f)
		d->stats.held--;
	return f;
}

void queue_drop_all(struct sim_dir *d, enum sim_drop why)
{
	struct sim_queue *q = &d->queue;
	for (unsigned i = 0; i < q->n_flows; i++)
		for (struct sim_frame *f; (f = flow_pop(q, &q->flow[i]));)
			drop(d, f, why);
}

int queue_init(struct sim_dir *d, enum sim_aqm aqm)
{
	struct sim_queue *q = &d->queue;
	unsigned n = aqm == SIM_AQM_FQ_CODEL ? FLOWS : 1;
	struct sim_flow *flow = calloc(n, sizeof *flow);
	if (!flow)
		return -ENOMEM;
	*q = (struct sim_queue){ .aqm = aqm, .flow = flow, .n_flows = n };
	list_init(&q->fresh);
	list_init(&q->old);
	for (unsigned i = 0; i < n; i++)
		list_init(&flow[i].link);
	return 0;
}

void queue_done(struct sim_dir *d)
{
	queue_drop_all(d, SIM_DROP_CUT);
	free(d->queue.flow);
	d->queue.flow = NULL;
	d->queue.n_flows = 0;
}

/* In the order of their flows, then of arrival. */
int queue_change(struct sim_dir *d, enum sim_aqm aqm)
{
	struct sim_queue old = d->queue;
	if (aqm == old.aqm)
		return 0;
	int err = queue_init(d, aqm);
	if (err)
		return err;
	for (unsigned i = 0; i < old.n_flows; i++)
		for (struct sim_frame *f; (f = flow_pop(&old, &old.flow[i]));) {
			d->stats.held--;
			queue_push(d, f);
		}
	free(old.flow);
	return 0;
}
