/* SPDX-License-Identifier: BSD-2-Clause */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int rights_own_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return -errno;
	snprintf(map, sizeof map, "0 %u 1\n", uid);
	int err = write_file("/proc/self/uid_map", map);
	if (!err)
		err = write_file("/proc/self/setgroups",
				 "deny"); /* user_namespaces(7): before an unprivileged gid_map */
	snprintf(map, sizeof map, "0 %u 1\n", gid);
	return err ? err : write_file("/proc/self/gid_map", map);
}

int rights_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const char *const defaults[] = { "leat", "nobody" };
	const struct passwd *p = NULL;
	if (*name)
		p = getpwnam(name);
	else
		for (unsigned i = 0; !p && i < 2; i++)
			p = getpwnam(defaults[i]);
	if (!p)
		return -ENOENT;
	*ret_uid = p->pw_uid;
	*ret_gid = p->pw_gid;
	return 0;
}

int rights_keep(uint64_t caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capget, &h, d))
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		d[i].permitted &= (uint32_t)(caps >> 32 * i);
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) ? -errno : 0;
}

int rights_drop(bool change_user, uid_t uid, gid_t gid)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0,
		      0); /* refused without CAP_SETPCAP: then there is nothing to drop */
	if (change_user && (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		return -errno;
	return rights_keep(0);
}

void rights_more_descriptors(void)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim))
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}
