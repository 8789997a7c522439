/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes: stacks that can crash and return while their wires stay. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/sim_internal.h"

enum { PATH_LEN = 160 };

static void keep_path(const struct sim_node *n, char to[static PATH_LEN])
{
	snprintf(to, PATH_LEN, "%s/%s.json", n->sim->dir, n->name);
}

static int stack_start(struct sim_node *n)
{
	struct sim *s = n->sim;
	int err = stack_new(s->rt, n->name, n->workers, s->modules, &n->st);
	if (err)
		return err;
	n->st->user = n;
	err = follow_stack(n);
	if (err) {
		stack_free(n->st);
		n->st = NULL;
		return err;
	}
	n->kind = (struct iface_kind){ .name = "sim", .open = device_open };
	iface_kind_add(n->st, &n->kind);
	struct iface *lo = iface_by_name(n->st, "lo");
	if (lo)
		iface_set_up(lo, true);
	n->life++;
	udp_node_started(n);
	return 0;
}

/* It is part of paths, of arguments, and of what is written to files. */
static bool name_ok(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t len = strlen(name);
	return len && len < STACK_NAME_MAX && len == strspn(name, good) && *name != '-' && *name != '.';
}

int sim_node_new(struct sim *s, const char *name, unsigned workers, struct sim_node **ret)
{
	if (!name_ok(name))
		return -EINVAL;
	if (sim_node_find(s, name))
		return -EEXIST;
	if (workers < 1 || workers > s->rt->n_lcores)
		return -ERANGE;
	struct sim_node *n = calloc(1, sizeof *n);
	if (!n)
		return -ENOMEM;
	n->sim = s;
	n->workers = workers;
	snprintf(n->name, sizeof n->name, "%s", name);
	list_init(&n->ends);
	int err = stack_start(n);
	if (err) {
		free(n);
		return err;
	}
	list_append(&s->nodes, &n->link);
	*ret = n;
	return 0;
}

struct sim_node *sim_node_find(struct sim *s, const char *name)
{
	struct sim_node *n;
	list_for_each (n, &s->nodes, link)
		if (!strcmp(n->name, name))
			return n;
	return NULL;
}

struct sim_node *sim_node_next(struct sim *s, const struct sim_node *after)
{
	const struct list *next = after ? after->link.next : s->nodes.next;
	return next == &s->nodes ? NULL : list_entry(next, struct sim_node, link);
}

const char *sim_node_name(const struct sim_node *n)
{
	return n->name;
}

struct leat_stack *sim_node_stack(const struct sim_node *n)
{
	return n->st;
}

bool sim_node_is_kept(const struct sim_node *n)
{
	return n->kept;
}

static void forget_kept(struct sim_node *n)
{
	char path[PATH_LEN];
	keep_path(n, path);
	if (n->kept)
		unlink(path);
	n->kept = false;
}

static int keep_stack(struct sim_node *n)
{
	char path[PATH_LEN], why[200] = "";
	int err = sim_make_dir(n->sim);
	if (err)
		return err;
	keep_path(n, path);
	err = stack_save(n->st, path, why, sizeof why);
	n->kept = !err;
	if (err)
		snprintf(n->sim->why, sizeof n->sim->why, "it cannot be saved: %s",
			 *why ? why : strerror(-err));
	return err;
}

int sim_crash(struct sim_node *n, bool keep)
{
	int err = 0;
	forget_kept(n);
	if (!n->st)
		return 0;
	follow_flush(n->sim, n);
	if (keep)
		err = keep_stack(n);
	n->dying = true;
	stack_free(n->st);
	n->dying = false;
	n->st = NULL;
	return err;
}

static int reopen_ends(struct sim_node *n)
{
	struct sim_end *e;
	int err = 0;
	list_for_each (e, &n->ends, link)
		if (!e->ifc && !err)
			err = device_new(e, n->st, e->ifname);
	return err;
}

static int restore(struct sim_node *n)
{
	char path[PATH_LEN], why[200] = "";
	keep_path(n, path);
	int err = stack_restore(n->st, path, why, sizeof why);
	if (err)
		snprintf(n->sim->why, sizeof n->sim->why, "it cannot be restored: %s",
			 *why ? why : strerror(-err));
	forget_kept(n);
	return err;
}

int sim_return(struct sim_node *n)
{
	if (n->st)
		return -EEXIST;
	int err = stack_start(n);
	if (!err)
		err = n->kept ? restore(n) : reopen_ends(n);
	return err;
}
