/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the attributes that each netlink request takes, from the tables that check them, as a page of Markdown. Fails when a table has
 * an attribute without a name. */
#include <stdio.h>
#include <string.h>

#include "core/module.h"
#include "nlmsg/family.h"
#include "stack/stack_modules.h"

enum { DEPTH_MAX = 6 };

static void print_line(void *ctx, const char *s)
{
	size_t len = strlen(s);
	while (len && s[len - 1] == ' ')
		len--;
	fprintf(ctx, "%.*s\n", (int)len, s);
}

static const struct nl_msg *first_with(const struct nl_family *f, const struct nl_msg *m)
{
	const struct nl_msg *first = f->msgs;
	while (first->policy != m->policy)
		first++;
	return first;
}

static const char *kinds_of(const struct nl_msg *m)
{
	return m->flags & NL_ADMIN  ? ", changes: root and the daemon's own user"
	       : m->doit && m->dump ? ", asks: for one or all; anybody"
	       : m->dump            ? ", asks: for all; anybody"
				    : ", asks: for one; anybody";
}

static void print_msg(FILE *to, const struct nl_family *f, const struct nl_msg *m)
{
	const struct nl_msg *first = m->policy ? first_with(f, m) : m;
	fprintf(to, "\n**%s**%s", m->name, kinds_of(m));
	if (!m->policy) {
		fprintf(to, "; no attributes\n");
		return;
	}
	if (first != m && first->max_attr == m->max_attr) {
		fprintf(to, "; attributes as of %s\n", first->name);
		return;
	}
	fprintf(to, "\n\n```\n");
	nl_policy_print(m->policy, m->max_attr, print_line, to);
	fprintf(to, "```\n");
}

static void print_family(FILE *to, const struct nl_family *f)
{
	fprintf(to, "\n## %s\n", f->name);
	for (const struct nl_msg *m = f->msgs; m->name; m++)
		print_msg(to, f, m);
}

static void print_all(FILE *to)
{
	fprintf(to, "# What netlink requests say\n\nPrinted from the tables that check them. A line: the "
		    "attribute, its number, what it is, "
		    "what of it counts here.\nWhat is not in a table is skipped, as Linux skips what is new "
		    "to it, or refused where a socket or a "
		    "family asks for\nstrictness.\n");
	for (const struct module *const *m = leat_modules; *m; m++)
		for (const struct nl_family *const *f = (*m)->netlink; f && *f; f++)
			print_family(to, *f);
}

/* Every attribute that is read has a name: the page leaves out what has none. */
static unsigned count_nameless(const char *where, const struct nl_policy *policy, uint16_t max_attr,
			       int depth)
{
	unsigned n = 0;
	for (uint16_t t = 1; t <= max_attr && depth < DEPTH_MAX; t++) {
		const struct nl_policy *p = &policy[t];
		bool nameless = p->type != NL_UNUSED && !p->name;
		if (nameless)
			fprintf(stderr, "%s: attribute %u has no name\n", where, t);
		n += nameless;
		n += p->nested ? count_nameless(where, p->nested, p->max_attr, depth + 1) : 0;
	}
	return n;
}

static unsigned count_all_nameless(void)
{
	unsigned n = 0;
	for (const struct module *const *m = leat_modules; *m; m++)
		for (const struct nl_family *const *f = (*m)->netlink; f && *f; f++)
			for (const struct nl_msg *msg = (*f)->msgs; msg->name; msg++)
				if (msg->policy)
					n += count_nameless(msg->name, msg->policy, msg->max_attr, 0);
	return n;
}

int main(void)
{
	print_all(stdout);
	return count_all_nameless() ? 1 : 0;
}
