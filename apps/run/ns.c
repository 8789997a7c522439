/* SPDX-License-Identifier: BSD-2-Clause */
/* The namespaces of a run, seen from pid 1 in them.
 *
 * The network namespace is empty and stays so: its loopback is down. /sys is mounted afresh, because a sysfs shows the
 * devices of the network namespace it was mounted in. The process namespace is new and /proc fresh, because /proc/PID/net,
 * /proc/PID/root and /proc/PID/ns of any process outside would lead to the host's network. Old mounts are taken away
 * where we have the right to, and otherwise locked below ours. /dev/net is hidden: a TUN device made here would be seen
 * by nobody; so are the names of the host's network namespaces in /run/netns. Capabilities are those of a user namespace that knows only the caller, so they reach nothing outside. */
#include "run/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

static const char *map_identity(const struct run *r)
{
	char map[64];

	if (write_file("/proc/self/setgroups", "deny") < 0)
		return "cannot forbid setgroups() in a user namespace";
	snprintf(map, sizeof map, "%u %u 1", r->uid, r->uid);
	if (write_file("/proc/self/uid_map", map) < 0)
		return "cannot map the user id into a user namespace";
	snprintf(map, sizeof map, "%u %u 1", r->gid, r->gid);
	return write_file("/proc/self/gid_map", map) < 0 ? "cannot map the group id into a user namespace"
							 : NULL;
}

static int mount_fresh(const char *type, const char *at)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	/* All that lie there. Refused for one from a more privileged namespace; ours then covers it. */
	while (umount2(at, MNT_DETACH) == 0)
		;
	if (mount(type, at, type, flags, NULL) == 0)
		return 0;
	/* a read-only original allows nothing better */
	return errno == EPERM ? mount(type, at, type, flags | MS_RDONLY, NULL) : -1;
}

/* The tree of control groups belongs to no network and is wanted by service managers. */
static int mount_sys(void)
{
	int cgroups =
		open_tree(AT_FDCWD, "/sys/fs/cgroup", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	int err = mount_fresh("sysfs", "/sys");

	if (cgroups >= 0) {
		int saved = errno;
		move_mount(cgroups, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH);
		close(cgroups);
		errno = saved;
	}
	return err;
}

/* An empty directory in its place. */
static int hide(const char *dir)
{
	if (access(dir, F_OK) < 0)
		return 0;
	return mount("leat", dir, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=755");
}

const char *ns_set_up(const struct run *r)
{
	const char *failed = r->user_ns ? map_identity(r) : NULL;

	if (failed)
		return failed;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return "cannot make mounts our own";
	if (mount_fresh("proc", "/proc") < 0)
		return "cannot mount a fresh /proc";
	if (mount_sys() < 0)
		return "cannot mount a fresh /sys";
	if (hide("/dev/net") < 0)
		return "cannot hide /dev/net";
	/* ip(8) would make it, too; without it `ip netns add` in the run would not be told that it cannot be (files.c). */
	mkdir("/run/netns", 0755);
	if (hide("/run/netns") < 0)
		return "cannot hide /run/netns";
	return NULL;
}

int ns_keep_net_caps(void)
{
	static const int caps[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (unsigned i = 0; i < ARRAY_SIZE(caps); i++)
		data[CAP_TO_INDEX(caps[i])].inheritable |= CAP_TO_MASK(caps[i]);
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	for (unsigned i = 0; i < ARRAY_SIZE(caps); i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, caps[i], 0, 0) < 0)
			return -errno;
	return 0;
}
