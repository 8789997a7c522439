/* SPDX-License-Identifier: BSD-2-Clause */
/* libleat: a network stack inside of a program. It owns its devices, has addresses and routes of its own, and is spoken to by rings
 * (leat/ring.h) or by calls that look like socket(2) (leat/socket.h).
 *
 *	struct leat *l;
 *	struct leat_stack *st;
 *	leat_new(NULL, &l);
 *	leat_stack_new(l, "web", "/run/netns/blue", &st);
 *	leat_device(st, "af_packet:veth0");
 *	leat_config(st, "address 192.0.2.1/24 dev veth0; route default via 192.0.2.254");
 *
 * Functions that can fail return 0 or a negative errno value; leat_why() then has a line for a person. They may be called by any
 * thread, and wait until it is done. Every _free welcomes NULL. Names are never taken away from a shared library of this soname. */
#ifndef LEAT_LEAT_H
#define LEAT_LEAT_H

#include <stdbool.h>
#include <stddef.h>

#include "leat/ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The threads that stacks live on: one for control, and one for each worker. */
struct leat;
struct leat_stack;

struct leat_opts {
	unsigned workers; /* 0: 1 */
	unsigned budget_mib; /* of all memory; 0: 1024 */
	bool poll; /* workers never sleep */
	bool pin; /* each has a CPU of those this process may use */
	bool verbose; /* the log on standard error has more than warnings */
};

int leat_new(const struct leat_opts *opts, struct leat **ret); /* opts NULL: all 0 */
/* With all stacks. Rings must have been freed. */
void leat_free(struct leat *l);
/* Why the last call that failed did so; "" when there is nothing more to say than its number. Any of the calls below may change it. */
const char *leat_why(const struct leat *l);

/* A stack with an interface "lo". netns: the network namespace its devices are in, as a path (/run/netns/NAME, /proc/PID/ns/net); NULL:
 * that in which leat_new() was called. */
int leat_stack_new(struct leat *l, const char *name, const char *netns, struct leat_stack **ret);
/* Its devices are given back; what sockets have to say, they do not any more. Rings of it must have been freed. */
void leat_stack_free(struct leat_stack *st);

/* DRIVER:NAME[,OPTION...]: af_packet:veth0, af_xdp:eth0, tap:tap0, dummy:d0, ... as leatd(8)'s --dev has it. While it is open the kernel
 * neither hears nor speaks on the interface. It takes the rights to open such devices, and is up when this returns. */
int leat_device(struct leat_stack *st, const char *words);
/* Two stacks of one struct leat, joined by a pair of interfaces; both are up. */
int leat_join(struct leat_stack *a, const char *name_a, struct leat_stack *b, const char *name_b);

/* Lines, by newlines or semicolons:
 *	link NAME [up|down] [mtu N]
 *	address ADDRESS/LENGTH dev NAME
 *	route default|PREFIX/LENGTH [via ADDRESS] [dev NAME]
 *	neighbour ADDRESS lladdr MAC dev NAME
 *	SETTING=VALUE			as sysctl(8) calls it
 * The first that fails ends it; leat_why() names it. */
int leat_config(struct leat_stack *st, const char *lines);

/* A request as of netlink(7): one datagram, of which each message is executed. fn is given every answer, on another thread, until all
 * requests have had theirs: struct nlmsghdr by struct nlmsghdr. NLM_F_ACK is added. fn may be NULL. The first error. */
typedef void leat_netlink_fn(const void *msg, size_t len, void *ctx);
int leat_netlink(struct leat_stack *st, int protocol, const void *msgs, size_t len, leat_netlink_fn *fn,
		 void *ctx);

#ifdef __cplusplus
}
#endif

#endif
