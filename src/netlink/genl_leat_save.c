/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat save`: the state of one instant, in pieces, to whoever asked.
 *
 * Theory of operation: a copy of the process (core/aside.h) writes the text into a pipe, as fast as it is read; the dump hands on what is
 * there. So packets wait as long as copying takes, a few milliseconds for a full table, whatever the size of the text and however
 * slow its reader, and no memory is needed but for the pages that change meanwhile. What waits for neighbours stays where it
 * is: only the copy counts it as dropped, as it will be for who restores the file. The copy goes with the socket of who asked.
 *
 * In a process that is not to be copied (a simulation, a program with a stack of its own) the text is made at once, in memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/aside.h"
#include "netlink/genl_leat.h"
#include "pkt/arena.h"

enum { JOBS_MAX = 2, COPY_SECONDS = 300, PIPE_BYTES = 1 << 20, PIECE_MAX = 32768, PIECE_OVERHEAD = 64 };
enum { SAVE_BEGUN, SAVE_AT, SAVE_LEN }; /* keys of the dump */

struct saving {
	struct list link;
	struct nl_sock *asker;
	struct aside aside;
};

/* --- in the copy --- */

static int to_pipe(void *out, const void *bytes, size_t len_bytes)
{
	aside_write(*(const int *)out, bytes, len_bytes);
	return 0;
}

static void play(struct leat_runtime *rt, int out, void *ctx)
{
	alarm(COPY_SECONDS);
	int err = stack_save_to(ctx, to_pipe, &out);
	if (err)
		_exit(-err);
}

/* --- the original --- */

static struct saving *find(const struct leat_genl *g, const struct nl_sock *s)
{
	struct saving *j;
	list_for_each (j, &g->saving, link)
		if (j->asker == s)
			return j;
	return NULL;
}

static int forget(struct leat_genl *g, struct saving *j, bool heard)
{
	int status = aside_end(&j->aside, heard);
	list_remove(&j->link);
	g->n_saving--;
	mem_free(j);
	return status;
}

static int begin(struct nl_req *r)
{
	struct leat_genl *g = leat_genl(r->st);
	if (g->n_saving >= JOBS_MAX)
		return nl_bad(r->ext, NULL, -EBUSY,
			      "The stack is being saved already; ask again in a moment");
	struct saving *j = mem_zalloc(&r->st->rt->client_mem, sizeof *j);
	if (!j)
		return -ENOMEM;
	int err = aside_start(r->st->rt, pkt_arenas_own, play, r->st, &j->aside);
	if (err) {
		mem_free(j);
		return nl_bad(r->ext, NULL, err, "The host has no room for a copy of the daemon");
	}
	fcntl(j->aside.fd, F_SETFL, O_NONBLOCK);
	fcntl(j->aside.fd, F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one is slower */
	j->asker = r->sock;
	list_append(&g->saving, &j->link);
	g->n_saving++;
	return 0;
}

static int end(struct nl_req *r, struct saving *j)
{
	int status = forget(leat_genl(r->st), j, true);
	if (WIFSIGNALED(status))
		return nl_bad(r->ext, NULL, -EIO,
			      WTERMSIG(status) == SIGALRM ? "Nobody read it for too long"
							  : "The process that wrote it was killed");
	return -WEXITSTATUS(status);
}

static size_t room_of(const struct nl_buf *b)
{
	size_t used = b->len_bytes + PIECE_OVERHEAD;
	return used < b->max_bytes ? MIN(b->max_bytes - used, (size_t)PIECE_MAX) : 0;
}

static int put_piece(struct nl_req *r, const void *bytes, size_t n)
{
	leat_begin(r, LEAT_CMD_SAVE, NLM_F_MULTI);
	nl_put(r->reply, LEAT_A_TEXT_PIECE, bytes, n);
	return nl_end(r->reply);
}

/* What the copy has written so far, as much as fits. */
static int hand_on(struct nl_req *r, struct nl_dump *d, struct saving *j)
{
	uint8_t piece[PIECE_MAX];
	for (size_t room; (room = room_of(r->reply));) {
		ssize_t n = read(j->aside.fd, piece, room);
		if (n == 0)
			return end(r, j);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			int err = -errno;
			forget(leat_genl(r->st), j, false);
			return err;
		}
		if (n < 0) {
			d->wait = r->reply->len_bytes == 0;
			return 1;
		}
		if (put_piece(r, piece, (size_t)n))
			return -EMSGSIZE; /* cannot be: there was room */
	}
	return 1;
}

/* The text made at once, by the first step. */
static int hand_on_text(struct nl_req *r, struct nl_dump *d)
{
	if (!d->priv) {
		char *text;
		size_t len;
		int err = stack_save_text(r->st, &text, &len);
		if (err)
			return err;
		d->priv = text;
		d->key[SAVE_LEN] = len;
	}
	while (d->key[SAVE_AT] < d->key[SAVE_LEN]) {
		size_t n = MIN(d->key[SAVE_LEN] - d->key[SAVE_AT], (uint64_t)room_of(r->reply));
		if (!n || put_piece(r, (const char *)d->priv + d->key[SAVE_AT], n))
			return 1;
		d->key[SAVE_AT] += n;
	}
	return 0;
}

int leat_save_dump(struct nl_req *r, struct nl_dump *d)
{
	struct leat_genl *g = leat_genl(r->st);
	if (!r->st->rt->ops->may_fork)
		return hand_on_text(r, d);
	if (!d->key[SAVE_BEGUN]) {
		int err = begin(r);
		if (err)
			return err;
		d->key[SAVE_BEGUN] = 1;
	}
	struct saving *j = find(g, r->sock);
	return j ? hand_on(r, d, j) : -EIO;
}

void leat_save_init(struct leat_genl *g)
{
	list_init(&g->saving);
}

void leat_save_closed(struct leat_genl *g, struct nl_sock *s)
{
	struct saving *j, *tmp;
	list_for_each_safe (j, tmp, &g->saving, link)
		if (!s || j->asker == s)
			forget(g, j, false);
}

void leat_save_done(struct leat_genl *g)
{
	leat_save_closed(g, NULL);
}
