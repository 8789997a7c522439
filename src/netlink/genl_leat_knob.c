/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat sysctl`: the settings of all modules by name. */
#include <errno.h>

#include "net/sysctl.h"
#include "netlink/genl_leat.h"

/* Words have no least and most; which there are stands where numbers have their unit. */
static void put_bounds(struct nl_buf *b, const struct knob *k)
{
	const uint64_t all[KNOB_VALUES] = { UINT64_MAX };
	struct knob words = *k;
	char text[KNOB_TEXT_MAX];
	if (!(k->flags & (KNOB_WORD | KNOB_WORDS))) {
		leat_put_u64(b, LEAT_A_MIN, k->min);
		leat_put_u64(b, LEAT_A_MAX, k->max);
		if (k->unit)
			nl_put_str(b, LEAT_A_UNIT, k->unit);
		return;
	}
	words.flags = KNOB_WORDS;
	knob_print(&words, all, text);
	nl_put_str(b, LEAT_A_UNIT, text);
}

static int put_knob(struct nl_req *r, const struct sysctl *s, uint16_t flags)
{
	struct nl_buf *b = r->reply;
	const struct knob *k = s->knob;
	char name[KNOB_NAME_MAX], value[KNOB_TEXT_MAX], dflt[KNOB_TEXT_MAX];
	sysctl_name(s, name);
	sysctl_value(s, value);
	knob_print(k, k->dflt, dflt);
	leat_begin(r, LEAT_CMD_KNOB_GET, flags);
	nl_put_str(b, LEAT_A_KNOB, name);
	nl_put_str(b, LEAT_A_VALUE, value);
	nl_put_str(b, LEAT_A_DEFAULT, dflt);
	put_bounds(b, k);
	nl_put_str(b, LEAT_A_MODULE, s->module->name);
	nl_put_str(b, LEAT_A_HELP, k->help);
	return nl_end(b);
}

static int want_name(struct nl_req *r)
{
	return r->attrs[LEAT_A_KNOB]
		       ? 0
		       : nl_missing(r->ext, NULL, LEAT_A_KNOB, "The name of a setting is wanted");
}

int leat_knob_get(struct nl_req *r)
{
	struct sysctl s;
	int err = want_name(r);
	if (err)
		return err;
	err = sysctl_find(r->st, mnl_attr_get_str(r->attrs[LEAT_A_KNOB]), &s);
	return err ? nl_bad(r->ext, r->attrs[LEAT_A_KNOB], err, "There is no such setting")
		   : put_knob(r, &s, 0);
}

/* key[0..2] is the position of the first that has not been told. */
int leat_knob_dump(struct nl_req *r, struct nl_dump *d)
{
	struct sysctl_pos pos = { d->key[0], d->key[1], d->key[2] };
	for (struct sysctl s; sysctl_next(r->st, &pos, &s);) {
		if (put_knob(r, &s, NLM_F_MULTI))
			return 1;
		d->key[0] = pos.module;
		d->key[1] = pos.row;
		d->key[2] = pos.after;
	}
	return 0;
}

int leat_knob_set(struct nl_req *r)
{
	const struct nlattr *name = r->attrs[LEAT_A_KNOB], *value = r->attrs[LEAT_A_VALUE];
	char why[NL_EXT_TEXT] = "";
	int err = want_name(r);
	if (err)
		return err;
	if (!value)
		return nl_missing(r->ext, NULL, LEAT_A_VALUE, "A value is wanted");
	err = sysctl_set(r->st, mnl_attr_get_str(name), mnl_attr_get_str(value), why, sizeof why);
	return err ? nl_bad_text(r->ext, err == -ENOENT ? name : value, err, "%s", why) : 0;
}
