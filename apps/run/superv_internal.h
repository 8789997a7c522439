/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the supervisor's files: its loop and the life of a call (superv.c), the daemon's connection (daemon.c), the
 * target's memory and descriptors (target.c), and the calls themselves (call_*.c). */
#ifndef LEAT_RUN_SUPERV_INTERNAL_H
#define LEAT_RUN_SUPERV_INTERNAL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/hash.h"
#include "base/list.h"
#include "run/files.h"
#include "run/superv.h"
#include "sockd/proto.h"

enum { PATIENCE_MS = 5000 }; /* with a daemon that has gone */

struct superv_pidfd {
	pid_t tid; /* 0: none */
	int fd;
};

struct superv {
	int ep;
	struct superv_pidfd pidfd[16]; /* target.c */
	struct superv_event listener;
	struct superv_event daemon;
	bool have_daemon;
	struct list unsent; /* requests that found the connection full (daemon.c) */
	bool all_adopted; /* by this daemon */
	uint64_t lost_ms; /* when the last one was lost */
	struct list all; /* struct known.link */
	char name[32]; /* the daemon's */
	uint32_t seq;
	uint32_t n_connections; /* to the daemon, so far */
	uint32_t n_requests; /* sent to this daemon, up to a point (slots.c) */
	struct superv_slots *slots; /* NULL: it has given us none */
	uint32_t n_inet; /* sockets of call_inet.c made so far */
	struct list calls; /* struct call.link: those that wait for something */
	struct mem_account mem;
	struct hash ours; /* the same, by cookie */
	struct files_place files; /* where /proc/net is served from */
	uint64_t user_ns; /* inode: who is root in it may configure, as far as the daemon lets us */
	struct seccomp_notif *req;
	struct seccomp_notif_resp *resp;
	size_t req_bytes, resp_bytes; /* the kernel's idea of their size, at least ours */
	uint8_t *buf; /* one message in passing: SUPERV_BUF bytes */
};

enum { SUPERV_BUF = 512 << 10 };

/* A socket of ours, wherever its descriptors are, and what has to be known to have the next daemon adopt it. Lives until the daemon
 * says that the last descriptor is closed. */
struct known {
	struct hash_node node;
	struct list link; /* superv.all */
	uint64_t cookie;
	int own_fd; /* a copy of the daemon's end */
	struct sockd_req open; /* as it was opened */
	struct sockd_adopt was; /* what was said of it since */
	uint32_t room; /* the most that a receive had room for, as the daemon was told by connection number */
	uint32_t room_told_by;
	bool unsure; /* it was written to, and the daemon has not said since that all of it is executed */
	bool asked; /* it was written to, and has not been read from to the end of the answer since */
	uint32_t asked_seq; /* of the last request */
	bool to_adopt; /* the daemon has not been told of it */
	struct superv *s; /* with room_ev */
	struct superv_event room_ev; /* fn: an overrun waits until own_fd has room for it, or did */
};
struct known *known_find(const struct superv *s, uint64_t cookie);
/* One that is being made; the descriptor is copied. NULL: no memory, or no descriptors. */
struct known *known_new(struct superv *s, int own_fd, const struct sockd_req *open);
void known_free(struct known *k); /* NULL is welcome; not of one that was added */
void known_add(struct superv *s, struct known *k, uint64_t cookie);
void known_remove(struct superv *s, uint64_t cookie);
void known_bound(struct known *k, uint32_t portid, uint32_t groups);
void known_option(struct known *k, int level, int name, uint32_t v);
void known_sent(struct known *k, const void *bytes, size_t len_bytes);
void known_received(struct known *k, const void *bytes, size_t len_bytes);
/* The daemon is gone: who waits for an answer of it waits in vain. */
void known_lost(struct superv *s);
/* Nothing can come to it before there is one: it hears no groups. */
bool known_needs_daemon(const struct superv *s, const struct known *k);
/* There is another: it is told of them. False: not of all yet, call again. */
bool known_adopt(struct superv *s);

struct call;
typedef void call_fn(struct call *c);

/* One notified system call. Its handler ends it (call_return() and its like, which free it) or lets it wait: for the
 * daemon's answer, or for its descriptor. Whatever waits is dropped when the call is no more: its thread was killed, or a
 * signal interrupted it. */
struct call {
	struct superv_event ev; /* fd: our copy of the target's descriptor, or -1 */
	struct superv *s;
	struct list link;
	uint64_t id;
	uint64_t cookie; /* of fd, which is one of ours; else 0 */
	pid_t tid;
	int nr;
	uint64_t arg[6];
	uint64_t deadline_ms; /* of a wait; 0: none */
	uint32_t seq; /* of the request under way, or 0 */
	bool watched; /* fd is in the loop */
	bool synced; /* the daemon was asked whether there is more to receive */
	bool waits_for_daemon; /* and is then made anew, from the start */
	uint32_t op; /* of the request under way */
	struct known *made; /* socket(): the one under way */
	uint32_t note[2]; /* bind(): port and groups; setsockopt(): the value */
	call_fn *fn; /* the row of the call */
	void (*again)(struct call *c); /* the descriptor is ready, or the deadline (c->expired) is past */
	void (*answered)(struct call *c, const struct sockd_rep *rep);
	bool expired;
	uint32_t part[2]; /* the call's own: how far an answer in pieces is */
};

call_fn call_socket, call_bind, call_connect, call_getsockname, call_getpeername, call_setsockopt,
	call_getsockopt, call_sendto, call_sendmsg, call_sendmmsg, call_recvfrom, call_recvmsg, call_recvmmsg,
	call_ioctl, call_prctl, call_exec;

void call_return(struct call *c, int64_t val);
void call_fail(struct call *c, int err); /* err < 0 */
void call_continue(struct call *c); /* the kernel executes it: not our business */
void call_drop(struct call *c); /* it is no more */
bool call_is_alive(const struct call *c);
/* Answers with a descriptor for our fd, which stays ours. */
void call_return_fd(struct call *c, int fd, bool cloexec);
/* Runs again() when the descriptor is ready for `events`. */
void call_wait_fd(struct call *c, uint32_t events, void (*again)(struct call *));
/* Neither the call nor its descriptor says otherwise. */
bool call_may_wait(const struct call *c, int msg_flags);
/* call_wait_fd() for a call that may block and whose descriptor is not non-blocking; else fails it with -EAGAIN. so_timeo:
 * SO_RCVTIMEO or SO_SNDTIMEO. */
void call_would_block(struct call *c, int msg_flags, uint32_t events, int so_timeo,
		      void (*again)(struct call *));

/* The family of a socket of call_inet.c, else that of the socket, 0: it is none. */
int inet_family(int fd);
void inet_socket(struct call *c);

/* Asks the daemon; answered() gets the reply. fds are copied by the kernel. */
void call_ask(struct call *c, const struct sockd_req *req, const int *fd, unsigned n_fds,
	      void (*answered)(struct call *, const struct sockd_rep *));

/* The daemon is gone: the call is made anew when there is another, or fails with -ENETDOWN when none comes soon. */
void call_await_daemon(struct call *c);

int daemon_connect(struct superv *s, char *ret_path, size_t len_bytes);
/* There is one, and it knows all sockets. */
bool daemon_is_there(const struct superv *s);
/* Looks for a daemon when there is none and somebody wants it, and tells it of all sockets. */
void daemon_seek(struct superv *s);
/* 0 or -errno. */
int daemon_send(struct superv *s, const struct sockd_req *req, const int *fd, unsigned n_fds);

/* --- requests by shared memory (slots.c) --- */

/* One more request was sent; who sends many gets slots. */
void slots_want(struct superv *s);
/* The daemon's answer; takes the descriptors, -1 for what is missing. */
void slots_opened(struct superv *s, const struct sockd_rep *rep, const int fd[2]);
/* The daemon is gone. */
void slots_drop(struct superv *s);
/* False: it has to be sent through the pair. */
bool slots_post(struct superv *s, const struct known *k, const void *bytes, size_t len_bytes);
/* What is answered goes to its application. */
void slots_settle(struct superv *s);
/* The same, and waits a little for what is not; the daemon tells of that when it is done. */
void slots_wait(struct superv *s);
void slots_gone(struct superv *s, uint64_t cookie); /* a socket */

/* --- the target, by thread id --- */

/* 0, -EFAULT, or -ESRCH when it is gone. */
int target_read(pid_t tid, uint64_t addr, void *to, size_t len_bytes);
int target_write(pid_t tid, uint64_t addr, const void *from, size_t len_bytes);
/* Spreads the bytes over (gathers them from) the target's vector. */
int target_scatter(pid_t tid, const struct iovec *iov, unsigned n, const void *from, size_t len_bytes);
/* Many pieces of ours to many of its, len_bytes in all. */
int target_write_all(pid_t tid, const struct iovec *own, unsigned n_own, const struct iovec *its,
		     unsigned n_its, size_t len_bytes);
int target_gather(pid_t tid, const struct iovec *iov, unsigned n, void *to, size_t len_bytes);
/* A copy of its descriptor, or -errno (-EBADF). */
int target_fd(struct superv *s, pid_t tid, int fd);
void target_forget(struct superv_pidfd *p);

struct target_who {
	pid_t pid;
	uid_t euid;
	gid_t egid;
	bool net_admin; /* in the user namespace of the run */
};
int target_who(const struct superv *s, pid_t tid, struct target_who *ret);

uint64_t superv_now_ms(void);
uint32_t superv_seq(struct superv *s); /* the next request's */

#endif
