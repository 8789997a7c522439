/* SPDX-License-Identifier: BSD-2-Clause */
/* From inside of `leat run`: does a netlink socket behave as Linux's, call by call? Says "ok WHAT" or "WRONG WHAT" for each.
 * The same program passes outside, on the kernel's own sockets: that is what makes it a yardstick. */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int wrong(bool ok, const char *what)
{
	int err = errno;

	printf("%s %s", ok ? "ok" : "WRONG", what);
	printf(ok ? "\n" : " (%s)\n", strerror(err));
	fflush(stdout);
	return !ok;
}

static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
static void *const nowhere = (void *)16;

static int open_socket(int flags)
{
	return socket(AF_NETLINK, SOCK_RAW | flags, NETLINK_GENERIC);
}

/* The answer of the controller to this is one message that is never empty. */
static ssize_t ask(int fd)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		struct nlattr a;
		char name[8];
	} q = { { sizeof q, GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		{ CTRL_CMD_GETFAMILY, 1, 0 },
		{ NLA_HDRLEN + 7, CTRL_ATTR_FAMILY_NAME },
		"nlctrl" };

	return sendto(fd, &q, sizeof q, 0, (struct sockaddr *)&kernel, sizeof kernel) == sizeof q ? 0 : -1;
}

static int probe_open(void)
{
	int bad = 0, fd = open_socket(SOCK_CLOEXEC | SOCK_NONBLOCK), val = 0;
	socklen_t len = sizeof val;

	bad += wrong(fd >= 0, "socket");
	bad += wrong(fcntl(fd, F_GETFD) == FD_CLOEXEC, "SOCK_CLOEXEC");
	bad += wrong(fcntl(fd, F_GETFL) & O_NONBLOCK, "SOCK_NONBLOCK");
	bad += wrong(!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &val, &len) && val == AF_NETLINK, "SO_DOMAIN");
	bad += wrong(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &val, &len) && val == SOCK_RAW, "SO_TYPE");
	bad += wrong(!getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &val, &len) && val == NETLINK_GENERIC,
		     "SO_PROTOCOL");
	close(fd);
	fd = open_socket(0);
	bad += wrong(fcntl(fd, F_GETFD) == 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK), "neither");
	close(fd);
	bad += wrong(socket(AF_NETLINK, SOCK_STREAM, 0) < 0 && errno == ESOCKTNOSUPPORT, "no stream sockets");
	bad += wrong(socket(AF_NETLINK, SOCK_RAW, 77) < 0 && errno == EPROTONOSUPPORT, "no protocol 77");
	return bad;
}

static int probe_names(void)
{
	int bad = 0, fd = open_socket(0), other = open_socket(0);
	struct sockaddr_nl a = { 0 }, b = { 0 }, c = { .nl_family = AF_NETLINK, .nl_pid = 777777 };
	socklen_t len = sizeof a, small = 4;

	bad += wrong(!bind(fd, (struct sockaddr *)&kernel, sizeof kernel), "bind");
	bad += wrong(!getsockname(fd, (struct sockaddr *)&a, &len) && len == sizeof a &&
			     a.nl_family == AF_NETLINK && a.nl_pid,
		     "getsockname");
	bad += wrong(!getsockname(fd, (struct sockaddr *)&b, &small) && small == sizeof b &&
			     b.nl_family == AF_NETLINK && !b.nl_pid,
		     "getsockname into 4 bytes");
	bad += wrong(!bind(other, (struct sockaddr *)&c, sizeof c), "bind to a port");
	len = sizeof a;
	bad += wrong(!getsockname(other, (struct sockaddr *)&a, &len) && a.nl_pid == 777777,
		     "which then is its name");
	bad += wrong(bind(fd, (struct sockaddr *)&c, sizeof c) < 0 && errno == EINVAL,
		     "bind to another port");
	close(fd);
	fd = open_socket(0);
	bad += wrong(bind(fd, (struct sockaddr *)&c, sizeof c) < 0 && errno == EADDRINUSE,
		     "bind to a taken port");
	c.nl_family = AF_INET;
	bad += wrong(bind(fd, (struct sockaddr *)&c, sizeof c) < 0 && errno == EINVAL,
		     "bind to another family");
	bad += wrong(bind(fd, nowhere, sizeof c) < 0 && errno == EFAULT, "bind to a bad pointer");
	bad += wrong(getsockname(fd, (struct sockaddr *)&a, nowhere) < 0 && errno == EFAULT,
		     "getsockname to a bad pointer");
	bad += wrong(!connect(fd, (struct sockaddr *)&kernel, sizeof kernel), "connect");
	len = sizeof a;
	bad += wrong(!getpeername(fd, (struct sockaddr *)&a, &len) && !a.nl_pid && a.nl_family == AF_NETLINK,
		     "getpeername");
	close(fd);
	close(other);
	return bad;
}

static int probe_receive(void)
{
	int bad = 0, fd = open_socket(0);
	char buf[8192], small[20];
	struct sockaddr_nl from;
	struct iovec iov[2] = { { small, 10 }, { small + 10, 10 } };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = iov, .msg_iovlen = 2 };
	socklen_t len = 200;
	ssize_t full;

	ask(fd);
	m.msg_iovlen = 0;
	full = recvmsg(fd, &m, MSG_PEEK | MSG_TRUNC);
	bad += wrong(full > 40 && m.msg_flags & MSG_TRUNC,
		     "MSG_PEEK | MSG_TRUNC into nothing tells the length");
	bad += wrong(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC) == full, "so does recv");
	m.msg_iovlen = 2;
	memset(&from, 0xff, sizeof from);
	bad += wrong(recvmsg(fd, &m, MSG_PEEK) == 20 && m.msg_flags & MSG_TRUNC,
		     "a short buffer gets the first bytes");
	bad += wrong(from.nl_family == AF_NETLINK && !from.nl_pid && !from.nl_groups &&
			     m.msg_namelen == sizeof from,
		     "from the kernel");
	memset(&from, 0xff, sizeof from);
	bad += wrong(recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len) == full &&
			     len == sizeof from && !from.nl_pid,
		     "recvfrom takes it all");
	bad += wrong(((struct nlmsghdr *)buf)->nlmsg_len <= full &&
			     ((struct nlmsghdr *)buf)->nlmsg_type == GENL_ID_CTRL,
		     "and it is the answer");
	bad += wrong(!memcmp(buf, small, 20), "the same that was peeked at");
	bad += wrong(recvmsg(fd, &m, MSG_DONTWAIT) < 0 && errno == EAGAIN, "then there is nothing");
	ask(fd);
	bad += wrong(recvmsg(fd, nowhere, 0) < 0 && errno == EFAULT, "a bad header pointer");
	bad += wrong(read(fd, buf, sizeof buf) == full, "plain read");
	ask(fd);
	m = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 2000 };
	bad += wrong(recvmsg(fd, &m, 0) < 0 && errno == EMSGSIZE, "too long a vector");
	close(fd);
	return bad;
}

/* A large buffer costs the pages that an answer fills, and no more: ip keeps one of 32 KB for each. */
static int probe_pages(void)
{
	enum { PAGES = 16 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *buf = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { buf, PAGES * page };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned char there[PAGES] = { 0 };
	int bad = 0, fd = open_socket(0), n = 0;
	ssize_t len;

	madvise(buf, PAGES * page, MADV_NOHUGEPAGE);
	ask(fd);
	len = recvmsg(fd, &m, 0);
	mincore(buf, PAGES * page, there);
	for (unsigned i = 0; i < PAGES; i++)
		n += there[i] & 1;
	bad += wrong(len > 0 && n > 0 && n <= len / (ssize_t)page + 2,
		     "a receive brings in the pages that it fills");
	munmap(buf, PAGES * page);
	close(fd);
	return bad;
}

static int probe_many(void)
{
	int bad = 0, fd = open_socket(0);
	char buf[3][4096];
	struct iovec iov[3] = { { buf[0], 4096 }, { buf[1], 4096 }, { buf[2], 4096 } };
	struct mmsghdr m[3] = { 0 };

	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	ask(fd);
	ask(fd);
	usleep(200000); /* the kernel answers within send(), leat a moment later (docs/run.md) */
	bad += wrong(recvmmsg(fd, m, 3, MSG_WAITFORONE, NULL) == 2 && m[0].msg_len > 40 &&
			     m[0].msg_len == m[1].msg_len,
		     "recvmmsg");
	iov[0] = iov[1] =
		(struct iovec){ &(struct nlmsghdr){ 16, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 9, 0 }, 16 };
	bad += wrong(sendmmsg(fd, m, 2, 0) == 2 && m[1].msg_len == 16, "sendmmsg");
	bad += wrong(recv(fd, buf[2], 4096, 0) >= 36 &&
			     ((struct nlmsghdr *)buf[2])->nlmsg_type == NLMSG_ERROR,
		     "and both are answered");
	bad += wrong(recv(fd, buf[2], 4096, 0) >= 36, "one by one");
	close(fd);
	return bad;
}

static int probe_send(void)
{
	int bad = 0, fd = open_socket(0);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = 4000000000u };
	struct nlmsghdr h = { sizeof h, NLMSG_NOOP, NLM_F_REQUEST, 1, 0 };
	char *big = calloc(1, 4 << 20);

	bad += wrong(sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to) < 0 &&
			     errno == ECONNREFUSED,
		     "to a port nobody has");
	bad += wrong(sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, 4) < 0 && errno == EINVAL,
		     "to half an address");
	bad += wrong(sendto(fd, nowhere, 64, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 &&
			     errno == EFAULT,
		     "from a bad pointer");
	bad += wrong(sendto(fd, &h, sizeof h, 0, nowhere, sizeof to) < 0 && errno == EFAULT,
		     "to a bad pointer");
	bad += wrong(sendto(fd, big, 4 << 20, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 &&
			     errno == EMSGSIZE,
		     "too much");
	bad += wrong(send(fd, &h, sizeof h, 0) == sizeof h, "plain send");
	bad += wrong(write(fd, &h, sizeof h) == sizeof h, "plain write");
	free(big);
	close(fd);
	return bad;
}

static int probe_options(void)
{
	int bad = 0, fd = open_socket(0), val = 1, got = 0;
	socklen_t len = sizeof got;

	bad += wrong(!setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &val, sizeof val), "NETLINK_EXT_ACK");
	bad += wrong(!getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &got, &len) && got == 1 && len == 4,
		     "and it stays");
	val = 100000;
	bad += wrong(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &val, sizeof val), "SO_RCVBUF");
	bad += wrong(!getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) && got == 200000,
		     "which Linux doubles");
	bad += wrong(setsockopt(fd, SOL_NETLINK, 9999, &val, sizeof val) < 0 && errno == ENOPROTOOPT,
		     "unknown options");
	bad += wrong(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, nowhere, 4) < 0 && errno == EFAULT,
		     "from a bad pointer");
	bad += wrong(getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &got, nowhere) < 0 && errno == EFAULT,
		     "to a bad pointer");
	close(fd);
	return bad;
}

static void on_alarm(int sig)
{
}

static int probe_waiting(void)
{
	int bad = 0, fd = open_socket(0), status;
	struct sigaction sa = { .sa_handler = on_alarm };
	struct timeval tv = { 0, 300000 }, none = { 0 };
	struct itimerval soon = { .it_value = { 0, 200000 } };
	char buf[4096];
	struct iovec iov = { buf, sizeof buf };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	bad += wrong(poll(&p, 1, 0) == 0, "poll: nothing to read");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	bad += wrong(recvmsg(fd, &m, 0) < 0 && errno == EAGAIN, "SO_RCVTIMEO");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	bad += wrong(recvmsg(fd, &m, 0) < 0 && errno == EINTR, "a signal interrupts");
	if (fork() == 0) {
		usleep(200000);
		_exit(ask(fd) ? 1 : 0);
	}
	bad += wrong(recvmsg(fd, &m, 0) > 40,
		     "a wait ends when a child's request on the same socket is answered");
	wait(&status);
	ask(fd);
	bad += wrong(poll(&p, 1, 2000) == 1 && p.revents == POLLIN, "poll: something");
	close(fd);
	return bad;
}

static void *in_thread(void *arg)
{
	int fd = open_socket(0), i;
	char buf[4096];
	struct iovec iov = { buf, sizeof buf };

	for (i = 0; i < 200; i++) {
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
		if (ask(fd) || recvmsg(fd, &m, 0) < 40)
			break;
	}
	close(fd);
	return i == 200 ? arg : NULL;
}

static int probe_threads(void)
{
	pthread_t t[8];
	bool ok = true;
	void *ret;

	for (int i = 0; i < 8; i++)
		if (pthread_create(&t[i], NULL, in_thread, &ok))
			return wrong(false, "threads");
	for (int i = 0; i < 8; i++)
		ok &= !pthread_join(t[i], &ret) && ret;
	return wrong(ok, "8 threads, 200 questions each");
}

static int probe_others(void)
{
	int bad = 0, pair[2], pipe_fd[2];
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	bad += wrong(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) && !pipe(pipe_fd), "Unix sockets");
	bad += wrong(sendmsg(pair[0], &m, 0) == 1 && recvmsg(pair[1], &m, 0) == 1, "work as before");
	bad += wrong(recvmsg(pipe_fd[0], &m, 0) < 0 && errno == ENOTSOCK, "a pipe is no socket");
	bad += wrong(recvmsg(-1, &m, 0) < 0 && errno == EBADF, "nothing is none");
	return bad;
}

int main(void)
{
	int bad = probe_open() + probe_names() + probe_receive() + probe_pages() + probe_many() +
		  probe_send() + probe_options() + probe_waiting() + probe_threads() + probe_others();

	printf("%d wrong\n", bad);
	return bad ? 1 : 0;
}
