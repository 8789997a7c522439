/* SPDX-License-Identifier: BSD-2-Clause */
/* leatd with a program beside it, which does with sock/sock.h what program.py does with the calls of a kernel: it answers UDP at port 7 and
 * listens to groups. Its words are in $LEAT_DIFF_PROGRAM; interface a is the one that groups are listened to at.
 *
 * The linker puts it before sockd_new() (--wrap), when the devices are open and nothing runs yet. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/iface.h"
#include "sock/sock.h"
#include "sockd/sockd.h"

enum { ECHO_PORT = 7, BIG = 65536 };

int __real_sockd_new(struct leat_stack *st, int listen_fd, struct sockd **ret);
int __wrap_sockd_new(struct leat_stack *st, int listen_fd, struct sockd **ret);

/* --- UDP is answered --- */

static void on_ready(struct sock *s, void *buf)
{
	struct sockaddr_storage who;
	for (;;) {
		socklen_t len = sizeof who;
		ssize_t n = sock_recvfrom(s, buf, BIG, 0, (struct sockaddr *)&who, &len);
		if (n == -EAGAIN)
			return;
		if (n >= 0)
			sock_sendto(s, buf, (size_t)n, 0, (struct sockaddr *)&who, len);
	}
}

static int echo(struct leat_stack *st, int domain)
{
	static char buf[BIG];
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(ECHO_PORT) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(ECHO_PORT) };
	int on = 1;
	struct sock *s;
	int err = sock_open(st, domain, SOCK_DGRAM, 0, NULL, &s);
	if (!err && domain == AF_INET6)
		err = sock_setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (!err)
		err = domain == AF_INET6 ? sock_bind(s, (void *)&six, sizeof six)
					 : sock_bind(s, (void *)&four, sizeof four);
	if (!err)
		sock_on_ready(s, on_ready, buf);
	return err;
}

/* --- groups are listened to --- */

static void put_address(struct sockaddr_storage *to, int domain, const char *text)
{
	to->ss_family = (sa_family_t)domain;
	inet_pton(domain, text,
		  domain == AF_INET6 ? (void *)&((struct sockaddr_in6 *)to)->sin6_addr
				     : (void *)&((struct sockaddr_in *)to)->sin_addr);
}

/* GROUP[+|-SOURCE,...]; is taken apart. The socket stays until the stack goes. */
static int join(struct leat_stack *st, char *word)
{
	struct group_source_req gsr = { .gsr_interface = iface_by_name(st, "a")->ifindex };
	struct group_req gr = { .gr_interface = gsr.gsr_interface };
	int domain = strchr(word, ':') ? AF_INET6 : AF_INET, level = domain == AF_INET6 ? SOL_IPV6 : SOL_IP;
	char *sources = word + strcspn(word, "+-"), sign = *sources, *save;
	struct sock *s;
	if (sign)
		*sources++ = 0;
	put_address(&gr.gr_group, domain, word);
	gsr.gsr_group = gr.gr_group;
	int err = sock_open(st, domain, SOCK_DGRAM, 0, NULL, &s);
	if (!err && sign != '+')
		err = sock_setsockopt(s, level, MCAST_JOIN_GROUP, &gr, sizeof gr);
	for (char *one = strtok_r(sources, ",", &save); !err && one; one = strtok_r(NULL, ",", &save)) {
		put_address(&gsr.gsr_source, domain, one);
		err = sock_setsockopt(s, level, sign == '+' ? MCAST_JOIN_SOURCE_GROUP : MCAST_BLOCK_SOURCE,
				      &gsr, sizeof gsr);
	}
	return err;
}

static int start(struct leat_stack *st, char *words)
{
	char *save;
	int err = 0;
	for (char *word = strtok_r(words, " ", &save); !err && word; word = strtok_r(NULL, " ", &save)) {
		if (!strncmp(word, "join=", 5)) {
			err = join(st, word + 5);
		} else {
			err = echo(st, AF_INET);
			if (!err)
				err = echo(st, AF_INET6);
		}
		if (err)
			fprintf(stderr, "program: %s: %s\n", word, strerror(-err));
	}
	return err;
}

int __wrap_sockd_new(struct leat_stack *st, int listen_fd, struct sockd **ret)
{
	char *words = getenv("LEAT_DIFF_PROGRAM");
	int err = words ? start(st, words) : 0;
	return err ? err : __real_sockd_new(st, listen_fd, ret);
}
