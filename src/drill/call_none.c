/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of call.c as long as there are no sockets. */
#include "drill/run_internal.h"

const char *call_missing(const struct call *c)
{
	return "no sockets yet";
}
enum call_state call_try(struct run *r, const struct event *e, uint64_t waited_us)
{
	return CALL_WRONG;
}
uint64_t call_timeout_us(struct run *r, const struct event *e)
{
	return UINT64_MAX;
}
void call_close_all(struct run *r)
{
}
