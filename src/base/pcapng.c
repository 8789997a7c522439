/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SECTION_APPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_SPEED = 8,
	OPT_IF_TSRESOL = 9,
	OPT_PACKET_FLAGS = 2,
	OPT_PACKET_DROPCOUNT = 4,
	BLOCK_STATISTICS = 5,
	OPT_STAT_START = 2,
	OPT_STAT_END = 3,
	OPT_STAT_ACCEPTED = 6,
	OPT_STAT_OSDROP = 7,
	OPT_STAT_DELIVERED = 8,
	NANOSECONDS = 9, /* as a power of ten */
	BLOCK_MAX = 512, /* of what is not a packet's bytes */
};

struct pcapng {
	FILE *f;
	bool ns;
	uint32_t snap;
};

/* A block, or what stands around a packet's bytes, while it is put together; all of it is padded to four bytes. */
struct block {
	uint32_t len;
	uint8_t b[BLOCK_MAX];
};

static void put(struct block *k, const void *bytes, uint32_t len)
{
	uint32_t padded = (len + 3) & ~3U;
	assert(k->len + padded <= sizeof k->b);
	memset(k->b + k->len, 0, padded);
	memcpy(k->b + k->len, bytes, len);
	k->len += padded;
}

static void put_u32(struct block *k, uint32_t v)
{
	put(k, &v, sizeof v);
}

static void put_u16s(struct block *k, uint16_t a, uint16_t b)
{
	uint16_t both[2] = { a, b };
	put(k, both, sizeof both);
}

static void put_option(struct block *k, uint16_t code, const void *value, uint16_t len)
{
	put_u16s(k, code, len);
	put(k, value, len);
}

static void put_text(struct block *k, uint16_t code, const char *text)
{
	put_option(k, code, text, (uint16_t)strnlen(text, BLOCK_MAX / 4));
}

static void write_bytes(FILE *f, struct cursor c)
{
	static const uint8_t zero[4];
	uint32_t pad = -cur_left(&c) & 3;
	uint8_t piece[256];
	while (cur_left(&c)) {
		uint32_t n = MIN(cur_left(&c), (uint32_t)sizeof piece);
		if (c.here >= n)
			n = MIN(c.here, cur_left(&c)); /* as much as lies together */
		const void *at = n <= c.here ? cur_take(&c, NULL, n) : cur_take(&c, piece, n);
		if (!at)
			break;
		fwrite(at, 1, n, f);
	}
	fwrite(zero, 1, pad, f);
}

/* Type and length in front, then the parts, then the length again. */
static void write_block(FILE *f, uint32_t type, const struct block *head, struct cursor bytes,
			const struct block *tail)
{
	uint32_t len = 12 + head->len + ((cur_left(&bytes) + 3) & ~3U) + (tail ? tail->len : 0);
	fwrite(&type, sizeof type, 1, f);
	fwrite(&len, sizeof len, 1, f);
	fwrite(head->b, 1, head->len, f);
	write_bytes(f, bytes);
	if (tail)
		fwrite(tail->b, 1, tail->len, f);
	fwrite(&len, sizeof len, 1, f);
}

int pcapng_open_file(FILE *f, const char *appl, const char *comment, bool ns, uint32_t snap,
		     struct pcapng **ret)
{
	struct block k = { 0 };
	struct pcapng *c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	*c = (struct pcapng){ .f = f, .ns = ns, .snap = snap };
	put_u32(&k, BYTE_ORDER_MAGIC);
	put_u16s(&k, 1, 0);
	put_u32(&k, UINT32_MAX); /* the section's length is not known yet */
	put_u32(&k, UINT32_MAX);
	if (comment)
		put_text(&k, OPT_COMMENT, comment);
	put_text(&k, OPT_SECTION_APPL, appl);
	put_u16s(&k, OPT_END, 0);
	write_block(c->f, BLOCK_SECTION, &k, cur_of(NULL, 0), NULL);
	*ret = c;
	return 0;
}

int pcapng_open(const char *path, const char *appl, const char *comment, struct pcapng **ret)
{
	FILE *f = fopen(path, "wbe");
	if (!f)
		return -errno;
	int err = pcapng_open_file(f, appl, comment, false, 0, ret);
	if (err)
		fclose(f);
	return err;
}

void pcapng_interface(struct pcapng *c, uint16_t link, const char *name, uint64_t rate_bps)
{
	struct block k = { 0 };
	const uint8_t resolution = NANOSECONDS;
	put_u16s(&k, link, 0);
	put_u32(&k, c->snap); /* 0: packets are whole */
	put_text(&k, OPT_IF_NAME, name);
	if (rate_bps)
		put_option(&k, OPT_IF_SPEED, &rate_bps, sizeof rate_bps);
	if (c->ns) /* microseconds are the format's own default */
		put_option(&k, OPT_IF_TSRESOL, &resolution, sizeof resolution);
	put_u16s(&k, OPT_END, 0);
	write_block(c->f, BLOCK_INTERFACE, &k, cur_of(NULL, 0), NULL);
}

static void put_time(struct block *k, uint64_t at)
{
	put_u32(k, (uint32_t)(at >> 32));
	put_u32(k, (uint32_t)at);
}

void pcapng_packet_as(struct pcapng *c, uint32_t iface, const struct pcapng_about *a, struct cursor bytes)
{
	struct block head = { 0 }, tail = { 0 };
	const uint32_t flags = a->way;
	put_u32(&head, iface);
	put_time(&head, a->at);
	put_u32(&head, cur_left(&bytes));
	put_u32(&head, a->len ? a->len : cur_left(&bytes));
	if (a->way)
		put_option(&tail, OPT_PACKET_FLAGS, &flags, sizeof flags);
	if (a->lost)
		put_option(&tail, OPT_PACKET_DROPCOUNT, &a->lost, sizeof a->lost);
	if (a->comment)
		put_text(&tail, OPT_COMMENT, a->comment);
	if (tail.len)
		put_u16s(&tail, OPT_END, 0);
	write_block(c->f, BLOCK_PACKET, &head, bytes, &tail);
}

void pcapng_packet(struct pcapng *c, uint32_t iface, enum pcapng_way way, uint64_t at_us, struct cursor bytes)
{
	const struct pcapng_about a = { .way = way, .at = at_us };
	if (c)
		pcapng_packet_as(c, iface, &a, bytes);
}

/* Times in options have their halves in the order that blocks have them, other numbers are the machine's. */
static void put_time_option(struct block *k, uint16_t code, uint64_t at)
{
	const uint32_t halves[2] = { (uint32_t)(at >> 32), (uint32_t)at };
	put_option(k, code, halves, sizeof halves);
}

void pcapng_statistics(struct pcapng *c, uint32_t iface, const struct pcapng_counts *n)
{
	struct block k = { 0 };
	put_u32(&k, iface);
	put_time(&k, n->at);
	put_time_option(&k, OPT_STAT_START, n->from);
	put_time_option(&k, OPT_STAT_END, n->at);
	put_option(&k, OPT_STAT_ACCEPTED, &n->accepted, sizeof n->accepted);
	put_option(&k, OPT_STAT_OSDROP, &n->lost, sizeof n->lost);
	put_option(&k, OPT_STAT_DELIVERED, &n->delivered, sizeof n->delivered);
	put_u16s(&k, OPT_END, 0);
	write_block(c->f, BLOCK_STATISTICS, &k, cur_of(NULL, 0), NULL);
}

int pcapng_flush(struct pcapng *c)
{
	return fflush(c->f) || ferror(c->f) ? -EIO : 0;
}

int pcapng_close(struct pcapng *c)
{
	if (!c)
		return 0;
	bool bad = ferror(c->f);
	bad |= fclose(c->f) != 0;
	free(c);
	return bad ? -EIO : 0;
}
