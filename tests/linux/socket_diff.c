/* SPDX-License-Identifier: BSD-2-Clause */
/* The same socket calls to the kernel (in a network namespace of this process's own, with lo) and to leat (a stack with lo in this
 * process), one after another: results, error numbers, addresses, options, bytes and control messages must be the same. Each row of
 * steps[] is a call. A port that was chosen is printed as such. A row may say how leat differs and why that is known; then it must
 * differ. Exit status 77: not root. */
#include <arpa/inet.h>
#include <errno.h>

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "core/manual.h"
#include "net/iface.h"
#include "net/sysctl.h"
#include "pkt/pkt.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"

enum { SOCKS = 12, TEXT_MAX = 2048, BYTES_MAX = 70000 };

enum op { OPEN, CLOSE, BIND, CONNECT, NAME, PEER, SET, GET, SHUT, SEND, RECV, POLL, KNOB };

struct step {
	const char *title;
	enum op op;
	int s; /* which socket */
	int a, b, c; /* domain, type, protocol; level, name; flags; how */
	const char *addr; /* NULL: no address */
	int port, scope;
	int addr_len, family; /* 0: as the address has it */
	const void *data;
	int len; /* of data; room */
	int val; /* an option without data */
	bool control; /* receives control messages */
	bool cmsg; /* sends one: a, b, val */
	int flags;
	const char *differs;
};

#include "socket_steps.h"

struct side {
	const char *name;
	struct manual_rt *m; /* NULL: the kernel */
	struct leat_stack *st;
	struct sock *sock[SOCKS];
	int fd[SOCKS];
	char text[TEXT_MAX];
	size_t at;
};

static void __attribute__((format(printf, 2, 3))) say(struct side *x, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(x->text + x->at, TEXT_MAX - x->at, fmt, ap);
	va_end(ap);
	x->at = MIN(x->at + (size_t)MAX(n, 0), (size_t)TEXT_MAX - 1);
}

static void say_bytes(struct side *x, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	for (size_t i = 0; i < MIN(n, (size_t)80); i++)
		say(x, "%02x", b[i]);
	if (n > 80)
		say(x, "...");
}

/* --- addresses --- */

union name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint8_t bytes[128];
};

static socklen_t name_of(const struct step *s, union name *n)
{
	socklen_t len;
	memset(n, 0, sizeof *n);
	if (!s->addr)
		return 0;
	if (strchr(s->addr, ':')) {
		n->in6.sin6_family = AF_INET6;
		n->in6.sin6_port = htons((uint16_t)s->port);
		n->in6.sin6_scope_id = (uint32_t)s->scope;
		inet_pton(AF_INET6, s->addr, &n->in6.sin6_addr);
		len = sizeof n->in6;
	} else {
		n->in.sin_family = AF_INET;
		n->in.sin_port = htons((uint16_t)s->port);
		inet_pton(AF_INET, s->addr, &n->in.sin_addr);
		len = sizeof n->in;
	}
	if (s->family)
		n->sa.sa_family = (sa_family_t)(s->family < 0 ? AF_UNSPEC : s->family);
	return s->addr_len ? (socklen_t)s->addr_len : len;
}

static void say_port(struct side *x, uint16_t port)
{
	if (port >= 30000)
		say(x, " port chosen");
	else
		say(x, " port %u", port);
}

static void say_name(struct side *x, const union name *n, socklen_t len)
{
	char text[INET6_ADDRSTRLEN] = "";
	say(x, " len %u", len);
	if (len < sizeof(sa_family_t) || !n->sa.sa_family)
		return;
	if (n->sa.sa_family == AF_INET) {
		say(x, " %s", inet_ntop(AF_INET, &n->in.sin_addr, text, sizeof text));
		say_port(x, ntohs(n->in.sin_port));
	} else {
		say(x, " %s", inet_ntop(AF_INET6, &n->in6.sin6_addr, text, sizeof text));
		say_port(x, ntohs(n->in6.sin6_port));
		say(x, " scope %u", n->in6.sin6_scope_id);
	}
}

/* --- the calls; each returns a result or -errno --- */

static long k(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void settle(struct side *x)
{
	if (x->m)
		manual_rt_settle(x->m);
}

static long do_open(struct side *x, const struct step *s)
{
	if (x->m)
		return sock_open(x->st, s->a, s->b, s->c, NULL, &x->sock[s->s]);
	x->fd[s->s] = socket(s->a, s->b | SOCK_NONBLOCK, s->c);
	return x->fd[s->s] < 0 ? -errno : 0;
}

static long do_close(struct side *x, const struct step *s)
{
	if (x->m)
		sock_close(x->sock[s->s]);
	else
		close(x->fd[s->s]);
	x->sock[s->s] = NULL;
	x->fd[s->s] = -1;
	return 0;
}

static long do_bind(struct side *x, const struct step *s)
{
	union name n;
	socklen_t len = name_of(s, &n);
	return x->m ? sock_bind(x->sock[s->s], &n.sa, len) : k(bind(x->fd[s->s], &n.sa, len));
}

static long do_connect(struct side *x, const struct step *s)
{
	union name n;
	socklen_t len = name_of(s, &n);
	return x->m ? sock_connect(x->sock[s->s], &n.sa, len) : k(connect(x->fd[s->s], &n.sa, len));
}

static long do_name(struct side *x, const struct step *s)
{
	union name n;
	socklen_t len = s->addr_len ? (socklen_t)s->addr_len : sizeof n;
	long ret;
	memset(&n, 0, sizeof n);
	if (s->op == NAME)
		ret = x->m ? sock_getsockname(x->sock[s->s], &n.sa, &len)
			   : k(getsockname(x->fd[s->s], &n.sa, &len));
	else
		ret = x->m ? sock_getpeername(x->sock[s->s], &n.sa, &len)
			   : k(getpeername(x->fd[s->s], &n.sa, &len));
	if (!ret)
		say_name(x, &n, len);
	return ret;
}

static long do_set(struct side *x, const struct step *s)
{
	const void *p = s->data ? s->data : &s->val;
	socklen_t len = s->len ? (socklen_t)s->len : sizeof s->val;
	if (s->len < 0)
		len = 0;
	return x->m ? sock_setsockopt(x->sock[s->s], s->a, s->b, p, len)
		    : k(setsockopt(x->fd[s->s], s->a, s->b, p, len));
}

static long do_get(struct side *x, const struct step *s)
{
	uint8_t room[256] = { 0 };
	socklen_t len = s->len ? (socklen_t)s->len : sizeof(int);
	long ret = x->m ? sock_getsockopt(x->sock[s->s], s->a, s->b, room, &len)
			: k(getsockopt(x->fd[s->s], s->a, s->b, room, &len));
	if (!ret) {
		say(x, " len %u: ", len);
		say_bytes(x, room, len);
	}
	return ret;
}

static size_t put_cmsg(const struct step *s, void *to)
{
	size_t len = s->data && s->len ? (size_t)s->len : sizeof s->val;
	struct cmsghdr *c = to;
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len), .cmsg_level = s->a, .cmsg_type = s->b };
	memcpy(CMSG_DATA(c), s->len ? s->data : &s->val, len);
	return CMSG_SPACE(len);
}

static long do_send(struct side *x, const struct step *s)
{
	static const uint8_t zeros[BYTES_MAX];
	_Alignas(struct cmsghdr) uint8_t control[256] = { 0 };
	union name n;
	socklen_t len = name_of(s, &n);
	const void *p = s->cmsg ? "cmsg" : s->data ? s->data : zeros;
	size_t bytes = s->cmsg ? 4 : (size_t)s->len, control_len = s->cmsg ? put_cmsg(s, control) : 0;
	if (x->m) {
		const struct sock_msg m = { .buf = (void *)p,
					    .len = bytes,
					    .name = len ? &n : NULL,
					    .name_len = len,
					    .control = s->cmsg ? control : NULL,
					    .control_len = control_len };
		return sock_sendmsg(x->sock[s->s], &m, s->flags);
	}
	struct iovec iov = { (void *)p, bytes };
	const struct msghdr m = { .msg_name = len ? &n : NULL,
				  .msg_namelen = len,
				  .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = s->cmsg ? control : NULL,
				  .msg_controllen = control_len };
	return k(sendmsg(x->fd[s->s], &m, s->flags | MSG_NOSIGNAL));
}

/* Of times it is said that there are some. */
static bool is_time(const struct cmsghdr *c)
{
	return c->cmsg_level == SOL_SOCKET &&
	       (c->cmsg_type == SO_TIMESTAMP || c->cmsg_type == SO_TIMESTAMPNS ||
		c->cmsg_type == SO_TIMESTAMPING);
}

static void say_time(struct side *x, const struct cmsghdr *c)
{
	uint64_t first;
	memcpy(&first, CMSG_DATA(c), sizeof first);
	say(x, "%u bytes, %s", (unsigned)(c->cmsg_len - CMSG_LEN(0)), first ? "a time" : "none");
}

static void say_controls(struct side *x, void *control, size_t len)
{
	struct msghdr h = { .msg_control = control, .msg_controllen = len };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		say(x, " {%d/%d ", c->cmsg_level, c->cmsg_type);
		if (is_time(c))
			say_time(x, c);
		else
			say_bytes(x, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		say(x, "}");
	}
}

/* IPv4's identification and checksum are whatever they are. */
static void say_packet(struct side *x, uint8_t *p, size_t len)
{
	if (len >= 12 && p[0] >> 4 == 4 && p[0] >= 0x45 && p[1] <= 0x20)
		p[4] = p[5] = p[10] = p[11] = 0;
	say_bytes(x, p, len);
}

static long do_recv(struct side *x, const struct step *s)
{
	static uint8_t room[BYTES_MAX];
	_Alignas(struct cmsghdr) uint8_t control[512] = { 0 };
	size_t len = s->len ? (size_t)s->len : sizeof room;
	size_t control_room = s->control ? sizeof control : s->flags & MSG_ERRQUEUE ? sizeof control : 0;
	union name n;
	socklen_t name_len;
	int flags;
	long ret;
	memset(&n, 0, sizeof n);
	if (x->m) {
		struct sock_msg m = { .buf = room,
				      .len = len,
				      .name = &n,
				      .name_len = sizeof n,
				      .control = control_room ? control : NULL,
				      .control_len = control_room };
		ret = sock_recvmsg(x->sock[s->s], &m, s->flags | MSG_DONTWAIT);
		name_len = m.name_len, flags = m.flags, control_room = m.control_len;
	} else {
		struct iovec iov = { room, len };
		struct msghdr m = { .msg_name = &n,
				    .msg_namelen = sizeof n,
				    .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = control_room ? control : NULL,
				    .msg_controllen = control_room };
		ret = k(recvmsg(x->fd[s->s], &m, s->flags | MSG_DONTWAIT));
		name_len = m.msg_namelen, flags = m.msg_flags, control_room = m.msg_controllen;
	}
	if (ret < 0)
		return ret;
	say(x, " flags %x from", flags);
	say_name(x, &n, name_len);
	say(x, ": ");
	say_packet(x, room, MIN((size_t)ret, len));
	say_controls(x, control, control_room);
	return ret;
}

static long do_poll(struct side *x, const struct step *s)
{
	struct pollfd p = { .fd = x->fd[s->s], .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };
	if (x->m)
		p.revents = (short)(sock_poll(x->sock[s->s]) & (unsigned)(p.events | POLLERR | POLLHUP));
	else
		poll(&p, 1, 0);
	say(x, " %x", (unsigned)p.revents);
	return 0;
}

static void write_to(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(2);
	}
}

/* A setting; .addr is its name. */
static long do_knob(struct side *x, const struct step *s)
{
	char path[128], value[16], why[128];
	snprintf(value, sizeof value, "%d", s->val);
	if (x->m)
		return sysctl_set(x->st, s->addr, value, why, sizeof why);
	snprintf(path, sizeof path, "/proc/sys/%s", s->addr);
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c;
	write_to(path, value);
	return 0;
}

static long run(struct side *x, const struct step *s)
{
	if (s->op == KNOB)
		return do_knob(x, s);
	if (s->op != OPEN && (x->m ? !x->sock[s->s] : x->fd[s->s] < 0))
		return -EBADF;
	switch (s->op) {
	case OPEN:
		return do_open(x, s);
	case CLOSE:
		return do_close(x, s);
	case BIND:
		return do_bind(x, s);
	case CONNECT:
		return do_connect(x, s);
	case NAME:
	case PEER:
		return do_name(x, s);
	case SET:
		return do_set(x, s);
	case GET:
		return do_get(x, s);
	case SHUT:
		return x->m ? sock_shutdown(x->sock[s->s], s->a) : k(shutdown(x->fd[s->s], s->a));
	case SEND:
		return do_send(x, s);
	case RECV:
		return do_recv(x, s);
	case POLL:
		return do_poll(x, s);
	case KNOB:
		break;
	}
	return -ENOSYS;
}

static void one(struct side *x, const struct step *s)
{
	x->at = 0;
	x->text[0] = 0;
	long ret = run(x, s);
	settle(x);
	char rest[TEXT_MAX];
	memcpy(rest, x->text, sizeof rest);
	x->at = 0;
	if (ret < 0)
		say(x, "%s%s", strerrorname_np((int)-ret), rest);
	else
		say(x, "%ld%s", ret, rest);
}

/* --- set up --- */

static void open_kernel(struct side *x)
{
	if (geteuid() || unshare(CLONE_NEWNET)) {
		printf("needs root\n");
		exit(77);
	}
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r)) {
		perror("lo");
		exit(2);
	}
	close(fd);
	write_to("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	for (unsigned i = 0; i < SOCKS; i++)
		x->fd[i] = -1;
}

static void open_leat(struct side *x)
{
	x->m = manual_rt_new(1, 1);
	struct leat_runtime *rt = manual_rt_of(x->m);
	if (pkt_pools_init(rt, 64 << 20) || stack_new(rt, "diff", 1, leat_modules, &x->st) ||
	    iface_set_up(iface_by_name(x->st, "lo"), true)) {
		printf("no stack\n");
		exit(2);
	}
	const struct step host = { .op = KNOB,
				   .addr = "net.ipv6.conf.all.forwarding" }; /* as the kernel starts */
	do_knob(x, &host);
	manual_rt_run(x->m, 5000000);
}

static void close_leat(struct side *x)
{
	struct leat_runtime *rt = manual_rt_of(x->m);
	stack_free(x->st);
	manual_rt_settle(x->m);
	pkt_pools_done(rt);
	manual_rt_free(x->m);
}

int main(void)
{
	struct side kernel = { .name = "kernel" }, leat = { .name = "leat" };
	unsigned bad = 0, known = 0, n = ARRAY_SIZE(steps);
	open_kernel(&kernel);
	open_leat(&leat);
	for (unsigned i = 0; i < n; i++) {
		one(&kernel, &steps[i]);
		one(&leat, &steps[i]);
		bool same = strcmp(kernel.text, leat.text) == 0;
		known += steps[i].differs != NULL;
		if (same == !steps[i].differs)
			continue;
		bad++;
		printf("%u %s: %s\n    kernel %s\n    leat   %s\n", i, steps[i].title,
		       same ? "does not differ any more" : "differs", kernel.text, leat.text);
	}
	printf("%u calls, %u known to differ, %u wrong\n", n, known, bad);
	close_leat(&leat);
	return bad != 0;
}
