/* SPDX-License-Identifier: BSD-2-Clause */
/* grep " 0A " /proc/net/tcp ... | grep ":1F90": is there such a line? Of the kernel's file there are the lines of listeners. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drill/shell_internal.h"
#include "drill/world.h"
#include "tcp/tcp_internal.h"

static bool is_file(const char *s)
{
	return !strcmp(s, "/proc/net/tcp") || !strcmp(s, "/proc/net/tcp6");
}

/* grep WORD FILE... [| grep WORD]... */
bool shell_read_grep(struct shell_words *w, struct shell_command *c)
{
	bool any = false;
	c->verb = VERB_GREP;
	while (c->n_wanted < ARRAY_SIZE(c->wanted) && w->at < w->n) {
		if (c->n_wanted && !shell_next_is(w, "grep"))
			return false;
		c->wanted[c->n_wanted++] = shell_next(w);
		while (c->n_wanted == 1 && w->at < w->n && is_file(w->w[w->at])) {
			any = true;
			w->at++;
		}
		if (!c->wanted[c->n_wanted - 1] || (w->at < w->n && !shell_next_is(w, "|")))
			return false;
	}
	return any && w->at == w->n;
}

static bool has_all(const char *line, const struct shell_command *c)
{
	bool all = true;
	for (unsigned i = 0; i < c->n_wanted; i++)
		all &= strstr(line, c->wanted[i]) != NULL;
	return all;
}

int shell_grep(const struct world *w, const struct shell_command *c)
{
	const struct hash_node *n;
	hash_for_each (n, &tcp_stack(w->st)->listening) {
		const struct tcp_listener *l = container_of(n, struct tcp_listener, by_port);
		char line[128];
		snprintf(line, sizeof line, "   0: 00000000:%04X 00000000:0000 0A 00000000:00000000",
			 l->end->local.port);
		if (has_all(line, c))
			return 0;
	}
	return -ENOENT;
}
