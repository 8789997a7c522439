/* SPDX-License-Identifier: BSD-2-Clause */
/* What `leat explain` says is what happens. Between the deeds of a plan, random packets come in at random ends of wires, or are sent by
 * random sockets: once explained, and once for real with a trace on. The real one happens in a copy of the process, too, so that
 * the plan goes on as if nothing had been; both copies begin in the same state. Compared are the records of the trace, one by
 * one and byte by byte, and the frames that leave. And the save files of the stack before and after explaining are the same.
 *
 * Of a packet that a socket sends, the records are compared by node and fate, and the frames: an explained one may leave its source
 * open, as the one of a socket does only for as long as the socket asks for it. */
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain/explain.h"
#include "prop.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/udp.h"

enum { STEPS_MAX = 1000, FRAME_MAX = 4200, PER_DEED = 3, SAVE_EACH = 8, OWN_LEN_MAX = 3000 };

/* A step as both copies tell it. */
struct told {
	struct trace_record at;
	uint32_t frame_len; /* 0: it is a record, else a frame that leaves by at.out_if */
	uint8_t frame[FRAME_MAX];
};

struct side {
	unsigned n;
	struct told *told; /* [STEPS_MAX] */
	bool whole; /* the copy came to its end */
};

/* A packet to try. */
struct trial {
	struct world *w;
	struct leat_stack *st;
	unsigned node;
	struct iface *in; /* where it comes in; NULL: sent by a socket */
	uint32_t len;
	uint8_t bytes[FRAME_MAX];
	struct explain_ask ask;
	struct prop_addr to;
	uint32_t payload;
	int out; /* of the copy */
};

static uint32_t below(uint64_t *r, uint32_t n)
{
	return (uint32_t)(random_next(r) % n);
}

/* --- what a copy tells --- */

static void write_told(const struct trial *t, const struct trace_record *r, const uint8_t *frame,
		       uint32_t len)
{
	static struct told to;
	memset(&to, 0, sizeof to);
	to.at = *r;
	if (frame) {
		to.frame_len = len;
		memcpy(to.frame, frame, MIN(len, (uint32_t)FRAME_MAX));
	}
	aside_write(t->out, &to, sizeof to);
}

/* Only our packet, and what it gives rise to, is in both traces: questions for neighbours come of themselves. */
static void tell(const struct explain_step *s, void *ctx)
{
	const struct trial *t = ctx;
	if (s->at.trace_id == 1)
		write_told(t, &s->at, s->leaves ? s->frame : NULL, s->at.len);
}

/* There is one in both copies, since what is said about the packet comes to it. */
static struct sock *open_sender(const struct trial *t)
{
	bool is6 = t->to.family == AF_INET6;
	int mark = (int)t->ask.mark, dont = IP_PMTUDISC_DONT, off = 0;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sock *s;
	if (sock_open(t->st, t->to.family, SOCK_DGRAM, 0, NULL, &s))
		_exit(4);
	sock_setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
	sock_setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof dont);
	sock_setsockopt(s, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, &off, sizeof off);
	if (sock_bind(s, is6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a, is6 ? sizeof a6 : sizeof a))
		_exit(4);
	return s;
}

static void explain_it(struct leat_runtime *rt, int out, void *ctx)
{
	struct trial *t = ctx;
	t->out = out;
	if (!t->in)
		open_sender(t);
	if (explain_play(t->st, &t->ask, tell, t))
		_exit(3);
}

/* --- for real --- */

/* The driver's own transmit function, behind one that looks at what it is given. */
struct spied {
	const struct iface_ops *was;
	struct iface_ops ops;
	const struct trial *t;
};

static void spy(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	const struct spied *s = container_of(ifc->ops, struct spied, ops);
	static uint8_t frame[FRAME_MAX];
	for (unsigned i = 0; i < n; i++) {
		struct trace_record r = { .trace_id = p[i]->trace_id,
					  .out_if = ifc->handle,
					  .len = p[i]->len };
		struct cursor c = pkt_cursor(p[i]);
		if (!(p[i]->flags & PKT_F_TRACED))
			continue;
		cur_copy(&c, frame, MIN(p[i]->len, (uint32_t)sizeof frame));
		write_told(s->t, &r, frame, p[i]->len);
	}
	s->was->xmit(ifc, w, p, n);
}

static void spy_on_all(const struct trial *t)
{
	for (struct iface *i = iface_next(t->st, 0); i; i = iface_next(t->st, i->ifindex)) {
		struct spied *s = i->ops->inward ? NULL : calloc(1, sizeof *s);
		if (!s)
			continue;
		s->was = i->ops;
		s->ops = *i->ops;
		s->ops.xmit = spy;
		s->t = t;
		i->ops = &s->ops;
	}
	for (unsigned i = 1; i <= WIRES_MAX; i++) /* nobody answers at the same instant */
		if (t->w->wire[i].w)
			sim_wire_cut(t->w->wire[i].w, true);
}

/* As a driver would. */
static void come_in(const struct trial *t)
{
	struct worker *w = t->st->worker[t->ask.worker];
	struct pkt *p = pkt_new(w->lc);
	if (!p || !pkt_append(w->lc, p, t->bytes, t->len))
		_exit(3);
	iface_input(w, t->in, &p, 1);
}

static void send_it(const struct trial *t, struct sock *s)
{
	static uint8_t payload[OWN_LEN_MAX];
	bool is6 = t->to.family == AF_INET6;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	memcpy(&in.sin_addr, &t->to.a, 4);
	memcpy(&in6.sin6_addr, &t->to.a, 16);
	if (sock_sendto(s, payload, t->payload, 0, is6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
			is6 ? sizeof in6 : sizeof in) < 0)
		_exit(4); /* refused before there was a packet */
}

/* The trace that `leat trace` starts. It ends with the process. */
static void do_it(struct leat_runtime *rt, int out, void *ctx)
{
	struct trial *t = ctx;
	struct trace_record r;
	uint64_t lost = 0;
	t->out = out;
	struct sock *s = t->in ? NULL : open_sender(t);
	aside_settle(rt);
	spy_on_all(t);
	if (trace_start(t->st, NULL, 0, 1))
		_exit(3);
	if (t->in)
		come_in(t);
	else
		send_it(t, s);
	aside_settle(rt);
	while (trace_read(t->st, &r, 1, &lost))
		write_told(t, &r, NULL, 0);
	if (lost)
		_exit(3);
}

static void save_it(struct leat_runtime *rt, int out, void *ctx)
{
	struct trial *t = ctx;
	char *text;
	size_t len;
	if (stack_save_text(t->st, &text, &len))
		_exit(3);
	aside_write(out, text, len);
}

/* --- the copies --- */

static size_t read_all(int fd, void *to, size_t room)
{
	size_t got = 0;
	for (ssize_t n; got < room && (n = read(fd, (char *)to + got, room - got)) > 0;)
		got += (size_t)n;
	return got;
}

/* 0, or what the copy ended by. */
static int play_side(struct trial *t, aside_fn *fn, struct side *ret)
{
	struct aside a;
	if (aside_start(t->st->rt, NULL, fn, t, &a))
		abort();
	ret->n = (unsigned)(read_all(a.fd, ret->told, STEPS_MAX * sizeof ret->told[0]) / sizeof ret->told[0]);
	ret->whole = ret->n < STEPS_MAX;
	return aside_end(&a, ret->whole);
}

enum { SAVE_ROOM = 8 << 20 };

static uint64_t hash_of_save(struct trial *t)
{
	static const struct sipkey key = { { 1, 2 } };
	struct aside a;
	char *text = malloc(SAVE_ROOM);
	if (!text || aside_start(t->st->rt, NULL, save_it, t, &a))
		abort();
	size_t len = read_all(a.fd, text, SAVE_ROOM);
	aside_end(&a, true);
	uint64_t h = siphash(&key, text, len);
	free(text);
	return len ? h : 0;
}

/* --- comparing --- */

/* One worker's records are in the order of events, those of several in no certain one. */
static int by_worker(const void *x, const void *y)
{
	const struct told *a = *(const struct told *const *)x, *b = *(const struct told *const *)y;
	if (a->at.worker != b->at.worker)
		return a->at.worker < b->at.worker ? -1 : 1;
	return a < b ? -1 : a > b;
}

static unsigned pick(const struct side *s, bool frames, const struct told **to)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (!s->told[i].frame_len == !frames)
			to[n++] = &s->told[i];
	if (!frames)
		qsort(to, n, sizeof to[0], by_worker);
	return n;
}

static bool same_record(const struct trace_record *a, const struct trace_record *b, bool closely)
{
	if (a->node != b->node || a->next != b->next || a->drop != b->drop || a->kept != b->kept)
		return false;
	if (!closely)
		return true;
	return a->worker == b->worker && a->in_if == b->in_if && a->out_if == b->out_if && a->len == b->len &&
	       a->snap_len == b->snap_len && !memcmp(a->snap, b->snap, a->snap_len) &&
	       a->ethertype == b->ethertype && a->layer == b->layer && a->gso == b->gso &&
	       a->csum == b->csum && !strcmp(a->text, b->text);
}

static bool same_frame(const struct told *a, const struct told *b)
{
	return a->at.out_if == b->at.out_if && a->frame_len == b->frame_len &&
	       !memcmp(a->frame, b->frame, MIN(a->frame_len, (uint32_t)FRAME_MAX));
}

static const char *node_name(const struct trial *t, unsigned id)
{
	const struct node *n = graph_node(t->st, (uint16_t)id);
	return n ? n->name : "-";
}

static void describe(const struct trial *t, const struct told *x, char *to, size_t len)
{
	const struct trace_record *r = x ? &x->at : NULL;
	if (!r)
		snprintf(to, len, "nothing");
	else if (x->frame_len)
		snprintf(to, len, "a frame of %u bytes by interface %x", x->frame_len, r->out_if);
	else
		snprintf(to, len, "%s%s%s, %u bytes, worker %u", node_name(t, r->node),
			 r->drop   ? " DROP "
			 : r->kept ? " keeps it"
				   : " -> ",
			 r->drop   ? drop_name((enum drop)r->drop)
			 : r->kept ? ""
				   : node_name(t, r->next),
			 r->len, r->worker);
}

static bool differs(const struct trial *t, const char *what, unsigned i, const struct told *a,
		    const struct told *b)
{
	char said[120], was[120], hex[2 * 64 + 1] = "";
	describe(t, a, said, sizeof said);
	describe(t, b, was, sizeof was);
	for (unsigned k = 0; k < 64 && k < t->len; k++)
		snprintf(hex + 2 * k, 3, "%02x", t->bytes[k]);
	return broken(t->w, "explained: %s %u at n%u: explained as %s, but %s; the packet: %s", what, i,
		      t->node, said, was, hex);
}

static bool compare(const struct trial *t, const struct side *said, const struct side *was, bool frames)
{
	static const struct told *a[STEPS_MAX], *b[STEPS_MAX];
	unsigned n = pick(said, frames, a), m = pick(was, frames, b);
	for (unsigned i = 0; i < MAX(n, m); i++) {
		const struct told *x = i < n ? a[i] : NULL, *y = i < m ? b[i] : NULL;
		if (!x || !y || !(frames ? same_frame(x, y) : same_record(&x->at, &y->at, t->in)))
			return differs(t, frames ? "frame" : "record", i, x, y);
	}
	return true;
}

static bool try_it(struct trial *t, bool look_at_saves)
{
	static struct side said, was;
	uint64_t before = look_at_saves ? hash_of_save(t) : 0;
	if (!said.told)
		said.told = malloc(STEPS_MAX * sizeof said.told[0]);
	if (!was.told)
		was.told = malloc(STEPS_MAX * sizeof was.told[0]);
	int err = play_side(t, explain_it, &said);
	if (look_at_saves && before != hash_of_save(t))
		return broken(t->w, "explained: the save file of n%u is another one afterwards", t->node);
	int err2 = play_side(t, do_it, &was);
	if (err2 >> 8 == 4) /* sendto() has said no */
		return true;
	if (err || err2)
		return broken(t->w, "explained: copies ended by %x and %x", err, err2);
	if (!said.whole || !was.whole)
		return broken(t->w, "explained: there is no end to it");
	t->w->reached.explained++;
	return compare(t, &said, &was, false) && compare(t, &said, &was, true);
}

/* --- packets --- */

static struct prop_addr any_addr(struct world *w, uint64_t *r, bool v6)
{
	struct prop_addr a;
	unsigned node = 1 + below(r, NODES_MAX);
	for (unsigned i = 0; i < 8; i++, node = 1 + below(r, NODES_MAX)) {
		uint32_t kind = below(r, ADDR_KINDS / 2) * 2 + v6;
		if (w->node[node].n && addr_choose(w, node, kind, below(r, 4), &a))
			return a;
	}
	a = addr_of_node(node, v6);
	a.a.b[v6 ? 1 : 0] ^= (uint8_t)below(r, 4); /* perhaps nobody's */
	return a;
}

static void write_udp(struct trial *t, uint64_t *r, uint8_t *to, uint32_t len)
{
	struct udp_hdr h = { be16_of((uint16_t)(1000 + below(r, 3))), be16_of((uint16_t)(7 + below(r, 40))),
			     be16_of((uint16_t)len), be16_of(0) };
	memcpy(to, &h, MIN(len, (uint32_t)sizeof h));
}

static uint8_t any_proto(uint64_t *r)
{
	static const uint8_t protos[] = { IP_PROTO_UDP,   IP_PROTO_UDP, IP_PROTO_ICMP4,
					  IP_PROTO_ICMP6, IP_PROTO_TCP, 253 };
	return protos[below(r, sizeof protos)];
}

static uint8_t any_ttl(uint64_t *r)
{
	static const uint8_t ttls[] = { 64, 64, 64, 2, 1, 0, 255 };
	return ttls[below(r, sizeof ttls)];
}

static uint32_t put_ip4(struct trial *t, uint64_t *r, uint8_t *at, uint32_t len)
{
	struct ip4_hdr h = { .ver_ihl = IP4_VER_IHL,
			     .tos = (uint8_t)(below(r, 4) ? 0 : below(r, 256)),
			     .len = be16_of((uint16_t)len),
			     .id = be16_of((uint16_t)below(r, 3)),
			     .ttl = any_ttl(r),
			     .proto = any_proto(r),
			     .src = any_addr(t->w, r, false).a.v4,
			     .dst = any_addr(t->w, r, false).a.v4 };
	if (!below(r, 3))
		h.frag = be16_of(IP4_DF);
	if (!below(r, 8))
		h.frag = be16_of((uint16_t)(below(r, 2) ? IP4_MF : below(r, 100)));
	if (!below(r, 8))
		h.src.b[0] = (uint8_t)below(r, 256);
	ip4_csum_set(&h);
	memcpy(at, &h, sizeof h);
	write_udp(t, r, at + sizeof h, len - (uint32_t)sizeof h);
	return len;
}

static uint32_t put_ip6(struct trial *t, uint64_t *r, uint8_t *at, uint32_t len)
{
	len = MAX(len, (uint32_t)(sizeof(struct ip6_hdr) + 8));
	struct ip6_hdr h = { .ver_tc_flow = be32_of(6U << 28 | below(r, 16)),
			     .payload_len = be16_of((uint16_t)(len - sizeof h)),
			     .next = any_proto(r),
			     .hop_limit = any_ttl(r),
			     .src = any_addr(t->w, r, true).a.v6,
			     .dst = any_addr(t->w, r, true).a.v6 };
	if (!below(r, 10))
		h.next = below(r, 2) ? IP_PROTO_FRAGMENT : IP_PROTO_HOPOPTS;
	memcpy(at, &h, sizeof h);
	write_udp(t, r, at + sizeof h, len - (uint32_t)sizeof h);
	return len;
}

static void make_frame(struct trial *t, uint64_t *r)
{
	struct eth_hdr h;
	bool v6 = below(r, 2), tagged = !below(r, 6);
	uint32_t at = sizeof h, len = below(r, 4) ? 28 + below(r, 200) : 28 + below(r, 3000);
	uint16_t type = v6 ? ETH_P_IPV6 : ETH_P_IP;
	struct vlan_tag tag = { be16_of((uint16_t)(1 + below(r, 40))), be16_of(type) };
	memcpy(h.dst, t->in->mac, 6);
	memcpy(h.src, (const uint8_t[6]){ 2, 0xee, 0, 0, 0, 1 }, 6);
	if (!below(r, 8))
		memset(h.dst, below(r, 2) ? 0xff : 0x33, 6);
	h.type = be16_of(tagged ? ETH_P_8021Q : type);
	memcpy(t->bytes, &h, sizeof h);
	if (tagged)
		memcpy(t->bytes + at, &tag, sizeof tag);
	at += tagged ? (uint32_t)sizeof tag : 0;
	t->len = at + (v6 ? put_ip6(t, r, t->bytes + at, len) : put_ip4(t, r, t->bytes + at, len));
	if (!below(r, 12))
		t->bytes[below(r, t->len)] ^= (uint8_t)(1U << below(r, 8));
	t->ask.bytes = t->bytes;
	t->ask.len = t->len;
}

static bool choose_end(struct trial *t, uint64_t *r)
{
	for (unsigned i = 0; i < 20; i++) {
		unsigned wire = 1 + below(r, WIRES_MAX), e = below(r, 2);
		if (!iface_of(t->w, wire, e) || !stack_of(t->w, t->w->wire[wire].node[e]))
			continue;
		t->node = t->w->wire[wire].node[e];
		t->st = stack_of(t->w, t->node);
		t->in = iface_of(t->w, wire, e);
		t->ask.in_if = t->in->handle;
		t->ask.worker = below(r, t->st->n_workers);
		return true;
	}
	return false;
}

static uint32_t put_own(struct trial *t, bool v6)
{
	struct udp_hdr u = { be16_of(9), be16_of(7), be16_of((uint16_t)(8 + t->payload)), be16_of(0) };
	struct ip4_hdr h4 = { .ver_ihl = IP4_VER_IHL, .ttl = 64, .proto = IP_PROTO_UDP, .dst = t->to.a.v4 };
	struct ip6_hdr h6 = {
		.ver_tc_flow = be32_of(6U << 28), .next = IP_PROTO_UDP, .hop_limit = 64, .dst = t->to.a.v6
	};
	uint32_t at = v6 ? sizeof h6 : sizeof h4;
	memset(t->bytes, 0, sizeof t->bytes);
	memcpy(t->bytes, v6 ? (const void *)&h6 : &h4, at);
	memcpy(t->bytes + at, &u, sizeof u);
	return at + (uint32_t)sizeof u + t->payload;
}

static bool is_for_one(const struct prop_addr *a)
{
	if (a->family == AF_INET6)
		return !ip6_is_multicast(&a->a.v6) && !ip6_is_link_local(&a->a.v6);
	return !ip4_is_group(a->a.v4) && a->a.b[3] != 255;
}

/* The home of an endpoint follows from its number, so both must be sent by the same worker: there is to be one alone. */
static bool choose_sender(struct trial *t, uint64_t *r)
{
	bool v6 = below(r, 2);
	t->node = 1 + below(r, NODES_MAX);
	t->st = stack_of(t->w, t->node);
	t->to = any_addr(t->w, r, v6);
	t->payload = below(r, 4) ? below(r, 300) : below(r, OWN_LEN_MAX);
	if (!t->st || t->st->n_workers != 1 || !is_for_one(&t->to))
		return false;
	t->ask.mark = below(r, 3) ? 0 : below(r, 4);
	t->len = put_own(t, v6);
	t->ask.bytes = t->bytes;
	t->ask.len = t->len;
	return true;
}

void explained_some(struct world *w, uint64_t *r, uint64_t *left)
{
	static struct trial t;
	for (unsigned i = 0; i < PER_DEED && *left && holds(w); i++) {
		memset(&t, 0, sizeof t);
		t.w = w;
		if (below(r, 5) ? !choose_end(&t, r) : !choose_sender(&t, r))
			continue;
		if (t.in)
			make_frame(&t, r);
		uint64_t was = w->reached.explained;
		try_it(&t, !below(r, SAVE_EACH));
		*left -= w->reached.explained - was;
	}
}
