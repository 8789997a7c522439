/* SPDX-License-Identifier: BSD-2-Clause */
/* A pcap file per wire: what was sent into it from either end, at the virtual time. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sim/sim_internal.h"

enum { SNAPLEN = 262144 };

int capture_open(struct sim_wire *w)
{
	char path[512];
	const struct sim_end *e = w->end;
	if (!w->sim->opts.pcap_dir)
		return 0;
	snprintf(path, sizeof path, "%s/%u-%s.%s-%s.%s.pcap", w->sim->opts.pcap_dir, w->number,
		 e[0].node->name, e[0].ifname, e[1].node->name, e[1].ifname);
	mkdir(w->sim->opts.pcap_dir, 0777); /* what fails here for good, fails below with a reason */
	w->pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (!w->pcap)
		return -ENOMEM;
	w->dump = pcap_dump_open(w->pcap, path);
	if (w->dump)
		return 0;
	fprintf(stderr, "%s\n", pcap_geterr(w->pcap));
	return -EIO;
}

void capture_frame(struct sim_wire *w, const struct sim_frame *f)
{
	uint64_t now = sim_now_us(w->sim);
	struct pcap_pkthdr h = { .ts = { (time_t)(now / SIM_SEC), (suseconds_t)(now % SIM_SEC) },
				 .caplen = f->len,
				 .len = f->len };
	if (w->dump)
		pcap_dump((u_char *)w->dump, &h, f->b);
}

void capture_close(struct sim_wire *w)
{
	if (w->dump)
		pcap_dump_close(w->dump);
	if (w->pcap)
		pcap_close(w->pcap);
	w->dump = NULL;
	w->pcap = NULL;
}
