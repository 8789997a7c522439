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
	uint64_t at_us; /* when it happens; of `chaos`: when that is over */
	char *text, *whole; /* cut into words; as it was, from behind `at T` */
	char *word[LINE_WORDS_MAX + 1]; /* [n..] are NULL */
	struct sim_ping *ping; /* what it started */
	struct sim_udp *udp;
	struct chaos *chaos;
	bool expects; /* `expect MIN..MAX` behind it */
	uint32_t min, max;
};

/* What a node has been told by `ip` lines. */
struct topo_node {
	struct sim_node *node;
	struct line **told; /* in order */
	unsigned n_told, n_heard; /* the first n_heard of them by the stack that is there now */
};

struct topo {
	const struct topo_opts *o;
	struct sim *sim;
	struct line **line;
	unsigned n_lines;
	struct topo_node *node;
	unsigned n_nodes;
	uint64_t run_us; /* 0: not said */
	unsigned failed;
	char show[64]; /* a filter for what the first failure was about; "": for all */
	bool bad;
	bool hearing; /* ip is at work */
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

/* topo.c. A line made up while the network runs, as if it stood where `by` stands; it acts at once. False: as act(). */
bool topo_add_by_chance(struct line *by, const char *text);
/* Says where and what; always false. */
bool topo_wrong(struct line *l, const char *fmt, ...) printf_like(2, 3) cold_fn;
/* "usage: ..."; always false. */
bool topo_usage(struct line *l) cold_fn;

/* topo_verbs.c: the verb that a line's words start with; NULL: none. */
const struct verb *topo_verb(const struct line *l);
void topo_list_verbs(char *to, size_t size);

/* topo_nodes.c */
struct sim_node *topo_node_of(struct line *l,
			      const char *name); /* NULL: there is none, which has been said */
/* How many lcores the file's nodes need. */
unsigned topo_lcores(const struct topo *t);
void topo_nodes_done(struct topo *t);
bool topo_act_node(struct line *l);
bool topo_act_ip(struct line *l);
bool topo_act_crash(struct line *l);
bool topo_act_return(struct line *l);

/* topo_wires.c */
bool topo_act_wire(struct line *l);
/* "NAME VALUE" as the wire has it now; `name` is a setting's. */
void topo_setting_text(const struct sim_wire *w, const char *name, char *to, size_t size);

/* topo_traffic.c */
bool topo_act_ping(struct line *l);
bool topo_act_udp(struct line *l);
bool topo_act_expect(struct line *l);
bool topo_is_sending(const struct line *l);
void topo_judge_traffic(struct topo *t);
void topo_report_traffic(const struct topo *t);

/* topo_chaos.c */
bool topo_act_chaos(struct line *l);
/* A line of the file is about to act: what chance has done to the same thing is its own from now on. */
void topo_overrule_chaos(struct topo *t, const struct line *l);
void topo_chaos_free(struct chaos *c);

#endif
