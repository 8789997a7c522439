/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of interfaces, by Linux's rules. */
#include "net/iface_internal.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if.h>
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
	if (iface_by_any_name(st, pattern))
		return -EEXIST;
	memmove(ret, pattern, strlen(pattern) + 1);
	return 0;
}

/* --- alternative names --- */

enum { ALTNAMES_MAX = 490 }; /* Linux: as many as fit into one attribute */

static struct iface_altname *altname_find(const struct iface *i, const char *name)
{
	struct iface_altname *a;
	list_for_each (a, &i->altnames, link)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

struct iface *iface_by_any_name(struct leat_stack *st, const char *name)
{
	struct iface *i = strlen(name) < IFACE_NAME_MAX ? iface_by_name(st, name) : NULL;
	if (i || !iface_state(st)->n_altnames)
		return i;
	list_for_each (i, &iface_state(st)->ifaces, link)
		if (altname_find(i, name))
			return i;
	return NULL;
}

int iface_altname_add(struct iface *i, const char *name)
{
	const struct iface_altname *other;
	unsigned n = 0;
	if (iface_by_any_name(i->st, name))
		return -EEXIST;
	list_for_each (other, &i->altnames, link)
		n++;
	if (n == ALTNAMES_MAX)
		return -ENOSPC;
	struct iface_altname *a = mem_zalloc(&i->st->mem, sizeof *a);
	if (!a)
		return -ENOMEM;
	snprintf(a->name, sizeof a->name, "%s", name);
	list_append(&i->altnames, &a->link);
	iface_state(i->st)->n_altnames++;
	return 0;
}

int iface_altname_remove(struct iface *i, const char *name)
{
	const struct iface *owner = iface_by_any_name(i->st, name);
	struct iface_altname *a = altname_find(i, name);
	if (!owner)
		return -ENOENT;
	if (!a)
		return -EINVAL;
	list_remove(&a->link);
	mem_free(a);
	iface_state(i->st)->n_altnames--;
	return 0;
}
