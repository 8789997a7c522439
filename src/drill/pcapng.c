/* SPDX-License-Identifier: BSD-2-Clause */
/* draft-ietf-opsawg-pcapng, in the machine's byte order: a section, an interface tun0 of raw IP with microseconds (the format's own
 * default), then a block a packet. */
#include "drill/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_RAW = 101,
	OPT_NAME = 2,
	OPT_FLAGS = 2,
};

struct pcapng {
	FILE *f;
};

/* body and tail are multiples of four bytes; data is filled up to one. */
static void block(struct pcapng *c, uint32_t type, const void *body, uint32_t body_len, const void *data,
		  uint32_t data_len, const void *tail, uint32_t tail_len)
{
	static const uint8_t pad[4];
	uint32_t fill = -data_len & 3, all = 12 + body_len + data_len + fill + tail_len;
	fwrite(&type, sizeof type, 1, c->f);
	fwrite(&all, sizeof all, 1, c->f);
	fwrite(body, 1, body_len, c->f);
	fwrite(data, 1, data_len, c->f);
	fwrite(pad, 1, fill, c->f);
	fwrite(tail, 1, tail_len, c->f);
	fwrite(&all, sizeof all, 1, c->f);
}

int pcapng_open(const char *path, struct pcapng **ret)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		int64_t len;
	} section = { BYTE_ORDER_MAGIC, 1, 0, -1 };
	const struct {
		uint16_t link, zero;
		uint32_t snaplen;
		uint16_t name, name_len;
		char text[4];
		uint32_t end;
	} iface = { .link = LINKTYPE_RAW, .name = OPT_NAME, .name_len = 4, .text = { 't', 'u', 'n', '0' } };
	struct pcapng *c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->f = fopen(path, "wb");
	if (!c->f) {
		int err = -errno;
		free(c);
		return err;
	}
	block(c, BLOCK_SECTION, &section, sizeof section, "", 0, "", 0);
	block(c, BLOCK_INTERFACE, &iface, sizeof iface, "", 0, "", 0);
	*ret = c;
	return 0;
}

void pcapng_packet(struct pcapng *c, bool in, int64_t at_us, const uint8_t *bytes, uint32_t len)
{
	const uint64_t at = (uint64_t)MAX(at_us, 0);
	const uint32_t head[] = { 0, (uint32_t)(at >> 32), (uint32_t)at, len, len };
	const struct {
		uint16_t flags, flags_len;
		uint32_t direction;
		uint32_t end;
	} tail = { OPT_FLAGS, 4, in ? 1 : 2, 0 };
	if (c)
		block(c, BLOCK_PACKET, head, sizeof head, bytes, len, &tail, sizeof tail);
}

int pcapng_close(struct pcapng *c)
{
	if (!c)
		return 0;
	bool bad = ferror(c->f);
	if (fclose(c->f) || bad) {
		free(c);
		return -EIO;
	}
	free(c);
	return 0;
}
