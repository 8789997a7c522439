/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way a datagram goes, and how it is put together. The way is looked up before anything is built, so that the sender
 * learns at once what Linux would tell it; what happens later on the way (a neighbour that does not answer, a full queue) is
 * counted there.
 *
 * What is longer than the MTU of the path is cut at ip4-frag and ip6-frag, unless the socket says no. */
#include <linux/rtnetlink.h>

#include <linux/if_ether.h>

#include "l4/group.h"
#include "l4/l4_internal.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "pkt/csum.h"

static const struct {
	enum drop why;
	int err;
} errors[] = {
	{ DROP_IP_NO_ROUTE, -ENETUNREACH },
	{ DROP_IP_BLACKHOLE, -EINVAL },
	{ DROP_IP_UNREACHABLE, -EHOSTUNREACH },
	{ DROP_IP_PROHIBIT, -EACCES },
	{ DROP_IF_GONE, -ENODEV },
};

static int errno_of(enum drop why)
{
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].why == why)
			return errors[i].err;
	return -EHOSTUNREACH;
}

/* Linux: nothing may leave the host from a loopback address, and nothing else than it can reach one. */
static bool source_fits(const struct l4_path *path, const struct ip_way *way)
{
	if (path->is6)
		return ip6_is_loopback(&path->src) ? way->type == RTN_LOCAL : true;
	return !ip4_is_loopback(l4_v4(&path->src)) || way->type == RTN_LOCAL;
}

/* To nobody in particular: to this host (RFC 1122, 3.2.1.3; Linux). */
static struct ip6 real_dst(const struct ip6 *to)
{
	if (!l4_is_any(to))
		return *to;
	return l4_is4(to) ? l4_of4(be32_of(0x7f000001)) : (struct ip6){ { [15] = 1 } };
}

static bool is_group(const struct l4_path *path)
{
	return path->type == RTN_MULTICAST;
}

static bool is_for_many(const struct l4_path *path)
{
	return path->type == RTN_MULTICAST || path->type == RTN_BROADCAST;
}

static void fill_options(const struct l4_end *e, const struct l4_with *with, struct l4_path *path,
			 uint8_t default_hops)
{
	static const struct l4_with none = { .hops = -1, .tos = -1, .dontfrag6 = -1 };
	int hops = path->is6 ? (is_group(path) ? e->opt->mcast_hops : e->opt->hops)
			     : (is_group(path) ? e->opt->mcast_ttl : e->opt->ttl);
	with = with ? with : &none;
	hops = with->hops < 0 ? hops : with->hops;
	path->whole6 = path->is6 && (with->dontfrag6 < 0 ? e->opt->dontfrag6 : with->dontfrag6);
	path->proto = e->proto;
	path->ttl = (uint8_t)(hops < 0 ? default_hops : hops);
}

static void fill_tos(const struct l4_end *e, const struct l4_with *with, struct l4_path *path)
{
	path->tos = path->is6 ? e->opt->tclass : e->opt->tos;
	if (with && with->tos >= 0)
		path->tos = (uint8_t)with->tos;
}

/* That can be written at all. */
static uint32_t longest_packet(const struct l4_path *path)
{
	return path->is6 ? (uint32_t)sizeof(struct ip6_hdr) + UINT16_MAX : IP4_LEN_MAX;
}

static void fill_limits(const struct l4_end *e, struct l4_path *path, const struct ip_way *way)
{
	uint8_t disc = path->is6 ? e->opt->pmtudisc6 : e->opt->pmtudisc4;
	path->by_link = disc >= IP_PMTUDISC_PROBE; /* Linux: ip_sk_use_pmtu() */
	path->mtu = path->by_link ? way->link_mtu : way->mtu;
	path->mtu = path->is6 ? path->mtu : MIN(path->mtu, (uint32_t)IP4_LEN_MAX);
	if (path->is6 && e->opt->frag_size && e->opt->frag_size < path->mtu) {
		path->cut_at = (uint16_t)e->opt->frag_size;
		path->mtu = e->opt->frag_size;
	}
	path->known_mtu = MIN(way->mtu, path->is6 ? way->mtu : (uint32_t)IP4_LEN_MAX);
	path->link_mtu = way->link_mtu;
	path->df = disc == IP_PMTUDISC_DO || disc == IP_PMTUDISC_PROBE;
	bool whole = path->df || disc == IP_PMTUDISC_INTERFACE;
	path->max_len = whole ? path->mtu : longest_packet(path);
	if (disc == IP_PMTUDISC_WANT && !way->mtu_locked)
		path->df = true; /* for what fits: l4_output() */
}

/* Linux: groups and the limited broadcast leave by the interface of the source, if one is bound. */
static uint32_t if_of_source(const struct l4_end *e, const struct l4_path *path)
{
	be32 dst = l4_v4(&path->dst);
	struct ipaddr src = { .v4 = l4_v4(&e->local.a) };
	if (!l4_is4(&e->local.a) || l4_is_any(&e->local.a) ||
	    !(ip4_is_multicast(dst) || be32_get(dst) == UINT32_MAX))
		return 0;
	const struct addr *a = addr_find(e->home, AF_INET, &src);
	return a ? a->if_handle : 0;
}

/* The interface that the sender has named, in one way or another; 0: none. */
static uint32_t asked_if(const struct l4_end *e, const struct l4_addr *to, const struct l4_with *with,
			 const struct l4_path *path)
{
	uint32_t out_if = e->opt->bound_if ? e->opt->bound_if : to->if_handle;
	if (with && with->out_if && !out_if)
		out_if = with->out_if;
	bool group = path->is6 ? ip6_is_multicast(&path->dst) : ip4_is_multicast(l4_v4(&path->dst));
	if (!out_if && group)
		out_if = e->opt->mcast_if;
	if (!out_if && !path->is6)
		out_if = if_of_source(e, path);
	if (!out_if && path->is6 && ip6_is_link_local(&path->dst))
		out_if = e->local.if_handle;
	return out_if;
}

static struct ipaddr addr_of(const struct ip6 *a)
{
	return l4_is4(a) ? (struct ipaddr){ .v4 = l4_v4(a) } : (struct ipaddr){ .v6 = *a };
}

const struct ip4_own_options *l4_options_of(const struct l4_end *e, const struct l4_with *with)
{
	const struct ip4_own_options *o = with && with->has_options ? &with->options : &e->opt->options;
	return o->len ? o : NULL;
}

/* Where it goes first: a source route says so. */
static struct ip6 first_dst(const struct l4_path *path)
{
	bool routed = path->options && be32_get(path->options->hop);
	return routed ? l4_of4(path->options->hop) : path->dst;
}

/* What the rules may ask of it: as ip4-output and ip6-output will ask of the packet. */
static struct fib_query query_of(const struct l4_end *e, const struct l4_path *path)
{
	struct ipaddr src = { 0 };
	const struct ip6 dst = first_dst(path);
	if (l4_is4(&path->src) != path->is6)
		src = addr_of(&path->src);
	return (struct fib_query){
		.family = path->is6 ? AF_INET6 : AF_INET,
		.dst = addr_of(&dst),
		.src = src,
		.oif = path->asked_if,
		.mark = path->mark,
		.uid = e->uid,
		.proto = e->proto,
		.dsfield = path->tos,
		.sport = e->ops->has_ports ? e->local.port : 0,
		.dport = e->ops->has_ports ? path->dport : 0,
	};
}

struct fib_query l4_query(const struct l4_end *e, const struct l4_addr *src, const struct l4_addr *dst)
{
	struct l4_path path = { .dst = dst->a, .dport = dst->port, .src = src->a };
	path.is6 = !l4_is4(&path.dst);
	path.asked_if = asked_if(e, dst, NULL, &path);
	path.mark = e->opt->mark;
	fill_tos(e, NULL, &path);
	return query_of(e, &path);
}

/* Linux: a datagram that brings any brings all. */
static void fill_ext(const struct l4_end *e, const struct l4_with *with, struct l4_path *path)
{
	bool own = !(with && with->has_ext);
	path->ext[0] = own ? e->opt->hop_options : with->hop_options;
	path->ext[1] = own ? e->opt->dst_options : with->dst_options;
}

/* RFC 5014: of what is ours anyway, as the program likes it. A route that names a source has its way. */
static struct ip6 preferred_source(const struct l4_end *e, const struct l4_path *path,
				   const struct ip_way *way)
{
	const struct iface *out = iface_get(e->home, way->out_if);
	const struct ipaddr dst = addr_of(&path->dst);
	struct ipaddr src;
	if (out && e->opt->src_prefs && !way->src_by_route && way->type != RTN_LOCAL &&
	    addr_select_source_as(e->home, out, AF_INET6, &dst, e->opt->src_prefs, &src))
		return src.v6;
	return way->src.v6;
}

static int choose_source(const struct l4_end *e, struct l4_path *path, const struct ip_way *way)
{
	bool bound = !l4_is_any(&path->src) && !(l4_is4(&path->src) && ip4_is_multicast(l4_v4(&path->src))) &&
		     !(!l4_is4(&path->src) && ip6_is_multicast(&path->src));
	if (bound && l4_is4(&path->src) == path->is6)
		return -ENETUNREACH; /* of the other family */
	path->no_src = !bound;
	if (bound)
		return source_fits(path, way) ? 0 : -EINVAL;
	if (!way->has_src)
		return path->is6 ? -EADDRNOTAVAIL : -ENETUNREACH;
	path->src = path->is6 ? preferred_source(e, path, way) : l4_of4(way->src.v4);
	return 0;
}

int l4_path_find(struct l4_end *e, const struct l4_addr *to, const struct l4_with *with, struct l4_path *path)
{
	struct ip_way way;
	*path = (struct l4_path){ .dst = real_dst(&to->a), .dport = to->port };
	path->is6 = !l4_is4(&path->dst);
	if (!path->is6 && e->family == AF_INET6 && e->v6only)
		return -ENETUNREACH;
	path->src = with && with->has_src ? with->src : e->local.a;
	path->options = path->is6 ? NULL : l4_options_of(e, with);
	if (path->is6)
		fill_ext(e, with, path);
	path->asked_if = asked_if(e, to, with, path);
	path->mark = with && with->has_mark ? with->mark : e->opt->mark;
	fill_tos(e, with, path);
	const struct fib_query q = query_of(e, path);
	enum drop why = ip_way(e->home, &q, &way);
	if (why)
		return errno_of(why);
	path->type = way.type;
	path->out_if = way.out_if;
	if (way.type == RTN_BROADCAST && !e->opt->broadcast)
		return -EACCES;
	int err = choose_source(e, path, &way);
	if (err)
		return err;
	fill_options(e, with, path, way.hops);
	fill_limits(e, path, &way);
	return 0;
}

/* --- packets --- */

/* RFC 6437, 2 */
static uint32_t flow_label(const struct l4_end *e, const struct l4_path *path)
{
	bool wanted = e->opt->autolabel ? e->opt->autolabel == L4_LABEL_YES : ip6_labels_by_default(e->st);
	uint64_t ports = e->ops->has_ports ? (uint64_t)e->local.port << 16 | path->dport : 0;
	return ip6_auto_label(e->st, &path->src, &path->dst, (uint64_t)path->proto << 32 | ports, wanted);
}

size_t l4_headers_len(const struct l4_path *path)
{
	if (path->is6)
		return sizeof(struct ip6_hdr) + path->ext[0].len + path->ext[1].len;
	return sizeof(struct ip4_hdr) + (path->options ? path->options->len : 0);
}

static bool has_ext(const struct l4_path *path)
{
	return unlikely(path->ext[0].len || path->ext[1].len);
}

static uint8_t first_next(const struct l4_path *path)
{
	return path->ext[0].len ? IPPROTO_HOPOPTS : path->ext[1].len ? IPPROTO_DSTOPTS : path->proto;
}

/* longest: of what leaves the host. */
static void put_ip_header(const struct l4_end *e, const struct l4_path *path, uint32_t longest, void *to)
{
	if (path->is6) {
		*(struct ip6_hdr *)to = (struct ip6_hdr){
			.ver_tc_flow = be32_of(6u << 28 | (uint32_t)path->tos << 20 | flow_label(e, path)),
			.next = first_next(path),
			.hop_limit = path->ttl,
			.src = path->src,
			.dst = path->dst,
		};
		return;
	}
	const struct ip6 dst = first_dst(path);
	be32 src = l4_v4(&path->src);
	*(struct ip4_hdr *)to = (struct ip4_hdr){
		.ver_ihl = (uint8_t)(4 << 4 | l4_headers_len(path) / 4),
		.tos = path->tos,
		.frag = be16_of(path->df && longest <= path->mtu ? IP4_DF : 0),
		.ttl = path->ttl,
		.proto = path->proto,
		.src = src,
		.dst = l4_v4(&dst),
	};
	if (unlikely(path->options))
		ip4_own_options_put(e->home, path->options, src, l4_v4(&path->dst),
				    (uint8_t *)to + sizeof(struct ip4_hdr));
}

static void put_csum(struct pkt *p, const struct l4_path *path, const struct l4_out *o, uint32_t l4_len)
{
	uint32_t pseudo = 0;
	if (o->pseudo && path->is6)
		pseudo = csum_pseudo6(&path->src, &path->dst, path->proto, l4_len);
	else if (o->pseudo)
		pseudo = csum_pseudo4(l4_v4(&path->src), l4_v4(&path->dst), path->proto, l4_len);
	pkt_csum_defer(p, pseudo, (uint16_t)o->csum_off);
}

int l4_may_send(struct l4_end *e)
{
	int err = l4_take_error(e);
	return !err && e->shut & 2 ? -EPIPE : err;
}

static void send_on(struct l4_end *e, uint16_t node, struct pkt *p)
{
	graph_enqueue(e->home, node, p);
	graph_run(e->home);
}

/* The output node looks the way up again, by the same rules. */
static bool put_sender(const struct l4_end *e, const struct l4_path *path, struct pkt *p)
{
	uint32_t looks = fib_looks(e->home, path->is6 ? AF_INET6 : AF_INET);
	p->out_if = looks ? path->asked_if : path->out_if;
	if (!path->mark && !looks && !path->cut_at)
		return true;
	struct pkt_ext *ext = pkt_ext(e->home->lc, p);
	if (!ext)
		return false;
	ext->mark = path->mark;
	ext->sender.uid = e->uid;
	ext->sender.no_src = path->no_src;
	ext->sender.cut_at = path->cut_at;
	return true;
}

static bool append(struct lcore *lc, struct pkt *p, const void *bytes, size_t len)
{
	return !len || pkt_append(lc, p, bytes, (uint32_t)len);
}

static bool is_heard_here(const struct l4_end *e, const struct l4_path *path)
{
	const struct ipaddr group = addr_of(&path->dst);
	bool wanted = path->is6 ? e->opt->mcast_loop6 : e->opt->mcast_loop4;
	if (path->type == RTN_BROADCAST)
		return true;
	return is_group(path) && wanted &&
	       mcast_find(e->home, path->out_if, path->is6 ? AF_INET6 : AF_INET, &group);
}

/* What goes to a group that somebody here listens to comes in again by the interface it leaves by, unless the sender says no
 * (IP_MULTICAST_LOOP); a broadcast does whatever he says (RFC 922, 4; Linux). Whole, however the link will cut it. */
static void loop(struct l4_end *e, const struct l4_path *path, struct pkt *p)
{
	struct worker *w = e->home;
	const char *input = path->is6 ? "ip6-input" : "ip4-input";
	if (!is_heard_here(e, path))
		return;
	struct pkt *c = l4_copy(w, input, p, p->len);
	if (!c)
		return;
	c->in_if = path->out_if;
	c->out_if = 0;
	c->flags |= PKT_F_LOCAL_OUT;
	c->ethertype = path->is6 ? ETH_P_IPV6 : ETH_P_IP;
	if (path->is6) {
		struct ip6_hdr *h = pkt_l3(c);
		h->payload_len = be16_of((uint16_t)(c->len - sizeof *h));
	} else {
		struct ip4_hdr *h = pkt_l3(c);
		h->len = be16_of((uint16_t)c->len);
		if (!be32_get(h->src)) /* left to the stack (IP_HDRINCL) */
			h->src = l4_v4(&path->src);
		ip4_csum_set(h);
	}
	graph_enqueue(w, node_find(w->st, input), c);
}

/* As they were written, but for what each says comes next. */
static bool append_ext(struct lcore *lc, struct pkt *p, const struct l4_path *path)
{
	const uint8_t next[] = { path->ext[1].len ? IPPROTO_DSTOPTS : path->proto, path->proto };
	for (unsigned i = 0; i < ARRAY_SIZE(next); i++) {
		const struct l4_ext *x = &path->ext[i];
		if (x->len &&
		    (!pkt_append(lc, p, &next[i], 1) || !pkt_append(lc, p, x->bytes + 1, x->len - 1u)))
			return false;
	}
	p->ip_proto = path->proto;
	return true;
}

static bool append_headers(struct lcore *lc, struct pkt *p, const struct l4_path *path, const void *ip,
			   size_t ip_len)
{
	if (has_ext(path))
		return append(lc, p, ip, sizeof(struct ip6_hdr)) && append_ext(lc, p, path);
	return append(lc, p, ip, ip_len);
}

/* They lie together with the transport's in one buffer. */
enum { HEADERS_MAX = 1800 };

/* Hop-by-hop options leave no room for anything else in a fragment. */
static bool is_uncuttable(const struct l4_path *path, size_t len)
{
	size_t each = sizeof(struct ip6_hdr) + path->ext[0].len + sizeof(struct ip6_frag_hdr) + 8;
	return len > path->mtu && each > path->mtu;
}

static void note_sent(struct l4_end *e, const struct l4_path *path)
{
	struct l4_worker *lw = worker_state(e->home, MODULE_l4);
	lw->last_to = path->dst;
	if (e->ops->type == SOCK_RAW && l4_more(e))
		e->more->last_to = path->dst;
}

/* For IPV6_RECVPATHMTU. */
static void note_path(struct l4_end *e, const struct l4_path *path)
{
	if (!e->opt->recvpathmtu || !l4_more(e))
		return;
	e->more->path_to = (struct l4_addr){ .a = path->dst, .if_handle = path->asked_if };
	e->more->path_mtu = path->mtu;
}

int l4_check_len(struct l4_end *e, const struct l4_path *path, size_t l4_len, uint16_t segment)
{
	size_t ip_len = l4_headers_len(path), len = ip_len + l4_len;
	if (segment) /* Linux: how long each is is asked when it leaves */
		return len > longest_packet(path) ? -EMSGSIZE : 0;
	if (ip_len > HEADERS_MAX || (has_ext(path) && is_uncuttable(path, len)))
		return -EMSGSIZE;
	if (path->whole6 && len > path->mtu) {
		note_path(e, path);
		l4_error_too_long(e, path, path->mtu);
		return -EMSGSIZE;
	}
	if (len > path->max_len) {
		l4_error_too_long(e, path, MIN(path->max_len, path->mtu));
		return -EMSGSIZE;
	}
	return 0;
}

static void put_segments(struct pkt *p, const struct l4_out *o)
{
	if (!o->segment || o->len <= o->segment)
		return;
	p->gso = PKT_GSO_UDP_L4;
	p->gso_size = o->segment;
	p->gso_segs = (uint16_t)((o->len + o->segment - 1) / o->segment);
}

static bool put_bytes(struct l4_end *e, const struct l4_path *path, const struct l4_out *o, struct pkt *p)
{
	struct lcore *lc = e->home->lc;
	uint8_t ip[IP4_HDR_MAX];
	size_t ip_len = l4_headers_len(path), each = o->segment ? MIN(o->len, (size_t)o->segment) : o->len;
	put_ip_header(e, path, (uint32_t)(ip_len + o->hdr_len + each + o->tail_len), ip);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + ip_len);
	return append_headers(lc, p, path, ip, ip_len) && append(lc, p, o->hdr, o->hdr_len) &&
	       append(lc, p, o->buf, o->len) && append(lc, p, o->tail, o->tail_len);
}

int l4_output(struct l4_end *e, const struct l4_path *path, const struct l4_out *o)
{
	struct lcore *lc = e->home->lc;
	size_t l4_len = o->hdr_len + o->len + o->tail_len;
	if (unlikely(e->probe)) {
		note_sent(e, path);
		return 0;
	}
	int err = l4_check_len(e, path, l4_len, o->segment);
	if (!err && !o->unchecked)
		err = l4_may_send(e);
	if (err)
		return err;
	struct pkt *p = pkt_new(lc);
	if (!p)
		return -ENOBUFS;
	if (!put_bytes(e, path, o, p) || !put_sender(e, path, p)) {
		pkt_free(lc, p);
		return -ENOBUFS;
	}
	if (o->csum_off >= 0)
		put_csum(p, path, o, (uint32_t)l4_len);
	put_segments(p, o);
	if (path->by_link || path->cut_at)
		p->flags |= PKT_F_LINK_MTU;
	note_sent(e, path);
	if (unlikely(is_for_many(path)))
		loop(e, path, p);
	send_on(e, path->is6 ? l4_stack(e->st)->out6 : l4_stack(e->st)->out4, p);
	return 0;
}

/* Its own destination may be another one than the caller named. */
static bool goes_elsewhere(const struct l4_path *path, const void *hdr)
{
	const struct ip4_hdr *h4 = hdr;
	const struct ip6_hdr *h6 = hdr;
	return path->is6 ? !ip6_eq(&h6->dst, &path->dst) : !be32_eq(h4->dst, l4_v4(&path->dst));
}

int l4_output_whole(struct l4_end *e, const struct l4_path *path, const void *buf, uint32_t len,
		    uint32_t hdr_len)
{
	struct lcore *lc = e->home->lc;
	if (unlikely(e->probe)) {
		note_sent(e, path);
		return 0;
	}
	int err = l4_may_send(e);
	struct pkt *p = err ? NULL : pkt_new(lc);
	if (!p)
		return err ? err : -ENOBUFS;
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + hdr_len);
	if (!pkt_append(lc, p, buf, len)) {
		pkt_free(lc, p);
		return -ENOBUFS;
	}
	if (!put_sender(e, path, p)) {
		pkt_free(lc, p);
		return -ENOBUFS;
	}
	if (path->by_link)
		p->flags |= PKT_F_LINK_MTU;
	note_sent(e, path);
	if (goes_elsewhere(path, p->data))
		p->out_if = e->opt->bound_if;
	else if (unlikely(is_for_many(path)))
		loop(e, path, p);
	send_on(e, path->is6 ? l4_stack(e->st)->whole6 : l4_stack(e->st)->whole4, p);
	return 0;
}

/* MSG_CONFIRM: the program has had an answer from where it sent to, so the next hop there is alive (RFC 4861, 7.3.1). Link-local
 * destinations, which no route finds, are left to probes. */
void l4_confirm(struct l4_end *e)
{
	const struct l4_worker *lw = worker_state(e->home, MODULE_l4);
	const struct ip6 *to = &lw->last_to;
	bool is4 = l4_is4(to);
	struct ipaddr dst = { .v6 = *to };
	if (is4)
		dst = (struct ipaddr){ .v4 = l4_v4(to) };
	uint8_t family = is4 ? AF_INET : AF_INET6;
	const struct fib_query q = { .family = family, .dst = dst, .oif = e->opt->bound_if };
	const struct fib_nh *nh = fib_lookup(e->home, &q);
	if (nh && nh->type == RTN_UNICAST && nh->gw_family)
		neigh_confirm(e->home, nh->if_handle, nh->gw_family, &nh->gw);
	else if (nh && nh->type == RTN_UNICAST)
		neigh_confirm(e->home, nh->if_handle, family, &dst);
}
