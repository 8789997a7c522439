/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a program writes whole headers, of which only their length is looked at; what is in them is why it takes a right
 * to write them. Those of the socket go with every datagram that brings none of its own, and if it brings any, none of the
 * socket's does (Linux). Destination options in front of a routing header (IPV6_RTHDRDSTOPTS) are kept and shown, but go
 * nowhere, for there are no routing headers that a program could send.
 *
 * Left out: routing headers to be sent (types 2 and 4), and the names of RFC 2292. */
#include "sock/ext.h"

#include <netinet/in.h>

#include "wire/ip6.h"

enum { EXT_LEN_MIN = 2, EXT_LEN_MAX = 8 * 255 };

static uint32_t len_of(const uint8_t *hdr)
{
	return (hdr[1] + 1u) * 8;
}

/* --- of a socket --- */

/* In end.more, which there is. */
static void **place_of(const struct sock *s, int name)
{
	return &s->end.more->own[SOCK_OWN_EXT + (name == IPV6_HOPOPTS   ? SOCK_EXT_HOP
						 : name == IPV6_DSTOPTS ? SOCK_EXT_DST
									: SOCK_EXT_DST_FIRST)];
}

static struct l4_ext as_sent(const uint8_t *hdr)
{
	return (struct l4_ext){ hdr, hdr ? (uint16_t)len_of(hdr) : 0 };
}

static int replace(struct sock *s, int name, const uint8_t *hdr, socklen_t len)
{
	uint8_t *now = NULL;
	if (!len && !s->end.more)
		return 0;
	if (!l4_more(&s->end))
		return -ENOMEM;
	void **at = place_of(s, name);
	if (len) {
		now = mem_zalloc(&s->end.st->mem, len);
		if (!now)
			return -ENOMEM;
		memcpy(now, hdr, len);
	}
	mem_free(*at);
	*at = now;
	l4_opts_own(&s->end)->hop_options = as_sent(*place_of(s, IPV6_HOPOPTS));
	l4_opts_own(&s->end)->dst_options = as_sent(*place_of(s, IPV6_DSTOPTS));
	return 0;
}

int sock_ext_set(struct sock *s, int name, const void *val, socklen_t len)
{
	if (name != IPV6_RTHDR && !s->end.net_raw)
		return -EPERM;
	if (len && (len < EXT_LEN_MIN || len % 8 || len > EXT_LEN_MAX || len_of(val) > len))
		return -EINVAL;
	if (name == IPV6_RTHDR)
		return len ? -EINVAL : 0;
	return replace(s, name, val, len);
}

int sock_ext_get(struct sock *s, int name, void *val, socklen_t *len)
{
	const uint8_t *hdr = name == IPV6_RTHDR || !s->end.more ? NULL : *place_of(s, name);
	*len = hdr ? MIN(*len, (socklen_t)len_of(hdr)) : 0;
	if (*len)
		memcpy(val, hdr, *len);
	return 0;
}

void sock_ext_free(struct sock *s)
{
	for (unsigned i = 0; s->end.more && i < SOCK_EXTS; i++) {
		mem_free(s->end.more->own[SOCK_OWN_EXT + i]);
		s->end.more->own[SOCK_OWN_EXT + i] = NULL;
	}
}

/* --- of one datagram --- */

int sock_ext_take(struct sock *s, const struct cmsghdr *c, struct l4_with *ret)
{
	const uint8_t *hdr = CMSG_DATA(c);
	bool hop = c->cmsg_type == IPV6_HOPOPTS;
	if (c->cmsg_type == IPV6_RTHDR || (hop && ret->hop_options.len))
		return -EINVAL;
	if (c->cmsg_len < CMSG_LEN(EXT_LEN_MIN) || c->cmsg_len < CMSG_LEN(len_of(hdr)))
		return -EINVAL;
	if (!s->end.net_raw)
		return -EPERM;
	ret->has_ext = true;
	if (hop)
		ret->hop_options = as_sent(hdr);
	else if (c->cmsg_type == IPV6_DSTOPTS)
		ret->dst_options = as_sent(hdr);
	return 0;
}

static void put_one(struct sock_msg *m, size_t *at, int type, struct cursor c, uint32_t len)
{
	uint8_t hdr[(UINT8_MAX + 1) * 8];
	if (len <= sizeof hdr && cur_copy(&c, hdr, len))
		sock_put_control(m, at, IPPROTO_IPV6, type, hdr, len);
}

/* Linux: that of hop-by-hop options first, as it is on the wire, and then the others in their order. */
void sock_ext_put(const struct sock *s, const struct pkt *p, struct sock_msg *m, size_t *at)
{
	const struct l4_opts *o = s->end.opt;
	struct cursor c = pkt_cursor_at(p, p->l3_off), rest;
	uint8_t next = ((const struct ip6_hdr *)pkt_l3(p))->next, head[2];
	if (!(o->recvhopopts | o->recvdstopts | o->recvrthdr) || !cur_skip(&c, sizeof(struct ip6_hdr)))
		return;
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING) {
		rest = c;
		if (!cur_copy(&rest, head, sizeof head))
			return;
		if (next == IPPROTO_HOPOPTS && o->recvhopopts)
			put_one(m, at, IPV6_HOPOPTS, c, len_of(head));
		else if (next == IPPROTO_DSTOPTS && o->recvdstopts)
			put_one(m, at, IPV6_DSTOPTS, c, len_of(head));
		else if (next == IPPROTO_ROUTING && o->recvrthdr)
			put_one(m, at, IPV6_RTHDR, c, len_of(head));
		if (!cur_skip(&c, len_of(head)))
			return;
		next = head[0];
	}
}
