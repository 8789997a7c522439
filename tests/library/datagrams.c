/* SPDX-License-Identifier: BSD-2-Clause */
/* datagrams NETNS DEVICE CONFIG: sends back what comes to port 7 of UDP and UDP-Lite, over both families, by a stack of its own: what is read joined
 * (UDP_GRO) goes back as segments of the same length (UDP_SEGMENT); UDP-Lite covers twelve bytes. For datagrams.sh. */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/leat.h"
#include "leat/socket.h"

enum { PORT = 7, LARGE = 65536, LITE = 136, SEND_CSCV = 10, RECV_CSCV = 11, COVERED = 12 };

static long must(const char *what, long n)
{
	if (n >= 0)
		return n;
	fprintf(stderr, "datagrams: %s: %s\n", what, strerror((int)-n));
	exit(1);
}

struct server {
	struct leat_stack *st;
	int family, proto;
	pthread_t id;
};

static int open_server(const struct server *s, struct leat_ring *r)
{
	const struct sockaddr_in6 any = { .sin6_family = (sa_family_t)s->family, .sin6_port = htons(PORT) };
	socklen_t len = s->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof any;
	int on = 1, covered = COVERED, room = 212992; /* of small datagrams that is 180 */
	int fd = (int)must("socket", leat_socket(r, s->family, SOCK_DGRAM, s->proto));
	if (s->family == AF_INET6)
		must("v6only", leat_setsockopt(r, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	must("rcvbuf", leat_setsockopt(r, fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room));
	must("bind", leat_bind(r, fd, (const struct sockaddr *)&any, len));
	if (s->proto != LITE) {
		must("gro", leat_setsockopt(r, fd, SOL_UDP, UDP_GRO, &on, sizeof on));
		return fd;
	}
	must("covered", leat_setsockopt(r, fd, LITE, SEND_CSCV, &covered, sizeof covered));
	must("demanded", leat_setsockopt(r, fd, LITE, RECV_CSCV, &covered, sizeof covered));
	return fd;
}

static int length_of(struct msghdr *m)
{
	int each = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&each, CMSG_DATA(c), sizeof each);
	return each;
}

static void answer(struct leat_ring *r, int fd, const struct msghdr *m, size_t len, int each)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	struct iovec v = { m->msg_iov->iov_base, len };
	struct msghdr out = {
		.msg_name = m->msg_name, .msg_namelen = m->msg_namelen, .msg_iov = &v, .msg_iovlen = 1
	};
	const uint16_t segment = (uint16_t)each;
	if (each) {
		struct cmsghdr *c = (struct cmsghdr *)control;
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof segment),
				       .cmsg_level = SOL_UDP,
				       .cmsg_type = UDP_SEGMENT };
		memcpy(CMSG_DATA(c), &segment, sizeof segment);
		out.msg_control = control;
		out.msg_controllen = sizeof control;
	}
	must("sendmsg", leat_sendmsg(r, fd, &out, 0));
}

static void *serve(void *arg)
{
	const struct server *s = arg;
	struct leat_ring *r;
	must("ring", leat_ring_new(s->st, NULL, &r));
	int fd = open_server(s, r);
	char *buf = malloc(LARGE);
	for (;;) {
		_Alignas(struct cmsghdr) char control[64];
		struct sockaddr_in6 from;
		struct iovec v = { buf, LARGE };
		struct msghdr m = { .msg_name = &from,
				    .msg_namelen = sizeof from,
				    .msg_iov = &v,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof control };
		ssize_t n = must("recvmsg", leat_recvmsg(r, fd, &m, 0));
		int each = length_of(&m);
		if (each)
			printf("joined %zd of %d\n", n, each);
		answer(r, fd, &m, (size_t)n, each);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct server all[] = { { .family = AF_INET, .proto = IPPROTO_UDP },
				       { .family = AF_INET6, .proto = IPPROTO_UDP },
				       { .family = AF_INET, .proto = LITE },
				       { .family = AF_INET6, .proto = LITE } };
	struct leat *l;
	struct leat_stack *st;
	if (argc != 4) {
		fprintf(stderr, "datagrams NETNS DEVICE CONFIG\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("leat_new", leat_new(NULL, &l));
	must("stack", leat_stack_new(l, "datagrams", argv[1], &st));
	must("device", leat_device(st, argv[2]));
	must("config", leat_config(st, argv[3]));
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
		all[i].st = st;
		must("thread", -pthread_create(&all[i].id, NULL, serve, &all[i]));
	}
	printf("ready\n");
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		pthread_join(all[i].id, NULL);
	return 0;
}
