/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets of a run, and how they survive their daemon.
 *
 * Theory of operation: an application holds one end of a pair, the daemon the other, and we a copy of the daemon's. So when the daemon
 * goes, however it goes, nothing hangs up: who listens keeps waiting, and what is written waits in the pair. As soon as there is a daemon of
 * that name again, each socket is brought to it with its port, groups, options and buffers (SOCKD_ADOPT_NETLINK). What happened
 * meanwhile nobody can tell, so sockets with groups read ENOBUFS then, as after an overrun: every user of netlink has an answer to
 * that. One that waits for an answer reads it at once, since the answer will not come.
 *
 * We cannot hold a copy of the application's end, or nobody would ever see its last descriptor close. So what we know of a socket is what was
 * said in calls that are notified, all of which name an option or an address. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

static uint32_t cookie_hash(uint64_t cookie)
{
	return hash_u32(cookie ^ cookie >> 32);
}

struct known *known_find(const struct superv *s, uint64_t cookie)
{
	struct hash_node *n;

	hash_for_each_same(n, &s->ours, cookie_hash(cookie))
	{
		struct known *k = container_of(n, struct known, node);
		if (k->cookie == cookie)
			return k;
	}
	return NULL;
}

struct known *known_new(struct superv *s, int own_fd, const struct sockd_req *open)
{
	struct known *k = mem_zalloc(&s->mem, sizeof *k);

	if (!k)
		return NULL;
	k->open = *open;
	k->own_fd = fcntl(own_fd, F_DUPFD_CLOEXEC, 0);
	if (k->own_fd >= 0)
		return k;
	mem_free(k);
	return NULL;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	close(k->own_fd);
	mem_free(k);
}

void known_add(struct superv *s, struct known *k, uint64_t cookie)
{
	k->cookie = cookie;
	k->was.cookie = cookie;
	hash_insert(&s->ours, &k->node, cookie_hash(cookie));
	list_append(&s->all, &k->link);
}

void known_remove(struct superv *s, uint64_t cookie)
{
	struct known *k = known_find(s, cookie);

	if (!k)
		return;
	slots_gone(s, cookie);
	hash_remove(&s->ours, &k->node);
	list_remove(&k->link);
	if (k->room_ev.fn)
		superv_unwatch(s, &k->room_ev);
	known_free(k);
}

/* --- what is said of them --- */

void known_bound(struct known *k, uint32_t portid, uint32_t groups)
{
	if (portid)
		k->was.portid = portid;
	k->was.groups[0] = (k->was.groups[0] & ~((uint64_t)UINT32_MAX << 1)) | (uint64_t)groups << 1;
}

static void member(struct known *k, uint32_t group, bool on)
{
	uint64_t bit = 1ull << group % 64;

	if (group >= SOCKD_GROUPS)
		return;
	if (on)
		k->was.groups[group / 64] |= bit;
	else
		k->was.groups[group / 64] &= ~bit;
}

void known_option(struct known *k, int level, int name, uint32_t v)
{
	if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE))
		k->was.rcvbuf = v;
	else if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_SNDBUFFORCE))
		k->was.sndbuf = v;
	else if (level == SOL_NETLINK && (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP))
		member(k, v, name == NETLINK_ADD_MEMBERSHIP);
	else if (level == SOL_NETLINK && name < 32)
		k->was.options = v ? k->was.options | 1u << name : k->was.options & ~(1u << name);
}

/* False: there is no whole header. */
static bool next_header(const void *bytes, size_t len_bytes, size_t *at, struct nlmsghdr *ret)
{
	if (*at + sizeof *ret > len_bytes)
		return false;
	memcpy(ret, (const char *)bytes + *at, sizeof *ret);
	*at += NLMSG_ALIGN((size_t)ret->nlmsg_len);
	return ret->nlmsg_len >= sizeof *ret;
}

void known_sent(struct known *k, const void *bytes, size_t len_bytes)
{
	struct nlmsghdr h;

	k->unsure = k->asked = true;
	for (size_t at = 0; next_header(bytes, len_bytes, &at, &h);)
		k->asked_seq = h.nlmsg_seq;
}

static bool is_piece(const struct nlmsghdr *h)
{
	return h->nlmsg_type != NLMSG_ERROR && h->nlmsg_type != NLMSG_DONE && h->nlmsg_flags & NLM_F_MULTI;
}

/* An answer ends with an error, an acknowledgement, the end of a dump, or is one message. A piece of a dump tells that something was
 * asked, which send() without an address did not. */
void known_received(struct known *k, const void *bytes, size_t len_bytes)
{
	struct nlmsghdr h;

	for (size_t at = 0; next_header(bytes, len_bytes, &at, &h);) {
		if (is_piece(&h) && !k->asked)
			k->asked_seq = h.nlmsg_seq;
		if (is_piece(&h))
			k->asked = true;
		else if (h.nlmsg_seq == k->asked_seq)
			k->asked = false;
	}
}

/* --- from one daemon to the next --- */

static bool send_overrun(struct known *k)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof h, .nlmsg_type = NLMSG_OVERRUN };

	return send(k->own_fd, &h, sizeof h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
}

static void overrun_fits(struct superv_event *e, uint32_t events)
{
	struct known *k = container_of(e, struct known, room_ev);

	if (send_overrun(k) || events & (EPOLLHUP | EPOLLERR))
		superv_unwatch(k->s, e);
}

/* A request that was not read is forgotten, too. */
static void forget_request(struct known *k)
{
	while (recv(k->own_fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
	k->asked = false;
}

/* Its sender is told that it failed, behind what he has not read of the answer. */
static void give_up_request(struct superv *s, struct known *k)
{
	forget_request(k);
	if (send_overrun(k))
		return;
	k->s = s;
	k->room_ev = (struct superv_event){ .fd = k->own_fd, .fn = overrun_fits };
	superv_watch(s, &k->room_ev, EPOLLOUT);
}

static bool has_groups(const struct known *k)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(k->was.groups); i++)
		any |= k->was.groups[i];
	return any;
}

static bool is_being_read(const struct superv *s, const struct known *k)
{
	const struct call *c;

	list_for_each (c, &s->calls, link)
		if (c->cookie == k->cookie && c->watched &&
		    (c->fn == call_recvmsg || c->fn == call_recvfrom || c->fn == call_recvmmsg))
			return true;
	return false;
}

static bool has_unread(const struct known *k)
{
	int bytes = 0;

	return !ioctl(k->own_fd, SIOCOUTQ, &bytes) && bytes > 0;
}

/* We do not see every request. Who hears no groups, and reads or could, is at an answer. */
static bool is_at_an_answer(const struct superv *s, const struct known *k)
{
	return k->asked || (!has_groups(k) && (has_unread(k) || is_being_read(s, k)));
}

void known_lost(struct superv *s)
{
	struct known *k;

	list_for_each (k, &s->all, link) {
		k->to_adopt = true;
		k->unsure = false;
		if (is_at_an_answer(s, k))
			give_up_request(s, k);
	}
	s->all_adopted = false;
}

bool known_needs_daemon(const struct superv *s, const struct known *k)
{
	return !daemon_is_there(s) && !has_groups(k);
}

/* Nobody tells us of closed descriptors while there is no daemon. */
static bool is_closed(const struct known *k)
{
	struct pollfd p = { .fd = k->own_fd };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

static bool listens(const struct known *k)
{
	return has_groups(k) && !(k->was.options >> NETLINK_NO_ENOBUFS & 1);
}

static int adopt_one(struct superv *s, struct known *k)
{
	struct sockd_req req = k->open;

	req.op = SOCKD_ADOPT_NETLINK;
	req.seq = superv_seq(s);
	k->was.overrun = listens(k);
	req.data_len = sizeof k->was;
	memcpy(req.data, &k->was, sizeof k->was);
	return daemon_send(s, &req, &k->own_fd, 1);
}

bool known_adopt(struct superv *s)
{
	struct known *k, *tmp;

	list_for_each_safe (k, tmp, &s->all, link) {
		if (!k->to_adopt)
			continue;
		if (is_closed(k)) {
			known_remove(s, k->cookie);
			continue;
		}
		if (adopt_one(s, k))
			return false;
		k->to_adopt = false;
	}
	return true;
}
