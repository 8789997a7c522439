/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about neighbours and their tables. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = { "route/neigh", "route/neightbl", NULL };
	return requests_play(families, data, size);
}
