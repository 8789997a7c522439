/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments of a few datagrams into a whole stack, whose sockets read what becomes of them. The input is a row of records of four
 * bytes, at most 128:
 *	byte 0: bits 0-2 which datagram, of IPv4 (0-3) or IPv6 (4-7); bit 3 more follow; bit 4 no fragment but a wait of 61
 *		seconds, longer than a datagram may take; bits 5-6 its ECN field
 *	byte 1: offset in units of 8 bytes; byte 2: how many such units; byte 3: how many bytes more (of 8)
 * Each byte of a payload follows from its datagram and place, so whatever is read shows what it is made of. What must hold: a datagram
 * is read whole, once, with nobody else's bytes; and never when two of its fragments have overlapped (RFC 5722, 4) or disagreed about its
 * end, until it is forgotten. What is complete without that is read at once. */
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "core/manual.h"
#include "fuzz.h"
#include "net/iface.h"
#include "rich.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/text.h"

enum { RECORDS_MAX = 128, DATAGRAMS = 8, PROTO = 253, LEN_MAX = 512 * 8, WAIT_US = 61 * 1000000 };

struct piece {
	uint32_t off, len;
	bool more;
};

/* What a datagram's fragments since it began mean together. */
struct model {
	struct piece piece[RECORDS_MAX];
	unsigned n;
	uint32_t end; /* 0: not known */
	uint8_t ecn; /* a bit per value of that field */
	bool condemned;
};

struct lab {
	struct manual_rt *m;
	struct leat_stack *st;
	struct sock *sock[2];
	struct model model[DATAGRAMS];
	unsigned read[DATAGRAMS];
};

static uint8_t byte_at(unsigned datagram, uint32_t off)
{
	return (uint8_t)(datagram * 37 + off * 7 + (off >> 8));
}

static void lab_open(struct lab *l)
{
	char why[128];
	memset(l, 0, sizeof *l);
	l->m = manual_rt_new(1, 1);
	fuzz_check(pkt_pools_init(manual_rt_of(l->m), 16 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(l->m), "reass", 1, leat_modules, &l->st) == 0);
	fuzz_check(iface_kind_find(l->st, "mem")->open(l->st, "a", "peer=b", why, sizeof why) == 0);
	fuzz_check(iface_set_up(iface_by_name(l->st, "a"), true) == 0);
	fuzz_check(iface_set_up(iface_by_name(l->st, "b"), true) == 0);
	rich_addresses(l->st, "a", "b");
	for (unsigned i = 0; i < 2; i++)
		fuzz_check(sock_open(l->st, i ? AF_INET6 : AF_INET, SOCK_RAW, PROTO, NULL, &l->sock[i]) == 0);
	manual_rt_settle(l->m);
}

static void lab_close(struct lab *l)
{
	struct leat_runtime *rt = manual_rt_of(l->m);
	struct pkt_stats s;
	stack_free(l->st);
	manual_rt_settle(l->m);
	pkt_stats(rt->lcore[0], &s);
	fuzz_check(s.in_use == 0 && s.pages_in_use == 0);
	pkt_pools_done(rt);
	manual_rt_free(l->m);
}

/* --- sending --- */

static uint32_t put_headers(uint8_t *to, const struct iface *in, unsigned d, const struct piece *x,
			    uint8_t ecn)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 9 };
	memcpy(to, in->mac, 6);
	memcpy(to + 6, from, sizeof from);
	memcpy(to + 12, d < 4 ? "\x08\x00" : "\x86\xdd", 2);
	if (d < 4) {
		struct ip4_hdr h = { .ver_ihl = 0x45,
				     .tos = ecn,
				     .len = be16_of((uint16_t)(sizeof h + x->len)),
				     .id = be16_of((uint16_t)(d % 2)),
				     .frag = be16_of((uint16_t)((x->more ? 0x2000 : 0) | x->off / 8)),
				     .ttl = 64,
				     .proto = PROTO };
		ip4_from_text(d < 2 ? "10.0.1.2" : "10.0.1.3", &h.src);
		ip4_from_text("10.0.1.1", &h.dst);
		ip4_csum_set(&h);
		memcpy(to + 14, &h, sizeof h);
		return 14 + sizeof h;
	}
	struct {
		struct ip6_hdr h;
		struct ip6_frag_hdr f;
	} six = { .h = { .ver_tc_flow = be32_of(6u << 28 | (uint32_t)ecn << 20),
			 .payload_len = be16_of((uint16_t)(sizeof six.f + x->len)),
			 .next = IPPROTO_FRAGMENT,
			 .hop_limit = 64 },
		  .f = { .next = PROTO,
			 .off_more = be16_of((uint16_t)(x->off | x->more)),
			 .id = be32_of(d % 2) } };
	ip6_from_text(d < 6 ? "2001:db8:1::2" : "2001:db8:1::3", &six.h.src);
	ip6_from_text("2001:db8:1::1", &six.h.dst);
	memcpy(to + 14, &six, sizeof six);
	return 14 + sizeof six;
}

static void send_piece(struct lab *l, unsigned d, const struct piece *x, uint8_t ecn)
{
	struct worker *w = l->st->worker[0];
	struct iface *in = iface_by_name(l->st, "a");
	uint8_t frame[14 + 60 + LEN_MAX];
	uint32_t len = put_headers(frame, in, d, x, ecn), first;
	for (uint32_t i = 0; i < x->len; i++)
		frame[len + i] = byte_at(d, x->off + i);
	len += x->len;
	struct pkt *p = pkt_new(w->lc);
	first = MIN(len, 1000U);
	fuzz_check(p && pkt_append(w->lc, p, frame, first));
	if (len > first) {
		struct buf *page = buf_page_new(w->lc);
		fuzz_check(page);
		memcpy(page->mem, frame + first, len - first);
		fuzz_check(pkt_add_frag(w->lc, p, page, 0, len - first));
	}
	iface_input(w, in, &p, 1);
	manual_rt_settle(l->m);
}

/* --- what is to come of it --- */

static void forget(struct model *m)
{
	memset(m, 0, sizeof *m);
}

/* Is all of it there already, in one piece or several that touch? */
static bool repeats(const struct model *m, const struct piece *x)
{
	uint32_t have = x->off;
	for (unsigned i = 0; i < m->n; i++)
		if (m->piece[i].off <= have && m->piece[i].off + m->piece[i].len > have) {
			have = m->piece[i].off + m->piece[i].len;
			i = UINT_MAX; /* from the first again */
		}
	return have >= x->off + x->len;
}

static bool contradicts(const struct model *m, const struct piece *x)
{
	uint32_t end = x->off + x->len;
	if ((m->end && (end > m->end || (!x->more && end != m->end))))
		return true;
	for (unsigned i = 0; i < m->n; i++) {
		const struct piece *y = &m->piece[i];
		if ((x->off < y->off + y->len && y->off < end) || (!x->more && y->off + y->len > end))
			return true;
	}
	return false;
}

/* True: it is complete now. */
static bool model_add(struct model *m, const struct piece *x, uint8_t ecn)
{
	uint32_t have = 0;
	if (m->condemned || repeats(m, x))
		return false;
	m->condemned = contradicts(m, x);
	m->piece[m->n++] = *x;
	m->ecn |= (uint8_t)(1 << ecn);
	m->end = x->more ? m->end : x->off + x->len;
	for (unsigned i = 0; i < m->n; i++)
		have += m->piece[i].len;
	return !m->condemned && m->end && have == m->end;
}

/* RFC 3168, 5.3: who does not speak ECN in one fragment does not in another. */
static bool is_dropped(const struct model *m)
{
	return m->ecn & 1 && m->ecn != 1;
}

/* --- what came of it --- */

static void check_read(struct lab *l, bool is6, const uint8_t *buf, uint32_t len, uint8_t from)
{
	for (unsigned d = is6 ? 4 : 0; d < (is6 ? 8U : 4U); d++) {
		uint32_t i = 0;
		while (i < len && buf[i] == byte_at(d, i))
			i++;
		if (i < len || !len)
			continue;
		fuzz_check(from == (d / 2 % 2 ? 3 : 2));
		l->read[d] = len;
		return;
	}
	fuzz_check(!"a datagram of its own bytes");
}

static void read_all(struct lab *l)
{
	static uint8_t buf[65536];
	struct sockaddr_in6 from;
	memset(l->read, 0, sizeof l->read);
	for (unsigned f = 0; f < 2; f++)
		for (;;) {
			socklen_t len = sizeof from;
			ssize_t n =
				sock_recvfrom(l->sock[f], buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
			if (n < 0)
				break;
			uint32_t head = f ? 0 : 20;
			uint8_t last = f ? from.sin6_addr.s6_addr[15] : ((uint8_t *)&from)[7];
			check_read(l, f, buf + head, (uint32_t)n - head, last);
		}
}

static void one(struct lab *l, const uint8_t *r)
{
	unsigned d = r[0] & 7;
	struct piece x = { .off = r[1] * 8U, .len = r[2] * 8U + r[3] % 8U, .more = r[0] & 8 };
	if (r[0] & 16) {
		manual_rt_run(l->m, WAIT_US);
		read_all(l);
		for (unsigned i = 0; i < DATAGRAMS; i++) {
			fuzz_check(!l->read[i]);
			forget(&l->model[i]);
		}
		return;
	}
	if (!x.off && !x.more)
		return; /* no fragment, or of one piece (RFC 6946): goes by itself */
	/* IPv4 takes of an odd length what ends at a whole unit (as Linux), IPv6 nothing (RFC 8200, 4.5). */
	struct piece taken = x;
	if (x.more && d < 4)
		taken.len &= ~7u;
	bool is_bad = !taken.len || (x.more && taken.len % 8);
	bool whole = !is_bad && model_add(&l->model[d], &taken, r[0] >> 5 & 3);
	send_piece(l, d, &x, r[0] >> 5 & 3);
	read_all(l);
	fuzz_check(l->read[d] == (whole && !is_dropped(&l->model[d]) ? l->model[d].end : 0));
	if (whole)
		forget(&l->model[d]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lab l;
	lab_open(&l);
	for (unsigned i = 0; i < RECORDS_MAX && size >= 4; i++, data += 4, size -= 4)
		one(&l, data);
	lab_close(&l);
	return 0;
}
