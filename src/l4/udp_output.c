/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending of UDP and UDP-Lite.
 *
 * Segments (UDP_SEGMENT): one call brings many datagrams, all but the last of one length. They stay one large packet on their way
 * through the stack, and the edge splits it if the device cannot (pkt/gso.h); so what has no checksum, or UDP-Lite's, is refused,
 * with Linux's errors.
 *
 * Corked (MSG_MORE, UDP_CORK): the first call says where to and how, the next ones bring bytes; the datagram leaves when one comes without
 * MSG_MORE and the cork is not set, or when it is taken out. What waits is memory of the stack, beside the endpoint. What is too long in
 * the end is lost as a whole.
 *
 * UDP-Lite (RFC 3828): the sum covers what the program says, and is made at once, since devices sum all or nothing. */
#include "l4/udp_internal.h"

enum { SEGMENTS_MAX = 128 /* Linux: UDP_MAX_SEGMENTS */, ROOM_FIRST = 512 };

struct udp_cork {
	struct l4_path path; /* it points to what follows */
	struct ip4_own_options options;
	uint8_t *ext[2], *bytes;
	uint32_t len, room;
	uint16_t segment;
};

/* --- one datagram, or one large packet of them --- */

/* RFC 3828, 3.1. Linux: a coverage as long as the datagram or longer is written as its length. */
static void put_lite(const struct l4_end *e, const struct l4_path *path, struct udp_hdr *h, const void *buf,
		     size_t len)
{
	uint32_t whole = (uint32_t)(sizeof *h + len), cover = whole;
	h->len = be16_of((uint16_t)whole);
	if (e->opt->has_send_coverage && e->opt->send_coverage < whole) {
		h->len = be16_of(e->opt->send_coverage);
		cover = e->opt->send_coverage ? e->opt->send_coverage : whole;
	}
	uint32_t sum = path->is6 ? csum_pseudo6(&path->src, &path->dst, path->proto, whole)
				 : csum_pseudo4(l4_v4(&path->src), l4_v4(&path->dst), path->proto, whole);
	sum = csum_add(sum, csum_add(csum_mem(h, sizeof *h), csum_mem(buf, cover - sizeof *h)));
	h->csum = be16_of(csum_done_udp(sum));
}

static bool goes_unsummed(const struct l4_end *e, const struct l4_path *path)
{
	return path->is6 ? e->opt->no_check6_tx : e->opt->no_check;
}

/* Linux: udp_send_skb(). */
static int check_segments(const struct l4_end *e, const struct l4_path *path, uint32_t segment, size_t len)
{
	if (l4_headers_len(path) + sizeof(struct udp_hdr) + MIN(len, (size_t)segment) > path->mtu)
		return -EMSGSIZE;
	if (len > (size_t)segment * SEGMENTS_MAX || goes_unsummed(e, path))
		return -EINVAL;
	return udp_is_lite(e) ? -EIO : 0;
}

static int emit(struct l4_end *e, const struct l4_path *path, uint16_t segment, const void *buf, size_t len,
		bool unchecked)
{
	struct udp_hdr h = { .sport = be16_of(e->local.port),
			     .dport = be16_of(path->dport),
			     .len = be16_of((uint16_t)(sizeof h + len)) };
	struct l4_out o = { .hdr = &h,
			    .hdr_len = sizeof h,
			    .csum_off = offsetof(struct udp_hdr, csum),
			    .pseudo = true,
			    .buf = buf,
			    .len = len,
			    .segment = segment,
			    .unchecked = unchecked };
	int err = segment ? check_segments(e, path, segment, len) : 0;
	if (udp_is_lite(e))
		put_lite(e, path, &h, buf, len);
	if (udp_is_lite(e) || goes_unsummed(e, path))
		o.csum_off = -1;
	if (!err)
		err = l4_output(e, path, &o);
	if (!err && !e->probe)
		udp_count(e->home, udp_is_lite(e), path->is6, UDP_N_OUT_DATAGRAMS, 1);
	else if (err == -ENOBUFS)
		udp_count(e->home, udp_is_lite(e), path->is6, UDP_N_SNDBUF_ERRORS, 1);
	return err;
}

/* --- corked --- */

static struct udp_cork *cork_of(const struct l4_end *e)
{
	return e->more ? e->more->cork : NULL;
}

void udp_forget(struct l4_end *e)
{
	struct udp_cork *c = cork_of(e);
	if (!c)
		return;
	mem_free(c->bytes);
	mem_free(c->ext[0]);
	mem_free(c->ext[1]);
	mem_free(c);
	e->more->cork = NULL;
}

/* What the path points to is the caller's or the endpoint's: it is copied. */
static bool keep_path(struct l4_end *e, struct udp_cork *c, const struct l4_path *path)
{
	c->path = *path;
	if (path->options) {
		c->options = *path->options;
		c->path.options = &c->options;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(c->ext); i++) {
		if (!path->ext[i].len)
			continue;
		c->ext[i] = mem_zalloc(&e->st->mem, path->ext[i].len);
		if (!c->ext[i])
			return false;
		memcpy(c->ext[i], path->ext[i].bytes, path->ext[i].len);
		c->path.ext[i].bytes = c->ext[i];
	}
	return true;
}

static int begin(struct l4_end *e, const struct l4_path *path, uint16_t segment)
{
	struct l4_more *m = l4_more(e);
	struct udp_cork *c = m ? mem_zalloc(&e->st->mem, sizeof *c) : NULL;
	if (!c)
		return -ENOBUFS;
	m->cork = c;
	c->segment = segment;
	if (keep_path(e, c, path))
		return 0;
	udp_forget(e);
	return -ENOBUFS;
}

static bool make_room(struct l4_end *e, struct udp_cork *c, uint32_t len)
{
	uint32_t room = MAX(c->room * 2, (uint32_t)ROOM_FIRST);
	room = MAX(room, len);
	if (len <= c->room)
		return true;
	uint8_t *bytes = mem_resize(&e->st->mem, c->bytes, room);
	if (!bytes)
		return false;
	c->bytes = bytes;
	c->room = room;
	return true;
}

static int put(struct l4_end *e, struct udp_cork *c, const void *buf, size_t len)
{
	int err = l4_check_len(e, &c->path, sizeof(struct udp_hdr) + c->len + len, c->segment);
	if (!err)
		err = l4_may_send(e);
	if (err || !len)
		return err;
	if (!make_room(e, c, c->len + (uint32_t)len))
		return -ENOBUFS;
	memcpy(c->bytes + c->len, buf, len);
	c->len += (uint32_t)len;
	return 0;
}

static int push(struct l4_end *e)
{
	struct udp_cork *c = cork_of(e);
	int err = emit(e, &c->path, c->segment, c->bytes, c->len, true);
	udp_forget(e);
	return err;
}

static ssize_t append(struct l4_end *e, const struct l4_send *s)
{
	int err = put(e, cork_of(e), s->buf, s->len);
	if (err)
		udp_forget(e);
	else if (!s->more && !e->opt->cork)
		err = push(e);
	return err ? err : (ssize_t)s->len;
}

void udp_uncork(struct l4_end *e)
{
	if (cork_of(e))
		push(e);
}

/* --- a call --- */

ssize_t udp_send(struct l4_end *e, const struct l4_send *s)
{
	const struct l4_addr *to = s->to ? s->to : &e->peer;
	struct l4_path path;
	if (s->len > UINT16_MAX)
		return -EMSGSIZE;
	if (unlikely(cork_of(e)))
		return append(e, s);
	if (!s->to && !e->connected)
		return -EDESTADDRREQ;
	if (!to->port)
		return -EINVAL;
	uint16_t segment = s->with && s->with->has_segment ? s->with->segment : e->opt->segment;
	int err = l4_path_find(e, to, s->with, &path);
	if (err)
		return err;
	if (unlikely((s->more || e->opt->cork) && !e->probe)) {
		err = begin(e, &path, segment);
		return err ? err : append(e, s);
	}
	err = emit(e, &path, segment, s->buf, s->len, false);
	return err ? err : (ssize_t)s->len;
}
