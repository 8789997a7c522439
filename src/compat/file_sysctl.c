/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sys/net: the knobs of all modules, by their names. A directory is a beginning of names; "IF" in a row's name stands for
 * "default" and for each interface. */
#include <errno.h>
#include <stdio.h>

#include "compat/file.h"
#include "core/stack.h"
#include "net/iface.h"
#include "net/sysctl.h"

/* The row number n of all modules' tables, or NULL. */
static const struct knob *row_at(const struct leat_stack *st, uint64_t n)
{
	for (unsigned m = 0; st->modules[m]; m++)
		for (const struct knob *k = st->modules[m]->knobs; k && k->name; k++)
			if (!n--)
				return k;
	return NULL;
}

/* The next word of a row's name, which ends with a dot, or of a path, which ends with a slash. */
struct word {
	const char *at;
	size_t len;
};
static struct word word_of(const char *s, char end)
{
	const char *stop = strchr(s, end);
	return (struct word){ s, stop ? (size_t)(stop - s) : strlen(s) };
}
static bool word_is(struct word w, const char *s)
{
	return strlen(s) == w.len && !strncmp(w.at, s, w.len);
}
static bool word_eq(struct word a, struct word b)
{
	return a.len == b.len && !strncmp(a.at, b.at, a.len);
}

static bool is_iface(struct leat_stack *st, struct word w)
{
	char name[IFACE_NAME_MAX];
	if (w.len >= sizeof name)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)w.len, w.at);
	return !strcmp(name, "default") || iface_by_name(st, name);
}

/* The word of the row that stands in the directory, or none (len 0). */
static struct word child_in(struct leat_stack *st, const struct knob *k, const char *dir)
{
	const struct word none = { "", 0 };
	const char *name = strncmp(k->name, "net.", 4) ? "" : k->name + 4;
	while (*dir && *name) {
		struct word have = word_of(name, '.'), want = word_of(dir, '/');
		if (!(word_is(have, "IF") ? is_iface(st, want) : word_eq(have, want)))
			return none;
		if (!name[have.len])
			return none;
		name += have.len + 1;
		dir += want.len + (dir[want.len] == '/');
	}
	return *name ? word_of(name, '.') : none;
}

static int find(struct leat_stack *st, const char *path, struct sysctl *ret)
{
	char name[FILE_PATH_MAX + 4];
	snprintf(name, sizeof name, "net/%s", path);
	return strlen(name) < KNOB_NAME_MAX ? sysctl_find(st, name, ret) : -ENOENT;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

/* As Linux has them: what is only written, and what is secret. */
static mode_t mode_of(const struct knob *k)
{
	if (ends_with(k->name, ".flush"))
		return S_IFREG | 0200;
	return S_IFREG | (k->flags & (KNOB_IP6 | KNOB_KEYS) ? 0600 : 0644);
}

static void stat_knob(struct leat_stack *st, const char *path, struct file_stat *ret)
{
	const struct knob *k;
	struct sysctl s;
	if (!*path) {
		ret->mode = S_IFDIR | 0555;
	} else if (!find(st, path, &s)) {
		ret->mode = mode_of(s.knob);
	} else {
		for (uint64_t n = 0; !ret->mode && (k = row_at(st, n)); n++)
			if (child_in(st, k, path).len)
				ret->mode = S_IFDIR | 0555;
	}
}

/* "IF" brings "default" along, which other rows name outright. */
static bool comes_with_ifaces(struct leat_stack *st, const char *dir)
{
	const struct knob *k;
	for (uint64_t n = 0; (k = row_at(st, n)); n++)
		if (word_is(child_in(st, k, dir), "IF"))
			return true;
	return false;
}

/* Whether a row before number n has the same word there. */
static bool was_told(struct leat_stack *st, const char *dir, uint64_t n, struct word child)
{
	if (word_is(child, "default") && comes_with_ifaces(st, dir))
		return true;
	for (uint64_t before = 0; before < n; before++)
		if (word_eq(child_in(st, row_at(st, before), dir), child))
			return true;
	return false;
}

enum { KEY_ROW, KEY_IFACE }; /* KEY_IFACE: 0 "default" comes next, else 1 + ifindex of the last */

static void fill(struct leat_stack *st, const char *dir, struct file_entry *ret)
{
	char path[FILE_PATH_MAX];
	struct file_stat s = { 0 };
	if (snprintf(path, sizeof path, "%s%s%s", dir, *dir ? "/" : "", ret->name) < (int)sizeof path)
		stat_knob(st, path, &s);
	ret->mode = s.mode;
}

/* "IF": default, then the interfaces. */
static bool next_iface(struct leat_stack *st, struct file_pos *pos, struct file_entry *ret)
{
	if (!pos->key[KEY_IFACE]) {
		pos->key[KEY_IFACE] = 1;
		snprintf(ret->name, sizeof ret->name, "default");
		return true;
	}
	const struct iface *i = iface_next(st, (uint32_t)pos->key[KEY_IFACE] - 1);
	if (!i)
		return false;
	pos->key[KEY_IFACE] = 1 + (uint64_t)i->ifindex;
	snprintf(ret->name, sizeof ret->name, "%s", i->name);
	return true;
}

static bool list(struct leat_stack *st, const char *dir, struct file_pos *pos, struct file_entry *ret)
{
	for (const struct knob *k; (k = row_at(st, pos->key[KEY_ROW])); pos->key[KEY_ROW]++) {
		struct word child = child_in(st, k, dir);
		bool found = child.len && !was_told(st, dir, pos->key[KEY_ROW], child);
		if (found && word_is(child, "IF"))
			found = next_iface(st, pos, ret);
		else if (found)
			snprintf(ret->name, sizeof ret->name, "%.*s", (int)child.len, child.at);
		if (!found) {
			pos->key[KEY_IFACE] = 0;
			continue;
		}
		pos->key[KEY_ROW] += !word_is(child, "IF");
		fill(st, dir, ret);
		return true;
	}
	return false;
}

static int read_knob(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *to)
{
	char value[KNOB_TEXT_MAX];
	struct sysctl s;
	if (find(st, path, &s))
		return -ENOENT;
	sysctl_value(&s, value);
	if (!*value && s.knob->flags & KNOB_IP6)
		return -EIO; /* Linux: a secret that nobody has set */
	text_add(to, "%s\n", value);
	return 0;
}

static int write_knob(struct leat_stack *st, const struct nl_creds *who, const char *path, const char *text)
{
	char name[FILE_PATH_MAX + 4], value[KNOB_TEXT_MAX], why[NL_EXT_TEXT];
	snprintf(name, sizeof name, "net/%s", path);
	if (snprintf(value, sizeof value, "%s", text) >= (int)sizeof value)
		return -EINVAL;
	value[strcspn(value, "\n")] = 0;
	return sysctl_set(st, name, value, why, sizeof why);
}

const struct file_tree file_sysctl = {
	.at = "proc/sys/net",
	.stat = stat_knob,
	.list = list,
	.read = read_knob,
	.write = write_knob,
};
