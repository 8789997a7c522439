/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the generic netlink family "leat" share. Control lcore. */
#ifndef LEAT_NETLINK_GENL_LEAT_H
#define LEAT_NETLINK_GENL_LEAT_H

#include "leat/genl.h"
#include "netlink/netlink_internal.h"

/* Stack state of the module. */
struct leat_genl {
	struct leat_stack *st;
	struct nl_closer closer;
	/* The trace: who started it, and how its messages are to be numbered. NULL: none. */
	struct nl_sock *tracer;
	uint32_t trace_seq;
	uint64_t trace_lost, trace_limit;
	uint64_t trace_heard_us; /* when there was last something to tell */
	struct timer trace_poll;
	struct list explaining; /* struct job of genl_leat_explain.c */
	unsigned n_explaining;
	struct list saving; /* struct saving of genl_leat_save.c */
	unsigned n_saving;
	struct list capturing; /* struct capturing of genl_leat_capture.c */
};

static inline struct leat_genl *leat_genl(const struct leat_stack *st)
{
	return stack_state(st, MODULE_genl_leat);
}

static inline void leat_begin(struct nl_req *r, uint8_t cmd, uint16_t flags)
{
	genl_begin(r->reply, r->msg->nlmsg_type, cmd, LEAT_GENL_VERSION, flags, r->msg->nlmsg_seq, r->portid);
}
static inline void leat_put_u64(struct nl_buf *b, uint16_t type, uint64_t v)
{
	nl_put_u64(b, type, v, LEAT_A_PAD);
}

/* genl_leat_dev.c */
int leat_dev_get(struct nl_req *r);
int leat_dev_dump(struct nl_req *r, struct nl_dump *d);
int leat_dev_add(struct nl_req *r);
int leat_dev_del(struct nl_req *r);
/* genl_leat_knob.c */
int leat_knob_get(struct nl_req *r);
int leat_knob_dump(struct nl_req *r, struct nl_dump *d);
int leat_knob_set(struct nl_req *r);
/* genl_leat_graph.c */
int leat_node_dump(struct nl_req *r, struct nl_dump *d);
int leat_drop_dump(struct nl_req *r, struct nl_dump *d);
/* genl_leat_stats.c */
int leat_stack_get(struct nl_req *r);
int leat_lcore_dump(struct nl_req *r, struct nl_dump *d);
int leat_mem_dump(struct nl_req *r, struct nl_dump *d);
/* genl_leat_explain.c */
void leat_explain_init(struct leat_genl *g);
int leat_explain(struct nl_req *r);
void leat_explain_closed(struct leat_genl *g, struct nl_sock *s);
bool leat_explain_has(const struct leat_genl *g, const struct nl_sock *s);
void leat_explain_done(struct leat_genl *g);
/* genl_leat_capture.c */
void leat_capture_init(struct leat_genl *g);
int leat_capture_start(struct nl_req *r);
int leat_capture_stop(struct nl_req *r);
void leat_capture_closed(struct leat_genl *g, struct nl_sock *s);
bool leat_capture_has(const struct leat_genl *g, const struct nl_sock *s);
void leat_capture_done(struct leat_genl *g);
/* genl_leat_save.c */
void leat_save_init(struct leat_genl *g);
int leat_save_dump(struct nl_req *r, struct nl_dump *d);
void leat_save_closed(struct leat_genl *g, struct nl_sock *s);
void leat_save_done(struct leat_genl *g);
/* genl_leat_trace.c */
struct trace_record;
void leat_put_record(struct nl_buf *b, struct leat_stack *st, const struct trace_record *t);
void leat_trace_init(struct leat_genl *g);
int leat_trace_start(struct nl_req *r);
int leat_trace_stop(struct nl_req *r);
void leat_trace_closed(struct leat_genl *g, struct nl_sock *s);
void leat_trace_done(struct leat_genl *g);

#endif
