/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as the language writes them. */
#include <string.h>

#include "drill/bytes_internal.h"
#include "drill/icmp_names.h"
#include "drill/script.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/tcp.h"
#include "wire/text.h"

void packet_print_ip(const struct packet *p, struct text *t)
{
	static const char *const marks[] = { "noecn", "ect1", "ect0", "ce", "ect01" };
	const char *sep = "[";
	if (p->ecn != ECN_UNSAID) {
		text_add(t, "%s%s", sep, marks[p->ecn]);
		sep = ", ";
	}
	if (p->tos != UNSAID) {
		text_add(t, "%stos 0x%02x", sep, (unsigned)p->tos);
		sep = ", ";
	}
	if (p->ttl != UNSAID) {
		text_add(t, "%sttl %d", sep, p->ttl);
		sep = ", ";
	}
	if (p->flow_label != UNSAID) {
		text_add(t, "%sflowlabel 0x%05x", sep, (unsigned)p->flow_label);
		sep = ", ";
	}
	if (sep[0] == ',')
		text_add(t, "] ");
}

static uint32_t word_at(const uint8_t *p)
{
	be32 w;
	memcpy(&w, p, sizeof w);
	return be32_get(w);
}

static void print_option(const struct tcp_opt *o, struct text *t)
{
	switch (o->kind) {
	case TCP_OPT_MSS:
		text_add(t, "mss %u", o->len == 2 ? o->data[0] << 8 | o->data[1] : 0);
		break;
	case TCP_OPT_WSCALE:
		text_add(t, "wscale %u", o->len == 1 ? o->data[0] : 0);
		break;
	case TCP_OPT_SACK_OK:
		text_add(t, "sackOK");
		break;
	case TCP_OPT_SACK:
		text_add(t, "sack");
		for (unsigned i = 0; i + 8 <= o->len; i += 8)
			text_add(t, " %u:%u", word_at(o->data + i), word_at(o->data + i + 4));
		break;
	case TCP_OPT_STAMP:
		if (o->len == 8)
			text_add(t, "TS val %u ecr %u", word_at(o->data), word_at(o->data + 4));
		break;
	default:
		text_add(t, "%s ", o->kind == 34 ? "FO" : o->kind == 254 ? "FOEXP" : "option");
		for (unsigned i = o->kind == 254 ? 2 : 0; i < o->len; i++)
			text_add(t, "%02x", o->data[i]);
	}
}

/* Paddings are printed one by one, as they are written. */
static void print_options(const struct packet *p, struct text *t)
{
	const char *sep = " <";
	if (p->options_any) {
		text_add(t, " <...>");
		return;
	}
	for (unsigned at = 0; at < p->options_len;) {
		struct cursor c = cur_of(p->options + at, p->options_len - at);
		struct tcp_opt o;
		text_add(t, "%s", sep);
		sep = ",";
		if (p->options[at] <= TCP_OPT_NOP) {
			text_add(t, p->options[at++] ? "nop" : "eol");
		} else if (!tcp_opt_next(&c, &o)) {
			text_add(t, "malformed");
			break;
		} else {
			print_option(&o, t);
			at += 2u + o.len;
		}
	}
	if (sep[0] == ',')
		text_add(t, ">");
}

static void print_tcp(const struct packet *p, struct text *t)
{
	static const char letters[] = "FSRP.UEWA";
	/* The point comes last: "S." */
	for (unsigned i = 0; i < sizeof letters - 1; i++)
		if (p->flags & 1u << i && letters[i] != '.')
			text_add(t, "%c", letters[i]);
	if (p->flags & TCP_F_ACK)
		text_add(t, ".");
	if (!p->flags)
		text_add(t, "-");
	text_add(t, " %u:%u(%u)", p->seq, p->seq + p->len, p->len);
	if (p->has_ack)
		text_add(t, " ack %u", p->ack);
	if (p->has_win)
		text_add(t, " win %u", p->win);
	if (p->has_urg)
		text_add(t, " urg %u", p->urg);
	print_options(p, t);
}

static void print_icmp(const struct packet *p, uint8_t family, struct text *t)
{
	const char *type = icmp_type_name(family, p->type), *code = icmp_code_name(family, p->type, p->code);
	if (type)
		text_add(t, "icmp %s", type);
	else
		text_add(t, "icmp type_%u", p->type);
	if (code)
		text_add(t, " %s", code);
	else if (p->code)
		text_add(t, " code_%u", p->code);
	if (p->mtu != UNSAID)
		text_add(t, " mtu %lld", (long long)p->mtu);
	if (p->id != UNSAID)
		text_add(t, " id %lld", (long long)p->id);
	if (p->echo_seq != UNSAID)
		text_add(t, " seq %lld", (long long)p->echo_seq);
	if ((p->quote == QUOTE_RAW || p->quote == QUOTE_NONE) && p->icmp_len != UNSAID)
		text_add(t, " [raw (%lld)]", (long long)p->icmp_len + 8);
	if (p->quote == QUOTE_UDP)
		text_add(t, " [udp (%u)]", p->quote_len);
	if (p->quote == QUOTE_UDPLITE)
		text_add(t, " [udplite (%u, %u)]", p->quote_len, p->coverage);
	if (p->quote == QUOTE_TCP)
		text_add(t, " [%u:%u(%u)]", p->quote_seq, p->quote_seq + p->quote_len, p->quote_len);
}

static void print_ports(const struct packet *p, struct text *t)
{
	if (p->has_ports)
		text_add(t, "%u > %u ", p->sport, p->dport);
}

static void print_udp(const struct packet *p, struct text *t)
{
	bool lite = p->kind == PACKET_UDPLITE;
	text_add(t, "udp%s ", lite ? "lite" : "");
	print_ports(p, t);
	if (lite)
		text_add(t, "(%u, %u)", p->len, p->coverage);
	else
		text_add(t, "(%u)", p->len);
}

void packet_print(const struct packet *p, uint8_t family, char *to, size_t size)
{
	struct text t = text_of(to, size);
	for (unsigned i = 0; i < p->n_encaps; i++)
		encap_print(&p->encap[i], &t);
	packet_print_ip(p, &t);
	if (p->kind == PACKET_TCP) {
		print_ports(p, &t);
		print_tcp(p, &t);
	} else if (p->kind == PACKET_ICMP) {
		print_icmp(p, family, &t);
	} else {
		print_udp(p, &t);
	}
}
