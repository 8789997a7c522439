/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/units.h"

#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* digits [. digits], times factor. *ret_rest: what follows the number. */
static const char *number_end(const char *s)
{
	s += strspn(s, "0123456789");
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	return s;
}

static bool scale(const char *s, const char *end, uint64_t factor, uint64_t *ret)
{
	uint64_t v = 0, digit;
	if (s == end || *s == '.')
		return false;
	for (; s < end && *s != '.'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	if (__builtin_mul_overflow(v, factor, &v))
		return false;
	for (s += *s == '.'; s < end; s++) {
		digit = (uint64_t)(*s - '0');
		if (digit && factor % 10)
			return false;
		factor /= 10;
		if (__builtin_add_overflow(v, digit * factor, &v))
			return false;
	}
	*ret = v;
	return true;
}

static bool with_unit(const struct unit *units, const char *s, uint64_t *ret)
{
	const char *end = number_end(s);
	for (; units->name; units++)
		if (!strcmp(units->name, end))
			return scale(s, end, units->factor, ret);
	return false;
}

bool unit_time_us(const char *s, uint64_t *ret)
{
	static const struct unit units[] = { { "us", 1 },       { "ms", 1000 },         { "s", 1000000 },
					     { "m", 60000000 }, { "h", 3600000000ULL }, { 0 } };
	if (!strcmp(s, "0")) {
		*ret = 0;
		return true;
	}
	return with_unit(units, s, ret);
}

bool unit_rate_bps(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 }, { "T", 1000000000000ULL },
		{ 0 }
	};
	return with_unit(units, s, ret);
}

bool unit_chance(const char *s, uint32_t *ret)
{
	static const struct unit units[] = { { "%", 10000000 }, { "", 1000000000 }, { 0 } };
	uint64_t v;
	if (!with_unit(units, s, &v) || v > 1000000000)
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool unit_u32(const char *s, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t v;
	if (strchr(s, '.') || !scale(s, s + strspn(s, "0123456789"), 1, &v) || s[strspn(s, "0123456789")] ||
	    v < min || v > max)
		return false;
	*ret = (uint32_t)v;
	return true;
}
