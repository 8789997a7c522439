/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to leat's own families: graph, counters, traces, captures, settings, and the files of old tools. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = { "leat", "leat_file", NULL };
	return requests_play(families, data, size);
}
