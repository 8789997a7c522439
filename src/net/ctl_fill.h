/* SPDX-License-Identifier: BSD-2-Clause */
/* Where tables and netlink meet: the tables tell of their changes here, and name these families in their modules
 * (`.netlink = link_families`). The *_ctl.c files hold both ends; what a packet meets is elsewhere. Control lcore. */
#ifndef LEAT_NET_CTL_FILL_H
#define LEAT_NET_CTL_FILL_H

#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "net/notify.h"

/* Each ends with NULL. */
extern const struct nl_family *const link_families[]; /* iface_module: RTM_*LINK, RTM_GETNETCONF */
extern const struct nl_family *const addr_families[]; /* addr_module: RTM_*ADDR */
extern const struct nl_family *const route_families[]; /* fib_module: RTM_*ROUTE, RTM_GETRULE */
extern const struct nl_family *const neigh_families[]; /* neigh_module: RTM_*NEIGH */

/* One line each for the place where a table has changed. `type` is RTM_NEWxxx or RTM_DELxxx; the interface that is meant must
 * still be found by its handle. */
void link_tell(const struct iface *i, uint16_t type,
	       uint32_t change /* IFF_* that changed; UINT32_MAX: all is new */);
void link_tell_event(const struct iface *i, uint32_t event /* IFLA_EVENT_* */); /* RTM_NEWLINK */
void addr_tell(struct leat_stack *st, uint16_t type, const struct addr *a);
/* nlm_flags: NLM_F_REPLACE, NLM_F_APPEND, NLM_F_CREATE as the kernel shows them to listeners; or 0. */
void route_tell(struct leat_stack *st, uint16_t type, uint16_t nlm_flags, const struct fib_route *r);
void neigh_tell(struct leat_stack *st, uint16_t type, const struct neigh_info *n);

#endif
