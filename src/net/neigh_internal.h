/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of the neighbour table share: entries, which control writes and workers read, and the messages between
 * them. */
#ifndef LEAT_NET_NEIGH_INTERNAL_H
#define LEAT_NET_NEIGH_INTERNAL_H

#include <string.h>
#include <sys/socket.h>

#include "net/neigh.h"

struct saver;
struct nl_family;
struct loader;

enum {
	/* What knobs say at first: RFC 4861, 10, and Linux's defaults where it leaves room. */
	NEIGH_REACHABLE_MS = 30000, /* BaseReachableTime; times 0.5 to 1.5 */
	NEIGH_RETRANS_MS = 1000, /* RetransTimer */
	NEIGH_DELAY_S = 5, /* DELAY_FIRST_PROBE_TIME */
	NEIGH_PROBES = 3, /* MAX_UNICAST_SOLICIT, MAX_MULTICAST_SOLICIT */
	NEIGH_INTERVAL_MS = 5000, /* Linux: interval_probe_time_ms */
	NEIGH_STALE_S = 60, /* Linux: gc_stale_time */
	NEIGH_GC_S = 30, /* Linux: gc_interval */
	NEIGH_FEW = 128, /* Linux: gc_thresh1, below which nothing is forgotten for its age */
	NEIGH_MANY = 512, /* Linux: gc_thresh2, beyond which idle ones make room for newcomers */
	NEIGH_MAX = 1024, /* Linux: gc_thresh3, a family; permanent ones do not count */
	NEIGH_STRANGERS = 512, /* RFC 6583: of those who were never confirmed, beside gc_thresh3 */
	NEIGH_SOLICIT_RATE = 1000, /* strangers a worker asks for in a second */
	NEIGH_SOLICIT_BURST =
		128, /* ... and at once: half of what a mailbox holds, so that answers find room */
	NEIGH_QUEUE_BYTES = 212992, /* Linux: unres_qlen_bytes */
	NEIGH_LOCK_MS = 1000, /* Linux: locktime of ARP */
	NEIGH_OVERRIDE_PROBE_MS = 1000,
	NEIGH_PROXY_QUEUE = 64, /* Linux: proxy_qlen */
	NEIGH_PROXY_DELAY_MS = 800, /* Linux: proxy_delay */
	NEIGH_ANYCAST_DELAY_MS = 1000, /* RFC 4861, 10: MAX_ANYCAST_DELAY_TIME */
	NEIGH_RANDOM_US = 300000000, /* Linux: ReachableTime is drawn anew after so long */
	/* What they may say at most. */
	NEIGH_MS_MAX = INT32_MAX,
	NEIGH_S_MAX = INT32_MAX / 1000,
	NEIGH_PROBES_MAX = UINT8_MAX,
	NEIGH_QUEUE_BYTES_MAX = NEIGH_WORKER_QUEUE_MAX * NEIGH_PKT_BYTES,
};
enum { NEIGH_PENDS = 128, NEIGH_PEND_BUCKETS = 256 }; /* a chunk of queues; lists they are found in */
enum {
	NEIGH_ASKERS = 17
}; /* lines of strangers: for our own packets, and for those of others by their nets */

enum {
	NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE,
	NUD_VALID = NUD_CONNECTED | NUD_STALE | NUD_DELAY | NUD_PROBE,
	/* Where another is not believed before it has been asked (neigh_claim.c). */
	NEIGH_NUD_ASKABLE = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE
};

/* What one worker says about an entry. It alone writes, at most once a second; but control clears `told`. */
struct neigh_mark {
	uint64_t used_us;
	uint64_t confirmed_us; /* by a protocol above */
	uint32_t told; /* that a stale entry is in use */
	uint32_t queued;
};

/* Those who may make room, by who goes first. Strangers have never been confirmed, whatever their state. */
enum neigh_line {
	NEIGH_LINE_NONE,
	NEIGH_LINE_STRANGER_FAILED,
	NEIGH_LINE_STRANGER_INCOMPLETE,
	NEIGH_LINE_STRANGER_STALE,
	NEIGH_LINE_FAILED,
	NEIGH_LINE_STALE,
	NEIGH_LINES
};
/* What an entry counts against: gc_thresh3, or the strangers' share. */
enum neigh_class { NEIGH_EXEMPT, NEIGH_KNOWN, NEIGH_STRANGER, NEIGH_CLASSES };

struct neigh_entry {
	/* Read: any worker, within a turn (key, word; its own mark).   Write: control lcore.   Free: rt_defer(). */
	struct hash_node node; /* by interface, family and address */
	uint64_t word; /* neigh_word() */
	uint32_t if_handle;
	uint8_t family;
	/* Control lcore. */
	uint8_t protocol;
	uint16_t flags;
	uint16_t probes;
	uint8_t line; /* which of the lines of those who may be forgotten it stands in */
	uint8_t class;
	struct ipaddr addr;
	struct leat_stack *st;
	uint64_t id; /* grows with every new entry: dumps resume by it */
	struct list all, in_line;
	struct timer timer;
	uint64_t confirmed_us, updated_us, used_us;
	struct ipaddr src_hint; /* of the packet that wanted it */
	struct neigh_claim *claim; /* somebody else says to be it; NULL as a rule */
	struct deferred deferred;
	struct neigh_mark mark[]; /* [n_workers] */
};

enum { NEIGH_WORD_MAC_BIT = 56, NEIGH_WORD_KNOWN_BIT, NEIGH_WORD_ROUTER_BIT, NEIGH_WORD_CLAIMED_BIT };
static inline uint64_t neigh_word(const uint8_t mac[6], bool has_mac, uint8_t state)
{
	uint64_t word = (uint64_t)state << 48 | (uint64_t)has_mac << 56;
	if (has_mac)
		memcpy(&word, mac, 6); /* the low 48 bits, on the byte order that bytes.h asserts */
	return word;
}
static inline uint8_t neigh_word_state(uint64_t word)
{
	return (uint8_t)(word >> 48);
}
static inline bool neigh_word_has_mac(uint64_t word)
{
	return word >> NEIGH_WORD_MAC_BIT & 1;
}
static inline bool neigh_word_known(uint64_t word)
{
	return word >> NEIGH_WORD_KNOWN_BIT & 1;
}
static inline bool neigh_word_router(uint64_t word)
{
	return word >> NEIGH_WORD_ROUTER_BIT & 1;
}
/* A claim is being looked into: an answer counts, another claim does not. */
static inline bool neigh_word_claimed(uint64_t word)
{
	return word >> NEIGH_WORD_CLAIMED_BIT & 1;
}

/* For ndt_stats; those Linux counts on the packet's way are left 0. */
struct neigh_counts {
	uint64_t allocs, destroys, res_failed, forced_gc_runs, periodic_gc_runs, table_fulls;
};

/* VIEW_neighs */
struct neigh_table {
	struct hash hash;
	struct hash proxies;
	uint32_t n_proxies[2];
};

/* Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer(). */
struct neigh_proxied {
	struct hash_node node; /* by family and address */
	uint32_t if_handle; /* 0: any */
	uint8_t family, flags, protocol;
	bool permanent;
	struct ipaddr addr;
	uint64_t id; /* for dumps */
	struct list all;
	struct deferred deferred;
};

struct neigh_stack {
	struct neigh_table table;
	/* Read: worker 0 and any that drops; written by the control lcore with the protocol's messages flushed. */
	rcu_ptr(const struct neigh_proto) proto[2];
	struct list all; /* struct neigh_entry.all, by id */
	struct list proxies; /* struct neigh_proxied.all, by id */
	struct list line[2][NEIGH_LINES]; /* oldest first */
	unsigned n[2][NEIGH_CLASSES];
	uint32_t few[2], many[2], max[2], gc_s[2], strangers[2], solicit_rate[2]; /* knobs */
	uint8_t evict_all[2]; /* knob: evict_nocarrier of "all" */
	struct neigh_counts counts[2];
	uint64_t flushed_us[2]; /* when somebody last had to make room */
	uint64_t refused_us; /* when a refused claim was last logged */
	struct list watches; /* struct neigh_watch.link */
	uint64_t last_id;
	struct neigh_entry *cursor; /* the last that neigh_next() showed */
	struct iface_watch watch;
	bool stopping;
};

/* Packets of one worker that wait for one neighbour. */
struct neigh_pend {
	struct neigh_pend *next; /* in its bucket, or free */
	uint32_t if_handle;
	uint8_t family;
	bool stranger; /* when it began to wait the neighbour had never been confirmed */
	bool asked; /* asked_us says when */
	uint8_t asker; /* whose packet began it: 0 ours, else a hash of its net */
	struct list in_line; /* of strangers */
	uint32_t bytes; /* what the queue counts for */
	struct ipaddr addr, src; /* src: of the packet that made us ask last */
	uint64_t asked_us;
	struct pkt_queue q;
};
struct neigh_chunk {
	struct neigh_chunk *next;
	struct neigh_pend pend[NEIGH_PENDS];
};
struct neigh_worker {
	struct neigh_pend *bucket[NEIGH_PEND_BUCKETS];
	struct neigh_pend *free;
	struct neigh_chunk *chunks;
	unsigned n_chunks, n_free;
	bool asked_for_more;
	struct list asked[NEIGH_ASKERS], unasked_by[NEIGH_ASKERS]; /* queues of strangers, oldest first */
	unsigned n_of[NEIGH_ASKERS], n_strangers;
	unsigned turn; /* for whom the next is asked for */
	unsigned n_unasked; /* of them */
	uint32_t tokens; /* strangers it may ask for now */
	uint64_t filled_us; /* when they were counted */
	uint32_t parked; /* packets in all queues */
	uint64_t unheard; /* messages of ARP and ND that found control's ring full */
	uint64_t unasked; /* questions to control that were lost for want of memory */
	struct worker *w;
	struct timer again; /* set while anything waits */
	struct timer pace; /* set while strangers wait to be asked for */
	struct pkt_queue late; /* questions to be answered later: neigh_proxy.c */
	struct timer answer; /* set while there are any */
};

static inline struct neigh_stack *neigh_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_neigh);
}
static inline unsigned neigh_index(uint8_t family)
{
	return family == AF_INET6;
}
/* Control lcore: the settings for e. */
static inline const struct neigh_conf *neigh_conf_of(const struct neigh_entry *e)
{
	const struct iface *i = iface_by_handle(e->st, e->if_handle);
	return &(i ? &i->conf : iface_conf_default(e->st))->neigh[neigh_index(e->family)];
}
static inline uint64_t neigh_delay_us(const struct neigh_entry *e)
{
	return (uint64_t)neigh_conf_of(e)->delay_ms * 1000;
}
static inline uint64_t neigh_now_us(const struct leat_stack *st)
{
	return st->rt->ctl->now_us;
}

/* Whose neighbour: how messages name an entry. */
struct neigh_key {
	uint32_t if_handle;
	uint8_t family;
	struct ipaddr addr;
};
static inline struct neigh_key neigh_key_of(const struct neigh_entry *e)
{
	return (struct neigh_key){ e->if_handle, e->family, e->addr };
}
/* In three words, with 24 bits of the sender's beside them. */
static inline void neigh_key_put(uint64_t word[3], const struct neigh_key *k, uint32_t extra)
{
	word[0] = k->if_handle | (uint64_t)k->family << 32 | (uint64_t)extra << 40;
	memcpy(&word[1], k->addr.b, 16);
}
/* A message to or from a worker about k; neigh_key_get() takes them out again. */
static inline struct msg neigh_msg(msg_fn *fn, struct worker *w, const struct neigh_key *k, uint32_t extra)
{
	uint64_t word[3];
	neigh_key_put(word, k, extra);
	return (struct msg){ .fn = fn, .arg = { { .p = w }, { word[0] }, { word[1] }, { word[2] } } };
}
static inline struct neigh_key neigh_key_get(const struct msg *m, uint32_t *ret_extra)
{
	struct neigh_key k = { .if_handle = (uint32_t)m->arg[1].u, .family = (uint8_t)(m->arg[1].u >> 32) };
	*ret_extra = (uint32_t)(m->arg[1].u >> 40);
	memcpy(k.addr.b, &m->arg[2].u, 8);
	memcpy(k.addr.b + 8, &m->arg[3].u, 8);
	return k;
}

/* neigh.c */
struct neigh_entry *neigh_lookup(const struct leat_stack *st, const struct neigh_table *t,
				 const struct neigh_key *k);
uint32_t neigh_hash(const struct leat_stack *st, const struct neigh_key *k);
typedef bool neigh_post_fn(struct lcore *from, struct lcore *to, const struct msg *m);
/* fn on control, about k, with 24 bits and, unless NULL, two words more. */
bool neigh_tell_ctl(struct worker *w, msg_fn *fn, const struct neigh_key *k, uint32_t extra,
		    const uint64_t *more, neigh_post_fn *post);
bool neigh_is_awaited(const struct worker *w, const struct neigh_key *k); /* packets wait for it here */
/* Messages to workers. arg[0] is the worker. */
msg_fn neigh_on_valid; /* a key: send what waits */
msg_fn neigh_on_failed; /* a key and an enum drop: drop what waits; DROP_NEIGH_FAILED tells the senders */
msg_fn neigh_on_iface_gone; /* arg[1]: handle, arg[2]: enum drop, arg[3]: families, a bit each */
msg_fn neigh_on_chunk; /* arg[1].p: room for more queues, or NULL */
void neigh_drop_parked(struct worker *w, enum drop why); /* also from control, with workers between turns */

/* Everything below is the control lcore's. */

/* neigh_msg.c: messages from workers. arg[0] is the worker. */
msg_fn neigh_on_wanted; /* a key; arg[4..5]: source of the packet */
msg_fn neigh_on_used; /* a key: a stale entry has been sent to */
msg_fn neigh_on_confirmed; /* a key: a protocol above has heard from it */
msg_fn neigh_on_heard; /* a key with enum neigh_heard and HEARD_HAS_MAC; arg[4]: the MAC */
msg_fn neigh_on_more; /* queues run short */
enum { NEIGH_HEARD_HAS_MAC = 1 << 16 };
/* ... and to them: fn on every worker, about k, with 24 bits more. */
void neigh_post_all(struct leat_stack *st, msg_fn *fn, const struct neigh_key *k, uint32_t extra);
/* Asks who e is: at its address, a program (RTM_GETNEIGH to listeners), or everybody, by how often it has been asked. */
void neigh_solicit(struct neigh_entry *e);
/* At its address, whatever it was asked before. */
void neigh_solicit_at(struct neigh_entry *e);
/* How often before it has failed. */
uint32_t neigh_max_probes(const struct neigh_entry *e);

/* neigh_state.c */
static inline uint8_t neigh_nud(const struct neigh_entry *e)
{
	return neigh_word_state(e->word);
}
/* The one writer of the word (mac NULL: the address stays). Sets the timer that belongs to the state, and tells nobody. */
void neigh_set_state(struct neigh_entry *e, uint8_t state, const uint8_t *mac);
/* To INCOMPLETE or PROBE, with a first solicitation. */
void neigh_begin_asking(struct neigh_entry *e, uint8_t state);
/* Somebody wants to send to it: a stale one is asked in a while, one that has no address at once. */
void neigh_want(struct neigh_entry *e);
/* A protocol above knows that it is there. */
void neigh_confirmed(struct neigh_entry *e);
/* NTF_ROUTER as said. False: it was so. */
bool neigh_set_router(struct neigh_entry *e, bool router);
/* The same as neigh_set_state(), and tells listeners what has changed and workers when they can send. */
void neigh_learn(struct neigh_entry *e, uint8_t state, const uint8_t *mac);
/* A message of ARP or ND about e. mac NULL: it gave none. flags: enum neigh_heard. */
void neigh_hear(struct neigh_entry *e, const uint8_t *mac, unsigned flags);
/* The same when it may override what is known. */
void neigh_believe(struct neigh_entry *e, const uint8_t *mac, unsigned flags);
void neigh_on_timer(struct lcore *lc, struct timer *t);

/* neigh_claim.c */
/* Another address for e. False: to be believed at once; else e, at the one that is known, is asked first. */
bool neigh_claim(struct neigh_entry *e, const uint8_t mac[6], unsigned flags);
void neigh_claim_answered(struct neigh_entry *e); /* who is known is there */
bool neigh_claim_win(
	struct neigh_entry *e); /* who is known is not there. False: nobody else claims to be it */
void neigh_claim_drop(struct neigh_entry *e); /* of no interest any more; also without one */
/* For neigh_save.c: the claim that is looked into, and one that was. */
bool neigh_claim_get(const struct neigh_entry *e, uint8_t ret_mac[6], uint32_t *ret_flags);
void neigh_claim_put_back(struct neigh_entry *e, const uint8_t mac[6], uint32_t flags);

/* neigh_table.c */
int neigh_table_init(struct leat_stack *st);
void neigh_table_unlink(struct leat_stack *st);
/* An entry without a state. `exempt`: from bounds. `known`: the administrator says so. 0, -ENOBUFS: the table is full of live
 * entries, or -ENOMEM. */
int neigh_entry_new(struct leat_stack *st, const struct neigh_key *k, bool exempt, bool known,
		    struct neigh_entry **ret);
/* Room for one more that has been confirmed, or false: all are in use. */
bool neigh_make_room(struct leat_stack *st, uint8_t family);
/* `why`: for packets that still wait. Freed after a grace period. */
void neigh_entry_remove(struct neigh_entry *e, enum drop why, bool tell_listeners);
/* Entries in order of id; NULL: the first. */
struct neigh_entry *neigh_entry_after(struct leat_stack *st, const struct neigh_entry *e);
/* Has e counted and found as its state wants; after every change of it. */
void neigh_stand_in_line(struct neigh_entry *e);
void neigh_describe(const struct neigh_entry *e, struct neigh_info *ret);
uint64_t neigh_last_used_us(const struct neigh_entry *e);
uint64_t neigh_last_confirmed_us(const struct neigh_entry *e);
void neigh_event(const struct neigh_entry *e, enum neigh_event what);
void neigh_announce(const struct neigh_entry *e, uint16_t type); /* RTM_NEWNEIGH, RTM_DELNEIGH */

/* neigh_admin.c */
/* For neigh_save.c: an entry as it was, even beyond a bound set since. 0, -ENODEV, -EINVAL, -EEXIST, -ENOMEM. */
int neigh_put_back(struct leat_stack *st, const struct neigh_info *n, uint64_t timer_in_us);

/* neigh_proxy.c */
void neigh_proxy_init(struct leat_stack *st);
/* An interface goes (with_permanent) or has lost its carrier; i NULL: all go. */
void neigh_proxy_flush(struct leat_stack *st, const struct iface *i, unsigned families, bool with_permanent);
void neigh_late_init(struct neigh_worker *nw);
void neigh_late_drop(struct worker *w, uint32_t if_handle, enum drop why);

/* neightbl_ctl.c */
extern const struct nl_family neightbl_family; /* RTM_*NEIGHTBL */

/* neigh_knob.c */
extern const struct knob neigh_knobs[];

/* neigh_save.c */
int neigh_save(struct leat_stack *st, struct saver *s);
int neigh_restore(struct leat_stack *st, struct loader *l);

#endif
