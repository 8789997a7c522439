/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/save.h"
#include "net/iface.h"

/* --- names --- */

/* Turns slashes into dots and the other way round, if slashes separate. */
static void to_dots(const char *name, char to[KNOB_NAME_MAX])
{
	bool by_slash = name[strcspn(name, "./")] == '/';
	snprintf(to, KNOB_NAME_MAX, "%s", name);
	for (char *c = to; by_slash && *c; c++)
		*c = *c == '/' ? '.' : *c == '.' ? '/' : *c;
}

static void swap(char *s, char from, char to)
{
	for (; *s; s++)
		if (*s == from)
			*s = to;
}

/* Whether the name is this row's, and which interface's. */
static bool is_name_of(const struct knob *k, const char *name, char ret_iface[IFACE_NAME_MAX])
{
	const char *at = k->flags & KNOB_PER_IFACE ? strstr(k->name, ".IF.") : NULL;
	size_t head = at ? (size_t)(at - k->name) + 1 : 0;
	if (!at)
		return !strcmp(name, k->name);
	const char *tail = strncmp(name, k->name, head) ? NULL : strchr(name + head, '.');
	if (!tail || strcmp(tail, at + 3) || tail - (name + head) >= IFACE_NAME_MAX)
		return false;
	snprintf(ret_iface, IFACE_NAME_MAX, "%.*s", (int)(tail - name - (ptrdiff_t)head), name + head);
	swap(ret_iface, '/', '.');
	return true;
}

static bool fill(struct leat_stack *st, const struct module *m, const struct knob *k, struct iface *i,
		 struct sysctl *ret)
{
	*ret = (struct sysctl){
		.module = m, .knob = k, .iface = i, .base = i ? &i->conf : knob_base(st, m, k)
	};
	return ret->base != NULL;
}

static int find_in(struct leat_stack *st, const struct module *m, const char *name, struct sysctl *ret)
{
	char ifname[IFACE_NAME_MAX] = "default";
	for (const struct knob *k = m->knobs; k && k->name; k++) {
		if (!is_name_of(k, name, ifname))
			continue;
		struct iface *i = strcmp(ifname, "default") ? iface_by_name(st, ifname) : NULL;
		return (i || !strcmp(ifname, "default")) && fill(st, m, k, i, ret) ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int sysctl_find(struct leat_stack *st, const char *name, struct sysctl *ret)
{
	char dotted[KNOB_NAME_MAX];
	int err = -ENOENT;
	to_dots(name, dotted);
	for (unsigned i = 0; err && st->modules[i]; i++)
		err = find_in(st, st->modules[i], dotted, ret);
	return err;
}

bool sysctl_is_known(const struct module *const *modules, const char *name)
{
	char dotted[KNOB_NAME_MAX], ifname[IFACE_NAME_MAX];
	to_dots(name, dotted);
	for (; *modules; modules++)
		for (const struct knob *k = (*modules)->knobs; k && k->name; k++)
			if (is_name_of(k, dotted, ifname))
				return true;
	return false;
}

bool sysctl_default_name(const struct module *const *modules, const char *name, char to[KNOB_NAME_MAX])
{
	char dotted[KNOB_NAME_MAX], ifname[IFACE_NAME_MAX];
	to_dots(name, dotted);
	for (; *modules; modules++)
		for (const struct knob *k = (*modules)->knobs; k && k->name; k++)
			if (k->flags & KNOB_PER_IFACE && is_name_of(k, dotted, ifname) &&
			    strcmp(ifname, "all") != 0) {
				knob_full_name(k, "default", to);
				return true;
			}
	return false;
}

void sysctl_name(const struct sysctl *s, char to[KNOB_NAME_MAX])
{
	char ifname[IFACE_NAME_MAX] = "default";
	if (s->iface)
		memcpy(ifname, s->iface->name, sizeof ifname);
	swap(ifname, '.', '/');
	knob_full_name(s->knob, ifname, to);
}

/* --- values --- */

void sysctl_value(const struct sysctl *s, char to[KNOB_TEXT_MAX])
{
	uint64_t v[KNOB_VALUES];
	knob_read(s->knob, s->base, v);
	knob_print(s->knob, v, to);
}

int sysctl_set(struct leat_stack *st, const char *name, const char *value, char *ret_why, size_t why_len)
{
	struct sysctl s;
	uint64_t v[KNOB_VALUES];
	char why[96];
	if (sysctl_find(st, name, &s)) {
		snprintf(ret_why, why_len, "%.100s: there is no such setting", name);
		return -ENOENT;
	}
	if (!knob_parse(s.knob, value, v)) {
		static const char *const takes[] = { "a number", "two numbers", "three numbers" };
		bool keys = s.knob->flags & KNOB_KEYS;
		snprintf(ret_why, why_len, "%.100s takes %s, not \"%.30s\"", name,
			 keys ? "one key or two" : takes[s.knob->more], value);
		return -EINVAL;
	}
	int err = knob_set(st, s.iface, s.knob, s.base, v, why, sizeof why);
	if (err)
		snprintf(ret_why, why_len, "%.100s: %s", name, why);
	return err;
}

/* --- all --- */

/* The interface after `after`, or the last step of this row. */
static bool next_iface(struct leat_stack *st, const struct module *m, const struct knob *k,
		       struct sysctl_pos *pos, struct sysctl *ret)
{
	struct iface *i = iface_next(st, (uint32_t)(pos->after - 1));
	if (!i)
		return false;
	pos->after = 1 + (uint64_t)i->ifindex;
	return fill(st, m, k, i, ret);
}

bool sysctl_next(struct leat_stack *st, struct sysctl_pos *pos, struct sysctl *ret)
{
	for (; pos->module < MODULE_MAX && st->modules[pos->module];
	     pos->module++, pos->row = pos->after = 0) {
		const struct module *m = st->modules[pos->module];
		for (; m->knobs && m->knobs[pos->row].name; pos->row++, pos->after = 0) {
			const struct knob *k = &m->knobs[pos->row];
			bool first = !pos->after;
			if (first)
				pos->after = 1; /* interfaces come next */
			if (first ? fill(st, m, k, NULL, ret)
				  : k->flags & KNOB_PER_IFACE && next_iface(st, m, k, pos, ret))
				return true;
		}
	}
	return false;
}

/* --- an interface's, saved with it --- */

static bool is_own(const struct knob *k)
{
	return k->flags & KNOB_PER_IFACE && !(k->flags & KNOB_ALIAS);
}

void knobs_save_iface(const struct iface *i, struct saver *s)
{
	save_begin(s, "knobs");
	for (unsigned n = 0; i->st->modules[n]; n++)
		for (const struct knob *k = i->st->modules[n]->knobs; k && k->name; k++)
			if (is_own(k) && !knob_is_default(k, &i->conf))
				knob_save_value(s, k->name, k, &i->conf);
	save_end(s);
}

int knobs_restore_iface(struct iface *i, struct loader *l)
{
	int err = 0;
	if (!load_has(l, "knobs"))
		return 0;
	if (!load_begin(l, "knobs"))
		return -EINVAL;
	for (unsigned n = 0; i->st->modules[n]; n++)
		for (const struct knob *k = i->st->modules[n]->knobs; !err && k && k->name; k++)
			if (is_own(k))
				err = knob_restore_value(i->st, i, l, k->name, k, &i->conf);
	load_end(l);
	return err;
}
