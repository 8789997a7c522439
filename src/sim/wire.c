/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a frame that an interface sends meets, in this order: the cut, the wire's MTU, the queue and the rate of
 * its direction, loss, corruption, duplication, and the delay with jitter and holding back; then it arrives.
 *
 *	in ── cut? ── mtu? ── [queue] ── rate ── loss? burst? ── corrupt ── duplicate ── (delay, jitter, reorder) ── cut? ── out
 *
 * The rate is kept in nanoseconds, since a short frame on a fast wire takes less than the clock's microsecond: busy_ns says until
 * when the sender is busy, and a frame that waited starts exactly then, though the event that takes it out of the queue
 * comes at the next whole microsecond. Arithmetic is on integers alone, so all compilers agree.
 *
 * Jitter keeps the order, as queues on a path do; only `reorder` lets frames pass each other. A frame that was under way when the
 * wire was cut does not arrive, even if the wire is whole again by then.
 *
 * Left out: bytes that pcap does not show (preamble, FCS, gap) take no time. */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_internal.h"

enum { NS_PER_US = 1000 };
static const uint64_t ns_per_s = 1000000000;

const char *const sim_drop_names[SIM_DROPS] = {
	[SIM_DROP_CUT] = "cut",       [SIM_DROP_QUEUE] = "queue",   [SIM_DROP_AQM] = "aqm",
	[SIM_DROP_LOSS] = "loss",     [SIM_DROP_BURST] = "burst",   [SIM_DROP_MTU] = "mtu",
	[SIM_DROP_NOBODY] = "nobody", [SIM_DROP_MEMORY] = "memory",
};

static void drop(struct sim_dir *d, struct sim_frame *f, enum sim_drop why)
{
	d->stats.dropped[why]++;
	follow_dropped(d, f, why);
	free(f);
}

static uint64_t now_ns(const struct sim_dir *d)
{
	return sim_now_us(d->wire->sim) * NS_PER_US;
}

static uint64_t whole_us(uint64_t ns)
{
	return (ns + NS_PER_US - 1) / NS_PER_US;
}

static bool is_cut(const struct sim_wire *w)
{
	return w->cut || w->unplugged;
}

/* --- the far end --- */

static void arrive(struct sim *s, struct sim_event *e)
{
	struct sim_frame *f = container_of(e, struct sim_frame, arrival);
	struct sim_dir *d = f->dir;
	struct sim_end *to = &d->wire->end[!d->from];
	d->stats.held--;
	if (is_cut(d->wire) || f->cuts != d->wire->cuts) {
		drop(d, f, SIM_DROP_CUT);
	} else if (!to->ifc || !iface_is_up(to->ifc)) {
		drop(d, f, SIM_DROP_NOBODY);
	} else {
		d->stats.out++;
		d->stats.out_bytes += f->len;
		capture_frame(d->wire, !d->from, true, f);
		device_receive(to, f);
		free(f);
	}
}

static void fly(struct sim_dir *d, struct sim_frame *f, uint64_t from_ns)
{
	const struct sim_wire_conf *c = &d->wire->conf;
	uint64_t at = whole_us(from_ns) + c->delay_us;
	if (c->jitter_us) {
		at += sim_random(&d->random) % (2 * c->jitter_us + 1);
		at -= MIN(at, c->jitter_us);
	}
	if (sim_chance(&d->random, c->reorder)) {
		d->stats.reordered++;
		follow_changed(d, f, "held back");
		at += c->reorder_us;
	} else {
		at = d->last_us = MAX(at, d->last_us);
	}
	f->arrival.fn = arrive;
	d->stats.held++;
	sim_at(d->wire->sim, &f->arrival, at);
}

/* --- what happens on the way --- */

static bool burst_takes(struct sim_dir *d)
{
	const struct sim_wire_conf *c = &d->wire->conf;
	if (sim_chance(&d->random, d->bad ? c->burst_leave : c->burst_enter))
		d->bad = !d->bad;
	return d->bad && sim_chance(&d->random, c->burst_loss);
}

static void corrupt(struct sim_dir *d, struct sim_frame *f)
{
	uint64_t bit = sim_random(&d->random) % ((uint64_t)f->len * 8);
	f->b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	d->stats.corrupted++;
	follow_changed(d, f, "corrupted");
}

static void duplicate(struct sim_dir *d, const struct sim_frame *f, uint64_t at_ns)
{
	struct sim_frame *copy = malloc(sizeof *f + f->len);
	if (!copy)
		return; /* nothing was promised */
	memcpy(copy, f, sizeof *f + f->len);
	d->stats.duplicated++;
	follow_changed(d, copy, "duplicated");
	fly(d, copy, at_ns);
}

/* Its last bit has left. */
static void sent(struct sim_dir *d, struct sim_frame *f, uint64_t at_ns)
{
	const struct sim_wire_conf *c = &d->wire->conf;
	if (sim_chance(&d->random, c->loss)) {
		drop(d, f, SIM_DROP_LOSS);
		return;
	}
	if (burst_takes(d)) {
		drop(d, f, SIM_DROP_BURST);
		return;
	}
	if (sim_chance(&d->random, c->corrupt))
		corrupt(d, f);
	if (sim_chance(&d->random, c->duplicate))
		duplicate(d, f, at_ns);
	fly(d, f, at_ns);
}

/* --- queue and rate --- */

static void transmit(struct sim_dir *d, struct sim_frame *f)
{
	uint64_t rate = d->wire->conf.rate_bps, from = MAX(d->busy_ns, f->since_ns);
	d->busy_ns = rate ? from + (f->len * 8 * ns_per_s + rate - 1) / rate : from;
	sent(d, f, d->busy_ns);
}

static void ready(struct sim *s, struct sim_event *e)
{
	struct sim_dir *d = container_of(e, struct sim_dir, ready);
	while (d->queue.n && d->busy_ns <= now_ns(d)) {
		struct sim_frame *f = queue_pop(d);
		if (f)
			transmit(d, f);
	}
	if (d->queue.n)
		sim_at(s, e, whole_us(d->busy_ns));
}

static void enqueue(struct sim_dir *d, struct sim_frame *f)
{
	uint32_t many = d->wire->conf.mark_packets;
	if (many && d->queue.n >= many && mark_frame(f))
		d->stats.marked++;
	queue_push(d, f);
	if (d->queue.n && !d->ready.place)
		sim_at(d->wire->sim, &d->ready, whole_us(d->busy_ns));
}

/* A frame that is still to be split counts by what it will be split into. */
static bool is_too_long(const struct sim_wire_conf *c, const struct sim_frame *f)
{
	uint32_t len = f->len;
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		len = MIN(len, (uint32_t)f->offload.hdr_len + f->offload.gso_size);
	return c->mtu && len > c->mtu + ETH_HLEN;
}

void wire_send(struct sim_dir *d, struct sim_frame *f)
{
	struct sim_wire *w = d->wire;
	d->stats.in++;
	d->stats.in_bytes += f->len;
	f->dir = d;
	f->cuts = w->cuts;
	f->since_ns = now_ns(d);
	f->arrival = (struct sim_event){ 0 };
	sim_digest_add(w->sim, d, f);
	capture_frame(w, d->from, false, f);
	follow_sent(d, f);
	if (is_cut(w))
		drop(d, f, SIM_DROP_CUT);
	else if (is_too_long(&w->conf, f))
		drop(d, f, SIM_DROP_MTU);
	else if (d->queue.n || d->busy_ns > now_ns(d))
		enqueue(d, f);
	else
		transmit(d, f);
}

/* --- faults --- */

static void cut_now(struct sim_wire *w)
{
	w->cuts++;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_dir *d = &w->dir[i];
		queue_drop_all(d, SIM_DROP_CUT);
		sim_cancel(w->sim, &d->ready);
	}
}

void sim_wire_cut(struct sim_wire *w, bool cut)
{
	if (cut && !w->cut)
		cut_now(w);
	w->cut = cut;
}

void sim_wire_unplug(struct sim_wire *w, bool unplugged)
{
	if (unplugged && !w->unplugged)
		cut_now(w);
	w->unplugged = unplugged;
	for (unsigned i = 0; i < 2; i++)
		if (w->end[i].ifc)
			iface_set_carrier(w->end[i].ifc, !unplugged);
}

bool sim_wire_is_cut(const struct sim_wire *w)
{
	return w->cut;
}

bool sim_wire_is_unplugged(const struct sim_wire *w)
{
	return w->unplugged;
}

int sim_wire_set(struct sim_wire *w, const struct sim_wire_conf *c)
{
	bool offload = w->conf.offload, up = w->conf.up; /* told to the interfaces when they were made */
	w->conf = *c;
	w->conf.offload = offload;
	w->conf.up = up;
	int err = queue_change(&w->dir[0], c->aqm);
	return err ? err : queue_change(&w->dir[1], c->aqm);
}

const struct sim_wire_conf *sim_wire_conf(const struct sim_wire *w)
{
	return &w->conf;
}

/* --- life --- */

static int end_init(struct sim_wire *w, unsigned which, struct sim_node *n, const char *ifname)
{
	struct sim_end *e = &w->end[which];
	struct sim_dir *d = &w->dir[which];
	*e = (struct sim_end){ .wire = w, .which = (uint8_t)which, .node = n };
	snprintf(e->ifname, sizeof e->ifname, "%s", ifname);
	*d = (struct sim_dir){ .wire = w, .from = (uint8_t)which, .ready.fn = ready };
	d->random = w->sim->opts.seed ^ ((uint64_t)w->number << 1 | which) << 32;
	list_append(&n->ends, &e->link);
	return queue_init(d, w->conf.aqm);
}

static int add_to(struct sim *s, struct sim_wire *w)
{
	struct sim_wire **more = realloc(s->wire, (s->n_wires + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	s->wire = more;
	s->wire[s->n_wires++] = w;
	w->number = s->n_wires;
	return 0;
}

/* Names cut short would be other names. */
static int check_end(const struct sim_node *n, const char *ifname)
{
	if (!n->st)
		return -ENETDOWN;
	if (!*ifname || strlen(ifname) >= IFACE_NAME_MAX)
		return -EINVAL;
	return iface_by_name(n->st, ifname) ? -EEXIST : 0;
}

int sim_wire_new(struct sim *s, struct sim_node *a, const char *a_if, struct sim_node *b, const char *b_if,
		 const struct sim_wire_conf *c, struct sim_wire **ret)
{
	int err = check_end(a, a_if);
	if (!err)
		err = check_end(b, b_if);
	if (!err && a == b && !strcmp(a_if, b_if))
		err = -EEXIST;
	struct sim_wire *w = err ? NULL : calloc(1, sizeof *w);
	if (!w)
		return err ? err : -ENOMEM;
	w->sim = s;
	w->conf = *c;
	err = add_to(s, w);
	if (err) {
		free(w);
		return err;
	}
	err = end_init(w, 0, a, a_if);
	if (!err)
		err = end_init(w, 1, b, b_if);
	if (!err)
		err = capture_open(w);
	for (unsigned i = 0; i < 2 && !err; i++)
		err = device_new(&w->end[i], w->end[i].node->st, w->end[i].ifname);
	if (!err && ret)
		*ret = w;
	return err; /* what there is of it goes with the simulation */
}

void wires_forget_events(struct sim *s)
{
	while (s->n_events) {
		struct sim_event *e = s->heap[s->n_events--];
		e->place = 0;
		if (e->fn == arrive)
			free(container_of(e, struct sim_frame, arrival));
	}
}

void wire_done(struct sim_wire *w)
{
	queue_done(&w->dir[0]);
	queue_done(&w->dir[1]);
	capture_close(w);
	free(w);
}

struct sim_wire *sim_wire_get(struct sim *s, unsigned number)
{
	return number && number <= s->n_wires ? s->wire[number - 1] : NULL;
}

struct iface *sim_wire_iface(const struct sim_wire *w, unsigned end)
{
	return w->end[end].ifc;
}

void sim_wire_name(const struct sim_wire *w, char *to, size_t len)
{
	snprintf(to, len, "%s:%s %s:%s", w->end[0].node->name, w->end[0].ifname, w->end[1].node->name,
		 w->end[1].ifname);
}

void sim_wire_stats(const struct sim_wire *w, unsigned from_end, struct sim_wire_stats *ret)
{
	*ret = w->dir[from_end].stats;
}
