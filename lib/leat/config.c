/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of configuration, which become netlink messages, executed at once. */
#include "internal.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdlib.h>

#include "net/sysctl.h"
#include "netlink/nl_sock.h"

enum { WORDS = 16, LINE = 256, MESSAGE = 1024 };

struct line {
	struct holder *h;
	char text[LINE]; /* whole, for who is told of it */
	char cut[LINE];
	char *word[WORDS];
	unsigned n;
	union {
		struct nlmsghdr nlh;
		uint8_t room[MESSAGE];
	} msg;
};

static int bad(const struct line *l, const char *why)
{
	return leat_fails(l->h->l, -EINVAL, "%.100s: %s", l->text, why);
}

/* --- words --- */

static void split(struct line *l)
{
	char *save = NULL;
	strcpy(l->cut, l->text);
	l->n = 0;
	for (char *w = strtok_r(l->cut, " \t", &save); w && l->n < WORDS; w = strtok_r(NULL, " \t", &save))
		l->word[l->n++] = w;
}

/* What stands behind such a word; NULL: nothing does. */
static const char *behind(const struct line *l, const char *word)
{
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (!strcmp(l->word[i], word))
			return l->word[i + 1];
	return NULL;
}

static bool has(const struct line *l, const char *word)
{
	for (unsigned i = 1; i < l->n; i++)
		if (!strcmp(l->word[i], word))
			return true;
	return false;
}

static unsigned index_of(const struct line *l, const char *ifname)
{
	const struct iface *i = ifname ? iface_by_name(l->h->st, ifname) : NULL;
	return i ? i->ifindex : 0;
}

struct prefix {
	uint8_t family, len, bytes;
	uint8_t a[16];
};

/* ADDRESS or ADDRESS/LENGTH */
static bool read_prefix(const char *text, struct prefix *ret)
{
	char a[64], *slash, *end;
	if (!text || strlen(text) >= sizeof a)
		return false;
	strcpy(a, text);
	slash = strchr(a, '/');
	if (slash)
		*slash++ = 0;
	ret->family = strchr(a, ':') ? AF_INET6 : AF_INET;
	ret->bytes = ret->family == AF_INET ? 4 : 16;
	unsigned long most = ret->bytes * 8, len = slash ? strtoul(slash, &end, 10) : most;
	if (inet_pton(ret->family, a, ret->a) != 1 || len > most || (slash && (*end || !*slash)))
		return false;
	ret->len = (uint8_t)len;
	return true;
}

/* --- messages --- */

static void *begin(struct line *l, uint16_t type, uint16_t flags, size_t header)
{
	memset(&l->msg, 0, sizeof l->msg);
	mnl_nlmsg_put_header(&l->msg);
	l->msg.nlh.nlmsg_type = type;
	l->msg.nlh.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(&l->msg.nlh, header);
}

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t src, uint32_t group)
{
	return 0;
}

static int execute(struct line *l)
{
	static const struct nl_sock_ops ops = { .deliver = deliver };
	const struct nl_creds creds = { .may_configure = true };
	struct nl_sock *s;
	int err = nl_sock_new(l->h->st, NETLINK_ROUTE, &creds, &ops, NULL, &s);
	if (err)
		return err;
	err = nl_sock_execute(s, &l->msg.nlh);
	nl_sock_free(s);
	view_publish(l->h->st);
	return err ? leat_fails(l->h->l, err, "%.100s: %s", l->text, strerror(-err)) : 0;
}

/* --- lines --- */

static int do_link(struct line *l)
{
	struct ifinfomsg *m = begin(l, RTM_NEWLINK, 0, sizeof *m);
	const char *mtu = behind(l, "mtu");
	m->ifi_index = l->n > 1 ? (int)index_of(l, l->word[1]) : 0;
	if (!m->ifi_index)
		return bad(l, "there is no such interface");
	if (has(l, "up") || has(l, "down")) {
		m->ifi_flags = has(l, "up") ? IFF_UP : 0;
		m->ifi_change = IFF_UP;
	}
	if (mtu)
		mnl_attr_put_u32(&l->msg.nlh, IFLA_MTU, (uint32_t)strtoul(mtu, NULL, 10));
	return execute(l);
}

static int do_address(struct line *l)
{
	struct ifaddrmsg *m = begin(l, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *m);
	struct prefix p;
	if (l->n < 2 || !read_prefix(l->word[1], &p))
		return bad(l, "ADDRESS/LENGTH is wanted");
	m->ifa_family = p.family;
	m->ifa_prefixlen = p.len;
	m->ifa_index = index_of(l, behind(l, "dev"));
	if (!m->ifa_index)
		return bad(l, "there is no such interface");
	if (p.family == AF_INET6 && has(l, "nodad"))
		m->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(&l->msg.nlh, IFA_LOCAL, p.bytes, p.a);
	mnl_attr_put(&l->msg.nlh, IFA_ADDRESS, p.bytes, p.a);
	if (p.family == AF_INET && p.len < 31) {
		uint32_t a, host = htonl(UINT32_MAX >> p.len);
		memcpy(&a, p.a, sizeof a);
		mnl_attr_put_u32(&l->msg.nlh, IFA_BROADCAST, a | host);
	}
	return execute(l);
}

static int do_route(struct line *l)
{
	struct rtmsg *m = begin(l, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *m);
	struct prefix to = { 0 }, via = { 0 };
	const char *dev = behind(l, "dev");
	bool any = l->n > 1 && !strcmp(l->word[1], "default");
	if (behind(l, "via") && !read_prefix(behind(l, "via"), &via))
		return bad(l, "via an ADDRESS");
	if (l->n < 2 || (!any && !read_prefix(l->word[1], &to)))
		return bad(l, "PREFIX/LENGTH or default is wanted");
	if (dev && !index_of(l, dev))
		return bad(l, "there is no such interface");
	m->rtm_family = any ? (via.family ? via.family : AF_INET) : to.family;
	m->rtm_dst_len = to.len;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_type = RTN_UNICAST;
	m->rtm_scope = via.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	if (!any)
		mnl_attr_put(&l->msg.nlh, RTA_DST, to.bytes, to.a);
	if (via.family)
		mnl_attr_put(&l->msg.nlh, RTA_GATEWAY, via.bytes, via.a);
	if (dev)
		mnl_attr_put_u32(&l->msg.nlh, RTA_OIF, index_of(l, dev));
	return execute(l);
}

static int do_neighbour(struct line *l)
{
	struct ndmsg *m = begin(l, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof *m);
	const char *mac = behind(l, "lladdr");
	struct ether_addr a;
	struct prefix p;
	if (l->n < 2 || !read_prefix(l->word[1], &p) || !mac || !ether_aton_r(mac, &a))
		return bad(l, "ADDRESS lladdr MAC is wanted");
	m->ndm_family = p.family;
	m->ndm_ifindex = (int)index_of(l, behind(l, "dev"));
	m->ndm_state = NUD_PERMANENT;
	if (!m->ndm_ifindex)
		return bad(l, "there is no such interface");
	mnl_attr_put(&l->msg.nlh, NDA_DST, p.bytes, p.a);
	mnl_attr_put(&l->msg.nlh, NDA_LLADDR, ETHER_ADDR_LEN, &a);
	return execute(l);
}

static int do_setting(struct line *l)
{
	char why[WHY - LINE / 2] = "", *value = strchr(l->text, '=');
	char name[LINE];
	memcpy(name, l->text, (size_t)(value - l->text));
	name[value - l->text] = 0;
	name[strcspn(name, " \t")] = 0;
	value += 1 + strspn(value + 1, " \t");
	int err = sysctl_set(l->h->st, name, value, why, sizeof why);
	return err ? leat_fails(l->h->l, err, "%.100s: %s", l->text, *why ? why : strerror(-err)) : 0;
}

static const struct {
	const char *word;
	int (*fn)(struct line *l);
} verbs[] = {
	{ "link", do_link },
	{ "address", do_address },
	{ "route", do_route },
	{ "neighbour", do_neighbour },
};

static int one_line(struct line *l)
{
	split(l);
	if (!l->n || l->word[0][0] == '#')
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(l->word[0], verbs[i].word))
			return verbs[i].fn(l);
	return strchr(l->text, '=') ? do_setting(l)
				    : bad(l, "link, address, route, neighbour or SETTING=VALUE is wanted");
}

int config_lines(struct holder *h, const char *lines)
{
	struct line l = { .h = h };
	int err = 0;
	while (*lines && !err) {
		size_t skip = strspn(lines, " \t\n;"), n = strcspn(lines + skip, "\n;");
		if (n >= sizeof l.text)
			return leat_fails(h->l, -EINVAL, "a line of more than %d characters", LINE - 1);
		memcpy(l.text, lines + skip, n);
		l.text[n] = 0;
		err = one_line(&l);
		lines += skip + n;
	}
	return err;
}
