/* SPDX-License-Identifier: BSD-2-Clause */
/* A pcapng file per wire (IETF draft-ietf-opsawg-pcapng). Its two interfaces are the wire's two ends, and each says what a capture
 * there would have said: a frame is outbound where it was sent and, later, inbound where it arrived. What was lost on the way is
 * outbound alone. Times are virtual, in microseconds. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/sim_internal.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINK_ETHERNET = 1,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SECTION_APPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_SPEED = 8,
	OPT_IF_TSRESOL = 9,
	OPT_PACKET_FLAGS = 2,
	TSRESOL_US = 6, /* 10^-6 s */
	FLAGS_INBOUND = 1,
	FLAGS_OUTBOUND = 2,
	BLOCK_MAX = 512, /* of what is not a packet's bytes */
};

/* A block while it is put together; all of it is padded to four bytes. */
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

/* Two numbers of 16 bits, in the file's byte order: this machine's. */
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

/* Type and length in front, then both parts, then the length again. */
static void write_block(FILE *f, uint32_t type, const struct block *head, const void *data, uint32_t data_len,
			const struct block *tail)
{
	static const uint8_t zero[4];
	uint32_t pad = -data_len & 3, len = 12 + head->len + data_len + pad + (tail ? tail->len : 0);
	fwrite(&type, sizeof type, 1, f);
	fwrite(&len, sizeof len, 1, f);
	fwrite(head->b, 1, head->len, f);
	fwrite(data, 1, data_len, f);
	fwrite(zero, 1, pad, f);
	if (tail)
		fwrite(tail->b, 1, tail->len, f);
	fwrite(&len, sizeof len, 1, f);
}

static void write_section(FILE *f, const struct sim *s)
{
	struct block k = { 0 };
	char seed[32];
	put_u32(&k, BYTE_ORDER_MAGIC);
	put_u16s(&k, 1, 0);
	put_u32(&k, UINT32_MAX); /* the section's length is not known yet */
	put_u32(&k, UINT32_MAX);
	snprintf(seed, sizeof seed, "seed %" PRIu64, s->opts.seed);
	put_option(&k, OPT_COMMENT, seed, (uint16_t)strlen(seed));
	put_option(&k, OPT_SECTION_APPL, "leat sim", 8);
	put_u16s(&k, OPT_END, 0);
	write_block(f, BLOCK_SECTION, &k, NULL, 0, NULL);
}

static void write_interface(FILE *f, const struct sim_end *e)
{
	struct block k = { 0 };
	char name[STACK_NAME_MAX + IFACE_NAME_MAX + 1];
	const uint8_t tsresol = TSRESOL_US;
	uint64_t rate = e->wire->conf.rate_bps;
	snprintf(name, sizeof name, "%s:%s", e->node->name, e->ifname);
	put_u16s(&k, LINK_ETHERNET, 0);
	put_u32(&k, 0); /* frames are whole */
	put_option(&k, OPT_IF_NAME, name, (uint16_t)strlen(name));
	put_option(&k, OPT_IF_TSRESOL, &tsresol, 1);
	if (rate)
		put_option(&k, OPT_IF_SPEED, &rate, sizeof rate);
	put_u16s(&k, OPT_END, 0);
	write_block(f, BLOCK_INTERFACE, &k, NULL, 0, NULL);
}

int capture_open(struct sim_wire *w)
{
	char path[512];
	const struct sim_end *e = w->end;
	const char *dir = w->sim->opts.pcap_dir;
	if (!dir)
		return 0;
	snprintf(path, sizeof path, "%s/%u-%s.%s-%s.%s.pcapng", dir, w->number, e[0].node->name, e[0].ifname,
		 e[1].node->name, e[1].ifname);
	mkdir(dir, 0777); /* what fails here for good, fails below with a reason */
	w->capture = fopen(path, "we");
	if (!w->capture) {
		int err = -errno;
		snprintf(w->sim->why, sizeof w->sim->why, "%s: %s", path, strerror(-err));
		return err;
	}
	write_section(w->capture, w->sim);
	write_interface(w->capture, &e[0]);
	write_interface(w->capture, &e[1]);
	return 0;
}

void capture_frame(struct sim_wire *w, unsigned end, bool inbound, const struct sim_frame *f)
{
	uint64_t now = sim_now_us(w->sim);
	struct block head = { 0 }, tail = { 0 };
	const uint32_t flags = inbound ? FLAGS_INBOUND : FLAGS_OUTBOUND;
	if (!w->capture)
		return;
	put_u32(&head, end);
	put_u32(&head, (uint32_t)(now >> 32));
	put_u32(&head, (uint32_t)now);
	put_u32(&head, f->len);
	put_u32(&head, f->len);
	put_option(&tail, OPT_PACKET_FLAGS, &flags, sizeof flags);
	put_u16s(&tail, OPT_END, 0);
	write_block(w->capture, BLOCK_PACKET, &head, f->b, f->len, &tail);
}

void capture_close(struct sim_wire *w)
{
	if (!w->capture)
		return;
	bool bad = ferror(w->capture);
	if (fclose(w->capture) || bad)
		fprintf(stderr, "the capture of wire %u could not be written whole: %s\n", w->number,
			strerror(errno));
	w->capture = NULL;
}
