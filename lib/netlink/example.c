/* SPDX-License-Identifier: BSD-2-Clause */
/* leat-netlink-example [kernel|leat|leat:NAME]: makes a pair of interfaces, an address, a neighbour, routes and a rule, asks for things
 * that are refused, takes all away again; and prints what it did, what the stack said, and what a cache on another socket
 * heard. On the kernel (root, in a namespace made for it) and on leat it prints the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/netlink.h"

enum { LINES_MAX = 64, LINE = 128, QUIET_MS = 300, ROUTES = 300 };
#define DEV  "ltx0"
#define PEER "ltx1"

struct example {
	struct leat_nl *nl;
	struct leat_nl_cache *cache;
	unsigned ifindex;
	char line[LINES_MAX][LINE]; /* what the cache told of since the last step */
	unsigned n_lines, n_routes[3];
};

static void fail(const char *what, int err)
{
	printf("%s: %s\n", what, strerror(-err));
	exit(1);
}

/* --- what the cache tells, sorted, since stacks differ in the order of what one request causes --- */

static const struct leat_nl_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { LEAT_NL_NUL_STRING, .max = IFNAMSIZ - 1 },
	[IFLA_MTU] = { LEAT_NL_U32 },
	[IFLA_ADDRESS] = { LEAT_NL_BYTES, .max = 32 },
};
static const struct leat_nl_policy addr_policy[IFA_MAX + 1] = {
	[IFA_LOCAL] = { LEAT_NL_BYTES, .min = 4, .max = 16 },
};
static const struct leat_nl_policy route_policy[RTA_MAX + 1] = {
	[RTA_DST] = { LEAT_NL_BYTES, .min = 4, .max = 16 },
	[RTA_TABLE] = { LEAT_NL_U32 },
};
static const struct leat_nl_policy neigh_policy[NDA_MAX + 1] = {
	[NDA_DST] = { LEAT_NL_BYTES, .min = 4, .max = 16 },
};
static const struct leat_nl_policy rule_policy[FRA_MAX + 1] = {
	[FRA_PRIORITY] = { LEAT_NL_U32 },
};

static const void *header_of(const struct nlmsghdr *h)
{
	return NLMSG_DATA(h);
}

static const char *address(int family, const struct nlattr *a)
{
	static const char zero[16];
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(family, a ? leat_nl_data(a) : zero, text, sizeof text);
}

static void name_link(const struct nlmsghdr *h, char *to)
{
	const struct nlattr *at[IFLA_MAX + 1];
	const struct ifinfomsg *i = header_of(h);

	leat_nl_parse(h, sizeof *i, link_policy, IFLA_MAX, false, at);
	if (strcmp(leat_nl_str(at[IFLA_IFNAME]), DEV) == 0)
		snprintf(to, LINE, "link %s mtu %u%s", leat_nl_str(at[IFLA_IFNAME]),
			 (unsigned)leat_nl_number(at[IFLA_MTU]), i->ifi_flags & IFF_UP ? " up" : "");
}

static void name_address(const struct nlmsghdr *h, char *to)
{
	const struct nlattr *at[IFA_MAX + 1];
	const struct ifaddrmsg *i = header_of(h);

	leat_nl_parse(h, sizeof *i, addr_policy, IFA_MAX, false, at);
	if (i->ifa_family == AF_INET && at[IFA_LOCAL])
		snprintf(to, LINE, "address %s/%u", address(AF_INET, at[IFA_LOCAL]), i->ifa_prefixlen);
}

static void name_route(const struct nlmsghdr *h, char *to)
{
	const struct nlattr *at[RTA_MAX + 1];
	const struct rtmsg *r = header_of(h);

	leat_nl_parse(h, sizeof *r, route_policy, RTA_MAX, false, at);
	if (r->rtm_family == AF_INET && at[RTA_DST])
		snprintf(to, LINE, "route %s/%u table %u", address(AF_INET, at[RTA_DST]), r->rtm_dst_len,
			 (unsigned)leat_nl_number(at[RTA_TABLE]));
}

static void name_neighbour(const struct nlmsghdr *h, char *to)
{
	const struct nlattr *at[NDA_MAX + 1];
	const struct ndmsg *n = header_of(h);

	leat_nl_parse(h, sizeof *n, neigh_policy, NDA_MAX, false, at);
	if (n->ndm_family == AF_INET)
		snprintf(to, LINE, "neighbour %s state %#x", address(AF_INET, at[NDA_DST]), n->ndm_state);
}

static void name_rule(const struct nlmsghdr *h, char *to)
{
	const struct nlattr *at[FRA_MAX + 1];
	const struct fib_rule_hdr *r = header_of(h);

	leat_nl_parse(h, sizeof *r, rule_policy, FRA_MAX, false, at);
	if (r->family == AF_INET)
		snprintf(to, LINE, "rule %u", (unsigned)leat_nl_number(at[FRA_PRIORITY]));
}

static void changed(enum leat_nl_kind kind, enum leat_nl_change what, const struct nlmsghdr *h, void *ctx)
{
	static const char *const words[] = { "new", "changed", "gone" };
	struct example *x = ctx;
	char text[LINE] = "";

	switch (kind) {
	case LEAT_NL_LINKS:
		name_link(h, text);
		break;
	case LEAT_NL_ADDRESSES:
		name_address(h, text);
		break;
	case LEAT_NL_ROUTES:
		name_route(h, text);
		break;
	case LEAT_NL_NEIGHBOURS:
		name_neighbour(h, text);
		break;
	case LEAT_NL_RULES:
		name_rule(h, text);
		break;
	default:
		break;
	}
	if (!strncmp(text, "route 198.1", 11))
		x->n_routes[what]++;
	else if (*text && x->n_lines < LINES_MAX)
		snprintf(x->line[x->n_lines++], LINE, "  %-8s%.100s", words[what], text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Prints what was heard. A link's flags go through more states on the kernel than one sees here: only the last counts. */
static void hear(struct example *x)
{
	struct pollfd p = { .fd = leat_nl_cache_fd(x->cache), .events = POLLIN };

	while (poll(&p, 1, QUIET_MS) > 0) {
		int err = leat_nl_cache_update(x->cache);
		if (err)
			fail("update", err);
	}
	qsort(x->line, x->n_lines, LINE, by_text);
	for (unsigned i = 0; i < x->n_lines; i++)
		if (!i || strcmp(x->line[i - 1], x->line[i]) != 0)
			puts(x->line[i]);
	if (x->n_routes[LEAT_NL_NEW] || x->n_routes[LEAT_NL_GONE])
		printf("  %u routes new, %u gone\n", x->n_routes[LEAT_NL_NEW], x->n_routes[LEAT_NL_GONE]);
	x->n_lines = 0;
	memset(x->n_routes, 0, sizeof x->n_routes);
}

/* --- requests --- */

static void said(const char *what, int err, const struct leat_nl_ack *ack)
{
	printf("%s: %s", what, err ? strerror(-err) : "ok");
	if (ack->msg[0])
		printf(" (%s)", ack->msg);
	putchar('\n');
}

static int talk(struct example *x, const char *what)
{
	int err = leat_nl_talk(x->nl, NULL, NULL);

	said(what, err, leat_nl_ack(x->nl));
	hear(x);
	return err;
}

static void add_link(struct example *x)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x42 };
	size_t info, data, peer;

	leat_nl_request(x->nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	leat_nl_put_str(x->nl, IFLA_IFNAME, DEV);
	leat_nl_put_u32(x->nl, IFLA_MTU, 1400);
	leat_nl_put(x->nl, IFLA_ADDRESS, mac, sizeof mac);
	info = leat_nl_nest(x->nl, IFLA_LINKINFO);
	leat_nl_put_str(x->nl, IFLA_INFO_KIND, "veth");
	data = leat_nl_nest(x->nl, IFLA_INFO_DATA);
	peer = leat_nl_nest(x->nl, VETH_INFO_PEER);
	leat_nl_put_header(x->nl, sizeof(struct ifinfomsg));
	leat_nl_put_str(x->nl, IFLA_IFNAME, PEER);
	leat_nl_nest_end(x->nl, peer);
	leat_nl_nest_end(x->nl, data);
	leat_nl_nest_end(x->nl, info);
}

static void no_link_local(struct example *x)
{
	size_t spec, inet6;

	leat_nl_request(x->nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	leat_nl_put_str(x->nl, IFLA_IFNAME, DEV);
	spec = leat_nl_nest(x->nl, IFLA_AF_SPEC);
	inet6 = leat_nl_nest(x->nl, AF_INET6);
	leat_nl_put_u8(x->nl, IFLA_INET6_ADDR_GEN_MODE, 1);
	leat_nl_nest_end(x->nl, inet6);
	leat_nl_nest_end(x->nl, spec);
}

static void set_link(struct example *x, unsigned flags, uint32_t mtu)
{
	struct ifinfomsg *i = leat_nl_request(x->nl, RTM_NEWLINK, 0, sizeof *i);

	i->ifi_flags = flags;
	i->ifi_change = IFF_UP;
	leat_nl_put_str(x->nl, IFLA_IFNAME, DEV);
	leat_nl_put_u32(x->nl, IFLA_MTU, mtu);
}

static void address_request(struct example *x, uint16_t type, const char *text, uint8_t len)
{
	struct ifaddrmsg *i =
		leat_nl_request(x->nl, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *i);
	struct in_addr a;

	i->ifa_family = AF_INET;
	i->ifa_prefixlen = len;
	i->ifa_index = x->ifindex;
	inet_pton(AF_INET, text, &a);
	leat_nl_put(x->nl, IFA_LOCAL, &a, sizeof a);
	leat_nl_put(x->nl, IFA_ADDRESS, &a, sizeof a);
}

static void route_request(struct example *x, uint16_t type, uint32_t dst, uint8_t len, const char *via)
{
	struct rtmsg *r =
		leat_nl_request(x->nl, type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *r);
	struct in_addr gw;

	r->rtm_family = AF_INET;
	r->rtm_dst_len = len;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_type = RTN_UNICAST;
	dst = htonl(dst);
	leat_nl_put(x->nl, RTA_DST, &dst, sizeof dst);
	inet_pton(AF_INET, via, &gw);
	leat_nl_put(x->nl, RTA_GATEWAY, &gw, sizeof gw);
}

static void neighbour_request(struct example *x)
{
	struct ndmsg *n = leat_nl_request(x->nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof *n);
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct in_addr a;

	n->ndm_family = AF_INET;
	n->ndm_ifindex = (int)x->ifindex;
	n->ndm_state = NUD_PERMANENT;
	inet_pton(AF_INET, "192.0.2.9", &a);
	leat_nl_put(x->nl, NDA_DST, &a, sizeof a);
	leat_nl_put(x->nl, NDA_LLADDR, mac, sizeof mac);
}

static void rule_request(struct example *x, uint16_t type)
{
	struct fib_rule_hdr *r =
		leat_nl_request(x->nl, type, type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *r);

	r->family = AF_INET;
	r->action = FR_ACT_TO_TBL;
	r->table = 77;
	leat_nl_put_u32(x->nl, FRA_PRIORITY, 1000);
}

static void count(const struct nlmsghdr *h, void *ctx)
{
	++*(unsigned *)ctx;
}

static void batch_ended(unsigned index, const struct leat_nl_ack *ack, void *ctx)
{
	char what[32];

	snprintf(what, sizeof what, "  number %u", index);
	if (ack->err)
		said(what, ack->err, ack);
}

/* Every hundredth is one that is refused. */
static void batch_of_routes(struct example *x, uint16_t type)
{
	int refused;

	leat_nl_batch_begin(x->nl, batch_ended, NULL);
	for (uint32_t i = 0; i < ROUTES; i++) {
		route_request(x, type, 0xc6120000 + i * 256, 24, i % 100 == 99 ? "203.0.113.1" : "192.0.2.9");
		leat_nl_batch_add(x->nl);
	}
	refused = leat_nl_batch_end(x->nl);
	printf("a batch of %d: %d refused\n", ROUTES, refused);
	hear(x);
}

static void dump_routes(struct example *x)
{
	struct rtmsg *r = leat_nl_request(x->nl, RTM_GETROUTE, 0, sizeof *r);
	unsigned n = 0;
	int err;

	r->rtm_family = AF_INET;
	leat_nl_put_u32(x->nl, RTA_TABLE, RT_TABLE_MAIN);
	err = leat_nl_dump(x->nl, count, &n);
	printf("routes of the main table: %u, %s\n", n, err ? strerror(-err) : "ok");
}

static void take_index(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *i = header_of(h);

	((struct example *)ctx)->ifindex = (unsigned)i->ifi_index;
}

static void find_link(struct example *x)
{
	leat_nl_request(x->nl, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	leat_nl_put_str(x->nl, IFLA_IFNAME, DEV);
	said("get the link", leat_nl_talk(x->nl, take_index, x), leat_nl_ack(x->nl));
	printf("the cache calls it %s\n", leat_nl_cache_ifname(x->cache, x->ifindex));
}

static void routes(struct example *x)
{
	neighbour_request(x);
	talk(x, "add a neighbour");
	batch_of_routes(x, RTM_NEWROUTE);
	dump_routes(x);
	route_request(x, RTM_NEWROUTE, 0xc6120000, 24, "192.0.2.9");
	talk(x, "add one of them again");
	batch_of_routes(x, RTM_DELROUTE);
	dump_routes(x);
	route_request(x, RTM_NEWROUTE, 0xcb007100, 24, "192.0.2.9");
	talk(x, "add a route");
}

static void families(const char *stack)
{
	static const char *const names[] = { "nlctrl", "no-such-family" };
	struct leat_nl_family f;
	struct leat_nl *nl;
	int err = leat_nl_open(stack, NETLINK_GENERIC, &nl);

	if (err)
		fail("generic netlink", err);
	for (unsigned i = 0; i < 2; i++) {
		err = leat_nl_family(nl, names[i], &f);
		printf("family %s: %s\n", names[i], err ? strerror(-err) : "ok");
		if (!err)
			printf("  id %u, version %u\n", f.id, f.version);
	}
	leat_nl_close(nl);
}

int main(int argc, char **argv)
{
	const char *stack = argc > 1 ? argv[1] : "kernel";
	struct example x = { 0 };
	int err = leat_nl_open(stack, NETLINK_ROUTE, &x.nl);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!err)
		err = leat_nl_cache_new(stack,
					LEAT_NL_LINKS | LEAT_NL_ADDRESSES | LEAT_NL_NEIGHBOURS |
						LEAT_NL_ROUTES | LEAT_NL_RULES,
					changed, &x, &x.cache);
	if (err)
		fail(stack, err);
	x.n_lines = 0; /* what there was before is not the same */
	add_link(&x);
	talk(&x, "add a link");
	add_link(&x);
	talk(&x, "again");
	no_link_local(&x);
	talk(&x, "no link-local address");
	find_link(&x);
	set_link(&x, IFF_UP, 1300);
	talk(&x, "set it up");
	set_link(&x, IFF_UP, 1);
	talk(&x, "a small mtu");
	address_request(&x, RTM_NEWADDR, "192.0.2.1", 24);
	talk(&x, "add an address");
	address_request(&x, RTM_NEWADDR, "192.0.2.1", 33);
	talk(&x, "a long prefix");
	routes(&x);
	rule_request(&x, RTM_NEWRULE);
	talk(&x, "add a rule");
	rule_request(&x, RTM_DELRULE);
	talk(&x, "delete it");
	address_request(&x, RTM_DELADDR, "192.0.2.7", 24);
	talk(&x, "delete no address");
	leat_nl_request(x.nl, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	leat_nl_put_str(x.nl, IFLA_IFNAME, DEV);
	talk(&x, "delete the link, and what hangs on it");
	families(stack);
	leat_nl_cache_free(x.cache);
	leat_nl_close(x.nl);
	return 0;
}
