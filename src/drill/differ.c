/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a packet what the script wants? */
#include "drill/bytes.h"

#include <stdio.h>
#include <string.h>

#include "drill/bytes_internal.h"
#include "wire/ip.h"

struct compare {
	char *room;
	size_t size;
	const char *why;
};

static void same(struct compare *c, const char *what, int64_t want, int64_t seen)
{
	if (c->why || want == UNSAID || want == seen)
		return;
	snprintf(c->room, c->size, "%s: expected %lld, got %lld", what, (long long)want, (long long)seen);
	c->why = c->room;
}

static void same_ip(struct compare *c, const struct packet *want, const struct packet *seen)
{
	if (want->ecn == ECN_ECT01)
		same(c, "ECT mark", 1, seen->ecn == ECN_ECT0 || seen->ecn == ECN_ECT1);
	else
		same(c, "ECN field", want->ecn, seen->ecn);
	/* Said without its lower bits when the ECN field is said beside it. */
	same(c, "tos", want->tos,
	     want->ecn == ECN_UNSAID ? seen->tos : (seen->tos & ~IP_ECN_MASK) | (want->tos & IP_ECN_MASK));
	same(c, "ttl", want->ttl, seen->ttl);
	same(c, "flow label", want->flow_label, seen->flow_label);
}

static void same_encaps(struct compare *c, const struct packet *want, const struct packet *seen)
{
	same(c, "headers in front", want->n_encaps, seen->n_encaps);
	for (unsigned i = 0; i < want->n_encaps && !c->why; i++)
		c->why = encap_differs(&want->encap[i], &seen->encap[i], c->room, c->size);
}

static void same_tcp(struct compare *c, const struct packet *want, const struct packet *seen)
{
	same(c, "flags", want->flags, seen->flags);
	same(c, "sequence number", want->seq, seen->seq);
	same(c, "payload length", want->len, seen->len);
	if (want->has_ack)
		same(c, "ack", want->ack, seen->ack);
	if (want->has_win)
		same(c, "win", want->win, seen->win);
	if (want->has_urg)
		same(c, "urgent pointer", want->urg, seen->urg);
	if (!c->why && !want->options_any &&
	    (want->options_len != seen->options_len ||
	     memcmp(want->options, seen->options, want->options_len) != 0))
		c->why = "TCP options differ";
}

static void same_icmp(struct compare *c, const struct packet *want, const struct packet *seen)
{
	same(c, "ICMP type", want->type, seen->type);
	same(c, "ICMP code", want->code, seen->code);
	same(c, "mtu", want->mtu, seen->mtu);
	same(c, "id", want->id, seen->id);
	same(c, "seq", want->echo_seq, seen->echo_seq);
	same(c, "ICMP payload length", want->icmp_len, seen->icmp_len);
	if (want->quote == QUOTE_NONE || want->quote == QUOTE_RAW)
		return;
	if (!c->why && want->quote != seen->quote)
		c->why = "the packet that is quoted is of another protocol";
	same(c, "length of what is quoted", want->quote_len, seen->quote_len);
	if (want->quote == QUOTE_TCP)
		same(c, "sequence number of what is quoted", want->quote_seq, seen->quote_seq);
}

const char *packet_differs(const struct packet *want, const struct packet *seen, char *room, size_t size)
{
	struct compare c = { room, size, NULL };
	if (want->kind != seen->kind)
		return "the packet is of another protocol";
	if (want->kind == PACKET_UDP || want->kind == PACKET_UDPLITE)
		same(&c, "payload length", want->len, seen->len);
	if (want->kind == PACKET_UDPLITE)
		same(&c, "checksum coverage", want->coverage, seen->coverage);
	else if (want->kind == PACKET_TCP)
		same_tcp(&c, want, seen);
	else if (want->kind == PACKET_ICMP)
		same_icmp(&c, want, seen);
	if (want->has_ports) {
		same(&c, "source port", want->sport, seen->sport);
		same(&c, "destination port", want->dport, seen->dport);
	}
	same_ip(&c, want, seen);
	same_encaps(&c, want, seen);
	return c.why;
}

static void unsaid(const int64_t *want, int64_t *seen)
{
	if (*want == UNSAID)
		*seen = UNSAID;
}

#define IP_UNSAID(want, seen)                        \
	do {                                         \
		if ((want)->ecn == ECN_UNSAID)       \
			(seen)->ecn = ECN_UNSAID;    \
		if ((want)->tos == UNSAID)           \
			(seen)->tos = UNSAID;        \
		if ((want)->ttl == UNSAID)           \
			(seen)->ttl = UNSAID;        \
		if ((want)->flow_label == UNSAID)    \
			(seen)->flow_label = UNSAID; \
	} while (0)

void packet_leave_unsaid(const struct packet *want, struct packet *seen)
{
	IP_UNSAID(want, seen);
	for (unsigned i = 0; i < want->n_encaps && i < seen->n_encaps; i++)
		IP_UNSAID(&want->encap[i], &seen->encap[i]);
	seen->has_ports = want->has_ports;
	if (want->kind != seen->kind)
		return;
	seen->has_ack = seen->has_ack && want->has_ack;
	seen->has_win = seen->has_win && want->has_win;
	seen->has_urg = seen->has_urg && want->has_urg;
	seen->options_any = want->options_any;
	if (want->kind != PACKET_ICMP)
		return;
	unsaid(&want->mtu, &seen->mtu);
	unsaid(&want->id, &seen->id);
	unsaid(&want->echo_seq, &seen->echo_seq);
	unsaid(&want->icmp_len, &seen->icmp_len);
	if (want->quote == QUOTE_NONE)
		seen->quote = QUOTE_NONE;
}
