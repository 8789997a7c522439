/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered of a host between connections (Linux: tcp_metrics): what Fast Open needs, its cookie and its MSS. */
#ifndef LEAT_TCP_HOST_H
#define LEAT_TCP_HOST_H

#include "tcp/tcp_internal.h"

enum { TCP_HOSTS_MAX = 16384 };

/* Read: any worker, within a turn.   Write: never once published, but for what is control's.
 * Free: rt_defer() in host.c. */
struct tcp_host {
	struct hash_node by_path;
	struct {
		struct ip6 local, remote;
	} path;
	struct tcp_fast_cookie cookie; /* len <= 0: none */
	uint16_t mss; /* 0: not known */
	uint8_t try_exp; /* 1: no answer to the option, so the experimental one is next; 2: none to that, either */
	/* Control's alone. */
	uint16_t syn_losses;
	uint64_t heard_us, lost_us, serial; /* serial: of the one that is told next in a dump */
	struct list link; /* the oldest first */
	struct deferred deferred;
};

void tcp_hosts_init(struct leat_stack *st);
void tcp_hosts_free(struct leat_stack *st);
/* NULL: nothing is known. Any worker, within a turn; or between turns. */
const struct tcp_host *tcp_host_find(const struct leat_stack *st, const struct ip6 *local,
				     const struct ip6 *remote);
void tcp_host_tell(struct worker *w, const struct tcp_host_news *n);
/* Control. */
void tcp_host_learn(struct leat_stack *st, const struct tcp_host_news *n);
void tcp_host_forget(struct leat_stack *st, struct tcp_host *m);
/* fast_save.c */
void tcp_hosts_save(struct saver *s, const struct leat_stack *st);
int tcp_hosts_restore(struct loader *l, struct leat_stack *st); /* 0, -EINVAL */
extern const struct nl_family tcp_hosts_family; /* host_ctl.c */

#endif
