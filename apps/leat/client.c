/* SPDX-License-Identifier: BSD-2-Clause */
#include "leat/client.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "leat/leat.h"
#include "run/run.h"
#include "sockd/path.h"
#include "sockd/proto.h"

/* --- connection --- */

static int ask(int ctl, const struct sockd_req *req, const int *fd, unsigned n_fds)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SOCKD_FDS_MAX * sizeof(int))];
	} m_ctl = { 0 };
	struct iovec iov = { (void *)req, sizeof *req };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &m_ctl };
	struct sockd_rep rep;

	m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	m_ctl.h = (struct cmsghdr){ CMSG_LEN(n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&m_ctl.h), fd, n_fds * sizeof(int));
	if (sendmsg(ctl, &m, MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(ctl, &rep, sizeof rep, 0);
		if (n != sizeof rep)
			return n < 0 ? -errno : -EPIPE;
		if (rep.seq == req->seq)
			return rep.err;
	}
}

static int open_netlink(struct client *c)
{
	struct sockd_req req = {
		.op = SOCKD_OPEN_NETLINK,
		.seq = 1,
		.open = { SOCK_RAW, NETLINK_GENERIC, SOCKD_RIGHT_ADMIN, geteuid(), getegid(), getpid() },
	};
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	err = ask(c->ctl, &req, pair, 2);
	close(pair[0]);
	c->fd = pair[1];
	return err;
}

static int set_option(struct client *c, int name)
{
	int on = 1;
	struct sockd_req req = { .op = SOCKD_SETSOCKOPT, .seq = 2, .data_len = sizeof on };

	req.opt.level = SOL_NETLINK;
	req.opt.name = name;
	memcpy(req.data, &on, sizeof on);
	return ask(c->ctl, &req, &c->fd, 1);
}

static void take_family(const struct nlmsghdr *h, struct client *c)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_payload_len(a) >= sizeof(uint16_t))
			c->family = mnl_attr_get_u16(a);
}

static void family_answer(const struct answer *a, void *ctx)
{
	take_family(a->msg, ctx);
}

static int find_family(struct client *c)
{
	struct nlmsghdr *h;

	c->family = GENL_ID_CTRL;
	h = client_begin(c, CTRL_CMD_GETFAMILY, false);
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, LEAT_GENL_NAME);
	return client_run(c, h, family_answer, c);
}

int client_open(const char *name, struct client **ret)
{
	struct client *c = calloc(1, sizeof *c);
	char path[SOCKD_PATH_MAX] = "", outer[64];
	int err;

	if (!c)
		return leat_error("out of memory");
	if (!name && !run_inside(outer, sizeof outer))
		name = outer;
	c->name = strdup(name ? name : SOCKD_DEFAULT_NAME);
	c->ctl = c->fd = -1;
	err = sockd_connect(c->name, path, sizeof path, &c->ctl);
	if (err) {
		if (err == -EINVAL)
			leat_error("a daemon cannot have the name \"%s\"", c->name);
		else
			leat_error("no daemon named %s (looked at %s): start one with `leatd --name %s`",
				   c->name, path, c->name);
		client_close(c);
		return 1;
	}
	err = open_netlink(c);
	if (!err)
		err = set_option(c, NETLINK_EXT_ACK);
	if (!err)
		err = find_family(c);
	if (err) {
		leat_error("the daemon %s does not answer as leatd does: %s", c->name, strerror(-err));
		client_close(c);
		return 1;
	}
	*ret = c;
	return 0;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->ctl >= 0)
		close(c->ctl);
	free((char *)c->name);
	free(c);
}

/* --- requests --- */

struct nlmsghdr *client_begin(struct client *c, uint8_t cmd, bool dump)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(c->out);
	struct genlmsghdr *g;

	h->nlmsg_type = c->family;
	h->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	h->nlmsg_seq = ++c->seq;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->cmd = cmd;
	g->version = LEAT_GENL_VERSION;
	return h;
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

/* The text of an extended ack stands behind the error and what is left of the request. */
static void take_why(struct client *c, const struct nlmsghdr *h, size_t skip)
{
	const struct nlattr *a;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each (a, h, skip)
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			snprintf(c->why, sizeof c->why, "%.*s", (int)mnl_attr_get_payload_len(a),
				 (const char *)mnl_attr_get_payload(a));
}

static int take_error(struct client *c, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t skip = sizeof *e;

	if (mnl_nlmsg_get_payload_len(h) < sizeof *e)
		return -EBADMSG;
	if (!(h->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len >= sizeof e->msg && e->error)
		skip += e->msg.nlmsg_len - sizeof e->msg;
	take_why(c, h, skip);
	return e->error;
}

static int take_done(struct client *c, const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) < sizeof err)
		return 0;
	memcpy(&err, mnl_nlmsg_get_payload(h), sizeof err);
	take_why(c, h, sizeof err);
	return err;
}

enum { MORE = 1 };

/* One datagram. MORE, or the result. */
static int take(struct client *c, ssize_t got, answer_fn *fn, void *ctx)
{
	int left = got;

	for (const struct nlmsghdr *h = (void *)c->in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct answer a;
		switch (h->nlmsg_type) {
		case NLMSG_ERROR:
			return take_error(c, h);
		case NLMSG_DONE:
			return take_done(c, h);
		case NLMSG_OVERRUN:
			return -ENOBUFS;
		}
		parse(h, &a);
		if (fn)
			fn(&a, ctx);
	}
	return MORE;
}

int client_listen(struct client *c, answer_fn *fn, void *ctx)
{
	ssize_t n = recv(c->fd, c->in, sizeof c->in, 0);

	return n <= 0 ? (n < 0 ? -errno : 0) : take(c, n, fn, ctx);
}

int client_run(struct client *c, struct nlmsghdr *req, answer_fn *fn, void *ctx)
{
	int err;

	c->why[0] = '\0';
	if (send(c->fd, req, req->nlmsg_len, MSG_NOSIGNAL) < 0)
		return -errno;
	do {
		ssize_t n = recv(c->fd, c->in, sizeof c->in, 0);
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		err = take(c, n, fn, ctx);
	} while (err == MORE);
	return err;
}

int client_refused(const struct client *c, const char *what, int err)
{
	if (err == -EPIPE || err == -ECONNRESET)
		return leat_error("%s: the daemon %s went away", what, c->name);
	if (c->why[0])
		return leat_error("%s: %s", what, c->why);
	return leat_error("%s: %s", what, strerror(-err));
}

int client_dump(struct client *c, uint8_t cmd, answer_fn *fn, void *ctx)
{
	int err = client_run(c, client_begin(c, cmd, true), fn, ctx);

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
static json_t *json_of_text(const char *s)
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
			json_object_set_new(o, f->name, json_of_text(answer_str(a, f->attr)));
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
