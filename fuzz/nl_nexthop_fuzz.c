/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about nexthop objects and rules. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = { "route/nexthop", "route/rule", NULL };
	return requests_play(families, data, size);
}
