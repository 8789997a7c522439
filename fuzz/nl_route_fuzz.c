/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about routes. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = { "route/route", "route/route4", "route/route6", NULL };
	return requests_play(families, data, size);
}
