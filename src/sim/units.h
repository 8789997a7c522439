/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers with units as topologies write them: "5ms", "1G", "0.1%". Read with integers alone. */
#ifndef LEAT_SIM_UNITS_H
#define LEAT_SIM_UNITS_H

#include "base/base.h"

/* The whole string; false when it is none, has no unit it needs, or is too large. Digits behind the last that counts are
 * refused unless 0. */
bool unit_time_us(const char *s, uint64_t *ret); /* us, ms, s, m, h */
bool unit_rate_bps(const char *s, uint64_t *ret); /* none, k, M, G, T: thousands */
bool unit_chance(const char *s, uint32_t *ret); /* N% in billionths; "0" and "1" without the sign */
bool unit_u32(const char *s, uint32_t min, uint32_t max, uint32_t *ret);

#endif
