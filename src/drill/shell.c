/* SPDX-License-Identifier: BSD-2-Clause */
/* Shell lines of scripts, answered by the stack itself: nothing is started, nothing of the host is read but files of such lines.
 * Understood are
 *
 *	ip link set [dev] DEV up | down | mtu N
 *	ip address add | del ADDRESS/LENGTH dev DEV
 *	ip [-4 | -6] route add | del | replace [unreachable | prohibit | blackhole] PREFIX [via GATEWAY] [dev DEV]
 *		[mtu [lock] N] [advmss N] [window N] [initcwnd N] [initrwnd N] [rto_min Nms] [quickack N]
 *	ip tcp_metrics flush [all]
 *	nstat				what the counters of TCP are now
 *	nstat | grep NAME		one of them has grown since then
 *	sysctl [-e] [-q] [-w] NAME=VALUE ...
 *	set_sysctls.py /proc/sys/NAME=VALUE ...		what the scripts of the original set sysctls with
 *	echo VALUE > /proc/sys/NAME
 *	echo VALUE > /sys/module/tcp_cubic/parameters/NAME	which is net.ipv4.tcp_cubic_NAME here
 *	tc qdisc replace dev DEV root fq		pacing, which is TCP's own here: net.ipv4.tcp_pace_all
 *	grep WORD /proc/net/tcp ... | grep WORD		is there such a listener?
 *	PATH.sh						a file of such lines
 *
 * as rtnetlink requests to the stack's own netlink sockets (sysctl: its knobs), several of them by newline, ;, && or ||. A script with
 * anything else is skipped. Nothing is to be done, because it is so already, for a few lines (is_nothing()) and for
 * /tmp/sysctl_restore_N.sh, which ends what set_sysctls.py began: the stack ends with the script.
 *
 * In a file, as in a shell, only the last command must succeed, so a setting that leat does not have is as one that a kernel lacks. A
 * file's name is seen from the script's own directory. */
#include "drill/shell.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/shell_internal.h"
#include "net/sysctl.h"
#include "stack/stack_modules.h"
#include "wire/text.h"

enum { FILE_LEN_MAX = 1 << 16, DEPTH_MAX = 3 };

/* --- reading --- */

static bool number(const char *s, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long v = s ? strtoul(s, &end, 10) : 0;
	if (!s || !*s || *end || v > max)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool prefix(const char *s, struct shell_command *c, struct ipaddr *ret)
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

static bool device(struct shell_words *w, struct shell_command *c)
{
	const char *name = shell_next(w);
	return name && snprintf(c->dev, sizeof c->dev, "%s", name) < (int)sizeof c->dev;
}

static bool read_link(struct shell_words *w, struct shell_command *c)
{
	c->verb = VERB_LINK;
	if (!shell_next_is(w, "set"))
		return false;
	shell_next_is(w, "dev");
	if (!device(w, c))
		return false;
	while (w->at < w->n) {
		if (shell_next_is(w, "up"))
			c->set_up = c->up = true;
		else if (shell_next_is(w, "down"))
			c->set_up = true;
		else if (!shell_next_is(w, "mtu") || !number(shell_next(w), 65535, &c->mtu))
			return false;
	}
	return true;
}

static bool read_addr(struct shell_words *w, struct shell_command *c)
{
	c->verb = VERB_ADDR;
	c->del = shell_next_is(w, "del");
	if (!c->del && !shell_next_is(w, "add"))
		return false;
	return prefix(shell_next(w), c, &c->addr) && shell_next_is(w, "dev") && device(w, c) && w->at == w->n;
}

/* True: it is one. What is wrong with it makes the command odd. */
static bool read_metric(struct shell_words *w, struct shell_command *c)
{
	static const struct {
		const char *name;
		uint8_t at;
		bool locks;
	} metrics[] = {
		{ "mtu", RTAX_MTU },           { "advmss", RTAX_ADVMSS },
		{ "window", RTAX_WINDOW },     { "initcwnd", RTAX_INITCWND },
		{ "initrwnd", RTAX_INITRWND }, { "rto_min", RTAX_RTO_MIN, true }, /* as ip does */
		{ "quickack", RTAX_QUICKACK },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(metrics); i++) {
		if (!shell_next_is(w, metrics[i].name))
			continue;
		if (shell_next_is(w, "lock") || metrics[i].locks)
			c->metric[RTAX_LOCK] |= 1U << metrics[i].at;
		const char *said = shell_next(w);
		char text[16] = "";
		size_t len = said ? strcspn(said, "m") : 0; /* 10ms */
		if (!said || len >= sizeof text || (said[len] && strcmp(said + len, "ms")))
			w->odd = true;
		else
			snprintf(text, sizeof text, "%.*s", (int)len, said);
		w->odd |= !number(text, UINT32_MAX, &c->metric[metrics[i].at]);
		return !w->odd;
	}
	return false;
}

static bool read_route(struct shell_words *w, struct shell_command *c)
{
	struct shell_command gw;
	c->verb = VERB_ROUTE;
	c->del = shell_next_is(w, "del");
	c->replace = !c->del && (shell_next_is(w, "replace") || shell_next_is(w, "change"));
	if (!c->del && !c->replace && !shell_next_is(w, "add"))
		return false;
	c->route_type = shell_next_is(w, "unreachable") ? RTN_UNREACHABLE
			: shell_next_is(w, "prohibit")  ? RTN_PROHIBIT
			: shell_next_is(w, "blackhole") ? RTN_BLACKHOLE
							: RTN_UNICAST;
	c->has_dst = !shell_next_is(w, "default");
	if (c->has_dst && !prefix(shell_next(w), c, &c->addr))
		return false;
	while (w->at < w->n) {
		if (shell_next_is(w, "via")) {
			c->has_gw = prefix(shell_next(w), &gw, &c->gw);
			if (!c->has_gw || (c->has_dst && gw.family != c->family))
				return false;
			c->family = gw.family;
		} else if (!read_metric(w, c)) {
			if (w->odd || !shell_next_is(w, "dev") || !device(w, c))
				return false;
		}
	}
	return true;
}

static bool sysctl_known(const char *set)
{
	char name[KNOB_NAME_MAX];
	const char *equals = strchr(set, '=');
	return equals && snprintf(name, sizeof name, "%.*s", (int)(equals - set), set) < (int)sizeof name &&
	       sysctl_is_known(leat_modules, name);
}

static bool read_sysctl(struct shell_words *w, struct shell_command *c)
{
	while (shell_next_is(w, "-q") || shell_next_is(w, "-w") || shell_next_is(w, "-e")) {}
	c->verb = VERB_SYSCTL;
	c->sets = w->w + w->at;
	c->n_sets = w->n - w->at;
	bool known = c->n_sets != 0;
	for (unsigned i = 0; i < c->n_sets; i++)
		known &= sysctl_known(c->sets[i]);
	return known;
}

static bool read_setting(struct shell_command *c, const char *name, const char *value)
{
	c->verb = VERB_SYSCTL;
	c->one = c->set;
	c->sets = &c->one;
	c->n_sets = 1;
	return snprintf(c->set, sizeof c->set, "%s=%s", name, value) < (int)sizeof c->set &&
	       sysctl_known(c->set);
}

static bool read_echo(struct shell_words *w, struct shell_command *c)
{
	static const char proc[] = "/proc/sys/", cubic[] = "/sys/module/tcp_cubic/parameters/";
	char name[KNOB_NAME_MAX];
	const char *value = shell_next(w);
	if (!value || w->at < w->n)
		return false;
	if (!strncmp(w->to, proc, strlen(proc)))
		return read_setting(c, w->to + strlen(proc), value);
	if (strncmp(w->to, cubic, strlen(cubic)) ||
	    snprintf(name, sizeof name, "net.ipv4.tcp_cubic_%s", w->to + strlen(cubic)) >= (int)sizeof name)
		return false;
	return read_setting(c, name, value);
}

static bool read_qdisc(struct shell_words *w, struct shell_command *c)
{
	return shell_next_is(w, "qdisc") && shell_next_is(w, "replace") && shell_next_is(w, "dev") &&
	       device(w, c) && shell_next_is(w, "root") && shell_next_is(w, "fq") && w->at == w->n &&
	       read_setting(c, "net.ipv4.tcp_pace_all", "1");
}

static bool read_set_sysctls(struct shell_words *w, struct shell_command *c)
{
	static const char dir[] = "/proc/sys/";
	for (unsigned i = w->at; i < w->n; i++) {
		if (strncmp(w->w[i], dir, strlen(dir)) != 0)
			return false;
		w->w[i] += strlen(dir);
	}
	return read_sysctl(w, c);
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);
	return n >= m && !strcmp(s + n - m, with);
}

/* The words again, for people. */
static void join(const struct shell_words *w, char *to, size_t size)
{
	size_t at = 0;
	for (unsigned i = 0; i < w->n && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s%s", i ? " " : "", w->w[i]);
}

/* So it is already: packets leave at once; a device of scripts cuts large ones. */
static bool is_nothing(const struct shell_words *w)
{
	static const char *const lines[] = {
		"tc qdisc add dev tun0 root pfifo",
		"ethtool -K tun0 tso off gso off",
		"ethtool -K tun0 gso off tso off",
	};
	char line[SHELL_LEN_MAX];
	join(w, line, sizeof line);
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strcmp(line, lines[i]))
			return true;
	return w->n == 1 && !strncmp(w->w[0], "/tmp/sysctl_restore_", 20) && ends(w->w[0], ".sh");
}

/* As nstat names it. */
static unsigned count_find(const char *name)
{
	static const char *const names[TCP_COUNTS] = {
#define GROUP_TCP                  "Tcp"
#define GROUP_EXT                  "TcpExt"
#define TCP_COUNT(id, group, name) [TCP_N_##id] = GROUP_##group name,
#include "tcp/counts.def"
#undef TCP_COUNT
#undef GROUP_TCP
#undef GROUP_EXT
	};
	unsigned i = 0;
	while (i < TCP_COUNTS && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static bool read_ip(struct shell_words *w, struct shell_command *c)
{
	c->family = shell_next_is(w, "-6") ? AF_INET6 : AF_INET; /* what does not say it by an address */
	shell_next_is(w, "-4");
	if (shell_next_is(w, "link"))
		return read_link(w, c);
	if (shell_next_is(w, "tcp_metrics")) {
		c->verb = VERB_METRICS;
		return shell_next_is(w, "flush") &&
		       (w->at == w->n || (shell_next_is(w, "all") && w->at == w->n));
	}
	if (shell_next_is(w, "addr") || shell_next_is(w, "address"))
		return read_addr(w, c);
	return (shell_next_is(w, "route") || shell_next_is(w, "ro")) && read_route(w, c);
}

/* nstat; nstat | grep NAME */
static bool read_nstat(struct shell_words *w, struct shell_command *c)
{
	c->verb = VERB_COUNTS;
	if (shell_next_is(w, "|"))
		c->count = shell_next_is(w, "grep") ? shell_next(w) : "";
	return w->at == w->n && (!c->count || count_find(c->count) < TCP_COUNTS);
}

static bool read_command(struct shell_words *w, struct shell_command *c)
{
	*c = (struct shell_command){ 0 };
	if (w->odd || !w->n)
		return false;
	if (is_nothing(w)) {
		c->verb = VERB_NOTHING;
		return true;
	}
	const char *name = shell_next(w);
	if (!strcmp(name, "grep"))
		return shell_read_grep(w, c);
	if (!strcmp(name, "nstat"))
		return read_nstat(w, c);
	if (w->piped)
		return false;
	if (strchr(name, '/') && ends(name, ".sh") && w->n == 1) {
		c->verb = VERB_FILE;
		c->file = name;
		return true;
	}
	if (ends(name, "/set_sysctls.py"))
		return read_set_sysctls(w, c);
	if (*w->to || !strcmp(name, "echo"))
		return !strcmp(name, "echo") && read_echo(w, c);
	if (!strcmp(name, "tc"))
		return read_qdisc(w, c);
	return !strcmp(name, "sysctl") ? read_sysctl(w, c) : !strcmp(name, "ip") && read_ip(w, c);
}

/* --- files --- */

/* What is in it, for the caller to free(); NULL: it cannot be read. */
static char *file_text(const char *dir, const char *name)
{
	char path[SHELL_LEN_MAX];
	char *text = calloc(1, FILE_LEN_MAX + 1);
	int n = snprintf(path, sizeof path, "%s%s%s", *name == '/' ? "" : dir, *name == '/' ? "" : "/", name);
	FILE *f = text && n < (int)sizeof path ? fopen(path, "re") : NULL;
	if (!f) {
		free(text);
		return NULL;
	}
	text[fread(text, 1, FILE_LEN_MAX, f)] = 0;
	fclose(f);
	return text;
}

/* --- doing --- */

/* As sysctl does: one that fails keeps none of the others back. */
static int set_all(struct shell_answer *a, const struct shell_command *c)
{
	int err = 0;
	for (unsigned i = 0; i < c->n_sets; i++) {
		char name[KNOB_NAME_MAX];
		const char *equals = strchr(c->sets[i], '=');
		snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - c->sets[i] : 0), c->sets[i]);
		int one = equals ? sysctl_set(a->w->st, name, equals + 1, a->why, a->why_len) : -EINVAL;
		err = err ? err : one;
	}
	return err;
}

/* What has grown since the last time. */
static int look_at_counts(struct shell_answer *a, const struct shell_command *c)
{
	bool found = !c->count;
	for (unsigned i = 0; i < TCP_COUNTS; i++) {
		uint64_t now = tcp_counted(a->w->st, i);
		found |= c->count && i == count_find(c->count) && now != a->w->counted[i];
		a->w->counted[i] = now;
	}
	if (!found)
		snprintf(a->why, a->why_len, "%s has not grown", c->count);
	return found ? 0 : -ENOENT;
}

static int run_text(struct shell_answer *a, const char *dir, const char *text, bool is_file, unsigned depth);

static int run_file(struct shell_answer *a, const char *dir, const char *name, unsigned depth)
{
	char *text = depth < DEPTH_MAX ? file_text(dir, name) : NULL;
	int err = text ? run_text(a, dir, text, true, depth + 1) : -ENOENT;
	free(text);
	return err;
}

static int run_command(struct shell_answer *a, const char *dir, struct shell_words *w, unsigned depth)
{
	struct shell_command c;
	if (!read_command(w, &c) && c.verb != VERB_SYSCTL) {
		snprintf(a->why, a->why_len, "%s: not known here", w->n ? w->w[0] : "that");
		return -ENOENT;
	}
	if (c.verb == VERB_NOTHING)
		return 0;
	if (c.verb == VERB_SYSCTL)
		return set_all(a, &c);
	if (c.verb == VERB_COUNTS)
		return look_at_counts(a, &c);
	int err = c.verb == VERB_FILE   ? run_file(a, dir, c.file, depth)
		  : c.verb == VERB_GREP ? shell_grep(a->w, &c)
					: shell_ask(a, &c);
	char line[256] = "";
	join(w, line, sizeof line);
	if (err)
		snprintf(a->why, a->why_len, "%s: %s", line, strerror(-err));
	return err;
}

/* In a line of the script each command must succeed, in a file the last. */
static int run_text(struct shell_answer *a, const char *dir, const char *text, bool is_file, unsigned depth)
{
	struct shell_words w;
	int err = 0;
	while (shell_cut(&text, &w))
		if (w.otherwise ? err : is_file || !err)
			err = run_command(a, dir, &w, depth);
	return err;
}

int shell_run(struct world *w, const char *dir, const char *text, char *ret_why, size_t why_len)
{
	struct shell_answer a = { .w = w, .why = ret_why, .why_len = why_len };
	return run_text(&a, dir, text, false, 0);
}

/* --- before --- */

struct look {
	const char *dir;
	char *room;
	size_t size;
};

static bool look_at(const struct look *l, const char *text, bool is_file, unsigned depth)
{
	struct shell_words w;
	struct shell_command c;
	while (shell_cut(&text, &w)) {
		const char *next = text + strspn(text, " \t\n");
		bool may_fail = is_file || !strncmp(next, "||", 2);
		bool known = read_command(&w, &c), lacking = !known && c.verb == VERB_SYSCTL && may_fail;
		if (known && c.verb == VERB_FILE) {
			char *file = depth < DEPTH_MAX ? file_text(l->dir, c.file) : NULL;
			bool ok = file && look_at(l, file, true, depth + 1);
			bool read = file != NULL;
			free(file);
			if (!ok && !read)
				snprintf(l->room, l->size, "a shell line that is not known here: %s", c.file);
			if (!ok)
				return false;
		} else if (!known && !lacking) {
			char line[256] = "";
			join(&w, line, sizeof line);
			snprintf(l->room, l->size, "a shell line that is not known here: %s", line);
			return false;
		}
	}
	return true;
}

const char *shell_missing(const char *dir, const char *text, char *room, size_t size)
{
	struct look l = { dir, room, size };
	return look_at(&l, text, false, 0) ? NULL : room;
}
