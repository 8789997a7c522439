/* SPDX-License-Identifier: BSD-2-Clause */
#include "mutants.h"

#include <string.h>

#include "core/save.h"
#include "graph/node.h"
#include "ip/ip.h"
#include "l4/l4_internal.h"
#include "net/addr.h"
#include "net/iface.h"
#include "net/neigh_internal.h"
#include "nlmsg/nlmsg.h"
#include "pkt/csum.h"
#include "pkt/pkt.h"

static const struct {
	const char *name, *words, *expected;
} mutants[] = {
#define MUTANT(name, words, expected) [MUTANT_##name] = { #name, words, expected },
#include "mutants.def"
#undef MUTANT
};

static enum mutant chosen;
static unsigned times;

void mutants_list(FILE *to)
{
	for (unsigned i = 1; i < ARRAY_SIZE(mutants); i++)
		fprintf(to, "%-18s %-32s | %s\n", mutants[i].name, mutants[i].expected, mutants[i].words);
}

bool mutant_choose(const char *name)
{
	for (unsigned i = 1; i < ARRAY_SIZE(mutants); i++)
		if (!strcmp(mutants[i].name, name))
			chosen = (enum mutant)i;
	return chosen != MUTANT_NONE;
}

void mutants_begin(void)
{
	times = 0;
}

bool mutant_strikes(enum mutant m, unsigned one_in)
{
	return chosen == m && times++ % one_in == one_in - 1;
}

/* Declares the real function and ours in front of it, and begins ours. */
#define WRAP(ret, name, ...)            \
	ret __real_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__)

/* --- messages, timers, what is to be done at the end of a turn --- */

/* Tells those who wait that their interface has gone. */
static bool is_about_interface(const struct msg *m)
{
	uint32_t why = DROP_NONE;
	if (m->fn == neigh_on_failed)
		neigh_key_get(m, &why);
	return m->fn == neigh_on_iface_gone || why == DROP_IF_GONE || why == DROP_IF_DOWN;
}

WRAP(bool, lcore_post, struct lcore *from, struct lcore *to, const struct msg *m)
{
	if (m->fn == neigh_on_valid && mutant_strikes(MUTANT_lost_wakeup, 3))
		return true;
	if (is_about_interface(m) && mutant_strikes(MUTANT_stale_interface, 1))
		return true;
	if (m->fn == neigh_on_wanted && mutant_strikes(MUTANT_lost_question, 3))
		return true;
	return __real_lcore_post(from, to, m);
}

WRAP(bool, lcore_try_post, struct lcore *from, struct lcore *to, const struct msg *m)
{
	if (m->fn == neigh_on_heard && from->id && mutant_strikes(MUTANT_lost_answer, 1))
		return true;
	return __real_lcore_try_post(from, to, m);
}

/* The end of an endpoints' turn: those to be told are forgotten. */
WRAP(void, lcore_at_turn_end, struct lcore *lc, struct turn_end *e)
{
	struct worker *w;
	list_for_each (w, &lc->workers, lc_link) {
		struct l4_worker *lw = worker_state(w, MODULE_l4);
		if (lw && &lw->tell_end == e && mutant_strikes(MUTANT_lost_told, 3)) {
			while (lw->tell)
				l4_tell_not(lw->tell);
			return;
		}
	}
	__real_lcore_at_turn_end(lc, e);
}

WRAP(void, timer_set_at, struct wheel *w, struct timer *t, uint64_t when_us)
{
	static uint64_t ever; /* it outlives the play, which is the fault */
	ever++;
	if (mutant_strikes(MUTANT_unrepeatable, 64))
		when_us += ever % 1000;
	if (!mutant_strikes(MUTANT_lost_timer, 64))
		__real_timer_set_at(w, t, when_us);
}

WRAP(void, graph_hand_over, struct worker *w, unsigned to_worker, uint16_t node, struct pkt *const *p,
     unsigned n)
{
	if (to_worker == w->index || !mutant_strikes(MUTANT_lost_batch, 8))
		__real_graph_hand_over(w, to_worker, node, p, n);
}

/* --- packets --- */

WRAP(void, graph_drop, struct worker *w, uint16_t node, struct pkt *p, enum drop why)
{
	if (why == DROP_NEIGH_QUEUE_FULL && mutant_strikes(MUTANT_uncounted_drop, 1)) {
		pkt_free(w->lc, p);
	} else if (mutant_strikes(MUTANT_leaked_drop, 4)) {
		graph_count_lost(w, node, 1, why);
	} else {
		if (mutant_strikes(MUTANT_counted_twice, 4))
			graph_count_lost(w, node, 1, why);
		__real_graph_drop(w, node, p, why);
	}
}

WRAP(void, buf_put, struct lcore *lc, struct buf *b)
{
	if (!mutant_strikes(MUTANT_leaked_page, 16))
		__real_buf_put(lc, b);
}

WRAP(enum drop, pkt_csum_finish, struct pkt *p)
{
	bool spoil = p->csum == PKT_CSUM_PARTIAL && mutant_strikes(MUTANT_bad_checksum, 3);
	uint8_t *at = pkt_start(p) + p->csum_start + p->csum_off;
	enum drop why = __real_pkt_csum_finish(p);
	if (spoil && !why)
		*at ^= 0x10;
	return why;
}

WRAP(bool, pkt_csum_ok, struct pkt *p, uint32_t pseudo, uint32_t l4_len)
{
	return __real_pkt_csum_ok(p, pseudo, l4_len) || mutant_strikes(MUTANT_blind_checksum, 1);
}

/* What a device hands in, it hands in twice. */
WRAP(void, iface_input, struct worker *w, struct iface *i, struct pkt *const *p, unsigned n)
{
	struct pkt *copy =
		n == 1 && mutant_strikes(MUTANT_copied, 8) ? l4_copy(w, "eth-input", p[0], p[0]->len) : NULL;
	__real_iface_input(w, i, p, n);
	if (copy)
		__real_iface_input(w, i, &copy, 1);
}

/* For neigh.c. */
struct pkt *mutant_queue_pop(struct pkt_queue *q)
{
	if (q->n <= NEIGH_QUEUE_MAX || !mutant_strikes(MUTANT_stale_parked, 1))
		return pkt_queue_pop(q);
	q->n--;
	return q->head;
}

uint32_t mutant_bound(const char *what, uint32_t is)
{
	bool strikes = strstr(what, "queue_bytes") && mutant_strikes(MUTANT_queue_bound, 1);
	return strikes ? is + NEIGH_PKT_BYTES : is;
}

/* For fib_exc.c. */
void mutant_exception_timer(struct wheel *w, struct timer *t, uint64_t when_us)
{
	if (!mutant_strikes(MUTANT_lasting_exception, 1))
		timer_set_at(w, t, when_us);
}

/* For iface_output.c. */
bool mutant_counts(const char *what)
{
	return !strstr(what, "tx_packets") || !mutant_strikes(MUTANT_uncounted_sent, 16);
}

/* --- sockets --- */

WRAP(struct l4_end *, l4_find, const struct worker *w, const struct l4_tuple *t)
{
	struct l4_end *e = __real_l4_find(w, t), *last;
	if (!e || !mutant_strikes(MUTANT_wrong_socket, 8))
		return e;
	last = l4_end_by_id(w->st, l4_stack(w->st)->next_id);
	return last && last->ops == e->ops ? last : e;
}

/* --- tables --- */

WRAP(bool, load_u64, struct loader *l, const char *key, uint64_t min, uint64_t max, uint64_t *ret)
{
	bool ok = __real_load_u64(l, key, min, max, ret);
	if (!strcmp(key, "rx_bytes") && mutant_strikes(MUTANT_forgetful_restore, 1))
		*ret = 0;
	return ok;
}

WRAP(int, graph_restore, struct leat_stack *st, struct loader *l)
{
	return mutant_strikes(MUTANT_forgetful_graph, 1) ? 0 : __real_graph_restore(st, l);
}

WRAP(bool, load_list, struct loader *l, const char *key, size_t *ret_n)
{
	bool ok = __real_load_list(l, key, ret_n);
	if (ok && !strcmp(key, "members") && *ret_n > 1 && mutant_strikes(MUTANT_lost_leg, 1))
		--*ret_n;
	return ok;
}

WRAP(int, rules_restore, struct leat_stack *st, struct loader *l)
{
	return mutant_strikes(MUTANT_forgetful_rules, 1) ? 0 : __real_rules_restore(st, l);
}

WRAP(void, addr_dad_done, struct leat_stack *st, uint32_t if_handle, const struct ip6 *a, bool duplicate)
{
	if (!mutant_strikes(MUTANT_no_dad, 1))
		__real_addr_dad_done(st, if_handle, a, duplicate);
}

WRAP(void, nl_put_error, struct nl_buf *b, const struct nlmsghdr *req, int err, const struct nl_ext *ext,
     bool cap_ack, bool ext_ack, uint32_t pid)
{
	/* By the request: what could not be put in one place is put in another. */
	if (req->nlmsg_seq % 8 != 7 || !mutant_strikes(MUTANT_no_ack, 1))
		__real_nl_put_error(b, req, err, ext, cap_ack, ext_ack, pid);
}
