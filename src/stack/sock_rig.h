/* SPDX-License-Identifier: BSD-2-Clause */
/* For scenario tests of sockets: two stacks of a process joined by a pair of devices.
 *
 *	one ── ma 10.0.0.1/24, 2001:db8::1/64 ─────── mb 10.0.0.2/24, 2001:db8::2/64 ── two */
#ifndef LEAT_STACK_SOCK_RIG_H
#define LEAT_STACK_SOCK_RIG_H

#include <errno.h>
#include <sys/epoll.h>

#include "dev/mem.h"
#include "sock/sock.h"
#include "stack/rig.h"

struct duo {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *one, *two;
	struct iface *ma, *mb;
};

static inline void duo_addr(struct duo *d, struct leat_stack *st, struct iface *i, const char *text,
			    uint8_t plen)
{
	struct addr a = { .if_handle = i->handle,
			  .plen = plen,
			  .flags = IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	a.local = a.peer = ipaddr_of(text, &a.family);
	if (a.family == AF_INET && plen < 31) {
		uint32_t host = (uint32_t)((1ull << (32 - plen)) - 1);
		a.broadcast.v4 = be32_of(be32_get(a.local.v4) | host);
	}
	assert_int_equal(addr_add(st, &a, false), 0);
	view_publish(st);
	manual_rt_settle(d->m);
}

static inline struct leat_stack *duo_stack(struct duo *d, const char *name, unsigned n_workers)
{
	struct leat_stack *st;
	assert_int_equal(stack_new(d->rt, name, n_workers, leat_modules, &st), 0);
	assert_int_equal(iface_set_up(iface_by_name(st, "lo"), true), 0);
	return st;
}

static inline struct duo *duo_new(unsigned n_workers)
{
	struct duo *d = calloc(1, sizeof *d);
	d->m = manual_rt_new(n_workers, 7);
	d->rt = manual_rt_of(d->m);
	assert_int_equal(pkt_pools_init(d->rt, 64 << 20), 0);
	d->one = duo_stack(d, "one", n_workers);
	d->two = duo_stack(d, "two", n_workers);
	struct iface *both[2];
	assert_int_equal(mem_pair_new(d->one, "ma", d->two, "mb", NULL, both), 0);
	d->ma = both[0];
	d->mb = both[1];
	assert_int_equal(iface_set_up(d->ma, true), 0);
	assert_int_equal(iface_set_up(d->mb, true), 0);
	duo_addr(d, d->one, d->ma, "10.0.0.1", 24);
	duo_addr(d, d->one, d->ma, "2001:db8::1", 64);
	duo_addr(d, d->two, d->mb, "10.0.0.2", 24);
	duo_addr(d, d->two, d->mb, "2001:db8::2", 64);
	manual_rt_run(d->m, 5 * SEC);
	return d;
}

/* Every packet must have found its way back, from sockets that were left open, too. */
static inline void duo_free(struct duo *d)
{
	stack_free(d->one);
	stack_free(d->two);
	manual_rt_settle(d->m);
	for (unsigned i = 0; i < d->rt->n_lcores; i++) {
		struct pkt_stats s;
		pkt_stats(d->rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
	}
	pkt_pools_done(d->rt);
	manual_rt_free(d->m);
	free(d);
}

/* For whoever looks for a packet: what was dropped where. */
static inline void duo_print_drops(const struct leat_stack *st)
{
	for (uint16_t id = 0; id < graph_n_nodes(st); id++)
		for (unsigned why = 0; why < DROP_MAX; why++)
			if (graph_node(st, id) && graph_drops(st, id, why))
				print_message("%s: %s %u: %u\n", st->name, graph_node(st, id)->name, why,
					      (unsigned)graph_drops(st, id, why));
}

/* --- short words for calls --- */

struct name {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static inline struct name name_of(const char *text, uint16_t port)
{
	uint8_t family;
	struct ipaddr a = ipaddr_of(text, &family);
	struct name n = { .len = sizeof n.in };
	if (family == AF_INET) {
		n.in.sin_family = AF_INET;
		n.in.sin_port = htons(port);
		memcpy(&n.in.sin_addr, &a.v4, 4);
		return n;
	}
	n.len = sizeof n.in6;
	n.in6.sin6_family = AF_INET6;
	n.in6.sin6_port = htons(port);
	memcpy(&n.in6.sin6_addr, &a.v6, 16);
	return n;
}

static inline struct sock *open_of(struct leat_stack *st, int domain, int type, int protocol)
{
	struct sock *s;
	assert_int_equal(sock_open(st, domain, type, protocol, NULL, &s), 0);
	return s;
}
static inline struct sock *udp_of(struct leat_stack *st, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	struct sock *s = open_of(st, n.sa.sa_family, SOCK_DGRAM, 0);
	assert_int_equal(sock_bind(s, &n.sa, n.len), 0);
	return s;
}
static inline int bind_at(struct sock *s, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	return sock_bind(s, &n.sa, n.len);
}
static inline int connect_to(struct sock *s, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	return sock_connect(s, &n.sa, n.len);
}
static inline ssize_t send_to(struct duo *d, struct sock *s, const void *buf, size_t len, const char *text,
			      uint16_t port)
{
	struct name n = name_of(text, port);
	ssize_t ret = sock_sendto(s, buf, len, 0, &n.sa, n.len);
	manual_rt_settle(d->m);
	return ret;
}
/* To the peer. */
static inline ssize_t send_on(struct duo *d, struct sock *s, const void *buf, size_t len)
{
	ssize_t ret = sock_sendto(s, buf, len, 0, NULL, 0);
	manual_rt_settle(d->m);
	return ret;
}
static inline int set_int(struct sock *s, int level, int name, int val)
{
	return sock_setsockopt(s, level, name, &val, sizeof val);
}
static inline int get_int(struct sock *s, int level, int name)
{
	int val = -12345;
	socklen_t len = sizeof val;
	int err = sock_getsockopt(s, level, name, &val, &len);
	return err ? err : val;
}
static inline struct name own_name(struct sock *s)
{
	struct name n = { .len = sizeof n.in6 };
	assert_int_equal(sock_getsockname(s, &n.sa, &n.len), 0);
	return n;
}
static inline uint16_t own_port(struct sock *s)
{
	return ntohs(own_name(s).in.sin_port);
}
static inline void assert_name(const struct name *n, const char *text, uint16_t port)
{
	struct name want = name_of(text, port);
	assert_int_equal(n->len, want.len);
	assert_memory_equal(&n->in6, &want.in6, want.len);
}
/* One datagram with these bytes from there. */
static inline void expect_from(struct sock *s, const char *want, const char *text, uint16_t port)
{
	char buf[2000];
	struct name from = { .len = sizeof from.in6 };
	ssize_t n = sock_recvfrom(s, buf, sizeof buf, 0, &from.sa, &from.len);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, (size_t)n);
	assert_name(&from, text, port);
}
static inline void expect_nothing(struct sock *s)
{
	char buf[16];
	assert_int_equal(sock_recvfrom(s, buf, sizeof buf, 0, NULL, NULL), -EAGAIN);
}

static inline struct duo *duo_start(void)
{
	return duo_new(workers);
}

#endif
