/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that users see are made from drop.def by the compiler: TTL_EXPIRED becomes "ttl-expired", with no table to
 * keep beside the list and nothing to set up at start. */
#include "base/drop.h"

#include <string.h>

#include "base/drop_kind.h"

enum { NAME_MAX_LEN = 32 };

/* The i-th character of a name as users see it; 0 behind its end. All of it is a constant expression. */
#define RAW(n, i)  ((i) < sizeof(#n) ? #n[(i) < sizeof(#n) ? (i) : 0] : 0)
#define LOWER(c)   (char)((c) >= 'A' && (c) <= 'Z' ? (c) + ('a' - 'A') : (c) == '_' ? '-' : (c))
#define CHAR(n, i) LOWER(RAW(n, i))
#define FOUR(n, i) CHAR(n, i), CHAR(n, (i) + 1), CHAR(n, (i) + 2), CHAR(n, (i) + 3)
#define NAME_OF(n)                                                                                      \
	{                                                                                               \
		FOUR(n, 0), FOUR(n, 4), FOUR(n, 8), FOUR(n, 12), FOUR(n, 16), FOUR(n, 20), FOUR(n, 24), \
			FOUR(n, 28)                                                                     \
	}

static const char names[DROP_MAX][NAME_MAX_LEN] = {
	[DROP_NONE] = "none",
#define DROP(name, help) [DROP_##name] = NAME_OF(name),
#include "base/drop.def"
#undef DROP
};

#define DROP(name, help) \
	static_assert(sizeof(#name) <= NAME_MAX_LEN, "a longer " #name " needs a longer row");
#include "base/drop.def"
#undef DROP

static const char *const helps[DROP_MAX] = {
	[DROP_NONE] = "not dropped",
#define DROP(name, help) [DROP_##name] = help,
#include "base/drop.def"
#undef DROP
};

static const bool done[DROP_MAX] = {
#define DROP(name, help)
#define DONE(name, help) [DROP_##name] = true,
#include "base/drop.def"
#undef DROP
};

const char *drop_name(enum drop why)
{
	return (unsigned)why < DROP_MAX ? names[why] : "?";
}

const char *drop_help(enum drop why)
{
	return (unsigned)why < DROP_MAX ? helps[why] : "not a known reason";
}

bool drop_is_done(enum drop why)
{
	return (unsigned)why < DROP_MAX && done[why];
}

enum drop drop_from_name(const char *name)
{
	for (unsigned i = 1; i < DROP_MAX; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum drop)i;
	}
	return DROP_NONE;
}
