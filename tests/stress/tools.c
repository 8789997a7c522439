/* SPDX-License-Identifier: BSD-2-Clause */
/* tools NAME SECONDS SEED N: N tools at once, each a process with sockets of its own, that ask the daemon NAME for whatever comes to their
 * minds: requests to every family, made of random decisions by the families' own tables (fuzz/request_make.h). What they are answered is read, and
 * now and then not, and each now and then opens its sockets anew. Prints how many requests were done, refused and not answered. Fails when
 * the daemon does not answer any more. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/manual.h"
#include "leat/netlink.h"
#include "netlink/netlink_internal.h"
#include "pkt/pkt.h"
#include "request_make.h"
#include "stack/stack_modules.h"

enum { DECISIONS = 400, BUF = 8192, FAMILIES_MAX = 64, PATIENCE_MS = 20000, TOOLS_MAX = 64 };

static struct counts {
	uint64_t done, refused, dumps, unread, lost;
	bool broken;
} * counts; /* of each tool; shared */

struct tool {
	struct counts *c;
	const char *name;
	uint64_t seed;
	struct leat_nl *nl[2]; /* NETLINK_ROUTE, NETLINK_GENERIC */
	struct leat_stack *st; /* for its tables alone */
	const struct nl_family *family[FAMILIES_MAX];
	unsigned n_families;
};

static uint8_t in[1 << 17];

static uint32_t rnd(struct tool *t)
{
	t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(t->seed >> 33);
}

static void find_families(struct tool *t)
{
	static const int protocols[] = { NETLINK_ROUTE, NETLINK_GENERIC };
	const struct nl_family *f;
	for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
		for (struct nl_family_iter it = { 0 }; (f = nl_family_next(t->st, protocols[i], &it));)
			t->family[t->n_families++] = f;
	t->family[t->n_families++] = &genl_ctrl_family;
}

static bool open_both(struct tool *t)
{
	char stack[80];
	snprintf(stack, sizeof stack, "leat:%s", t->name);
	for (unsigned i = 0; i < 2; i++) {
		leat_nl_close(t->nl[i]);
		t->nl[i] = NULL;
		if (leat_nl_open(stack, i ? NETLINK_GENERIC : NETLINK_ROUTE, &t->nl[i]))
			return false;
	}
	if (rnd(t) % 2)
		for (unsigned g = RTNLGRP_LINK; g <= RTNLGRP_NEXTHOP; g++)
			leat_nl_join(t->nl[0], g);
	return true;
}

/* Until the request of that number has its end. False: nothing comes. */
static bool hear_out(struct tool *t, int fd, uint32_t seq)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = poll(&p, 1, PATIENCE_MS);
		ssize_t n = ready > 0 ? recv(fd, in, sizeof in, 0) : -1;
		if (n <= 0) {
			printf("%s\n", ready == 0 ? "no answer" : n == 0 ? "hung up" : strerror(errno));
			return false;
		}
		int len = (int)n;
		for (const struct nlmsghdr *h = (const void *)in; NLMSG_OK(h, (unsigned)len);
		     h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_OVERRUN) { /* the answer may be among what was lost */
				t->c->lost++;
				return true;
			}
			if (h->nlmsg_seq != seq ||
			    (h->nlmsg_type != NLMSG_ERROR && h->nlmsg_type != NLMSG_DONE))
				continue;
			int err = h->nlmsg_type == NLMSG_ERROR
					  ? ((const struct nlmsgerr *)NLMSG_DATA(h))->error
					  : 0;
			t->c->done += !err;
			t->c->refused += err != 0;
			t->c->dumps += h->nlmsg_type == NLMSG_DONE;
			return true;
		}
	}
}

static bool ask(struct tool *t, uint32_t seq)
{
	uint8_t decisions[DECISIONS], room[BUF] __attribute__((aligned(8)));
	for (unsigned i = 0; i < sizeof decisions; i++)
		decisions[i] = (uint8_t)(rnd(t) % 4 ? rnd(t) % 16 : rnd(t));
	struct choice c = { decisions, sizeof decisions };
	struct maker m = { .c = &c, .st = t->st };
	const struct nl_family *f = t->family[rnd(t) % t->n_families];
	bool genl = f->protocol == NETLINK_GENERIC;
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	make_request(&m, &b, f, genl ? genl_family_id(t->st, f) : 0);
	if (!b.len_bytes)
		return true;
	struct nlmsghdr *h = (struct nlmsghdr *)room;
	h->nlmsg_seq = seq;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_len = (uint32_t)b.len_bytes;
	int fd = leat_nl_fd(t->nl[genl]);
	if (send(fd, room, b.len_bytes, MSG_NOSIGNAL) < 0)
		return false;
	if (rnd(t) % 32)
		return hear_out(t, fd, seq);
	t->c->unread++; /* somebody else's answer is what the next one hears first */
	return rnd(t) % 4 || open_both(t);
}

static int be_tool(const char *name, unsigned seconds, uint64_t seed, struct counts *c)
{
	struct manual_rt *m = manual_rt_new(1, 1);
	struct tool t = { .c = c, .name = name, .seed = seed };
	time_t end = time(NULL) + seconds;
	setlinebuf(stdout);
	bool well = !pkt_pools_init(manual_rt_of(m), 4 << 20) &&
		    !stack_new(manual_rt_of(m), "tables", 1, leat_modules, &t.st) && open_both(&t);
	if (well)
		find_families(&t);
	for (uint32_t seq = 1; well && time(NULL) < end; seq++)
		well = ask(&t, seq);
	c->broken = !well;
	return !well;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 4 ? (unsigned)atoi(argv[4]) : 0, bad = 0;
	struct counts all = { 0 };
	if (!n || n > TOOLS_MAX)
		return 2;
	counts = mmap(NULL, n * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < n; i++)
		if (!fork())
			_exit(be_tool(argv[1], (unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0) + i,
				      &counts[i]));
	for (int status; wait(&status) > 0;)
		bad += status != 0;
	for (unsigned i = 0; i < n; i++) {
		all.done += counts[i].done;
		all.refused += counts[i].refused;
		all.dumps += counts[i].dumps;
		all.unread += counts[i].unread;
		all.lost += counts[i].lost;
	}
	printf("%llu done, %llu of them dumps; %llu refused; %llu not waited for, %llu lost to events; %u of "
	       "%u tools broke off\n",
	       (unsigned long long)all.done, (unsigned long long)all.dumps, (unsigned long long)all.refused,
	       (unsigned long long)all.unread, (unsigned long long)all.lost, bad, n);
	return bad || all.done < 50;
}
