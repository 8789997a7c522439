/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: fragments of a datagram are kept in order of their offsets until they fill it, then the payloads are
 * joined behind the first one's headers, by reference. Three bounds make sure that this harms nobody (W:R12):
 *
 *  - memory: a table holds its share of bytes_max; beyond that the oldest datagrams go, since those of a flood are never completed and
 *    those of a living sender are complete within moments;
 *  - time: timeout_s after its first fragment came, a datagram is given up and, if its beginning is there, its sender told;
 *  - age: identifications come round (RFC 6864: at 16 bits, within a second on a fast link), and half a datagram that waits
 *    must not meet the other half of a later one. So a datagram is also given up when its sender (source, destination,
 *    protocol: a flow) has begun age_max more since. Reordering does not reach that far.
 *
 * A fragment that repeats what is there is dropped alone. One that overlaps, or contradicts where the end is, condemns its
 * datagram: what is there is dropped, and the entry stays until it would have timed out, so that what is still to come is dropped
 * as well (RFC 5722, 4; RFC 8200, 4.5). IPv4 gets the same.
 *
 * Datagrams, in order of their beginning, are a list; one timer per table stands at the end of its oldest. Memory for entries is
 * taken in chunks and kept, buckets with the first fragment; a stack that never sees one has neither.
 *
 * Threads: a table belongs to its worker's lcore. */
#include "ip/reass.h"

#include "base/siphash.h"
#include "graph/node.h"

enum { BUCKETS_LOG = 9, N_BUCKETS = 1 << BUCKETS_LOG, CHUNK = 64, CHARGE_STEP = 256 << 10 };
enum { ICMP_REASSEMBLY_TIME = 1 }; /* code of both families */

/* A sender of fragments, while a datagram of its is begun. */
struct flow {
	struct flow *next; /* in its bucket, or free */
	struct reass_key key; /* id: 0 */
	uint64_t hash;
	uint32_t n_begun;
	struct list datagrams; /* oldest first */
};

struct datagram {
	struct datagram *next; /* in its bucket, or free */
	struct list by_age; /* in reass_table.by_age */
	struct list of_flow;
	struct flow *flow;
	uint32_t id;
	uint32_t no; /* flow->n_begun when it began */
	uint64_t begun_us;
	struct pkt_queue pieces; /* in order of offset */
	uint32_t end; /* 0: not known yet */
	uint32_t have; /* bytes of payload */
	uint8_t ecn_seen; /* a bit per value of the ECN field */
	bool condemned;
};

struct chunk {
	struct chunk *next;
	struct flow flow[CHUNK];
	struct datagram datagram[CHUNK];
};

struct reass_table {
	struct worker *w;
	const struct reass_family *fam;
	const struct reass_conf *conf;
	uint16_t node;
	struct timer timer;
	struct list by_age; /* struct datagram */
	struct flow *free_flow;
	struct datagram *free_datagram;
	struct chunk *chunks;
	uint32_t n_datagrams, n_fragments, n_slots;
	uint64_t held_bytes, charged_bytes;
	struct flow *flow[N_BUCKETS];
	struct datagram *datagram[N_BUCKETS];
};

/* --- memory --- */

static uint64_t truesize(const struct pkt *p)
{
	return sizeof *p + p->buf->size + (uint64_t)p->n_frags * BUF_PAGE_SIZE;
}

/* The stack pays in large steps, so that a fragment costs its account nothing as a rule. */
static bool hold(struct reass_table *t, uint64_t bytes)
{
	while (t->held_bytes + bytes > t->charged_bytes) {
		if (mem_charge(&t->w->st->mem, CHARGE_STEP))
			return false;
		t->charged_bytes += CHARGE_STEP;
	}
	t->held_bytes += bytes;
	return true;
}

static void unhold(struct reass_table *t, uint64_t bytes)
{
	t->held_bytes -= bytes;
	while (t->charged_bytes >= t->held_bytes + 2 * CHARGE_STEP || (!t->held_bytes && t->charged_bytes)) {
		mem_uncharge(&t->w->st->mem, CHARGE_STEP);
		t->charged_bytes -= CHARGE_STEP;
	}
}

static bool add_chunk(struct reass_table *t)
{
	struct chunk *c = t->n_slots < REASS_DATAGRAMS_MAX ? mem_zalloc(&t->w->st->mem, sizeof *c) : NULL;
	if (!c)
		return false;
	c->next = t->chunks;
	t->chunks = c;
	t->n_slots += CHUNK;
	for (unsigned i = 0; i < CHUNK; i++) {
		c->flow[i].next = t->free_flow;
		t->free_flow = &c->flow[i];
		c->datagram[i].next = t->free_datagram;
		t->free_datagram = &c->datagram[i];
	}
	return true;
}

/* --- finding --- */

static bool same_flow(const struct reass_key *a, const struct reass_key *b)
{
	return memcmp(a, b, offsetof(struct reass_key, id)) == 0;
}

static struct flow *find_flow(const struct reass_table *t, const struct reass_key *k, uint64_t hash)
{
	struct flow *f = t->flow[hash % N_BUCKETS];
	while (f && (f->hash != hash || !same_flow(&f->key, k)))
		f = f->next;
	return f;
}

static struct datagram **bucket_of(struct reass_table *t, const struct flow *f, uint32_t id)
{
	return &t->datagram[hash_u32((uint32_t)(f->hash >> BUCKETS_LOG) ^ id) % N_BUCKETS];
}

static struct datagram *find_datagram(struct reass_table *t, const struct flow *f, uint32_t id)
{
	struct datagram *d = *bucket_of(t, f, id);
	while (d && (d->flow != f || d->id != id))
		d = d->next;
	return d;
}

/* --- ending --- */

static void drop_pieces(struct reass_table *t, struct datagram *d, enum drop why)
{
	for (struct pkt *p; (p = pkt_queue_pop(&d->pieces));) {
		t->n_fragments--;
		unhold(t, truesize(p));
		pkt_unpark(p);
		graph_drop(t->w, t->node, p, why);
	}
}

static void unlink_from(struct datagram **at, struct datagram *d)
{
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
}

static void end_flow(struct reass_table *t, struct flow *f)
{
	struct flow **at = &t->flow[f->hash % N_BUCKETS];
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->next = t->free_flow;
	t->free_flow = f;
}

/* Its pieces are gone. */
static void end_datagram(struct reass_table *t, struct datagram *d)
{
	struct flow *f = d->flow;
	unlink_from(bucket_of(t, f, d->id), d);
	list_remove(&d->by_age);
	list_remove(&d->of_flow);
	if (list_empty(&f->datagrams))
		end_flow(t, f);
	d->next = t->free_datagram;
	t->free_datagram = d;
	t->n_datagrams--;
}

static void give_up(struct reass_table *t, struct datagram *d, enum drop why)
{
	drop_pieces(t, d, why);
	end_datagram(t, d);
}

static void condemn(struct reass_table *t, struct datagram *d, enum drop why)
{
	drop_pieces(t, d, why);
	d->condemned = true;
	d->have = d->end = 0;
}

static struct datagram *oldest(const struct reass_table *t)
{
	return list_first(&t->by_age, struct datagram, by_age);
}

static bool give_up_oldest(struct reass_table *t, const struct datagram *but)
{
	if (list_empty(&t->by_age) || oldest(t) == but)
		return false;
	give_up(t, oldest(t), DROP_REASS_FULL);
	return true;
}

/* RFC 792 and RFC 4443, 3.3: who sent the beginning is told. */
static void expire(struct reass_table *t, struct datagram *d)
{
	struct pkt *p = d->pieces.head;
	uint16_t error = node_find(t->w->st, t->fam->error_node);
	if (p && p->edge.reass.off == 0 && error) {
		pkt_queue_pop(&d->pieces);
		t->n_fragments--;
		unhold(t, truesize(p));
		pkt_unpark(p);
		ip_error(p, 0, t->fam->exceeded, ICMP_REASSEMBLY_TIME, 0, DROP_REASS_TIMEOUT);
		graph_enqueue(t->w, error, p);
	}
	give_up(t, d, DROP_REASS_TIMEOUT);
}

static uint64_t deadline_us(const struct reass_table *t)
{
	return oldest(t)->begun_us + racy_get(t->conf->timeout_s) * (uint64_t)1000000;
}

static void set_timer(struct reass_table *t)
{
	if (list_empty(&t->by_age))
		timer_stop(&t->w->lc->wheel, &t->timer);
	else if (!timer_is_set(&t->timer))
		timer_set_at(&t->w->lc->wheel, &t->timer, deadline_us(t));
}

static void on_timer(struct lcore *lc, struct timer *timer)
{
	struct reass_table *t = container_of(timer, struct reass_table, timer);
	while (!list_empty(&t->by_age) && deadline_us(t) <= lc->now_us)
		expire(t, oldest(t));
	set_timer(t);
	graph_run(t->w);
}

/* --- beginning --- */

static struct flow *begin_flow(struct reass_table *t, const struct reass_key *k, uint64_t hash)
{
	struct flow *f = t->free_flow;
	t->free_flow = f->next;
	*f = (struct flow){ .key = *k, .hash = hash, .next = t->flow[hash % N_BUCKETS] };
	f->key.id = 0;
	list_init(&f->datagrams);
	t->flow[hash % N_BUCKETS] = f;
	return f;
}

/* Whose half has waited for too long, as its sender counts. The one that begins now ends the loop. */
static void give_up_overtaken(struct reass_table *t, const struct flow *f)
{
	uint32_t age_max = racy_get(t->conf->age_max);
	struct datagram *d;
	while (d = list_first(&f->datagrams, struct datagram, of_flow),
	       age_max && f->n_begun - d->no >= age_max)
		give_up(t, d, DROP_REASS_OVERTAKEN);
}

static struct datagram *begin(struct reass_table *t, const struct reass_key *k, uint64_t hash)
{
	while (!t->free_datagram && !add_chunk(t))
		if (!give_up_oldest(t, NULL))
			return NULL;
	struct flow *f = find_flow(t, k, hash);
	if (!f)
		f = begin_flow(t, k, hash);
	struct datagram *d = t->free_datagram;
	struct datagram **bucket = bucket_of(t, f, k->id);
	t->free_datagram = d->next;
	*d = (struct datagram){
		.flow = f, .id = k->id, .no = ++f->n_begun, .begun_us = t->w->lc->now_us, .next = *bucket
	};
	pkt_queue_init(&d->pieces);
	*bucket = d;
	list_append(&t->by_age, &d->by_age);
	list_append(&f->datagrams, &d->of_flow);
	t->n_datagrams++;
	give_up_overtaken(t, f);
	set_timer(t);
	return d;
}

static struct reass_table *table_new(struct worker *w, const struct reass_family *fam,
				     const struct reass_conf *conf)
{
	struct reass_table *t = mem_zalloc(&w->st->mem, sizeof *t);
	if (!t)
		return NULL;
	t->w = w;
	t->fam = fam;
	t->conf = conf;
	t->node = node_find(w->st, fam->node);
	list_init(&t->by_age);
	timer_init(&t->timer, on_timer);
	return t;
}

/* --- a piece --- */

static uint32_t piece_end(const struct pkt *p)
{
	return p->edge.reass.off + p->edge.reass.len;
}

/* The last piece that begins at or before off; NULL: none does. Mostly the last of all. */
static struct pkt *piece_before(const struct datagram *d, uint32_t off)
{
	struct pkt *last = d->pieces.n ? container_of(d->pieces.tail, struct pkt, next) : NULL;
	if (!last || last->edge.reass.off <= off)
		return last;
	struct pkt *before = NULL;
	for (struct pkt *p = d->pieces.head; p->edge.reass.off <= off; p = p->next)
		before = p;
	return before;
}

/* Is [off, end) all there already? */
static bool is_repeated(const struct pkt *before, uint32_t end)
{
	if (!before)
		return false;
	uint32_t covered = piece_end(before);
	for (const struct pkt *p = before->next; p && p->edge.reass.off == covered; p = p->next)
		covered = piece_end(p);
	return end <= covered;
}

static bool overlaps(const struct datagram *d, const struct pkt *before, uint32_t off, uint32_t end)
{
	const struct pkt *after = before ? before->next : d->pieces.head;
	return (before && piece_end(before) > off) || (after && after->edge.reass.off < end);
}

/* Does it say the same about the end as those before it? */
static bool end_agrees(const struct datagram *d, const struct reass_piece *piece)
{
	const struct pkt *last = d->pieces.n ? container_of(d->pieces.tail, struct pkt, next) : NULL;
	uint32_t end = piece->off + piece->len;
	if (d->end)
		return piece->more ? end < d->end : end == d->end;
	return piece->more || !last || piece_end(last) <= end;
}

static void insert(struct datagram *d, struct pkt *before, struct pkt *p)
{
	if (!before) {
		p->next = d->pieces.head;
		d->pieces.head = p;
	} else {
		p->next = before->next;
		before->next = p;
	}
	if (!p->next)
		d->pieces.tail = &p->next;
	d->pieces.n++;
}

static bool make_room(struct reass_table *t, const struct datagram *d, uint64_t bytes)
{
	uint64_t max = racy_get(t->conf->bytes_max) / t->w->st->n_workers;
	while (t->held_bytes + bytes > max)
		if (!give_up_oldest(t, d))
			return false;
	while (!hold(t, bytes))
		if (!give_up_oldest(t, d))
			return false;
	return true;
}

static enum drop take(struct reass_table *t, struct datagram *d, const struct reass_piece *piece,
		      struct pkt *before, struct pkt *p)
{
	if (!make_room(t, d, truesize(p)))
		return DROP_REASS_FULL;
	pkt_park(p, t->node);
	p->edge.reass.off = piece->off;
	p->edge.reass.len = piece->len;
	insert(d, before, p);
	t->n_fragments++;
	d->have += piece->len;
	d->ecn_seen |= (uint8_t)(1 << piece->ecn);
	if (!piece->more)
		d->end = piece->off + piece->len;
	return DROP_NONE;
}

static enum drop add_piece(struct reass_table *t, struct datagram *d, const struct reass_piece *piece,
			   struct pkt *p)
{
	uint32_t end = piece->off + piece->len;
	if (d->condemned)
		return DROP_REASS_OVERLAP;
	struct pkt *before = piece_before(d, piece->off);
	if (is_repeated(before, end))
		return DROP_REASS_DUPLICATE;
	if (!end_agrees(d, piece) || overlaps(d, before, piece->off, end)) {
		condemn(t, d, DROP_REASS_OVERLAP);
		return DROP_REASS_OVERLAP;
	}
	if (d->pieces.n == REASS_PIECES_MAX) {
		condemn(t, d, DROP_REASS_FULL);
		return DROP_REASS_FULL;
	}
	return take(t, d, piece, before, p);
}

/* --- completing --- */

/* RFC 3168, 5.3: congestion met by one fragment was met by the datagram, unless its sender says of another that it does not
 * speak ECN: then something is wrong with it. */
static bool join_ecn(uint8_t seen, uint8_t *ret_ecn)
{
	enum { NOT_ECT = 1 << 0, CE = 1 << 3 };
	*ret_ecn = seen & CE ? 3 : seen & 1 << 2 ? 2 : seen & 1 << 1 ? 1 : 0;
	return !(seen & NOT_ECT) || seen == NOT_ECT;
}

static struct pkt *unpark_all(struct reass_table *t, struct datagram *d)
{
	for (struct pkt *p = d->pieces.head; p; p = p->next) {
		uint32_t len = p->edge.reass.len;
		unhold(t, truesize(p));
		t->n_fragments--;
		pkt_unpark(p);
		if (p != d->pieces.head && !pkt_pull(p, p->len - len))
			assert(!"the caller has brought the headers together");
	}
	return pkt_queue_pop(&d->pieces);
}

static enum drop complete(struct reass_table *t, struct datagram *d, struct pkt **ret_whole, uint8_t *ret_ecn)
{
	struct pkt *first = unpark_all(t, d), *p;
	enum drop why = DROP_NONE;
	uint32_t n = d->pieces.n;
	if (!join_ecn(d->ecn_seen, ret_ecn))
		why = DROP_REASS_ECN;
	else if (!pkt_join(t->w->lc, first, &d->pieces))
		why = DROP_NO_BUFFER;
	if (why) {
		graph_drop(t->w, t->node, first, why);
		while ((p = pkt_queue_pop(&d->pieces)))
			graph_drop(t->w, t->node, p, why);
	} else {
		graph_count_lost(t->w, t->node, n, DROP_REASSEMBLED);
		*ret_whole = first;
	}
	end_datagram(t, d);
	set_timer(t);
	return DROP_NONE;
}

enum drop reass_add(struct worker *w, const struct reass_family *fam, const struct reass_conf *conf,
		    struct reass_table **t_at, const struct reass_key *k, const struct reass_piece *piece,
		    struct pkt *p, struct pkt **ret_whole, uint8_t *ret_ecn)
{
	struct reass_table *t = *t_at ? *t_at : (*t_at = table_new(w, fam, conf));
	uint64_t hash = siphash(&w->st->hash_key, k, offsetof(struct reass_key, id));
	*ret_whole = NULL;
	if (!t)
		return DROP_NO_MEMORY;
	struct flow *f = find_flow(t, k, hash);
	struct datagram *d = f ? find_datagram(t, f, k->id) : NULL;
	if (!d)
		d = begin(t, k, hash);
	if (!d)
		return DROP_NO_MEMORY;
	enum drop why = add_piece(t, d, piece, p);
	if (why || d->have != d->end)
		return why;
	return complete(t, d, ret_whole, ret_ecn);
}

/* --- all of it --- */

void reass_drop_all(struct reass_table *t, enum drop why)
{
	while (t && !list_empty(&t->by_age))
		give_up(t, oldest(t), why);
	if (t)
		set_timer(t);
}

void reass_free(struct reass_table *t)
{
	if (!t)
		return;
	assert(!t->n_datagrams && !t->n_fragments && !t->charged_bytes);
	while (t->chunks) {
		struct chunk *c = t->chunks;
		t->chunks = c->next;
		mem_free(c);
	}
	mem_free(t);
}

struct reass_counts reass_counts(const struct reass_table *t)
{
	if (!t)
		return (struct reass_counts){ 0 };
	return (struct reass_counts){ .datagrams = t->n_datagrams,
				      .fragments = t->n_fragments,
				      .bytes = t->held_bytes };
}
