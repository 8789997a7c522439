/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending and receiving. A datagram is copied once on each way: from the caller into a packet, from a packet to the caller. */
#include <time.h>

#include <linux/errqueue.h>
#include <netinet/ip.h>

#include "sock/sock_internal.h"
#include "wire/icmp_ext.h"

enum { PROBE = 0x10 }; /* Linux: MSG_PROBE, which the C library does not name */

static bool is_udp(const struct sock *s)
{
	return l4_is_udp(&s->end);
}

/* --- out --- */

/* Linux: a raw IPv6 socket lets an address without a family pass, UDP takes it for none. */
static int destination6(struct sock *s, const struct sock_msg *m, struct l4_addr *ret)
{
	struct sockaddr_in6 in6 = { 0 };
	if (m->name_len < offsetof(struct sockaddr_in6, sin6_scope_id))
		return -EINVAL;
	memcpy(&in6, m->name, MIN((size_t)m->name_len, sizeof in6));
	if (in6.sin6_family != AF_UNSPEC && in6.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	in6.sin6_family = AF_INET6;
	return sock_addr_in(s, (struct sockaddr *)&in6, m->name_len, ret);
}

static int destination(struct sock *s, const struct sock_msg *m, struct l4_addr *ret)
{
	const struct sockaddr *sa = m->name;
	if (s->end.family == AF_INET6 && s->end.ops->type == SOCK_RAW)
		return destination6(s, m, ret);
	if (m->name_len >= sizeof sa->sa_family && sa->sa_family == AF_UNSPEC && s->end.family == AF_INET) {
		struct sockaddr_in in; /* Linux: some programs leave the family out */
		if (m->name_len < sizeof in)
			return -EINVAL;
		memcpy(&in, sa, sizeof in);
		in.sin_family = AF_INET;
		return sock_addr_in(s, (struct sockaddr *)&in, sizeof in, ret);
	}
	return sock_addr_in(s, sa, m->name_len, ret);
}

static bool is_to6(const struct sock *s, const struct l4_addr *to)
{
	return s->end.family == AF_INET6 && !l4_is4(to ? &to->a : &s->end.peer.a);
}

static ssize_t send_datagram(struct sock *s, const struct sock_msg *m, int flags)
{
	struct l4_with with;
	struct l4_addr to;
	struct l4_send send = { .buf = m->buf, .len = m->len, .more = flags & MSG_MORE };
	int err = 0;
	if (m->name && m->name_len) {
		err = destination(s, m, &to);
		send.to = &to;
	}
	if (!err && m->control_len) {
		err = sock_take_controls(s, m, is_to6(s, send.to), &with);
		send.with = &with;
	}
	s->end.probe = flags & PROBE;
	ssize_t sent = err ? err : s->end.ops->send(&s->end, &send);
	s->end.probe = false;
	if (sent >= 0 && flags & MSG_CONFIRM)
		l4_confirm(&s->end);
	return sent;
}

static bool may_send_urgent(const struct sock *s) /* Linux: UDP does not look at MSG_OOB */
{
	return is_udp(s) && s->end.family == AF_INET6;
}

ssize_t sock_sendmsg_in_turn(struct sock *s, const struct sock_msg *m, int flags)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (sock_is_stream(s))
		return sock_stream_write(s, m, flags, true);
	return flags & MSG_OOB && !may_send_urgent(s) ? -EOPNOTSUPP : send_datagram(s, m, flags);
}

ssize_t sock_sendmsg(struct sock *s, const struct sock_msg *m, int flags)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (sock_is_stream(s))
		return sock_stream_send(s, m, flags);
	if (flags & MSG_OOB && !may_send_urgent(s))
		return -EOPNOTSUPP;
	l4_enter(&s->end);
	int err = l4_autobind(&s->end); /* Linux: first of all */
	return sock_leave(s, err ? err : send_datagram(s, m, flags));
}

/* --- in --- */

/* Copies what fits; sets MSG_TRUNC for what did not. Returns how much there was. */
static size_t copy_out(struct cursor c, struct sock_msg *m, size_t *ret_copied)
{
	size_t there = cur_left(&c), n = MIN(there, m->len);
	if (n)
		cur_copy(&c, m->buf, (uint32_t)n);
	if (n < there)
		m->flags |= MSG_TRUNC;
	*ret_copied = n;
	return there;
}

static void put_name(struct sock *s, const struct l4_addr *from, struct sock_msg *m)
{
	if (m->name)
		sock_addr_out(s, from, m->name, &m->name_len);
	else
		m->name_len = 0;
}

static void source_of(const struct pkt *p, struct l4_addr *ret)
{
	const uint8_t *l3 = pkt_l3(p);
	*ret = (struct l4_addr){ .if_handle = p->in_if };
	if (*l3 >> 4 == 6) {
		ret->a = ((const struct ip6_hdr *)l3)->src;
		return;
	}
	ret->a = l4_of4(((const struct ip4_hdr *)l3)->src);
}

/* Where a look begins (SO_PEEK_OFF), and where the next one does. */
static uint32_t peek_from(const struct sock *s, int flags)
{
	const struct l4_more *m = s->end.more;
	return flags & MSG_PEEK && m && m->peeks && m->peek_off > 0 ? (uint32_t)m->peek_off : 0;
}

static void move_peek(struct sock *s, int flags, int n)
{
	struct l4_more *m = s->end.more;
	if (!m || !m->peeks || m->peek_off < 0)
		return;
	m->peek_off = flags & MSG_PEEK ? m->peek_off + n : MAX(m->peek_off - n, 0);
}

static ssize_t take(struct sock *s, struct l4_reading *r, struct sock_msg *m, int flags)
{
	uint32_t copied = (uint32_t)MIN((size_t)r->len, m->len);
	struct l4_addr from;
	size_t at = 0;
	source_of(r->p, &from);
	from.port = r->from.port;
	l4_read_bytes(&s->end, r, m->buf, copied);
	if (copied < r->len)
		m->flags |= MSG_TRUNC;
	put_name(s, &from, m);
	sock_put_reading(s, r, m, &at);
	sock_put_controls(s, r->p, m, &at);
	m->control_len = at;
	int ret = (int)(flags & MSG_TRUNC ? r->len : copied);
	if (!(flags & MSG_PEEK))
		l4_read_done(&s->end, r);
	move_peek(s, flags, ret);
	return ret;
}

static ssize_t receive(struct sock *s, struct sock_msg *m, int flags)
{
	struct l4_reading r;
	if (sock_has_path(s)) /* Linux: before anything else */
		return sock_receive_path(s, m);
	int err = l4_take_error(&s->end);
	if (err)
		return err;
	l4_read(&s->end, m->len, peek_from(s, flags), &r);
	if (r.p)
		return take(s, &r, m, flags);
	m->name_len = 0;
	m->control_len = 0;
	/* Linux: only who waits is told */
	return s->end.shut & 1 && !(flags & MSG_DONTWAIT) ? 0 : -EAGAIN;
}

/* --- the error queue --- */

/* Of the packet that failed, what its socket had written. */
static struct cursor written(const struct sock *s, const struct l4_error *r)
{
	if (s->end.ops->type != SOCK_RAW)
		return r->payload;
	return s->end.opt->hdrincl ? r->l3 : r->l4;
}

/* RFC 4884: where the extension begins, counted from the first byte that the socket gets. Linux: ip_icmp_error_rfc4884(). */
static struct sock_ee_data_rfc4884 extension_of(const struct sock *s, const struct l4_error *r)
{
	struct sock_ee_data_rfc4884 ret = { 0 };
	struct cursor c = written(s, r);
	uint32_t headers = cur_left(&r->l3) - cur_left(&c);
	if (r->quoted < ICMP_EXT_QUOTE_MIN || r->quoted < headers)
		return ret;
	ret.len = (uint16_t)(r->quoted - headers);
	if (!cur_skip(&c, ret.len) || !icmp_ext_ok(c))
		ret.flags = SO_EE_RFC4884_FLAG_INVALID;
	return ret;
}

struct error_data {
	struct sock_extended_err ee;
	struct sockaddr_storage offender;
};

static void put_error(struct sock *s, const struct l4_error *r, struct sock_msg *m, size_t *at)
{
	bool is6 = r->family == AF_INET6;
	struct error_data d = { .ee = { .ee_errno = (uint32_t)r->err,
					.ee_origin = r->local ? SO_EE_ORIGIN_LOCAL
						     : is6    ? SO_EE_ORIGIN_ICMP6
							      : SO_EE_ORIGIN_ICMP,
					.ee_type = r->type,
					.ee_code = r->code,
					.ee_info = r->info } };
	socklen_t n = sock_addr_fill(s, &r->from, &d.offender);
	if (is6 ? s->end.opt->recverr_ext6 : s->end.opt->recverr_ext4)
		d.ee.ee_rfc4884 = extension_of(s, r);
	if (r->local) /* nobody */
		memset(&d.offender, 0, n);
	if (s->end.family == AF_INET6)
		sock_put_control(m, at, IPPROTO_IPV6, IPV6_RECVERR, &d, sizeof d.ee + n);
	else
		sock_put_control(m, at, IPPROTO_IP, IP_RECVERR, &d, sizeof d.ee + n);
}

/* Linux: the next error in the queue becomes the pending one, where both are ICMP's. */
static void after_error(struct sock *s, bool was_local)
{
	struct l4_error r;
	struct pkt *p = l4_peek_error(&s->end);
	if (p && l4_error_parse(p, &r) && !r.local)
		s->end.error = r.err;
	else if (!was_local)
		s->end.error = 0;
}

static ssize_t receive_error(struct sock *s, struct sock_msg *m)
{
	struct l4_error r;
	size_t copied, at = 0;
	struct pkt *p = l4_peek_error(&s->end);
	if (!p || !l4_error_parse(p, &r)) {
		m->name_len = 0;
		m->control_len = 0;
		return -EAGAIN;
	}
	r.dst.if_handle = p->in_if;
	r.from.if_handle = p->in_if;
	m->flags |= MSG_ERRQUEUE;
	if (s->end.ops->type == SOCK_RAW)
		r.dst.port = 0;
	copy_out(written(s, &r), m, &copied);
	put_name(s, &r.dst, m);
	sock_put_times(s, p, m, &at);
	if (!r.local)
		sock_put_controls(s, p, m, &at);
	put_error(s, &r, m, &at);
	m->control_len = at;
	l4_pop_error(&s->end);
	after_error(s, r.local);
	return (ssize_t)copied;
}

ssize_t sock_recvmsg(struct sock *s, struct sock_msg *m, int flags)
{
	m->flags = 0;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (sock_is_stream(s))
		return sock_stream_receive(s, m, flags);
	if (flags & MSG_OOB && !is_udp(s)) /* Linux: UDP does not look at it */
		return -EOPNOTSUPP;
	l4_enter(&s->end);
	return sock_leave(s, flags & MSG_ERRQUEUE ? receive_error(s, m) : receive(s, m, flags));
}

size_t sock_sent_untold_in_turn(struct sock *s)
{
	return sock_is_stream(s) ? tcp_sent_untold(&s->end) : 0;
}

ssize_t sock_recvmsg_in_turn(struct sock *s, struct sock_msg *m, int flags)
{
	m->flags = 0;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (sock_is_stream(s))
		return sock_stream_take(s, m, flags);
	if (flags & MSG_ERRQUEUE)
		return receive_error(s, m);
	return flags & MSG_OOB && !is_udp(s) ? -EOPNOTSUPP : receive(s, m, flags);
}
