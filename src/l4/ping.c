/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a ping socket sends echo requests whose identifier is its port, and hears the replies to it. Others may have
 * the types of all the rest: nothing else can be sent. ping4-input and ping6-input take echo replies of this stack. */
#include "l4/l4_internal.h"
#include "pkt/csum.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

enum ping_next { PING_NEXT_DELIVER = 1 };
enum { ECHO_LEN = 8 };
static_assert(sizeof(struct icmp4_hdr) == ECHO_LEN && sizeof(struct icmp6_hdr) == ECHO_LEN, "both alike");

/* --- in --- */

static inline uint8_t ping_one(struct worker *w, struct pkt *p, bool is6)
{
	struct l4_tuple t = { .proto = is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP };
	const struct icmp4_hdr *h = pkt_l4(p); /* ICMPv6's is alike */
	l4_tuple_of(w, p, is6, &t);
	t.lport = be16_get(h->id);
	struct l4_end *e = l4_find(w, &t);
	enum drop why = e ? pkt_csum_finish(p) : DROP_NONE; /* the reader sees it */
	if (why)
		return pkt_drop(p, why);
	return e ? l4_deliver_to(p, e, false, PING_NEXT_DELIVER) : pkt_drop(p, DROP_PING_NO_SOCKET);
}

static inline void ping_body(struct worker *w, struct pkt_vec *v, bool is6)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ping_one(w, v->pkt[i], is6);
	vec_dispatch(w, v, next);
}

static void ping4_input(struct worker *w, struct pkt_vec *v)
{
	ping_body(w, v, false);
}

static void ping6_input(struct worker *w, struct pkt_vec *v)
{
	ping_body(w, v, true);
}

/* --- to and from the endpoint --- */

/* The reader gets the message from its ICMP header on; addresses have no port. */
static struct cursor ping_payload(const struct l4_end *e, const struct pkt *p, struct l4_addr *ret_from)
{
	return pkt_cursor_at(p, p->l4_off);
}

static int send_echo(struct l4_end *e, const struct l4_send *s, const struct l4_path *path)
{
	struct icmp4_hdr h;
	memcpy(&h, s->buf, sizeof h);
	h.id = be16_of(e->local.port);
	h.csum = be16_of(0);
	const struct l4_out o = { .hdr = &h,
				  .hdr_len = sizeof h,
				  .csum_off = offsetof(struct icmp4_hdr, csum),
				  .pseudo = path->is6,
				  .buf = (const uint8_t *)s->buf + sizeof h,
				  .len = s->len - sizeof h };
	return l4_output(e, path, &o);
}

/* Linux: echo requests with code 0 only. */
static ssize_t ping_send(struct l4_end *e, const struct l4_send *s)
{
	const struct l4_addr *to = s->to ? s->to : &e->peer;
	const uint8_t *type = s->buf;
	struct l4_path path;
	if (s->len > UINT16_MAX)
		return -EMSGSIZE;
	if (s->len < ECHO_LEN || type[0] != (e->family == AF_INET6 ? ICMP6_ECHO : ICMP4_ECHO) || type[1])
		return -EINVAL;
	if (!s->to && !e->connected)
		return -EDESTADDRREQ;
	if (l4_is4(&to->a) != (e->family == AF_INET))
		return -EINVAL;
	int err = l4_path_find(e, to, s->with, &path);
	if (!err)
		err = send_echo(e, s, &path);
	return err ? err : (ssize_t)s->len;
}

static const struct l4_ops ping_ops = {
	.name = "ping",
	.type = SOCK_DGRAM,
	.proto4 = IPPROTO_ICMP,
	.proto6 = IPPROTO_ICMPV6,
	.has_ports = true,
	.shares = true,
	.one_host = true,
	.send = ping_send,
	.payload = ping_payload,
};

/* --- the module --- */

static int ping_init(struct leat_stack *st)
{
	int err = l4_ops_add(st, &ping_ops);
	if (!err)
		err = icmp4_type_add(st, ICMP4_ECHO_REPLY, "ping4-input");
	return err ? err : icmp6_type_add(st, ICMP6_ECHO_REPLY, "ping6-input");
}

static void ping_unlink(struct leat_stack *st)
{
	icmp4_type_remove(st, ICMP4_ECHO_REPLY, "ping4-input");
	icmp6_type_remove(st, ICMP6_ECHO_REPLY, "ping6-input");
	l4_ops_remove(st, &ping_ops);
}

static const struct node ping4_node = {
	.name = "ping4-input",
	.run = ping4_input,
	.next = { [PING_NEXT_DELIVER] = "l4-deliver" },
};
static const struct node ping6_node = {
	.name = "ping6-input",
	.run = ping6_input,
	.next = { [PING_NEXT_DELIVER] = "l4-deliver" },
};
static const struct node *const ping_nodes[] = { &ping4_node, &ping6_node, NULL };

const struct module ping_module = {
	.name = "ping",
	.id = MODULE_ping,
	.nodes = ping_nodes,
	.init = ping_init,
	.unlink = ping_unlink,
};
