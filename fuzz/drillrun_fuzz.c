/* SPDX-License-Identifier: BSD-2-Clause */
/* A script is played, whatever it asks for: absurd times, sizes and counts end with a verdict, soon, and a failure says where. Code is
 * not run here: it would be somebody else's program. */
#include <string.h>

#include "drill/drill.h"
#include "fuzz.h"

enum { STOPS_MAX = 2000 };

static bool has_code(const struct script *s)
{
	for (const struct event *e = s->events; e; e = e->next)
		if (e->kind == EVENT_CODE)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct drill_how how = { .stops_max = STOPS_MAX };
	struct script *s = NULL;
	char why[4096] = "";
	if (script_parse("f", (const char *)data, size, NULL, 0, &s, why, sizeof why))
		return 0;
	if (!has_code(s)) {
		enum drill_outcome out = drill_play(s, &how, why, sizeof why);
		fuzz_check(out == DRILL_PASSED ? !why[0] : !strncmp(why, "f:", 2));
	}
	script_free(s);
	return 0;
}
