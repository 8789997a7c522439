/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of this room: the listener and its clients (sockd.c), the sockets (sock.c), the look of a request
 * (req.c). */
#ifndef LEAT_SOCKD_INTERNAL_H
#define LEAT_SOCKD_INTERNAL_H

#include "base/hash.h"
#include "base/list.h"
#include "netlink/nl_sock.h"
#include "sockd/proto.h"
#include "sockd/sockd.h"

enum {
	CLIENTS_MAX = 4096,
	CLIENTS_RESERVED = 64, /* of those, for clients that may configure */
	SOCKS_PER_CLIENT = 4096,
	SOCKS_MAX = 65536,
	TURN_BUDGET = 16, /* messages taken from one descriptor before others have their turn */
	LOOK_ON_EVERY = 8, /* times that a descriptor was ready */
	SYNC_MAX =
		1024, /* messages taken for one SOCKD_SYNC: more than a pair holds by Linux's default limits */
	SLOTS_CLIENTS_MAX = 256,
	RECV_MAX = 512 << 10, /* what a Unix socket carries at most with Linux's default limits */
};

struct loader;
struct ucred;

struct sockd {
	struct leat_stack *st;
	struct leat_runtime *rt;
	struct mem_account mem;
	struct fd_watch listen;
	uid_t owner; /* who started the daemon; it may run as somebody else by now */
	struct timer listen_again; /* after running out of memory */
	int spare_fd; /* given up when there is no other, so that whoever comes can be told so; -1: it is given up */
	bool refusing; /* and the log has been told */
	struct list clients; /* struct client.link */
	struct list socks; /* struct pair.link, open ones */
	struct hash by_cookie; /* struct pair.node */
	struct sockd_stats stats;
	sockd_take_over_fn *take_over;
	void *take_over_ctx;
	uint8_t *buf; /* RECV_MAX bytes */
};

struct client {
	struct sockd *d;
	struct fd_watch watch;
	struct list link;
	struct list owned; /* struct pair.of_client: those it opened and still follows */
	struct list gone; /* struct pair.of_client: closed, and the client is yet to be told */
	unsigned n_owned; /* on both lists */
	uid_t uid;
	gid_t gid;
	bool may_configure;
	uint32_t number; /* while all of them are saved or restored */
	bool has_reply; /* `reply` found the connection full; no request is read before it is sent */
	struct sockd_rep reply;
	struct slots *slots; /* NULL: it has none */
};

struct pair {
	struct sockd *d;
	struct fd_watch watch; /* the daemon's end */
	struct list link;
	struct list of_client;
	struct client *client; /* NULL when that is gone; the socket lives on, for the application holds it */
	struct hash_node node;
	uint64_t cookie;
	struct nl_sock *nl;
	uint32_t type; /* SOCK_RAW, SOCK_DGRAM */
	bool claimed; /* by ADOPT: the cookie is what the client says, and counts for it alone */
	bool lost; /* an NLMSG_OVERRUN is yet to be sent */
	bool bursts; /* the last time there was more than one message */
	uint8_t n_ready;
	uint8_t held_by; /* 1 + the slot that its last messages lie in: what follows waits for that to be free; 0: none */
};

/* Bytes and descriptors of one request as they came. Takes none of the descriptors. */
struct raw_req {
	const void *bytes;
	size_t len_bytes;
	int fd[SOCKD_FDS_MAX];
	unsigned n_fds;
};
/* Copies the request into *ret and checks what can be checked without knowing any socket. -EPROTO: this peer does not speak
 * the protocol at all, hang up; other errors (with *ret written) are to be answered. */
int req_parse(const struct raw_req *raw, struct sockd_req *ret);

/* Executes one request and fills in the answer (rep->op and seq included). Takes the descriptor fd[0] of an OPEN that
 * succeeds, by setting it to -1; closes nothing else. -EPROTO as above, else 0. */
int client_request(struct client *c, struct raw_req *raw, struct sockd_rep *rep);

int pair_open(struct client *c, const struct sockd_req *req, int own_fd, int app_fd, struct pair **ret);
/* The request's other operations. SOCKD_SYNC may close it. */
int pair_request(struct pair *s, const struct sockd_req *req, struct sockd_rep *rep);
int pair_adopt(struct client *c, const struct sockd_req *req, int own_fd, struct pair **ret);
struct pair *pair_find(struct client *c, int app_fd);
/* The pair of that cookie, as far as this client is concerned. */
struct pair *pair_of_cookie(struct client *c, uint64_t cookie);
bool pair_is_end(int fd);
/* The last step of both: a pair and its netlink socket, being watched. Takes own_fd when it succeeds. */
int pair_make(struct client *c, const struct sockd_req *req, int own_fd, uint64_t cookie, struct pair **ret);
int pair_cookie(int fd, uint64_t *ret);
int pair_may_open(struct client *c, uint64_t cookie);
void pair_send_lost(struct pair *s);
void pair_close(struct pair *s); /* tells the client, if there is one */
void pair_forget(struct pair *s); /* frees a closed one */
void pair_room(struct pair *s); /* there may be room again for what waits */

void client_flush(struct client *c);
/* From then on fd is the client's; the caller's again when this fails. 0 or -errno. */
int client_add(struct sockd *d, int fd, const struct ucred *peer, struct client **ret);

/* For hand.c: as pair_open(), and as pair_close() of one whose client waits to be told. client may be NULL. */
int pair_restore(struct sockd *d, struct loader *l, struct client *client, uint64_t cookie, int fd,
		 struct pair **ret);
int pair_remember_gone(struct client *c, uint64_t cookie);

/* --- slots.c --- */

struct saver;
struct fds;

/* Gives the client slots. 0 or -errno. */
int slots_open(struct client *c);
void slots_close(struct client *c);
/* Executes what is posted, and lets those go on whose slots are free. */
void slots_run(struct client *c);
/* Something is read from the pair of that cookie and executed; 0: it has been. */
void slots_reading(struct client *c, uint64_t cookie);
enum { SLOTS_NOT = 1 };
/* A message for the application. 0: it goes by a slot. -EAGAIN: it has to wait for one; pair_room() follows. SLOTS_NOT: it goes through the
 * pair. */
int slots_send(struct pair *s, const void *bytes, size_t len_bytes);
void slots_forget(struct pair *s); /* is closed */
/* The descriptors for the answer to SOCKD_SLOTS; they stay its. */
void slots_fds(const struct client *c, int ret_fd[2]);
void slots_save(struct client *c, struct saver *s, struct fds *fds);
int slots_restore(struct client *c, struct loader *l, struct fds *fds);
/* Its pairs are restored: those whose messages lie in slots wait for them. */
void slots_hold(struct client *c);

#endif
