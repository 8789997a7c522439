/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's loop, and the life of a notified call.
 *
 * Theory of operation: the listener hands over one call at a time. Its handler fetches the descriptor in question and asks
 * for its SO_COOKIE; a descriptor that is not one of ours is the kernel's business, and the call continues there. Handlers
 * that must wait (for the daemon's answer, for a message) put the call on a list and return, so one target never
 * holds up another.
 *
 * The kernel does not say when a waiting call is interrupted, and as long as we hold a copy of its descriptor the daemon
 * cannot see that the application is gone. So waiting calls are asked for every SWEEP_MS. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sockd/path.h"

enum { SWEEP_MS = 200, SEEK_MS = 50, SEEK_IDLE_MS = 1000 };

static const struct trap {
	int nr;
	call_fn *fn;
	bool has_fd; /* argument 0 is a descriptor, and the call is ours only if that is one of ours */
} traps[] = {
	/* clang-format off */
	{ SYS_socket,      call_socket,      false },
	{ SYS_bind,        call_bind,        true },
	{ SYS_connect,     call_connect,     true },
	{ SYS_getsockname, call_getsockname, true },
	{ SYS_getpeername, call_getpeername, true },
	{ SYS_setsockopt,  call_setsockopt,  true },
	{ SYS_getsockopt,  call_getsockopt,  true },
	{ SYS_sendto,      call_sendto,      true },
	{ SYS_sendmsg,     call_sendmsg,     true },
	{ SYS_sendmmsg,    call_sendmmsg,    true },
	{ SYS_recvfrom,    call_recvfrom,    true },
	{ SYS_recvmsg,     call_recvmsg,     true },
	{ SYS_recvmmsg,    call_recvmmsg,    true },
	{ SYS_ioctl,       call_ioctl,       false },
	{ SYS_prctl,       call_prctl,       false },
	{ SYS_execve,      call_exec,        false },
	{ SYS_execveat,    call_exec,        false },
	/* clang-format on */
};

uint64_t superv_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* --- sockets of ours --- */

static bool is_ours(const struct superv *s, int fd, uint64_t *ret_cookie)
{
	socklen_t len = sizeof *ret_cookie;

	return !getsockopt(fd, SOL_SOCKET, SO_COOKIE, ret_cookie, &len) && known_find(s, *ret_cookie);
}

/* --- the life of a call --- */

bool call_is_alive(const struct call *c)
{
	return ioctl(c->s->listener.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->id) == 0;
}

void call_drop(struct call *c)
{
	if (c->watched)
		superv_unwatch(c->s, &c->ev);
	if (c->ev.fd >= 0)
		close(c->ev.fd);
	list_remove(&c->link);
	known_free(c->made);
	mem_free(c);
}

static void send_response(struct superv *s, uint64_t id, int64_t val, int err, uint32_t flags)
{
	struct seccomp_notif_resp *r = s->resp;

	memset(r, 0, s->resp_bytes);
	r->id = id;
	r->val = val;
	r->error = err;
	r->flags = flags;
	ioctl(s->listener.fd, SECCOMP_IOCTL_NOTIF_SEND,
	      r); /* fails when the call is no more: nothing to tell */
}

static void respond(struct call *c, int64_t val, int err, uint32_t flags)
{
	send_response(c->s, c->id, val, err, flags);
	call_drop(c);
}

void call_return(struct call *c, int64_t val)
{
	respond(c, val, 0, 0);
}

void call_fail(struct call *c, int err)
{
	respond(c, 0, err, 0);
}

void call_continue(struct call *c)
{
	respond(c, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void call_return_fd(struct call *c, int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = {
		.id = c->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND, /* installs and answers as one step */
		.srcfd = fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	if (ioctl(c->s->listener.fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0 || errno == ENOENT)
		call_drop(c);
	else
		call_fail(c, -errno);
}

static void call_ready(struct superv_event *e, uint32_t events)
{
	struct call *c = container_of(e, struct call, ev);

	c->again(c);
}

void call_wait_fd(struct call *c, uint32_t events, void (*again)(struct call *))
{
	c->again = again;
	if (c->watched)
		return;
	c->ev.fn = call_ready;
	if (superv_watch(c->s, &c->ev, events)) {
		call_fail(c, -ENOBUFS);
		return;
	}
	c->watched = true;
	list_append(&c->s->calls, &c->link);
}

static uint64_t deadline_of(int fd, int so_timeo)
{
	struct timeval t = { 0 };
	socklen_t len = sizeof t;

	if (getsockopt(fd, SOL_SOCKET, so_timeo, &t, &len) || (!t.tv_sec && !t.tv_usec))
		return 0;
	return superv_now_ms() + t.tv_sec * 1000ull + (t.tv_usec + 999) / 1000;
}

bool call_may_wait(const struct call *c, int msg_flags)
{
	int fl = fcntl(c->ev.fd, F_GETFL);

	return !(msg_flags & MSG_DONTWAIT) && !(fl >= 0 && fl & O_NONBLOCK);
}

void call_would_block(struct call *c, int msg_flags, uint32_t events, int so_timeo,
		      void (*again)(struct call *))
{
	if (c->expired || !call_may_wait(c, msg_flags)) {
		call_fail(c, -EAGAIN);
		return;
	}
	if (!c->watched)
		c->deadline_ms = deadline_of(c->ev.fd, so_timeo);
	call_wait_fd(c, events, again);
}

uint32_t superv_seq(struct superv *s)
{
	if (!++s->seq)
		s->seq = 1;
	return s->seq;
}

void call_ask(struct call *c, const struct sockd_req *req, const int *fd, unsigned n_fds,
	      void (*answered)(struct call *, const struct sockd_rep *))
{
	struct superv *s = c->s;
	struct sockd_req r = *req;
	int err;

	r.seq = superv_seq(s);
	err = daemon_is_there(s) ? daemon_send(s, &r, fd, n_fds) : -ENETDOWN;
	if (err == -ENETDOWN) {
		call_await_daemon(c);
		return;
	}
	if (err) {
		call_fail(c, err);
		return;
	}
	c->seq = r.seq;
	c->op = r.op;
	c->answered = answered;
	list_append(&s->calls, &c->link);
}

/* --- the loop --- */

int superv_watch(struct superv *s, struct superv_event *e, uint32_t events)
{
	struct epoll_event ee = { .events = events, .data.ptr = e };

	if (!epoll_ctl(s->ep, EPOLL_CTL_ADD, e->fd, &ee))
		return 0;
	return errno == EEXIST && !epoll_ctl(s->ep, EPOLL_CTL_MOD, e->fd, &ee) ? 0 : -errno;
}

void superv_unwatch(struct superv *s, struct superv_event *e)
{
	epoll_ctl(s->ep, EPOLL_CTL_DEL, e->fd, NULL);
}

/* Takes the descriptor along. False: the call is answered. */
static bool take_fd(struct call *c)
{
	int fd;

	if (!c->s->ours.count) {
		call_continue(c);
		return false;
	}
	fd = target_fd(c->s, c->tid, c->arg[0]);
	if (fd < 0 || !is_ours(c->s, fd, &c->cookie)) {
		if (fd >= 0)
			close(fd);
		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
			call_fail(c,
				  -ENOBUFS); /* it may be ours, and must not meet the kernel as what it is */
		else
			call_continue(c);
		return false;
	}
	c->ev.fd = fd;
	if (call_is_alive(c)) /* else the number may have been another process's by then */
		return true;
	call_drop(c);
	return false;
}

static struct call *call_new(struct superv *s)
{
	struct call *c = mem_zalloc(&s->mem, sizeof *c);

	if (!c)
		return NULL;
	*c = (struct call){
		.s = s, .ev.fd = -1, .id = s->req->id, .tid = s->req->pid, .nr = s->req->data.nr
	};
	for (unsigned i = 0; i < ARRAY_SIZE(c->arg); i++)
		c->arg[i] = s->req->data.args[i];
	list_init(&c->link);
	return c;
}

static void notified(struct superv_event *e, uint32_t events)
{
	struct superv *s = container_of(e, struct superv, listener);
	struct call *c;

	if (!(events & EPOLLIN)) { /* nobody is left under the filter */
		superv_unwatch(s, e);
		return;
	}
	memset(s->req, 0, s->req_bytes);
	if (ioctl(e->fd, SECCOMP_IOCTL_NOTIF_RECV, s->req) < 0)
		return; /* killed meanwhile */
	c = call_new(s);
	if (!c) {
		send_response(s, s->req->id, 0, -ENOMEM, 0);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(traps); i++) {
		if (traps[i].nr != c->nr)
			continue;
		c->fn = traps[i].fn;
		if (!traps[i].has_fd || take_fd(c))
			traps[i].fn(c);
		return;
	}
	call_fail(c, -ENOSYS);
}

static bool seeks_daemon(const struct superv *s)
{
	return !daemon_is_there(s) && (!list_empty(&s->calls) || !list_empty(&s->all));
}

static void sweep(struct superv *s)
{
	uint64_t now = superv_now_ms();
	struct call *c, *tmp;

	if (seeks_daemon(s))
		daemon_seek(s);

	list_for_each_safe (c, tmp, &s->calls, link) {
		if (!call_is_alive(c)) {
			call_drop(c);
		} else if (c->deadline_ms && c->deadline_ms <= now) {
			c->expired = true;
			c->again(c);
		}
	}
}

/* A daemon that has been gone for long, and that no call waits for, is not looked for twenty times a second. */
static unsigned sweep_ms(const struct superv *s, uint64_t now)
{
	if (!seeks_daemon(s))
		return SWEEP_MS;
	return list_empty(&s->calls) && now > s->lost_ms + PATIENCE_MS ? SEEK_IDLE_MS : SEEK_MS;
}

static int next_sweep_ms(const struct superv *s)
{
	uint64_t now = superv_now_ms(), at = now + sweep_ms(s, now);
	struct call *c;

	if (list_empty(&s->calls) && !seeks_daemon(s))
		return -1;
	list_for_each (c, &s->calls, link)
		if (c->deadline_ms && c->deadline_ms < at)
			at = c->deadline_ms;
	return at > now ? at - now : 0;
}

void superv_run(struct superv *s)
{
	uint64_t last = superv_now_ms();
	struct epoll_event ee;

	for (;;) {
		/* one at a time: its handler may free what the next one in a batch would point to */
		int n = epoll_wait(s->ep, &ee, 1, next_sweep_ms(s));
		struct superv_event *e = ee.data.ptr;
		if (n > 0)
			e->fn(e, ee.events);
		if (n > 0 && superv_now_ms() - last < SWEEP_MS)
			continue;
		sweep(s);
		last = superv_now_ms();
	}
}

/* --- start --- */

/* The kernel may know of longer structs than our headers. */
static int make_buffers(struct superv *s)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	s->req_bytes = MAX(sizes.seccomp_notif, (uint16_t)sizeof *s->req);
	s->resp_bytes = MAX(sizes.seccomp_notif_resp, (uint16_t)sizeof *s->resp);
	s->req = mem_zalloc(&s->mem, s->req_bytes);
	s->resp = mem_zalloc(&s->mem, s->resp_bytes);
	s->buf = mem_zalloc(&s->mem, SUPERV_BUF);
	return s->req && s->resp && s->buf ? 0 : -ENOMEM;
}

int superv_new(const char *name, struct superv **ret, char *ret_why, size_t why_len)
{
	struct superv *s = calloc(1, sizeof *s);
	char path[SOCKD_PATH_MAX] = "";
	struct stat st;
	int err = s ? 0 : -ENOMEM;

	snprintf(ret_why, why_len, "cannot start the supervisor");
	if (err)
		return err;
	mem_account_init(&s->mem, "leat run", NULL, 0);
	hash_init(&s->ours, &s->mem, NULL, NULL);
	list_init(&s->calls);
	list_init(&s->unsent);
	list_init(&s->all);
	s->all_adopted = true;
	snprintf(s->name, sizeof s->name, "%s", name);
	s->listener.fd = -1;
	s->ep = epoll_create1(EPOLL_CLOEXEC);
	if (s->ep < 0 || stat("/proc/self/ns/user", &st) < 0)
		return -errno;
	s->user_ns = st.st_ino;
	err = make_buffers(s);
	if (err)
		return err;
	err = daemon_connect(s, path, sizeof path);
	if (err == -EINVAL)
		snprintf(ret_why, why_len, "a daemon cannot have the name \"%.40s\"", name);
	else if (err)
		snprintf(ret_why, why_len,
			 "no daemon named %s (looked at %s): start one with `leatd --name %s`", name, path,
			 name);
	*ret = s;
	return err;
}

/* Caller and supervisor take turns, so they are best on one processor: waking another one, asleep, costs more than the call, above all in
 * a virtual machine. Kernels before 6.6 do not know it, nor their headers. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

int superv_listen(struct superv *s, int listener)
{
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	s->listener = (struct superv_event){ .fd = listener, .fn = notified };
	files_find(&s->files);
	return superv_watch(s, &s->listener, EPOLLIN);
}
