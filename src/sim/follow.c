/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: with a filter, every stack has a trace on from its first moment (graph/trace.h), all of them together: a
 * packet that one has marked keeps its number on the wire and in the next. Wires add lines of their own: a frame sets out, or is
 * dropped, or has something done to it.
 *
 * Lines come out in the order in which things happened. Records are taken out of a stack as soon as what made them is over, so
 * that those of two stacks do not pass each other; what a wire says during that waits until then, since the node that sent is not
 * done at that moment. Nothing here changes what happens: a run has the same digest with and without. */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "graph/node.h"
#include "graph/trace.h"
#include "graph/trace_text.h"
#include "sim/sim_internal.h"

enum { SNAPLEN = 262144, WIRE_TEXT = 24 };

struct wire_line {
	uint64_t time_us;
	uint32_t id, len, snap_len;
	const struct sim_dir *dir;
	enum sim_drop drop; /* SIM_DROPS: it was not */
	const char *text;
	bool gso;
	uint8_t snap[TRACE_SNAP];
};

struct follow {
	struct bpf_program prog;
	uint32_t ids, last_id;
	uint64_t lost;
	FILE *out;
	struct wire_line *line;
	unsigned n_lines, room_lines;
};

/* --- what stacks recorded --- */

static const char *name_of(struct leat_stack *st, uint32_t handle)
{
	const struct iface *i = handle ? iface_by_handle(st, handle) : NULL;
	return i ? i->name : NULL;
}

static void print_record(struct follow *fo, const struct sim_node *n, const struct trace_record *r)
{
	const struct node *at = graph_node(n->st, r->node), *to = r->next ? graph_node(n->st, r->next) : NULL;
	const struct trace_words words = {
		.time_us = r->time_us,
		.id = r->trace_id,
		.where = n->name,
		.node = at ? at->name : "-",
		.next = to ? to->name : NULL,
		.drop = r->drop ? drop_name((enum drop)r->drop) : NULL,
		.kept = r->kept,
		.to_worker = r->to_worker,
		.in = name_of(n->st, r->in_if),
		.out = name_of(n->st, r->out_if),
		.text = r->text,
		.gso = r->gso,
		.len = r->len,
		.layer = r->layer,
		.ethertype = r->ethertype,
		.snap = cur_of_cut(r->snap, r->snap_len, r->len),
	};
	trace_print(fo->out, &words, &fo->last_id);
}

static void take_records(struct follow *fo, const struct sim_node *n)
{
	struct trace_record r;
	while (n->st && trace_read(n->st, &r, 1, &fo->lost))
		print_record(fo, n, &r);
}

/* --- what wires did --- */

static void print_line(struct follow *fo, const struct wire_line *l)
{
	char name[WIRE_TEXT], ends[2][STACK_NAME_MAX + IFACE_NAME_MAX + 1];
	const struct sim_wire *w = l->dir->wire;
	snprintf(name, sizeof name, "wire %u", w->number);
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_end *e = &w->end[i ? !l->dir->from : l->dir->from];
		snprintf(ends[i], sizeof ends[i], "%s:%s", e->node->name, e->ifname);
	}
	const struct trace_words words = {
		.time_us = l->time_us,
		.id = l->id,
		.node = name,
		.next = w->end[!l->dir->from].node->name,
		.drop = l->drop < SIM_DROPS ? sim_drop_names[l->drop] : NULL,
		.in = ends[0],
		.out = ends[1],
		.text = l->text,
		.gso = l->gso,
		.len = l->len,
		.layer = 2,
		.snap = cur_of_cut(l->snap, l->snap_len, l->len),
	};
	trace_print(fo->out, &words, &fo->last_id);
}

static void print_lines(struct follow *fo)
{
	for (unsigned i = 0; i < fo->n_lines; i++)
		print_line(fo, &fo->line[i]);
	fo->n_lines = 0;
}

static struct wire_line *another_line(struct follow *fo)
{
	if (fo->n_lines == fo->room_lines) {
		fo->room_lines = MAX(16U, 2 * fo->room_lines);
		fo->line = realloc(fo->line, fo->room_lines * sizeof *fo->line);
		if (!fo->line)
			abort(); /* as sim_at() does */
	}
	return &fo->line[fo->n_lines++];
}

static void add_line(struct sim_dir *d, const struct sim_frame *f, enum sim_drop drop, const char *text)
{
	struct follow *fo = d->wire->sim->follow;
	if (!fo || !f->trace_id)
		return;
	struct wire_line *l = another_line(fo);
	*l = (struct wire_line){ .time_us = sim_now_us(d->wire->sim),
				 .id = f->trace_id,
				 .len = f->len,
				 .snap_len = MIN(f->len, (uint32_t)TRACE_SNAP),
				 .dir = d,
				 .drop = drop,
				 .text = text,
				 .gso = f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE };
	memcpy(l->snap, f->b, l->snap_len);
}

void follow_sent(struct sim_dir *d, struct sim_frame *f)
{
	struct follow *fo = d->wire->sim->follow;
	if (!fo)
		return;
	if (!f->trace_id && bpf_filter(fo->prog.bf_insns, f->b, f->len, f->len))
		f->trace_id = ++fo->ids;
	add_line(d, f, SIM_DROPS, NULL);
}

void follow_dropped(struct sim_dir *d, const struct sim_frame *f, enum sim_drop why)
{
	add_line(d, f, why, NULL);
}

void follow_changed(struct sim_dir *d, const struct sim_frame *f, const char *what)
{
	add_line(d, f, SIM_DROPS, what);
}

/* --- when --- */

void follow_flush(struct sim *s, struct sim_node *n)
{
	if (!s->follow)
		return;
	if (n)
		take_records(s->follow, n);
	else
		list_for_each (n, &s->nodes, link)
			take_records(s->follow, n);
	print_lines(s->follow);
}

int follow_stack(struct sim_node *n)
{
	struct follow *fo = n->sim->follow;
	return fo ? trace_start_together(n->st, fo->prog.bf_insns, fo->prog.bf_len, &fo->ids) : 0;
}

static int compile(const char *filter, struct bpf_program *ret)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (!p)
		return -ENOMEM;
	int err = pcap_compile(p, ret, filter, 1, PCAP_NETMASK_UNKNOWN) < 0 ? -EINVAL : 0;
	if (err)
		fprintf(stderr, "cannot trace \"%s\": %s\n", filter, pcap_geterr(p));
	pcap_close(p);
	return err;
}

int follow_init(struct sim *s)
{
	if (!s->opts.trace)
		return 0;
	struct follow *fo = calloc(1, sizeof *fo);
	if (!fo)
		return -ENOMEM;
	fo->out = s->opts.trace_out ? s->opts.trace_out : stdout;
	int err = compile(s->opts.trace, &fo->prog);
	if (err) {
		free(fo);
		return err;
	}
	s->follow = fo;
	return 0;
}

void follow_done(struct sim *s)
{
	struct follow *fo = s->follow;
	if (!fo)
		return;
	if (fo->lost)
		fprintf(stderr, "%" PRIu64 " records of the trace were lost\n", fo->lost);
	pcap_freecode(&fo->prog);
	free(fo->line);
	free(fo);
}
