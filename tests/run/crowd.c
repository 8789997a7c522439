/* SPDX-License-Identifier: BSD-2-Clause */
/* Many clients of one daemon, out of one process.
 *
 *    crowd NAME ask N          N sockets at once, each in the middle of a dump before the first is read to its end. Prints how many were
 *                              answered, and in a line each why others were not.
 *    crowd NAME listen N HOW   N sockets that listen to routes. HOW: stopped, they never read; slow, one reads one datagram a second.
 *                              Prints "listening", and when standard input ends, how many were told that they missed something.
 *    crowd NAME churn N        adds and deletes N routes of 198.18.0.0/15, some always under way, while another socket asks for one
 *                              interface again and again. Prints how many changes were made at most between a question and its
 *                              answer, and how many questions were answered. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "leat/netlink.h"

enum { PATIENCE_MS = 30000, BUF = 1 << 17, PER_DATAGRAM = 50, UNDER_WAY = 4, LO = 1 };

static char buf[BUF];
static unsigned refused[4096]; /* by errno */

static int open_one(const char *name, struct leat_nl **ret)
{
	char stack[80];
	snprintf(stack, sizeof stack, "leat:%s", name);
	return leat_nl_open(stack, NETLINK_ROUTE, ret);
}

static unsigned open_all(const char *name, struct leat_nl **s, unsigned n)
{
	unsigned open = 0;
	for (unsigned i = 0; i < n; i++) {
		int err = open_one(name, &s[open]);
		if (err)
			refused[-err]++;
		else
			open++;
	}
	return open;
}

static void print_refused(void)
{
	for (unsigned e = 0; e < sizeof refused / sizeof refused[0]; e++)
		if (refused[e])
			printf("%u refused: %s\n", refused[e], strerror((int)e));
}

/* A datagram, or -errno; it is an error when none comes. */
static int receive(struct leat_nl *nl)
{
	struct pollfd p = { .fd = leat_nl_fd(nl), .events = POLLIN };
	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return -ETIMEDOUT;
	ssize_t n = recv(p.fd, buf, sizeof buf, 0);
	return n < 0 ? -errno : n == 0 ? -EPIPE : (int)n;
}

/* --- ask --- */

static int send_dump(struct leat_nl *nl)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg r;
	} q = { { sizeof q, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { .rtm_family = AF_INET } };
	return send(leat_nl_fd(nl), &q, sizeof q, MSG_NOSIGNAL) == sizeof q ? 0 : -errno;
}

static int read_to_end(struct leat_nl *nl)
{
	for (;;) {
		int len = receive(nl);
		if (len < 0)
			return len;
		const struct nlmsghdr *h = (const void *)buf;
		for (; NLMSG_OK(h, (unsigned)len); h = NLMSG_NEXT(h, len))
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
	}
}

static int ask(const char *name, unsigned n)
{
	struct leat_nl **s = calloc(n, sizeof *s);
	unsigned open = open_all(name, s, n), answered = 0;
	for (unsigned i = 0; i < open; i++)
		send_dump(s[i]);
	for (unsigned i = 0; i < open; i++) {
		int err = read_to_end(s[i]);
		if (err)
			refused[-err]++;
		else
			answered++;
	}
	printf("%u answered\n", answered);
	print_refused();
	for (unsigned i = 0; i < open; i++)
		leat_nl_close(s[i]);
	free(s);
	return 0;
}

/* --- listen --- */

/* Whether the overrun's sign is among what waits. */
static bool missed_something(struct leat_nl *nl)
{
	ssize_t n;
	bool lost = false;
	while ((n = recv(leat_nl_fd(nl), buf, sizeof buf, MSG_DONTWAIT)) > 0)
		lost |= ((const struct nlmsghdr *)(void *)buf)->nlmsg_type == NLMSG_OVERRUN;
	return lost;
}

static int listen_all(const char *name, unsigned n, bool slow)
{
	struct leat_nl **s = calloc(n, sizeof *s);
	unsigned open = open_all(name, s, n), told = 0;
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	for (unsigned i = 0; i < open; i++)
		if (leat_nl_join(s[i], RTNLGRP_IPV4_ROUTE))
			return 1;
	puts("listening");
	fflush(stdout);
	for (unsigned i = 0; poll(&in, 1, slow ? 1000 : -1) == 0; i++)
		recv(leat_nl_fd(s[i % open]), buf, sizeof buf, MSG_DONTWAIT);
	for (unsigned round = 0; round < 20 && told < open;
	     round++) { /* what waited in leatd comes when there is room */
		for (unsigned i = 0; i < open; i++)
			if (s[i] && missed_something(s[i])) {
				told++;
				leat_nl_close(s[i]);
				s[i] = NULL;
			}
		usleep(50000);
	}
	printf("%u of %u were told that they missed something\n", told, open);
	print_refused();
	return open != n;
}

/* --- churn --- */

struct change {
	struct nlmsghdr h;
	struct rtmsg r;
	struct rtattr dst_a;
	uint32_t dst;
	struct rtattr oif_a;
	uint32_t oif;
};

static struct change change(unsigned i)
{
	unsigned k = i / (2 * PER_DATAGRAM) * PER_DATAGRAM +
		     i % PER_DATAGRAM; /* a datagram adds, the next deletes */
	bool add = i / PER_DATAGRAM % 2 == 0;
	return (struct change){
		.h = { sizeof(struct change), add ? RTM_NEWROUTE : RTM_DELROUTE,
		       NLM_F_REQUEST | NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0), i, 0 },
		.r = { .rtm_family = AF_INET,
		       .rtm_dst_len = 32,
		       .rtm_table = RT_TABLE_MAIN,
		       .rtm_protocol = RTPROT_STATIC,
		       .rtm_scope = RT_SCOPE_LINK,
		       .rtm_type = RTN_UNICAST },
		.dst_a = { 8, RTA_DST },
		.dst = htonl(0xc6120000u + k % 100000),
		.oif_a = { 8, RTA_OIF },
		.oif = LO,
	};
}

static int send_changes(struct leat_nl *nl, unsigned from)
{
	struct change c[PER_DATAGRAM];
	for (unsigned i = 0; i < PER_DATAGRAM; i++)
		c[i] = change(from + i);
	return send(leat_nl_fd(nl), c, sizeof c, MSG_NOSIGNAL) == sizeof c ? 0 : -errno;
}

static int send_question(struct leat_nl *nl)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} q = { { sizeof q, RTM_GETLINK, NLM_F_REQUEST, 7, 0 }, { .ifi_index = LO } };
	return send(leat_nl_fd(nl), &q, sizeof q, MSG_NOSIGNAL) == sizeof q ? 0 : -errno;
}

/* Acks, of which a datagram may hold several; *bad counts the refusals. */
static int count_acks(int len, unsigned *bad)
{
	int n = 0;
	const struct nlmsghdr *h = (const void *)buf;
	for (; NLMSG_OK(h, (unsigned)len); h = NLMSG_NEXT(h, len), n++)
		*bad += h->nlmsg_type != NLMSG_ERROR || ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
	return n;
}

static int churn(const char *name, unsigned n)
{
	struct leat_nl *maker, *asker;
	unsigned sent = 0, done = 0, at = 0, worst = 0, answered = 0, bad = 0;
	int err = open_one(name, &maker);
	err = err ? err : open_one(name, &asker);
	err = err ? err : send_question(asker);
	n -= n % (2 * PER_DATAGRAM);
	while (!err && done < n) {
		while (!err && sent < n && sent - done < UNDER_WAY * PER_DATAGRAM) {
			err = send_changes(maker, sent);
			sent += PER_DATAGRAM;
		}
		struct pollfd p[2] = { { leat_nl_fd(maker), POLLIN, 0 }, { leat_nl_fd(asker), POLLIN, 0 } };
		if (!err && poll(p, 2, PATIENCE_MS) <= 0)
			err = -ETIMEDOUT;
		if (!err && p[0].revents) {
			int len = receive(maker);
			err = len < 0 ? len : 0;
			done += err ? 0 : (unsigned)count_acks(len, &bad);
		}
		if (!err && p[1].revents) {
			int len = receive(asker);
			worst = done - at > worst ? done - at : worst;
			at = done;
			answered++;
			err = len < 0 ? len : send_question(asker);
		}
	}
	if (err)
		printf("broken after %u changes: %s\n", done, strerror(-err));
	printf("%u changes, %u refused; %u between a question and its answer; %u questions answered\n", done,
	       bad, worst, answered);
	return err || bad;
}

int main(int argc, char **argv)
{
	struct rlimit lim;
	unsigned n = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	if (n && !strcmp(argv[2], "ask"))
		return ask(argv[1], n);
	if (n && !strcmp(argv[2], "listen"))
		return listen_all(argv[1], n, argc > 4 && !strcmp(argv[4], "slow"));
	if (n && !strcmp(argv[2], "churn"))
		return churn(argv[1], n);
	return 2;
}
