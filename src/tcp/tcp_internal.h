/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. README.md has the picture. */
#ifndef LEAT_TCP_INTERNAL_H
#define LEAT_TCP_INTERNAL_H

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/slab.h"
#include "cc/cc.h"
#include "graph/node.h"
#include "l4/l4_internal.h"
#include "tcp/sent.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

struct tcp_conn;
struct tcp_listener;
struct tcp_notes;

enum {
	TCP_MSS_UNSAID = 536, /* RFC 9293, 3.7.1 */
	TCP_MSS_UNSAID6 = 1220,
	TCP_MSS_MIN = 48, /* Linux: TCP_MIN_MSS less options */
	TCP_WSCALE_MAX = 14, /* RFC 7323, 2.3 */
	TCP_STAMP_BYTES = 12, /* the option with its padding */
	TCP_RTO_FIRST_US = 1000000, /* RFC 6298, 2.1 */
	TCP_RTO_MIN_US = 200000, /* Linux: TCP_RTO_MIN */
	TCP_RTO_MAX_US = 120000000, /* RFC 6298, 2.5 */
	TCP_DELACK_US = 40000, /* Linux: TCP_DELACK_MIN, the first delay */
	TCP_DELACK_MAX_US = 200000,
	TCP_QUICK_ACKS = 16, /* Linux: TCP_MAX_QUICKACKS */
	TCP_TIME_WAIT_US = 60000000, /* Linux: TCP_TIMEWAIT_LEN */
	TCP_COOKIES_US = 128000000, /* so long one may come back: cookie.c */
	TCP_LONGEST_LINGER2_S = 120, /* Linux: TCP_FIN_TIMEOUT_MAX */
	TCP_CONFIRM_US =
		5000000, /* progress confirms the neighbour so often: it is doubted after 15 s at the earliest */
	TCP_TIDY_US = 10000000, /* an idle connection gives back what it only needed in motion */
	TCP_GSO_BYTES_MAX = 65535 - 120, /* payload of one large segment */
	TCP_FAST_COOKIE_MIN = 4, /* RFC 7413, 4.1.1 */
	TCP_FAST_COOKIE_MAX = 16,
};

/* --- who it is --- */

/* As a packet on its way in has it; all of it is hashed and compared. */
struct tcp_key {
	struct ip6 local, remote;
	uint16_t lport, rport;
	uint32_t scope; /* interface of a link-local address, or VRF; 0: neither */
};
static_assert(sizeof(struct tcp_key) == 40, "no holes: all of it is hashed");

enum tcp_kind { TCP_KIND_CONN, TCP_KIND_REQUEST, TCP_KIND_WAIT, TCP_KIND_ASLEEP };

/* What stands in a worker's table under a key. */
struct tcp_head {
	struct hash_node by_key;
	struct tcp_key key;
	uint8_t kind; /* enum tcp_kind */
	uint8_t state; /* enum tcp_state; tcp_set_state() alone writes a connection's */
	uint16_t place; /* slab */
	uint32_t out_if; /* that it is bound to (SO_BINDTODEVICE); 0: none */
};
static_assert(sizeof(struct tcp_head) == CACHELINE, "what a lookup reads");

/* --- a segment --- */

enum { TCP_SACK_MAX = 4 };
/* A segment that came, checked and in host order. */
struct tcp_seg {
	struct pkt *p; /* NULL once somebody has kept it */
	uint16_t flags, win;
	seq32 seq, end, ack; /* end: of its sequence space, SYN and FIN counted */
	uint32_t len; /* payload */
	uint16_t hdr_len, urgent;
	uint16_t mss; /* 0: not said */
	int8_t wscale; /* -1: not said */
	uint8_t ecn; /* of its IP header */
	bool sack_ok, has_ts, has_md5;
	bool has_iss; /* of a SYN that takes the place of TIME-WAIT */
	int8_t fast_len; /* of a SYN, the cookie of Fast Open; 0: it asks for one; -1: nothing is said */
	bool fast_exp; /* by the experimental option */
	uint8_t n_sack;
	uint32_t ts_val, ts_ecr;
	seq32 iss;
	uint8_t fast[TCP_FAST_COOKIE_MAX]; /* fast_len bytes */
	struct tcp_range sack[TCP_SACK_MAX];
};

/* RFC 7413. len 0: one is asked for; -1: none. */
struct tcp_fast_cookie {
	int8_t len;
	bool exp; /* in the experimental option (RFC 6994), as before the RFC */
	uint8_t bytes[TCP_FAST_COOKIE_MAX];
};

/* How its IP header is to be. */
struct tcp_ip {
	uint8_t tos, ttl;
	bool df;
	uint32_t out_if, mark, uid;
};

/* One to be sent. */
struct tcp_out {
	const struct tcp_key *key;
	struct tcp_ip ip;
	uint16_t flags, win;
	seq32 seq, ack;
	uint8_t n_opts, opts[TCP_OPTIONS_LEN_MAX];
};

/* --- what came out of order: receive.c --- */

enum { TCP_ISLANDS_MAX = 512 };
struct tcp_island {
	seq32 start, end;
	struct pkt *last; /* the first follows the last one of the island before */
};
struct tcp_ofo {
	struct pkt *head;
	uint16_t n, room;
	uint32_t bytes; /* memory */
	uint8_t n_recent;
	seq32 recent[TCP_SACK_MAX]; /* a byte of each island that grew last, youngest first */
	struct tcp_island at[];
};

/* --- options of an endpoint, and of a connection --- */

/* Many endpoints have the same. */
struct tcp_opts {
	struct shared shared;
	const struct cc_ops *cc; /* NULL: the stack's */
	uint32_t rcvbuf, sndbuf;
	uint32_t user_timeout_ms;
	uint16_t mss; /* TCP_MAXSEG; 0: none */
	uint16_t keep_idle_s, keep_interval_s; /* 0: the stack's */
	uint8_t keep_probes;
	uint8_t syn_retries;
	uint8_t defer_accept; /* timeouts of a request */
	bool nodelay, cork, keepalive, linger, quickack_off, oob_inline;
	bool rcvbuf_said, sndbuf_said; /* by the program: they stay as they are */
	bool inq, zerocopy;
	uint32_t notsent_lowat; /* 0: the stack's */
	uint32_t window_clamp; /* 0: none */
	uint32_t rcvlowat; /* SO_RCVLOWAT; 0: 1 */
	uint32_t stamping; /* SOF_TIMESTAMPING_* */
	uint16_t linger_s;
	uint64_t max_pacing; /* SO_MAX_PACING_RATE, bytes in a second; 0: not said */
	struct sipkey
		fast_key[2]; /* TCP_FASTOPEN_KEY: what cookies are made with, and another that is accepted */
	uint32_t fast_max; /* TCP_FASTOPEN: of a listener; 0: none */
	uint8_t n_fast_keys; /* 0: the stack's */
	bool fast_connect, fast_no_cookie;
	int32_t linger2_s; /* 0: the stack's; < 0: none */
};

/* --- a connection --- */

enum tcp_timer {
	TCP_TIMER_RETRANSMIT, /* RFC 6298; a closed window: RFC 9293, 3.8.6.1 */
	TCP_TIMER_DELACK,
	TCP_TIMER_LIFE, /* keepalive; FIN_WAIT2's end */
	TCP_TIMER_TIDY,
	TCP_TIMERS
};

enum tcp_repair { TCP_OPEN, TCP_DISORDER, TCP_CWR, TCP_RECOVERY, TCP_LOSS }; /* Linux: enum tcp_ca_state */

/* What TCP_TIMER_RETRANSMIT is for, while something is under way. */
enum tcp_due { TCP_DUE_TIMEOUT, TCP_DUE_PROBE /* RFC 8985, 7 */, TCP_DUE_OVERTAKEN /* RFC 8985, 6.3 */ };

/* Packets one behind the other: a pkt_queue without a number, which a connection has no room for. */
struct tcp_queue {
	struct pkt *head, *last; /* both NULL: empty */
};
static inline void tcp_queue_push(struct tcp_queue *q, struct pkt *p)
{
	p->next = NULL;
	*(q->head ? &q->last->next : &q->head) = p;
	q->last = p;
}
static inline struct pkt *tcp_queue_pop(struct tcp_queue *q)
{
	struct pkt *p = q->head;
	if (!p)
		return NULL;
	q->head = p->next;
	if (!q->head)
		q->last = NULL;
	p->next = NULL;
	return p;
}

/* Owned by the worker of its flow's bucket; read and changed by calls between turns, too. One that sleeps (sleep.c) is no more than
 * its front, up to the window. */
struct tcp_conn {
	struct tcp_head h;

	/* Every segment. Names as in RFC 9293, 3.3.1. */
	struct worker *w;
	struct l4_end *end; /* its owner; NULL: none yet, or none any more */
	seq32 snd_una, snd_nxt, snd_end; /* end: of what the application has given, FIN not counted */
	seq32 snd_wl1;
	uint32_t snd_wnd, max_wnd;
	seq32 rcv_nxt, rcv_wup, rcv_read; /* wup: the last ACK sent; read: by the application */
	uint32_t rcv_wnd; /* as told, from rcv_wup on */
	uint32_t ts_recent, ts_off;
	uint16_t mss; /* payload of a full segment, options taken off */
	uint16_t rcv_mss; /* what the peer's seem to hold */
	uint8_t snd_wscale, rcv_wscale;
	uint8_t quick; /* acks left to be sent at once */
	uint8_t repair; /* enum tcp_repair */
	bool ts_ok : 1, sack_ok : 1, wscale_ok : 1, df : 1;
	bool nodelay : 1, cork : 1, keepalive : 1, orphan : 1;
	bool fin_wanted : 1, fin_sent : 1, fin_got : 1, fin_known : 1;
	bool ack_now : 1, ack_later : 1, pingpong : 1, dsack_due : 1;
	bool told_connected : 1, cwnd_limited : 1, no_more_reading : 1, in_accept : 1;
	bool send_blocked : 1, probing : 1, small_out : 1, syn_again : 1;
	bool noting : 1, records : 1; /* notes.c; MSG_EOR */
	bool ecn_ok : 1, ecn_seen : 1; /* both want it; the peer's data is marked at all */
	bool ecn_echo : 1, ecn_cwr : 1; /* ACKs say ECE; the next new data says CWR */
	bool ts_asked : 1, rcvbuf_said : 1, sndbuf_said : 1;
	bool cc_locked : 1; /* the route says which algorithm, and lets nobody change it */
	bool paced : 1; /* an algorithm or an option wants so */
	bool quickack : 1; /* the route wants every segment to be acknowledged at once */
	bool mtu_search : 1; /* mtu_probe.c; with rare */
	bool fast : 1; /* fast_listen.c: it talks already, and m->fast waits for the last ACK of its open */
	bool fast_asked : 1, fast_exp : 1; /* fast.c: our SYN had the option; the experimental one */
	bool fast_acked : 1; /* the data of a SYN was accepted */
	bool fast_data : 1; /* data has come */
	bool fast_owes : 1; /* m->syn_copied is still to be told */
	bool fast_tried : 1; /* it may show that the way lets Fast Open pass again */
	bool deferred : 1; /* the SYN leaves with the first data (TCP_FASTOPEN_CONNECT) */
	bool write_waits : 1; /* somebody waits to write more once it is open */
	uint8_t fast_fail : 2; /* TCP_INFO: enum tcp_fastopen_client_fail */
	uint32_t rcv_ssthresh; /* the window grows no further than what came lets hope for (space.c) */
	uint32_t srtt_us, rttvar_us, rto_us; /* RFC 6298; srtt 0: nothing measured */
	uint32_t ato_us;
	uint64_t heard_us, last_data_us, last_sent_us; /* last segment, last data, last data of ours */
	struct timer timer; /* set for the earliest of due[], or earlier */
	struct tcp_rare *rare; /* what few connections have; NULL */
	uint64_t ts_recent_us;
	uint32_t rcvbuf, sndbuf;
	uint32_t mark, uid;
	uint16_t pmtu, peer_mss;
	uint8_t tos, ttl;
	uint8_t backoff, probes;
	uint8_t soft_error; /* errno: ICMP said so, and it may pass */
	uint8_t port; /* TCP_HOLD_*: how it shares its port once no socket has it */
	struct cc cc; /* to be kept but for what an algorithm has there */

	/* --- not while it sleeps --- */
	struct tcp_motion *m; /* NULL: nothing is under way, and nothing came of late */

	/* Bytes. */
	struct tcp_queue snd, rcv;
	seq32 snd_first; /* of the first byte in snd */
	seq32 snd_hint_seq;
	union {
		struct list accept; /* of the listener's worker, until it is accepted */
		struct pkt *snd_hint; /* its first byte is snd_hint_seq; NULL: look from the front */
	};
	struct tcp_ofo *ofo; /* NULL: nothing is missing */
	uint32_t rcv_bytes; /* memory in rcv */
	seq32 snd_small; /* the end of the last segment that was not full */
	seq32 snd_batch; /* where the last batch in snd begins, as far as it was not sent (output.c) */
	uint64_t due_us[TCP_TIMERS]; /* UINT64_MAX: not */
	uint64_t refused_us; /* of the last challenge ACK */
	struct tcp_range dsack;
	seq32 fin_at; /* the peer's, once known */
};
enum {
	TCP_CONN_MAX = 512,
	TCP_ASLEEP_BYTES = offsetof(struct tcp_conn, cc) + offsetof(struct cc, priv),
	TCP_IDLE_MAX = 304
};

/* What a connection has only while data is under way, or came within TCP_TIDY_US; by then nothing in it is worth keeping (motion.c).
 * What is under way lies in the log: snd_una == snd_nxt without it. Whoever only receives may go without one. */
struct tcp_motion {
	struct tcp_log log;
	uint16_t place; /* slab */
	struct tcp_request *fast; /* of a connection with the bit of that name */
	uint32_t syn_copied; /* bytes that left with the SYN, as its writer has not been told yet */

	seq32 large_end; /* of a large packet that was cut */
	/* Loss: recover.c. */
	uint8_t due; /* enum tcp_due */
	uint8_t timeouts; /* since anything was acknowledged */
	uint16_t reordering; /* how many segments others overtake */
	bool rearm : 1; /* what is first was sent again: the timeout begins anew */
	bool hold : 1, new_first : 1; /* until the next ACK: nothing is sent again; but after what is new */
	bool frto : 1; /* RFC 5682: was the timeout true? */
	bool was_again : 1; /* something was sent again, first at again_stamp */
	bool undoable : 1; /* undo.c */
	bool tlp : 1, tlp_again : 1; /* a probe is under way; it was no new data */
	bool rack : 1, rack_news : 1, rack_dsack : 1;
	bool forgot_sacks : 1; /* the receiver did: until it is over */
	seq32 recover; /* RecoveryPoint */
	seq32 highest; /* SACKed up to here; if anything is */
	uint32_t prr_delivered, prr_out, prr_flight; /* RFC 9937 */
	uint32_t confirmed_us; /* the neighbour, last */
	uint64_t stuck_us; /* of the first timeout since which nothing was acknowledged; if timeouts */

	/* Undoing: undo.c. */
	uint32_t prior_cwnd, prior_ssthresh; /* ssthresh 0: not to be restored */
	seq32 undo_una; /* snd_una when it began */
	int32_t undo_left; /* bytes sent again that were not needed, as far as is not known yet; < 0: nothing was */
	uint32_t again_stamp; /* as our time stamps */

	/* RFC 8985: rack.c, tlp.c. */
	uint32_t rack_us, rack_rtt_us; /* of what arrived, when the youngest had been sent */
	seq32 rack_end, rack_round;
	uint8_t rack_steps, rack_persist;
	seq32 tlp_end;
	uint32_t dsacks, times_reordered; /* segments, events */

	/* What TCP_INFO tells: info.c. */
	uint8_t held; /* enum tcp_held, since held_since_us */
	uint64_t held_since_us, held_us[4];
	uint64_t bytes_acked, bytes_received, bytes_again;
	uint32_t segs_in, segs_out, data_in, data_out;
	uint32_t sent_again, delivered; /* segments */
	uint32_t early, delivered_ce; /* segments: that came out of order; that were told to be marked */

	/* How fast: pace.c, cc. */
	uint32_t max_flight; /* since nothing was under way last */
	uint32_t tso_bytes; /* what may leave as one packet, whole segments */
	uint32_t pace_wnd, pace_srtt_us; /* for which the next three were computed */
	uint64_t pace_rate; /* bytes in a second; UINT64_MAX: nothing limits it */
	uint64_t pace_recip; /* nanoseconds for a byte, shifted by TCP_PACE_SHIFT */
	uint64_t pace_next_ns; /* nothing leaves before */
	struct list pace_link; /* of a slot of the worker's wheel */
	struct tcp_conn *conn;
	struct cc_rate rate;
	struct cc_min min_rtt;
	uint64_t cc_large[CC_LARGE_BYTES / sizeof(uint64_t)]; /* lent to c->cc */

	/* How much may wait: space.c. Times are a clock's lower bits. */
	uint32_t rcv_rtt_us8,
		rcv_rtt_at_us; /* eight times the round trip as a receiver sees it; 0: not yet */
	seq32 rcv_rtt_seq;
	uint32_t rcv_ts_ecr; /* that it was measured by last */
	uint32_t read_space, read_at_us; /* bytes read in a round trip, the last of which began then */
	seq32 read_seq;
};

enum tcp_urgent { TCP_URGENT_NONE, TCP_URGENT_COMES, TCP_URGENT_HERE, TCP_URGENT_READ };

/* What few connections have, taken on use. */
struct tcp_rare {
	uint64_t probing_us; /* a closed window is asked for since then; with opts.user_timeout_ms */
	struct tcp_opts opts; /* as the endpoint's were set */
	seq32 urgent_seq, urgent_end; /* the peer's urgent byte; behind ours */
	uint8_t urgent, urgent_byte; /* enum tcp_urgent */
	bool urgent_out;
	uint16_t initcwnd, advmss; /* of the route: metrics.c */
	uint32_t rto_min_us, window;
	/* mtu_probe.c: what passes, the most that may, what is under way (0: none). */
	uint16_t mtu_low, mtu_high, mtu_probe;
	bool mtu_bound; /* no segment is larger than what passes */
	seq32 probe_start, probe_end;
	uint64_t searched_us;
	struct tcp_notes *notes; /* what its error queue has to tell; NULL: nobody asked */
};

enum { TCP_CC_LOCKED = 0x80 };

/* A connection half open: a SYN was answered (Linux: request_sock). */
struct tcp_request {
	struct tcp_head h;
	struct tcp_listener *l;
	struct list link; /* of the listener's worker */
	struct worker *w;
	struct timer timer;
	struct tcp_conn *conn; /* fast_listen.c: that there is already; then it stands in no table */
	seq32 iss, irs, rcv_nxt; /* behind what the answer acknowledges */
	uint32_t ts_recent, ts_off;
	uint64_t sent_us, refused_us;
	uint32_t rcv_wnd, mark, uid;
	uint16_t peer_mss, mss_told, pmtu;
	uint8_t snd_wscale, rcv_wscale, tos, ttl;
	uint8_t timeouts, retries; /* of the timer; how often the answer was sent again */
	bool acked; /* the last ACK was here, and could not be taken */
	bool ts_ok, sack_ok, wscale_ok, df, ecn_ok;
	bool by_route; /* which has metrics for its life */
	bool no_cookie; /* the route wants none of Fast Open */
	uint8_t cc; /* of the route: cc_number() + 1, and TCP_CC_LOCKED; 0: it says nothing */
};

/* A connection that is over (Linux: timewait_sock). */
struct tcp_wait {
	struct tcp_head h;
	struct worker *w;
	struct timer timer;
	struct list link; /* of the worker */
	seq32 rcv_nxt, snd_nxt;
	uint32_t rcv_wnd, ts_recent, ts_off, mark;
	uint32_t uid;
	uint64_t refused_us, ts_recent_us;
	uint8_t rcv_wscale, tos, ttl;
	uint8_t port; /* TCP_HOLD_* */
	bool ts_ok, df;
};

/* --- a listener --- */

/* What belongs to one worker. */
struct tcp_backlog {
	struct list ready; /* struct tcp_conn.accept */
	struct list half; /* struct tcp_request.link */
	struct list
		fast; /* the same, of connections that talk already, and of such that were reset of late */
	uint32_t n_ready, n_half, n_fast,
		n_young; /* read by other workers, too; young: their timer has not struck yet */
	uint64_t cookies_until_us; /* an ACK may be of one */
};
struct tcp_listener {
	struct l4_end *end;
	struct hash_node by_port;
	uint32_t backlog;
	struct tcp_backlog of[LCORE_MAX];
};

/* l4_end.stream_port: by_port stands in tcp_stack.bound, or in tcp_worker.chosen of its home. */
enum tcp_port { TCP_PORT_NONE, TCP_PORT_BOUND, TCP_PORT_CHOSEN };

/* Of an endpoint of ours: nothing, then a listener or a connection. */
void tcp_wake_for_call(struct tcp_conn *s);
static inline struct tcp_sock *tcp_sock_of(const struct l4_end *e)
{
	struct tcp_sock *s = (struct tcp_sock *)&e->stream;
	if (s->conn && unlikely(((const struct tcp_head *)s->conn)->kind == TCP_KIND_ASLEEP))
		tcp_wake_for_call(s->conn);
	return s;
}
static inline struct l4_end *tcp_end_of(const struct tcp_sock *s)
{
	return container_of((struct tcp_sock *)s, struct l4_end, stream);
}
struct tcp_opts *tcp_opts_own(struct tcp_sock *s); /* nobody else has them now; NULL at a limit */

/* --- the module --- */

/* Whose next departure is when: pace.c. */
enum { TCP_PACE_SLOTS = 512, TCP_PACE_SLOT_SHIFT = 5, TCP_PACE_SHIFT = 24 };
struct tcp_pacer {
	struct timer timer; /* of the first busy slot */
	struct worker *w;
	uint64_t at; /* slots up to here have been looked at; busy ones lie in the TCP_PACE_SLOTS behind it */
	uint64_t busy[TCP_PACE_SLOTS / 64];
	struct list slot[TCP_PACE_SLOTS];
};

struct tcp_conf {
	uint32_t syn_retries, syn_linear, synack_retries, retries2, orphan_retries, fin_timeout_s;
	uint32_t keep_idle_s, keep_interval_s, keep_probes;
	uint8_t sack, stamps, wscale, idle_restart, rfc1337, reuse_wait;
	uint8_t syncookies, abort_on_overflow;
	uint32_t reuse_wait_ms, waits_max, syn_backlog, invalid_ms, challenge_limit, orphans_max;
	uint32_t reordering, reordering_max, notsent_lowat, somaxconn;
	uint8_t recovery, early, frto, dsack, ecn, ecn_fallback;
	uint32_t rmem[3], wmem[3]; /* bytes: least, first, most */
	uint64_t mem_pages[3]; /* over all connections: no pressure below, pressure above, no more */
	int32_t adv_win_scale;
	uint8_t app_win, moderate_rcvbuf, shrink_window;
	uint32_t cc_allowed, cc_available; /* bits by cc_number() */
	uint8_t cc; /* cc_get() */
	uint8_t pace_all, mtu_probing;
	uint32_t base_mss, mtu_probe_floor, min_snd_mss, probe_interval_s, probe_threshold, retries1;
	struct cc_start start;
	uint32_t fastopen, fast_blackhole_s;
	uint64_t fast_key[5]; /* how many keys (1, 2), and the keys */
	uint32_t pacing_ss_ratio, pacing_ca_ratio, min_tso_segs, tso_rtt_log, tso_win_divisor, min_rtt_wlen_s;
};

/* What an open has told of a host: host.c. */
struct tcp_host_news {
	struct ip6 local, remote;
	struct tcp_fast_cookie cookie; /* len <= 0: none */
	uint16_t mss; /* 0: unsaid */
	uint8_t try_exp;
	bool lost; /* the SYN's data was, as far as one can tell */
};
enum { TCP_HOST_NEWS_MAX = 32 };
/* What is on its way to control. head: the worker's; tail: control's. */
struct tcp_host_ring {
	struct tcp_host_news at[TCP_HOST_NEWS_MAX];
	uint32_t head, tail;
};

enum { TCP_PORT_TABLE = 256 };
struct tcp_stack {
	struct tcp_conf conf;
	struct sipkey isn_key, stamp_key, port_key, cookie_key;
	struct hash bound; /* struct tcp_sock by port */
	uint64_t saved_us; /* the clock of the file that it was restored from; 0: none */
	struct hash listening; /* by port; workers read it */
	uint16_t out4, out6;
	uint8_t memory; /* enum tcp_memory; any worker */
	uint32_t port_table[TCP_PORT_TABLE]; /* RFC 6056, 3.3.4 */
	struct shared_pool opts;
	/* host.c. Read: any worker.  Write: control. */
	struct hash hosts;
	struct list hosts_by_age;
	uint64_t host_serial;
	uint64_t fast_lost_us, fast_lost_times; /* fast.c: a path swallowed it last then; how often of late */
};
struct tcp_worker {
	struct worker *w;
	struct hash by_key; /* struct tcp_head */
	struct slab conns, asleep, motions, requests, waits;
	struct list all_waits;
	uint64_t held,
		judged; /* bytes of packets in queues of its connections; what it was when the stack's was last judged */
	struct hash chosen,
		holds; /* port.c: struct tcp_sock of its connections, by port that was chosen for them */
	struct slab hold_slab;
	uint64_t challenges_until_us; /* of tcp_challenge_ack_limit */
	uint32_t challenges_left;
	uint32_t n_orphans; /* closed by their programs, not done yet */
	struct tcp_pacer pacer;
	struct tcp_host_ring host_news;
	uint64_t counts[TCP_COUNTS];
};
static inline struct tcp_stack *tcp_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_tcp);
}
static inline struct tcp_worker *tcp_worker(const struct worker *w)
{
	return worker_state(w, MODULE_tcp);
}
static inline void tcp_count(const struct worker *w, enum tcp_count n)
{
	racy_add(tcp_worker(w)->counts[n], 1);
}
static inline bool tcp_is6(const struct tcp_key *k)
{
	return !l4_is4(&k->local);
}

extern const struct knob tcp_knobs[];

/* --- table.c --- */

struct tcp_head *tcp_find(const struct worker *w, const struct tcp_key *k);
void tcp_enter_table(struct worker *w, struct tcp_head *h);
void tcp_leave_table(struct worker *w, struct tcp_head *h);
struct worker *tcp_owner(struct leat_stack *st,
			 const struct tcp_key *k); /* of its bucket; workers between turns */
struct worker *tcp_owner_in_turn(struct worker *w, const struct tcp_key *k); /* asked by w in its turn */
uint32_t tcp_scope(const struct worker *w, uint32_t in_if, const struct ip6 *local);
struct tcp_listener *tcp_find_listener(const struct worker *w, const struct tcp_key *k, uint32_t in_if);

/* --- port.c --- */

/* How a port is held by what is no socket; IS: it holds it. */
enum {
	TCP_HOLD_REUSEADDR = 1 << 0,
	TCP_HOLD_REUSEPORT = 1 << 1,
	TCP_HOLD_WAIT = 1 << 2,
	TCP_HOLD_IS = 1 << 3
};
extern const size_t tcp_hold_bytes, tcp_hold_place;
bool tcp_hold_port(struct worker *w, const struct tcp_head *h, uint32_t uid, uint8_t how);
void tcp_unhold_port(struct worker *w, const struct tcp_head *h, uint32_t uid, uint8_t how);
uint8_t tcp_sharing(const struct l4_end *e); /* TCP_HOLD_REUSE* */
void tcp_conn_hold(struct tcp_conn *c, uint8_t how); /* no socket has it */
void tcp_conn_unhold(struct tcp_conn *c);
uint32_t tcp_port_hash(uint16_t port);
/* For a connection: 0 or -EADDRNOTAVAIL. k->lport 0: RFC 6056; in_turn: one whose flow is of e's home. */
int tcp_choose_port(struct l4_end *e, struct tcp_key *k, bool in_turn);
void tcp_keep_port(struct l4_end *e); /* that was chosen so */
int tcp_take_port(struct l4_end *e, const struct l4_addr *want);
void tcp_give_port(struct l4_end *e);
void tcp_put_port_back(struct l4_end *e); /* of a saved stack: nobody is asked */
bool tcp_may_listen(const struct l4_end *e);
uint32_t tcp_first_seq(const struct worker *w, const struct tcp_key *k); /* RFC 6528 */
uint32_t tcp_stamp_offset(const struct leat_stack *st, const struct tcp_key *k);

/* --- state.c --- */

struct tcp_state_row {
	const char *name;
	uint8_t on_close; /* the application has no more to send; 0: it had none, or has said so */
	uint8_t on_fin; /* the peer has not */
	uint8_t on_fin_acked;
	bool takes_data; /* RFC 9293, 3.10.7.4, seventh */
	bool sends; /* what was queued may still leave */
};
extern const struct tcp_state_row tcp_states[TCP_STATES];
void tcp_set_state(struct tcp_conn *c, uint8_t state);

/* --- conn.c --- */

struct tcp_conn *tcp_conn_new(struct worker *w, const struct tcp_key *k, const struct tcp_opts *o);
/* It is over: not found any more, no timer, nothing unsent. Freed if nobody has it, else when its owner lets it go. */
void tcp_done(struct tcp_conn *c);
void tcp_conn_free(struct tcp_conn *c);
void tcp_fail(struct tcp_conn *c, int err); /* over, and its owner is told why */
void tcp_tell(struct tcp_conn *c);
void tcp_set_mss(struct tcp_conn *c);
void tcp_change_cc(struct tcp_conn *c, const struct cc_ops *ops);
const struct cc_ops *tcp_default_cc(const struct leat_stack *st);
void tcp_take_route_cc(struct tcp_conn *c, uint8_t cc); /* as in struct tcp_path */
void tcp_release(struct tcp_conn *c); /* its owner lets go: close() */
void tcp_orphan(struct tcp_conn *c); /* nobody has it any more; counted */
void tcp_orphan_waits(struct tcp_conn *c, const struct tcp_seg *s); /* in FIN_WAIT2 */
struct tcp_rare *tcp_rare(struct worker *w, struct tcp_conn *c); /* taken on use; NULL at a limit */
const struct tcp_opts *tcp_opts_default(const struct leat_stack *st); /* one reference; NULL at a limit */

/* --- input.c, syn.c --- */

void tcp_input(struct worker *w, struct tcp_head *h, struct tcp_seg *s);
enum drop tcp_conn_input(struct tcp_conn *c, struct tcp_seg *s);
void tcp_opened(struct tcp_conn *c, const struct tcp_seg *s); /* our SYN is acknowledged */
/* What it brings: its data, its FIN. False: the connection is over. */
bool tcp_take_text(struct tcp_conn *c, struct tcp_seg *s, enum drop *ret_why);
void tcp_begin_transfer(struct tcp_conn *c, bool called); /* it may send and receive */
void tcp_begin_established(struct tcp_conn *c, bool called);
bool tcp_syn_was_late(const struct tcp_conn *c, const struct tcp_seg *s, uint64_t first_us);
uint32_t tcp_keep_idle_s(const struct tcp_conn *c);
enum drop tcp_syn_sent_input(struct tcp_conn *c, struct tcp_seg *s);
extern const struct node tcp4_node, tcp6_node, tcp_error4_node, tcp_error6_node;

/* RFC 5961, 7: an ACK that says where we are, so often and not more. */
void tcp_challenge(struct tcp_conn *c);
/* Linux: tcp_oow_rate_limited(): what brings nothing is answered so often and not more, since the other end may do the same. `n` counts
 * what is not answered. */
bool tcp_is_too_often(struct worker *w, const struct tcp_seg *s, uint64_t *last_us, enum tcp_count n);

/* --- ack.c --- */

/* DROP_NONE: go on with what else the segment says. */
enum drop tcp_ack(struct tcp_conn *c, struct tcp_seg *s);
void tcp_measured(struct tcp_conn *c, uint64_t rtt_us); /* RFC 6298, 2 */
void tcp_arm_retransmit(struct tcp_conn *c);
uint64_t tcp_rto_us(const struct tcp_conn *c);
uint64_t tcp_probe_in_us(const struct tcp_conn *c); /* a closed window is asked for again */
int64_t tcp_left_us(const struct tcp_conn *c); /* of the timeout of what is first under way */

/* --- info.c --- */

struct tcp_info;
enum tcp_held { TCP_HELD_NOT, TCP_HELD_BUSY, TCP_HELD_WINDOW, TCP_HELD_BUFFER, TCP_HELDS };
void tcp_note_held(struct tcp_conn *c); /* with c->m: something has changed for what it sends */
void tcp_fill_info(const struct tcp_conn *c, struct tcp_info *i);

/* --- ecn.c --- */

uint16_t tcp_ecn_syn(struct tcp_conn *c); /* flags of a SYN, or of the answer to one that crossed ours */
void tcp_ecn_answered(struct tcp_conn *c, const struct tcp_seg *s); /* the peer's SYN */
bool tcp_ecn_agrees(const struct leat_stack *st, bool by_route, const struct cc_ops *cc,
		    const struct tcp_seg *s);
uint16_t tcp_ecn_send(struct tcp_conn *c, bool fresh, uint8_t *tos);
void tcp_ecn_data(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_ecn_heard(struct tcp_conn *c, const struct tcp_seg *s);

/* --- motion.c --- */

/* Taken on use; NULL at a limit: then nothing new is sent for now. */
struct tcp_motion *tcp_move(struct tcp_conn *c);
void tcp_rest(struct tcp_conn *c); /* given back, with the log */
void tcp_tidy(struct tcp_conn *c); /* the timer's: given back, if it rests */

/* --- pace.c --- */

void tcp_pacer_init(struct worker *w);
void tcp_pacer_stop(struct worker *w);
void tcp_pace_begin(struct tcp_conn *c); /* with a fresh c->m */
void tcp_pace_end(struct tcp_conn *c); /* before c->m goes */
void tcp_pace_choose(struct tcp_conn *c); /* whether it is paced: an algorithm or an option has changed */
void tcp_pace_update(struct tcp_conn *c); /* cwnd or round trip have changed */
/* Of a paced one: must it wait? Then it is in the wheel, and tcp_output() will be called. */
bool tcp_pace_waits(struct tcp_conn *c);
uint32_t tcp_tso_most(const struct tcp_conn *c); /* bytes of new data in one packet */
/* Is it worth waiting for a larger packet, when the windows have `room`? Then an ACK is about to come. */
bool tcp_tso_waits(const struct tcp_conn *c, uint32_t there, uint32_t room, uint32_t most);
void tcp_pace_sent(struct tcp_conn *c, uint32_t bytes);
static inline bool tcp_pace_queued(const struct tcp_conn *c)
{
	return c->m && !list_empty(&c->m->pace_link);
}
void tcp_note_app_limited(struct tcp_conn *c); /* before bytes of the program are queued */
uint32_t tcp_min_rtt(const struct tcp_conn *c); /* UINT32_MAX: not measured */

/* --- sleep.c --- */

void tcp_sleep(struct tcp_conn *c); /* if it may; then c is elsewhere */
struct tcp_conn *tcp_wake(struct tcp_conn *s); /* where it is now; NULL at a limit: as it was */

/* --- sent.c --- */

/* SetPipe() */
static inline uint32_t tcp_in_flight(const struct tcp_conn *c)
{
	const struct tcp_motion *m = c->m;
	return m ? c->snd_nxt - c->snd_una - m->log.sacked - m->log.lost + m->log.again : 0;
}

/* --- recover.c --- */

void tcp_retransmit_timeout(struct tcp_conn *c); /* timeout.c */
void tcp_count_prr_sent(struct tcp_conn *c, uint32_t bytes);

/* --- receive.c --- */

/* Takes s->p when it keeps it. */
enum drop tcp_receive(struct tcp_conn *c, struct tcp_seg *s);
uint8_t tcp_put_sacks(struct tcp_conn *c, uint8_t *opts, uint8_t room);
void tcp_drop_received(struct tcp_conn *c);
/* Bytes of a saved connection, where they were. False: no buffer. */
bool tcp_put_back(struct tcp_conn *c, seq32 seq, const uint8_t *bytes, uint32_t len);
bool tcp_prune(
	struct tcp_conn *c); /* early data goes, the latest first, down to the buffer; false: not enough */

/* --- space.c --- */

enum tcp_memory { TCP_MEMORY_PLENTY, TCP_MEMORY_PRESSURE, TCP_MEMORY_FULL };
static inline enum tcp_memory tcp_memory(const struct leat_stack *st)
{
	return (enum tcp_memory)racy_get(tcp_stack(st)->memory);
}
void tcp_hold(struct worker *w, uint32_t bytes); /* a packet goes into a queue */
void tcp_let_go(struct worker *w, uint32_t bytes);
static inline uint32_t tcp_rcv_held(const struct tcp_conn *c)
{
	return c->rcv_bytes + (c->ofo ? c->ofo->bytes : 0);
}
bool tcp_may_hold(const struct tcp_conn *c, uint32_t held, uint32_t least); /* with so much in this queue */

uint32_t tcp_window_left(const struct tcp_conn *c);
uint32_t tcp_choose_window(const struct tcp_conn *c);
uint32_t tcp_window(struct tcp_conn *c); /* what to tell, scaled; notes what was told */
bool tcp_should_tell_window(const struct tcp_conn *c);
/* initrwnd: segments; 0: no such limit, as clamp. */
struct tcp_first {
	uint32_t rcvbuf, mss, clamp, initrwnd;
	bool wscale;
};
void tcp_first_window(const struct leat_stack *st, const struct tcp_first *f, uint32_t *ret_wnd,
		      uint8_t *ret_scale);
uint32_t tcp_said_clamp(const struct tcp_conn *c); /* by program or route; 0: not */
uint32_t tcp_window_clamp(const struct tcp_conn *c); /* the most that may be told */
void tcp_apply_window_clamp(struct tcp_conn *c);
void tcp_apply_rcvlowat(struct tcp_conn *c); /* as much must fit */
bool tcp_is_enough(const struct tcp_conn *c); /* what waits is for its reader to hear of */
void tcp_clamp_window(struct tcp_conn *c);

void tcp_space_established(struct tcp_conn *c);
void tcp_space_moves(struct tcp_conn *c); /* c->m is new */
void tcp_space_data(struct tcp_conn *c, const struct tcp_seg *s, uint32_t truesize); /* data came */
void tcp_space_read(struct tcp_conn *c); /* the reader has taken some */
void tcp_space_early(struct tcp_conn *c, uint32_t len, uint32_t truesize); /* it came out of order */
void tcp_space_acked(struct tcp_conn *c); /* somebody waits to send more */

/* --- notes.c --- */

/* In front of a call that sends: is there room for what it wants to be told? 0, -ENOBUFS. */
int tcp_notes_ready(struct tcp_conn *c, const struct tcp_opts *o, int flags);
void tcp_mark(struct tcp_conn *c, const struct tcp_opts *o, int flags); /* behind what was just queued */
void tcp_note_sent(struct tcp_conn *c); /* snd_nxt moved; only if c->noting, as the next two */
void tcp_note_acked(struct tcp_conn *c);
void tcp_note_dropped(struct tcp_conn *c); /* nothing is sent any more */
void tcp_set_stamping(struct tcp_conn *c, uint32_t was, uint32_t now);
void tcp_notes_free(struct tcp_notes *n); /* NULL is welcome */
uint32_t tcp_notes_total(const struct l4_end *e);
uint32_t tcp_notes_lost(const struct l4_end *e);
bool tcp_notes_wait(const struct l4_end *e);

/* --- output.c --- */

struct pkt *tcp_begin(struct worker *w, const struct tcp_out *o);
void tcp_finish(struct worker *w, const struct tcp_key *k, struct pkt *p, uint32_t len, uint32_t gso_size);
void tcp_output(struct tcp_conn *c); /* whatever may leave now */
void tcp_send_ack(struct tcp_conn *c);
void tcp_send_syn(struct tcp_conn *c);
/* With a cookie (NULL: without) and the first bytes of the queue. */
void tcp_send_syn_with(struct tcp_conn *c, const struct tcp_fast_cookie *ck, uint32_t len);
void tcp_send_reset(struct tcp_conn *c);
bool tcp_send_again(struct tcp_conn *c, uint32_t max); /* the next lost one; false: none, or no buffer */
bool tcp_send_whole(struct tcp_conn *c, uint32_t len); /* new data as one segment of that size */
bool tcp_send_one(struct tcp_conn *c); /* a new segment, if there is one, whatever cwnd says */
bool tcp_send_tail(struct tcp_conn *c); /* the last one again */
bool tcp_may_send_new(const struct tcp_conn *c); /* something new is there, and the peer has room */
void tcp_send_probe(struct tcp_conn *c, bool urgent);
bool tcp_push_window(struct tcp_conn *c); /* as much as the window lets out, however little */
void tcp_drop_unsent(struct tcp_conn *c);
ssize_t tcp_queue_bytes(struct tcp_conn *c, const void *buf, size_t len);
uint32_t tcp_may_take(const struct tcp_conn *c, uint32_t len); /* so many of them at once */
bool tcp_is_writable(const struct tcp_conn *c);
void tcp_check_room(
	struct tcp_conn *c); /* somebody waits for it; snd_una moved, and what may leave has left */
void tcp_end_record(struct tcp_conn *c); /* MSG_EOR: what is queued next leaves by itself */
void tcp_end_write(struct tcp_conn *c); /* what is queued is for the reader to see */
void tcp_queue_pkt(struct tcp_conn *c, struct pkt *p); /* behind the last one; its bytes come, or are there */
/* As many as fit behind what p has: into its pages, or one more. 0: p is full, or there is no page. */
uint32_t tcp_fill_pkt(struct lcore *lc, struct pkt *p, const uint8_t *from, uint32_t len);
void tcp_acked_bytes(struct tcp_conn *c); /* snd_una moved: frees what it passed */
uint32_t tcp_now_stamp(const struct worker *w, uint32_t off); /* RFC 7323, 5.4: milliseconds */
uint8_t tcp_put_stamp(uint8_t *opts, uint32_t val, uint32_t ecr);
uint8_t tcp_put_syn_options(uint8_t *opts, uint16_t mss, bool sack, const uint32_t stamps[2], int wscale);

/* --- reset.c --- */

/* RFC 9293, 3.10.7.1: nobody is there. */
void tcp_refuse(struct worker *w, const struct tcp_key *k, const struct tcp_seg *s, uint32_t in_if);
/* A bare segment of what is no connection (any more, yet). */
void tcp_send_bare(struct worker *w, struct tcp_out *o);

/* --- timer.c --- */

void tcp_timer_init(struct tcp_conn *c);
void tcp_timer_fire(struct lcore *lc, struct timer *t);
void tcp_set_timer(struct tcp_conn *c, enum tcp_timer t, uint64_t in_us);
void tcp_stop_timer(struct tcp_conn *c, enum tcp_timer t);
static inline bool tcp_timer_runs(const struct tcp_conn *c, enum tcp_timer t)
{
	return c->due_us[t] != UINT64_MAX;
}

/* --- lend.c --- */

enum { TCP_LENT_LOST = 1 };
void tcp_lent_is_lost(struct pkt *p); /* of the send queue: it goes without having been acknowledged */

/* --- call.c --- */

void tcp_call(struct tcp_conn *c, const struct tcp_fast_cookie *ck, uint32_t len); /* the first SYN */
int tcp_may_send(struct l4_end *e, struct tcp_conn *c);
ssize_t tcp_nothing(struct l4_end *e, const struct tcp_conn *c); /* nothing is there to be read: why? */

extern const struct l4_ops tcp_ops;
void tcp_wake_worker(struct worker *w); /* in a call that acts for it */

/* --- listen.c --- */

enum drop tcp_listen_input(struct worker *w, struct tcp_listener *l, const struct tcp_key *k,
			   struct tcp_seg *s);
/* *ret_head: who is to hear of the segment now; NULL: nobody. */
enum drop tcp_request_input(struct tcp_request *r, struct tcp_seg *s, struct tcp_conn **ret);
void tcp_request_free(struct tcp_request *r);
/* Its answer, once more; ck: with that cookie of Fast Open. */
void tcp_request_answer(struct tcp_request *r, const struct tcp_fast_cookie *ck);
enum drop tcp_request_again(struct tcp_request *r, const struct tcp_seg *s); /* the same SYN came */
uint64_t tcp_request_timeout_us(const struct tcp_request *r);
struct tcp_conn *tcp_request_conn(const struct tcp_request *r, const struct tcp_seg *s); /* NULL at a limit */
void tcp_conn_ready(struct tcp_conn *c, struct tcp_listener *l); /* new, and to be accepted */
/* Of a saved stack: numbers as in *like. */
int tcp_request_put_back(struct worker *w, struct tcp_listener *l, const struct tcp_request *like,
			 uint64_t in_us);
void tcp_ready_put_back(struct tcp_conn *c, struct tcp_listener *l);
void tcp_listener_free(struct tcp_listener *l);
void tcp_take_accepted(struct tcp_conn *c, struct tcp_backlog *b); /* out of its queue */
void tcp_backlog_empty(struct worker *w, struct tcp_backlog *b);

/* --- fast_cookie.c --- */

enum {
	TCP_FAST_CLIENT = 1,
	TCP_FAST_SERVER = 2,
	TCP_FAST_CLIENT_NO_COOKIE = 4, /* net.ipv4.tcp_fastopen */
	TCP_FAST_SERVER_NO_COOKIE = 0x200,
	TCP_FAST_ALL_LISTENERS = 0x400
};
void tcp_fast_read(struct tcp_seg *s, const struct tcp_opt *o); /* an option of a SYN that may be one */
uint8_t tcp_put_fast_cookie(uint8_t *opts, uint8_t room, const struct tcp_fast_cookie *ck);
struct tcp_fast_cookie tcp_fast_cookie_of(const struct tcp_key *k, const struct sipkey *key);
void tcp_fast_first_key(struct tcp_stack *ts);
int tcp_fast_set_keys(struct tcp_opts *o, const void *val, socklen_t len);
unsigned tcp_fast_keys(const struct tcp_stack *ts, const struct tcp_opts *o,
		       struct sipkey ret[2]); /* how many */
size_t tcp_fast_get_keys(const struct tcp_stack *ts, const struct tcp_opts *o, uint8_t to[32]);

/* --- fast.c --- */

struct knob;
struct iface;
void tcp_fast_believe_again(struct leat_stack *st, struct iface *i, const struct knob *k);
void tcp_fast_timed_out(struct tcp_conn *c, unsigned times, bool hopeless); /* a timeout, after so many */
void tcp_fast_odd_end(struct tcp_conn *c); /* the peer has ended, and sends what nobody wants */
void tcp_fast_ends(struct tcp_conn *c);
bool tcp_fast_may_defer(struct tcp_conn *c); /* connect() need not send anything yet */
/* The SYN leaves, with as much of what is to be written as it may hold: how much. */
uint32_t tcp_fast_call(struct tcp_conn *c, const void *buf, size_t len);
/* Our SYN is acknowledged. True: data that came with that is taken. */
bool tcp_fast_answered(struct tcp_conn *c, const struct tcp_seg *s, bool had_data);

/* --- fast_listen.c --- */

/* A SYN of r, which is nowhere yet. True: a connection has been made of it and answered. Else *ret_give is for the answer. */
bool tcp_fast_accept(struct tcp_request *r, struct tcp_seg *s, struct tcp_fast_cookie *ret_give);
/* What comes to one with c->fast. DROP_NONE: it is open by now, or was closed meanwhile; go on. */
enum drop tcp_fast_input(struct tcp_conn *c, struct tcp_seg *s);
void tcp_fast_timeout(struct tcp_conn *c);
void tcp_fast_end(struct tcp_conn *c, bool reset); /* its request goes; reset: by a reset */
void tcp_fast_backlog_empty(struct tcp_backlog *b); /* nobody listens any more */
void tcp_fast_put_back(struct tcp_conn *c, struct tcp_request *r); /* of a saved stack */
void tcp_fast_join(struct tcp_conn *c, struct tcp_listener *l); /* and it has not been accepted yet */

/* --- fast_save.c --- */

void tcp_fast_save_opts(struct saver *s, const struct tcp_opts *o);
bool tcp_fast_load_opts(struct loader *l, struct tcp_opts *o);
void tcp_fast_save_conn(struct saver *s, const struct tcp_conn *c);
int tcp_fast_load_conn(struct loader *l, struct tcp_conn *c, uint8_t state); /* 0, -EINVAL, -ENOMEM */

/* --- save.c --- */

int tcp_save(struct leat_stack *st, struct saver *s);
int tcp_restore(struct leat_stack *st, struct loader *l);

/* --- urgent.c --- */

void tcp_take_urgent(struct tcp_conn *c, const struct tcp_seg *s); /* it may say or bring something urgent */
bool tcp_is_at_mark(const struct tcp_conn *c);
/* Those with c->rare: */
size_t tcp_read_to_mark(const struct tcp_conn *c, size_t len,
			bool *ret_skip); /* skip: the urgent byte is next, and not read here */
void tcp_passed_mark(struct tcp_conn *c);
bool tcp_is_urgent(const struct tcp_conn *c, seq32 seq); /* a segment from seq on points to the mark */
void tcp_put_urgent(const struct tcp_conn *c, struct pkt *p, seq32 seq);
ssize_t tcp_recv_urgent(struct tcp_conn *c, void *buf, size_t len, int flags);
int tcp_mark_urgent(struct tcp_conn *c, seq32 end);

/* --- wait.c --- */

void tcp_begin_wait(struct tcp_conn *c, uint64_t how_long_us);
/* True: a new connection may begin in its place, with s->iss. */
bool tcp_wait_input(struct tcp_wait *t, struct tcp_seg *s, enum drop *ret_why);
void tcp_wait_answer(struct tcp_wait *t); /* where it is */
bool tcp_wait_may_be_called(const struct tcp_wait *t,
			    bool chosen); /* by connect(); chosen: the port is of our choice */
void tcp_wait_give_way(struct tcp_wait *t, struct tcp_conn *c); /* to c, which goes on where it ended */
void tcp_wait_free(struct tcp_wait *t);
void tcp_wait_put_back(struct worker *w, const struct tcp_wait *like, uint64_t in_us); /* of a saved stack */

/* --- path.c --- */

/* What a route says of its connections; 0: nothing. */
struct tcp_metrics {
	uint32_t rto_min_us, window;
	uint16_t advmss, initcwnd, initrwnd;
	bool quickack;
};
struct tcp_path {
	struct ip6 src;
	uint32_t mtu, out_if;
	uint8_t hops, type;
	uint8_t cc; /* as in struct tcp_request */
	bool ecn; /* the route wants it */
	struct tcp_metrics metrics;
	bool no_cookie; /* and no cookies of Fast Open */
};
/* RFC 9293, 3.7.1: 0 or -errno. The source is chosen when k->local is any. */
struct fib_query tcp_query(const struct tcp_key *k, const struct tcp_ip *ip);
int tcp_path_find(struct worker *w, const struct tcp_key *k, const struct tcp_ip *ip, struct tcp_path *ret);
void tcp_confirm(struct tcp_conn *c);
uint16_t tcp_mss_of_mtu(const struct tcp_key *k, uint32_t mtu);

/* --- mtu_probe.c --- */

enum tcp_probed { TCP_PROBED_NOT, TCP_PROBED_WAITS /* and so does what is new */, TCP_PROBED };
void tcp_mtu_begin(struct tcp_conn *c, bool called);
/* Those with c->mtu_search: */
enum tcp_probed tcp_mtu_try(struct tcp_conn *c);
void tcp_mtu_acked(struct tcp_conn *c);
bool tcp_mtu_failed(struct tcp_conn *c); /* something was lost: was it the probe, and nothing else? */
void tcp_mtu_is_unclear(struct tcp_conn *c); /* it is sent again, whatever has become of it */
void tcp_mtu_heard(struct tcp_conn *c); /* of a smaller c->pmtu */
/* And this one: timeouts one after the other. */
void tcp_mtu_black_hole(struct tcp_conn *c);

/* --- metrics.c --- */

struct fib_nh;
void tcp_read_metrics(const struct fib_nh *nh, struct tcp_metrics *ret);
bool tcp_are_for_life(const struct tcp_metrics *m);
void tcp_take_metrics(struct tcp_conn *c, const struct tcp_metrics *m);
void tcp_ask_metrics(struct tcp_conn *c); /* of the route that there is now */
uint32_t tcp_initial_window(const struct tcp_conn *c); /* bytes */
static inline uint32_t tcp_adv_mss(const struct tcp_conn *c) /* what our SYN may say, but for TCP_MAXSEG */
{
	return c->rare && c->rare->advmss ? c->rare->advmss : tcp_mss_of_mtu(&c->h.key, c->pmtu);
}
static inline uint32_t tcp_rto_min_us(const struct tcp_conn *c)
{
	return unlikely(c->rare && c->rare->rto_min_us) ? c->rare->rto_min_us : TCP_RTO_MIN_US;
}

#endif
