/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface whose wire is a file: what a capture holds arrives on it, what is sent into it becomes a capture. */
#ifndef LEAT_DEV_PCAP_H
#define LEAT_DEV_PCAP_H

#include "net/iface.h"

/* "pcap": in=PATH (pcap or pcapng), out=PATH (pcap where the name ends so, else pcapng), pace=0 (as fast as they are taken,
 * else at the times of the capture), worker=N, mac=... One of in and out is wanted. */
extern const struct iface_kind pcap_kind;

#endif
