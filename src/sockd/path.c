/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockd/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_RUNDIR "/run/leat"

enum { NAME_LEN_MAX = 31, BACKLOG = 128 };

static bool name_ok(const char *name)
{
	size_t n = strlen(name);

	return n && n <= NAME_LEN_MAX && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int fits(int n, size_t len_bytes)
{
	return n < 0 || (size_t)n >= len_bytes ? -ENAMETOOLONG : 0;
}

static int path_in(const char *dir, const char *name, char *ret_path, size_t len_bytes)
{
	if (!name_ok(name))
		return -EINVAL;
	return fits(snprintf(ret_path, len_bytes, "%s/%s.sock", dir, name), len_bytes);
}

static int rundir(char *ret_dir, size_t len_bytes)
{
	const char *dir = getenv("LEAT_RUNDIR"), *xdg = getenv("XDG_RUNTIME_DIR");

	if (dir && *dir)
		return fits(snprintf(ret_dir, len_bytes, "%s", dir), len_bytes);
	if (geteuid() == 0)
		return fits(snprintf(ret_dir, len_bytes, SYSTEM_RUNDIR), len_bytes);
	if (xdg && *xdg)
		return fits(snprintf(ret_dir, len_bytes, "%s/leat", xdg), len_bytes);
	return fits(snprintf(ret_dir, len_bytes, "/tmp/leat-%u", (unsigned)geteuid()), len_bytes);
}

int sockd_path(const char *name, char *ret_path, size_t len_bytes)
{
	char dir[SOCKD_PATH_MAX];
	int err = rundir(dir, sizeof dir);

	return err ? err : path_in(dir, name, ret_path, len_bytes);
}

static int address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return fits(snprintf(ret->sun_path, sizeof ret->sun_path, "%s", path), sizeof ret->sun_path);
}

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un a;
	int err = address(path, &a), fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

/* The directory is ours alone to write to: in /tmp it could be somebody else's trap. */
static int make_dir(const char *path)
{
	char dir[SOCKD_PATH_MAX];
	struct stat st;
	char *slash;
	int err = fits(snprintf(dir, sizeof dir, "%s", path), sizeof dir);

	if (err)
		return err;
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(dir, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid == geteuid() || geteuid() == 0 || st.st_uid == 0 ? 0 : -EPERM;
}

/* A socket that a dead daemon left answers ECONNREFUSED; only then is it ours to take away. */
static int clear_stale(const char *path)
{
	struct stat st;
	int fd, err;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	err = connect_to(path, &fd);
	if (!err) {
		close(fd);
		return -EADDRINUSE;
	}
	if (err != -ECONNREFUSED)
		return err;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int sockd_lock(const char *path, int *ret_fd)
{
	char lock[SOCKD_PATH_MAX + sizeof ".lock"];
	int err = make_dir(path), fd;

	if (err)
		return err;
	snprintf(lock, sizeof lock, "%s.lock", path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int sockd_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un a;
	int fd, err = address(path, &a);

	if (!err)
		err = make_dir(path);
	if (!err)
		err = clear_stale(path);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || chmod(path, 0666) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int sockd_connect(const char *name, char *ret_path, size_t len_bytes, int *ret_fd)
{
	char other[SOCKD_PATH_MAX];
	int err = sockd_path(name, ret_path, len_bytes);

	if (err)
		return err;
	err = connect_to(ret_path, ret_fd);
	if (!err || getenv("LEAT_RUNDIR"))
		return err;
	if (path_in(SYSTEM_RUNDIR, name, other, sizeof other) || strcmp(other, ret_path) == 0)
		return err;
	return connect_to(other, ret_fd) ? err : fits(snprintf(ret_path, len_bytes, "%s", other), len_bytes);
}

/* Not by its lock: trying that would be in the way of a daemon that begins. */
static bool lives(const char *path)
{
	struct sockaddr_un a;
	int fd = address(path, &a) ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ret = fd >= 0 && (!connect(fd, (struct sockaddr *)&a, sizeof a) || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return ret;
}

static int is_socket_name(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && strcmp(e->d_name + len - 5, ".sock") == 0;
}

/* Those that live in dir, but not in first (NULL: there is none before it). */
static void each_in(const char *dir, const char *first, sockd_name_fn *fn, void *ctx)
{
	char path[SOCKD_PATH_MAX];
	struct dirent **e;
	int n = scandir(dir, &e, is_socket_name, alphasort);

	for (int i = 0; i < n; i++) {
		e[i]->d_name[strlen(e[i]->d_name) - 5] = '\0';
		bool hidden = first && !path_in(first, e[i]->d_name, path, sizeof path) && lives(path);
		if (!hidden && !path_in(dir, e[i]->d_name, path, sizeof path) && lives(path))
			fn(ctx, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

void sockd_each(sockd_name_fn *fn, void *ctx)
{
	char dir[SOCKD_PATH_MAX];

	if (rundir(dir, sizeof dir))
		return;
	each_in(dir, NULL, fn, ctx);
	if (!getenv("LEAT_RUNDIR") && strcmp(dir, SYSTEM_RUNDIR) != 0)
		each_in(SYSTEM_RUNDIR, dir, fn, ctx);
}
