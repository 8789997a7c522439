/* SPDX-License-Identifier: BSD-2-Clause */
/* A file for `leat sim` is something that somebody wrote: whatever it is, it is played or refused with one line that says where. Played
 * without `ip`, for three virtual seconds and so many events. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sim/topo.h"

enum { RUN_US = 3000000, EVENTS_MAX = 500, LEN_MAX = 2000 };

static bool is_one_line_of(const char *text, size_t len)
{
	return !strncmp(text, "f:", 2) && memchr(text, '\n', len) == text + len - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *said = NULL, *printed = NULL;
	size_t said_len = 0, printed_len = 0;
	if (!size || size > LEN_MAX || memchr(data, 0, size))
		return 0;
	struct topo_opts o = { .path = "f",
			       .text = (const char *)data,
			       .text_len = size,
			       .seed = 1,
			       .no_ip = true,
			       .run_max_us = RUN_US,
			       .events_max = EVENTS_MAX,
			       .out = open_memstream(&printed, &printed_len),
			       .err = open_memstream(&said, &said_len) };
	fuzz_check(o.out && o.err);
	enum topo_result r = topo_play(&o);
	fclose(o.out);
	fclose(o.err);
	fuzz_check(r == TOPO_BAD ? is_one_line_of(said, said_len) : said_len == 0);
	if (getenv("LEAT_FUZZ_VERBOSE"))
		printf("%s%s", printed, said);
	fuzz_check(!strstr(printed, "never came back") && !strstr(printed, "does not add up"));
	free(said);
	free(printed);
	return 0;
}
