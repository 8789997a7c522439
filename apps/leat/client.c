/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/client.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "leat/leat.h"
#include "run/run.h"
#include "sockd/path.h"

/* --- connection --- */

static int find_family(struct client *c)
{
	struct leat_nl_family f;
	int err = leat_nl_family(c->nl, LEAT_GENL_NAME, &f);

	if (!err)
		c->family = f.id;
	return err;
}

static int connect_to(struct client *c)
{
	char stack[80];

	snprintf(stack, sizeof stack, "leat:%s", c->name);
	return leat_nl_open(stack, NETLINK_GENERIC, &c->nl);
}

struct names {
	char text[256]; /* what has no room is left out, but for "..." */
	size_t len;
};

static void add_name(void *ctx, const char *name)
{
	struct names *n = ctx;
	size_t len = strlen(name);

	if (n->len + len + sizeof ", , ..." > sizeof n->text) {
		if (n->len < sizeof n->text - 6 && strcmp(n->text + n->len - 3, "...") != 0)
			n->len += (size_t)sprintf(n->text + n->len, ", ...");
		return;
	}
	n->len += (size_t)sprintf(n->text + n->len, "%s%s", n->len ? ", " : "; running: ", name);
}

static int not_there(const struct client *c, int err)
{
	char path[SOCKD_PATH_MAX] = "";
	struct names running = { .len = 0 };

	if (err == -EUSERS || err == -EMFILE || err == -ENFILE)
		return leat_error(
			"the daemon %s serves as many clients as it can: try again when one has gone",
			c->name);
	if (sockd_path(c->name, path, sizeof path) == -EINVAL)
		return leat_error("a daemon cannot have the name \"%s\"", c->name);
	sockd_each(add_name, &running);
	return leat_error("no daemon named %s (looked at %s): start one with `leatd --name %s`%s", c->name,
			  path, c->name, running.text);
}

static struct client *client_new(const char *name)
{
	struct client *c = calloc(1, sizeof *c);
	char outer[64];

	if (!c)
		return NULL;
	if (!name && !run_inside(outer, sizeof outer))
		name = outer;
	if (!name)
		name = getenv(RUN_NAME_VARIABLE);
	c->name = strdup(name && *name ? name : SOCKD_DEFAULT_NAME);
	return c;
}

int client_try(const char *name, struct client **ret)
{
	struct client *c = client_new(name);
	int err = c ? connect_to(c) : -ENOMEM;

	if (!err)
		err = find_family(c);
	if (err)
		client_close(c);
	else
		*ret = c;
	return err;
}

int client_open(const char *name, struct client **ret)
{
	struct client *c = client_new(name);
	int err;

	if (!c)
		return leat_error("out of memory");
	err = connect_to(c);
	if (err)
		err = not_there(c, err);
	else if ((err = find_family(c)))
		err = leat_error("the daemon %s does not answer as leatd does: %s", c->name, strerror(-err));
	if (err)
		client_close(c);
	else
		*ret = c;
	return err;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	leat_nl_close(c->nl);
	free((char *)c->name);
	free(c);
}

/* --- requests --- */

void client_begin(struct client *c, uint8_t cmd, bool dump)
{
	struct genlmsghdr *g = leat_nl_request(c->nl, c->family, 0, sizeof *g);

	g->cmd = cmd;
	g->version = LEAT_GENL_VERSION;
	c->dump = dump;
}

static void parse(const struct nlmsghdr *h, struct answer *ret)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	*ret = (struct answer){ .msg = h };
	if (mnl_nlmsg_get_payload_len(h) < sizeof *g)
		return;
	ret->cmd = g->cmd;
	mnl_attr_for_each (a, h, sizeof *g)
		if (mnl_attr_get_type(a) < LEAT_A_MAX_PLUS_1)
			ret->attr[mnl_attr_get_type(a)] = a;
}

struct listener {
	const struct client *c;
	answer_fn *fn;
	void *ctx;
};

static void heard(const struct nlmsghdr *h, void *ctx)
{
	const struct listener *l = ctx;
	struct answer a;

	if (h->nlmsg_type != l->c->family || !l->fn)
		return;
	parse(h, &a);
	l->fn(&a, l->ctx);
}

int client_listen(struct client *c, answer_fn *fn, void *ctx)
{
	struct listener l = { c, fn, ctx };

	return leat_nl_listen(c->nl, heard, &l);
}

int client_run(struct client *c, answer_fn *fn, void *ctx)
{
	struct listener l = { c, fn, ctx };
	int err;

	leat_nl_on_event(c->nl, heard, &l);
	err = c->dump ? leat_nl_stream(c->nl, heard, &l) : leat_nl_talk(c->nl, heard, &l);
	leat_nl_on_event(c->nl, NULL, NULL);
	return MIN(err, 0); /* what changed while it was told is no error */
}

const char *client_why(const struct client *c)
{
	return leat_nl_ack(c->nl)->msg;
}

int client_refused(const struct client *c, const char *what, int err)
{
	if (err == -EPIPE || err == -ECONNRESET)
		return leat_error("%s: the daemon %s went away", what, c->name);
	if (*client_why(c))
		return leat_error("%s: %s", what, client_why(c));
	return leat_error("%s: %s", what, strerror(-err));
}

int client_dump(struct client *c, uint8_t cmd, answer_fn *fn, void *ctx)
{
	int err;

	client_begin(c, cmd, true);
	err = client_run(c, fn, ctx);
	return err ? client_refused(c, c->name, err) : 0;
}

/* --- answers --- */

const char *answer_str(const struct answer *a, int attr)
{
	const struct nlattr *at = a->attr[attr];
	const char *s = at ? mnl_attr_get_payload(at) : "";

	return at && memchr(s, '\0', mnl_attr_get_payload_len(at)) ? s : "";
}

uint32_t answer_u32(const struct answer *a, int attr)
{
	const struct nlattr *at = a->attr[attr];

	return at && mnl_attr_get_payload_len(at) >= sizeof(uint32_t) ? mnl_attr_get_u32(at) : 0;
}

uint64_t answer_u64(const struct answer *a, int attr)
{
	const struct nlattr *at = a->attr[attr];

	return at && mnl_attr_get_payload_len(at) >= sizeof(uint64_t) ? mnl_attr_get_u64(at) : 0;
}

static json_t *mac_json(const struct nlattr *a)
{
	const uint8_t *m = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) < 6)
		return json_null();
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* A name may be any bytes, JSON's text not. */
json_t *text_json(const char *s)
{
	char plain[256];
	json_t *text = json_string(s);
	if (text)
		return text;
	snprintf(plain, sizeof plain, "%s", s);
	for (char *c = plain; *c; c++)
		if (*c & 0x80)
			*c = '?';
	return json_string(plain);
}

json_t *answer_json(const struct answer *a, const struct field *f)
{
	json_t *o = json_object();

	for (; f->name; f++) {
		if (!a->attr[f->attr])
			continue;
		switch (f->type) {
		case F_U32:
			json_object_set_new(o, f->name, json_integer(answer_u32(a, f->attr)));
			break;
		case F_U64:
			json_object_set_new(o, f->name, json_integer(answer_u64(a, f->attr)));
			break;
		case F_STR:
			json_object_set_new(o, f->name, text_json(answer_str(a, f->attr)));
			break;
		case F_MAC:
			json_object_set_new(o, f->name, mac_json(a->attr[f->attr]));
			break;
		case F_FLAG:
			json_object_set_new(o, f->name, json_true());
			break;
		}
	}
	return o;
}

int print_json(json_t *j)
{
	int err = json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	putchar('\n');
	json_decref(j);
	return err ? 1 : 0;
}
