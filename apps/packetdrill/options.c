/* SPDX-License-Identifier: BSD-2-Clause */
/* The tool passes one string (--so_flags) and nothing of what else it was told, so the addresses stand there again:
 *
 *	ip_version=ipv6,local_ip=fd3d:a0b:17d6::1,remote_ip=2001:db8::1,mtu=1280
 *
 * Understood are the options of `leat drill` about the stack, with its defaults, and patience=SECONDS: how long (in virtual time) a packet is
 * waited for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/tested.h"

enum { OPTIONS_MAX = 16, PATIENCE_S = 8000 /* longer than the longest timer, keepalive's two hours */ };

static bool patience(struct tested *t, const char *value)
{
	char *end;
	unsigned long s = strtoul(value, &end, 10);
	t->patience_us = (uint64_t)s * 1000000;
	return *value && !*end && s && s < 1000000;
}

bool options_read(struct tested *t, const char *flags, char *ret_why, size_t why_len)
{
	struct script_option option[OPTIONS_MAX];
	unsigned n = 0;
	char *text = strdup(flags ? flags : ""), *save;
	bool ok = text;
	t->patience_us = (uint64_t)PATIENCE_S * 1000000;
	for (char *p = text ? strtok_r(text, ", \n", &save) : NULL; p && ok;
	     p = strtok_r(NULL, ", \n", &save)) {
		char *value = strchr(p, '=');
		ok = value && n < OPTIONS_MAX;
		if (ok)
			*value++ = 0;
		if (ok && !strcmp(p, "patience"))
			ok = patience(t, value);
		else if (ok)
			option[n++] = (struct script_option){ p, value };
		if (!ok)
			snprintf(ret_why, why_len, "%s: name=value is wanted, or patience=SECONDS", p);
	}
	ok = ok && script_of_options("flags", option, n, &t->script, ret_why, why_len) == 0;
	free(text);
	return ok;
}
