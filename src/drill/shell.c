/* SPDX-License-Identifier: BSD-2-Clause */
/* Shell lines of scripts, answered by the stack itself: nothing is started. Understood are
 *
 *	ip link set [dev] DEV up | down | mtu N
 *	ip address add | del ADDRESS/LENGTH dev DEV
 *	ip [-4 | -6] route add | del | replace [unreachable | prohibit | blackhole] PREFIX [via GATEWAY] [dev DEV]
 *	sysctl [-q] [-w] NAME=VALUE
 *
 * as rtnetlink requests to the stack's own netlink sockets (sysctl: its knobs), several of them by newline, ; or &&. A script with
 * anything else is skipped. */
#include "drill/shell.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/iface.h"
#include "net/sysctl.h"
#include "netlink/nl_sock.h"
#include "nlmsg/nlmsg.h"
#include "stack/stack_modules.h"
#include "wire/text.h"

enum { WORDS_MAX = 16, SHELL_LEN_MAX = 1024 };

enum verb { VERB_NONE, VERB_LINK, VERB_ADDR, VERB_ROUTE, VERB_SYSCTL };
struct command {
	enum verb verb;
	bool del, replace, set_up, up, has_gw, has_dst;
	uint8_t family, plen, route_type;
	char dev[IFNAMSIZ];
	uint32_t mtu;
	struct ipaddr addr, gw;
	char name[KNOB_NAME_MAX], value[KNOB_TEXT_MAX];
};

/* --- reading --- */

struct words {
	char *w[WORDS_MAX + 1];
	unsigned n, at;
};

static const char *next(struct words *w)
{
	return w->at < w->n ? w->w[w->at++] : NULL;
}
static bool next_is(struct words *w, const char *a)
{
	if (w->at == w->n || strcmp(w->w[w->at], a) != 0)
		return false;
	w->at++;
	return true;
}

static bool number(const char *s, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long v = s ? strtoul(s, &end, 10) : 0;
	if (!s || !*s || *end || v > max)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool prefix(const char *s, struct command *c, struct ipaddr *ret)
{
	char text[64];
	const char *slash = s ? strchr(s, '/') : NULL;
	uint32_t plen;
	if (!s || snprintf(text, sizeof text, "%.*s", (int)(slash ? slash - s : 60), s) < 1)
		return false;
	c->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	*ret = (struct ipaddr){ 0 };
	if (c->family == AF_INET6 ? !ip6_from_text(text, &ret->v6) : !ip4_from_text(text, &ret->v4))
		return false;
	plen = c->family == AF_INET6 ? 128 : 32;
	if (slash && !number(slash + 1, plen, &plen))
		return false;
	c->plen = (uint8_t)plen;
	return true;
}

static bool device(struct words *w, struct command *c)
{
	const char *name = next(w);
	return name && snprintf(c->dev, sizeof c->dev, "%s", name) < (int)sizeof c->dev;
}

static bool read_link(struct words *w, struct command *c)
{
	c->verb = VERB_LINK;
	if (!next_is(w, "set"))
		return false;
	next_is(w, "dev");
	if (!device(w, c))
		return false;
	while (w->at < w->n) {
		if (next_is(w, "up"))
			c->set_up = c->up = true;
		else if (next_is(w, "down"))
			c->set_up = true;
		else if (!next_is(w, "mtu") || !number(next(w), 65535, &c->mtu))
			return false;
	}
	return true;
}

static bool read_addr(struct words *w, struct command *c)
{
	c->verb = VERB_ADDR;
	c->del = next_is(w, "del");
	if (!c->del && !next_is(w, "add"))
		return false;
	return prefix(next(w), c, &c->addr) && next_is(w, "dev") && device(w, c) && w->at == w->n;
}

static bool read_route(struct words *w, struct command *c)
{
	struct command gw;
	c->verb = VERB_ROUTE;
	c->del = next_is(w, "del");
	c->replace = !c->del && (next_is(w, "replace") || next_is(w, "change"));
	if (!c->del && !c->replace && !next_is(w, "add"))
		return false;
	c->route_type = next_is(w, "unreachable") ? RTN_UNREACHABLE
			: next_is(w, "prohibit")  ? RTN_PROHIBIT
			: next_is(w, "blackhole") ? RTN_BLACKHOLE
						  : RTN_UNICAST;
	c->has_dst = !next_is(w, "default");
	if (c->has_dst && !prefix(next(w), c, &c->addr))
		return false;
	while (w->at < w->n) {
		if (next_is(w, "via")) {
			c->has_gw = prefix(next(w), &gw, &c->gw);
			if (!c->has_gw || (c->has_dst && gw.family != c->family))
				return false;
			c->family = gw.family;
		} else if (!next_is(w, "dev") || !device(w, c)) {
			return false;
		}
	}
	return true;
}

/* Its words hold no blanks, so a pair of numbers cannot be said. Settings that leat does not have are not known here. */
static bool read_sysctl(struct words *w, struct command *c)
{
	while (next_is(w, "-q") || next_is(w, "-w")) {}
	const char *s = next(w), *equals = s ? strchr(s, '=') : NULL;
	c->verb = VERB_SYSCTL;
	if (!equals || w->at != w->n || (size_t)(equals - s) >= sizeof c->name ||
	    strlen(equals + 1) >= sizeof c->value)
		return false;
	snprintf(c->name, sizeof c->name, "%.*s", (int)(equals - s), s);
	snprintf(c->value, sizeof c->value, "%s", equals + 1);
	return sysctl_is_known(leat_modules, c->name);
}

static bool read_command(struct words *w, struct command *c)
{
	*c = (struct command){ 0 };
	if (next_is(w, "sysctl"))
		return read_sysctl(w, c);
	if (!next_is(w, "ip"))
		return false;
	c->family = next_is(w, "-6") ? AF_INET6 : AF_INET; /* what does not say it by an address */
	next_is(w, "-4");
	if (next_is(w, "link"))
		return read_link(w, c);
	if (next_is(w, "addr") || next_is(w, "address"))
		return read_addr(w, c);
	return (next_is(w, "route") || next_is(w, "ro")) && read_route(w, c);
}

/* False: it is longer than any line that is known here. */
static bool cut_words(char *line, struct words *ret)
{
	char *save;
	*ret = (struct words){ 0 };
	for (char *p = strtok_r(line, " \t\r\\", &save); p; p = strtok_r(NULL, " \t\r\\", &save)) {
		if (ret->n == WORDS_MAX)
			return false;
		ret->w[ret->n++] = p;
	}
	return true;
}

/* Cuts the text into commands. fn returns 0 to go on. What is not understood comes with verb VERB_NONE. */
static int each_command(const char *text, int (*fn)(void *ctx, const struct command *c, const char *line),
			void *ctx)
{
	int err = 0;
	while (*text && !err) {
		char line[SHELL_LEN_MAX], cut[SHELL_LEN_MAX];
		size_t len = strcspn(text, "\n;&");
		struct words w;
		struct command c;
		snprintf(line, sizeof line, "%.*s", (int)len, text);
		memcpy(cut, line, sizeof cut);
		text += len;
		text += strspn(text, "\n;&");
		bool whole = cut_words(cut, &w) && len < sizeof line;
		if (whole && !w.n)
			continue;
		if (!whole || !read_command(&w, &c))
			c.verb = VERB_NONE;
		err = fn(ctx, &c, line);
	}
	return err;
}

/* --- asking --- */

struct answer {
	struct world *w;
	char *why;
	size_t why_len;
	int err;
};

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct answer *a = ctx;
	const struct nlmsghdr *h = bytes;
	if (mnl_nlmsg_ok(h, (int)len) && h->nlmsg_type == NLMSG_ERROR)
		a->err = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
	return 0;
}

static int ask(struct answer *a, const struct nl_buf *b)
{
	static const struct nl_sock_ops ops = { .deliver = deliver };
	const struct nl_creds creds = { .may_configure = true };
	struct nl_sock *s;
	int err = nl_sock_new(a->w->st, NETLINK_ROUTE, &creds, &ops, a, &s);
	if (err)
		return err;
	a->err = 0;
	err = nl_sock_input(s, b->p, b->len_bytes);
	manual_rt_settle(a->w->m);
	nl_sock_free(s);
	return err ? err : a->err;
}

static int ask_link(struct answer *a, const struct command *c, struct nl_buf *b, int index)
{
	struct ifinfomsg *m = nl_begin(b, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0, sizeof *m);
	m->ifi_index = index;
	if (c->set_up) {
		m->ifi_change = IFF_UP;
		m->ifi_flags = c->up ? IFF_UP : 0;
	}
	if (c->mtu)
		nl_put_u32(b, IFLA_MTU, c->mtu);
	nl_end(b);
	return ask(a, b);
}

static int ask_addr(struct answer *a, const struct command *c, struct nl_buf *b, int index)
{
	uint16_t flags = NLM_F_REQUEST | NLM_F_ACK | (c->del ? 0 : NLM_F_CREATE | NLM_F_EXCL);
	size_t len = c->family == AF_INET6 ? 16 : 4;
	struct ifaddrmsg *m = nl_begin(b, c->del ? RTM_DELADDR : RTM_NEWADDR, flags, 1, 0, sizeof *m);
	m->ifa_family = c->family;
	m->ifa_prefixlen = c->plen;
	m->ifa_flags = c->family == AF_INET6 ? IFA_F_NODAD : 0;
	m->ifa_index = (unsigned)index;
	nl_put(b, IFA_LOCAL, &c->addr, len);
	nl_put(b, IFA_ADDRESS, &c->addr, len);
	nl_end(b);
	return ask(a, b);
}

static int ask_route(struct answer *a, const struct command *c, struct nl_buf *b, int index)
{
	uint16_t flags = NLM_F_REQUEST | NLM_F_ACK |
			 (c->del ? 0 : NLM_F_CREATE | (c->replace ? NLM_F_REPLACE : NLM_F_EXCL));
	size_t len = c->family == AF_INET6 ? 16 : 4;
	bool link_scope = c->route_type == RTN_UNICAST && !c->has_gw && c->family == AF_INET;
	struct rtmsg *m = nl_begin(b, c->del ? RTM_DELROUTE : RTM_NEWROUTE, flags, 1, 0, sizeof *m);
	m->rtm_family = c->family;
	m->rtm_dst_len = c->plen;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = c->del ? RTPROT_UNSPEC : RTPROT_BOOT;
	m->rtm_scope = c->del ? RT_SCOPE_NOWHERE : link_scope ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->rtm_type = c->del && c->route_type == RTN_UNICAST ? RTN_UNSPEC : c->route_type;
	if (c->has_dst)
		nl_put(b, RTA_DST, &c->addr, len);
	if (c->has_gw)
		nl_put(b, RTA_GATEWAY, &c->gw, len);
	if (index)
		nl_put_u32(b, RTA_OIF, (uint32_t)index);
	nl_end(b);
	return ask(a, b);
}

static int answer_one(void *ctx, const struct command *c, const char *line)
{
	struct answer *a = ctx;
	struct iface *i = c->dev[0] ? iface_by_name(a->w->st, c->dev) : NULL;
	_Alignas(8) uint8_t room[512];
	struct nl_buf b;
	int index = i ? (int)i->ifindex : 0, err = c->dev[0] && !i ? -ENODEV : 0;
	nl_buf_init_fixed(&b, room, sizeof room);
	if (c->verb == VERB_SYSCTL) /* its line begins with the name */
		return sysctl_set(a->w->st, c->name, c->value, a->why, a->why_len);
	if (!err)
		err = c->verb == VERB_LINK    ? ask_link(a, c, &b, index)
		      : c->verb == VERB_ADDR  ? ask_addr(a, c, &b, index)
		      : c->verb == VERB_ROUTE ? ask_route(a, c, &b, index)
					      : -EINVAL;
	if (err)
		snprintf(a->why, a->why_len, "%s: %s", line, strerror(-err));
	return err;
}

int shell_run(struct world *w, const char *text, char *ret_why, size_t why_len)
{
	struct answer a = { .w = w, .why = ret_why, .why_len = why_len };
	return each_command(text, answer_one, &a);
}

/* --- before --- */

struct look {
	char *room;
	size_t size;
};

static int look_one(void *ctx, const struct command *c, const char *line)
{
	struct look *l = ctx;
	if (c->verb != VERB_NONE)
		return 0;
	snprintf(l->room, l->size, "a shell line that is not known here: %s", line);
	return 1;
}

const char *shell_missing(const char *text, char *room, size_t size)
{
	struct look l = { room, size };
	return each_command(text, look_one, &l) ? room : NULL;
}
