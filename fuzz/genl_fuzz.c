/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the controller of generic netlink and to ethtool. */
#include "fuzz.h"
#include "requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const families[] = { "nlctrl", "ethtool", NULL };
	return requests_play(families, data, size);
}
