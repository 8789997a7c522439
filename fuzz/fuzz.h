/* SPDX-License-Identifier: BSD-2-Clause */
/* What every fuzz target defines. It returns 0 and calls abort() (fuzz_check) when a promise does not hold. */
#ifndef LEAT_FUZZ_H
#define LEAT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() it is there in every build. */
#define fuzz_check(promise)                                                                          \
	do {                                                                                         \
		if (!(promise)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #promise); \
			abort();                                                                     \
		}                                                                                    \
	} while (0)

#endif
