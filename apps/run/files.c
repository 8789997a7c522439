/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/net, /proc/sys/net, /sys/class/net, /sys/devices/virtual/net and /run/netns of a run.
 *
 * Theory of operation: one FUSE file system whose paths are those of leat/file.h, and four pieces of it in the places that programs
 * know. A thread of pid 1 serves it: pid 1 outlives all others, nothing inside can kill it, and it ends with the run. The thread asks the
 * daemon and shares nothing with the supervisor but the daemon's name. Nothing is cached: what a file says is what the
 * stack says when it is read, and when the daemon is gone, or does not answer, that is EIO.
 *
 * /proc/net is a symbolic link to self/net, a directory of each process that no mount could follow from fork to fork. So the files are
 * mounted on /proc/1/net, whose process is there as long as the run, and another link, to 1/net, is mounted over
 * the link: a mount may cover a link when it is a link itself. For what looks into its own directory all the same (/proc/self/net,
 * /proc/thread-self/net) they are mounted there when a program begins (files_follow()); a process that never called execve() has
 * the empty network's. The kernel takes such a mount away with the process.
 *
 * /run/netns is empty, and who would put a name there is told that it cannot be done.
 *
 * Rights: everybody may read; who opens for writing needs CAP_NET_ADMIN in the run, and the daemon decides what that is worth. */
#include "run/files.h"

#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <fuse3/fuse_lowlevel.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/base.h"
#include "leat/file.h"
#include "run/superv_internal.h"

#define LINK_PATH   "/link" /* ours alone: what is mounted over /proc/net */
#define LINK_TARGET "1/net"
#define NETNS_PATH  "/run/netns" /* the daemon knows nothing of it */

struct files {
	const char *name;
	struct superv who; /* for target_who() */
	struct files_ask *spare[8]; /* conversations that wait for the next question; NULL: none */
};

/* A file that is being read: the dump of it, and the part of its text that has come and not been read. */
struct reader {
	struct files_ask *ask;
	bool started, ended;
	off_t at; /* of text[0] */
	size_t len, room;
	char *text;
};

/* Unix sockets are the kernel's, so is the list of them: that of this thread, which /proc/net does not cover. */
#define UNIX_PATH      "/proc/net/unix"
#define UNIX_OF_KERNEL "/proc/thread-self/net/unix"

static struct files *files_of_call(void)
{
	return fuse_get_context()->private_data;
}

/* --- conversations: to begin one costs five times what a question costs, so they are kept --- */

static int ask_get(struct files *f, struct files_ask **ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(f->spare); i++) {
		*ret = f->spare[i];
		f->spare[i] = NULL;
		if (*ret)
			return 0;
	}
	return files_ask_new(f->name, 0, ret);
}

/* idle: its answer has been read to the end. */
static void ask_put(struct files *f, struct files_ask *a, bool idle)
{
	for (unsigned i = 0; a && idle && i < ARRAY_SIZE(f->spare); i++)
		if (!f->spare[i]) {
			f->spare[i] = a;
			return;
		}
	files_ask_free(a);
}

/* A question, and the first message of its answer. Those that were kept may be of a daemon that has gone meanwhile: another one may
 * be there. 1, 0 (the answer has ended), or -errno. */
static int ask(struct files *f, unsigned char cmd, bool dump, const char *path, struct files_ask **ret,
	       const struct nlmsghdr **ret_first)
{
	for (;;) {
		bool fresh = true;
		struct files_ask *a;
		int more;

		for (unsigned i = 0; i < ARRAY_SIZE(f->spare); i++)
			fresh &= !f->spare[i];
		more = ask_get(f, &a);
		if (more)
			return more;
		more = files_ask_send(a, cmd, dump, path + 1, NULL, 0);
		if (!more)
			more = files_ask_next(a, ret_first);
		if (more >= 0) {
			*ret = a;
			return more;
		}
		ask_put(f, a, more != -EIO && more != -EPIPE);
		if (fresh || more != -EPIPE)
			return more == -EPIPE ? -EIO : more;
	}
}

/* --- short questions --- */

struct answer {
	unsigned mode;
	char target[256];
};

static void take(const struct nlmsghdr *h, struct answer *ret)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == LEAT_FILE_A_MODE && mnl_attr_get_payload_len(a) == 4)
			ret->mode = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == LEAT_FILE_A_TARGET || mnl_attr_get_type(a) == LEAT_FILE_A_NAME)
			snprintf(ret->target, sizeof ret->target, "%.*s", (int)mnl_attr_get_payload_len(a),
				 (const char *)mnl_attr_get_payload(a));
	}
}

static int next(struct files_ask *a, const struct nlmsghdr **ret)
{
	int more = files_ask_next(a, ret);

	return more == -EPIPE ? -EIO : more;
}

static int ask_stat(struct files *f, const char *path, struct answer *ret)
{
	const struct nlmsghdr *h;
	struct files_ask *a;
	int more = ask(f, LEAT_FILE_CMD_STAT, false, path, &a, &h);

	*ret = (struct answer){ 0 };
	if (more < 0)
		return more;
	for (; more > 0; more = next(a, &h))
		take(h, ret);
	ask_put(f, a, !more);
	return more;
}

/* The directories above the trees are ours. */
static bool is_above(const char *path)
{
	static const char *const trees[] = { "/proc/net", "/proc/sys/net", "/sys/class/net",
					     "/sys/devices/virtual/net", NETNS_PATH };
	size_t len = strlen(path);

	for (unsigned i = 0; i < ARRAY_SIZE(trees); i++)
		if (!strcmp(path, "/") ||
		    (!strncmp(trees[i], path, len) && (trees[i][len] == '/' || !trees[i][len])))
			return true;
	return false;
}

static bool is_netns_name(const char *path)
{
	return !strncmp(path, NETNS_PATH "/", sizeof NETNS_PATH);
}

static int do_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	struct answer a = { .mode = S_IFDIR | 0555 };
	int err = 0;

	if (!strcmp(path, LINK_PATH))
		a.mode = S_IFLNK | 0777;
	else if (!strcmp(path, UNIX_PATH))
		a.mode = S_IFREG | 0444;
	else if (is_netns_name(path))
		err = -ENOENT;
	else if (!is_above(path))
		err = ask_stat(files_of_call(), path, &a);
	if (err)
		return err;
	/* An owner that the user namespace does not know could not be written to by anybody. */
	*st = (struct stat){ .st_mode = a.mode, .st_uid = getuid(), .st_gid = getgid(), .st_nlink = 1 };
	if (S_ISDIR(a.mode))
		st->st_nlink = 2;
	if (S_ISLNK(a.mode))
		st->st_size = (off_t)strlen(strcmp(path, LINK_PATH) ? a.target : LINK_TARGET);
	return 0;
}

static int do_readlink(const char *path, char *to, size_t size)
{
	struct answer a;
	int err = 0;

	if (!strcmp(path, LINK_PATH))
		snprintf(a.target, sizeof a.target, "%s", LINK_TARGET);
	else
		err = ask_stat(files_of_call(), path, &a);
	if (!err)
		snprintf(to, size, "%s", a.target);
	return err;
}

static int do_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off, struct fuse_file_info *fi,
		      enum fuse_readdir_flags flags)
{
	struct files *f = files_of_call();
	struct files_ask *from;
	const struct nlmsghdr *h;
	struct answer a;
	int more = 0;

	fill(buf, ".", NULL, 0, 0);
	fill(buf, "..", NULL, 0, 0);
	if (!strcmp(path, NETNS_PATH))
		return 0;
	more = ask(f, LEAT_FILE_CMD_LIST, true, path, &from, &h);
	if (more < 0)
		return more;
	if (!strcmp(path, "/proc/net"))
		fill(buf, "unix", NULL, 0, 0);
	for (; more > 0; more = next(from, &h)) {
		struct stat st = { 0 };
		take(h, &a);
		st.st_mode = a.mode;
		fill(buf, a.target, &st, 0, 0);
	}
	ask_put(f, from, !more);
	return more;
}

/* --- reading --- */

static bool may_write(struct files *f)
{
	struct target_who who;

	return !target_who(&f->who, fuse_get_context()->pid, &who) && who.net_admin;
}

static int do_open(const char *path, struct fuse_file_info *fi)
{
	struct reader *r;
	bool reads = (fi->flags & O_ACCMODE) != O_WRONLY, writes = (fi->flags & O_ACCMODE) != O_RDONLY;
	struct answer a = { .mode = 0444 };
	int err = strcmp(path, UNIX_PATH) ? ask_stat(files_of_call(), path, &a) : 0;

	if (err)
		return err;
	/* Linux: not even root reads what can only be written, or the other way round. */
	if ((reads && !(a.mode & 0444)) || (writes && !(a.mode & 0222)))
		return -EACCES;
	if (writes && !may_write(files_of_call()))
		return -EACCES;
	r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	fi->fh = (uint64_t)(uintptr_t)r;
	fi->direct_io = 1; /* how long it is shows when it is read */
	return 0;
}

static void forget(struct reader *r)
{
	ask_put(files_of_call(), r->ask, r->ended);
	free(r->text);
	*r = (struct reader){ 0 };
}

static int do_release(const char *path, struct fuse_file_info *fi)
{
	struct reader *r = (struct reader *)(uintptr_t)fi->fh;

	forget(r);
	free(r);
	return 0;
}

static int add_text(struct reader *r, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct genlmsghdr)) {
		size_t n = mnl_attr_get_payload_len(a);
		if (mnl_attr_get_type(a) != LEAT_FILE_A_TEXT)
			continue;
		if (r->len + n > r->room) {
			char *more = realloc(r->text, 2 * (r->len + n));
			if (!more)
				return -ENOMEM;
			r->text = more;
			r->room = 2 * (r->len + n);
		}
		memcpy(r->text + r->len, mnl_attr_get_payload(a), n);
		r->len += n;
	}
	return 0;
}

/* From the beginning: as of now. */
static int start(struct reader *r, const char *path)
{
	const struct nlmsghdr *h;
	int more;

	forget(r);
	more = ask(files_of_call(), LEAT_FILE_CMD_READ, true, path, &r->ask, &h);
	r->started = more >= 0;
	r->ended = !more;
	return more > 0 ? add_text(r, h) : more;
}

static void drop_before(struct reader *r, off_t at)
{
	size_t n = MIN((size_t)(at - r->at), r->len);

	if (!n)
		return;
	memmove(r->text, r->text + n, r->len - n);
	r->len -= n;
	r->at += (off_t)n;
}

/* Takes messages until [at, at + size) has come, or the end. */
static int pull(struct reader *r, off_t at, size_t size)
{
	const struct nlmsghdr *h;
	int more = 0;

	while (!r->ended && r->at + (off_t)r->len < at + (off_t)size) {
		more = next(r->ask, &h);
		if (more > 0)
			more = add_text(r, h) < 0 ? -ENOMEM : 1;
		if (more < 0)
			return more;
		r->ended = !more;
		drop_before(r, at);
	}
	return 0;
}

static int read_kernel(const char *path, char *to, size_t size, off_t at)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, to, size, at);
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err ? err : (int)n;
}

static int do_read(const char *path, char *to, size_t size, off_t at, struct fuse_file_info *fi)
{
	struct reader *r = (struct reader *)(uintptr_t)fi->fh;
	int err = 0;
	size_t n;

	if (!strcmp(path, UNIX_PATH))
		return read_kernel(UNIX_OF_KERNEL, to, size, at);
	if (!r->started || !at || at < r->at)
		err = start(r, path);
	if (!err)
		err = pull(r, at, size);
	if (err)
		return err;
	drop_before(r, at);
	n = r->at == at ? MIN(size, r->len) : 0;
	memcpy(to, r->text, n);
	return (int)n;
}

/* --- writing --- */

static int do_write(const char *path, const char *text, size_t size, off_t at, struct fuse_file_info *fi)
{
	struct files *f = files_of_call();
	struct files_ask *to;
	const struct nlmsghdr *h;
	int more, err = at ? -EINVAL : files_ask_new(f->name, may_write(f), &to);

	if (err)
		return err;
	more = files_ask_send(to, LEAT_FILE_CMD_WRITE, 0, path + 1, text, size);
	while (!more && (more = next(to, &h)) > 0)
		more = 0;
	files_ask_free(to);
	return more == -EPIPE ? -EIO : more < 0 ? more : (int)size;
}

static int do_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	return 0; /* `echo 1 >FILE` does, and it means nothing */
}

/* `ip netns add`: a run has one network. Elsewhere files are what the stack has, and no others can be. */
static int do_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	return is_netns_name(path) ? -EOPNOTSUPP : -ENOENT;
}

static void *do_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	cfg->use_ino = 0;
	cfg->entry_timeout = cfg->attr_timeout = cfg->negative_timeout = 0;
	cfg->direct_io = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {
	.init = do_init,
	.getattr = do_getattr,
	.readlink = do_readlink,
	.readdir = do_readdir,
	.open = do_open,
	.create = do_create,
	.read = do_read,
	.release = do_release,
	.write = do_write,
	.truncate = do_truncate,
};

/* --- start --- */

static void *serve(void *fuse)
{
	fuse_loop(fuse);
	return NULL;
}

/* Signals are the supervisor's. */
static int start_thread(struct fuse *fuse)
{
	sigset_t all, old;
	pthread_t t;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&t, NULL, serve, fuse);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(t);
	return -err;
}

static int place(int piece, const char *at)
{
	int err = piece < 0 || move_mount(piece, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;

	if (piece >= 0)
		close(piece);
	return err;
}

#define FIRST_PLACE "/sys/class/net" /* where the whole is while it is cut to pieces */

static int take_piece(const char *path)
{
	char whole[128];

	snprintf(whole, sizeof whole, FIRST_PLACE "%s", path);
	return open_tree(AT_FDCWD, whole, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
}

static int spread(void)
{
	static const struct {
		const char *piece, *at;
	} places[] = {
		{ LINK_PATH, "/proc/net" },
		{ "/proc/net", "/proc/1/net" },
		{ "/proc/sys/net", "/proc/sys/net" },
		{ "/sys/devices/virtual/net", "/sys/devices/virtual/net" },
		{ "/sys/class/net", "/sys/class/net" },
		{ NETNS_PATH, NETNS_PATH },
	};
	int piece[ARRAY_SIZE(places)], err = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		piece[i] = take_piece(places[i].piece);
	umount2(FIRST_PLACE, MNT_DETACH);
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		int failed = place(piece[i], places[i].at);
		if (failed != -ENOENT || strcmp(places[i].at, NETNS_PATH)) /* the host may have none */
			err = err ? err : failed;
	}
	return err;
}

static int mount_whole(int fd)
{
	char options[128];

	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fd,
		 getuid(), getgid());
	return mount("leat", FIRST_PLACE, "fuse.leat", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0 ? -errno
												      : 0;
}

static int say(int err, const char *what, char *ret_why, size_t why_len)
{
	snprintf(ret_why, why_len,
		 "%s (%s): /proc/net, /proc/sys/net and /sys/class/net show an empty network", what,
		 strerror(-err));
	return err;
}

static struct fuse *fuse_on(int fd, struct files *f)
{
	char *argv[] = { (char *)"leat", NULL }, at[32];
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse *fuse = fuse_new(&args, &operations, sizeof operations, f);

	snprintf(at, sizeof at, "/dev/fd/%d", fd);
	if (fuse && fuse_mount(fuse, at)) {
		fuse_destroy(fuse);
		fuse = NULL;
	}
	return fuse;
}

int files_start(const char *name, char *ret_why, size_t why_len)
{
	static const char dev[] = "/dev/fuse";
	struct files *f = calloc(1, sizeof *f);
	int fd = open(dev, O_RDWR | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	struct fuse *fuse;
	struct stat st;

	if (!f || err)
		return say(err ? err : -ENOMEM, "cannot open /dev/fuse", ret_why, why_len);
	f->name = name;
	if (stat("/proc/self/ns/user", &st) == 0)
		f->who.user_ns = st.st_ino;
	err = mount_whole(fd);
	if (err)
		return say(err, "cannot mount a FUSE file system", ret_why, why_len);
	fuse = fuse_on(fd, f);
	err = fuse ? start_thread(fuse) : -EIO;
	if (!err)
		err = spread();
	return err ? say(err, "cannot serve files", ret_why, why_len) : 0;
}

/* --- programs that begin --- */

static bool device_of(const char *path, struct files_place *ret)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st))
		return false;
	ret->major = st.stx_dev_major;
	ret->minor = st.stx_dev_minor;
	return true;
}

/* What is on /proc/1/net but not of /proc is ours. */
void files_find(struct files_place *ret)
{
	struct files_place proc;

	if (!device_of("/proc", &proc) || !device_of("/proc/1/net", ret) ||
	    (ret->major == proc.major && ret->minor == proc.minor))
		*ret = (struct files_place){ 0 };
}

void files_follow(const struct files_place *at, pid_t tid)
{
	struct files_place there;
	char path[64];

	if (!at->major && !at->minor)
		return;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, i ? "/proc/%d/task/%d/net" : "/proc/%d/net", tid, tid);
		if (!device_of(path, &there) || (there.major == at->major && there.minor == at->minor))
			continue; /* gone, or it has them from the program it was */
		place(open_tree(AT_FDCWD, "/proc/1/net", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), path);
	}
}
