/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls about a socket that the daemon answers: addresses and options. */
#include "run/superv_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/* An unknown cookie: the socket's daemon is gone. */
static int error_of(const struct sockd_rep *rep)
{
	return rep->err == -EBADF ? -ENETDOWN : rep->err;
}

static void done(struct call *c, const struct sockd_rep *rep)
{
	if (rep->err)
		call_fail(c, error_of(rep));
	else
		call_return(c, 0);
}

static void bound(struct call *c, const struct sockd_rep *rep)
{
	struct known *k = rep->err ? NULL : known_find(c->s, c->cookie);

	if (k)
		known_bound(k, c->note[0], c->note[1]);
	done(c, rep);
}

static void option_set(struct call *c, const struct sockd_rep *rep)
{
	struct known *k = rep->err ? NULL : known_find(c->s, c->cookie);

	if (k)
		known_option(k, (int)c->arg[1], (int)c->arg[2], c->note[0]);
	done(c, rep);
}

/* Hands the data over in a buffer (at `addr`, its length at `lenp`) as the kernel would: cut to what there is room for.
 * full_len: whether the length told is that of the address and not of what was copied. */
static int give_to(pid_t tid, const struct sockd_rep *rep, uint64_t addr, uint64_t lenp, bool full_len)
{
	uint32_t len = rep->data_len, take;
	int room, err = target_read(tid, lenp, &room, sizeof room);

	if (err)
		return err;
	if (room < 0)
		return -EINVAL;
	take = MIN((uint32_t)room, len);
	err = target_write(tid, addr, rep->data, take);
	return err ? err : target_write(tid, lenp, full_len ? &len : &take, sizeof len);
}

static void give(struct call *c, const struct sockd_rep *rep, uint64_t addr, uint64_t lenp, bool full_len)
{
	int err = rep->err ? error_of(rep) : give_to(c->tid, rep, addr, lenp, full_len);

	if (err)
		call_fail(c, err);
	else
		call_return(c, 0);
}

/* An application that knows its port must have it again. */
static void give_name(struct call *c, const struct sockd_rep *rep)
{
	struct known *k = rep->err ? NULL : known_find(c->s, c->cookie);
	struct sockaddr_nl a;

	if (k && rep->data_len == sizeof a) {
		memcpy(&a, rep->data, sizeof a);
		k->was.portid = a.nl_pid;
	}
	give(c, rep, c->arg[1], c->arg[2], true);
}

static void give_address(struct call *c, const struct sockd_rep *rep)
{
	give(c, rep, c->arg[1], c->arg[2], true);
}

static void give_option(struct call *c, const struct sockd_rep *rep)
{
	give(c, rep, c->arg[3], c->arg[4], false);
}

/* --- addresses --- */

static void with_address(struct call *c, enum sockd_op op,
			 void (*answered)(struct call *, const struct sockd_rep *))
{
	struct sockd_req req = { .op = op };
	struct sockaddr_nl a = { 0 };
	uint32_t len = c->arg[2];
	int err = len <= sizeof req.data ? target_read(c->tid, c->arg[1], req.data, len) : -EINVAL;

	if (err) {
		call_fail(c, err);
		return;
	}
	req.data_len = len;
	if (len >= sizeof a)
		memcpy(&a, req.data, sizeof a);
	c->note[0] = a.nl_pid;
	c->note[1] = a.nl_groups;
	call_ask(c, &req, &c->ev.fd, 1, answered);
}

void call_bind(struct call *c)
{
	with_address(c, SOCKD_BIND, bound);
}

void call_connect(struct call *c)
{
	with_address(c, SOCKD_CONNECT, done);
}

void call_getsockname(struct call *c)
{
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME };

	call_ask(c, &req, &c->ev.fd, 1, give_name);
}

void call_getpeername(struct call *c)
{
	struct sockd_req req = { .op = SOCKD_GETPEERNAME };

	call_ask(c, &req, &c->ev.fd, 1, give_address);
}

/* --- options --- */

/* Of SOL_SOCKET most do on the pair what they say (timeouts, filters, credentials); these it would answer wrongly. */
static bool is_native(int level, int name)
{
	static const int ours[] = { SO_RCVBUF, SO_RCVBUFFORCE, SO_SNDBUF, SO_SNDBUFFORCE,
				    SO_TYPE,   SO_PROTOCOL,    SO_DOMAIN };

	if (level != SOL_SOCKET)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(ours); i++)
		if (name == ours[i])
			return false;
	return true;
}

void call_setsockopt(struct call *c)
{
	struct sockd_req req = { .op = SOCKD_SETSOCKOPT, .opt.level = c->arg[1], .opt.name = c->arg[2] };
	uint32_t len = c->arg[4];
	int err = len <= sizeof req.data ? 0 : -EINVAL;

	if (is_native(req.opt.level, req.opt.name)) {
		call_continue(c);
		return;
	}
	if (!err)
		err = target_read(c->tid, c->arg[3], req.data, len);
	if (err) {
		call_fail(c, err);
		return;
	}
	req.data_len = len;
	memcpy(c->note, req.data, sizeof c->note[0]); /* one that is too short is refused */
	call_ask(c, &req, &c->ev.fd, 1, option_set);
}

void call_getsockopt(struct call *c)
{
	struct sockd_req req = { .op = SOCKD_GETSOCKOPT, .opt.level = c->arg[1], .opt.name = c->arg[2] };
	int room, err;

	if (is_native(req.opt.level, req.opt.name)) {
		call_continue(c);
		return;
	}
	err = target_read(c->tid, c->arg[4], &room, sizeof room);
	if (!err && room < 0)
		err = -EINVAL;
	if (err) {
		call_fail(c, err);
		return;
	}
	req.opt.len = room;
	call_ask(c, &req, &c->ev.fd, 1, give_option);
}
