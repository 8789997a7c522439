/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries from inside of `leat run` to see or reach the host's network, and says "ok WHAT" or "LEAK WHAT: HOW" for each way.
 * Statically linked, so that nothing but system calls is between it and the kernel.
 *
 * prober HOST_NETNS_INODE ABSTRACT_NAME: what the host's network namespace is and a Unix socket that listens in it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { FAMILIES = 46, PROTOCOLS = 32 };

struct prober {
	unsigned long host_netns;
	const char *abstract;
	int leaks;
};

static void say(struct prober *p, bool ok, const char *what, const char *how)
{
	if (ok)
		printf("ok %s\n", what);
	else
		printf("LEAK %s: %s\n", what, how);
	p->leaks += !ok;
}

/* --- sockets --- */

static unsigned long inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

/* The kernel's own list of its netlink sockets. */
static bool is_kernel_netlink(int fd)
{
	FILE *f = fopen("/proc/self/net/netlink", "r");
	char line[256];
	bool found = false;

	while (f && fgets(line, sizeof line, f)) {
		unsigned long ino = 0;
		sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &ino);
		found |= ino && ino == inode_of(fd);
	}
	if (f)
		fclose(f);
	return found;
}

/* Those of IPv4 and IPv6 are there for their ioctls, and are something else. */
static bool is_kernel_inet(int fd)
{
	int domain = 0;
	socklen_t len = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain != AF_UNIX;
}

static bool is_kernels(int fd, int family)
{
	if (family == AF_INET || family == AF_INET6)
		return is_kernel_inet(fd);
	return family != AF_UNIX && (family != AF_NETLINK || is_kernel_netlink(fd));
}

static void probe_socket(struct prober *p, int family, int type, int protocol)
{
	int fd = syscall(SYS_socket, family, type, protocol);
	char how[128];

	if (fd < 0)
		return;
	snprintf(how, sizeof how, "socket(%d, %d, %d) made one of the kernel's", family, type, protocol);
	if (is_kernels(fd, family))
		say(p, false, "socket", how);
	close(fd);
}

static void probe_sockets(struct prober *p)
{
	static const int types[] = { SOCK_STREAM,    SOCK_DGRAM, SOCK_RAW,   SOCK_RDM,
				     SOCK_SEQPACKET, SOCK_DCCP,  SOCK_PACKET };
	int before = p->leaks;

	for (int family = 0; family < FAMILIES; family++)
		for (unsigned t = 0; t < sizeof types / sizeof types[0]; t++)
			for (int protocol = 0; protocol < PROTOCOLS; protocol++)
				probe_socket(p, family, types[t], protocol);
	for (int protocol = 0; protocol < 256; protocol++)
		probe_socket(p, AF_INET, SOCK_RAW, protocol);
	probe_socket(p, AF_PACKET, SOCK_RAW, htons(3));
	probe_socket(p, AF_PACKET | 0x100, SOCK_RAW, htons(3));
	if (p->leaks == before)
		say(p, true, "socket: every family, type and protocol", NULL);
}

static void probe_socketpairs(struct prober *p)
{
	int before = p->leaks, fd[2];
	char how[64];

	for (int family = 0; family < FAMILIES; family++) {
		for (int type = SOCK_STREAM; type <= SOCK_PACKET; type++) {
			if (family == AF_UNIX || syscall(SYS_socketpair, family, type, 0, fd) < 0)
				continue;
			snprintf(how, sizeof how, "socketpair(%d, %d)", family, type);
			say(p, false, "socketpair", how);
		}
	}
	if (p->leaks == before)
		say(p, true, "socketpair: every family", NULL);
}

static void probe_refused(struct prober *p, const char *what, long ret, int want)
{
	char how[64];

	snprintf(how, sizeof how, "returned %ld, %s", ret, ret < 0 ? strerror(errno) : "");
	say(p, ret < 0 && errno == want, what, how);
}

static void probe_bypasses(struct prober *p)
{
	char zero[256] = { 0 };

	probe_refused(p, "io_uring_setup", syscall(SYS_io_uring_setup, 8, zero), ENOSYS);
	probe_refused(p, "io_uring_enter", syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL), ENOSYS);
	probe_refused(p, "io_uring_register", syscall(SYS_io_uring_register, 0, 0, NULL, 0), ENOSYS);
	probe_refused(p, "bpf", syscall(SYS_bpf, 0, zero, sizeof zero), ENOSYS);
}

/* --- foreign ABIs --- */

#ifdef __x86_64__
static long int80(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
	errno = ret < 0 ? -ret : 0;
	return ret < 0 ? -1 : ret;
}

static void probe_abis(struct prober *p)
{
	enum {
		I386_GETPID = 20,
		I386_SOCKETCALL = 102,
		I386_SOCKET = 359,
		I386_SOCKETPAIR = 360,
		X32 = 0x40000000
	};

	probe_refused(p, "int 0x80 getpid", int80(I386_GETPID, 0, 0, 0), ENOSYS);
	probe_refused(p, "int 0x80 socketcall", int80(I386_SOCKETCALL, 1, 0, 0), ENOSYS);
	probe_refused(p, "int 0x80 socket", int80(I386_SOCKET, AF_INET, SOCK_DGRAM, 0), ENOSYS);
	probe_refused(p, "int 0x80 socketpair", int80(I386_SOCKETPAIR, AF_INET, SOCK_DGRAM, 0), ENOSYS);
	probe_refused(p, "x32 socket", syscall(X32 | SYS_socket, AF_INET, SOCK_DGRAM, 0), ENOSYS);
	probe_refused(p, "x32 ioctl", syscall(X32 | 514, 0, 0, 0), ENOSYS);
	probe_refused(p, "x32 recvmsg", syscall(X32 | 519, 0, 0, 0), ENOSYS);
}
#else
static void probe_abis(struct prober *p)
{
}
#endif

/* --- namespaces --- */

static void probe_netns_of(struct prober *p, const char *pid)
{
	char path[300], what[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
	if (stat(path, &st) == 0 && st.st_ino == p->host_netns)
		say(p, false, path, "is the host's");
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	snprintf(what, sizeof what, "setns to the network of %s", pid);
	say(p, setns(fd, CLONE_NEWNET) < 0, what, "was let through");
	say(p, setns(fd, 0) < 0, what, "was let through without a type");
	close(fd);
}

static void for_each_pid(struct prober *p, void (*fn)(struct prober *, const char *))
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0 || !strcmp(e->d_name, "self"))
			fn(p, e->d_name);
	if (d)
		closedir(d);
}

static void probe_namespaces(struct prober *p)
{
	struct clone_args args = { .flags = CLONE_NEWNET };
	int fd = pidfd_open(1, 0);

	for_each_pid(p, probe_netns_of);
	say(p, fd < 0 || setns(fd, CLONE_NEWNET) < 0, "setns by pidfd", "was let through");
	say(p, unshare(CLONE_NEWNET) < 0, "unshare of the network", "was let through");
	say(p, syscall(SYS_clone, CLONE_NEWNET, 0, 0, 0, 0) < 0, "clone with a new network",
	    "was let through");
	say(p, syscall(SYS_clone3, &args, sizeof args) < 0, "clone3 with a new network", "was let through");
}

/* --- what can be read --- */

static void probe_dir(struct prober *p, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int before = p->leaks;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "lo") != 0 &&
		    strcmp(e->d_name, "bonding_masters") != 0)
			say(p, false, path, e->d_name);
	if (d)
		closedir(d);
	if (p->leaks == before)
		say(p, true, path, NULL);
}

static void probe_dev_file(struct prober *p, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], name[64];
	int before = p->leaks;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %63[^: ]:", name) == 1 && strchr(line, ':') && strcmp(name, "lo") != 0)
			say(p, false, path, name);
	if (f)
		fclose(f);
	if (p->leaks == before)
		say(p, true, path, NULL);
}

static void probe_proc_of(struct prober *p, const char *pid)
{
	char path[300];

	snprintf(path, sizeof path, "/proc/%s/net/dev", pid);
	probe_dev_file(p, path);
	snprintf(path, sizeof path, "/proc/%s/root/sys/class/net", pid);
	probe_dir(p, path);
}

static void probe_files(struct prober *p)
{
	probe_dir(p, "/sys/class/net");
	probe_dir(p, "/sys/devices/virtual/net");
	probe_dir(p, "/run/netns");
	probe_dev_file(p, "/proc/net/dev");
	for_each_pid(p, probe_proc_of);
	say(p, open("/dev/net/tun", O_RDWR) < 0, "/dev/net/tun", "opened");
}

/* Last, for nothing is as it was afterwards: what lies below our mounts. Who has no rights for mounts of his own has none to take
 * any away either; so, run by mistake outside, it leaves the machine whole. */
static void probe_below(struct prober *p)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	for (int i = 0; i < 4; i++) {
		umount2("/sys", MNT_DETACH);
		umount2("/proc", MNT_DETACH);
	}
	probe_dir(p, "/sys/class/net");
	probe_dev_file(p, "/proc/1/net/dev");
	probe_dev_file(p, "/proc/net/dev");
	if (mount("sysfs", "/sys", "sysfs", 0, NULL) == 0)
		probe_dir(p, "/sys/class/net");
	if (mount("proc", "/proc", "proc", 0, NULL) == 0)
		probe_dev_file(p, "/proc/1/net/dev");
}

/* --- sockets that are allowed --- */

/* A Unix socket knows the devices of the namespace it was made in. */
static void probe_ioctls(struct prober *p, const char *what, int fd)
{
	struct ifreq r;
	char how[64];
	int before = p->leaks;

	for (int i = 1; fd >= 0 && i < 4096; i++) {
		memset(&r, 0, sizeof r);
		r.ifr_ifindex = i;
		if (ioctl(fd, SIOCGIFNAME, &r) < 0 || !strcmp(r.ifr_name, "lo"))
			continue;
		snprintf(how, sizeof how, "shows the device %.16s", r.ifr_name);
		say(p, false, what, how);
	}
	if (p->leaks == before)
		say(p, true, what, NULL);
	close(fd);
}

static socklen_t unix_address(struct sockaddr_un *a, const char *name, bool abstract)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path + abstract, sizeof a->sun_path - 1, "%s", name);
	return offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name);
}

static void probe_unix(struct prober *p)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(&a, p->abstract, true);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[] = "/tmp/leat-prober-XXXXXX";

	say(p, connect(fd, (struct sockaddr *)&a, len) < 0, "abstract Unix sockets of the host", "answered");
	if (!mkdtemp(path))
		return;
	rmdir(path); /* its name will do for the socket */
	len = unix_address(&a, path, false) + 1;
	say(p,
	    bind(other, (struct sockaddr *)&a, len) == 0 && listen(other, 1) == 0 &&
		    connect(fd, (struct sockaddr *)&a, len) == 0,
	    "Unix sockets by path work", strerror(errno));
	unlink(path);
	close(other);
	close(fd);
}

int main(int argc, char **argv)
{
	struct prober p = { 0 };

	if (argc != 3)
		return 2;
	p.host_netns = strtoul(argv[1], NULL, 10);
	p.abstract = argv[2];
	probe_sockets(&p);
	probe_socketpairs(&p);
	probe_bypasses(&p);
	probe_abis(&p);
	probe_namespaces(&p);
	probe_files(&p);
	probe_unix(&p);
	probe_ioctls(&p, "ioctls of a Unix socket", socket(AF_UNIX, SOCK_DGRAM, 0));
	probe_ioctls(&p, "ioctls of a netlink socket", socket(AF_NETLINK, SOCK_RAW, 16));
	probe_below(&p);
	printf("%d leaks\n", p.leaks);
	return p.leaks ? 1 : 0;
}
