/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_DEV_DEV_H
#define LEAT_DEV_DEV_H

#include "core/module.h"

extern const struct module dev_module; /* "lo", and the kinds "mem", "generator", "sink" */

#endif
