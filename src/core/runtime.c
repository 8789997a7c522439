/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/runtime.h"

#include <stdarg.h>
#include <stdio.h>

uint64_t rt_random_u64(struct leat_runtime *rt)
{
	uint64_t v;
	rt->ops->random(rt, &v, sizeof v);
	return v;
}

void rt_log(struct leat_runtime *rt, enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	rt->ops->log(rt, level, line);
}
