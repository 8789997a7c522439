/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fact(struct facts *f, const char *name, const char *fmt, ...)
{
	char value[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	size_t name_len = strlen(name) + 1, value_len = strlen(value) + 1;
	if (f->len + name_len + value_len > sizeof f->text)
		return;
	memcpy(f->text + f->len, name, name_len);
	memcpy(f->text + f->len + name_len, value, value_len);
	f->len = (uint16_t)(f->len + name_len + value_len);
}

bool facts_next(const struct facts *f, size_t *at, const char **ret_name, const char **ret_value)
{
	if (*at >= f->len)
		return false;
	*ret_name = f->text + *at;
	*ret_value = *ret_name + strlen(*ret_name) + 1;
	*at = (size_t)(*ret_value - f->text) + strlen(*ret_value) + 1;
	return true;
}

const char *facts_find(const struct facts *f, const char *name)
{
	const char *n, *v;
	for (size_t at = 0; facts_next(f, &at, &n, &v);)
		if (!strcmp(n, name))
			return v;
	return NULL;
}
