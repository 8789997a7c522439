/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface without a wire, as Linux's dummy: a place for addresses and routes. What is sent into it is counted and gone. */
#ifndef LEAT_DEV_DUMMY_H
#define LEAT_DEV_DUMMY_H

#include "net/iface.h"

extern const struct iface_kind dummy_kind; /* "dummy": no options */

#endif
