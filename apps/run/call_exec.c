/* SPDX-License-Identifier: BSD-2-Clause */
/* execve() and execveat(): the kernel's business, once /proc/self/net of the program that is to begin is leat's. */
#include "run/superv_internal.h"

void call_exec(struct call *c)
{
	files_follow(&c->s->files, c->tid);
	call_continue(c);
}
