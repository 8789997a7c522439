/* SPDX-License-Identifier: BSD-2-Clause */
/* For scenarios of paths: leat as a host on wire A, whose router (10.0.1.2, fe80::2) leads to the rest of the world. */
#ifndef LEAT_STACK_PATH_RIG_H
#define LEAT_STACK_PATH_RIG_H

#include "core/save.h"
#include "net/fib_exc.h"
#include "net/sysctl.h"
#include "stack/rig.h"
#include "stack/sock_rig.h"
#include "wire/icmp6.h"

#define FAR4    "192.0.2.9"
#define FAR6    "2001:db8:9::9"
#define ROUTER6 "fe80::2"

static inline void path_set(struct rig *r, const char *name, const char *value)
{
	char why[256];
	if (sysctl_set(r->st, name, value, why, sizeof why))
		fail_msg("%s: %s", name, why);
	manual_rt_settle(r->m);
}

static inline struct rig *path_on(struct rig *r)
{
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, ROUTER6);
	rig_route(r, "0.0.0.0", 0, RTN_UNICAST, r->a.ifc, "10.0.1.2");
	rig_route(r, "::", 0, RTN_UNICAST, r->a.ifc, ROUTER6);
	return r;
}
static inline struct rig *path_new(unsigned n_workers)
{
	return path_on(rig_new(n_workers, 0));
}

/* The IP packet in the next frame on wire A. */
struct ip_bytes {
	const uint8_t *b;
	uint32_t len;
};
static inline struct ip_bytes path_next(struct rig *r)
{
	const struct rig_frame *f = rig_next(&r->a);
	assert_non_null(f);
	return (struct ip_bytes){ f->b + sizeof(struct eth_hdr), f->len - (uint32_t)sizeof(struct eth_hdr) };
}
static inline uint32_t path_next_len(struct rig *r)
{
	return path_next(r).len;
}

/* ICMP about a packet of leat's, of which `len` bytes are quoted. */
static inline void path_error4(struct rig *r, const char *from, uint8_t type, uint8_t code, uint32_t info,
			       struct ip_bytes about, uint32_t len)
{
	struct ip4_msg ip = ip4_packet(from, "10.0.1.1");
	struct icmp4_msg m = { .type = type, .code = code };
	struct frame f;
	uint8_t hdr[IP4_HDR_MAX], body[1500];
	struct icmp4_hdr h;
	len = MIN(len, about.len);
	icmp4_set_info(&m, info);
	m.body = cur_of(about.b, len);
	icmp4_emit(&m, &h);
	h.csum = icmp4_csum(&m);
	memcpy(body, &h, sizeof h);
	memcpy(body + sizeof h, about.b, len);
	ip.body = cur_of(body, (uint32_t)sizeof h + len);
	frame_eth(&f, &r->a, NULL, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, body, (uint32_t)sizeof h + len);
	rig_send(r, &r->a, &f);
}
static inline void path_frag_needed(struct rig *r, struct ip_bytes about, uint32_t mtu)
{
	path_error4(r, "10.0.1.2", ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED, mtu, about, 28);
}
static inline void path_too_big(struct rig *r, struct ip_bytes about, uint32_t mtu)
{
	const struct nd_envelope ip = { .src = ip6_of("2001:db8:1::2"),
					.dst = ip6_of("2001:db8:1::1"),
					.hop_limit = 64 };
	uint32_t len = MIN(about.len, 1232u);
	struct icmp6_msg m = { .type = ICMP6_TOO_BIG, .info = mtu, .body = cur_of(about.b, len) };
	struct icmp6_hdr h;
	struct frame f;
	uint8_t msg[1280];
	icmp6_emit(&m, &h);
	h.csum = icmp6_csum(&m, &ip.src, &ip.dst);
	memcpy(msg, &h, sizeof h);
	memcpy(msg + sizeof h, about.b, len);
	frame_nd(&f, &r->a, &ip, msg, (unsigned)sizeof h + len);
	rig_send(r, &r->a, &f);
}

static inline int path_send(struct rig *r, struct sock *s, size_t len, const char *to)
{
	static const char bytes[9000];
	struct name n = name_of(to, 9);
	ssize_t ret = sock_sendto(s, bytes, len, 0, &n.sa, n.len);
	manual_rt_settle(r->m);
	return (int)ret;
}
static inline struct sock *path_udp(struct rig *r, const char *local, uint16_t port)
{
	const struct name n = name_of(local, port);
	struct sock *s = open_of(r->st, n.sa.sa_family, SOCK_DGRAM, 0);
	if (r->table != RT_TABLE_MAIN)
		assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "red", 4), 0);
	assert_int_equal(sock_bind(s, &n.sa, n.len), 0);
	return s;
}

/* What is known of a destination; NULL: nothing. */
static inline const struct fib_exc *path_known(struct rig *r, const char *to)
{
	uint8_t family;
	const struct ipaddr dst = ipaddr_of(to, &family);
	const struct fib_exc *x = NULL;
	while ((x = fib_exc_next(r->st, family, x ? x->serial : 0)))
		if (ipaddr_eq(&x->dst, &dst))
			return x;
	return NULL;
}
static inline uint32_t path_mtu(struct rig *r, const char *to)
{
	const struct fib_exc *x = path_known(r, to);
	return x ? x->mtu : 0;
}
static inline unsigned path_count(struct rig *r)
{
	unsigned n = 0;
	for (const struct fib_exc *x = NULL; (x = fib_exc_next(r->st, AF_UNSPEC, x ? x->serial : 0));)
		n++;
	return n;
}

#endif
