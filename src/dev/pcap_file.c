/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/pcap_file.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_ether.h>

#include "base/pcapng.h"

enum { FRAME_MAX = 65535 + ETH_HLEN };

/* --- in --- */

static int say(char *why, size_t why_len, int err, const char *text)
{
	snprintf(why, why_len, "%s", text);
	return err;
}

int pcap_file_open(const char *path, pcap_t **ret, char *why, size_t why_len)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *f = pcap_open_offline(path, text);
	if (!f)
		return say(why, why_len, -ENOENT, text);
	if (pcap_datalink(f) != DLT_EN10MB) {
		pcap_close(f);
		return say(why, why_len, -EINVAL, "not a capture of Ethernet frames");
	}
	*ret = f;
	return 0;
}

/* First pass: what it takes. */
static int measure(pcap_t *f, uint32_t *ret_n, uint64_t *ret_bytes, char *why, size_t why_len)
{
	struct pcap_pkthdr *h;
	const u_char *b;
	int got;
	while ((got = pcap_next_ex(f, &h, &b)) == 1 && *ret_n < UINT32_MAX && h->caplen <= FRAME_MAX) {
		*ret_bytes += h->caplen;
		++*ret_n;
	}
	if (got == 1)
		return say(why, why_len, -EMSGSIZE, "a frame of more than 64 KiB, or too many frames");
	return got == PCAP_ERROR_BREAK ? 0 : say(why, why_len, -EINVAL, pcap_geterr(f));
}

static uint64_t time_of(const struct pcap_pkthdr *h)
{
	return (uint64_t)h->ts.tv_sec * 1000000 + (uint64_t)h->ts.tv_usec;
}

/* Second pass. The file may have changed since, so nothing of the first is taken for granted but the room. */
static int read_all(pcap_t *f, struct pcap_frames *fr, uint64_t room, char *why, size_t why_len)
{
	struct pcap_pkthdr *h;
	const u_char *b;
	uint64_t off = 0, start = 0, last = 0;
	uint32_t i = 0;
	for (; i < fr->n && pcap_next_ex(f, &h, &b) == 1 && h->caplen <= room - off; i++) {
		if (!i)
			start = last = time_of(h);
		last = MAX(last, time_of(h)); /* captures of several queues go back now and then */
		fr->frame[i] = (struct pcap_frame){ .at_us = last - start,
						    .off = off,
						    .len = h->caplen,
						    .missing = h->len > h->caplen ? h->len - h->caplen : 0 };
		memcpy(fr->bytes + off, b, h->caplen);
		off += h->caplen;
	}
	return i == fr->n ? 0 : say(why, why_len, -EAGAIN, "the file changes while it is read");
}

int pcap_frames_load(struct leat_stack *st, const char *path, struct pcap_frames *ret, char *ret_why,
		     size_t why_len)
{
	uint64_t bytes = 0;
	pcap_t *f;
	*ret = (struct pcap_frames){ 0 };
	int err = pcap_file_open(path, &f, ret_why, why_len);
	if (err)
		return err;
	err = measure(f, &ret->n, &bytes, ret_why, why_len);
	pcap_close(f);
	if (!err)
		err = pcap_file_open(path, &f, ret_why, why_len);
	if (err)
		return err;
	ret->frame = mem_zalloc(&st->mem, ret->n * sizeof *ret->frame + 1);
	ret->bytes = mem_zalloc(&st->mem, bytes + 1);
	if (ret->frame && ret->bytes)
		err = read_all(f, ret, bytes, ret_why, why_len);
	else
		err = say(ret_why, why_len, -ENOMEM, "the file does not fit into the stack's memory");
	pcap_close(f);
	if (err)
		pcap_frames_free(ret);
	return err;
}

void pcap_frames_free(struct pcap_frames *f)
{
	mem_free(f->frame);
	mem_free(f->bytes);
	*f = (struct pcap_frames){ 0 };
}

/* --- out --- */

struct pcap_writer {
	struct pcapng *ng; /* one of the two */
	pcap_dumper_t *dump;
	pcap_t *dead;
};

static bool wants_pcap(const char *path)
{
	size_t n = strlen(path);
	return n > 5 && !strcmp(path + n - 5, ".pcap");
}

static int open_plain(struct pcap_writer *w, const char *path)
{
	w->dead = pcap_open_dead(DLT_EN10MB, FRAME_MAX);
	errno = EIO;
	w->dump = w->dead ? pcap_dump_open(w->dead, path) : NULL;
	return w->dump ? 0 : -errno;
}

int pcap_writer_open(const char *path, const char *ifname, struct pcap_writer **ret, char *ret_why,
		     size_t why_len)
{
	struct pcap_writer *w = calloc(1, sizeof *w);
	if (!w)
		return say(ret_why, why_len, -ENOMEM, "no memory");
	int err = wants_pcap(path) ? open_plain(w, path) : pcapng_open(path, "leat", NULL, &w->ng);
	if (err) {
		snprintf(ret_why, why_len, "%s: %s", path, strerror(-err));
		pcap_writer_close(w);
		return err;
	}
	if (w->ng)
		pcapng_interface(w->ng, PCAPNG_LINK_ETHERNET, ifname, 0);
	*ret = w;
	return 0;
}

void pcap_writer_put(struct pcap_writer *w, uint64_t at_us, struct cursor frame)
{
	uint8_t b[FRAME_MAX];
	uint32_t len = MIN(cur_left(&frame), (uint32_t)sizeof b);
	const struct pcap_pkthdr h = { .ts = { .tv_sec = (time_t)(at_us / 1000000),
					       .tv_usec = (suseconds_t)(at_us % 1000000) },
				       .caplen = len,
				       .len = cur_left(&frame) };
	if (w->ng) {
		pcapng_packet(w->ng, 0, PCAPNG_OUTBOUND, at_us, frame);
		return;
	}
	cur_copy(&frame, b, len);
	pcap_dump((u_char *)w->dump, &h, b);
}

int pcap_writer_flush(struct pcap_writer *w)
{
	if (w->ng)
		return pcapng_flush(w->ng);
	return pcap_dump_flush(w->dump) || ferror(pcap_dump_file(w->dump)) ? -EIO : 0;
}

int pcap_writer_close(struct pcap_writer *w)
{
	int err = 0;
	if (!w)
		return 0;
	if (w->dump) {
		err = pcap_writer_flush(w);
		pcap_dump_close(w->dump);
	}
	if (w->dead)
		pcap_close(w->dead);
	if (w->ng)
		err = pcapng_close(w->ng);
	free(w);
	return err;
}
