/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet is a descriptor; its bytes live in buffers. docs/packet.md gives every byte of the descriptor to the wish-list
 * rows that need it; keep the two together.
 *
 * One owner at a time: whoever holds the pointer. Bytes: a first piece (data, head_len) in one buffer, then an optional
 * scatter list of (buffer, offset, length). `len` is the sum. Headers are pushed and pulled at the front of the first
 * piece; offsets of headers count from the start of the buffer, so pushing and pulling leaves them valid. */
#ifndef LEAT_PKT_PKT_H
#define LEAT_PKT_PKT_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"
#include "core/stack.h"

enum { PKT_VEC_MAX = 256, PKT_FRAGS_MAX = 20 };

/* --- buffers --- */

struct buf;
struct pkt_queue;
typedef void buf_release_fn(struct lcore *at, struct buf *b);

/* Bytes somebody owns. References are plain integers touched by the home lcore only; another lcore sends its reference
 * back through the home's mailbox (buf_put does). */
struct buf {
	uint8_t *mem;
	uint32_t size;
	uint16_t home; /* lcore id */
	uint8_t kind; /* enum buf_kind */
	uint8_t pad;
	uint32_t refs;
	uint32_t user; /* the releaser's: ring slot, page number */
	buf_release_fn *release; /* foreign buffers: called on the home lcore when the last reference goes */
	void *ctx; /* the releaser's */
	struct buf *next_free;
};
enum buf_kind {
	BUF_HEAD, /* belongs to the descriptor of the same index; comes and goes with it */
	BUF_PAGE, /* 4,096 page-aligned bytes of payload from the lcore's page pool */
	BUF_FOREIGN, /* guest memory, a kernel ring, a client's arena */
};

/* Bytes in front of a received or fresh packet, for headers to come; and how long a head buffer is. The pitch of head
 * buffers is no power of two and no multiple of 4,096 (docs/packet.md). */
enum { BUF_HEADROOM = 160, BUF_HEAD_SIZE = 2240, BUF_PAGE_SIZE = 4096 };

struct pkt_frag {
	struct buf *buf;
	uint32_t off, len;
};

/* --- offload state --- */

enum pkt_csum {
	PKT_CSUM_NONE, /* nobody has summed: verify on input; on output the checksum in place is right as it stands */
	PKT_CSUM_UNNECESSARY, /* csum_level + 1 nested transport checksums are known to be right */
	PKT_CSUM_COMPLETE, /* reserved: ext->csum_complete is the sum of all bytes from l3 */
	PKT_CSUM_PARTIAL, /* sum from csum_start to the end and store at csum_start + csum_off; the field holds the pseudo sum */
};

enum pkt_gso {
	PKT_GSO_NONE,
	PKT_GSO_TCP4,
	PKT_GSO_TCP6,
	PKT_GSO_UDP_L4, /* UDP datagrams of gso_size, either family (UDP_SEGMENT) */
};
enum { PKT_GSO_TYPE_MASK = 0x0f, PKT_GSO_ECN = 0x80 }; /* in pkt.gso: CWR only on the first segment */

enum pkt_flags {
	PKT_F_TRACED = 1 << 0, /* `leat trace` follows it */
	PKT_F_L2_MULTICAST = 1 << 1, /* came in a link-layer multicast frame */
	PKT_F_L2_BROADCAST = 1 << 2,
	PKT_F_L2_OTHER = 1 << 3, /* for another station */
	PKT_F_LOCAL_OUT = 1 << 4, /* made by this stack */
	PKT_F_PARKED = 1 << 5,
	PKT_F_RAW_SEEN = 1 << 6, /* raw sockets have their copies */
	PKT_F_LINK_MTU = 1 << 7, /* its sender goes by the link's MTU, whatever is known of the path */
	/* The same bit, on a packet's way in as far as ip4-route and ip6-route: IPv4 options, or a router alert of IPv6. */
	PKT_F_IP_OPTIONS = 1 << 7,
};

/* --- the descriptor --- */

/* What a node leaves for the next one on one edge; poisoned in debug builds by whoever reads it (pkt_edge_done). Add a
 * member named after the receiving node. */
union pkt_edge {
	uint8_t bytes[16];
	struct {
		uint64_t due_us; /* of a question parked for a late answer */
	} neigh_late;
	struct {
		/* Whose link-layer address is wanted; the interface is out_if, family by ethertype. */
		struct ipaddr next_hop;
	} neigh_output;
	struct {
		uint8_t type, code; /* of the error to send; the packet is its cause */
		uint8_t why; /* enum drop: the cause's fate */
		uint8_t pad;
		uint32_t info; /* MTU, pointer */
	} icmp_error;
	struct {
		const struct fib_nh *nh; /* good until the end of the turn; from routing to neigh-output */
		const struct fib_exc *exc; /* what is otherwise for the destination; NULL: nothing. As nh. */
	} ip_route;
	struct {
		uint8_t dst[6]; /* where the frame goes; its type is p->ethertype */
	} eth_output;
	struct {
		uint32_t frame_len; /* bytes as received, for counters */
	} eth_input;
	struct {
		uint32_t off, len; /* of the fragment's payload, while reassembly holds it */
	} reass;
	struct {
		uint32_t end; /* id of the endpoint it is for (l4/l4.h) */
		bool error; /* an ICMP error about what the endpoint sent */
	} l4_deliver;
	struct {
		uint64_t at_ns; /* when it came, by the wall clock; 0: nobody asked */
		uint32_t drops; /* that its endpoint had had by then */
		uint32_t off; /* of a large packet: payload that has been read */
	} l4_wait; /* while an endpoint holds it */
	struct {
		uint32_t seq, end; /* of the payload, while a connection holds it */
		uint16_t off; /* where it begins, from data on */
		bool last; /* of a record, in a send queue (MSG_EOR) */
		bool goes_on; /* as one with the packet behind it there */
		bool push; /* the reader is to be told of all up to its end */
	} tcp;
};
static_assert(sizeof(union pkt_edge) == 16, "docs/packet.md");

struct pkt_ext {
	uint32_t mark;
	uint32_t priority;
	uint32_t csum_complete;
	uint32_t tun_id;
	uint64_t stamp_us; /* when it was received */
	uint64_t ct, secpath; /* (index, generation): conntrack entry, security path */
	union {
		uint64_t dst; /* (index, generation): route attachment */
		struct {
			uint32_t uid; /* of its owner */
			uint16_t no_src; /* the source was not chosen when the route was */
			uint16_t cut_at; /* PKT_F_LINK_MTU: the longest fragment (IPV6_MTU); 0: any */
		} sender; /* of what this stack makes, for rules */
	};
	uint8_t bpf_cb[16];
};
static_assert(sizeof(struct pkt_ext) == 64, "docs/packet.md");

struct pkt {
	/* The first line: all that forwarding needs. */
	uint8_t *data; /* first byte of the packet as the current node sees it */
	uint32_t len; /* bytes in all */
	uint32_t head_len; /* of those, in the first piece */
	uint16_t headroom; /* bytes of the buffer in front of data */
	uint16_t l2_off, l3_off, l4_off; /* from the start of the buffer */
	uint32_t in_if, out_if; /* struct iface handles: slot and generation (net/iface.h); 0: none */
	uint32_t hash; /* symmetric flow hash; 0: not computed */
	uint16_t ethertype; /* host order: of what is at l3_off */
	uint8_t flags; /* enum pkt_flags */
	uint8_t gso; /* enum pkt_gso | PKT_GSO_ECN */
	uint8_t csum; /* enum pkt_csum */
	uint8_t csum_level;
	uint16_t csum_start; /* from the start of the buffer */
	uint16_t csum_off; /* from csum_start */
	uint8_t n_frags;
	uint8_t ip_proto; /* of what is at l4_off, once known */
	union pkt_edge edge;

	/* The second line: what large packets, queues and features need. */
	struct buf *buf cacheline_aligned; /* of the first piece */
	struct pkt_frag *frags; /* this descriptor's own place for PKT_FRAGS_MAX; n_frags are in use */
	struct pkt_ext *ext; /* NULL until first wanted */
	struct pkt *next; /* queues, free list */
	uint32_t index; /* in its pool */
	uint32_t gen; /* grows at every free: a parked (index, gen) that no longer matches is stale */
	uint16_t gso_size; /* payload bytes per segment */
	uint16_t gso_segs; /* 0: not counted */
	uint16_t home; /* lcore whose pool it belongs to */
	uint16_t resume; /* node at which a parked packet goes on */
	uint16_t vlan_tci, vlan_proto; /* host order; vlan_proto 0: no tag in the descriptor */
	uint8_t drop; /* enum drop, once dropped */
	uint8_t pad2[3];
	uint32_t trace_id;
	uint32_t pad3;
};
static_assert(sizeof(struct pkt) == 128, "W:B1");
static_assert(offsetof(struct pkt, edge) + sizeof(union pkt_edge) == 64 && offsetof(struct pkt, buf) == 64,
	      "W:B1: forwarding touches one line");
/* What the first line holds, and where. */
#define PKT_AT(byte, member) static_assert(offsetof(struct pkt, member) == (byte), "docs/packet.md")
PKT_AT(0, data);
PKT_AT(8, len);
PKT_AT(12, head_len);
PKT_AT(16, headroom);
PKT_AT(18, l2_off);
PKT_AT(20, l3_off);
PKT_AT(22, l4_off);
PKT_AT(24, in_if);
PKT_AT(28, out_if);
PKT_AT(32, hash);
PKT_AT(36, ethertype);
PKT_AT(38, flags);
PKT_AT(39, gso);
PKT_AT(40, csum);
PKT_AT(41, csum_level);
PKT_AT(42, csum_start);
PKT_AT(44, csum_off);
PKT_AT(46, n_frags);
PKT_AT(47, ip_proto);
PKT_AT(48, edge);
#undef PKT_AT

/* Whoever has read what the edge carried says so: what is read after it is poison in debug builds. */
static inline void pkt_edge_done(struct pkt *p)
{
	if (LEAT_POISON)
		memset(&p->edge, 0xdb, sizeof p->edge);
}

/* --- life --- */

/* A packet of len 0 with BUF_HEADROOM in front, or NULL at the budget. */
struct pkt *pkt_new(struct lcore *lc);
/* n of them or as many as there are; returns how many. For drivers. */
unsigned pkt_new_bulk(struct lcore *lc, struct pkt **ret, unsigned n);
/* Consumes. Any lcore: what is not ours goes home in batches. NULL is welcome. */
void pkt_free(struct lcore *lc, struct pkt *p);
void pkt_free_bulk(struct lcore *lc, struct pkt *const *p, unsigned n);
struct buf *buf_page_new(struct lcore *lc); /* one reference, the caller's; NULL at the budget */
void buf_get(struct lcore *lc, struct buf *b); /* home lcore only */
void buf_put(struct lcore *lc, struct buf *b); /* any lcore */
/* The extension block, taken and zeroed when first wanted; NULL at the budget. */
struct pkt_ext *pkt_ext(struct lcore *lc, struct pkt *p);
/* A copy of the descriptor: the first keep_bytes copied (headers, soon rewritten), the rest shared as fragments. NULL at the
 * budget, when there are too many pieces, or when the payload's home is another lcore. */
struct pkt *pkt_clone(struct lcore *lc, struct pkt *p, uint32_t keep_bytes);
/* For turning a request into its answer: forgets where the packet came from and was going, how it was sent and what its
 * device and features said of it (in_if, out_if, hash, gso, csum, VLAN tag, ext, all flags but PKT_F_TRACED). Kept are the
 * bytes, `data`, and what says where headers lie (l2_off, l3_off, l4_off, ethertype, ip_proto), the edge, and the trace id:
 * write of those what is to be different. Take in_if and pointers to headers first. */
void pkt_reset_meta(struct pkt *p);
/* The packet with that index in lc's pool if it still is the one of that generation, else NULL: for what outlives vectors. */
struct pkt *pkt_by_ref(struct lcore *lc, uint32_t index, uint32_t gen);

/* --- bytes --- */

static inline uint8_t *pkt_start(const struct pkt *p) /* of the buffer's bytes */
{
	return p->data - p->headroom;
}
static inline void *pkt_l2(const struct pkt *p)
{
	return pkt_start(p) + p->l2_off;
}
static inline void *pkt_l3(const struct pkt *p)
{
	return pkt_start(p) + p->l3_off;
}
static inline void *pkt_l4(const struct pkt *p)
{
	return pkt_start(p) + p->l4_off;
}
/* n more bytes in front; false without headroom. */
static inline bool pkt_push(struct pkt *p, unsigned n)
{
	if (unlikely(n > p->headroom))
		return false;
	p->data -= n;
	p->headroom = (uint16_t)(p->headroom - n);
	p->head_len += n;
	p->len += n;
	return true;
}
/* n fewer bytes in front; they must be in the first piece (false when not). */
static inline bool pkt_pull(struct pkt *p, unsigned n)
{
	if (unlikely(n > p->head_len))
		return false;
	p->data += n;
	p->headroom = (uint16_t)(p->headroom + n);
	p->head_len -= n;
	p->len -= n;
	return true;
}
/* Cuts to len_bytes in all (an IP total length said so); false when there are fewer. Frees what is cut off. */
bool pkt_trim(struct lcore *lc, struct pkt *p, uint32_t len_bytes);
/* Makes the first n bytes lie together in the first piece: for headers only, and counted (pkt_stats.pulled_up), since
 * payload is never copied. DROP_NONE; DROP_TRUNCATED when there are fewer; DROP_HEADER_SCATTERED when the first buffer has no
 * room for them. The packet is then as it was. */
enum drop pkt_pull_up_slow(struct lcore *lc, struct pkt *p, uint32_t n);
static inline enum drop pkt_pull_up(struct lcore *lc, struct pkt *p, uint32_t n)
{
	return likely(n <= p->head_len) ? DROP_NONE : pkt_pull_up_slow(lc, p, n);
}
/* Appends bytes: copied into the first piece while it has room, then into pages. False at the budget; the packet is as it
 * was. */
bool pkt_append(struct lcore *lc, struct pkt *p, const void *bytes, uint32_t len);
/* The bytes of a frame into a fresh packet: the first `at` of them lie in the head buffer, the others from the start of a page on. at 0, or
 * more than the head buffer holds: as pkt_append(). */
bool pkt_append_split(struct lcore *lc, struct pkt *p, const void *bytes, uint32_t len, uint32_t at);
/* Appends a piece without copying; takes over the caller's reference. False when the list is full. */
bool pkt_add_frag(struct lcore *lc, struct pkt *p, struct buf *b, uint32_t off, uint32_t len);
/* Appends bytes [off, off + len) of `from`, counted from its data: shared where the counts are lc's to touch, else copied. False
 * at the budget, when the list is full or `from` is shorter; what was appended until then stays (pkt_trim takes it back). */
bool pkt_append_range(struct lcore *lc, struct pkt *p, const struct pkt *from, uint32_t off, uint32_t len);
/* Appends all of each packet of q and consumes them: shared when all their pieces fit into the list and are lc's to share, else
 * copied into pages, filled to the brim. False at the budget; p and q are then as they were. */
bool pkt_join(struct lcore *lc, struct pkt *p, struct pkt_queue *q);
/* Reads from data on, or from `off`, which counts from the start of the buffer, as l4_off does. */
struct cursor pkt_cursor(const struct pkt *p);
struct cursor pkt_cursor_at(const struct pkt *p, uint16_t off);

struct pkt_stats {
	uint64_t allocated, freed; /* packets */
	uint64_t out_of_buffers;
	uint64_t copied_bytes; /* payload bytes copied by pkt_ functions: 0 on the forwarding path (W:B2) */
	uint64_t pulled_up; /* pkt_pull_up calls that had to copy */
	uint64_t in_use; /* descriptors out of the pool now */
	uint64_t pages_in_use;
	uint64_t pool_bytes; /* regions taken */
};
void pkt_stats(const struct lcore *lc, struct pkt_stats *ret);

/* Pools per lcore. budget_bytes bounds their growth. Called by the runtime's owner after rt_init_lcores(). */
int pkt_pools_init(struct leat_runtime *rt, uint64_t budget_bytes_per_lcore);
void pkt_pools_done(struct leat_runtime *rt);

extern const struct module pkt_module;

/* --- vectors and lists --- */

/* Packets on their way to one node. It belongs to the lcore and the frame; a node borrows it for one run. */
struct pkt_vec {
	uint16_t n;
	uint16_t node;
	struct pkt_vec *next;
	struct pkt *pkt[PKT_VEC_MAX];
};
static inline void pkt_prefetch(const struct pkt_vec *v, unsigned i)
{
	if (i < v->n)
		__builtin_prefetch(v->pkt[i]->data);
	if (i + 4 < v->n)
		__builtin_prefetch(v->pkt[i + 4]);
}

/* A queue of packets by their next pointers. */
struct pkt_queue {
	struct pkt *head, **tail;
	uint32_t n;
};
static inline void pkt_queue_init(struct pkt_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->n = 0;
}
static inline void pkt_queue_push(struct pkt_queue *q, struct pkt *p)
{
	p->next = NULL;
	*q->tail = p;
	q->tail = &p->next;
	q->n++;
}
static inline struct pkt *pkt_queue_pop(struct pkt_queue *q)
{
	struct pkt *p = q->head;
	if (!p)
		return NULL;
	q->head = p->next;
	if (!q->head)
		q->tail = &q->head;
	q->n--;
	p->next = NULL;
	return p;
}

/* --- parking --- */

/* Marks p as kept beyond its vector, to go on at `node`. in_if and out_if are handles already; in debug builds the edge
 * union is poisoned: whatever else is needed must be looked up again. */
void pkt_park(struct pkt *p, uint16_t node);
/* By who takes p out of its queue, to resume or to drop it; graph_resume() does it itself. */
void pkt_unpark(struct pkt *p);

#endif
