/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_SIM_TOPO_INTERNAL_H
#define LEAT_SIM_TOPO_INTERNAL_H

#include "sim/sim.h"
#include "sim/topo.h"

enum { LINE_WORDS_MAX = 48 };

struct line {
	struct sim_event when;
	struct topo *topo;
	const struct verb *verb;
	unsigned number, n;
	bool timed;
	uint64_t at_us;
	char *text, *whole; /* cut into words; as it was, from behind `at T` */
	char *word[LINE_WORDS_MAX + 1]; /* [n..] are NULL */
	struct sim_ping *ping; /* that it started */
	bool expects; /* `expect MIN..MAX` behind a ping */
	uint32_t min, max;
};

struct topo {
	const struct topo_opts *o;
	struct sim *sim;
	struct line **line;
	unsigned n_lines;
	uint64_t run_us; /* 0: not said */
	unsigned failed;
	const char *failed_to; /* the address that the first failure was about; NULL: it was about none */
	bool bad;
};

enum stage { STAGE_BUILD, STAGE_CONFIG, STAGE_START, STAGE_END };
struct verb {
	const char *name;
	bool (*act)(struct line *l); /* false: what is wrong has been said */
	enum stage stage; /* when, if the line has no time */
	bool timed; /* may have one */
	unsigned min_words;
	const char *usage;
};

/* topo_verbs.c: the verb that a line's words start with; NULL: none. */
const struct verb *topo_verb(const struct line *l);
/* Says where and what; always false. */
bool topo_wrong(struct line *l, const char *fmt, ...) printf_like(2, 3) cold_fn;
/* How many lcores the file's nodes need. */
unsigned topo_lcores(const struct topo *t);
void topo_judge_pings(const struct topo *t);

#endif
