/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about links: what they are, the bridge's view of them, their statistics and their settings. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = {
		"route/link",     "route/bridge",   "route/stats", "route/netconf",
		"route/netconf4", "route/netconf6", NULL
	};
	return requests_play(families, data, size);
}
