/* SPDX-License-Identifier: BSD-2-Clause */
/* A knob is a setting of a module that people know by name: what sysctl(8) sets on Linux, under the same name. A module lists its
 * own in `.knobs`; help, checking, `leat sysctl`, save files all read the row, so a knob is added in one place.
 *
 * A knob's value is a member of the module's stack state, or, for one per interface ("net.ipv4.conf.IF.forwarding"), of struct
 * iface_conf (net/iface.h): each interface has its own, and begins with what the one called "default" says. Members are
 * unsigned (or, with KNOB_SIGNED, signed), of 1 to 8 bytes, written by the control lcore and read by workers with racy_get(). Before a module's init they
 * have their defaults. */
#ifndef LEAT_CORE_KNOB_H
#define LEAT_CORE_KNOB_H

#include "base/base.h"

struct leat_stack;
struct iface;
struct module;
struct saver;
struct loader;

enum { KNOB_VALUES = 5 }; /* of one knob, at most */
enum { KNOB_NAME_MAX = 128, KNOB_TEXT_MAX = 256 }; /* of a name with its interface; of values as text */

enum knob_flags {
	KNOB_PER_IFACE = 1 << 0,
	KNOB_ALIAS = 1 << 1, /* another name for what an earlier row has: saved there */
	KNOB_SIGNED = 1 << 2, /* values, bounds and members are signed: KNOB_MINUS(1) is the least */
	KNOB_FOLLOWS = 1 << 4, /* another setting changes it, too: saved even with its default */
	KNOB_BITS = 1 << 5, /* the pair is 128 bits, written as a list of numbers and ranges: "0-1,3-127" */
	KNOB_WORD = 1 << 6, /* the value is the number of a word (.word) */
	KNOB_WORDS = 1 << 7, /* its bits are numbers of words, written with blanks between them */
	KNOB_KEYS =
		1
		<< 8, /* how many keys of 128 bits, 1 or 2, and the keys, a pair each: written as four words with dashes between
			     * them, and a comma between keys. A secret */
	KNOB_IP6 =
		1
		<< 3, /* the pair is an IPv6 address, in the order of its bytes; all zero: none, and empty text */
};

#define KNOB_MINUS(n) ((uint64_t) - (int64_t)(n))

struct knob {
	const char *name; /* as sysctl has it, "IF" standing for the interface */
	uint16_t flags;
	uint8_t size; /* of a value in bytes */
	uint8_t more; /* so many values stand beside the first */
	uint32_t scale; /* the member counts so many to one of the value; 0: 1 */
	size_t at;
	uint64_t dflt[KNOB_VALUES], min, max; /* of each value */
	const char *(*word)(unsigned number); /* from 0; NULL: there are no more */
	const char *unit; /* "ms"; NULL: a number, or 0 and 1 */
	const char *help; /* a line */
	/* More than min and max can say, before anything is written: 0 or -errno. i: NULL for the stack and for "default". */
	int (*check)(struct leat_stack *st, struct iface *i, const uint64_t v[KNOB_VALUES]);
	/* Something follows from the new value. NULL: it is read where it acts. */
	void (*changed)(struct leat_stack *st, struct iface *i, const struct knob *k);
};

/* Rows. `type` is the module's stack state; what follows are further members, at least .help. A table ends with { 0 }. */
#define KNOB(knob_name, type, member, dflt_, min_, max_, ...)                                           \
	{                                                                                               \
		.name = (knob_name), .size = sizeof(((type *)0)->member), .at = offsetof(type, member), \
		.dflt = { (dflt_) }, .min = (min_), .max = (max_), __VA_ARGS__                          \
	}
#define KNOB_IFACE(knob_name, member, dflt_, min_, max_, ...)                                                \
	{                                                                                                    \
		.name = (knob_name), .flags = KNOB_PER_IFACE,                                                \
		.size = sizeof(((struct iface_conf *)0)->member), .at = offsetof(struct iface_conf, member), \
		.dflt = { (dflt_) }, .min = (min_), .max = (max_), __VA_ARGS__                               \
	}
/* The same member, counted in something smaller than the name says: another row for seconds beside one for milliseconds. */
#define KNOB_IFACE_ALIAS(knob_name, member, scale_, dflt_, min_, max_, ...)                                  \
	{                                                                                                    \
		.name = (knob_name), .flags = KNOB_PER_IFACE | KNOB_ALIAS, .scale = (scale_),                \
		.size = sizeof(((struct iface_conf *)0)->member), .at = offsetof(struct iface_conf, member), \
		.dflt = { (dflt_) }, .min = (min_), .max = (max_), __VA_ARGS__                               \
	}

/* Values of the member in the state (or iface_conf) at `base`. */
void knob_read(const struct knob *k, const void *base, uint64_t ret_v[KNOB_VALUES]);
void knob_write(const struct knob *k, void *base, const uint64_t v[KNOB_VALUES]);
void knob_set_default(const struct knob *k, void *base);
bool knob_is_default(const struct knob *k, const void *base);
/* Checks bounds and .check, writes, calls .changed. 0 or -errno with a line in ret_why. */
int knob_set(struct leat_stack *st, struct iface *i, const struct knob *k, void *base,
	     const uint64_t v[KNOB_VALUES], char *ret_why, size_t why_len);

/* Decimal, octal or hexadecimal numbers with blanks between them, exactly as many as the knob has. */
bool knob_parse(const struct knob *k, const char *text, uint64_t ret_v[KNOB_VALUES]);
/* As sysctl does: tabs between them. */
void knob_print(const struct knob *k, const uint64_t v[KNOB_VALUES], char to[KNOB_TEXT_MAX]);

/* --- a module's table; control lcore --- */

/* Where the values of a knob of m are that is not per interface, or its "default"; NULL: nowhere (a stack without interfaces). */
void *knob_base(const struct leat_stack *st, const struct module *m, const struct knob *k);
/* Everything to its default, before init. */
void knobs_reset(struct leat_stack *st, const struct module *m);
/* An object "knobs" with all but the single interfaces', which are saved with them (iface_save.c). */
void knobs_save(struct leat_stack *st, const struct module *m, struct saver *s);
/* Before any module is restored, so that all come back under the settings they had. Absent ones have their defaults. */
int knobs_restore(struct leat_stack *st, const struct module *m, struct loader *l);
/* One row by its whole name, for the two above and for interfaces. */
void knob_save_value(struct saver *s, const char *name, const struct knob *k, const void *base);
int knob_restore_value(struct leat_stack *st, struct iface *i, struct loader *l, const char *name,
		       const struct knob *k, void *base);
/* "IF" in the row's name replaced. */
void knob_full_name(const struct knob *k, const char *iface, char to[KNOB_NAME_MAX]);

#endif
