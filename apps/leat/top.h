/* SPDX-License-Identifier: BSD-2-Clause */
/* What `leat top` shows: counters of one moment (top_sample.c), and the lines and objects two of them make (top_text.c). */
#ifndef LEAT_LEAT_TOP_H
#define LEAT_LEAT_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

enum top_kind { TOP_DEVS, TOP_NODES, TOP_DROPS, TOP_LCORES, TOP_KINDS };

/* Which counter is which, by kind. */
enum { DEV_RX_PACKETS, DEV_RX_BYTES, DEV_RX_LOST, DEV_TX_PACKETS, DEV_TX_BYTES, DEV_TX_LOST, DEV_FLAGS };
enum { NODE_PACKETS, NODE_VECTORS, NODE_CYCLES };
enum { DROP_COUNT };
enum { LCORE_BUSY, LCORE_TURNS, LCORE_PACKETS };
enum { TOP_VALUES = 7, TOP_NAME = 64 };

struct top_row {
	char name[TOP_NAME]; /* of the interface, the node, the reason, the lcore */
	char of[TOP_NAME]; /* of a drop: the node */
	bool consumed; /* of a drop: no loss */
	uint64_t v[TOP_VALUES];
	double rate[TOP_VALUES]; /* a second; 0 before there is a sample to compare with */
};

struct top_sample {
	char stack[TOP_NAME];
	uint64_t time_us; /* the stack's */
	uint32_t workers;
	double seconds; /* since the sample before; 0: there is none */
	struct {
		struct top_row *row;
		size_t n, room;
	} kind[TOP_KINDS];
};

/* Asks for all counters; rates are against prev (NULL: none). 0, or 1 after a line on standard error. */
int top_sample(struct client *c, const struct top_sample *prev, struct top_sample **ret);
void top_sample_free(struct top_sample *s);

enum top_sort { TOP_BY_RATE, TOP_BY_TOTAL, TOP_BY_NAME, TOP_SORTS };
struct top_view {
	enum top_sort sort;
	char filter[TOP_NAME]; /* part of a name; "": all */
	bool hidden[TOP_KINDS];
	bool all; /* drops that are none, too */
};
bool top_sort_find(const char *name, enum top_sort *ret);
const char *top_sort_name(enum top_sort s);
/* Puts the rows of each kind in order. */
void top_order(struct top_sample *s, const struct top_view *v);
/* Calls line for each line of text. */
typedef void top_line_fn(void *ctx, const char *text, bool is_head);
void top_text(const struct top_sample *s, const struct top_view *v, top_line_fn *line, void *ctx);
json_t *top_json(const struct top_sample *s, const struct top_view *v);

/* The live view: until it is left. Exit status. delay_ms is where it begins. */
int top_screen(struct client *c, struct top_view *v, unsigned delay_ms);

#endif
