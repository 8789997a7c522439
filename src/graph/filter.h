/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a packet filter fit to be run? */
#ifndef LEAT_GRAPH_FILTER_H
#define LEAT_GRAPH_FILTER_H

#include <stdbool.h>

struct bpf_insn;

enum { FILTER_INSNS_MAX = 4096 }; /* Linux: BPF_MAXINSNS */

/* True: bpf_filter() ends on any packet, and its answer depends on the packet alone. */
bool filter_ok(const struct bpf_insn *prog, unsigned n_insns);

#endif
