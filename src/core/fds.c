/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/fds.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int fds_add(struct fds *f, int fd)
{
	if (f->n == f->room) {
		unsigned room = f->room ? 2 * f->room : 64;
		int *more = realloc(f->fd, room * sizeof *more);
		if (!more)
			return -ENOMEM;
		f->fd = more;
		f->room = room;
	}
	f->fd[f->n++] = fd;
	return 0;
}

void fds_done(struct fds *f)
{
	free(f->fd);
	*f = (struct fds){ 0 };
}

void fds_close(struct fds *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	fds_done(f);
}

void save_fd(struct saver *s, const char *key, struct fds *f, int fd)
{
	if (fds_add(f, fd))
		save_failed(s, -ENOMEM);
	else
		save_u64(s, key, f->n - 1);
}

bool load_fd(struct loader *l, const char *key, struct fds *f, int *ret)
{
	uint64_t at;
	if (!load_u64(l, key, 0, UINT32_MAX, &at))
		return false;
	if (at >= f->n || f->fd[at] < 0)
		return !load_bad(l, key, "no such descriptor");
	*ret = f->fd[at];
	f->fd[at] = -1;
	return true;
}
