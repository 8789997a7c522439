/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of interfaces, by Linux's rules. */
#include "net/iface_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bitmap.h"

enum { NAME_NUMBERS = 32768 }; /* Linux: a page of bits */

bool iface_name_valid(const char *name)
{
	size_t len = strnlen(name, IFACE_NAME_MAX);
	if (len == 0 || len == IFACE_NAME_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (const char *c = name; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			return false;
	return true;
}

/* The number that `name` carries in place of the pattern's %d, or -1. */
static int number_in(const char *name, const char *pattern)
{
	char again[2 * IFACE_NAME_MAX];
	size_t head = (size_t)(strchr(pattern, '%') - pattern);
	unsigned n;
	if (strncmp(name, pattern, head) || !isdigit((unsigned char)name[head]) ||
	    sscanf(name + head, "%5u", &n) != 1 || n >= NAME_NUMBERS)
		return -1;
	snprintf(again, sizeof again, "%.*s%u%s", (int)head, pattern, n, pattern + head + 2);
	return strcmp(again, name) ? -1 : (int)n;
}

static int take_number(struct leat_stack *st, const char *pattern, char ret[IFACE_NAME_MAX])
{
	uint64_t taken[BITMAP_WORDS(NAME_NUMBERS)] = { 0 };
	const char *percent = strchr(pattern, '%');
	char name[2 * IFACE_NAME_MAX];
	struct iface *i;
	unsigned n = 0;
	if (percent[1] != 'd' || strchr(percent + 2, '%'))
		return -EINVAL;
	list_for_each (i, &iface_state(st)->ifaces, link) {
		int number = number_in(i->name, pattern);
		if (number >= 0)
			bit_set(taken, (unsigned)number);
	}
	while (n < NAME_NUMBERS && bit_test(taken, n))
		n++;
	if (n == NAME_NUMBERS)
		return -ENFILE;
	int len = snprintf(name, sizeof name, "%.*s%u%s", (int)(percent - pattern), pattern, n, percent + 2);
	if (len >= IFACE_NAME_MAX)
		return -EINVAL;
	memcpy(ret, name, (size_t)len + 1);
	return 0;
}

int iface_name_take(struct leat_stack *st, const char *pattern, char ret[IFACE_NAME_MAX])
{
	if (!iface_name_valid(pattern))
		return -EINVAL;
	if (strchr(pattern, '%'))
		return take_number(st, pattern, ret);
	if (iface_by_name(st, pattern))
		return -EEXIST;
	memmove(ret, pattern, strlen(pattern) + 1);
	return 0;
}
