/* SPDX-License-Identifier: BSD-2-Clause */
/* Values for completion that only the daemon, or the file system, knows. */
#ifndef LEAT_LEAT_ASK_H
#define LEAT_LEAT_ASK_H

#include "cli/cli.h"

/* kind: dev, node, drop, sysctl, daemon, driver. ctx: the line, whose -n names the daemon. Says nothing when nobody answers. */
void ask_values(const char *kind, const struct cli_offers *o, void *ctx);

#endif
