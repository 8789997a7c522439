/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about addresses, groups, anycast addresses and labels. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = {
		"route/addr",     "route/addr4",     "route/addr6", "route/multicast",
		"route/anycast6", "route/addrlabel", NULL
	};
	return requests_play(families, data, size);
}
