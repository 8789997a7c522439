/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_NETCONF_CTL_H
#define LEAT_NET_NETCONF_CTL_H

#include "nlmsg/family.h"

extern const struct nl_family netconf_family, netconf4_family, netconf6_family;

#endif
