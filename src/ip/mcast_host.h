/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's side of IGMP (RFC 2236, 3376) and MLD (RFC 2710, 3810), which are one protocol in two formats: what igmp.c and mld.c
 * share. Versions are IGMP's: MLDv1 is 2, MLDv2 is 3. */
#ifndef LEAT_IP_MCAST_HOST_H
#define LEAT_IP_MCAST_HOST_H

#include "ip/ip_internal.h"
#include "net/mcast.h"
#include "wire/mcast.h"

struct mcast_host_ops {
	uint8_t family;
	bool (*is_reported)(const struct ipaddr *group, const struct leat_stack *st);
	uint8_t (*forced)(const struct iface *i); /* the version that is set; 0: by who asks */
	uint32_t (*unsolicited_ms)(const struct iface *i,
				   uint8_t version); /* between what nobody asked for */
	struct ipaddr (*to)(uint8_t version, bool leave, const struct ipaddr *group); /* whom reports go to */
	/* Worker: sends len bytes of message to *dst. */
	void (*send)(struct worker *w, const struct iface *out, const struct ipaddr *dst, uint8_t *msg,
		     uint32_t len);
};

/* In the state of module igmp, and of mld. Control lcore. */
struct mcast_host {
	const struct mcast_host_ops *ops;
	struct leat_stack *st;
	uint8_t robustness; /* a knob: of what is sent unasked, until a querier says */
	struct list ifs; /* struct host_if */
	struct mcast_watch watch;
	struct iface_watch iface_watch;
};

/* h->robustness must be set. */
void mcast_host_init(struct mcast_host *h, struct leat_stack *st, const struct mcast_host_ops *ops);
void mcast_host_unlink(struct mcast_host *h);
void mcast_host_drain(struct mcast_host *h);

/* A message arrived: on the control lcore. */
void mcast_host_asked(struct mcast_host *h, uint32_t if_handle, const struct mcast_query *q);
void mcast_host_overheard(struct mcast_host *h, uint32_t if_handle, const struct ipaddr *group);

/* Worker: hands the packet to the control lcore, where fn gets it and has to free it. False: the ring is full. */
static inline bool mcast_host_hand_up(struct worker *w, struct pkt *p, msg_fn *fn)
{
	const struct msg m = { .fn = fn, .arg = { { .p = w->st }, { .u = p->in_if }, { .p = p } } };
	return lcore_try_post(w->lc, w->st->rt->ctl, &m);
}

#endif
