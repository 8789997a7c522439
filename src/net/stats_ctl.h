/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_STATS_CTL_H
#define LEAT_NET_STATS_CTL_H

#include "nlmsg/family.h"

extern const struct nl_family stats_family;

#endif
