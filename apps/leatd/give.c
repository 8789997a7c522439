/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving our place to another process.
 *
 * Theory of operation: the new leatd has asked for it by sockd's SOCKD_TAKE_OVER and now asks, step by step (handover.h).
 * Packets are forwarded all the while: what there is of state is written by a copy of the process (core/aside.h), the new one
 * builds its stack from that, opens our devices by their descriptors and our clients' connections, and touches none of
 * them. From the snapshot on this lcore does nothing else, so no client is answered and nothing is configured that would be
 * missing there; workers go on, and what they learn in that time (neighbours, counters of drops) is lost. Only when the other
 * is ready to run do our workers stop between two turns. What they had handed to one another is worked off; then the other is
 * told where the rings stand, says that it goes on from there, and we are gone at that moment. In between, some hundred
 * microseconds, what arrives waits in the rings.
 *
 * Whatever goes wrong before that last word, whether the other says so, is silent, or is killed: we go on as if nothing had happened. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "core/aside.h"
#include "core/save_file.h"
#include "daemon.h"
#include "dev/hand.h"
#include "handover.h"
#include "pkt/arena.h"

/* --- hello --- */

static void save_namespace(struct saver *s, struct fds *fds, const char *key, const char *path, int *ret_fd)
{
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd >= 0)
		save_fd(s, key, fds, *ret_fd);
}

static int answer_hello(struct daemon *d, int sock)
{
	struct fds fds = { 0 };
	struct handover_text t;
	int user_ns, net_ns, err = handover_text_begin(&t);
	if (err)
		return err;
	struct saver *s = t.saver;
	save_str(s, "version", LEAT_VERSION);
	save_u64(s, "pid", (uint64_t)getpid());
	save_u64(s, "user", d->opt.user);
	save_fd(s, "listen", &fds, d->listen_fd);
	save_fd(s, "lock", &fds, d->lock_fd);
	save_fd(s, "log", &fds, STDERR_FILENO);
	if (d->notify.fd >= 0) {
		save_fd(s, "notify", &fds, d->notify.fd);
		save_u64(s, "watchdog_us", d->notify.watchdog_us);
	}
	if (d->helper.fd >= 0) {
		save_fd(s, "helper", &fds, d->helper.fd);
		save_u64(s, "helper_protocol", HELPER_PROTOCOL);
		save_u64(s, "helper_pid", (uint64_t)d->helper.pid);
		save_str(s, "helper_kept", d->helper.kept);
	}
	save_namespace(s, &fds, "user_ns", "/proc/self/ns/user", &user_ns);
	save_namespace(s, &fds, "net_ns", "/proc/self/ns/net", &net_ns);
	err = handover_text_send(sock, HANDOVER_HELLO, &t, &fds);
	if (user_ns >= 0)
		close(user_ns);
	if (net_ns >= 0)
		close(net_ns);
	fds_done(&fds);
	handover_text_done(&t);
	return err;
}

/* --- the snapshot --- */

/* In the copy. */
static void write_stack(struct leat_runtime *rt, int out, void *ctx)
{
	struct daemon *d = ctx;
	alarm(HANDOVER_PATIENCE_S);
	stack_save_fd(d->st, out);
}

static int send_snapshot(struct daemon *d, int sock, const struct aside *copy, char *why, size_t why_len)
{
	struct fds fds = { 0 };
	struct handover_text t;
	int err = handover_text_begin(&t);
	if (err)
		return err;
	struct saver *s = t.saver;
	save_fd(s, "stack", &fds, copy->fd);
	err = dev_hand_over(d->st, s, &fds, why, why_len);
	if (!err) {
		sockd_save(d->sockd, s, &fds);
		err = handover_text_send(sock, HANDOVER_SNAPSHOT, &t, &fds);
	}
	fds_done(&fds);
	handover_text_done(&t);
	return err;
}

/* --- the switch --- */

static int send_positions(struct daemon *d, int sock)
{
	struct fds fds = { 0 };
	struct handover_text t;
	int err = handover_text_begin(&t);
	if (err)
		return err;
	struct saver *s = t.saver;
	dev_hand_state(d->st, s);
	err = handover_text_send(sock, HANDOVER_SWITCH, &t, &fds);
	fds_done(&fds);
	handover_text_done(&t);
	return err;
}

static int wait_for(int sock, enum handover_op op, unsigned seconds)
{
	struct handover_msg m;
	struct fds fds = { 0 };
	handover_patience(sock, seconds);
	int err = handover_recv(sock, op, &m, &fds);
	fds_close(&fds);
	return err;
}

/* Returns only when it came to nothing, with the lcores running again. */
static int switch_over(struct daemon *d, int sock)
{
	struct leat_runtime *rt = d->rt;
	rt->ops->pause(rt);
	rt_flush_messages(rt);
	int err = send_positions(d, sock);
	if (!err)
		err = wait_for(sock, HANDOVER_COMMIT, HANDOVER_MOMENT_S);
	if (!err) {
		/* Whether it hears that or not: it may have gone on. */
		handover_send(sock, HANDOVER_COMMIT, 0, NULL, NULL);
		_exit(0);
	}
	rt->ops->resume(rt);
	return err;
}

static uint64_t monotonic_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int give_everything(struct daemon *d, int sock, char *why, size_t why_len)
{
	notify_say(&d->notify, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)monotonic_us());
	struct aside copy;
	int err = aside_start(d->rt, pkt_arenas_own, write_stack, d, &copy);
	if (err)
		return err;
	err = send_snapshot(d, sock, &copy, why, why_len);
	if (!err)
		err = wait_for(sock, HANDOVER_SWITCH, HANDOVER_PATIENCE_S);
	if (!err)
		err = switch_over(d, sock);
	aside_end(&copy, false);
	return err;
}

/* --- asked, step by step --- */

static void stop_giving(struct daemon *d)
{
	d->rt->ops->fd_unwatch(d->rt, d->rt->ctl, &d->giving);
	close(d->giving.fd);
	d->giving.fd = -1;
}

static void go_on(struct daemon *d, int err, const char *why)
{
	const char *reason = err == -EPIPE    ? "it has ended"
			     : err == -EAGAIN ? "it is silent"
					      : strerror(-err);
	rt_log(d->rt, LOG_WARN, "another leatd did not take over (%s): this one goes on",
	       *why ? why : reason);
	stop_giving(d);
	notify_say(&d->notify, "READY=1\nMAINPID=%d", (int)getpid());
}

static void on_ask(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct daemon *d = container_of(w, struct daemon, giving);
	struct handover_msg m;
	struct fds fds = { 0 };
	char why[200] = "";
	int err = handover_recv(w->fd, 0, &m, &fds);
	fds_close(&fds);
	if (!err && m.op == HANDOVER_HELLO)
		err = answer_hello(d, w->fd);
	else if (!err && m.op == HANDOVER_SNAPSHOT)
		err = give_everything(d, w->fd, why, sizeof why);
	else if (!err)
		err = -EPROTO;
	if (!err)
		return;
	if (err != -EPIPE)
		handover_send(w->fd, m.op, err, why, NULL);
	go_on(d, err, why);
}

int give_start(void *ctx, int fd)
{
	struct daemon *d = ctx;
	if (d->giving.fd >= 0)
		return -EBUSY;
	handover_patience(fd, HANDOVER_MOMENT_S);
	d->giving = (struct fd_watch){ .fd = fd, .events = EPOLLIN, .ready = on_ask };
	int err = d->rt->ops->fd_watch(d->rt, d->rt->ctl, &d->giving);
	if (err)
		d->giving.fd = -1;
	return err;
}
