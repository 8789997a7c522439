/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that go along with a saved state to another process (SCM_RIGHTS): the text names each by its place in a list.
 * Control lcore only. */
#ifndef LEAT_CORE_FDS_H
#define LEAT_CORE_FDS_H

#include "core/save.h"

struct fds {
	int *fd; /* -1: somebody has taken it */
	unsigned n, room;
};

/* 0 or -ENOMEM. */
int fds_add(struct fds *f, int fd);
/* Frees the list and leaves the descriptors as they are. */
void fds_done(struct fds *f);
/* Closes those that nobody has taken, too. */
void fds_close(struct fds *f);

/* Adds fd, which stays the caller's, and writes its place. */
void save_fd(struct saver *s, const char *key, struct fds *f, int fd);
/* Takes it: from then on it is the caller's. False as the others of save.h; also when it was taken before. */
bool load_fd(struct loader *l, const char *key, struct fds *f, int *ret);

#endif
