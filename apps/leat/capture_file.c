/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/capture_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pcapng.h"
#include "leat/leat.h"

enum { LINK_USER0 = 147, NAME_MAX_LEN = 40, INTERFACES_MAX = 4096 };

struct shown {
	char name[NAME_MAX_LEN];
	uint16_t link;
	uint64_t delivered;
};

struct capture_file {
	FILE *f;
	struct pcapng *c;
	char path[256];
	uint64_t from_ns;
	unsigned n;
	struct shown *shown; /* [INTERFACES_MAX] */
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

int capture_file_open(const char *path, const char *daemon, uint32_t snap, struct capture_file **ret)
{
	struct capture_file *f = calloc(1, sizeof *f);
	char comment[128];

	f->shown = calloc(INTERFACES_MAX, sizeof *f->shown);
	f->f = strcmp(path, "-") != 0 ? fopen(path, "wbe") : stdout;
	f->from_ns = now_ns();
	snprintf(f->path, sizeof f->path, "%s", path);
	snprintf(comment, sizeof comment, "leat capture, daemon %s", daemon);
	if (!f->f || pcapng_open_file(f->f, "leat " LEAT_VERSION, comment, true, snap, &f->c)) {
		leat_error("capture: %s: %s", path, strerror(errno));
		free(f->shown);
		free(f);
		return 1;
	}
	*ret = f;
	return 0;
}

/* The link of what begins with its network header is IP alone, of what begins elsewhere nobody knows. */
static uint16_t link_of(uint32_t layer)
{
	return layer == 2 ? PCAPNG_LINK_ETHERNET : layer == 3 ? PCAPNG_LINK_RAW : LINK_USER0;
}

static unsigned interface_of(struct capture_file *f, const char *name, uint16_t link)
{
	unsigned i = 0;
	while (i < f->n && (f->shown[i].link != link || strcmp(f->shown[i].name, name) != 0))
		i++;
	if (i < f->n || f->n == INTERFACES_MAX)
		return i < f->n ? i : 0;
	snprintf(f->shown[i].name, NAME_MAX_LEN, "%s", name);
	f->shown[i].link = link;
	f->n++;
	pcapng_interface(f->c, link, name, 0);
	return i;
}

static const char *device_of(const struct answer *a, uint32_t what)
{
	bool in = what != LEAT_CAPTURE_OUT && a->attr[LEAT_A_IN_IFNAME];
	const char *name = answer_str(a, in ? LEAT_A_IN_IFNAME : LEAT_A_OUT_IFNAME);
	return *name ? name : "(none)";
}

static const char *comment_of(const struct answer *a, uint32_t what, char *to, size_t len)
{
	if (what == LEAT_CAPTURE_DROPS)
		snprintf(to, len, "dropped at %s: %s (%s)", answer_str(a, LEAT_A_NODE_NAME),
			 answer_str(a, LEAT_A_DROP), answer_str(a, LEAT_A_HELP));
	else if (what == LEAT_CAPTURE_NODE)
		snprintf(to, len, "at %s", answer_str(a, LEAT_A_NODE_NAME));
	else
		return NULL;
	return to;
}

void capture_file_put(struct capture_file *f, const struct answer *a)
{
	const struct nlattr *snap = a->attr[LEAT_A_SNAP];
	uint32_t what = answer_u32(a, LEAT_A_WHAT);
	char comment[120];
	struct pcapng_about about = {
		.way = what == LEAT_CAPTURE_IN    ? PCAPNG_INBOUND
		       : what == LEAT_CAPTURE_OUT ? PCAPNG_OUTBOUND
						  : PCAPNG_ANY_WAY,
		.at = answer_u64(a, LEAT_A_TIME_NS),
		.len = answer_u32(a, LEAT_A_LEN),
		.lost = answer_u64(a, LEAT_A_LOST),
		.comment = comment_of(a, what, comment, sizeof comment),
	};
	unsigned i = interface_of(f, device_of(a, what), link_of(answer_u32(a, LEAT_A_LAYER)));
	f->shown[i].delivered++;
	pcapng_packet_as(f->c, i, &about,
			 snap ? cur_of(mnl_attr_get_payload(snap), mnl_attr_get_payload_len(snap))
			      : cur_of(NULL, 0));
}

bool capture_file_flush(struct capture_file *f)
{
	return !pcapng_flush(f->c);
}

int capture_file_fd(const struct capture_file *f)
{
	return fileno(f->f);
}

/* Losses are counted for the capture as a whole: they stand with its first interface. */
int capture_file_close(struct capture_file *f, uint64_t matched, uint64_t lost)
{
	if (!f)
		return 0;
	if (!f->n)
		interface_of(f, "any", PCAPNG_LINK_ETHERNET);
	for (unsigned i = 0; i < f->n; i++) {
		struct pcapng_counts n = { .from = f->from_ns,
					   .at = now_ns(),
					   .delivered = f->shown[i].delivered };
		n.accepted = i ? n.delivered : matched;
		n.lost = i ? 0 : lost;
		pcapng_statistics(f->c, i, &n);
	}
	int err = pcapng_flush(f->c), why = errno, ret = 0;
	if (err && why != EPIPE)
		ret = leat_error("capture: %s: %s", f->path, strerror(why));
	if (f->f == stdout && err &&
	    !freopen("/dev/null", "we", stdout)) /* what is left in it has nowhere to go */
		ret = 1;
	if (f->f != stdout)
		pcapng_close(f->c);
	free(f->shown);
	free(f);
	return ret;
}
