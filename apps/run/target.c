/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory, descriptors and credentials of the process that made a call. Nothing of it can be trusted, and it may be
 * gone at any moment: whoever acts on what was found asks call_is_alive() afterwards. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int copied(ssize_t n, size_t want)
{
	if (n < 0)
		return errno == ESRCH ? -ESRCH : -EFAULT;
	return (size_t)n == want ? 0 : -EFAULT;
}

int target_write_all(pid_t tid, const struct iovec *own, unsigned n_own, const struct iovec *its,
		     unsigned n_its, size_t len_bytes)
{
	return len_bytes ? copied(process_vm_writev(tid, own, n_own, its, n_its, 0), len_bytes) : 0;
}

int target_scatter(pid_t tid, const struct iovec *iov, unsigned n, const void *from, size_t len_bytes)
{
	struct iovec own = { (void *)from, len_bytes };

	return target_write_all(tid, &own, 1, iov, n, len_bytes);
}

int target_gather(pid_t tid, const struct iovec *iov, unsigned n, void *to, size_t len_bytes)
{
	struct iovec own = { to, len_bytes };

	return len_bytes ? copied(process_vm_readv(tid, &own, 1, iov, n, 0), len_bytes) : 0;
}

int target_read(pid_t tid, uint64_t addr, void *to, size_t len_bytes)
{
	struct iovec its = { (void *)addr, len_bytes };

	return target_gather(tid, &its, 1, to, len_bytes);
}

int target_write(pid_t tid, uint64_t addr, const void *from, size_t len_bytes)
{
	struct iovec its = { (void *)addr, len_bytes };

	return target_scatter(tid, &its, 1, from, len_bytes);
}

/* A line of /proc/TID/status, behind its name. */
static const char *status_field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : NULL;
}

static int read_status(pid_t tid, char *to, size_t len_bytes)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	n = read(fd, to, len_bytes - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	to[n] = '\0';
	return 0;
}

/* A thread that does not lead its group has no pidfd before Linux 6.9; its leader shares its descriptors. */
static int leader_fd(pid_t tid, int fd)
{
	char status[4096];
	const char *tgid;
	int err = read_status(tid, status, sizeof status), pidfd, ret;

	tgid = err ? NULL : status_field(status, "\nTgid:");
	pidfd = tgid ? pidfd_open(atoi(tgid), 0) : -1;
	if (pidfd < 0)
		return -ESRCH;
	ret = pidfd_getfd(pidfd, fd, 0);
	ret = ret < 0 ? -errno : ret;
	close(pidfd);
	return ret;
}

/* Those of the processes that called last are kept: they cost more than to copy a descriptor. One speaks of its process only, whoever gets the number
 * afterwards, so of one that has ended nothing is ever taken. */
static struct superv_pidfd *pidfd_of(struct superv *s, pid_t tid)
{
	struct superv_pidfd *p = &s->pidfd[(unsigned)tid % ARRAY_SIZE(s->pidfd)];

	if (p->tid == tid)
		return p;
	target_forget(p);
	p->fd = pidfd_open(tid, 0);
	if (p->fd < 0)
		return NULL;
	p->tid = tid;
	return p;
}

void target_forget(struct superv_pidfd *p)
{
	if (p->tid)
		close(p->fd);
	p->tid = 0;
}

int target_fd(struct superv *s, pid_t tid, int fd)
{
	for (unsigned i = 0; i < 2; i++) {
		struct superv_pidfd *p = pidfd_of(s, tid);
		int ret = p ? pidfd_getfd(p->fd, fd, 0) : -1;
		if (ret >= 0)
			return ret;
		if (!p)
			return leader_fd(tid, fd);
		if (errno != ESRCH)
			return -errno;
		target_forget(p); /* it is another process's number by now, or nobody's */
	}
	return -ESRCH;
}

static bool in_user_ns(const struct superv *s, pid_t tid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/user", tid);
	return stat(path, &st) == 0 && st.st_ino == s->user_ns;
}

int target_who(const struct superv *s, pid_t tid, struct target_who *ret)
{
	char status[4096];
	const char *tgid, *uid, *gid, *caps;
	int err = read_status(tid, status, sizeof status);

	if (err)
		return err;
	tgid = status_field(status, "\nTgid:");
	uid = status_field(status, "\nUid:");
	gid = status_field(status, "\nGid:");
	caps = status_field(status, "\nCapEff:");
	if (!tgid || !uid || !gid || !caps || sscanf(uid, "%*u %u", &ret->euid) != 1 ||
	    sscanf(gid, "%*u %u", &ret->egid) != 1)
		return -ESRCH;
	ret->pid = atoi(tgid);
	ret->net_admin = strtoull(caps, NULL, 16) >> CAP_NET_ADMIN & 1 && in_user_ns(s, tid);
	return 0;
}
