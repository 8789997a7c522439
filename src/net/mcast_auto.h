/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups that are joined by `ip address add GROUP dev IF autojoin` (IFA_F_MCAUTOJOIN). Control lcore. */
#ifndef LEAT_NET_MCAST_AUTO_H
#define LEAT_NET_MCAST_AUTO_H

#include "net/addr.h"

struct mcast_auto {
	struct list joined;
	struct addr_watch watch;
};
void mcast_auto_init(struct leat_stack *st, struct mcast_auto *a);
void mcast_auto_unlink(struct leat_stack *st, struct mcast_auto *a); /* leaves all */

#endif
