/* SPDX-License-Identifier: BSD-2-Clause */
/* A script is a file that somebody wrote: whatever it is, it is read or refused with a line that says where. */
#include <string.h>

#include "drill/script.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script *s = NULL;
	char why[256] = "", text[512];
	int err = script_parse("f", (const char *)data, size, NULL, 0, &s, why, sizeof why);
	fuzz_check(err ? !s && strncmp(why, "f:", 2) == 0 : s && s->events);
	for (const struct event *e = err ? NULL : s->events; e; e = e->next) {
		if (e->kind == EVENT_PACKET)
			packet_print(&e->packet, s->family, text, sizeof text);
		fuzz_check(e->line > 0);
	}
	if (!err)
		script_free(s);
	return 0;
}
