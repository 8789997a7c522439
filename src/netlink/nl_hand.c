/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket that goes on in another process.
 *
 * Theory of operation: what makes a socket is its name, its groups and options, what waits for its receiver, and how far a dump
 * has come. All of that is values: dumps resume by key, so the process that takes over begins the same request again and puts
 * the keys in place. Two things are not: what a family keeps per socket (a trace, a capture), and a dump with memory of its own (a
 * saved stack's text). Sockets with the first do not go along, their users see the end of the connection; a dump of
 * the second kind ends with EINTR.
 *
 * A socket that was taken counts as full until its owner says nl_sock_writable(). */
#include <errno.h>
#include <string.h>

#include "core/save.h"
#include "netlink/netlink_internal.h"

/* Numbers that are saved as they are. */
static const struct field {
	const char *key;
	size_t at, size;
} fields[] = {
#define FIELD(name)                                                                      \
	{                                                                                \
#name, offsetof(struct nl_sock, name), sizeof((struct nl_sock *)0)->name \
	}
	FIELD(portid),    FIELD(bound),  FIELD(peer_portid), FIELD(peer_groups),
	FIELD(flags),     FIELD(rcvbuf), FIELD(sndbuf),      FIELD(recv_hint),
	FIELD(congested), FIELD(lost),   FIELD(lost_answer),
#undef FIELD
};

bool nl_sock_can_go(const struct nl_sock *s)
{
	struct nl_closer *c;
	list_for_each (c, &nl_state(s->st)->closers, link)
		if (c->holds && c->holds(c, s))
			return false;
	return true;
}

/* --- giving --- */

static void save_fields(const struct nl_sock *s, struct saver *to)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		uint64_t v = 0;
		memcpy(&v, (const char *)s + fields[i].at, fields[i].size); /* little-endian */
		save_u64(to, fields[i].key, v);
	}
}

static void save_creds(const struct nl_creds *c, struct saver *to)
{
	save_u64(to, "uid", c->uid);
	save_u64(to, "gid", c->gid);
	save_u64(to, "pid", (uint64_t)c->pid);
	save_u64(to, "may_configure", c->may_configure);
}

static void save_queue(const struct nl_sock *s, struct saver *to)
{
	const struct nl_out *o;
	save_list(to, "queue");
	list_for_each (o, &s->queue, link) {
		save_item(to);
		save_u64(to, "group", o->group);
		save_u64(to, "from", o->src_portid);
		save_bytes(to, "bytes", o->bytes, o->len_bytes);
		save_end(to);
	}
	save_end(to);
}

static void save_dump(const struct nl_dumping *d, struct saver *to)
{
	save_begin(to, "dump");
	save_bytes(to, "request", d->req, d->req->nlmsg_len);
	save_bytes(to, "key", d->at.key, sizeof d->at.key);
	save_u64(to, "flags", d->at.flags);
	save_u64(to, "interrupted", d->intr);
	save_u64(to, "ended", d->ended || d->at.priv);
	save_u64(to, "error", (uint64_t)(d->at.priv ? EINTR : -d->err));
	save_end(to);
}

void nl_sock_save(const struct nl_sock *s, struct saver *to)
{
	save_u64(to, "protocol", (uint64_t)s->proto->protocol);
	save_creds(&s->creds, to);
	save_fields(s, to);
	save_bytes(to, "groups", s->groups, sizeof s->groups);
	save_queue(s, to);
	if (s->dumping)
		save_dump(s->dumping, to);
}

/* --- taking --- */

static int load_fields(struct nl_sock *s, struct loader *l)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		unsigned bits = 8 * (unsigned)fields[i].size;
		uint64_t v, max = fields[i].size == sizeof(bool) ? 1 : UINT64_MAX >> (64 - bits);
		if (!load_u64(l, fields[i].key, 0, max, &v))
			return -EINVAL;
		memcpy((char *)s + fields[i].at, &v, fields[i].size);
	}
	if (s->bound && nl_sock_by_portid(s->st, s->proto, s->portid) != s)
		return load_bad(l, "portid", "taken");
	return 0;
}

static int load_creds(struct loader *l, struct nl_creds *ret)
{
	uint64_t uid, gid, pid, may;
	if (!load_u64(l, "uid", 0, UINT32_MAX, &uid) || !load_u64(l, "gid", 0, UINT32_MAX, &gid) ||
	    !load_u64(l, "pid", 0, INT32_MAX, &pid) || !load_u64(l, "may_configure", 0, 1, &may))
		return -EINVAL;
	*ret = (struct nl_creds){
		.uid = (uid_t)uid, .gid = (gid_t)gid, .pid = (pid_t)pid, .may_configure = may
	};
	return 0;
}

static int load_datagram(struct nl_sock *s, struct loader *l, uint8_t *room)
{
	uint64_t group, from;
	size_t len;
	if (!load_u64(l, "group", 0, UINT32_MAX, &group) || !load_u64(l, "from", 0, UINT32_MAX, &from) ||
	    !load_blob(l, "bytes", room, NL_DATAGRAM_MAX, &len))
		return -EINVAL;
	return nl_sock_queue(s, room, len, (uint32_t)from, (uint32_t)group) ? 0 : -ENOMEM;
}

/* What waited there waits here, even if it is more than the buffer holds by now: that may have been made smaller. */
static int load_queue(struct nl_sock *s, struct loader *l, uint8_t *room)
{
	bool congested = s->congested;
	uint32_t rcvbuf = s->rcvbuf;
	size_t n;
	int err = 0;
	if (!load_list(l, "queue", &n))
		return -EINVAL;
	s->congested = false;
	s->rcvbuf = UINT32_MAX;
	for (size_t i = 0; i < n && !err; i++) {
		if (!load_item(l, i))
			return -EINVAL;
		err = load_datagram(s, l, room);
		load_end(l);
	}
	load_end(l);
	s->congested = congested;
	s->rcvbuf = rcvbuf;
	return err;
}

/* The request is begun again; it is one that this user was allowed to make, and is checked as it was then. */
static int begin_again(struct nl_sock *s, const struct nlmsghdr *h, size_t len)
{
	struct nl_ext ext = { 0 };
	struct nl_buf reply;
	if (len < NLMSG_HDRLEN || h->nlmsg_len != len || !(h->nlmsg_flags & NLM_F_DUMP))
		return -EINVAL;
	nl_buf_init(&reply, NL_MESSAGE_MAX);
	s->proto->receive(s, h, &ext, &reply);
	nl_buf_done(&reply);
	return s->dumping ? 0 : -EINVAL;
}

static int load_dump(struct nl_sock *s, struct loader *l, uint8_t *room)
{
	uint64_t flags, intr, ended, err, key[ARRAY_SIZE(((struct nl_dump *)0)->key)];
	size_t len;
	if (!load_blob(l, "request", room, NL_DATAGRAM_MAX, &len) || !load_bytes(l, "key", key, sizeof key) ||
	    !load_u64(l, "flags", 0, UINT16_MAX, &flags) || !load_u64(l, "interrupted", 0, 1, &intr) ||
	    !load_u64(l, "ended", 0, 1, &ended) || !load_u64(l, "error", 0, 4095, &err))
		return -EINVAL;
	if (begin_again(s, (const struct nlmsghdr *)room, len))
		return load_bad(l, "request", "no dump");
	memcpy(s->dumping->at.key, key, sizeof key);
	s->dumping->at.flags = (uint16_t)flags;
	s->dumping->intr = intr;
	s->dumping->ended = ended;
	s->dumping->err = -(int)err;
	return 0;
}

static int load_sock(struct nl_sock *s, struct loader *l)
{
	uint8_t *room = mem_zalloc(&s->mem, NL_DATAGRAM_MAX);
	int err = room ? load_fields(s, l) : -ENOMEM;
	if (!err && !load_bytes(l, "groups", s->groups, sizeof s->groups))
		err = -EINVAL;
	if (!err)
		err = load_queue(s, l, room);
	if (!err && load_has(l, "dump")) {
		err = load_begin(l, "dump") ? load_dump(s, l, room) : -EINVAL;
		load_end(l);
	}
	mem_free(room);
	return err;
}

int nl_sock_restore(struct leat_stack *st, struct loader *l, const struct nl_sock_ops *ops, void *ctx,
		    struct nl_sock **ret_sock)
{
	struct nl_creds creds;
	struct nl_sock *s;
	uint64_t protocol;
	if (!load_u64(l, "protocol", 0, INT32_MAX, &protocol) || load_creds(l, &creds))
		return -EINVAL;
	int err = nl_sock_new(st, (int)protocol, &creds, ops, ctx, &s);
	if (err)
		return err == -EPROTONOSUPPORT ? load_bad(l, "protocol", "not known here") : err;
	s->full = true;
	err = load_sock(s, l);
	if (err)
		nl_sock_free(s);
	else
		*ret_sock = s;
	return err;
}
