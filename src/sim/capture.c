/* SPDX-License-Identifier: BSD-2-Clause */
/* A pcapng file per wire. Its two interfaces are the wire's two ends, and each says what a capture there would have said: a frame is
 * outbound where it was sent and, later, inbound where it arrived. What was lost on the way is outbound alone. Times are virtual. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/pcapng.h"
#include "sim/sim_internal.h"

static void write_interface(const struct sim_wire *w, const struct sim_end *e)
{
	char name[STACK_NAME_MAX + IFACE_NAME_MAX + 1];
	snprintf(name, sizeof name, "%s:%s", e->node->name, e->ifname);
	pcapng_interface(w->capture, PCAPNG_LINK_ETHERNET, name, w->conf.rate_bps);
}

int capture_open(struct sim_wire *w)
{
	char path[512], seed[32];
	const struct sim_end *e = w->end;
	const char *dir = w->sim->opts.pcap_dir;
	if (!dir)
		return 0;
	snprintf(path, sizeof path, "%s/%u-%s.%s-%s.%s.pcapng", dir, w->number, e[0].node->name, e[0].ifname,
		 e[1].node->name, e[1].ifname);
	snprintf(seed, sizeof seed, "seed %" PRIu64, w->sim->opts.seed);
	mkdir(dir, 0777); /* what fails here for good, fails below with a reason */
	int err = pcapng_open(path, "leat sim", seed, &w->capture);
	if (err) {
		snprintf(w->sim->why, sizeof w->sim->why, "%s: %s", path, strerror(-err));
		return err;
	}
	write_interface(w, &e[0]);
	write_interface(w, &e[1]);
	return 0;
}

void capture_frame(struct sim_wire *w, unsigned end, bool inbound, const struct sim_frame *f)
{
	pcapng_packet(w->capture, end, inbound ? PCAPNG_INBOUND : PCAPNG_OUTBOUND, sim_now_us(w->sim),
		      cur_of(f->b, f->len));
}

void capture_close(struct sim_wire *w)
{
	if (pcapng_close(w->capture))
		fprintf(stderr, "the capture of wire %u could not be written whole\n", w->number);
	w->capture = NULL;
}
