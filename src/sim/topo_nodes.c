/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines that make nodes, configure them, and let them crash and return. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/topo_internal.h"
#include "sim/units.h"

/* NAME... [workers N] */
static bool read_workers(const struct line *l, unsigned *ret_names, uint32_t *ret)
{
	*ret = l->topo->o->workers ? l->topo->o->workers : 1;
	for (unsigned i = 1; i < l->n; i++)
		if (!strcmp(l->word[i], "workers")) {
			*ret_names = i - 1;
			return i > 1 && i + 2 == l->n && unit_u32(l->word[i + 1], 1, LCORE_MAX - 1, ret);
		}
	*ret_names = l->n - 1;
	return true;
}

static struct topo_node *entry_of(struct topo *t, const char *name)
{
	for (unsigned i = 0; i < t->n_nodes; i++)
		if (!strcmp(sim_node_name(t->node[i].node), name))
			return &t->node[i];
	return NULL;
}

static struct topo_node *entry_or_wrong(struct line *l, const char *name)
{
	struct topo_node *n = entry_of(l->topo, name);
	if (!n)
		topo_wrong(l, "there is no node \"%s\"; `node %s` makes one", name, name);
	return n;
}

struct sim_node *topo_node_of(struct line *l, const char *name)
{
	struct topo_node *n = entry_or_wrong(l, name);
	return n ? n->node : NULL;
}

static const char *why_no_node(int err)
{
	switch (err) {
	case -EEXIST:
		return "there is one of that name";
	case -EINVAL:
		return "names have 1 to 31 letters, digits, _, - and ., and begin with neither of the last "
		       "two";
	default:
		return strerror(-err);
	}
}

static bool new_node(struct line *l, const char *name, unsigned workers)
{
	struct topo *t = l->topo;
	struct sim_node *n;
	int err = sim_node_new(t->sim, name, workers, &n);
	if (err)
		return topo_wrong(l, "cannot make node \"%s\": %s", name, why_no_node(err));
	struct topo_node *more = realloc(t->node, (t->n_nodes + 1) * sizeof *more);
	if (!more)
		return topo_wrong(l, "out of memory");
	t->node = more;
	t->node[t->n_nodes++] = (struct topo_node){ .node = n };
	return true;
}

bool topo_act_node(struct line *l)
{
	unsigned names;
	uint32_t workers;
	if (!read_workers(l, &names, &workers))
		return topo_wrong(l, "usage: %s, where N is 1 to %d", l->verb->usage, LCORE_MAX - 1);
	for (unsigned i = 1; i <= names; i++)
		if (!new_node(l, l->word[i], workers))
			return false;
	return true;
}

unsigned topo_lcores(const struct topo *t)
{
	uint32_t n = 1, workers;
	unsigned names;
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->line[i]->verb->act == topo_act_node && read_workers(t->line[i], &names, &workers))
			n = MAX(n, workers);
	return n;
}

void topo_nodes_done(struct topo *t)
{
	for (unsigned i = 0; i < t->n_nodes; i++)
		free(t->node[i].told);
	free(t->node);
}

/* --- configuration --- */

static const char *behind_ip(const struct line *l)
{
	const char *s = l->whole + strlen(l->word[0]);
	return s + strspn(s, " \t") + strlen("ip");
}

static bool tell(struct topo_node *n, struct line *l)
{
	struct line **more = realloc(n->told, (n->n_told + 1) * sizeof *more);
	if (!more)
		return topo_wrong(l, "out of memory");
	n->told = more;
	n->told[n->n_told++] = l;
	return true;
}

/* `ip` counts from the first line of its batch. */
static bool refused(struct line *l, const struct topo_node *n, const struct sim_refusal *r)
{
	if (!r->line || n->n_heard + r->line > n->n_told)
		return topo_wrong(l, "%s cannot be configured: %s", sim_node_name(n->node), r->why);
	struct line *of = n->told[n->n_heard + r->line - 1];
	return topo_wrong(of, "ip refuses \"%s\": %s", of->whole, r->why);
}

/* `-6` or `-4` in front of what ip is told, which a batch has for all its lines; "": none. */
static const char *family_of(const struct line *l)
{
	static const char *const families[] = { "-6", "-4" };
	const char *s = behind_ip(l) + strspn(behind_ip(l), " \t");
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		if (!strncmp(s, families[i], 2) && strchr(" \t", s[2]))
			return families[i];
	return "";
}

/* One `ip -batch` of the next lines that the node was told and its stack has not heard, as far as they are of one family. */
static bool hear_some(struct line *l, struct topo_node *n)
{
	char *batch = NULL;
	size_t len;
	struct sim_refusal r;
	unsigned end = n->n_heard;
	const char *family = family_of(n->told[end]);
	FILE *f = open_memstream(&batch, &len);
	if (!f)
		return topo_wrong(l, "out of memory");
	for (; end < n->n_told && family_of(n->told[end]) == family; end++) {
		const char *s = behind_ip(n->told[end]) + strspn(behind_ip(n->told[end]), " \t");
		fprintf(f, "%s\n", s + strlen(family));
	}
	fclose(f);
	int err = sim_ip_why(n->node, family, batch, &r);
	free(batch);
	if (err)
		return refused(l, n, &r);
	n->n_heard = end;
	return true;
}

static bool has_news(const struct topo *t, const struct topo_node *n)
{
	return n->n_heard < n->n_told && sim_node_stack(n->node) && !t->o->no_ip;
}

/* Who is to hear something. A node that is away hears it when it returns. */
static struct topo_node *next_to_hear(const struct topo *t)
{
	for (unsigned i = 0; i < t->n_nodes; i++)
		if (has_news(t, &t->node[i]))
			return &t->node[i];
	return NULL;
}

/* Further lines of the same instant come up while ip is at work: they are told, and heard when it is done. */
static bool catch_up(struct line *l)
{
	struct topo *t = l->topo;
	struct topo_node *n;
	bool ok = true;
	if (t->hearing)
		return true;
	t->hearing = true;
	while (ok && (n = next_to_hear(t)))
		ok = hear_some(l, n);
	t->hearing = false;
	return ok;
}

static bool is_config_of(const struct line *l, const char *node)
{
	return l->verb->act == topo_act_ip && !l->timed && !strcmp(l->word[0], node);
}

/* A node's first line without a time takes the others along. */
static bool tell_all(struct line *l, struct topo_node *n)
{
	const struct topo *t = l->topo;
	if (n->n_told)
		return true;
	for (unsigned i = 0; i < t->n_lines; i++)
		if (is_config_of(t->line[i], l->word[0]) && !tell(n, t->line[i]))
			return false;
	return catch_up(l);
}

bool topo_act_ip(struct line *l)
{
	struct topo_node *n = entry_or_wrong(l, l->word[0]);
	if (!n)
		return false;
	return l->timed ? tell(n, l) && catch_up(l) : tell_all(l, n);
}

/* --- faults --- */

bool topo_act_crash(struct line *l)
{
	struct sim_node *n = topo_node_of(l, l->word[1]);
	bool keep = l->n == 3 && !strcmp(l->word[2], "keep");
	if (!n)
		return false;
	if (l->n > 2 && !keep)
		return topo_usage(l);
	int err = sim_crash(n, keep);
	return err ? topo_wrong(l, "%s cannot crash: %s", l->word[1], sim_why(l->topo->sim)) : true;
}

bool topo_act_return(struct line *l)
{
	struct topo_node *n = entry_or_wrong(l, l->word[1]);
	bool kept = n && sim_node_is_kept(n->node);
	int err = n ? sim_return(n->node) : 0;
	if (!n)
		return false;
	if (err == -EEXIST)
		return topo_wrong(l, "%s is there; only a node that crashed can return", l->word[1]);
	if (err)
		return topo_wrong(l, "%s cannot return: %s", l->word[1],
				  kept ? sim_why(l->topo->sim) : strerror(-err));
	if (!kept)
		n->n_heard = 0;
	return catch_up(l);
}
